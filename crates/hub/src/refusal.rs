//! What is refused, and why.

use crate::publication::Publication;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A command was not carried out. Nothing of it was.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Which kind of reason.
    pub code: RefusalCode,
    /// What was expected, for people.
    pub text: Cow<'static, str>,
    /// With [`RefusalCode::Conflict`]: the value that is there. `None`: there is none, or who asked may not know it.
    pub current: Option<Arc<Publication>>,
}

impl Refusal {
    /// A refusal, with what was expected.
    pub fn new(code: RefusalCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into(), current: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.text)
    }
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// The command is not one, or a part of it is not what it has to be.
    BadRequest,
    /// The token is none, or has expired.
    Unauthorized,
    /// Neither the namespace nor the token allows it.
    Forbidden,
    /// The payload is not what the namespace wants.
    InvalidPayload,
    /// It is subscribed to already.
    AlreadySubscribed,
    /// It is not subscribed to.
    NotSubscribed,
    /// No such session, call or channel.
    NotFound,
    /// The value has another version.
    Conflict,
    /// Too many, too large.
    LimitExceeded,
    /// Too often.
    RateLimited,
    /// No answer in time.
    Timeout,
    /// Whoever was called is gone or cannot take it; or there is nobody to ask. It may work later.
    Unavailable,
}

impl RefusalCode {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::InvalidPayload,
        Self::AlreadySubscribed,
        Self::NotSubscribed,
        Self::NotFound,
        Self::Conflict,
        Self::LimitExceeded,
        Self::RateLimited,
        Self::Timeout,
        Self::Unavailable,
    ];

    /// Its name, as protocols have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::InvalidPayload => "invalid_payload",
            Self::AlreadySubscribed => "already_subscribed",
            Self::NotSubscribed => "not_subscribed",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::LimitExceeded => "limit_exceeded",
            Self::RateLimited => "rate_limited",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
        }
    }
}
