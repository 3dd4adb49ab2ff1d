//! Who may come in: clients with tokens, backends with keys, pages from elsewhere.

use crate::api::Fault;
use sockeye::protocol::http::Request;
use sockeye_hub::{
    Access as Allowed, Identity, Namespace, Namespaces, Pattern, Refusal, RefusalCode, State,
};

/// What the server asks of those who come: in development, nothing.
#[derive(Debug)]
pub(crate) struct Access {}

impl Access {
    pub(crate) const fn development() -> Self {
        Self {}
    }

    /// Who somebody is, by the token that was shown.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "tokens come next")]
    pub(crate) fn authenticate(
        &self,
        _token: Option<&str>,
        _now_unix_ms: u64,
    ) -> Result<Identity, Refusal> {
        Ok(Identity { is_unrestricted: true, ..Identity::default() })
    }

    /// Whether this is a backend.
    pub(crate) fn check_api(&self, request: &Request<'_>) -> Result<(), Fault> {
        self.check_origin(request)
    }

    /// Whether a page from where this one is from may talk to us. Programs that are no browsers do not say where from.
    #[expect(clippy::unused_self, reason = "other origins can be allowed later")]
    pub(crate) fn check_origin(&self, request: &Request<'_>) -> Result<(), Fault> {
        let Some(origin) = request.origin() else {
            return Ok(());
        };
        let host = request.host().map(host_name);
        let origin = str::from_utf8(origin).ok().and_then(|origin| origin.split_once("://"));
        let is_same = origin
            .map(|(_, authority)| host_name(authority))
            .is_some_and(|origin| host.is_some_and(|host| origin.eq_ignore_ascii_case(host)));
        match is_same {
            true => Ok(()),
            false => Err(Fault::new(
                RefusalCode::Forbidden,
                "expected a page of this host: pages of other hosts are not allowed here",
            )),
        }
    }
}

/// What channels are like without a configuration: everything is on.
pub(crate) fn development_namespaces() -> Namespaces {
    let pattern = Pattern::new("*").expect("a pattern");
    let everybody = Allowed::Everybody;
    Namespaces::new(vec![Namespace {
        subscribe: everybody,
        publish: everybody,
        presence_access: everybody,
        history_access: everybody,
        presence: true,
        join_leave: true,
        history_size: 1000,
        state: State::Keyed,
        ..Namespace::new(pattern)
    }])
}

/// A host without its port.
fn host_name(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // Not a colon in an IPv6 address.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}
