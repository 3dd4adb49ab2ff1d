//! What a token says, and who that makes its owner.

use super::unauthorized;
use serde::Deserialize;
use serde_json::value::RawValue;
use sockeye_hub::limits::PRESENCE_INFO_SIZE_MAX;
use sockeye_hub::{Grant, Identity, Pattern, Permissions, Refusal, UserName};

/// The claims that mean something here. A token may have others.
#[derive(Debug, Deserialize)]
pub(super) struct TokenClaims {
    sub: Option<String>,
    /// Seconds since 1970; RFC 7519 2 allows fractions.
    exp: Option<f64>,
    nbf: Option<f64>,
    info: Option<Box<RawValue>>,
    #[serde(default)]
    channels: Vec<ChannelClaim>,
}

/// Permissions for some channels.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelClaim {
    pattern: String,
    allow: Vec<String>,
}

impl TokenClaims {
    /// Who that is.
    ///
    /// # Errors
    ///
    /// The token is not good now, or says what cannot be.
    pub(super) fn identity(
        &self,
        is_expiry_required: bool,
        now_unix_ms: u64,
    ) -> Result<Identity, Refusal> {
        let expires_ms = self.exp.map(|exp| millis(exp + LEEWAY_SECONDS));
        if expires_ms.is_none() && is_expiry_required {
            return Err(unauthorized("expected a token that ends some time (exp)"));
        }
        // RFC 7519 4.1.4: "on or after which the JWT MUST NOT be accepted".
        if expires_ms.is_some_and(|expires_ms| expires_ms <= now_unix_ms) {
            return Err(unauthorized("the token has expired: expected a new one"));
        }
        if self.nbf.is_some_and(|nbf| millis(nbf - LEEWAY_SECONDS) > now_unix_ms) {
            return Err(unauthorized("the token is not good yet (nbf)"));
        }
        let user = self.sub.as_deref().map(UserName::new).transpose();
        let user = user.map_err(|error| unauthorized(format!("sub: {error}")))?;
        Ok(Identity {
            user,
            has_token: true,
            info: self.info()?.map(Into::into),
            grants: self.grants()?,
            expires_ms,
            is_unrestricted: false,
        })
    }

    fn info(&self) -> Result<Option<&str>, Refusal> {
        match self.info.as_deref().map(RawValue::get) {
            Some(info) if info.len() > PRESENCE_INFO_SIZE_MAX => {
                Err(unauthorized(format!("info: expected at most {PRESENCE_INFO_SIZE_MAX} bytes")))
            }
            info => Ok(info),
        }
    }

    fn grants(&self) -> Result<Vec<Grant>, Refusal> {
        if self.channels.len() > GRANTS_MAX {
            return Err(unauthorized(format!("channels: expected at most {GRANTS_MAX}")));
        }
        let grant = |claim: &ChannelClaim| -> Result<Grant, String> {
            let pattern = Pattern::new(&claim.pattern).map_err(|error| error.to_string())?;
            let words = claim.allow.iter().map(String::as_str);
            Ok(Grant { pattern, permissions: parse_permissions(words)? })
        };
        let grants: Result<_, _> = self.channels.iter().map(grant).collect();
        grants.map_err(|what| unauthorized(format!("channels: {what}")))
    }
}

/// Permissions by their names.
///
/// # Errors
///
/// The names that there are.
pub(crate) fn parse_permissions<'a>(
    words: impl Iterator<Item = &'a str>,
) -> Result<Permissions, String> {
    let named = |word| Permissions::NAMES.iter().find(|(name, _)| *name == word);
    let mut permissions = Permissions::default();
    for word in words {
        let (_, permission) = named(word).ok_or_else(|| {
            format!("{word:?} is no permission: expected subscribe, publish, presence or history")
        })?;
        permissions = permissions.with(*permission);
    }
    Ok(permissions)
}

/// Whole milliseconds of seconds. What is no time is the nearest one.
fn millis(seconds: f64) -> u64 {
    (seconds * 1000.0) as u64
}

/// How far clocks may be apart: a token is good that much before and after its time.
const LEEWAY_SECONDS: f64 = 5.0;

/// Patterns that a token names.
const GRANTS_MAX: usize = 256;
