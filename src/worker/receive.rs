//! What becomes of bytes that arrived: request heads, frames, and the end of the stream.

use super::connections::{Open, Phase};
use super::core::Core;
use crate::driver::Token;
use crate::handler::{CloseCause, Closed, Context, Handler, Reply, RequestContext, Upgrade};
use crate::protocol::handshake::{check_upgrade, encode_switching_protocols};
use crate::protocol::http::{Persistence, Request, Response, Status};
use crate::protocol::{
    CloseCode, CloseFrame, Connection, Event, Input, Payload, ProtocolError, Role,
};
use std::net::SocketAddr;
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
        match self.connections[token.slot].phase {
            Phase::Open(_) => self.handle_frames(handler, token.slot, bytes),
            Phase::Head(_) => self.handle_head(handler, token.slot, bytes),
            Phase::Ending | Phase::Closed => FollowUp::None,
        }
    }

    /// Notes that the peer is there. `false`: the connection is gone.
    #[inline]
    fn note_life(&mut self, token: Token) -> bool {
        let Some(connection) = self.connections.get_mut(token) else {
            return false;
        };
        connection.received_at = self.ticks;
        if std::mem::take(&mut connection.flags.awaits_pong) {
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
        connection.flags.is_at_end = true;
        match connection.phase {
            Phase::Open(_) => self.finish_lost(handler, token.slot),
            Phase::Head(_) => self.end(token.slot),
            Phase::Ending | Phase::Closed => self.connections.mark_dirty(token.slot),
        }
    }

    fn handle_head(&mut self, handler: &mut H, slot: u32, received: &mut [u8]) -> FollowUp {
        let phase = std::mem::replace(&mut self.connections[slot].phase, Phase::Ending);
        let Phase::Head(mut head) = phase else {
            unreachable!("called while a head is awaited");
        };
        let mut bytes = std::mem::take(&mut head.bytes);
        let is_first = bytes.is_empty();
        let input = if is_first {
            received
        } else {
            bytes.extend_from_slice(received);
            bytes.as_mut_slice()
        };
        match head.parser.parse(input) {
            Ok(Some((request, size))) => {
                self.handle_request(handler, slot, &request, head.peer);
                // Frames may follow the head in the same packet.
                self.handle_frames(handler, slot, &mut input[size..])
            }
            Ok(None) => {
                if is_first {
                    bytes = input.to_vec();
                }
                head.bytes = bytes;
                self.connections[slot].phase = Phase::Head(head);
                FollowUp::None
            }
            Err(error) => {
                self.respond(slot, &error.response(), false);
                FollowUp::None
            }
        }
    }

    fn handle_request(
        &mut self,
        handler: &mut H,
        slot: u32,
        request: &Request<'_>,
        peer: SocketAddr,
    ) {
        let head_only = request.method() == "HEAD";
        let reply = catch_unwind(AssertUnwindSafe(|| {
            handler.on_request(&mut RequestContext::new(self, slot, peer), request)
        }));
        match reply {
            Ok(Reply::Upgrade(Upgrade { state, subprotocol, headers })) => {
                match self.switch_protocols(slot, request, subprotocol.as_deref(), &headers) {
                    Ok(()) => {
                        self.open(slot, state);
                        self.call(slot, |connection| handler.on_open(connection));
                    }
                    Err(response) => {
                        drop_contained(state);
                        self.respond(slot, &response, head_only);
                    }
                }
            }
            Ok(Reply::Respond(response)) => self.respond(slot, &response, head_only),
            Err(_panic) => {
                let response =
                    Response::text(Status::INTERNAL_SERVER_ERROR, "the handler failed\n");
                self.respond(slot, &response, head_only);
            }
        }
    }

    fn switch_protocols(
        &mut self,
        slot: u32,
        request: &Request<'_>,
        subprotocol: Option<&str>,
        headers: &[(String, String)],
    ) -> Result<(), Response> {
        let upgrade = check_upgrade(request).map_err(|error| error.response())?;
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let queue = self.connections.outgoing(slot);
        queue
            .append(|output| encode_switching_protocols(&upgrade, subprotocol, &headers, output))
            .map_err(|error| {
                let text = format!("the handler's answer cannot be sent: {error}\n");
                Response::text(Status::INTERNAL_SERVER_ERROR, text)
            })
    }

    fn open(&mut self, slot: u32, state: H::State) {
        let protocol = Connection::new(Role::Server, self.config.message_bytes_max);
        self.connections[slot].phase =
            Phase::Open(Open { protocol, state, message_since: None, is_over: false });
        // The idle time may be shorter than what is left of the handshake's.
        self.schedule(slot);
    }

    /// Sends a response, and ends the connection when it has left.
    pub(super) fn respond(&mut self, slot: u32, response: &Response, head_only: bool) {
        let queue = self.connections.outgoing(slot);
        queue.append(|output| response.encode(head_only, Persistence::Close, output));
        self.end(slot);
    }

    /// Handles the rest of what arrived, after a flush.
    pub(super) fn handle_rest(
        &mut self,
        handler: &mut H,
        token: Token,
        mut rest: Vec<u8>,
    ) -> FollowUp {
        if self.connections.get_mut(token).is_none() {
            return FollowUp::None;
        }
        self.handle_frames(handler, token.slot, &mut rest)
    }

    #[inline]
    fn handle_frames(&mut self, handler: &mut H, slot: u32, bytes: &mut [u8]) -> FollowUp {
        let mut input = Input::with_spare(bytes, self.messages.take());
        let mut rest = None;
        while let Some(open) = self.connections[slot].open_mut() {
            match open.protocol.handle_input(&mut input) {
                Ok(Some(event)) => self.handle_event(handler, slot, event),
                Ok(None) => break,
                Err(error) => self.fail(handler, slot, error),
            }
            if self.connections[slot].is_corked_past(self.config.cork_bytes)
                && !input.rest().is_empty()
            {
                rest = Some(input.rest().to_vec());
                break;
            }
        }
        self.messages.give(input.into_spare());
        match rest {
            Some(rest) => FollowUp::Flush(rest),
            None => self.next_fill(slot),
        }
    }

    #[inline]
    fn handle_event(&mut self, handler: &mut H, slot: u32, event: Event<'_>) {
        match event {
            Event::Message(received) => {
                if let Some(open) = self.connections[slot].open_mut() {
                    // The next one's time begins with it, also if it began in the same read.
                    open.message_since = None;
                }
                if let Payload::Assembled(buffer) = received.payload() {
                    self.messages.present(buffer);
                }
                // Whoever has begun to close has no use for messages that were under way.
                if self.connections[slot].open_mut().is_some_and(|open| open.is_sendable()) {
                    self.call(slot, |connection| {
                        handler.on_message(connection, received.as_message());
                    });
                }
                if let Payload::Assembled(buffer) = received.into_payload() {
                    self.messages.finish(buffer);
                }
            }
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

    /// Ends a WebSocket whose stream has ended or broken before a close frame of the peer's.
    pub(super) fn finish_lost(&mut self, handler: &mut H, slot: u32) {
        let open = self.connections[slot].open_mut();
        let cause = if open.is_some_and(|open| open.protocol.has_sent_close()) {
            CloseCause::Local
        } else {
            CloseCause::Lost
        };
        self.finish(handler, slot, &Closed::without_frame(cause));
    }

    /// Ends a WebSocket: tells the handler, then lets what is queued leave.
    pub(super) fn finish(&mut self, handler: &mut H, slot: u32, closed: &Closed<'_>) {
        self.topics.unsubscribe_all(&mut self.connections, slot);
        if let Some(open) = self.connections[slot].open_mut() {
            open.is_over = true;
            self.call(slot, |connection| handler.on_close(connection, closed));
        }
        self.end(slot);
    }

    /// Begins the last phase.
    pub(super) fn end(&mut self, slot: u32) {
        let connection = &mut self.connections[slot];
        drop_contained(std::mem::replace(&mut connection.phase, Phase::Ending));
        connection.since = self.ticks;
        self.connections.mark_dirty(slot);
        self.timers.schedule_earlier(slot, self.ticks + self.config.close_timeout);
    }

    /// Calls the handler for a connection. If it panics, the connection is closed; the panic hook has told of it.
    #[inline]
    pub(super) fn call(&mut self, slot: u32, call: impl FnOnce(&mut Context<'_, H>)) {
        let core = &mut *self;
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut Context::new(core, slot))));
        if result.is_err() {
            let _already_closing =
                self.close(slot, CloseCode::INTERNAL_ERROR, "the handler failed");
        }
    }

    /// Notes whether a message is under way, and asks for the rest of a large frame.
    #[inline]
    fn next_fill(&mut self, slot: u32) -> FollowUp {
        let ticks = self.ticks;
        let Some(open) = self.connections[slot].open_mut() else {
            return FollowUp::None;
        };
        if !open.protocol.is_receiving() {
            open.message_since = None;
            return FollowUp::None;
        }
        let fill = open.protocol.poll_fill();
        if open.message_since.is_none() {
            open.message_since = Some(ticks);
            self.timers.schedule_earlier(slot, ticks + self.config.message_timeout);
        }
        fill.map_or(FollowUp::None, |(buffer, missing)| FollowUp::Fill(buffer, missing))
    }
}

/// Drops what is the handler's, or has something of it. If that panics, it is gone all the same.
fn drop_contained<T>(handlers: T) {
    let _panic = catch_unwind(AssertUnwindSafe(|| drop(handlers)));
}

impl Closed<'_> {
    pub(super) const fn without_frame(cause: CloseCause) -> Self {
        Self { code: CloseCode::ABNORMAL, reason: "", cause }
    }
}
