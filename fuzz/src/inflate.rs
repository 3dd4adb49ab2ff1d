//! Compressed messages against the reference zlib: options, sizes of messages, payloads.
//!
//! ```text
//!   byte 0                       byte 1    `count` bytes             the rest
//!  +----------------------------+---------+-------------------------+-----------
//!  | lowest bits: takeover,     | `count` | size of each message's  | payloads
//!  | text; the others: bound    |         | payload, repeated       |
//!  +----------------------------+---------+-------------------------+-----------
//! ```

use super::pieces::Cuts;
use flate2::{Decompress, FlushDecompress, Status};
use sockeye::limits::DEFLATE_STREAMS_MAX;
use sockeye::protocol::deflate::{Agreement, DeflateConfig, DeflateMode, Inflater};
use sockeye::protocol::{Connection, Event, Input, ProtocolError, Role};
use std::cell::RefCell;

/// Checks that whatever comes, zlib inflates it to the same messages, or finds the same fault in the same message; that no
/// message is larger than the bound, nor its memory more than in proportion; and that nothing is left of other connections'.
pub fn check(input: &[u8]) {
    let Some((&options, rest)) = input.split_first() else {
        return;
    };
    let (has_takeover, is_text) = (options & 1 == 1, options & 2 == 2);
    let bound = 16 << (options >> 4);
    let (cuts, bytes) = Cuts::read(rest);
    let mut ours = Ours::new(has_takeover, bound);
    let mut theirs = Theirs { history: Vec::new(), has_takeover, is_text, bound };
    for range in cuts.ranges(bytes.len()).filter(|range| !range.is_empty()) {
        let payload = &bytes[range];
        let (inflated, expected) = (ours.receive(payload, is_text), theirs.inflate(payload));
        assert_eq!(inflated, expected);
        if inflated.is_err() {
            break;
        }
    }
}

struct Ours {
    connection: Connection,
    bound: usize,
}

impl Ours {
    fn new(has_takeover: bool, bound: usize) -> Self {
        let agreement = Agreement {
            server_no_context_takeover: !has_takeover,
            client_no_context_takeover: !has_takeover,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
        };
        let mut config = DeflateConfig::new(DeflateMode::Dedicated { bytes: 1024 * 1024 });
        config.inflated_bytes_max = Some(bound);
        let role = Role::Client { mask_key: || [0; 4] };
        let connection = Connection::new(role, FRAME_SIZE_MAX).with_deflate(&agreement, &config);
        Self { connection, bound }
    }

    /// The message in a frame of a server's.
    fn receive(&mut self, payload: &[u8], is_text: bool) -> Result<Vec<u8>, ProtocolError> {
        let mut frame = vec![if is_text { 0xC1 } else { 0xC2 }];
        match payload.len() {
            size @ 0..126 => frame.push(size as u8),
            size => {
                frame.push(126);
                frame.extend((size as u16).to_be_bytes());
            }
        }
        frame.extend(payload);
        INFLATER.with_borrow_mut(|inflater| {
            let mut input = Input::new(&mut frame).with_inflater(inflater);
            match self.connection.handle_input(&mut input)? {
                Some(Event::Message(received)) => {
                    if let sockeye::protocol::Payload::Assembled(bytes) = received.payload() {
                        assert!(bytes.capacity() <= 2 * self.bound + MEMORY_BESIDE, "memory");
                    }
                    Ok(received.payload().as_bytes().to_vec())
                }
                other => panic!("a whole message is one: {other:?}"),
            }
        })
    }
}

struct Theirs {
    /// What the next message may refer to.
    history: Vec<u8>,
    has_takeover: bool,
    is_text: bool,
    bound: usize,
}

impl Theirs {
    fn inflate(&mut self, payload: &[u8]) -> Result<Vec<u8>, ProtocolError> {
        let mut message = Vec::new();
        self.inflate_streams(payload, &mut message)?;
        if self.is_text && str::from_utf8(&message).is_err() {
            return Err(ProtocolError::Utf8Invalid);
        }
        if self.has_takeover {
            self.history.extend_from_slice(&message);
        }
        Ok(message)
    }

    /// RFC 7692 sections 7.2.2 and 7.2.3.4: the tail is appended, and a block that says it is the last may have others
    /// behind it.
    fn inflate_streams(&self, payload: &[u8], message: &mut Vec<u8>) -> Result<(), ProtocolError> {
        let mut rest = payload;
        for _ in 0..DEFLATE_STREAMS_MAX {
            let mut stream = self.stream(message);
            let used = self.run(&mut stream, rest, message)?;
            let Some(used) = used else {
                // What is still open has to be between two blocks: then an empty last block ends it.
                let tail = [0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF];
                return match self.run(&mut stream, &tail, message)? {
                    Some(9) => Ok(()),
                    _ => Err(ProtocolError::CompressionInvalid),
                };
            };
            rest = &rest[used..];
            if rest.is_empty() {
                return Ok(());
            }
        }
        Err(ProtocolError::CompressionInvalid)
    }

    fn stream(&self, message: &[u8]) -> Decompress {
        let mut stream = Decompress::new(false);
        let known = [&self.history, message].concat();
        let window = &known[known.len().saturating_sub(1 << 15)..];
        if !window.is_empty() {
            stream.set_dictionary(window).expect("a raw stream takes any");
        }
        stream
    }

    /// Inflates all of `input`, or up to where the stream ends: then it says where that is.
    fn run(
        &self,
        stream: &mut Decompress,
        input: &[u8],
        message: &mut Vec<u8>,
    ) -> Result<Option<usize>, ProtocolError> {
        let first = stream.total_in();
        loop {
            let used = (stream.total_in() - first) as usize;
            let end = message.len();
            message.reserve(1024);
            let status = stream.decompress_vec(&input[used..], message, FlushDecompress::Sync);
            if message.len() > self.bound {
                return Err(ProtocolError::MessageTooBig);
            }
            match status {
                Err(_) => return Err(ProtocolError::CompressionInvalid),
                Ok(Status::StreamEnd) => return Ok(Some((stream.total_in() - first) as usize)),
                Ok(_) if message.len() == end => return Ok(None),
                Ok(_) => {}
            }
        }
    }
}

thread_local! {
    /// As a worker has it: one for all connections, whatever became of those before.
    static INFLATER: RefCell<Inflater> = const { RefCell::new(Inflater::new()) };
}

const FRAME_SIZE_MAX: usize = 60_000;
const MEMORY_BESIDE: usize = 1024;
