//! What a connection makes of some reads, in a form that outlives them.

use sockeye::protocol::{Connection, Event, Input, Message, ProtocolError};

/// An event with bytes of its own.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum OwnedEvent {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// With the code, and the reason that came with it.
    Close(Option<(u16, String)>),
}

impl OwnedEvent {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn binary(bytes: impl AsRef<[u8]>) -> Self {
        Self::Binary(bytes.as_ref().to_vec())
    }

    pub(crate) fn ping(bytes: impl AsRef<[u8]>) -> Self {
        Self::Ping(bytes.as_ref().to_vec())
    }

    pub(crate) fn pong(bytes: impl AsRef<[u8]>) -> Self {
        Self::Pong(bytes.as_ref().to_vec())
    }

    pub(crate) fn close(code: u16, reason: &str) -> Self {
        Self::Close(Some((code, reason.to_owned())))
    }

    pub(crate) fn of(event: Event<'_>) -> Self {
        match event {
            Event::Message(received) => match received.as_message() {
                // Checked here as well: the engine hands out text without looking at it again.
                Message::Text(text) => Self::Text(
                    String::from_utf8(text.as_bytes().to_vec()).expect("text messages are UTF-8"),
                ),
                Message::Binary(bytes) => Self::Binary(bytes.to_vec()),
            },
            Event::Ping(payload) => Self::ping(payload.as_bytes()),
            Event::Pong(payload) => Self::pong(payload.as_bytes()),
            Event::Close(frame) => {
                Self::Close(frame.map(|frame| (frame.code.number(), frame.reason.into_owned())))
            }
            other => panic!("an event that the tests do not know: {other:?}"),
        }
    }
}

/// Short enough to read in a failed assertion, also for a payload of a megabyte.
impl std::fmt::Debug for OwnedEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, bytes) = match self {
            Self::Text(text) => ("Text", text.as_bytes()),
            Self::Binary(bytes) => ("Binary", &bytes[..]),
            Self::Ping(bytes) => ("Ping", &bytes[..]),
            Self::Pong(bytes) => ("Pong", &bytes[..]),
            Self::Close(frame) => return write!(f, "Close({frame:?})"),
        };
        let shown = bytes[..bytes.len().min(40)].escape_ascii();
        write!(f, "{kind}({} bytes, {shown})", bytes.len())
    }
}

/// The events of an input, in order, and the rule that it broke in the end, if it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) events: Vec<OwnedEvent>,
    pub(crate) error: Option<ProtocolError>,
}

impl Outcome {
    pub(crate) fn events(events: impl Into<Vec<OwnedEvent>>) -> Self {
        Self { events: events.into(), error: None }
    }

    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    pub(crate) fn error(error: ProtocolError) -> Self {
        Self::nothing().then_error(error)
    }

    pub(crate) const fn then_error(mut self, error: ProtocolError) -> Self {
        self.error = Some(error);
        self
    }

    fn has_ended(&self) -> bool {
        self.error.is_some() || matches!(self.events.last(), Some(OwnedEvent::Close(_)))
    }

    /// Notes one answer of the connection and says whether it was an event, so that there may be more.
    fn note(&mut self, answer: Result<Option<Event<'_>>, ProtocolError>) -> bool {
        if self.has_ended() {
            assert!(matches!(answer, Ok(None)), "{answer:?} after {self:?}");
        }
        match answer {
            Ok(Some(event)) => self.events.push(OwnedEvent::of(event)),
            Ok(None) => return false,
            Err(error) => self.error = Some(error),
        }
        true
    }
}

/// Receives each chunk as one read, and never lets the connection fill a buffer of its own.
pub(crate) fn receive(connection: &mut Connection, chunks: &[&[u8]]) -> Outcome {
    let mut outcome = Outcome::default();
    for chunk in chunks {
        receive_chunk(connection, chunk, &mut outcome);
    }
    outcome
}

/// Receives each chunk as one read; what the connection wants to be filled is filled from them, as far as each goes.
pub(crate) fn receive_filling(connection: &mut Connection, chunks: &[&[u8]]) -> Outcome {
    let mut outcome = Outcome::default();
    for &chunk in chunks {
        let mut rest = chunk;
        while !rest.is_empty() {
            let Some((mut buffer, wanted)) = connection.poll_fill() else {
                receive_chunk(connection, rest, &mut outcome);
                break;
            };
            let (filled, after) = rest.split_at(wanted.min(rest.len()));
            buffer.extend_from_slice(filled);
            outcome.note(connection.handle_fill(buffer, filled.len()));
            rest = after;
        }
    }
    outcome
}

fn receive_chunk(connection: &mut Connection, chunk: &[u8], outcome: &mut Outcome) {
    let mut bytes = chunk.to_vec();
    let mut input = Input::new(&mut bytes);
    while outcome.note(connection.handle_input(&mut input)) {}
}
