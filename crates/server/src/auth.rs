//! Who clients and backends are: tokens that are checked with a key, and API keys.
//!
//! A token is a JWT (RFC 7519), signed with HS256, EdDSA or ES256. Which key checks it is chosen by the algorithm that the
//! *key* was configured for: a token that claims another one has no key, so a public key is never taken for a secret.

mod api_keys;
mod claims;
mod cryptography;
mod keys;
mod signing;

pub(crate) use api_keys::ApiAccess;
pub(crate) use claims::parse_permissions;
pub(crate) use keys::{Algorithm, KeyError, TokenKey};
pub(crate) use signing::{ChannelClaim, Claims, SigningKey};

use sockeye_hub::{Identity, Refusal, RefusalCode};

/// Decides who a client is.
#[derive(Debug)]
pub(crate) struct Authentication {
    keys: Vec<TokenKey>,
    anonymous: Anonymous,
}

/// What somebody without a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anonymous {
    /// Refused.
    Refused,
    /// Anonymous: may do what namespaces allow to everybody.
    Welcome,
    /// Anonymous, and may do anything: for development.
    Unrestricted,
}

impl Authentication {
    /// With these keys. Without any, no token is good.
    pub(crate) const fn new(keys: Vec<TokenKey>, anonymous: Anonymous) -> Self {
        Self { keys, anonymous }
    }

    /// Who a client is that shows this token, or none, at this time in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// [`RefusalCode::Unauthorized`], with what was expected.
    pub(crate) fn authenticate(
        &self,
        token: Option<&str>,
        now_unix_ms: u64,
    ) -> Result<Identity, Refusal> {
        match (token, self.anonymous) {
            (Some(token), _) => self.check(token, now_unix_ms),
            (None, Anonymous::Refused) => Err(unauthorized("expected a token")),
            (None, anonymous) => Ok(Identity {
                is_unrestricted: anonymous == Anonymous::Unrestricted,
                ..Identity::default()
            }),
        }
    }

    /// How many keys there are.
    pub(crate) const fn keys(&self) -> &[TokenKey] {
        self.keys.as_slice()
    }

    /// What somebody without a token is.
    pub(crate) const fn anonymous(&self) -> Anonymous {
        self.anonymous
    }

    fn check(&self, token: &str, now_unix_ms: u64) -> Result<Identity, Refusal> {
        if token.len() > TOKEN_SIZE_MAX {
            return Err(unauthorized("expected a token of at most 16 KiB"));
        }
        if self.keys.is_empty() {
            return Err(unauthorized(
                "expected no token: this server has no key to check one with",
            ));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| {
            unauthorized("expected a JWT that is signed with HS256, EdDSA or ES256")
        })?;
        let mut refused = unauthorized("expected a token for a key that this server has");
        for key in self.keys.iter().filter(|key| key.is_for(&header)) {
            match key.check(token, now_unix_ms) {
                Ok(identity) => return Ok(identity),
                Err(refusal) => refused = refusal,
            }
        }
        Err(refused)
    }
}

/// A refusal of a token.
pub(crate) fn unauthorized(text: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(RefusalCode::Unauthorized, text)
}

/// Bytes of a token.
const TOKEN_SIZE_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests;
