//! What leaves, and what the handler and the deadlines have decided about a connection meanwhile.

use super::Worker;
use super::clock::Ticks;
use super::connecting::shutting_down;
use super::connections::{Connection, Connections};
use super::flags::Flags;
use super::phases::Phase;
use crate::buffer::SendQueue;
use crate::driver::{Close, Driver, Receive, Token};
use crate::handler::{CloseCause, Closed, Handler};
use crate::limits::DRAINED_BYTES;

impl<D: Driver, H: Handler> Worker<D, H> {
    /// Flushes each connection that queued something or of which something was decided, once.
    pub(super) fn flush_all(&mut self) {
        loop {
            let (mut sender, _, connections) = self.sender();
            let slot = match sender.send_next(connections) {
                None => return,
                Some((_, true)) => continue,
                Some((slot, false)) => slot,
            };
            self.flush(slot);
            self.end_if_all_is_answered(slot);
            // A handler that heard of an end may have published, and sent to connections that are flushed next.
            self.deliver();
        }
    }

    /// Ends the connection of a peer that has ended its stream and has its answers. Only at the end of a tick: in the middle
    /// of one, more of what it had asked may be in our hands.
    fn end_if_all_is_answered(&mut self, slot: u32) {
        let connection = &self.core.connections[slot];
        let flags = connection.flags;
        if flags.has(Flags::AT_END)
            && !flags.has(Flags::HELD)
            && matches!(connection.phase, Phase::Head(_) | Phase::Discarding(_))
        {
            self.core.end(slot);
        }
    }

    /// Sends what one connection has queued in the middle of a tick, because it is much. What follows from that is for the
    /// flush at the end: it may be the turn of input that waited, and nobody has two turns in a tick.
    #[inline(never)]
    pub(super) fn flush_early(&mut self, slot: u32) {
        // Batches are read when they leave, so those of this tick must be sealed.
        self.deliver();
        self.core.connections.mark_dirty(slot);
        let connection = &self.core.connections[slot];
        if !connection.is_given_up() && !connection.flags.has(Flags::DOOMED) {
            self.send_if_possible(slot);
        }
    }

    pub(super) fn handle_writable(&mut self, token: Token) {
        if let Some(connection) = self.core.connections.get_mut(token) {
            // Until the flush it counts as blocked, so that nothing more is published to it meanwhile if it lags.
            connection.flags.set(Flags::WRITABLE, true);
            // The queue may refer to what was published in this tick and is not sealed: it leaves with the flush.
            self.core.connections.mark_dirty(token.slot);
        }
    }

    /// What has not left goes before what was queued meanwhile.
    pub(super) fn handle_sent(&mut self, token: Token, mut queue: SendQueue) {
        let Some(connection) = self.core.connections.get_mut(token) else {
            return;
        };
        connection.flags.set(Flags::IN_FLIGHT, false);
        connection.progressed_at = self.core.ticks;
        if !queue.is_empty() {
            // As when it is writable again: until the flush, what has not left is late.
            connection.flags.set(Flags::BLOCKED.or(Flags::WRITABLE), true);
            let meanwhile = connection.leaving().get_or_insert_default();
            queue.push_queue(std::mem::take(meanwhile));
            **meanwhile = queue;
            self.core.connections.note_left_over(token.slot);
            self.core.connections.mark_dirty(token.slot);
            return;
        }
        connection.flags.set(Flags::BLOCKED.or(Flags::WRITABLE), false);
        if let Some(place) = connection.leaving().as_mut().filter(|place| place.is_empty()) {
            **place = queue;
        }
        self.core.connections.release_queue(token.slot);
        // A flush of an open connection at ease with nothing queued would do nothing.
        let connection = &self.core.connections[token.slot];
        if connection.queue.is_some() || !connection.is_plain() {
            self.core.connections.mark_dirty(token.slot);
        }
    }

    fn flush(&mut self, slot: u32) {
        let token = self.core.connections.token(slot);
        let connection = &self.core.connections[slot];
        if connection.is_given_up() {
            return;
        }
        if connection.flags.has(Flags::DOOMED) {
            self.close(token, Close::Reset);
            return;
        }
        if let Phase::Streaming(_) = connection.phase {
            self.core.finish_stream(&mut self.handler, slot);
        }
        self.send_if_possible(slot);
        if !self.core.connections[slot].is_at_ease() {
            self.settle(token);
            self.core.awaits_sent |= self.core.connections.awaits_sent(slot);
        }
    }

    #[inline]
    fn send_if_possible(&mut self, slot: u32) {
        let flags = self.core.connections[slot].flags;
        let is_late = flags.has(Flags::BLOCKED) && !flags.has(Flags::WRITABLE);
        if !is_late && !flags.has(Flags::IN_FLIGHT) {
            self.send(self.core.connections.token(slot));
        }
    }

    /// Does what follows from a flush for a connection with which there is something.
    fn settle(&mut self, token: Token) {
        let slot = token.slot;
        self.pause_or_resume(token);
        let is_drained = self.is_drained(slot);
        let connection = &mut self.core.connections[slot];
        if connection.flags.has(Flags::WANTS_DRAIN) && is_drained {
            self.drained.push(token);
        }
        if connection.flags.has(Flags::HELD) {
            if self.core.can_go_on(slot) {
                self.resumable.push(token);
            }
            return;
        }
        self.finish_phase(token);
    }

    /// Does what a phase awaits that everything queued has left.
    fn finish_phase(&mut self, token: Token) {
        let connection = &mut self.core.connections[token.slot];
        if connection.has_backlog() {
            return;
        }
        if let Phase::HandingOver(handing_over) = &mut connection.phase
            && !std::mem::replace(&mut handing_over.is_detaching, true)
        {
            self.driver.detach(token);
        }
        #[cfg(feature = "tls")]
        if matches!(connection.phase, Phase::Connecting(_)) {
            return self.begin_secure(token);
        } else if matches!(connection.phase, Phase::Ending) && self.says_good_bye(token) {
            return;
        }
        let connection = &mut self.core.connections[token.slot];
        if matches!(connection.phase, Phase::Ending) {
            if connection.flags.has(Flags::AT_END) {
                self.close(token, Close::Linger);
            } else if !connection.flags.replace(Flags::SHUT, true) {
                if !connection.flags.has(Flags::LEAVES_END_TO_PEER) {
                    self.driver.shutdown_write(token);
                }
                // Until now the deadline was another: that something leaves.
                self.core.schedule(token.slot);
            }
        }
    }

    #[inline]
    fn send(&mut self, token: Token) {
        #[cfg(feature = "tls")]
        if self.core.connections[token.slot].is_secure() {
            return self.send_secure(token);
        }
        let (mut sender, _, connections) = self.sender();
        sender.send(connections, token.slot);
    }

    /// Tells the driver whether to receive, where that has changed.
    fn pause_or_resume(&mut self, token: Token) {
        let bound = self.core.config.read_pause_bytes;
        let connections = &self.core.connections;
        let connection = &connections[token.slot];
        if connection.is_given_up() {
            return;
        }
        let flags = connection.flags;
        let pause = !connection.is_leaving()
            && (flags.has(Flags::PAUSED_BY_HANDLER)
                || flags.has(Flags::PAUSED_BY_MAIL)
                || connection.is_phase_full()
                || (flags.has(Flags::HELD)
                    && (connection.takes_input() || self.core.held.is_full(token.slot)))
                || connections.is_lagging(token.slot, bound)
                || (flags.has(Flags::RECEIVE_PAUSED)
                    && connections.is_lagging(token.slot, DRAINED_BYTES)));
        if pause == flags.has(Flags::RECEIVE_PAUSED) {
            return;
        }
        let connection = &mut self.core.connections[token.slot];
        connection.flags.set(Flags::RECEIVE_PAUSED, pause);
        if pause {
            self.driver.receive(token, Receive::Pause);
        } else {
            // The silence was ours, and so was the delay of a message under way.
            let ticks = self.core.ticks;
            connection.received_at = ticks;
            connection.flags.set(Flags::AWAITS_PONG, false);
            match &mut connection.phase {
                Phase::Open(_) if connection.message_since == Ticks::NEVER => {}
                Phase::Open(_) => connection.message_since = ticks,
                Phase::Exchange(exchange) => exchange.request.body_since = ticks,
                _ => connection.since = ticks,
            }
            self.driver.receive(token, Receive::Lend);
            self.core.schedule(token.slot);
        }
    }

    /// Whether a backlog that grew large is small again: no lag any more, and no reason to be behind.
    fn is_drained(&self, slot: u32) -> bool {
        let bound = self.core.config.lag_bytes.min(DRAINED_BYTES);
        !self.core.connections.is_lagging(slot, bound)
    }

    /// Tells the handler of the connections whose backlog the last flushes made small. Not in the flush itself: what
    /// the handler sends then would have to be flushed again, and a fast peer would keep the others waiting.
    pub(super) fn tell_drained(&mut self) {
        if self.drained.is_empty() {
            return;
        }
        let mut drained = std::mem::take(&mut self.drained);
        for token in drained.drain(..) {
            let Some(connection) = self.core.connections.get_mut(token) else {
                continue;
            };
            // Since the flush there may be a new backlog, whose end is still to come.
            if !connection.flags.has(Flags::WANTS_DRAIN) || !self.is_drained(token.slot) {
                continue;
            }
            let connection = &mut self.core.connections[token.slot];
            connection.flags.set(Flags::WANTS_DRAIN, false);
            if connection.is_sendable() {
                let handler = &mut self.handler;
                self.core.call(token.slot, |connection| handler.on_drain(connection));
            }
        }
        self.drained = drained;
    }

    fn close(&mut self, token: Token, close: Close) {
        if let Phase::Connecting(_) = self.core.connections[token.slot].phase {
            self.core.fail_to_connect(&mut self.handler, token.slot, &shutting_down());
        }
        let closed = Closed::without_frame(CloseCause::Local);
        self.core.finish(&mut self.handler, token.slot, &closed);
        self.core.connections[token.slot].phase = Phase::Closed;
        self.core.timers.cancel(token.slot);
        self.driver.close(token, close);
    }

    /// Handles the input that waited until the peer took what it gets, or until a request before it was answered.
    pub(super) fn resume_held(&mut self) {
        if self.resumable.is_empty() {
            return;
        }
        let mut resumable = std::mem::take(&mut self.resumable);
        for token in resumable.drain(..) {
            let follow_up = self.core.handle_held(&mut self.handler, token);
            self.after_receive(token, follow_up);
            let connection = self.core.connections.get_mut(token);
            let is_at_end = connection.is_some_and(|connection| {
                connection.flags.has(Flags::AT_END) && !connection.flags.has(Flags::HELD)
            });
            if is_at_end {
                self.core.handle_end_of_stream(&mut self.handler, token);
            }
        }
        self.resumable = resumable;
    }

    /// Reads again from connections that were paused because mail did not get away, if it has by now.
    pub(super) fn resume_paused_by_mail(&mut self) {
        if self.core.paused_by_mail.is_empty() || self.core.outboxes.is_over() {
            return;
        }
        for token in std::mem::take(&mut self.core.paused_by_mail) {
            if let Some(connection) = self.core.connections.get_mut(token) {
                connection.flags.set(Flags::PAUSED_BY_MAIL, false);
                self.pause_or_resume(token);
            }
        }
    }
}

impl<S> Connections<S> {
    /// Whether something went in flight since the last poll, and this worker has something to do when it has left. So it polls
    /// once without a wait, for what leaves at once may end none; what does not leave at once does.
    pub(super) fn awaits_sent(&self, slot: u32) -> bool {
        let connection = &self[slot];
        connection.flags.has(Flags::IN_FLIGHT)
            && self.in_flight_since[slot as usize] == self.polls
            && connection.has_follow_up()
    }
}

impl<S> Connection<S> {
    /// Whether there is something to do when what is in flight has left.
    fn has_follow_up(&self) -> bool {
        let has_begun_to_end = match &self.phase {
            // The time for the peer's close frame begins when ours has left.
            Phase::Open(open) => open.protocol.has_sent_close(),
            Phase::HandingOver(_) | Phase::Connecting(_) | Phase::Ending => true,
            _ => false,
        };
        #[cfg(feature = "tls")]
        let has_output = self.secure.as_ref().is_some_and(|secure| secure.session().has_output());
        #[cfg(not(feature = "tls"))]
        let has_output = false;
        let is_uneasy = self.flags.has(Flags::UNEASY.but(Flags::IN_FLIGHT));
        has_begun_to_end || is_uneasy || has_output || self.queued() > 0
    }
}
