//! Our server's own protocol in JSON (`docs/protocol.md`), as those see it who publish to one channel and subscribe to it.
//!
//! ```text
//!   client                                      server
//!   {"id":1,"connect":{}}                  ──►
//!   {"id":2,"subscribe":{…}}               ──►         subscribers only, in the same breath
//!                                          ◄── {"id":1,"connected":{…}}
//!                                          ◄── {"id":2,"subscribed":{…}}
//!   {"publish":{…,"data":"…"}}             ──►         publishers, who want no receipt
//!                                          ◄── {"publication":{…,"data":"…"}}
//! ```

use sockeye::protocol::Message;
use std::fmt;

/// Around the message of a publication.
pub(crate) const PUBLISH_START: &str = "{\"publish\":{\"channel\":\"bench\",\"data\":\"";
pub(crate) const PUBLISH_END: &str = "\"}}";
/// What begins a session, what makes it a subscriber, and what ends it: else the server keeps it for a while.
pub(crate) const CONNECT: &str = "{\"id\":1,\"connect\":{}}";
pub(crate) const SUBSCRIBE: &str = "{\"id\":2,\"subscribe\":{\"channel\":\"bench\"}}";
pub(crate) const DISCONNECT: &str = "{\"disconnect\":{}}";

/// What a server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told<'m> {
    Connected,
    Subscribed,
    /// Something was published: what it carries. Escapes stay as they are: our messages need none.
    Publication(&'m str),
    /// What is nothing to us, such as who is there.
    Other,
}

/// Why it is not what a server says to a subscriber or publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NativeError {
    /// What was said, or its beginning.
    Unexpected(String),
    /// A binary message.
    Binary,
}

impl<'m> Told<'m> {
    pub(crate) fn decode(message: Message<'m>) -> Result<Self, NativeError> {
        let Message::Text(text) = message else {
            return Err(NativeError::Binary);
        };
        if let Some(publication) = text.strip_prefix("{\"publication\":{") {
            // From the end: what we have sent is last, and has no quote in it. Whoever measures has to look at as little as it can.
            let carried = publication.strip_suffix(PUBLISH_END);
            let carried = carried.and_then(|fields| fields.rsplit_once('"'));
            return match carried {
                Some((before, carried)) if before.ends_with("\"data\":") => {
                    Ok(Self::Publication(carried))
                }
                _ => Err(NativeError::unexpected(text)),
            };
        }
        let begins = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
        match text {
            _ if begins(&["{\"id\":1,\"connected\":"]) => Ok(Self::Connected),
            _ if begins(&["{\"id\":2,\"subscribed\":"]) => Ok(Self::Subscribed),
            // Whoever loses something, or is sent away, does not measure what it means to.
            _ if begins(&["{\"heartbeat\":", "{\"presence"]) => Ok(Self::Other),
            _ => Err(NativeError::unexpected(text)),
        }
    }
}

impl NativeError {
    fn unexpected(text: &str) -> Self {
        Self::Unexpected(text.chars().take(SHOWN_MAX).collect())
    }
}

impl fmt::Display for NativeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected(text) => write!(
                f,
                "{text:?} is not what was expected; does the server let anybody subscribe and publish to the channel \"bench\"?"
            ),
            Self::Binary => f.write_str("a binary message is none of the protocol in JSON"),
        }
    }
}

impl std::error::Error for NativeError {}

/// What is awaited until messages may flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joining {
    ExpectConnected { subscribes: bool },
    ExpectSubscribed,
    Done,
}

impl Joining {
    /// Takes what the server says.
    pub(crate) fn handle(&mut self, message: Message<'_>) -> Result<(), NativeError> {
        *self = match (*self, Told::decode(message)?, message) {
            (Self::ExpectConnected { subscribes: true }, Told::Connected, _) => {
                Self::ExpectSubscribed
            }
            (Self::ExpectConnected { subscribes: false }, Told::Connected, _) => Self::Done,
            (Self::ExpectSubscribed, Told::Subscribed, _) => Self::Done,
            (state, Told::Other, _) => state,
            // Others publish already.
            (Self::Done, Told::Publication(_), _) => Self::Done,
            (_, _, Message::Text(text)) => return Err(NativeError::unexpected(text)),
            (_, _, Message::Binary(_)) => return Err(NativeError::Binary),
        };
        Ok(())
    }
}

const SHOWN_MAX: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Told<'_>, NativeError> {
        Told::decode(Message::Text(text))
    }

    #[test]
    fn what_a_server_says_is_told_apart() {
        assert_eq!(decode("{\"id\":1,\"connected\":{\"session\":\"a\"}}"), Ok(Told::Connected));
        assert_eq!(decode("{\"id\":2,\"subscribed\":{}}"), Ok(Told::Subscribed));
        let publication =
            "{\"publication\":{\"channel\":\"bench\",\"sequence\":1,\"data\":\"some words\"}}";
        assert_eq!(decode(publication), Ok(Told::Publication("some words")));
        assert_eq!(decode("{\"heartbeat\":{}}"), Ok(Told::Other));
        assert_eq!(decode("{\"presence_diff\":{}}"), Ok(Told::Other));
    }

    #[test]
    fn anything_else_is_an_error_that_shows_its_beginning() {
        let texts = [
            "",
            "hello",
            "{\"id\":2,\"error\":{}}",
            "{\"lost\":{}}",
            "{\"publication\":{}}",
            "{\"publication\":{\"data\":\"some\",\"key\":\"words\"}}",
        ];
        for text in texts {
            assert_eq!(decode(text), Err(NativeError::Unexpected(text.to_owned())));
        }
        let long = "ä".repeat(1000);
        let long = decode(&long).map_err(|error| error.to_string().chars().count());
        assert!(matches!(long, Err(120..300)), "{long:?}");
        assert_eq!(Told::decode(Message::Binary(b"{}")), Err(NativeError::Binary));
    }

    #[test]
    fn subscribers_await_both_answers_and_publishers_one() {
        const CONNECTED: &str = "{\"id\":1,\"connected\":{}}";
        const SUBSCRIBED: &str = "{\"id\":2,\"subscribed\":{}}";
        let mut subscriber = Joining::ExpectConnected { subscribes: true };
        subscriber.handle(Message::Text(CONNECTED)).expect("it is its turn");
        assert_eq!(subscriber, Joining::ExpectSubscribed);
        assert!(subscriber.handle(Message::Text(CONNECTED)).is_err());
        subscriber.handle(Message::Text("{\"presence\":{}}")).expect("it is nothing to it");
        subscriber.handle(Message::Text(SUBSCRIBED)).expect("it is its turn");
        assert_eq!(subscriber, Joining::Done);
        let mut publisher = Joining::ExpectConnected { subscribes: false };
        assert!(publisher.handle(Message::Text(SUBSCRIBED)).is_err());
        publisher.handle(Message::Text(CONNECTED)).expect("it is its turn");
        assert_eq!(publisher, Joining::Done);
    }
}
