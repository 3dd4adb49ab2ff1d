//! Our decoder against tungstenite's, on the same bytes: which side we are, cuts, bytes from the peer.
//!
//! Both see the same messages, pings, pongs and close frames in the same order, and fail where the other fails. What they
//! may differ in, and why:
//!
//! | difference | reason |
//! |---|---|
//! | we fail inside a frame, it when the frame is complete | we judge every header at its first byte that settles it, and every byte of a text as it arrives. The check completes the frame: then it has to fail too |
//! | we refuse a length that is not the shortest possible, it takes it | RFC 6455 section 5.2: "the minimal number of bytes MUST be used" |
//! | we fail for a close code that must not be sent, it answers 1002 as if the frame were in order | RFC 6455 section 7.4; the peer gets the same 1002 |
//! | of several faults of one frame it may report another: the size, or a close reason that is not UTF-8 beside a code that must not be sent | it looks at these first |
//! | it takes the close code 1014 for one that must not be sent | registered with IANA after RFC 6455 |

use super::pieces::Cuts;
use sockeye::protocol::{CloseCode, CloseFrame, Connection, Event, Input, ProtocolError, Role};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use tungstenite::protocol::{Role as TheirRole, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

/// Checks that nobody sees more or less than the other, but for the differences above.
pub fn check(input: &[u8]) {
    let Some((&side, rest)) = input.split_first() else {
        return;
    };
    let is_client = side & 1 == 1;
    let (cuts, bytes) = Cuts::read(rest);
    let pieces: Vec<&[u8]> = cuts.ranges(bytes.len()).map(|range| &bytes[range]).collect();
    let ours = read_ours(is_client, &pieces);
    let theirs = read_theirs(is_client, &pieces, 0);

    if takes_longer_form(&ours, &theirs) {
        assert!(theirs.events.starts_with(&ours.events));
        return;
    }
    assert_eq!(ours.events, theirs.events, "{:?} and {:?}", ours.end, theirs.end);
    match (&ours.end, theirs.end) {
        (End::Fault(code), End::Open) => {
            let completed = read_theirs(is_client, &pieces, COMPLETION_SIZE);
            let is_agreed =
                is_same_fault(*code, &completed.end) || takes_longer_form(&ours, &completed);
            assert!(is_agreed, "{code:?}, but {:?}", completed.end);
        }
        (End::Fault(_), End::Fault(CloseCode::INVALID_PAYLOAD))
            if ours.fault == Some(ProtocolError::CloseCodeInvalid) => {}
        (End::Fault(code), theirs @ End::Fault(_)) => {
            assert!(is_same_fault(*code, &theirs), "{code:?}, but {theirs:?}");
        }
        (End::Fault(CloseCode::PROTOCOL_ERROR), End::Closed(Some(frame)))
            if ours.fault == Some(ProtocolError::CloseCodeInvalid) =>
        {
            assert_eq!(frame, (1002, "Protocol violation".to_owned()));
        }
        (End::Closed(Some((1014, _))), End::Closed(Some((1002, _)))) => {}
        (ours, theirs) => assert_eq!(*ours, theirs),
    }
}

/// Whether the other goes on behind a length that is not the shortest, perhaps to what is wrong with the payload; a control
/// frame has only one form of it.
fn takes_longer_form(ours: &Seen, theirs: &Seen) -> bool {
    let goes_on = theirs.events.len() > ours.events.len()
        || matches!(theirs.end, End::Closed(_) | End::Fault(CloseCode::INVALID_PAYLOAD));
    match ours.fault {
        Some(ProtocolError::LengthInvalid) => true,
        Some(ProtocolError::ControlFrameTooBig) => goes_on,
        _ => false,
    }
}

fn is_same_fault(ours: CloseCode, theirs: &End) -> bool {
    *theirs == End::Fault(ours) || *theirs == End::Fault(CloseCode::MESSAGE_TOO_BIG)
}

/// What one of the two has seen.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    events: Vec<(&'static str, Vec<u8>)>,
    end: End,
    /// Ours only.
    fault: Option<ProtocolError>,
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    /// More bytes are awaited.
    Open,
    Closed(Option<(u16, String)>),
    /// A rule was broken, for which this is the code.
    Fault(CloseCode),
}

fn read_ours(is_client: bool, pieces: &[&[u8]]) -> Seen {
    let mask_key = || [0; 4];
    let role = if is_client { Role::Client { mask_key } } else { Role::Server };
    let mut connection = Connection::new(role, MESSAGE_SIZE_MAX);
    let mut seen = Seen { events: Vec::new(), end: End::Open, fault: None };
    for piece in pieces {
        let mut read = piece.to_vec();
        let mut input = Input::new(&mut read);
        loop {
            match connection.handle_input(&mut input) {
                Ok(None) => break,
                Ok(Some(Event::Close(frame))) => {
                    let frame = frame.map(CloseFrame::into_owned);
                    let parts = frame.map(|frame| (frame.code.number(), frame.reason.into_owned()));
                    seen.end = End::Closed(parts);
                }
                Ok(Some(event)) => seen.events.push(note(&event)),
                Err(error) => {
                    seen.end = End::Fault(error.close_code());
                    seen.fault = Some(error);
                    return seen;
                }
            }
        }
    }
    seen
}

fn note(event: &Event<'_>) -> (&'static str, Vec<u8>) {
    use sockeye::protocol::Message::{Binary, Text};
    match event {
        Event::Message(received) => match received.as_message() {
            Text(text) => ("text", text.as_bytes().to_vec()),
            Binary(bytes) => ("binary", bytes.to_vec()),
        },
        Event::Ping(payload) => ("ping", payload.as_bytes().to_vec()),
        Event::Pong(payload) => ("pong", payload.as_bytes().to_vec()),
        other => panic!("an event that the check does not know: {other:?}"),
    }
}

/// Behind the pieces come so many zeros.
fn read_theirs(is_client: bool, pieces: &[&[u8]], zeros: usize) -> Seen {
    let completion = vec![0; zeros];
    let pieces = pieces.iter().copied().chain([&completion[..]]).filter(|piece| !piece.is_empty());
    let stream = Pieces(pieces.collect());
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_SIZE_MAX))
        .max_frame_size(Some(MESSAGE_SIZE_MAX))
        .read_buffer_size(READ_SIZE);
    let role = if is_client { TheirRole::Client } else { TheirRole::Server };
    let mut socket = WebSocket::from_raw_socket(stream, role, Some(config));
    let mut seen = Seen { events: Vec::new(), end: End::Open, fault: None };
    loop {
        seen.events.push(match socket.read() {
            Ok(Message::Text(text)) => ("text", text.as_bytes().to_vec()),
            Ok(Message::Binary(bytes)) => ("binary", bytes.to_vec()),
            Ok(Message::Ping(payload)) => ("ping", payload.to_vec()),
            Ok(Message::Pong(payload)) => ("pong", payload.to_vec()),
            Ok(Message::Close(frame)) => {
                let parts = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                seen.end = End::Closed(parts);
                return seen;
            }
            Ok(Message::Frame(frame)) => panic!("reading gives no raw frame: {frame}"),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return seen,
            Err(error) => {
                seen.end = End::Fault(match error {
                    Error::Utf8(_) => CloseCode::INVALID_PAYLOAD,
                    Error::Capacity(_) => CloseCode::MESSAGE_TOO_BIG,
                    Error::Protocol(_) => CloseCode::PROTOCOL_ERROR,
                    other => panic!("not about the bytes: {other}"),
                });
                return seen;
            }
        });
    }
}

/// Reads give one piece after the other, writes vanish.
struct Pieces<'p>(VecDeque<&'p [u8]>);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(first) = self.0.front_mut() else {
            return Err(ErrorKind::WouldBlock.into());
        };
        let size = first.read(buffer)?;
        if first.is_empty() {
            self.0.pop_front();
        }
        Ok(size)
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const MESSAGE_SIZE_MAX: usize = 20_000;
/// Enough for any frame that is not too large, and its header.
const COMPLETION_SIZE: usize = MESSAGE_SIZE_MAX + 14;
const READ_SIZE: usize = 4096;
