//! WebSocket and nothing else: as near to the floor as a server of messages comes that guards nothing.
//!
//! Frames are unmasked where they were received, get a server's header in front, and leave from there. Nobody is pinged,
//! nothing has a deadline, what waits for a slow client grows without bound, fragments and control frames go back to their
//! sender as they came. What it shares with ours is how a header is read and written, how payloads are unmasked, and the opening
//! handshake.

use std::io::{self, ErrorKind};
use std::mem;
use std::ops::Range;
use std::time::Duration;

use slab::Slab;
use sockeye::limits::HEADER_SIZE_MAX;
use sockeye::protocol::handshake::{check_upgrade, encode_switching_protocols};
use sockeye::protocol::http::parse_head;
use sockeye::protocol::{FrameHeader, apply_mask};

use crate::event_loop::{self, Serve, send_some};
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
    /// Where a message comes together that is not whole in one receive, how much of it is there, and how much of its payload
    /// is unmasked.
    memory: Vec<u8>,
    filled: usize,
    unmasked: usize,
    /// What of that memory has to leave before more is received.
    unsent: Range<usize>,
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
        while connections[key].flush()? && has_sent(&mut connections[key])? {
            let state = &mut connections[key].state;
            let is_own = state.filled > 0 || state.memory.len() > BUFFER_BYTES;
            let mut memory = mem::take(if is_own { &mut state.memory } else { &mut self.buffer });
            let room = memory.len() - state.filled;
            let taken = self.receive(connections, key, &mut memory, is_own);

            let state = &mut connections[key].state;
            *(if is_own { &mut state.memory } else { &mut self.buffer }) = memory;
            let Some(taken) = taken? else {
                break;
            };
            let (rest, whole) = (taken.rest, taken.whole + SLACK);
            state.filled = rest.len();
            if !rest.is_empty() && state.memory.len() < whole {
                state.memory.resize(whole, 0);
            }
            if !is_own {
                state.memory[..rest.len()].copy_from_slice(&self.buffer[rest]);
            } else if rest.start > 0 {
                state.memory.copy_within(rest, 0);
            }
            // A receive that did not fill the buffer has emptied the socket, except of its end.
            let is_over = taken.received < room && !is_read_closed;
            if !has_sent(&mut connections[key])? || is_over {
                break;
            }
        }
        Ok(())
    }

    fn forget(&mut self, key: usize) {
        self.subscribers.retain(|&subscriber| subscriber != key);
    }
}

/// Sends what is left in the connection's own memory. Whether nothing is.
fn has_sent(connection: &mut Connection) -> io::Result<bool> {
    let State { memory, unsent, .. } = &mut connection.state;
    while unsent.start < unsent.end {
        match send_some(&mut connection.stream, &memory[unsent.clone()])? {
            0 => return Ok(false),
            sent => unsent.start += sent,
        }
    }
    Ok(true)
}

/// What a receive brought.
struct Taken {
    received: usize,
    /// Where the beginning of what is not whole is, and how long it will be as far as that is known.
    rest: Range<usize>,
    whole: usize,
}

impl Bare {
    /// Receives once, behind what is in `memory` already, and does what was asked for. `is_own`: it is the connection's.
    fn receive(
        &mut self,
        connections: &mut Slab<Connection>,
        key: usize,
        memory: &mut [u8],
        is_own: bool,
    ) -> io::Result<Option<Taken>> {
        let connection = &mut connections[key];
        let filled = connection.state.filled;
        let Some(received) = connection.receive(&mut memory[filled..])? else {
            return Ok(None);
        };
        let mut rest = 0..filled + received;
        if connection.state.stage == Stage::Opening {
            rest.start = self.open(connection, key, &memory[rest.clone()])?;
        }
        let mut whole = rest.len();
        while connections[key].state.stage != Stage::Opening {
            let connection = &mut connections[key];
            let answer = answer(&mut memory[rest.clone()], &mut connection.state.unmasked)?;
            let (from, frames) = (rest.start, answer.frames);
            rest.start += answer.used;
            whole = answer.whole;
            if frames.is_empty() {
                break;
            }
            let frames = from + frames.start..from + frames.end;
            if connection.state.stage == Stage::Publishing && !answer.is_control {
                self.publish(connections, &memory[frames]);
            } else if is_own && rest.is_empty() {
                // It can stay where it is, because nothing is received before it has left.
                connection.state.unsent = frames;
            } else {
                connection.send(&memory[frames])?;
            }
        }
        Ok(Some(Taken { received, rest, whole }))
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
struct Answer {
    /// Where the server's are, one behind the other: data or, for itself, one that is control.
    frames: Range<usize>,
    is_control: bool,
    /// Bytes of the client's that are answered by them.
    used: usize,
    /// Bytes that the next one of the client's will have, as far as that is known.
    whole: usize,
}

/// Turns whole frames of the client's at the beginning of `bytes` into a server's. What is there of the next one is unmasked,
/// and `unmasked` says how much that is.
fn answer(bytes: &mut [u8], unmasked: &mut usize) -> io::Result<Answer> {
    let mut answer = Answer { frames: 0..0, is_control: false, used: 0, whole: 0 };
    while !answer.is_control {
        let next = &bytes[answer.used..];
        answer.whole = next.len();
        let Some((header, size)) = FrameHeader::decode(next).map_err(io::Error::other)? else {
            break;
        };
        let (Some(key), ..=MESSAGE_MAX) = (header.mask, header.payload_size as usize) else {
            return Err(ErrorKind::InvalidData.into());
        };
        answer.whole = size + header.payload_size as usize;
        if header.opcode.is_control() && !Range::is_empty(&answer.frames) {
            break;
        }
        let (begin, end) = (answer.used + size, answer.used + answer.whole);
        let there = end.min(bytes.len());
        apply_mask(&mut bytes[begin + *unmasked..there], key, *unmasked);
        if there < end {
            *unmasked = there - begin;
            break;
        }
        *unmasked = 0;
        answer.is_control = header.opcode.is_control();
        answer.used = end;
        write(bytes, &mut answer.frames, &header, begin..end);
    }
    Ok(answer)
}

/// Puts a payload with a server's header behind `frames`. The first stays where it is, because a server's header is shorter.
fn write(bytes: &mut [u8], frames: &mut Range<usize>, header: &FrameHeader, payload: Range<usize>) {
    let mut head = [0; HEADER_SIZE_MAX];
    let size = FrameHeader { mask: None, ..*header }.encode(&mut head);
    if Range::is_empty(frames) {
        *frames = payload.start - size..payload.start - size;
    } else {
        bytes.copy_within(payload.clone(), frames.end + size);
    }
    match size {
        // As a call for two bytes it would show.
        2 => [bytes[frames.end], bytes[frames.end + 1]] = [head[0], head[1]],
        _ => bytes[frames.end..][..size].copy_from_slice(&head[..size]),
    }
    frames.end += size + payload.len();
}

const BUFFER_BYTES: usize = 512 << 10;
/// More than what is missing, so that a receive of just that does not look as if there were more.
const SLACK: usize = 4096;
