//! Every wait of a connection has a deadline. Which one is next follows from its phase.

use super::clock::Ticks;
use super::connecting::out_of_time;
use super::connections::Connection;
use super::core::Core;
use super::flags::Flags;
use super::phases::Phase;
use crate::config::Config;
use crate::handler::{CloseCause, Closed, Handler};
use crate::protocol::CloseCode;
use crate::protocol::http::{Response, Status};
use std::time::Duration;

/// What is overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overdue {
    /// The next request.
    Request,
    /// A request head, or the rest of one.
    Head,
    /// The rest of a request's body.
    Body,
    /// The rest of a body that nobody wants.
    UnwantedBody,
    /// The handler's reply.
    Reply,
    /// The other side of a connection that we make, or its answer.
    Answer,
    /// A sign of life: a ping will ask for one.
    Life,
    /// The answer to that ping.
    Pong,
    /// The rest of a message.
    Message,
    /// That the kernel takes bytes.
    Progress,
    /// The peer's close frame.
    CloseFrame,
    /// The end of the peer's stream.
    End,
}

impl<S> Connection<S> {
    /// Everything this connection waits for, with the deadlines.
    fn waits(
        &self,
        config: &Config,
        close_frame_timeout: Duration,
    ) -> impl Iterator<Item = (Ticks, Overdue)> {
        let mut waits = [None; 3];
        // Silence means nothing while we do not listen.
        let listens = !self.flags.has(Flags::RECEIVE_PAUSED);
        if self.flags.has(Flags::LATE) && !self.is_given_up() {
            let due = self.progressed_at + config.write_stall_timeout;
            waits[2] = Some((due, Overdue::Progress));
        }
        match &self.phase {
            Phase::Head(head) if listens => {
                waits[0] = Some(match head.is_kept_alive && !head.has_begun {
                    true => (self.since + config.keep_alive_timeout, Overdue::Request),
                    false => (self.since + config.handshake_timeout, Overdue::Head),
                });
            }
            Phase::Exchange(exchange) => {
                waits[0] = Some((exchange.due, Overdue::Reply));
                let since = exchange.request.body_since;
                waits[1] = (listens && !exchange.request.body.is_ended())
                    .then(|| (since + config.message_timeout, Overdue::Body));
            }
            Phase::Discarding(_) => {
                waits[0] = Some((self.since + config.message_timeout, Overdue::UnwantedBody));
            }
            Phase::Connecting(connecting) => waits[0] = Some((connecting.due, Overdue::Answer)),
            // A connection is handed over as soon as everything has left.
            Phase::Head(_) | Phase::Streaming(_) | Phase::HandingOver(_) => {}
            Phase::Open(open) if open.protocol.has_sent_close() => {
                waits[0] = Some((self.closing_since() + close_frame_timeout, Overdue::CloseFrame));
            }
            Phase::Open(_) => {
                if listens {
                    waits[0] = Some(if self.flags.has(Flags::AWAITS_PONG) {
                        (self.pinged_since() + config.pong_timeout, Overdue::Pong)
                    } else {
                        (self.received_at + config.idle_timeout, Overdue::Life)
                    });
                    waits[1] = (self.message_since != Ticks::NEVER)
                        .then(|| (self.message_since + config.message_timeout, Overdue::Message));
                }
            }
            // What is the last to be said has as much time as everything before it.
            Phase::Ending if self.has_backlog() => {}
            Phase::Ending => {
                waits[0] = Some((self.closing_since() + config.close_timeout, Overdue::End))
            }
            Phase::Closed => {}
        }
        waits.into_iter().flatten()
    }

    /// From when on the peer has time to answer a ping: as long as it takes what is queued before, from the last bytes that
    /// it took.
    fn pinged_since(&self) -> Ticks {
        if self.flags.has(Flags::BLOCKED) { self.closing_since() } else { self.since }
    }

    /// From when on the peer has time to close: what was queued before the close frame comes first, so from the last bytes
    /// that it took.
    fn closing_since(&self) -> Ticks {
        self.since.max(self.progressed_at)
    }
}

impl<H: Handler> Core<H> {
    /// Handles the deadline of a connection: acts on what is overdue, then schedules what is due next.
    pub(super) fn handle_timeout(&mut self, handler: &mut H, slot: u32) {
        let Some(connection) = self.connections.get_slot_mut(slot) else {
            return;
        };
        let overdue: Vec<Overdue> = connection
            .waits(&self.config, self.close_frame_timeout)
            .filter(|(due, _)| *due <= self.ticks)
            .map(|(_, overdue)| overdue)
            .collect();
        for overdue in overdue {
            self.handle_overdue(handler, slot, overdue);
        }
        self.schedule(slot);
    }

    /// Schedules the connection's earliest deadline.
    pub(super) fn schedule(&mut self, slot: u32) {
        let connection = &self.connections[slot];
        if let Some(due) =
            connection.waits(&self.config, self.close_frame_timeout).map(|(due, _)| due).min()
        {
            self.timers.schedule(slot, due);
        }
    }

    fn handle_overdue(&mut self, handler: &mut H, slot: u32, overdue: Overdue) {
        match overdue {
            Overdue::Head => {
                let text = "the request did not arrive in time\n";
                self.refuse(slot, false, &Response::text(Status::REQUEST_TIMEOUT, text));
            }
            Overdue::Body => {
                let text = "the body of the request did not arrive in time\n";
                let response = Response::text(Status::REQUEST_TIMEOUT, text);
                self.abandon(handler, slot, Some(&response), CloseCause::TimedOut);
            }
            Overdue::Reply => {
                let text = "the application did not answer in time: try again\n";
                let response = Response::text(Status::SERVICE_UNAVAILABLE, text);
                self.abandon(handler, slot, Some(&response), CloseCause::TimedOut);
            }
            Overdue::Request | Overdue::UnwantedBody => self.end(slot),
            Overdue::Answer => self.give_up(handler, slot, &out_of_time()),
            Overdue::Life => {
                let ticks = self.ticks;
                let connection = &mut self.connections[slot];
                connection.flags.set(Flags::AWAITS_PONG, true);
                connection.since = ticks;
                let _closing = self.ping(slot, b"");
            }
            Overdue::Message => {
                let text = "the message did not arrive in time";
                let _closing = self.close(slot, CloseCode::POLICY_VIOLATION, text);
                let closed = Closed {
                    code: CloseCode::POLICY_VIOLATION,
                    reason: text,
                    cause: CloseCause::TimedOut,
                };
                self.finish(handler, slot, &closed);
            }
            Overdue::Pong | Overdue::Progress => {
                self.finish(handler, slot, &Closed::without_frame(CloseCause::TimedOut));
                self.doom(slot);
            }
            Overdue::CloseFrame => {
                self.finish(handler, slot, &Closed::without_frame(CloseCause::Local));
                self.doom(slot);
            }
            Overdue::End => {
                // As if it had ended: to reset it would lose what the kernel has and a slow peer has not taken.
                self.connections[slot].flags.set(Flags::AT_END, true);
                self.connections.mark_dirty(slot);
            }
        }
    }

    /// Has the connection reset with the next flush.
    pub(super) fn doom(&mut self, slot: u32) {
        self.connections[slot].flags.set(Flags::DOOMED, true);
        self.connections.mark_dirty(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::super::connections::Connections;
    use super::*;

    #[test]
    fn the_time_to_close_begins_with_the_last_bytes_that_the_peer_took() {
        let mut connections: Connections<()> = Connections::new();
        let slot = connections.insert(Phase::Ending, Ticks::default()).slot;
        let connection = &mut connections[slot];
        let config = Config::default();
        for (since, progressed_at) in [(0, 100), (100, 0)] {
            (connection.since, connection.progressed_at) = (Ticks(since), Ticks(progressed_at));
            let due = Ticks(100) + config.close_timeout;
            assert!(connection.waits(&config, config.close_timeout).eq([(due, Overdue::End)]));
        }
    }
}
