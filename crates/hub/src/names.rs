//! Names: of channels, users and sessions, and patterns for the first.

mod pattern;

pub use pattern::Pattern;

use crate::limits::{CHANNEL_NAME_SIZE_MAX, USER_NAME_SIZE_MAX};
use std::fmt;
use std::sync::Arc;

/// A channel's name: 1 to 255 bytes of UTF-8 without control characters, white space or `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelName(Arc<str>);

impl ChannelName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`NameError`]: what a channel's name has to be.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let is_sound = !name.contains(|character| is_forbidden(character) || character == '*');
        match (1..=CHANNEL_NAME_SIZE_MAX).contains(&name.len()) && is_sound {
            true => Ok(Self(name.into())),
            false => Err(NameError::Channel),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user's name, as a token has it in `sub`: 1 to 255 bytes of UTF-8 without control characters or white space.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(Arc<str>);

impl UserName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`NameError`]: what a user's name has to be.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let is_sound = !name.contains(is_forbidden);
        match (1..=USER_NAME_SIZE_MAX).contains(&name.len()) && is_sound {
            true => Ok(Self(name.into())),
            false => Err(NameError::User),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names are found by their text.
impl std::borrow::Borrow<str> for UserName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A session's public name. It names where the session began, and others may know it: it lets nobody resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId {
    /// The process: a random number of its start.
    pub node: u32,
    /// The worker on which it began.
    pub worker: u16,
    /// Its place there.
    pub slot: u32,
    /// How often that place was used before.
    pub generation: u32,
}

impl SessionId {
    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| u32::from_str_radix(part, 16));
        let mut next = || parts.next()?.ok();
        let (node, worker, slot, generation) = (next()?, next()?, next()?, next()?);
        let id = Self { node, worker: worker.try_into().ok()?, slot, generation };
        // One way to write each: no signs, no zeros in front.
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}.{:x}.{:x}", self.node, self.worker, self.slot, self.generation)
    }
}

/// What lets a client resume its session: where that is, and a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResumeToken {
    /// The session.
    pub session: SessionId,
    /// The worker that has it.
    pub worker: u16,
    /// The secret: 128 random bits.
    pub nonce: u128,
}

impl ResumeToken {
    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (session, rest) = text.split_once('/')?;
        let (worker, nonce) = rest.split_once('/')?;
        Some(Self {
            session: SessionId::parse(session)?,
            worker: u16::from_str_radix(worker, 16).ok()?,
            nonce: u128::from_str_radix(nonce, 16).ok()?,
        })
    }
}

impl fmt::Display for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:x}/{:032x}", self.session, self.worker, self.nonce)
    }
}

impl fmt::Debug for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Who reads a log must not be able to resume.
        write!(f, "ResumeToken({}, ..)", self.session)
    }
}

/// A name or a pattern is not one: which kind was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// For a channel.
    Channel,
    /// For a user.
    User,
    /// For a pattern.
    Pattern,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Channel => {
                "expected a channel's name: 1 to 255 bytes without white space, control characters or *"
            }
            Self::User => {
                "expected a user's name: 1 to 255 bytes without white space or control characters"
            }
            Self::Pattern => {
                "expected a pattern: the name of a channel, or what names begin with and a * at the end; {user} at most once"
            }
        })
    }
}

impl std::error::Error for NameError {}

fn is_forbidden(character: char) -> bool {
    character.is_control() || character.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for name in ["a", "chat:lobby", "ß", &"x".repeat(255)] {
            assert!(ChannelName::new(name).is_ok(), "{name}");
        }
        for name in ["", "a b", "a*", "a\n", &"x".repeat(256)] {
            assert_eq!(ChannelName::new(name), Err(NameError::Channel), "{name}");
        }
        assert!(UserName::new("ada@example.org").is_ok() && UserName::new("").is_err());
    }

    #[test]
    fn names_of_sessions_are_read_as_they_are_written() {
        let session = SessionId { node: 0xfeed, worker: 3, slot: 17, generation: 1 };
        assert_eq!(SessionId::parse(&session.to_string()), Some(session));
        let token = ResumeToken { session, worker: 5, nonce: 42 };
        assert_eq!(ResumeToken::parse(&token.to_string()), Some(token));
        assert!(!format!("{token:?}").contains("2a"), "the secret is not for logs");
        for wrong in ["", "1.2.3", "1.2.3.4.5", "+1.2.3.4", "01.2.3.4", "1.12345.1.1"] {
            assert_eq!(SessionId::parse(wrong), None, "{wrong}");
        }
    }
}
