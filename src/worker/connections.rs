//! A worker's own connections: a slab of them, those with something to flush, and the send queues they borrow.

use super::clock::Ticks;
use super::flags::Flags;
use super::phases::{Exchange, Open, Phase, StreamEnding};
#[cfg(feature = "tls")]
use super::secure::Secure;
pub(crate) use super::subscriptions::Subscription;
use super::subscriptions::Subscriptions;
use crate::buffer::{Pool, SendQueue};
use crate::driver::Token;
use crate::limits::{CONNECTIONS_RESERVED, table_growth};
use std::ops::{Index, IndexMut};

/// The queues that nobody has borrowed.
pub(crate) type Queues = Pool<Box<SendQueue>>;

/// One connection. What an idle one holds is here and nowhere else.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    pub(crate) generation: u32,
    pub(crate) phase: Phase<S>,
    /// `None` while there is nothing to send.
    pub(crate) queue: Option<Box<SendQueue>>,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) flags: Flags,
    /// Listed to be flushed. By itself, because it changes twice with everything that is sent.
    pub(crate) is_dirty: bool,
    /// When bytes last arrived.
    pub(crate) received_at: Ticks,
    /// When the kernel last took bytes, or was first asked to.
    pub(crate) progressed_at: Ticks,
    /// When the present phase began or, in an open one, when the close frame or the ping that awaits its pong was sent.
    pub(crate) since: Ticks,
    /// When the message under way began; [`Ticks::NEVER`] while there is none.
    pub(crate) message_since: Ticks,
    /// `None`: it speaks no TLS, or not yet.
    #[cfg(feature = "tls")]
    pub(crate) secure: Option<Box<Secure>>,
}

// With what a driver and the wheel of deadlines keep, an idle connection has 160 bytes. Features only add a pointer each.
const _: () = assert!(size_of::<Connection<u64>>() <= 128);

impl<S> Connection<S> {
    /// Bytes that are queued.
    #[inline]
    pub(super) fn queued(&self) -> usize {
        let queued = self.queue.as_ref().map_or(0, |queue| queue.bytes());
        #[cfg(feature = "tls")]
        if let Some(secure) = &self.secure {
            return queued + secure.records.as_ref().map_or(0, |records| records.bytes());
        }
        queued
    }

    /// Whether something has not left.
    #[inline]
    pub(crate) fn has_backlog(&self) -> bool {
        self.flags.has(Flags::IN_FLIGHT) || self.queued() > 0
    }

    /// Whether TLS is between the driver and the protocol.
    #[inline]
    pub(crate) const fn is_secure(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.secure.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    /// The queue that the driver takes along: with TLS it is that of the records.
    #[inline]
    pub(crate) fn leaving(&mut self) -> &mut Option<Box<SendQueue>> {
        #[cfg(feature = "tls")]
        if let Some(secure) = &mut self.secure {
            return &mut secure.records;
        }
        &mut self.queue
    }

    /// Whether more than `bytes` are queued that a flush could send.
    #[inline]
    pub(crate) fn is_corked_past(&self, bytes: usize) -> bool {
        !self.flags.has(Flags::LATE)
            && self.queue.as_ref().is_some_and(|queue| queue.bytes() > bytes)
    }

    /// The open phase, if it is the present one.
    pub(crate) const fn open_mut(&mut self) -> Option<&mut Open<S>> {
        match &mut self.phase {
            Phase::Open(open) => Some(open),
            _ => None,
        }
    }

    /// The exchange, if it awaits the handler's reply.
    pub(crate) fn exchange_mut(&mut self) -> Option<&mut Exchange<S>> {
        match &mut self.phase {
            Phase::Exchange(exchange) if exchange.reply.is_none() && !exchange.is_over => {
                Some(exchange)
            }
            _ => None,
        }
    }

    /// What the handler keeps for this connection, while there is such a thing.
    #[inline]
    pub(crate) fn state_mut(&mut self) -> Option<&mut S> {
        match &mut self.phase {
            Phase::Open(open) => Some(&mut open.state),
            // Apart, because an open one's is asked for with each message, and is one look then.
            phase => phase.state_unless_open(),
        }
    }

    /// Whether the handler can send to it: a WebSocket that nobody closes, or a stream that has not ended.
    #[inline]
    pub(crate) fn is_sendable(&self) -> bool {
        match &self.phase {
            Phase::Open(open) => !self.flags.has(Flags::OVER) && !open.protocol.has_sent_close(),
            Phase::Streaming(stream) => stream.ending == StreamEnding::None,
            _ => false,
        }
    }

    /// Whether it is a WebSocket whose frames are handled as they arrive, and their arrival means nothing else.
    #[inline]
    pub(super) const fn takes_frames_at_once(&self) -> bool {
        matches!(self.phase, Phase::Open(_)) && !self.flags.has(Flags::HELD.or(Flags::AWAITS_PONG))
    }

    /// Whether it is a WebSocket of which a flush has nothing to decide.
    #[inline]
    pub(crate) const fn is_at_ease(&self) -> bool {
        matches!(self.phase, Phase::Open(_)) && !self.flags.has(Flags::UNEASY)
    }

    /// The same, and all that a flush does is to hand the driver what is queued.
    #[inline(always)]
    pub(crate) const fn is_plain(&self) -> bool {
        !self.is_secure() && self.is_at_ease()
    }

    /// Whether it can be sent to, as a WebSocket that takes the frames that others take, and what is queued is all that has not
    /// left.
    #[inline(always)]
    pub(crate) fn takes_plain_frames(&self) -> bool {
        let Phase::Open(Open { protocol, .. }) = &self.phase else {
            return false;
        };
        !(protocol.is_client()
            || protocol.is_deflating()
            || protocol.has_sent_close()
            || self.flags.has(Flags::UNEASY.or(Flags::OVER)))
    }

    /// Whether what it is sent is encoded for it alone: a client masks its frames, a stream has none, and what is compressed
    /// is so as this connection's peer has agreed.
    #[inline]
    pub(crate) fn has_own_coding(&self) -> bool {
        match &self.phase {
            Phase::Open(open) => open.protocol.is_client() || open.protocol.is_deflating(),
            _ => true,
        }
    }

    /// Whether its messages may come compressed.
    #[inline]
    pub(crate) const fn is_deflating(&self) -> bool {
        matches!(&self.phase, Phase::Open(open) if open.protocol.is_deflating())
    }

    /// Whether even what is not compressed is encoded for it alone.
    pub(crate) fn has_frames_of_own(&self) -> bool {
        match &self.phase {
            Phase::Open(open) => open.protocol.is_client(),
            _ => true,
        }
    }

    /// It is queued what was compressed without its context.
    #[cfg(feature = "deflate")]
    pub(crate) fn forget_sent(&mut self) {
        if let Phase::Open(open) = &mut self.phase {
            open.protocol.forget_sent();
        }
    }

    #[cfg(not(feature = "deflate"))]
    #[expect(clippy::unused_self, reason = "the same call as with permessage-deflate")]
    pub(crate) fn forget_sent(&self) {}

    /// Whether only its end is awaited: it must be heard, and what it says is not kept.
    pub(crate) fn is_leaving(&self) -> bool {
        match &self.phase {
            Phase::Open(_) => !self.is_sendable(),
            Phase::Ending | Phase::Closed => true,
            _ => false,
        }
    }

    /// Whether the handler has to be told of its end.
    pub(crate) fn is_known(&self) -> bool {
        match &self.phase {
            Phase::Open(_) => !self.flags.has(Flags::OVER),
            Phase::Exchange(exchange) => !exchange.is_over,
            Phase::Streaming(stream) => stream.ending != StreamEnding::Told,
            Phase::Connecting(connecting) => !connecting.is_over,
            _ => false,
        }
    }

    /// Notes that the handler is told of its end; `false` if it has not to be.
    pub(crate) fn begin_end(&mut self) -> bool {
        let is_known = self.is_known();
        match &mut self.phase {
            Phase::Open(_) => self.flags.set(Flags::OVER, true),
            Phase::Exchange(exchange) => exchange.is_over = true,
            Phase::Streaming(stream) => stream.ending = StreamEnding::Told,
            Phase::Connecting(connecting) => connecting.is_over = true,
            _ => {}
        }
        is_known
    }
}

/// The slab. Slots are used again, so a name has a generation too.
#[derive(Debug)]
pub(crate) struct Connections<S> {
    pub(super) slots: slab::Slab<Connection<S>>,
    /// Bytes that the driver has taken along of a slot's queue and not given an account of, while [`Flags::IN_FLIGHT`] says that
    /// there are any; more than 4 GiB count as 4 GiB. Apart from the slots: many drivers never do that.
    pub(super) in_flight: Vec<u32>,
    /// In which poll's tick it did, of the same slot. Of the numbers of polls it is the last byte.
    pub(super) in_flight_since: Vec<u8>,
    /// Polls so far, of which this is the last byte.
    pub(super) polls: u8,
    /// Slots of which much went in flight, and in which poll's tick: nothing older than the tick before.
    pub(super) much_in_flight: Vec<(u32, u8)>,
    generation: u32,
    /// Slots to be flushed at the end of the tick, each once.
    pub(super) dirty: Vec<u32>,
    pub(super) queues: Queues,
}

impl<S> Connections<S> {
    pub(crate) fn new() -> Self {
        Self {
            slots: slab::Slab::with_capacity(CONNECTIONS_RESERVED),
            in_flight: Vec::new(),
            in_flight_since: Vec::new(),
            polls: 0,
            much_in_flight: Vec::new(),
            generation: 0,
            dirty: Vec::new(),
            queues: Pool::new(POOLED_QUEUES_MAX, POOLED_QUEUE_BYTES_MAX),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// All of them, with their slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Connection<S>)> {
        self.slots.iter().map(|(slot, connection)| (slot as u32, connection))
    }

    /// Adds a connection.
    pub(crate) fn insert(&mut self, phase: Phase<S>, now: Ticks) -> Token {
        self.generation = self.generation.wrapping_add(1);
        let places = self.slots.capacity();
        if self.slots.len() == places {
            self.slots.reserve_exact(table_growth(places));
        }
        let slot = self.slots.insert(Connection {
            generation: self.generation,
            phase,
            queue: None,
            subscriptions: Subscriptions::None,
            flags: Flags::default(),
            is_dirty: false,
            received_at: now,
            progressed_at: now,
            since: now,
            message_since: Ticks::NEVER,
            #[cfg(feature = "tls")]
            secure: None,
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
        if let Some(queue) = connection.queue {
            self.give_queue(queue);
        }
        #[cfg(feature = "tls")]
        if let Some(records) = connection.secure.and_then(|secure| secure.records) {
            self.give_queue(records);
        }
    }

    /// Has the connection looked at by the flush at the end of the tick.
    #[inline]
    pub(crate) fn mark_dirty(&mut self, slot: u32) {
        let is_dirty = &mut self.slots[slot as usize].is_dirty;
        if !*is_dirty {
            *is_dirty = true;
            self.dirty.push(slot);
        }
    }

    /// Whether any connection is to be flushed.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The next connection to flush, its slot, and the pool that its queue is from; `None` when all are.
    #[inline(always)]
    pub(crate) fn next_dirty(&mut self) -> Option<(u32, &mut Connection<S>, &mut Queues)> {
        while let Some(slot) = self.dirty.pop() {
            if self.slots.get(slot as usize).is_some_and(|connection| connection.is_dirty) {
                let connection = &mut self.slots[slot as usize];
                connection.is_dirty = false;
                return Some((slot, connection, &mut self.queues));
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
