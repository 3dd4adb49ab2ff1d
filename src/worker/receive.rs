//! What becomes of bytes that arrived, and of the end of the stream.

use super::Worker;
use super::connecting::ended_early;
use super::core::Core;
use super::flags::Flags;
use super::phases::{Phase, StreamEnding};
use super::requests::handler_failed;
use crate::buffer::MessageBuffer;
use crate::driver::{Driver, Token};
use crate::handler::{CloseCause, Closed, Context, Handler};
use crate::protocol::CloseCode;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is to be done when the loan of the receive buffer has ended.
pub(super) enum FollowUp {
    /// Nothing.
    None,
    /// The driver receives this many bytes next into this message buffer.
    Fill(Vec<u8>, usize),
    /// Much is queued: flush it, then handle the rest of what arrived.
    Flush(Vec<u8>),
}

impl<D: Driver, H: Handler> Worker<D, H> {
    /// The loan of the receive buffer has ended: now the driver may be asked for things.
    pub(super) fn after_receive(&mut self, token: Token, follow_up: FollowUp) {
        self.follow_up(token, follow_up);
        self.send_while_warm(token);
        if self.core.messages.has_kept_received()
            && let Some(memory) = self.core.messages.give_back_received()
        {
            self.driver.receive_into(memory);
        }
    }

    /// Sends at once what one read has queued, if it is much.
    #[inline(never)]
    pub(super) fn send_while_warm(&mut self, token: Token) {
        let cork_bytes = match self.core.topics.is_dirty() {
            true => self.core.config.cork_bytes,
            // Nothing of this tick would be cut in two.
            false => self.core.much_bytes,
        };
        let connection = self.core.connections.get_mut(token);
        if connection.is_some_and(|connection| connection.is_corked_past(cork_bytes)) {
            self.flush_early(token.slot);
        }
    }

    pub(super) fn follow_up(&mut self, token: Token, mut follow_up: FollowUp) {
        while let FollowUp::Flush(rest) = follow_up {
            self.flush_early(token.slot);
            follow_up = self.core.handle_rest(&mut self.handler, token, rest);
        }
        if let FollowUp::Fill(buffer, missing) = follow_up {
            self.driver.fill(token, MessageBuffer::new(buffer, missing));
        }
    }
}

impl<H: Handler> Core<H> {
    /// Handles bytes that are lent, but for those that were handled before. Their memory is taken if it is needed for longer.
    #[inline(never)]
    pub(super) fn handle_lent(
        &mut self,
        handler: &mut H,
        token: Token,
        bytes: &mut Vec<u8>,
        handled: usize,
    ) -> FollowUp {
        self.messages.present_received(bytes);
        let follow_up = self.handle_received(handler, token, &mut bytes[handled..]);
        self.messages.finish_received(bytes);
        follow_up
    }

    /// Handles bytes that arrived.
    pub(super) fn handle_received(
        &mut self,
        handler: &mut H,
        token: Token,
        bytes: &mut [u8],
    ) -> FollowUp {
        if !self.note_life(token) {
            return FollowUp::None;
        }
        if self.connections[token.slot].flags.has(Flags::HELD) {
            self.hold(token.slot, bytes);
            return FollowUp::None;
        }
        if !bytes.is_empty() && self.must_flush(token.slot) {
            return FollowUp::Flush(bytes.to_vec());
        }
        self.handle_input(handler, token.slot, bytes)
    }

    /// Handles input by the ways that serve for all.
    pub(super) fn handle_input(
        &mut self,
        handler: &mut H,
        slot: u32,
        input: &mut [u8],
    ) -> FollowUp {
        match self.connections[slot].phase {
            Phase::Open(_) => self.handle_frames(handler, slot, input),
            _ => self.handle_http(handler, slot, input),
        }
    }

    /// Notes that the peer is there. `false`: the connection is gone.
    fn note_life(&mut self, token: Token) -> bool {
        let Some(connection) = self.connections.get_mut(token) else {
            return false;
        };
        connection.received_at = self.ticks;
        if connection.flags.take(Flags::AWAITS_PONG) {
            // The next ping may be due before the pong was.
            self.schedule(token.slot);
        }
        true
    }

    /// Handles a message buffer that the driver has received into.
    pub(super) fn handle_filled(
        &mut self,
        handler: &mut H,
        token: Token,
        buffer: Vec<u8>,
        added: usize,
    ) -> FollowUp {
        if !self.note_life(token) {
            return FollowUp::None;
        }
        let Some(open) = self.connections[token.slot].open_mut() else {
            return FollowUp::None;
        };
        match open.protocol.handle_fill(buffer, added) {
            Ok(Some(event)) => self.handle_event(handler, token.slot, event),
            Ok(None) => {}
            Err(error) => self.fail(handler, token.slot, error),
        }
        self.next_fill(token.slot)
    }

    /// Handles the end of the peer's stream. What is queued may still leave.
    pub(super) fn handle_end_of_stream(&mut self, handler: &mut H, token: Token) {
        let Some(connection) = self.connections.get_mut(token) else {
            return;
        };
        connection.flags.set(Flags::AT_END, true);
        if connection.flags.has(Flags::HELD) && !matches!(connection.phase, Phase::Streaming(_)) {
            // What it sent before its end comes first.
            return;
        }
        match &connection.phase {
            // It ends with the flush, and what waits behind it comes next.
            Phase::Streaming(stream) if stream.ending != StreamEnding::None => {}
            Phase::Open(_) | Phase::Streaming(_) => self.finish_lost(handler, token.slot),
            Phase::Head(_) | Phase::Discarding(_) => self.end(token.slot),
            // Who has asked and says no more may still want the answer.
            Phase::Exchange(exchange) if exchange.request.body.is_ended() => {}
            Phase::Exchange(_) => self.abandon(handler, token.slot, None, CloseCause::Lost),
            Phase::Connecting(_) => self.give_up(handler, token.slot, &ended_early()),
            // The next owner meets it again.
            Phase::HandingOver(_) => {}
            Phase::Ending | Phase::Closed => self.connections.mark_dirty(token.slot),
        }
    }

    /// Ends what a peer has left by ending or breaking its stream, without a close frame.
    pub(super) fn finish_lost(&mut self, handler: &mut H, slot: u32) {
        let is_ended_here = match &self.connections[slot].phase {
            Phase::Open(open) => open.protocol.has_sent_close(),
            Phase::Streaming(stream) => stream.ending != StreamEnding::None,
            _ => false,
        };
        let cause = if is_ended_here { CloseCause::Local } else { CloseCause::Lost };
        self.finish(handler, slot, &Closed::without_frame(cause));
    }

    /// Ends a connection: tells the handler, then lets what is queued leave.
    pub(super) fn finish(&mut self, handler: &mut H, slot: u32, closed: &Closed<'_>) {
        self.tell_end(handler, slot, closed);
        self.end(slot);
    }

    /// Tells the handler of the end of what it knows of, once. It knows no more of a request that it has replied to.
    pub(super) fn tell_end(&mut self, handler: &mut H, slot: u32, closed: &Closed<'_>) {
        self.topics.unsubscribe_all(&mut self.connections, slot);
        let connection = &mut self.connections[slot];
        let was_replied =
            matches!(&connection.phase, Phase::Exchange(exchange) if exchange.reply.is_some());
        if connection.begin_end() && !was_replied {
            self.call(slot, |connection| handler.on_close(connection, closed));
        }
    }

    /// Begins the last phase.
    pub(super) fn end(&mut self, slot: u32) {
        let _unwanted = self.release(slot);
        let connection = &mut self.connections[slot];
        if let Phase::HandingOver(_) = connection.phase {
            self.handing_over -= 1;
        }
        // RFC 6455 7.1.1: the client "SHOULD wait for the server to close the connection".
        connection.flags.set(
            Flags::LEAVES_END_TO_PEER,
            matches!(&connection.phase, Phase::Open(open)
            if open.protocol.is_client() && open.protocol.is_closed()),
        );
        drop_contained(std::mem::replace(&mut connection.phase, Phase::Ending));
        connection.since = self.ticks;
        self.connections.mark_dirty(slot);
        self.timers.schedule_earlier(slot, self.ticks + self.config.close_timeout);
    }

    /// Ends a connection at a shutdown. One that is kept and idle is not waited for: nothing of it is under way in either
    /// direction, and its peer may keep it for minutes.
    pub(super) fn leave(&mut self, slot: u32) {
        let is_idle = matches!(&self.connections[slot].phase, Phase::Head(head)
            if head.is_kept_alive && !head.has_begun);
        self.end(slot);
        if is_idle {
            self.connections[slot].flags.set(Flags::AT_END, true);
        }
    }

    /// Whether handlers have asked for so much to be sent since the last receive began that it may be worth to send it at once.
    #[inline]
    pub(super) fn has_asked_for_much(&self) -> bool {
        self.asked_bytes > self.much_bytes
    }

    /// Calls the handler for a connection. If it panics, the connection is closed, or the request answered with 500; the
    /// panic hook has told of it.
    #[inline(always)]
    pub(super) fn call(&mut self, slot: u32, call: impl FnOnce(&mut Context<'_, H>)) {
        let core = &mut *self;
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut Context::new(core, slot))));
        if result.is_err() && self.reply(slot, handler_failed().into()).is_err() {
            let _already_closing =
                self.close(slot, CloseCode::INTERNAL_ERROR, "the handler failed");
        }
    }
}

/// Drops what is the handler's, or has something of it. If that panics, it is gone all the same.
pub(super) fn drop_contained<T>(handlers: T) {
    let _panic = catch_unwind(AssertUnwindSafe(|| drop(handlers)));
}

impl Closed<'_> {
    pub(super) const fn without_frame(cause: CloseCause) -> Self {
        Self { code: CloseCode::ABNORMAL, reason: "", cause }
    }
}

/// Bytes queued by one read from which on they leave at once, where the end of the tick would send them no differently: they are
/// still in the processor's cache, and so is the queue that the next connection borrows.
pub(super) const WARM_BYTES: usize = 4 * 1024;
