//! What becomes of the frames of a WebSocket.

use super::clock::Ticks;
use super::connections::Connection;
use super::core::Core;
use super::flags::Flags;
use super::receive::FollowUp;
use crate::driver::Token;
use crate::handler::{CloseCause, Closed, Handler};
#[cfg(feature = "deflate")]
use crate::limits::INFLATED_PER_READ_MAX;
use crate::protocol::{
    CloseCode, CloseFrame, Event, Input, Message, Payload, ProtocolError, Received,
};

impl<H: Handler> Core<H> {
    /// Handles the small messages that received bytes begin with, by the short way, and says how many bytes they were. Nothing
    /// else need be made ready for them: neither a buffer, nor what inflates, nor what shares memory.
    #[inline(always)]
    pub(super) fn handle_small_messages(
        &mut self,
        handler: &mut H,
        token: Token,
        bytes: &mut [u8],
    ) -> usize {
        let (ticks, size) = (self.ticks, bytes.len());
        self.asked_bytes = 0;
        let mut rest = bytes;
        // Handlers may do anything to any connection, so it is found again each time.
        while let Some(connection) = self.connections.get_mut(token)
            && connection.takes_frames_at_once()
        {
            connection.received_at = ticks;
            let Some(small) = connection.next_small_message(&mut rest) else {
                break;
            };
            self.handle_small(handler, token.slot, small);
            if rest.is_empty() || self.must_flush(token.slot) {
                break;
            }
        }
        size - rest.len()
    }

    /// Handles what arrived of frames, by the way that serves for all.
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
            while !self.must_flush(slot)
                && let Some(small) = self.connections[slot].next_small_message(input.rest_mut())
            {
                self.handle_small(handler, slot, small);
            }
            if self.must_flush(slot) && !input.rest().is_empty() {
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
    pub(super) fn must_flush(&self, slot: u32) -> bool {
        self.connections[slot].is_corked_past(self.config.cork_bytes)
    }

    #[inline(always)]
    fn handle_small(
        &mut self,
        handler: &mut H,
        slot: u32,
        small: Result<Option<Message<'_>>, ProtocolError>,
    ) {
        match small {
            Ok(Some(message)) => {
                self.call(slot, |connection| handler.on_message(connection, message));
            }
            Ok(None) => {}
            Err(error) => self.fail(handler, slot, error),
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

    pub(super) fn handle_event(&mut self, handler: &mut H, slot: u32, event: Event<'_>) {
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

    pub(super) fn fail(&mut self, handler: &mut H, slot: u32, error: ProtocolError) {
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

    /// Notes whether a message is under way, and asks for the rest of a large frame.
    #[inline]
    pub(super) fn next_fill(&mut self, slot: u32) -> FollowUp {
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
    /// Takes the next message off, if it comes by the short way; if it does not, nothing happens. `Ok(None)`: it has, and nobody
    /// wants it any more.
    #[inline(always)]
    fn next_small_message<'b>(
        &mut self,
        bytes: &mut &'b mut [u8],
    ) -> Option<Result<Option<Message<'b>>, ProtocolError>> {
        let is_over = self.flags.has(Flags::OVER);
        let open = self.open_mut()?;
        let small = open.protocol.next_small_message(bytes)?;
        let is_wanted = !is_over && !open.protocol.has_sent_close();
        self.message_since = Ticks::NEVER;
        Some(small.map(|message| is_wanted.then_some(message)))
    }

    /// Whether TLS has received a part of a record.
    #[inline]
    fn is_receiving_record(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.secure.as_ref().is_some_and(|secure| secure.session().is_receiving());
        #[cfg(not(feature = "tls"))]
        false
    }
}
