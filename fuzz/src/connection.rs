//! A connection fed in any pieces, with and without fills, against the same connection fed all at once: cuts, bytes
//! from the peer. `connection_server` and `connection_client` are the two targets.

use super::pieces::Cuts;
use sockeye::protocol::{
    CloseFrame, Connection, Event, Input, Message, Payload, ProtocolError, Role,
};
use std::ops::Range;

/// Checks that the pieces make no difference, that nothing follows the end, that memory stays bounded, and that every
/// end can be answered.
pub fn check(role: Role, input: &[u8]) {
    let (cuts, bytes) = Cuts::read(input);
    let mut whole = Run::new(role);
    whole.receive(bytes, 0..bytes.len());
    let expected = whole.end();
    for is_filling in [false, true] {
        let mut run = Run::new(role);
        for range in cuts.ranges(bytes.len()) {
            if is_filling {
                run.receive_filling(bytes, range);
            } else {
                run.receive(bytes, range);
            }
        }
        assert_eq!(run.end(), expected, "filling: {is_filling}");
    }
}

/// What a connection said: its events, and the rule that was broken in the end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// The kind of each event, and its bytes.
    events: Vec<(&'static str, Vec<u8>)>,
    close: Option<Option<CloseFrame<'static>>>,
    error: Option<ProtocolError>,
}

struct Run {
    connection: Connection,
    said: Said,
}

impl Run {
    fn new(role: Role) -> Self {
        Self { connection: Connection::new(role, MESSAGE_SIZE_MAX), said: Said::default() }
    }

    fn receive(&mut self, bytes: &[u8], range: Range<usize>) {
        let mut read = bytes[range].to_vec();
        let mut input = Input::new(&mut read);
        loop {
            let answer = self.connection.handle_input(&mut input);
            if !note(&mut self.said, answer) {
                return;
            }
        }
    }

    fn receive_filling(&mut self, bytes: &[u8], mut range: Range<usize>) {
        while !range.is_empty() {
            let Some((mut buffer, wanted)) = self.connection.poll_fill() else {
                return self.receive(bytes, range);
            };
            assert!(buffer.capacity() <= 2 * MESSAGE_SIZE_MAX);
            assert!(buffer.len() + wanted <= MESSAGE_SIZE_MAX);
            let added = wanted.min(range.len());
            buffer.extend_from_slice(&bytes[range.start..][..added]);
            range.start += added;
            let answer = self.connection.handle_fill(buffer, added);
            note(&mut self.said, answer);
        }
    }

    /// Answers the end, if it came, and returns what was said before.
    fn end(mut self) -> Said {
        let mut output = Vec::new();
        if let Some(error) = self.said.error {
            assert_eq!(error.to_string(), error.reason());
            self.connection.send_failure(error, &mut output);
        } else if let Some(frame) = &self.said.close {
            let echo = self.connection.send_close(frame.as_ref(), &mut output);
            echo.expect("a code that was received can be sent back");
        } else {
            return self.said;
        }
        assert!(!output.is_empty() && self.connection.is_closed());
        assert!(!self.connection.is_receiving() && self.connection.poll_fill().is_none());
        self.said
    }
}

/// Writes down one answer, and says whether to ask again.
fn note(said: &mut Said, answer: Result<Option<Event<'_>>, ProtocolError>) -> bool {
    let has_ended = said.error.is_some() || said.close.is_some();
    let event = match answer {
        Ok(None) => return false,
        Ok(Some(_)) | Err(_) if has_ended => panic!("{answer:?} after the end"),
        Ok(Some(event)) => event,
        Err(error) => {
            said.error = Some(error);
            return true;
        }
    };
    match event {
        Event::Message(received) => {
            let kind = match received.as_message() {
                Message::Text(text) => {
                    assert!(std::str::from_utf8(text.as_bytes()).is_ok());
                    "text"
                }
                Message::Binary(_) => "binary",
            };
            said.events.push((kind, keep(received.into_payload())));
        }
        Event::Ping(payload) => said.events.push(("ping", keep(payload))),
        Event::Pong(payload) => said.events.push(("pong", keep(payload))),
        Event::Close(frame) => said.close = Some(frame.map(CloseFrame::into_owned)),
        other => panic!("an event that the check does not know: {other:?}"),
    }
    true
}

fn keep(payload: Payload<'_>) -> Vec<u8> {
    assert!(payload.as_bytes().len() <= MESSAGE_SIZE_MAX);
    match payload {
        Payload::Lent(bytes) => bytes.to_vec(),
        Payload::Assembled(bytes) => {
            assert!(bytes.capacity() <= 2 * MESSAGE_SIZE_MAX);
            bytes
        }
    }
}

/// Above `FILL_TRUST_SIZE`, so that a claim can be believed in one step and in two.
const MESSAGE_SIZE_MAX: usize = 200_000;
