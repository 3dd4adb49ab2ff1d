//! Socket.IO 5 over Engine.IO 4, as text in a WebSocket: the packets that a client of the default namespace sees.
//!
//! ```text
//!   server                          client
//!   0{"sid":…,"pingInterval":…} ──►          Engine.IO is open
//!                               ◄── 40       asks for the namespace
//!   40{"sid":…}                 ──►          is in it
//!   42["m","…"]                 ◄─►          an event
//!   2                           ──► 3        a ping, to be answered in time
//! ```

use sockeye::protocol::Message;
use std::fmt;

/// Around the message of an event.
pub(crate) const EVENT_START: &str = "42[\"m\",\"";
pub(crate) const EVENT_END: &str = "\"]";
/// What asks for the namespace, and what answers a ping.
pub(crate) const CONNECT: &str = "40";
pub(crate) const PONG: &str = "3";

/// What a server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packet<'m> {
    Open,
    Connected,
    Ping,
    /// The event of ours, with what it carries. Escapes stay as they are: our messages need none.
    Event(&'m str),
}

/// Why it is no Socket.IO, or no more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketIoError {
    /// A packet that has no place there, or its beginning.
    Unexpected(String),
    /// A binary message.
    Binary,
    /// The server lets us not into the namespace, for this reason in JSON.
    Refused(String),
    /// The server ended it.
    Disconnected,
}

impl<'m> Packet<'m> {
    pub(crate) fn decode(message: Message<'m>) -> Result<Self, SocketIoError> {
        let Message::Text(text) = message else {
            return Err(SocketIoError::Binary);
        };
        if let Some(carried) =
            text.strip_prefix(EVENT_START).and_then(|rest| rest.strip_suffix(EVENT_END))
        {
            return Ok(Self::Event(carried));
        }
        match text {
            "2" => Ok(Self::Ping),
            "1" | "41" => Err(SocketIoError::Disconnected),
            _ if text.starts_with("0{") => Ok(Self::Open),
            _ if text.starts_with("40{") => Ok(Self::Connected),
            _ => match text.strip_prefix("44") {
                Some(reason) => Err(SocketIoError::Refused(beginning(reason))),
                None => Err(SocketIoError::unexpected(message)),
            },
        }
    }
}

impl SocketIoError {
    pub(crate) fn unexpected(message: Message<'_>) -> Self {
        match message {
            Message::Text(text) => Self::Unexpected(beginning(text)),
            Message::Binary(_) => Self::Binary,
        }
    }
}

impl fmt::Display for SocketIoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected(packet) => write!(
                f,
                "{packet:?} is no packet of Socket.IO that was expected; does the server send its messages as events called \"m\", with one string?"
            ),
            Self::Binary => {
                f.write_str("a binary message is no packet of Socket.IO that was expected")
            }
            Self::Refused(reason) => write!(f, "the server does not let us in: {reason}"),
            Self::Disconnected => f.write_str("the server ended Socket.IO; see its log"),
        }
    }
}

impl std::error::Error for SocketIoError {}

/// What is awaited until messages may flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joining {
    ExpectOpen,
    ExpectConnected,
    Done,
}

impl Joining {
    /// Takes a packet; gives the one to answer with.
    pub(crate) fn handle_packet(
        &mut self,
        message: Message<'_>,
    ) -> Result<Option<&'static str>, SocketIoError> {
        match (*self, Packet::decode(message)?) {
            (Self::ExpectOpen, Packet::Open) => {
                *self = Self::ExpectConnected;
                Ok(Some(CONNECT))
            }
            (Self::ExpectConnected, Packet::Connected) => {
                *self = Self::Done;
                Ok(None)
            }
            (Self::ExpectConnected | Self::Done, Packet::Ping) => Ok(Some(PONG)),
            _ => Err(SocketIoError::unexpected(message)),
        }
    }
}

/// As much as an error shows.
fn beginning(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}

const SHOWN_MAX: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Packet<'_>, SocketIoError> {
        Packet::decode(Message::Text(text))
    }

    #[test]
    fn packets_are_told_apart() {
        assert_eq!(decode("0{\"sid\":\"a\",\"pingInterval\":25000}"), Ok(Packet::Open));
        assert_eq!(decode("40{\"sid\":\"b\"}"), Ok(Packet::Connected));
        assert_eq!(decode("2"), Ok(Packet::Ping));
        assert_eq!(decode("42[\"m\",\"some words\"]"), Ok(Packet::Event("some words")));
        assert_eq!(decode("42[\"m\",\"\"]"), Ok(Packet::Event("")));
    }

    #[test]
    fn anything_else_is_an_error_that_shows_its_beginning() {
        for text in
            ["", "3", "2probe", "40", "42[\"n\",\"a\"]", "42[\"m\",1]", "42[\"m\",\"a", "451-[]"]
        {
            assert_eq!(decode(text), Err(SocketIoError::Unexpected(text.to_owned())));
        }
        let long = "ä".repeat(1000);
        let long = decode(&long).map_err(|error| error.to_string().chars().count());
        assert!(matches!(long, Err(80..300)), "{long:?}");
        assert_eq!(Packet::decode(Message::Binary(b"2")), Err(SocketIoError::Binary));
        assert_eq!(decode("41"), Err(SocketIoError::Disconnected));
        assert_eq!(decode("1"), Err(SocketIoError::Disconnected));
        let refused = SocketIoError::Refused("{\"message\":\"no\"}".to_owned());
        assert_eq!(decode("44{\"message\":\"no\"}"), Err(refused));
    }

    #[test]
    fn joining_asks_for_the_namespace_once_it_is_open() {
        let mut joining = Joining::ExpectOpen;
        let mut handle = |text| {
            let answer = joining.handle_packet(Message::Text(text));
            (answer, joining)
        };
        assert_eq!(handle("0{}"), (Ok(Some("40")), Joining::ExpectConnected));
        assert_eq!(handle("2"), (Ok(Some("3")), Joining::ExpectConnected));
        assert_eq!(handle("40{}"), (Ok(None), Joining::Done));
        assert_eq!(handle("2"), (Ok(Some("3")), Joining::Done));
        assert!(handle("40{}").0.is_err() && handle("42[\"m\",\"a\"]").0.is_err());
    }

    #[test]
    fn nothing_comes_before_its_turn() {
        for text in ["40{}", "2", "42[\"m\",\"a\"]"] {
            let answer = Joining::ExpectOpen.handle_packet(Message::Text(text));
            assert_eq!(answer, Err(SocketIoError::Unexpected(text.to_owned())));
        }
        let mut joining = Joining::ExpectConnected;
        let answer = joining.handle_packet(Message::Text("44{}"));
        assert_eq!(answer, Err(SocketIoError::Refused("{}".to_owned())));
    }
}
