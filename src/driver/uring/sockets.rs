//! What the driver knows of each socket.

use super::kernel::{Handle, Piece};
use super::{Close, Token, Uring};
use crate::buffer::MessageBuffer;
use crate::limits::table_growth;
use std::collections::VecDeque;
use std::io;

/// One connection. What it needs only now and then is in its [`Extra`].
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) handle: Handle,
    pub(super) generation: u32,
    /// The poll in which it was last lent bytes.
    pub(super) lent_in: u32,
    /// Where its extra is, if it has one.
    pub(super) extra: u32,
    /// News that wait for the next poll.
    pub(super) deferred: u32,
    /// Operations under way. Its slot may be used again when there are none.
    pub(super) under_way: u8,
    /// Those of them that stop others.
    pub(super) stops: u8,
    pub(super) phase: Phase,
    pub(super) receiving: Receiving,
    /// It is on the list of those whose receive is to begin.
    pub(super) is_listed: bool,
    pub(super) is_paused: bool,
    /// The end of the stream was found.
    pub(super) is_ended: bool,
    pub(super) is_sending: bool,
    /// The last send did not take all: the next one has to wait first.
    pub(super) is_full: bool,
    /// The last message was large, and the next may be: so little is received that most of it can go into its own buffer.
    pub(super) is_large: bool,
    /// The outgoing stream ends with what is in flight.
    pub(super) is_ending: bool,
}

// Each idle connection has one.
const _: () = assert!(cfg!(debug_assertions) || size_of::<Option<Socket>>() <= 36);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Connecting,
    Open,
    Detaching,
    /// The descriptor that the next owner gets is being made.
    Installing,
    Closing(Close),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiving {
    Idle,
    /// Into provided buffers.
    Lending,
    /// Into the message's buffer.
    Filling,
    /// It was told to stop, and has not yet.
    Stopping,
}

/// What few sockets have at a time.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// The message's buffer, while nothing is received into it.
    pub(super) fill: Option<MessageBuffer>,
    /// The name of the receive into it, while it is under way.
    pub(super) filling: Option<u64>,
    /// What came for a paused connection.
    pub(super) kept: VecDeque<News>,
    /// Why it is closed.
    pub(super) fault: Option<io::Error>,
}

/// What has arrived and was not told yet.
#[derive(Debug)]
pub(super) enum News {
    Bytes(Piece),
    /// Those of a paused connection must not hold buffers that others need.
    Kept(Vec<u8>),
    /// A message's buffer, with so many bytes more.
    Filled(MessageBuffer, usize),
    End,
    Fault(io::Error),
}

impl Socket {
    pub(super) const fn new(handle: Handle, generation: u32, phase: Phase, poll: u32) -> Self {
        Self {
            handle,
            generation,
            lent_in: poll,
            extra: NO_EXTRA,
            deferred: 0,
            under_way: 0,
            stops: 0,
            phase,
            receiving: Receiving::Idle,
            is_listed: false,
            is_paused: false,
            is_ended: false,
            is_sending: false,
            is_full: false,
            is_large: false,
            is_ending: false,
        }
    }

    /// Whether the worker still asks for things.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }
}

impl Extra {
    fn is_empty(&self) -> bool {
        self.fill.is_none()
            && self.filling.is_none()
            && self.kept.is_empty()
            && self.fault.is_none()
    }
}

impl Uring {
    pub(super) fn socket(&mut self, token: Token) -> Option<&mut Socket> {
        let socket = self.sockets.get_mut(token.slot as usize)?.as_mut()?;
        (socket.generation == token.generation).then_some(socket)
    }

    /// The socket of a slot in which something is under way or deferred, so that there is one.
    pub(super) fn at(&mut self, slot: u32) -> &mut Socket {
        let socket = self.sockets.get_mut(slot as usize).and_then(Option::as_mut);
        socket.expect("a slot is not given up while something of it is under way")
    }

    pub(super) fn token(&mut self, slot: u32) -> Token {
        Token { slot, generation: self.at(slot).generation }
    }

    pub(super) fn file(&mut self, token: Token, handle: Handle, phase: Phase) {
        let slot = token.slot as usize;
        if self.sockets.len() <= slot {
            if self.sockets.capacity() == slot {
                self.sockets.reserve_exact(table_growth(slot));
            }
            self.sockets.resize_with(slot + 1, || None);
        }
        let last_poll = self.polls.wrapping_sub(1);
        self.sockets[slot] = Some(Socket::new(handle, token.generation, phase, last_poll));
    }

    /// What this socket has of what few have.
    pub(super) fn extra(&mut self, slot: u32) -> &mut Extra {
        let index = self.at(slot).extra;
        if index != NO_EXTRA {
            return &mut self.extras[index as usize];
        }
        let index = self.extras.insert(Extra::default());
        self.at(slot).extra = index as u32;
        &mut self.extras[index]
    }

    /// Takes what this socket has of that, if it has.
    pub(super) fn take_extra(&mut self, slot: u32) -> Option<Extra> {
        let index = std::mem::replace(&mut self.at(slot).extra, NO_EXTRA);
        (index != NO_EXTRA).then(|| self.extras.remove(index as usize))
    }

    pub(super) fn has_extra(&mut self, slot: u32) -> bool {
        self.at(slot).extra != NO_EXTRA
    }

    /// An idle connection has none.
    pub(super) fn drop_extra_if_empty(&mut self, slot: u32) {
        let index = self.at(slot).extra;
        if index != NO_EXTRA && self.extras[index as usize].is_empty() {
            let _empty = self.take_extra(slot);
        }
    }

    /// The name of the receive into a message's buffer.
    pub(super) fn filling(&mut self, slot: u32) -> Option<u64> {
        let index = self.at(slot).extra;
        if index == NO_EXTRA { None } else { self.extras[index as usize].filling }
    }

    pub(super) fn has_fill(&mut self, slot: u32) -> bool {
        let index = self.at(slot).extra;
        index != NO_EXTRA && self.extras[index as usize].fill.is_some()
    }
}

const NO_EXTRA: u32 = u32::MAX;
