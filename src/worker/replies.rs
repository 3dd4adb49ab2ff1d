//! Carrying out what handlers reply to requests: responses, streams, WebSockets, and waiting.

use super::core::Core;
use super::flags::Flags;
use super::phases::{Discarding, Exchange, Open, Phase, StreamEnding, Streaming, Unanswered};
use super::receive::drop_contained;
use super::requests::{Asked, handler_failed};
use super::topics::Variant;
use crate::handler::{CloseCause, Closed, Handler, NotPending, Pending, Reply, Stream, Upgrade};
use crate::limits::{DISCARDED_BYTES_MAX, TIMEOUT_MAX};
use crate::protocol::handshake::{HandshakeError, check_upgrade, encode_switching_protocols};
use crate::protocol::http::{
    BodySize, Persistence, Request, Response, Status, StreamCoding, encode_chunk, encode_continue,
    encode_last_chunk, parse_head,
};
use crate::protocol::{CloseCode, Connection, Role, SendError};

impl<H: Handler> Core<H> {
    /// Takes the handler's reply to a request that waits for it; it is carried out when the handler has returned.
    pub(crate) fn reply(&mut self, slot: u32, reply: Reply<H::State>) -> Result<(), NotPending> {
        let exchange = self.connections[slot].exchange_mut().ok_or(NotPending)?;
        exchange.reply = Some(reply);
        self.replied.push(self.connections.token(slot));
        Ok(())
    }

    /// Carries out the reply of an exchange, if there is one.
    pub(super) fn carry_out_reply(&mut self, handler: &mut H, slot: u32) {
        let phase = &mut self.connections[slot].phase;
        let reply = match phase {
            Phase::Exchange(exchange) if !exchange.is_over => exchange.reply.take(),
            _ => None,
        };
        let Some(reply) = reply else {
            return;
        };
        if let Phase::Exchange(exchange) = std::mem::replace(phase, Phase::Ending) {
            let Exchange { request, state, .. } = *exchange;
            drop_contained(state);
            self.carry_out(handler, slot, request, reply);
        }
    }

    pub(super) fn carry_out(
        &mut self,
        handler: &mut H,
        slot: u32,
        request: Unanswered,
        reply: Reply<H::State>,
    ) {
        match reply {
            Reply::Respond(response) => self.respond(slot, request, &response),
            Reply::Upgrade(upgrade) => self.upgrade_late(handler, slot, request, upgrade),
            Reply::Stream(stream) => self.stream(handler, slot, request, stream),
            Reply::Pending(pending) => self.await_reply(slot, request, pending),
            Reply::HandOff(_) => {
                let text = "the handler hands over a request that it kept waiting\n";
                let response = Response::text(Status::INTERNAL_SERVER_ERROR, text);
                self.respond(slot, request, &response);
            }
        }
    }

    /// Sends a response, then awaits the next request if there may be one.
    pub(super) fn respond(&mut self, slot: u32, request: Unanswered, response: &Response) {
        if response.status().number() < 200 {
            // RFC 9110 15.2: such a response announces another one, which would never come.
            return self.respond_last(slot, request, &handler_failed());
        }
        let persistence = self.persistence(&request);
        let head_only = request.asked.is_head_only();
        let queue = self.connections.outgoing(slot);
        queue.append(|output| response.encode(head_only, persistence, output));
        self.after_response(slot, request, persistence);
    }

    /// Sends a response and ends the connection: who wanted a WebSocket, and got none, has no other use for it.
    pub(super) fn respond_last(&mut self, slot: u32, mut request: Unanswered, response: &Response) {
        request.asked.persistence = Persistence::Close;
        self.respond(slot, request, response);
    }

    /// Sends a response to what cannot be a request, or not one that is answered, and ends the connection.
    pub(super) fn refuse(&mut self, slot: u32, head_only: bool, response: &Response) {
        let queue = self.connections.outgoing(slot);
        queue.append(|output| response.encode(head_only, Persistence::Close, output));
        self.end(slot);
    }

    /// What becomes of the connection when this request is answered now.
    fn persistence(&self, request: &Unanswered) -> Persistence {
        let Asked { persistence, body_size, expects_continue, .. } = request.asked;
        let is_body_harmless = request.body.is_ended()
            // RFC 9110 10.1.1: who was not told to go on may send the body or not, and nobody could tell which.
            || !expects_continue
                && match body_size {
                    BodySize::Known(size) => size <= DISCARDED_BYTES_MAX as u64,
                    BodySize::Chunked => true,
                };
        match is_body_harmless && !self.is_shutting_down {
            true => persistence,
            false => Persistence::Close,
        }
    }

    fn after_response(&mut self, slot: u32, request: Unanswered, persistence: Persistence) {
        let Unanswered { head, body, .. } = request;
        if persistence == Persistence::Close {
            self.end(slot);
        } else if body.is_ended() {
            self.await_request(slot, head);
        } else {
            let discarding = Discarding { head, body, discarded: 0 };
            let connection = &mut self.connections[slot];
            connection.phase = Phase::Discarding(Box::new(discarding));
            connection.since = self.ticks;
            connection.flags.set(Flags::PAUSED_BY_HANDLER, false);
            self.schedule(slot);
        }
    }

    fn await_reply(&mut self, slot: u32, mut request: Unanswered, pending: Pending<H::State>) {
        if std::mem::take(&mut request.asked.expects_continue) && !request.body.is_ended() {
            self.connections.outgoing(slot).append(encode_continue);
        }
        let Pending { state, timeout } = pending;
        let due = self.ticks + timeout.min(TIMEOUT_MAX);
        let exchange = Exchange { request, state, due, reply: None, is_over: false };
        self.connections[slot].phase = Phase::Exchange(Box::new(exchange));
        self.schedule(slot);
    }

    /// Makes a request that was kept waiting a WebSocket.
    fn upgrade_late(
        &mut self,
        handler: &mut H,
        slot: u32,
        mut unanswered: Unanswered,
        upgrade: Upgrade<H::State>,
    ) {
        let bytes = std::mem::take(&mut unanswered.head.bytes);
        match parse_head(&bytes) {
            Ok(Some((request, _))) => {
                self.upgrade(handler, slot, unanswered, &request, upgrade);
                let connection = &self.connections[slot];
                let flags = connection.flags;
                if matches!(connection.phase, Phase::Open(_))
                    && flags.has(Flags::AT_END)
                    && !flags.has(Flags::HELD)
                {
                    // Its end was told before, and is not told again.
                    self.finish_lost(handler, slot);
                }
            }
            // They are kept of requests that ask for an upgrade, so this one did not.
            _ => {
                drop_contained(upgrade.state);
                self.respond_last(slot, unanswered, &HandshakeError::UpgradeMissing.response());
            }
        }
    }

    pub(super) fn upgrade(
        &mut self,
        handler: &mut H,
        slot: u32,
        unanswered: Unanswered,
        request: &Request<'_>,
        upgrade: Upgrade<H::State>,
    ) {
        let Upgrade { state, subprotocol, headers } = upgrade;
        let switched = self.switch_protocols(slot, request, subprotocol.as_deref(), &headers);
        let protocol = match switched {
            Ok(protocol) => protocol,
            Err(response) => {
                drop_contained(state);
                return self.respond_last(slot, unanswered, &response);
            }
        };
        self.connections[slot].phase = Phase::Open(Open { protocol, state });
        // The idle time may be shorter than what is left of the handshake's.
        self.schedule(slot);
        self.call(slot, |connection| handler.on_open(connection));
        self.send_away(slot);
    }

    /// Tells what has just opened to go, if everybody was told before.
    fn send_away(&mut self, slot: u32) {
        if self.is_shutting_down {
            let _already_closing = self.close(slot, CloseCode::GOING_AWAY, SHUTS_DOWN);
        }
    }

    fn switch_protocols(
        &mut self,
        slot: u32,
        request: &Request<'_>,
        subprotocol: Option<&str>,
        headers: &[(String, String)],
    ) -> Result<Connection, Response> {
        let upgrade = check_upgrade(request).map_err(|error| error.response())?;
        let protocol = Connection::new(Role::Server, self.config.message_bytes_max);
        #[cfg(feature = "deflate")]
        let accepted = self.config.deflate.accept(request.extensions().flatten());
        #[cfg(feature = "deflate")]
        let (upgrade, protocol) = match &accepted {
            Some((agreement, answer)) => (
                upgrade.with_extensions(answer),
                protocol.with_deflate(agreement, &self.config.deflate),
            ),
            None => (upgrade, protocol),
        };
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let queue = self.connections.outgoing(slot);
        let switched = queue
            .append(|output| encode_switching_protocols(&upgrade, subprotocol, &headers, output));
        match switched {
            Ok(()) => Ok(protocol),
            Err(error) => {
                let text = format!("the handler's answer cannot be sent: {error}\n");
                Err(Response::text(Status::INTERNAL_SERVER_ERROR, text))
            }
        }
    }

    fn stream(
        &mut self,
        handler: &mut H,
        slot: u32,
        request: Unanswered,
        stream: Stream<H::State>,
    ) {
        let Stream { state, response } = stream;
        if response.status().number() < 200 {
            // As with a response that is whole: it announces another one.
            drop_contained(state);
            return self.respond_last(slot, request, &handler_failed());
        }
        let mut persistence = self.persistence(&request);
        if !request.body.is_ended() {
            // What arrives of the body meanwhile has nobody who takes it.
            persistence = Persistence::Close;
        }
        if self.held.is_full(slot) {
            persistence = Persistence::Close;
        }
        let queue = self.connections.outgoing(slot);
        let coding = queue.append(|output| {
            let coding = response.encode_stream_head(request.asked.coding, persistence, output);
            encode_piece(coding, response.body(), output);
            coding
        });
        if coding == StreamCoding::None {
            drop_contained(state);
            return self.after_response(slot, request, persistence);
        }
        if coding == StreamCoding::UntilClose {
            persistence = Persistence::Close;
        }
        let head = request.head;
        let ending = StreamEnding::None;
        let streaming = Streaming { head, state, coding, persistence, ending };
        self.connections[slot].phase = Phase::Streaming(Box::new(streaming));
        self.drop_held_behind_stream(slot);
        self.call(slot, |connection| handler.on_open(connection));
        self.send_away(slot);
    }

    /// Ends a stream for the handler, which is told with the next flush.
    pub(super) fn end_stream(&mut self, slot: u32, code: CloseCode) -> Result<(), SendError> {
        let (phase, queue) = self.connections.with_queue(slot);
        let Phase::Streaming(stream) = phase else {
            return Err(SendError::Closing);
        };
        if stream.ending != StreamEnding::None {
            return Err(SendError::Closing);
        }
        if matches!(code, CloseCode::NORMAL | CloseCode::GOING_AWAY) {
            stream.ending = StreamEnding::Complete;
            if stream.coding == StreamCoding::Chunked {
                queue.append(encode_last_chunk);
            }
        } else {
            stream.ending = StreamEnding::Cut;
        }
        self.topics.unsubscribe_all(&mut self.connections, slot);
        Ok(())
    }

    /// Tells the handler of a stream that it has ended, and goes on to the next request if there may be one.
    pub(super) fn finish_stream(&mut self, handler: &mut H, slot: u32) {
        let Phase::Streaming(stream) = &self.connections[slot].phase else {
            return;
        };
        let (persistence, coding, ending) = (stream.persistence, stream.coding, stream.ending);
        let code = match ending {
            StreamEnding::None | StreamEnding::Told => return,
            StreamEnding::Complete => CloseCode::NORMAL,
            StreamEnding::Cut => CloseCode::ABNORMAL,
        };
        if self.connections[slot].begin_end() {
            let closed = Closed { code, reason: "", cause: CloseCause::Local };
            self.call(slot, |connection| handler.on_close(connection, &closed));
        }
        if ending == StreamEnding::Cut && coding == StreamCoding::UntilClose {
            // An orderly end would look like the end of the body.
            self.doom(slot);
        }
        let stays = persistence != Persistence::Close && !self.is_shutting_down;
        if ending == StreamEnding::Cut || !stays {
            return self.end(slot);
        }
        let phase = std::mem::replace(&mut self.connections[slot].phase, Phase::Ending);
        if let Phase::Streaming(stream) = phase {
            let Streaming { head, state, .. } = *stream;
            drop_contained(state);
            self.await_request(slot, head);
        }
    }
}

impl<S> Streaming<S> {
    /// Appends a piece of the body.
    pub(super) fn encode(&self, piece: &[u8], output: &mut Vec<u8>) {
        encode_piece(self.coding, piece, output);
    }

    /// What of a publication is a piece of the body.
    pub(super) const fn variant(&self) -> Variant {
        match self.coding {
            StreamCoding::Chunked => Variant::CHUNK,
            StreamCoding::UntilClose | StreamCoding::None => Variant::BYTES,
        }
    }
}

fn encode_piece(coding: StreamCoding, piece: &[u8], output: &mut Vec<u8>) {
    match coding {
        StreamCoding::Chunked => encode_chunk(piece, output),
        StreamCoding::UntilClose => output.extend_from_slice(piece),
        StreamCoding::None => {}
    }
}

pub(super) const SHUTS_DOWN: &str = "the server shuts down";
