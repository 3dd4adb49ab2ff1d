//! What the server is told by its configuration file, or assumes without one.
//!
//! [`Settings::read`] takes a file apart: TOML to tables ([`file`]), values with what they may be ([`values`]), then what has
//! to fit together. Every error names the file, the line and the column, and what was expected.

mod error;
mod file;
mod flags;
mod keys;
mod namespaces;
mod report;
mod values;

pub(crate) use error::SettingsError;
pub(crate) use file::Server;
pub(crate) use keys::{TokenSigner, signer};
pub(crate) use report::describe;

use crate::auth::{Anonymous, ApiAccess, Authentication};
use crate::cli::Serve;
use crate::schemas::Schemas;
use error::Source;
use file::{Api, Auth, AuthKey, File};
use sockeye_hub::limits::SESSION_GRACE;
use sockeye_hub::{Access, Namespace, Namespaces, Pattern, State};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use toml::Spanned;

/// What the server is told.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What flags can say too; they win.
    pub(crate) server: Server,
    /// Who clients are.
    pub(crate) authentication: Authentication,
    /// Pages of which other origins may connect; `*` is any.
    pub(crate) allowed_origins: Vec<String>,
    /// Who may use the HTTP API.
    pub(crate) api: ApiAccess,
    /// How long sessions outlive their connections.
    pub(crate) session_grace: Duration,
    /// What channels are like.
    pub(crate) namespaces: Arc<Namespaces>,
    /// How many namespaces there are.
    pub(crate) namespace_count: u16,
    /// What payloads have to be.
    pub(crate) schemas: Schemas,
    /// What is sound, but hardly meant.
    pub(crate) warnings: Vec<String>,
}

impl Settings {
    /// Without a file: everybody may do anything, which is for development.
    pub(crate) fn development() -> Self {
        let namespace = Namespace {
            subscribe: Access::Everybody,
            publish: Access::Everybody,
            presence_access: Access::Everybody,
            history_access: Access::Everybody,
            presence: true,
            join_leave: true,
            history_size: 1000,
            state: State::Keyed,
            ..Namespace::new(Pattern::new("*").expect("a pattern"))
        };
        Self {
            server: Server { playground: true, ..Server::default() },
            authentication: Authentication::new(Vec::new(), Anonymous::Unrestricted),
            allowed_origins: Vec::new(),
            api: ApiAccess::Open,
            session_grace: SESSION_GRACE,
            namespaces: Arc::new(Namespaces::new(vec![namespace])),
            namespace_count: 1,
            schemas: Schemas::default(),
            warnings: vec![DEVELOPMENT.to_owned()],
        }
    }

    /// Reads a file, and those that it names: relative to it.
    ///
    /// # Errors
    ///
    /// [`SettingsError`]: where, and what was expected.
    pub(crate) fn read(file: &Path) -> Result<Self, SettingsError> {
        Self::parse(Source { file, text: &read_text(file)? })
    }

    /// With this for what no flag has said.
    pub(crate) fn apply(&self, serve: &mut Serve) {
        flags::fill(serve, &self.server);
    }

    fn parse(source: Source<'_>) -> Result<Self, SettingsError> {
        let file = source.parse()?;
        let (namespaces, schemas) = namespaces::read(&source, &file.namespace)?;
        let warnings = warnings(&file);
        Ok(Self {
            server: server(&source, file.server)?,
            authentication: authentication(&source, &file.auth)?,
            allowed_origins: origins(&source, &file.auth)?,
            api: api(&source, &file.api)?,
            session_grace: file.session.grace,
            namespace_count: namespaces.len() as u16,
            namespaces: Arc::new(Namespaces::new(namespaces)),
            schemas,
            warnings,
        })
    }
}

fn read_text(file: &Path) -> Result<String, SettingsError> {
    let nothing = Source { file, text: "" };
    std::fs::read_to_string(file).map_err(|error| nothing.whole(format!("cannot be read: {error}")))
}

/// What is sound, but hardly meant.
fn warnings(file: &File) -> Vec<String> {
    let mut warnings = Vec::new();
    if file.auth.key.is_empty() && !file.auth.anonymous {
        warnings.push(NOBODY.to_owned());
    }
    let is_example =
        |key: &AuthKey| key.secret.as_ref().is_some_and(|secret| secret.get_ref().0 == EXAMPLE);
    if file.auth.key.iter().any(is_example) {
        warnings.push(EXAMPLE_SECRET.to_owned());
    }
    if file.namespace.is_empty() {
        warnings.push(NO_NAMESPACE.to_owned());
    }
    let message_max = file.server.message_max.map_or(1 << 20, |size| size.as_u64());
    for table in &file.namespace {
        let pattern = &table.pattern.get_ref().0;
        if table.state_keys_max.is_some() && table.namespace().state == State::None {
            warnings
                .push(format!("namespace {pattern}: state_keys_max does nothing without state"));
        }
        if table.history_ttl.is_some() && table.namespace().history_size == 0 {
            warnings.push(format!(
                "namespace {pattern}: history_ttl does nothing without history_size"
            ));
        }
        if table.payload_max.is_some_and(|size| size as u64 > message_max) {
            warnings.push(format!(
                "namespace {pattern}: payload_max is more than a message may have (message_max)"
            ));
        }
    }
    warnings
}

fn server(source: &Source<'_>, mut server: Server) -> Result<Server, SettingsError> {
    let alone = match (&server.tls_cert, &server.tls_key) {
        (Some(one), None) => Some((one, "tls_key")),
        (None, Some(one)) => Some((one, "tls_cert")),
        (None, None) => server.tls_client_ca.as_ref().map(|one| (one, "tls_cert and tls_key")),
        (Some(_), Some(_)) => None,
    };
    if let Some((one, missing)) = alone {
        return Err(source.wrong(&one.span(), &format!("expected {missing} too")));
    }
    let paths = [&mut server.tls_cert, &mut server.tls_key, &mut server.tls_client_ca];
    for path in paths.into_iter().flatten() {
        *path.get_mut() = beside(source, path.get_ref());
    }
    Ok(server)
}

fn authentication(source: &Source<'_>, auth: &Auth) -> Result<Authentication, SettingsError> {
    let keys = auth.key.iter().map(|key| keys::read(source, key)).collect::<Result<_, _>>()?;
    let anonymous = if auth.anonymous { Anonymous::Welcome } else { Anonymous::Refused };
    Ok(Authentication::new(keys, anonymous))
}

fn origins(source: &Source<'_>, auth: &Auth) -> Result<Vec<String>, SettingsError> {
    let read = |origin: &Spanned<String>| {
        let text = origin.get_ref();
        // RFC 6454 6.2: as browsers write them, without a path.
        let is_origin = text.split_once("://").is_some_and(|(scheme, host)| {
            ["http", "https"].contains(&scheme) && !host.is_empty() && !host.contains('/')
        });
        match is_origin || text == "*" {
            true => Ok(text.to_ascii_lowercase()),
            false => Err(source.wrong(
                &origin.span(),
                "expected an origin such as \"https://app.example.org\", or \"*\" for any",
            )),
        }
    };
    auth.allowed_origins.iter().map(read).collect()
}

fn api(source: &Source<'_>, api: &Api) -> Result<ApiAccess, SettingsError> {
    let mut keys = Vec::new();
    for key in &api.keys {
        keys.push(api_key(source, &key.span(), &key.get_ref().0)?);
    }
    if let Some(file) = &api.key_file {
        // One a line, so that a new one can be there beside the old one.
        let text = read_file(source, file)?;
        for key in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            keys.push(api_key(source, &file.span(), key)?);
        }
        if keys.len() == api.keys.len() {
            return Err(source.wrong(&file.span(), "expected an API key on each line of that file"));
        }
    }
    ApiAccess::new(&keys).map_err(|_| source.whole("the system has no random bytes"))
}

fn api_key(source: &Source<'_>, span: &Range<usize>, key: &str) -> Result<String, SettingsError> {
    // It goes into a header.
    let is_good = key.len() >= API_KEY_SIZE_MIN && key.bytes().all(|byte| byte.is_ascii_graphic());
    match is_good {
        true => Ok(key.to_owned()),
        false => Err(source.wrong(
            span,
            "expected API keys of 16 or more letters, digits and signs, without spaces",
        )),
    }
}

/// The text of a file that a setting names.
fn read_file(source: &Source<'_>, file: &Spanned<PathBuf>) -> Result<String, SettingsError> {
    let path = beside(source, file.get_ref());
    std::fs::read_to_string(&path).map_err(|error| {
        source.wrong(&file.span(), &format!("expected a file that can be read: {error}"))
    })
}

/// A path of a setting: relative to the file that it is in.
fn beside(source: &Source<'_>, path: &Path) -> PathBuf {
    source.file.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
}

/// Bytes of an API key.
const API_KEY_SIZE_MIN: usize = 16;

const DEVELOPMENT: &str = "INSECURE: without --config FILE everybody who reaches this server may do anything, over its HTTP API too; that is for development";

const NOBODY: &str = "nobody can connect: there is no [[auth.key]], and the anonymous are not let in ([auth] anonymous = true)";

/// The secret of `deploy/sockeye.toml`.
const EXAMPLE: &str = "replace-me-replace-me-replace-me-replace-me";

const EXAMPLE_SECRET: &str = "INSECURE: the secret of an [[auth.key]] is that of the example, which everybody knows: write one of your own";

const NO_NAMESPACE: &str = "there is no [[namespace]]: no channel can be used";

#[cfg(test)]
mod tests;
