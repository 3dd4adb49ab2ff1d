//! Why subscriptions and sessions are ended by this side.

use std::fmt;

/// Why a subscription was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Revocation {
    /// It is not allowed any more.
    Forbidden,
    /// The backend wanted it.
    Backend,
    /// The channel was removed.
    Removed,
}

impl Revocation {
    /// Its name, as protocols have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Backend => "backend",
            Self::Removed => "removed",
        }
    }
}

/// Why a session is disconnected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// Which kind of reason.
    pub code: DisconnectCode,
    /// For people.
    pub reason: String,
    /// Whether it is any use to come back.
    pub may_return: bool,
}

/// Which kind of reason a session is disconnected for. The number is the close code of its WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisconnectCode {
    /// What it sends is not the protocol. Coming back would not help.
    BadRequest,
    /// It sent no `connect`, or a bad one.
    Unauthorized,
    /// Its token has expired: come back with a new one.
    TokenExpired,
    /// The backend wanted it.
    Forced,
    /// It gave no sign of life in time.
    Silent,
    /// It resumed elsewhere.
    Replaced,
    /// It was too slow, and a subscription of its wants that.
    TooSlow,
    /// It has sent too often.
    RateLimited,
}

impl DisconnectCode {
    /// The close code of the WebSocket: from the range that is left to applications (RFC 6455 section 7.4.2).
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::BadRequest => 4400,
            Self::Unauthorized => 4401,
            Self::TokenExpired => 4402,
            Self::Forced => 4403,
            Self::Silent => 4408,
            Self::Replaced => 4409,
            Self::TooSlow => 4413,
            Self::RateLimited => 4429,
        }
    }
}

impl fmt::Display for Disconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.code.close_code())
    }
}
