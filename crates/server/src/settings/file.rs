//! A configuration file as it is written: its tables and their settings. What they are for is in `docs/configuration.md`.

use super::values;
use bytesize::ByteSize;
use serde::Deserialize;
use sockeye::DriverKind;
use sockeye::protocol::deflate::DeflateMode;
use sockeye_hub::limits::SESSION_GRACE;
use sockeye_hub::{Access, Namespace, Pattern, Rate, SlowPolicy, State};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) server: Server,
    pub(crate) auth: Auth,
    pub(crate) api: Api,
    pub(crate) session: Session,
    pub(crate) namespace: Vec<NamespaceTable>,
}

/// `[server]`: what flags can say too. `None`: as without it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    #[serde(deserialize_with = "values::bind")]
    pub(crate) bind: Option<SocketAddr>,
    #[serde(deserialize_with = "values::workers")]
    pub(crate) workers: Option<u16>,
    #[serde(deserialize_with = "values::driver")]
    pub(crate) driver: Option<DriverKind>,
    #[serde(deserialize_with = "values::message_max")]
    pub(crate) message_max: Option<ByteSize>,
    #[serde(deserialize_with = "values::deflate")]
    pub(crate) deflate: Option<DeflateMode>,
    #[serde(deserialize_with = "values::deflate_level")]
    pub(crate) deflate_level: Option<u8>,
    #[serde(deserialize_with = "values::message_max")]
    pub(crate) inflated_max: Option<ByteSize>,
    #[serde(deserialize_with = "values::busy_poll")]
    pub(crate) busy_poll: Option<Duration>,
    #[serde(deserialize_with = "values::shutdown_time")]
    pub(crate) drain: Option<Duration>,
    #[serde(deserialize_with = "values::shutdown_time")]
    pub(crate) grace: Option<Duration>,
    #[serde(deserialize_with = "values::backend")]
    pub(crate) backend: Option<String>,
    pub(crate) playground: bool,
    pub(crate) tls_cert: Option<Spanned<PathBuf>>,
    pub(crate) tls_key: Option<Spanned<PathBuf>>,
    pub(crate) tls_client_ca: Option<Spanned<PathBuf>>,
}

/// `[auth]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Auth {
    pub(crate) anonymous: bool,
    pub(crate) allowed_origins: Vec<Spanned<String>>,
    pub(crate) key: Vec<AuthKey>,
}

/// `[[auth.key]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthKey {
    pub(crate) algorithm: Spanned<AlgorithmName>,
    pub(crate) secret: Option<Spanned<Secret>>,
    pub(crate) secret_file: Option<Spanned<PathBuf>>,
    pub(crate) public_key_file: Option<Spanned<PathBuf>>,
    pub(crate) kid: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
    #[serde(default = "yes")]
    pub(crate) expiry_required: bool,
}

/// What tokens can be signed with.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum AlgorithmName {
    /// HMAC with SHA-256: the same secret signs and checks.
    HS256,
    /// Ed25519.
    EdDSA,
    /// ECDSA on P-256 with SHA-256.
    ES256,
}

/// A text that no log and no error shows.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// `[api]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Api {
    pub(crate) keys: Vec<Spanned<Secret>>,
    pub(crate) key_file: Option<Spanned<PathBuf>>,
}

/// `[session]`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Session {
    #[serde(deserialize_with = "values::session_grace")]
    pub(crate) grace: Duration,
}

impl Default for Session {
    fn default() -> Self {
        Self { grace: SESSION_GRACE }
    }
}

/// A pattern, as a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct PatternText(#[serde(deserialize_with = "values::pattern")] pub(crate) Pattern);

/// `[[namespace]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamespaceTable {
    pub(crate) pattern: Spanned<PatternText>,
    #[serde(default = "granted", deserialize_with = "values::access")]
    pub(crate) subscribe: Access,
    #[serde(default = "granted", deserialize_with = "values::access")]
    pub(crate) publish: Access,
    #[serde(default = "granted", deserialize_with = "values::access")]
    pub(crate) presence_access: Access,
    #[serde(default = "granted", deserialize_with = "values::access")]
    pub(crate) history_access: Access,
    #[serde(default)]
    pub(crate) presence: bool,
    pub(crate) join_leave: Option<Spanned<bool>>,
    #[serde(default, deserialize_with = "values::history_size")]
    pub(crate) history_size: Option<usize>,
    #[serde(default, deserialize_with = "values::history_ttl")]
    pub(crate) history_ttl: Option<Duration>,
    #[serde(default, deserialize_with = "values::state")]
    pub(crate) state: Option<State>,
    #[serde(default, deserialize_with = "values::state_keys_max")]
    pub(crate) state_keys_max: Option<usize>,
    #[serde(default, deserialize_with = "values::slow")]
    pub(crate) slow: Option<SlowPolicy>,
    #[serde(default, deserialize_with = "values::rate")]
    pub(crate) publish_rate: Option<Rate>,
    #[serde(default, deserialize_with = "values::payload_max")]
    pub(crate) payload_max: Option<usize>,
    #[serde(default, deserialize_with = "values::heartbeat")]
    pub(crate) heartbeat: Option<Duration>,
    #[serde(default, rename = "persistence", deserialize_with = "values::persistence")]
    pub(crate) _persistence: (),
    pub(crate) schema_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(crate) content_types: Vec<Spanned<String>>,
}

impl NamespaceTable {
    /// What the hub takes of it.
    pub(super) fn namespace(&self) -> Namespace {
        let other = Namespace::new(self.pattern.get_ref().0.clone());
        Namespace {
            subscribe: self.subscribe,
            publish: self.publish,
            presence_access: self.presence_access,
            history_access: self.history_access,
            presence: self.presence,
            join_leave: self.join_leave.as_ref().is_some_and(|join_leave| *join_leave.get_ref()),
            history_size: self.history_size.unwrap_or(other.history_size),
            history_ttl: self.history_ttl.unwrap_or(other.history_ttl),
            state: self.state.unwrap_or(other.state),
            state_keys_max: self.state_keys_max.unwrap_or(other.state_keys_max),
            slow: self.slow.unwrap_or(other.slow),
            publish_rate: self.publish_rate,
            payload_size_max: self.payload_max.unwrap_or(other.payload_size_max),
            heartbeat: self.heartbeat.unwrap_or(other.heartbeat),
            ..other
        }
    }
}

const fn granted() -> Access {
    Access::Granted
}

const fn yes() -> bool {
    true
}
