//! Keys of the HTTP API, which backends have.

use super::unauthorized;
use ring::hmac;
use ring::rand::SystemRandom;
use sockeye_hub::{Refusal, RefusalCode};
use std::fmt;

/// Who may use the HTTP API.
#[derive(Debug)]
pub(crate) enum ApiAccess {
    /// Nobody: it is off.
    Off,
    /// Whoever reaches it: for development.
    Open,
    /// Who has one of these keys.
    Keys(ApiKeys),
}

impl ApiAccess {
    /// Those with one of these keys; nobody without any.
    ///
    /// # Errors
    ///
    /// The system has no random bytes.
    pub(crate) fn new(keys: &[String]) -> Result<Self, ring::error::Unspecified> {
        match keys {
            [] => Ok(Self::Off),
            keys => ApiKeys::new(keys).map(Self::Keys),
        }
    }

    /// Checks what a backend has shown.
    ///
    /// # Errors
    ///
    /// [`RefusalCode::Forbidden`] if the API is off, [`RefusalCode::Unauthorized`] without a good key.
    pub(crate) fn check(&self, shown: Option<&str>) -> Result<(), Refusal> {
        match (self, shown) {
            (Self::Off, _) => Err(Refusal::new(RefusalCode::Forbidden, API_OFF)),
            (Self::Open, _) => Ok(()),
            (Self::Keys(keys), Some(shown)) if keys.has(shown) => Ok(()),
            (Self::Keys(_), Some(_)) => Err(unauthorized("expected another API key")),
            (Self::Keys(_), None) => Err(unauthorized("expected an API key")),
        }
    }
}

/// Keys, of which only keyed hashes are kept.
pub(crate) struct ApiKeys {
    hash: hmac::Key,
    tags: Vec<hmac::Tag>,
}

impl ApiKeys {
    fn new(keys: &[String]) -> Result<Self, ring::error::Unspecified> {
        let hash = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())?;
        let tags = keys.iter().map(|key| hmac::sign(&hash, key.as_bytes())).collect();
        Ok(Self { hash, tags })
    }

    /// Whether it is one of them. Hashes are compared, all of them and in constant time: how long it takes says nothing.
    fn has(&self, shown: &str) -> bool {
        let is = |tag: &hmac::Tag| hmac::verify(&self.hash, shown.as_bytes(), tag.as_ref()).is_ok();
        self.tags.iter().fold(false, |found, tag| found | is(tag))
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.tags.len()
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeys({})", self.len())
    }
}

const API_OFF: &str = "the HTTP API is off: the server's configuration has no API key ([api] keys)";

#[cfg(test)]
mod tests {
    use super::*;

    fn with(keys: &[&str]) -> ApiAccess {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        ApiAccess::new(&keys).expect("random bytes")
    }

    #[test]
    fn any_of_the_keys_will_do_and_nothing_else() {
        let access = with(&["0123456789abcdef", "fedcba9876543210"]);
        assert!(access.check(Some("0123456789abcdef")).is_ok());
        assert!(access.check(Some("fedcba9876543210")).is_ok());
        for wrong in [Some("0123456789abcdeF"), Some(""), Some("0123456789abcdef0"), None] {
            let refusal = access.check(wrong).expect_err("it is no key");
            assert_eq!(refusal.code, RefusalCode::Unauthorized, "{wrong:?}");
        }
        assert_eq!(format!("{access:?}"), "Keys(ApiKeys(2))", "no key is shown");
    }

    #[test]
    fn without_keys_it_is_off() {
        let refusal = with(&[]).check(Some("0123456789abcdef")).expect_err("it is off");
        assert_eq!(refusal.code, RefusalCode::Forbidden);
        assert!(ApiAccess::Open.check(None).is_ok());
    }
}
