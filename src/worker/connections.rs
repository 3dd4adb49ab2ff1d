//! A worker's own connections: a slab of them, those with something to flush, and the send queues they borrow.

use super::clock::Ticks;
use crate::buffer::{Pool, SendQueue};
use crate::driver::Token;
use crate::protocol;
use crate::protocol::http::RequestParser;
use std::net::SocketAddr;
use std::ops::{Index, IndexMut};

/// One connection. What an idle one holds is here and nowhere else.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    pub(crate) generation: u32,
    pub(crate) phase: Phase<S>,
    /// `None` while there is nothing to send.
    pub(crate) queue: Option<Box<SendQueue>>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// Bytes that the driver took along and has not given an account of.
    pub(crate) in_flight_bytes: usize,
    pub(crate) flags: Flags,
    /// When bytes last arrived.
    pub(crate) received_at: Ticks,
    /// When the kernel last took bytes, or was first asked to.
    pub(crate) progressed_at: Ticks,
    /// When the present phase began or, in an open one, when the close frame or the ping that awaits its pong was sent.
    pub(crate) since: Ticks,
}

/// ```text
///   Head ── upgrade ──► Open ── close frames passed, or the stream ended, or a rule was broken ──► Ending ──► Closed
///     └───── any other response ─────────────────────────────────────────────────────────────────────┘
/// ```
#[derive(Debug)]
pub(crate) enum Phase<S> {
    /// Awaits the rest of the request head.
    Head(Box<Head>),
    /// Awaits frames.
    Open(Open<S>),
    /// Awaits that what is queued leaves, then the end of the peer's stream. What arrives is discarded.
    Ending,
    /// Awaits the driver's last word.
    Closed,
}

#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) parser: RequestParser,
    /// What has arrived of a head that did not arrive whole.
    pub(crate) bytes: Vec<u8>,
    pub(crate) peer: SocketAddr,
}

#[derive(Debug)]
pub(crate) struct Open<S> {
    pub(crate) protocol: protocol::Connection,
    pub(crate) state: S,
    /// When the message under way began, if there is one.
    pub(crate) message_since: Option<Ticks>,
    /// The handler is being told of its end, or was.
    pub(crate) is_over: bool,
}

impl<S> Open<S> {
    /// Whether messages may still be sent, and are still given to the handler.
    pub(crate) const fn is_sendable(&self) -> bool {
        !self.is_over && !self.protocol.has_sent_close()
    }
}

/// Facts that hold in any phase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    /// Listed to be flushed.
    pub(crate) is_dirty: bool,
    /// The kernel took no more at the last flush.
    pub(crate) is_blocked: bool,
    /// It takes more again.
    pub(crate) is_writable: bool,
    /// A queue is with the driver.
    pub(crate) is_in_flight: bool,
    /// The peer has ended its stream.
    pub(crate) is_at_end: bool,
    /// Our stream is ended.
    pub(crate) is_shut: bool,
    /// What the driver was told last.
    pub(crate) is_receive_paused: bool,
    /// The handler asked not to be given more.
    pub(crate) is_paused_by_handler: bool,
    /// The mail that this connection causes does not get away.
    pub(crate) is_paused_by_mail: bool,
    /// The backlog grew large; the handler wants to know when it is small again.
    pub(crate) wants_drain: bool,
    /// A ping of ours has no answer.
    pub(crate) awaits_pong: bool,
    /// Reset it with the next flush.
    pub(crate) is_doomed: bool,
}

/// A live subscription: where the topic has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subscription {
    pub(crate) topic: u32,
    pub(crate) lane: u32,
    pub(crate) position: u32,
}

impl<S> Connection<S> {
    /// Bytes that have not left.
    #[inline]
    pub(crate) fn backlog(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.bytes()) + self.in_flight_bytes
    }

    /// Whether more than `bytes` were left over by a flush: bytes that were only queued in this tick are not late.
    #[inline]
    pub(crate) fn is_lagging(&self, bytes: usize) -> bool {
        (self.flags.is_blocked || self.flags.is_in_flight) && self.backlog() > bytes
    }

    /// Whether more than `bytes` are queued that a flush could send.
    #[inline]
    pub(crate) fn is_corked_past(&self, bytes: usize) -> bool {
        !self.flags.is_blocked
            && !self.flags.is_in_flight
            && self.queue.as_ref().is_some_and(|queue| queue.bytes() > bytes)
    }

    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    /// The open phase, which the caller knows to be the present one.
    pub(crate) const fn open_mut(&mut self) -> Option<&mut Open<S>> {
        match &mut self.phase {
            Phase::Open(open) => Some(open),
            _ => None,
        }
    }
}

/// The slab. Slots are used again, so a name has a generation too.
#[derive(Debug)]
pub(crate) struct Connections<S> {
    slots: slab::Slab<Connection<S>>,
    generation: u32,
    /// Slots to be flushed at the end of the tick, each once.
    dirty: Vec<u32>,
    queues: Pool<Box<SendQueue>>,
}

impl<S> Connections<S> {
    pub(crate) fn new() -> Self {
        Self {
            slots: slab::Slab::new(),
            generation: 0,
            dirty: Vec::new(),
            queues: Pool::new(POOLED_QUEUES_MAX, POOLED_QUEUE_BYTES_MAX, |queue| queue.capacity()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Connection<S>> {
        self.slots.iter().map(|(_, connection)| connection)
    }

    /// Adds a connection whose head is awaited.
    pub(crate) fn insert(&mut self, peer: SocketAddr, now: Ticks) -> Token {
        self.generation = self.generation.wrapping_add(1);
        let head = Head { parser: RequestParser::new(), bytes: Vec::new(), peer };
        let slot = self.slots.insert(Connection {
            generation: self.generation,
            phase: Phase::Head(Box::new(head)),
            queue: None,
            subscriptions: Vec::new(),
            in_flight_bytes: 0,
            flags: Flags::default(),
            received_at: now,
            progressed_at: now,
            since: now,
        });
        Token { slot: slot as u32, generation: self.generation }
    }

    pub(crate) fn get_mut(&mut self, token: Token) -> Option<&mut Connection<S>> {
        let connection = self.slots.get_mut(token.slot as usize)?;
        (connection.generation == token.generation).then_some(connection)
    }

    pub(crate) fn get_slot_mut(&mut self, slot: u32) -> Option<&mut Connection<S>> {
        self.slots.get_mut(slot as usize)
    }

    pub(crate) fn token(&self, slot: u32) -> Token {
        Token { slot, generation: self[slot].generation }
    }

    pub(crate) fn tokens(&self) -> Vec<Token> {
        let token = |(slot, connection): (usize, &Connection<S>)| Token {
            slot: slot as u32,
            generation: connection.generation,
        };
        self.slots.iter().map(token).collect()
    }

    /// Frees the slot. Nothing refers to it any more: the driver has said its last word.
    pub(crate) fn remove(&mut self, slot: u32) {
        let connection = self.slots.remove(slot as usize);
        debug_assert!(connection.subscriptions.is_empty(), "who is gone subscribes to nothing");
        if let Some(mut queue) = connection.queue {
            queue.clear();
            self.queues.give(queue);
        }
    }

    /// The connection, with a send queue borrowed from the pool if it had none; it will be flushed.
    #[inline]
    pub(crate) fn with_queue(&mut self, slot: u32) -> (&mut Phase<S>, &mut SendQueue) {
        let Connection { phase, queue, flags, .. } = &mut self.slots[slot as usize];
        if !flags.is_dirty {
            flags.is_dirty = true;
            self.dirty.push(slot);
        }
        (phase, queue.get_or_insert_with(|| self.queues.take()))
    }

    /// The connection's send queue, as [`Connections::with_queue`] makes it.
    #[inline]
    pub(crate) fn outgoing(&mut self, slot: u32) -> &mut SendQueue {
        self.with_queue(slot).1
    }

    /// Gives an empty queue back to the pool.
    #[inline]
    pub(crate) fn release_queue(&mut self, slot: u32) {
        if let Some(queue) = self.slots[slot as usize].queue.take_if(|queue| queue.is_empty()) {
            self.queues.give(queue);
        }
    }

    /// Has the connection looked at by the flush at the end of the tick.
    #[inline]
    pub(crate) fn mark_dirty(&mut self, slot: u32) {
        let flags = &mut self.slots[slot as usize].flags;
        if !flags.is_dirty {
            flags.is_dirty = true;
            self.dirty.push(slot);
        }
    }

    /// Whether any connection is to be flushed.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The next connection to flush; `None` when all are.
    #[inline]
    pub(crate) fn next_dirty(&mut self) -> Option<u32> {
        while let Some(slot) = self.dirty.pop() {
            if let Some(connection) = self.slots.get_mut(slot as usize)
                && connection.flags.is_dirty
            {
                connection.flags.is_dirty = false;
                return Some(slot);
            }
        }
        None
    }
}

impl<S> Index<u32> for Connections<S> {
    type Output = Connection<S>;

    #[inline]
    fn index(&self, slot: u32) -> &Connection<S> {
        &self.slots[slot as usize]
    }
}

impl<S> IndexMut<u32> for Connections<S> {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut Connection<S> {
        &mut self.slots[slot as usize]
    }
}

/// Send queues kept for the next connections that have something to send, and the memory they may hold.
const POOLED_QUEUES_MAX: usize = 4096;
const POOLED_QUEUE_BYTES_MAX: usize = 4 * 1024 * 1024;
