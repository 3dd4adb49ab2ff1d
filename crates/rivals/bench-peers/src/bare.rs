//! WebSocket and nothing else: as near to the floor as a server of messages comes that guards nothing.
//!
//! Frames are unmasked where they were received, get a server's header in front, and leave from there. Nobody is pinged,
//! nothing has a deadline, what waits for a slow client grows without bound, fragments and control frames go back as they came.

use std::io::{self, ErrorKind};
use std::mem;
use std::ops::Range;
use std::time::Duration;

use slab::Slab;
use sockeye::limits::HEADER_SIZE_MAX;
use sockeye::protocol::handshake::{check_upgrade, encode_switching_protocols};
use sockeye::protocol::http::parse_head;
use sockeye::protocol::{FrameHeader, apply_mask};

use crate::event_loop::{self, Serve};
use crate::serving::{MESSAGE_MAX, PUBLISH_PATH, SUBSCRIBE_PATH};

/// Sends messages back, or those of who publishes to all who subscribe.
pub(crate) fn serve() {
    let bare = Bare { buffer: vec![0; BUFFER_BYTES], subscribers: Vec::new() };
    event_loop::run(bare, Duration::ZERO);
}

struct Bare {
    buffer: Vec<u8>,
    /// Who is sent what is published.
    subscribers: Vec<usize>,
}

type Connection = event_loop::Connection<State>;

#[derive(Default)]
struct State {
    stage: Stage,
    /// From the first message on that was not whole in one receive: what the next is received into, and how much of it is there.
    memory: Vec<u8>,
    filled: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Opening,
    Echoing,
    Publishing,
}

impl Serve for Bare {
    type State = State;

    fn serve(
        &mut self,
        connections: &mut Slab<Connection>,
        key: usize,
        is_read_closed: bool,
    ) -> io::Result<()> {
        while connections[key].flush()? {
            let state = &mut connections[key].state;
            let is_own = !state.memory.is_empty();
            let mut memory = mem::take(if is_own { &mut state.memory } else { &mut self.buffer });
            let room = memory.len() - state.filled;
            let taken = self.receive(connections, key, &mut memory);

            let state = &mut connections[key].state;
            *(if is_own { &mut state.memory } else { &mut self.buffer }) = memory;
            let Some(taken) = taken? else {
                break;
            };
            if !taken.rest.is_empty() {
                if is_own {
                    state.memory.copy_within(taken.rest.clone(), 0);
                } else {
                    state.memory = self.buffer[taken.rest.clone()].to_vec();
                }
                let whole = taken.rest.len() + taken.missing + SLACK;
                state.memory.resize(whole.max(state.memory.len()), 0);
            }
            state.filled = taken.rest.len();
            // A receive that did not fill the buffer has emptied the socket, except of its end.
            if taken.received < room && !is_read_closed {
                break;
            }
        }
        Ok(())
    }

    fn forget(&mut self, key: usize) {
        self.subscribers.retain(|&subscriber| subscriber != key);
    }
}

/// What a receive brought.
struct Taken {
    received: usize,
    /// Where the beginning of what is not whole is, and what is known to be missing of it.
    rest: Range<usize>,
    missing: usize,
}

impl Bare {
    /// Receives once, behind what is in `memory` already, and does what was asked for.
    fn receive(
        &mut self,
        connections: &mut Slab<Connection>,
        key: usize,
        memory: &mut [u8],
    ) -> io::Result<Option<Taken>> {
        let connection = &mut connections[key];
        let filled = connection.state.filled;
        let Some(received) = connection.receive(&mut memory[filled..])? else {
            return Ok(None);
        };
        let mut taken = Taken { received, rest: 0..filled + received, missing: 0 };
        if connection.state.stage == Stage::Opening {
            taken.rest.start = self.open(connection, key, &memory[taken.rest.clone()])?;
            if taken.rest.start == 0 {
                return Ok(Some(taken));
            }
        }
        let frames = &mut memory[taken.rest.clone()];
        let Answered { answer, used, missing } = answer(frames)?;
        match connection.state.stage {
            _ if answer.is_empty() => {}
            Stage::Publishing => self.publish(connections, &frames[answer]),
            _ => {
                connection.send(&frames[answer])?;
            }
        }
        taken.rest.start += used;
        taken.missing = missing;
        Ok(Some(taken))
    }

    /// Answers an opening handshake that is whole, and gives its size.
    fn open(&mut self, connection: &mut Connection, key: usize, input: &[u8]) -> io::Result<usize> {
        let Some((request, size)) = parse_head(input).map_err(io::Error::other)? else {
            return Ok(0);
        };
        let upgrade = check_upgrade(&request).map_err(io::Error::other)?;
        let mut response = Vec::new();
        encode_switching_protocols(&upgrade, None, &[], &mut response).map_err(io::Error::other)?;
        connection.send(&response)?;
        connection.state.stage = match request.target() {
            PUBLISH_PATH => Stage::Publishing,
            _ => Stage::Echoing,
        };
        if request.target() == SUBSCRIBE_PATH {
            self.subscribers.push(key);
        }
        Ok(size)
    }

    fn publish(&self, connections: &mut Slab<Connection>, frames: &[u8]) {
        for &key in &self.subscribers {
            // That one is gone is found where it is received from.
            let _gone = connections[key].send(frames);
        }
    }
}

/// What became of the frames that were received.
struct Answered {
    /// Where the server's are, one behind the other.
    answer: Range<usize>,
    /// Bytes of the client's.
    used: usize,
    /// What is known to be missing of the next one.
    missing: usize,
}

/// Turns the client's whole frames at the beginning of `bytes` into a server's.
fn answer(bytes: &mut [u8]) -> io::Result<Answered> {
    let (mut answer, mut used, mut missing) = (0..0, 0, 0);
    while let Some((header, size)) =
        FrameHeader::decode(&bytes[used..]).map_err(io::Error::other)?
    {
        let (Some(key), ..=MESSAGE_MAX) = (header.mask, header.payload_size as usize) else {
            return Err(ErrorKind::InvalidData.into());
        };
        let begin = used + size;
        let end = begin + header.payload_size as usize;
        if end > bytes.len() {
            missing = end - bytes.len();
            break;
        }
        apply_mask(&mut bytes[begin..end], key, 0);
        let mut head = [0; HEADER_SIZE_MAX];
        let size = FrameHeader { mask: None, ..header }.encode(&mut head);
        // The first stays where it is, because a server's header is shorter; the others move up to it.
        if answer.is_empty() {
            answer = begin - size..begin - size;
        } else {
            bytes.copy_within(begin..end, answer.end + size);
        }
        bytes[answer.end..][..size].copy_from_slice(&head[..size]);
        answer.end += size + (end - begin);
        used = end;
    }
    Ok(Answered { answer, used, missing })
}

const BUFFER_BYTES: usize = 512 << 10;
/// More than what is missing, so that a receive of just that does not look as if there were more.
const SLACK: usize = 4096;
