//! Who may come in: clients with tokens, backends with keys, pages from elsewhere.

use crate::api::{Fault, bearer};
use crate::auth::{ApiAccess, Authentication};
use sockeye::protocol::http::Request;
use sockeye_hub::{Identity, Refusal, RefusalCode};

/// What the server asks of those who come.
#[derive(Debug)]
pub(crate) struct Access {
    authentication: Authentication,
    api: ApiAccess,
    /// In small letters.
    allowed_origins: Vec<String>,
}

impl Access {
    pub(crate) const fn new(
        authentication: Authentication,
        api: ApiAccess,
        allowed_origins: Vec<String>,
    ) -> Self {
        Self { authentication, api, allowed_origins }
    }

    /// Who somebody is, by the token that was shown.
    pub(crate) fn authenticate(
        &self,
        token: Option<&str>,
        now_unix_ms: u64,
    ) -> Result<Identity, Refusal> {
        self.authentication.authenticate(token, now_unix_ms)
    }

    /// Whether this is a backend.
    pub(crate) fn check_api(&self, request: &Request<'_>) -> Result<(), Fault> {
        self.check_origin(request)?;
        let of_header = || str::from_utf8(request.header("x-api-key")?).ok();
        let shown = bearer(request).or_else(of_header);
        self.api.check(shown).map_err(|refusal| Fault::new(refusal.code, refusal.text))
    }

    /// Whether a page from where this one is from may talk to us. Programs that are no browsers do not say where from.
    pub(crate) fn check_origin(&self, request: &Request<'_>) -> Result<(), Fault> {
        let Some(origin) = request.origin() else {
            return Ok(());
        };
        let origin = str::from_utf8(origin).unwrap_or_default().to_ascii_lowercase();
        let own = origin.split_once("://").zip(request.host());
        let is_own = own.is_some_and(|((_, authority), host)| {
            host_name(authority).eq_ignore_ascii_case(host_name(host))
        });
        let is_allowed = |allowed: &String| *allowed == origin || allowed == "*";
        match is_own || self.allowed_origins.iter().any(is_allowed) {
            true => Ok(()),
            false => Err(Fault::new(
                RefusalCode::Forbidden,
                "expected a page of this host, or one of [auth] allowed_origins",
            )),
        }
    }
}

/// A host without its port.
fn host_name(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // Not a colon in an IPv6 address.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}
