//! The seam: what a dialect is, and what it asks of whoever has its connection.

use crate::encoded::Encoded;
use sockeye_hub::{Command, CommandId, Disconnect, DisconnectCode, Own, Push, Refusal};
use sockeye_hub::{Resume, ResumeToken};
use std::borrow::Cow;
use std::fmt;
use std::time::Instant;

/// A language that clients speak.
///
/// The value itself is shared by all who speak it and never changes. What one client has said so far is its
/// [`Dialect::State`], which its connection has from its beginning, and its session from then on.
///
/// Call [`Dialect::handle_open`] at first. For each message that arrives, call [`Dialect::handle_message`]. For each thing that a session is told, clear an
/// [`Encoded`], call [`Dialect::encode_own`] and send the frames that are in it then: none is fine, not everything is told
/// in every language. Call [`Dialect::handle_timeout`] when [`Dialect::poll_timeout`] says, which may be sooner after each of
/// the others.
pub trait Dialect {
    /// What one client has said so far, and what it was told: attachments under way, transactions, options.
    type State: Default;

    /// Says what a client awaits before it says anything, and begins to watch over the connection. Called once for each
    /// connection, first of all. `connection` names it for its client, if its language wants that.
    fn handle_open(
        &self,
        state: &mut Self::State,
        connection: &str,
        now: Instant,
        encoded: &mut Encoded,
    ) {
        let _ = (state, connection, now, encoded);
    }

    /// Takes a message.
    ///
    /// # Errors
    ///
    /// It is none of this language. The client is told by [`Own::Disconnected`] with [`DialectError::disconnect`], and its
    /// connection ends. What the message had before the fault has been carried out.
    fn handle_message(
        &self,
        state: &mut Self::State,
        message: Incoming<'_>,
        now: Instant,
        commands: &mut impl Commands,
    ) -> Result<(), DialectError>;

    /// When [`Dialect::handle_timeout`] is to be called. `None`: there is nothing to wait for.
    fn poll_timeout(&self, state: &Self::State) -> Option<Instant> {
        let _ = state;
        None
    }

    /// Does what is due: says that this side is alive.
    ///
    /// # Errors
    ///
    /// [`DialectError::Silent`]: the client has not said that it is. As with [`Dialect::handle_message`].
    fn handle_timeout(
        &self,
        state: &mut Self::State,
        now: Instant,
        encoded: &mut Encoded,
    ) -> Result<(), DialectError> {
        let _ = (state, now, encoded);
        Ok(())
    }

    /// What this client has asked for that changes what [`Dialect::encode_shared`] makes. It does not change once the client
    /// has connected.
    fn shared_options(&self, state: &Self::State) -> SharedOptions {
        let _ = state;
        SharedOptions::default()
    }

    /// Encodes what one session is told, without a hole.
    fn encode_own(&self, state: &mut Self::State, own: &Own<'_>, encoded: &mut Encoded);

    /// Encodes what all subscribers are told who speak this language with these options. What differs between them goes into
    /// the hole, if the language has that.
    fn encode_shared(&self, push: &Push<'_>, options: SharedOptions, encoded: &mut Encoded);
}

/// What a client wants, in the order in which it said so. Everything is borrowed from the message, for the length of the call.
///
/// Until a client has connected, anything but [`Commands::connect`] ends its connection
/// ([`DisconnectCode::Unauthorized`]); so does connecting twice. Whoever has the connection sees to that, as it knows who
/// the client is; and it keeps whole messages while that is being found out. Dialects see to it that nothing follows on
/// `connect` in the same message.
pub trait Commands {
    /// To be a session.
    fn connect(&mut self, id: CommandId, connect: Connect<'_>);

    /// To show a new token.
    fn refresh(&mut self, id: CommandId, token: &str);

    /// What a session asks for.
    fn command(&mut self, id: CommandId, command: Command<'_>);

    /// Something that was not understood, although it was seen what it is: as if the hub had answered with
    /// [`Own::Refused`]. The connection goes on.
    fn refuse(&mut self, id: CommandId, refusal: Refusal);

    /// The dialect itself has an answer, which goes out before what follows: `encode` is called once, with an [`Encoded`]
    /// that is empty.
    fn answer(&mut self, encode: impl FnOnce(&mut Encoded));

    /// To end the session: it will not come back. Nothing follows on it.
    fn disconnect(&mut self);
}

/// A message as it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// Text, which is known to be UTF-8.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
}

/// See [`Commands::connect`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connect<'a> {
    /// Who it is. `None`: the request of the connection may have had a token; else it is nobody in particular.
    pub token: Option<Cow<'a, str>>,
    /// The session that it was.
    pub resume: Option<ResumeFrom<'a>>,
    /// What the client's program is called, for people.
    pub name: Option<Cow<'a, str>>,
    /// Which version of it. Not more than [`crate::limits::CLIENT_NAME_SIZE_MAX`] bytes of either are worth keeping.
    pub version: Option<Cow<'a, str>>,
}

/// With what a client resumes, as it says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResumeFrom<'a> {
    /// The text of a [`ResumeToken`], hopefully.
    pub token: Cow<'a, str>,
    /// The last sequence numbers that it has got, by channel.
    pub positions: Vec<(Cow<'a, str>, u64)>,
    /// The number of the last message to itself that it has got.
    pub message: u64,
}

impl ResumeFrom<'_> {
    /// It in the hub's words. `None`: the token is none, which is as good as one of a session that is gone.
    #[must_use]
    pub fn to_hub(&self) -> Option<Resume<'_>> {
        Some(Resume {
            token: ResumeToken::parse(&self.token)?,
            positions: self.positions.iter().map(|(channel, top)| (&**channel, *top)).collect(),
            message: self.message,
        })
    }
}

/// Which of the ways in which a dialect encodes what it encodes for many. With the dialect it makes a variant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SharedOptions(pub u8);

/// A client does not speak the language that it has chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialectError {
    /// A message is none. What was expected, for people.
    Malformed(Cow<'static, str>),
    /// It has not said in time that it is there.
    Silent,
}

impl DialectError {
    /// What was expected.
    pub fn expected(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(what.into())
    }

    /// How its session ends.
    #[must_use]
    pub fn disconnect(&self) -> Disconnect {
        let (code, may_return) = match self {
            Self::Malformed(_) => (DisconnectCode::BadRequest, false),
            Self::Silent => (DisconnectCode::Silent, true),
        };
        Disconnect { code, reason: self.to_string(), may_return }
    }
}

impl fmt::Display for DialectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => f.write_str(what),
            Self::Silent => f.write_str("expected a sign of life in time"),
        }
    }
}

impl std::error::Error for DialectError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faulty_client_need_not_come_back_and_a_silent_one_may() {
        let malformed = DialectError::expected("expected an object").disconnect();
        assert_eq!((malformed.code.close_code(), malformed.may_return), (4400, false));
        assert_eq!(malformed.reason, "expected an object");
        let silent = DialectError::Silent.disconnect();
        assert_eq!((silent.code.close_code(), silent.may_return), (4408, true));
    }

    #[test]
    fn a_resume_token_that_is_none_resumes_nothing() {
        let mut resume = ResumeFrom {
            token: "1.2.3.4/0/0000000000000000000000000000002a".into(),
            positions: vec![("chat:lobby".into(), 7)],
            message: 3,
        };
        let read = resume.to_hub().expect("a token");
        assert_eq!(
            (read.token.nonce, read.positions, read.message),
            (42, vec![("chat:lobby", 7)], 3)
        );
        resume.token = "nonsense".into();
        assert!(resume.to_hub().is_none());
    }
}
