//! What becomes of bytes that arrived: request heads, frames, and the end of the stream.

use super::clock::Ticks;
use super::connecting::ended_early;
use super::connections::Connection;
use super::core::Core;
use super::flags::Flags;
use super::phases::{Phase, StreamEnding};
use super::requests::handler_failed;
use crate::driver::Token;
use crate::handler::{CloseCause, Closed, Context, Handler};
#[cfg(feature = "deflate")]
use crate::limits::INFLATED_PER_READ_MAX;
use crate::protocol::{
    CloseCode, CloseFrame, Event, Input, Message, Payload, ProtocolError, Received,
};
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

impl<H: Handler> Core<H> {
    /// Handles bytes that the driver lends. Their memory is taken if it is needed for longer.
    #[inline]
    pub(super) fn handle_lent(
        &mut self,
        handler: &mut H,
        token: Token,
        bytes: &mut Vec<u8>,
    ) -> FollowUp {
        self.messages.present_received(bytes);
        let follow_up = self.handle_received(handler, token, bytes);
        self.messages.finish_received(bytes);
        follow_up
    }

    /// Handles bytes that arrived.
    #[inline]
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
        match self.connections[token.slot].phase {
            Phase::Open(_) => self.handle_frames(handler, token.slot, bytes),
            _ => self.handle_http(handler, token.slot, bytes),
        }
    }

    /// Handles input that did not come from the driver just now.
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
    #[inline]
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

    #[inline]
    pub(super) fn handle_frames(
        &mut self,
        handler: &mut H,
        slot: u32,
        bytes: &mut [u8],
    ) -> FollowUp {
        let mut input = Input::with_spare(bytes, self.messages.take());
        // Handlers are called meanwhile; only what inflates is out of their reach.
        #[cfg(feature = "deflate")]
        let mut inflater = std::mem::take(&mut self.compression.inflater);
        #[cfg(feature = "deflate")]
        {
            input = input.with_inflater(&mut inflater);
        }
        let mut rest = None;
        let is_deflating = self.connections[slot].is_deflating();
        while let Some(open) = self.connections[slot].open_mut() {
            if let Some(small) = open.protocol.next_small_message(&mut input) {
                match small {
                    Ok(message) => self.handle_small(handler, slot, message),
                    Err(error) => self.fail(handler, slot, error),
                }
                if self.must_flush(slot, &input) {
                    rest = Some(input.rest().to_vec());
                    break;
                }
                continue;
            }
            match open.protocol.handle_input(&mut input) {
                Ok(Some(Event::Message(received))) => self.handle_message(handler, slot, received),
                Ok(Some(event)) => self.handle_event(handler, slot, event),
                Ok(None) => break,
                Err(error) => self.fail(handler, slot, error),
            }
            if is_deflating && input.needs_spare() {
                #[cfg(feature = "deflate")]
                if input.inflated_bytes() > INFLATED_PER_READ_MAX {
                    // Little input can be much to inflate, and others wait.
                    self.hold(slot, input.rest());
                    break;
                }
                input.recycle(self.messages.take());
            }
            if self.must_flush(slot, &input) {
                rest = Some(input.rest().to_vec());
                break;
            }
        }
        self.messages.give(input.into_spare());
        #[cfg(feature = "deflate")]
        {
            self.compression.inflater = inflater;
        }
        match rest {
            Some(rest) => FollowUp::Flush(rest),
            None => self.next_fill(slot),
        }
    }

    /// Whether so much is queued that it has to leave before more is handled.
    #[inline(always)]
    fn must_flush(&self, slot: u32, input: &Input<'_>) -> bool {
        self.connections[slot].is_corked_past(self.config.cork_bytes) && !input.rest().is_empty()
    }

    #[inline(always)]
    fn handle_small(&mut self, handler: &mut H, slot: u32, message: Message<'_>) {
        let connection = &mut self.connections[slot];
        connection.message_since = Ticks::NEVER;
        if connection.is_sendable() {
            self.call(slot, |connection| handler.on_message(connection, message));
        }
    }

    #[inline(always)]
    fn handle_message(&mut self, handler: &mut H, slot: u32, received: Received<'_>) {
        let connection = &mut self.connections[slot];
        // The next one's time begins with it, also if it began in the same read.
        connection.message_since = Ticks::NEVER;
        // Whoever has begun to close has no use for messages that were under way.
        let is_wanted = connection.is_sendable();
        if let Payload::Assembled(buffer) = received.payload() {
            self.messages.present(buffer);
        }
        if is_wanted {
            self.call(slot, |connection| handler.on_message(connection, received.as_message()));
        }
        if let Payload::Assembled(buffer) = received.into_payload() {
            self.messages.finish(buffer);
        }
    }

    fn handle_event(&mut self, handler: &mut H, slot: u32, event: Event<'_>) {
        match event {
            Event::Message(received) => self.handle_message(handler, slot, received),
            Event::Ping(payload) => {
                self.pong(slot, payload.as_bytes());
                self.call(slot, |connection| handler.on_ping(connection, payload.as_bytes()));
            }
            Event::Pong(payload) => {
                self.call(slot, |connection| handler.on_pong(connection, payload.as_bytes()));
            }
            Event::Close(frame) => self.handle_close(handler, slot, frame.as_ref()),
        }
    }

    fn handle_close(&mut self, handler: &mut H, slot: u32, frame: Option<&CloseFrame<'_>>) {
        // RFC 6455 5.5.1: the answer to a close frame "typically echos the status code".
        let answer = frame.map(|frame| CloseFrame::new(frame.code, ""));
        self.topics.catch_up(&mut self.connections, slot);
        let answered =
            self.control(slot, |protocol, output| protocol.send_close(answer.as_ref(), output));
        let closed = Closed {
            code: frame.map_or(CloseCode::NO_STATUS, |frame| frame.code),
            reason: frame.map_or("", |frame| &frame.reason),
            cause: if answered.is_ok() { CloseCause::Peer } else { CloseCause::Local },
        };
        self.finish(handler, slot, &closed);
    }

    fn fail(&mut self, handler: &mut H, slot: u32, error: ProtocolError) {
        self.topics.catch_up(&mut self.connections, slot);
        let _always_ok = self.control(slot, |protocol, output| {
            protocol.send_failure(error, output);
            Ok(())
        });
        let closed = Closed {
            code: error.close_code(),
            reason: error.reason(),
            cause: CloseCause::Fault(error),
        };
        self.finish(handler, slot, &closed);
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

    /// Calls the handler for a connection. If it panics, the connection is closed, or the request answered with 500; the
    /// panic hook has told of it.
    #[inline]
    pub(super) fn call(&mut self, slot: u32, call: impl FnOnce(&mut Context<'_, H>)) {
        let core = &mut *self;
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut Context::new(core, slot))));
        if result.is_err() && self.reply(slot, handler_failed().into()).is_err() {
            let _already_closing =
                self.close(slot, CloseCode::INTERNAL_ERROR, "the handler failed");
        }
    }

    /// Notes whether a message is under way, and asks for the rest of a large frame.
    #[inline]
    fn next_fill(&mut self, slot: u32) -> FollowUp {
        let ticks = self.ticks;
        let connection = &mut self.connections[slot];
        let is_secure = connection.is_secure();
        let is_receiving_record = is_secure && connection.is_receiving_record();
        let Some(open) = connection.open_mut() else {
            return FollowUp::None;
        };
        if !open.protocol.is_receiving() && !is_receiving_record {
            connection.message_since = Ticks::NEVER;
            return FollowUp::None;
        }
        // What the driver would receive into the message's buffer is not its bytes.
        let fill = if is_secure { None } else { open.protocol.poll_fill() };
        if connection.message_since == Ticks::NEVER {
            connection.message_since = ticks;
            self.timers.schedule_earlier(slot, ticks + self.config.message_timeout);
        }
        fill.map_or(FollowUp::None, |(buffer, missing)| FollowUp::Fill(buffer, missing))
    }
}

impl<S> Connection<S> {
    /// Whether TLS has received a part of a record.
    #[inline]
    fn is_receiving_record(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.secure.as_ref().is_some_and(|secure| secure.session().is_receiving());
        #[cfg(not(feature = "tls"))]
        false
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
