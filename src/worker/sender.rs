//! Sending, apart from the worker: topics lend its connections out one by one while they deliver.

use super::clock::Ticks;
use super::connections::Connections;
use super::flags::Flags;
use super::timers::TimerWheel;
use super::topics::Topics;
use super::{Core, Worker};
use crate::config::Config;
use crate::driver::{Driver, Sending, Token};
use crate::handler::Handler;

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
    /// Sends what waits on a connection without TLS, as far as the driver takes it. Answers whether that was all.
    #[inline]
    pub(super) fn send<S>(&mut self, connections: &mut Connections<S>, slot: u32) -> bool {
        let Connections { slots, queues, .. } = connections;
        let connection = &mut slots[slot as usize];
        let token = Token { slot, generation: connection.generation };
        let was_blocked = connection.flags.has(Flags::BLOCKED);
        connection.flags.set(Flags::BLOCKED.or(Flags::WRITABLE), false);
        let Some(queue) = &mut connection.queue else {
            return true;
        };
        let (before, has_memory) = (queue.bytes(), queue.capacity() > 0);
        let sending = self.driver.send(token, queue);
        match sending {
            Sending::Done => {
                connection.progressed_at = self.ticks;
                connection.queue.take().into_iter().for_each(|queue| queues.give(queue));
                return true;
            }
            Sending::Blocked => {
                if queue.bytes() < before || !was_blocked {
                    connection.progressed_at = self.ticks;
                }
                connection.flags.set(Flags::BLOCKED, true);
            }
            Sending::InFlight => {
                connection.progressed_at = self.ticks;
                connections.note_in_flight(slot, before);
            }
        }
        connections.want_drain_if_large(slot);
        // What comes back with memory of its own finds its place; what was only published has none, and needs no place.
        if !has_memory {
            connections.release_queue(slot);
        }
        self.timers.schedule_earlier(slot, self.ticks + self.config.write_stall_timeout);
        false
    }

    /// Sends what is queued for a connection without TLS of which a flush has nothing to decide. Answers whether that is so
    /// and still is: then a flush would have nothing more to do.
    #[inline]
    pub(super) fn send_alone<S>(&mut self, connections: &mut Connections<S>, slot: u32) -> bool {
        let connection = &connections[slot];
        if connection.is_secure() || !connection.is_at_ease() {
            return false;
        }
        if self.send(connections, slot) {
            return true;
        }
        // While something is in flight a flush has nothing to decide (`Worker::settle`), unless it is much.
        let is_uneasy = connections[slot].flags.has(Flags::UNEASY.but(Flags::IN_FLIGHT));
        !is_uneasy && !connections.is_lagging(slot, self.config.read_pause_bytes)
    }
}
