//! Sending, apart from the worker: topics lend its connections out one by one while they deliver.

use super::clock::Ticks;
use super::connections::{Connection, Connections, Queues};
use super::flags::Flags;
use super::timers::TimerWheel;
use super::topics::Topics;
use super::{Core, Worker};
use crate::config::Config;
use crate::driver::{Driver, Sending, Token};
use crate::handler::Handler;
use crate::limits::DRAINED_BYTES;

/// What sending takes, but for the connections.
pub(super) struct Sender<'w, D> {
    driver: &'w mut D,
    timers: &'w mut TimerWheel,
    config: &'w Config,
    ticks: Ticks,
}

impl<D: Driver, H: Handler> Worker<D, H> {
    /// What sending takes, and what it leaves to others.
    #[inline]
    pub(super) fn sender(&mut self) -> (Sender<'_, D>, &mut Topics, &mut Connections<H::State>) {
        let Core { timers, config, ticks, topics, connections, .. } = &mut self.core;
        let sender = Sender { driver: &mut self.driver, timers, config, ticks: *ticks };
        (sender, topics, connections)
    }
}

impl<D: Driver> Sender<'_, D> {
    /// Sends what waits on a connection without TLS, as far as the driver takes it.
    pub(super) fn send<S>(&mut self, connections: &mut Connections<S>, slot: u32) {
        let Connections { slots, queues, .. } = connections;
        let connection = &mut slots[slot as usize];
        let was_blocked = connection.flags.has(Flags::BLOCKED);
        connection.flags.set(Flags::BLOCKED.or(Flags::WRITABLE), false);
        if let Some(rest) = self.send_queue(connection, queues, slot, was_blocked) {
            self.keep_rest(connections, slot, rest);
        }
    }

    /// Sends what is queued for a connection without TLS of which a flush has nothing to decide. Answers whether that is so
    /// and still is: then a flush would have nothing more to do.
    #[inline(always)]
    pub(super) fn send_alone<S>(&mut self, connections: &mut Connections<S>, slot: u32) -> bool {
        let Connections { slots, queues, .. } = connections;
        let connection = &mut slots[slot as usize];
        connection.is_plain() && {
            let rest = self.send_queue(connection, queues, slot, false);
            rest.is_none_or(|rest| self.keep_rest_at_ease(connections, slot, rest))
        }
    }

    /// The same for a connection that is to be flushed, so that it need not be found again. `None`: there is none. Otherwise its
    /// slot, and the answer.
    #[inline(always)]
    pub(super) fn send_next<S>(&mut self, connections: &mut Connections<S>) -> Option<(u32, bool)> {
        let (slot, connection, queues) = connections.next_dirty()?;
        let is_done = connection.is_plain() && {
            let rest = self.send_queue(connection, queues, slot, false);
            rest.is_none_or(|rest| self.keep_rest_at_ease(connections, slot, rest))
        };
        Some((slot, is_done))
    }

    /// Sends the queue of a connection that is not blocked, or not any more. Answers what did not leave, if not all has left.
    #[inline(always)]
    fn send_queue<S>(
        &mut self,
        connection: &mut Connection<S>,
        queues: &mut Queues,
        slot: u32,
        was_blocked: bool,
    ) -> Option<Rest> {
        let token = Token { slot, generation: connection.generation };
        let mut queue = connection.queue.take()?;
        let (before, has_memory) = (queue.bytes(), queue.capacity() > 0);
        let sending = self.driver.send(token, &mut queue);
        if sending == Sending::Done {
            connection.progressed_at = self.ticks;
            queues.give(queue);
            return None;
        }
        if sending == Sending::InFlight || queue.bytes() < before || !was_blocked {
            connection.progressed_at = self.ticks;
        }
        connection.queue = Some(queue);
        Some(Rest { sending, bytes: before, has_memory })
    }

    /// As [`Sender::keep_rest`], and answers as [`Sender::send_alone`].
    #[inline(never)]
    fn keep_rest_at_ease<S>(
        &mut self,
        connections: &mut Connections<S>,
        slot: u32,
        rest: Rest,
    ) -> bool {
        let is_little = rest.bytes <= self.config.read_pause_bytes;
        self.keep_rest(connections, slot, rest);
        // While something is in flight a flush has nothing to decide (`Worker::settle`), unless that is so much that reading pauses.
        let is_uneasy = connections[slot].flags.has(Flags::UNEASY.but(Flags::IN_FLIGHT));
        !is_uneasy
            && !connections.awaits_sent(slot)
            && (is_little || !connections.is_lagging(slot, self.config.read_pause_bytes))
    }

    /// What follows where not all has left at once.
    fn keep_rest<S>(&mut self, connections: &mut Connections<S>, slot: u32, rest: Rest) {
        match rest.sending {
            Sending::InFlight => connections.note_in_flight(slot, rest.bytes),
            _ => connections[slot].flags.set(Flags::BLOCKED, true),
        }
        debug_assert!(connections.backlog(slot) <= rest.bytes, "nothing else can be left over");
        if rest.bytes > DRAINED_BYTES {
            connections.note_left_over(slot);
        }
        // What comes back with memory of its own finds its place; what was only published has none, and needs no place.
        if !rest.has_memory {
            connections.release_queue(slot);
        }
        self.timers.schedule_earlier(slot, self.ticks + self.config.write_stall_timeout);
    }
}

/// What did not leave at once, of a queue with memory of its own or without.
struct Rest {
    sending: Sending,
    /// What there was to send: no less than what is left over.
    bytes: usize,
    has_memory: bool,
}
