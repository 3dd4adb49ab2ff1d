//! Requests as they arrive, one after the other on a connection: heads, bodies, and what follows before its turn.

use super::WorkerId;
use super::core::Core;
use super::flags::Flags;
use super::phases::{Discarding, Exchange, HandingOver, Head, Phase, Unanswered};
use super::receive::{FollowUp, drop_contained};
use crate::handler::{CloseCause, Closed, Handler, Reply, RequestContext};
use crate::limits::{DISCARDED_BYTES_MAX, HANDING_OVER_MAX};
use crate::protocol::http::{
    BodyError, BodyPart, BodyReader, BodySize, Persistence, Request, Response, Status, StreamCoding,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a request says about its answer, kept while the request itself is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// What becomes of the connection.
    pub(super) persistence: Persistence,
    /// How a body may be sent; not at all to `HEAD`.
    pub(super) coding: StreamCoding,
    pub(super) body_size: BodySize,
    /// The client sends its body when it is told to.
    pub(super) expects_continue: bool,
}

impl Asked {
    fn of(request: &Request<'_>) -> Self {
        Self {
            persistence: request.persistence(),
            coding: request.stream_coding(),
            body_size: request.body_size(),
            expects_continue: request.expects_continue(),
        }
    }

    pub(super) fn is_head_only(&self) -> bool {
        self.coding == StreamCoding::None
    }
}

impl<H: Handler> Core<H> {
    /// Handles input of a connection that is no WebSocket, or not yet.
    pub(super) fn handle_http(
        &mut self,
        handler: &mut H,
        slot: u32,
        received: &mut [u8],
    ) -> FollowUp {
        let mut bytes = match &mut self.connections[slot].phase {
            Phase::Head(head) => std::mem::take(&mut head.bytes),
            Phase::Connecting(connecting) => std::mem::take(&mut connecting.bytes),
            _ => Vec::new(),
        };
        if bytes.is_empty() {
            return self.handle_http_input(handler, slot, received);
        }
        bytes.extend_from_slice(received);
        self.handle_http_input(handler, slot, &mut bytes)
    }

    fn handle_http_input(&mut self, handler: &mut H, slot: u32, mut input: &mut [u8]) -> FollowUp {
        while !input.is_empty() {
            let connection = &mut self.connections[slot];
            if !connection.takes_input() {
                self.keep(slot, input);
                return FollowUp::None;
            }
            let used = match &connection.phase {
                Phase::Head(_) => self.handle_head(handler, slot, input),
                Phase::Exchange(_) => self.handle_body(handler, slot, input),
                Phase::Discarding(_) => self.discard(slot, input),
                Phase::Connecting(_) => self.handle_answer(handler, slot, input),
                // Frames may follow the head in the same packet.
                Phase::Open(_) => return self.handle_frames(handler, slot, input),
                _ => return FollowUp::None,
            };
            input = &mut input[used..];
            let connection = &self.connections[slot];
            let has_much_to_send = connection.is_corked_past(self.config.cork_bytes)
                || self.is_behind(slot, self.config.read_pause_bytes);
            if !input.is_empty() && has_much_to_send {
                return FollowUp::Flush(input.to_vec());
            }
        }
        FollowUp::None
    }

    /// Keeps what came before its turn, unless it has none.
    fn keep(&mut self, slot: u32, input: &[u8]) {
        match &mut self.connections[slot].phase {
            Phase::HandingOver(handing_over) => {
                handing_over.bytes.extend_from_slice(input);
                // It may be enough for now.
                self.connections.mark_dirty(slot);
            }
            // The connection ends with the answer that is under way.
            Phase::Streaming(stream) if stream.persistence == Persistence::Close => {}
            Phase::Exchange(exchange)
                if exchange.request.asked.persistence == Persistence::Close
                    && exchange.request.body.is_ended() => {}
            _ => self.hold(slot, input),
        }
    }

    /// Handles the head that the input begins with; says how much of the input it took.
    fn handle_head(&mut self, handler: &mut H, slot: u32, input: &[u8]) -> usize {
        let phase = std::mem::replace(&mut self.connections[slot].phase, Phase::Ending);
        let Phase::Head(mut head) = phase else {
            unreachable!("called while a head is awaited");
        };
        match head.parser.parse(input) {
            Ok(Some((request, size))) => {
                return self.handle_request(handler, slot, head, &request, size, input);
            }
            Ok(None) => {
                head.bytes = input.to_vec();
                let has_begun = std::mem::replace(&mut head.has_begun, true);
                self.connections[slot].phase = Phase::Head(head);
                if !has_begun {
                    self.begin_head(slot);
                }
            }
            Err(error) => self.refuse(slot, false, &error.response()),
        }
        input.len()
    }

    /// The time of a kept connection's next head begins with its first byte.
    fn begin_head(&mut self, slot: u32) {
        let ticks = self.ticks;
        let connection = &mut self.connections[slot];
        if matches!(&connection.phase, Phase::Head(head) if head.is_kept_alive) {
            connection.since = ticks;
            self.schedule(slot);
        }
    }

    /// Asks the handler about a request; says how much of the input was used.
    fn handle_request(
        &mut self,
        handler: &mut H,
        slot: u32,
        mut head: Box<Head>,
        request: &Request<'_>,
        size: usize,
        input: &[u8],
    ) -> usize {
        let asked = Asked::of(request);
        let body = match begin_body(asked.body_size, self.config.body_bytes_max) {
            Ok(body) => body,
            Err(error) => {
                self.refuse(slot, asked.is_head_only(), &error.response());
                return size;
            }
        };
        let peer = head.peer;
        let reply = catch_unwind(AssertUnwindSafe(|| {
            handler.on_request(&mut RequestContext::new(self, slot, peer), request)
        }));
        let body_since = self.ticks;
        let Ok(reply) = reply else {
            let unanswered = Unanswered { head, asked, body, body_since };
            self.respond_last(slot, unanswered, &handler_failed());
            return size;
        };
        match reply {
            Reply::HandOff(to) => match self.hand_off(slot, &head, &asked, to, input) {
                None => return input.len(),
                Some(refusal) => {
                    self.respond(slot, Unanswered { head, asked, body, body_since }, &refusal);
                }
            },
            Reply::Upgrade(upgrade) => {
                let unanswered = Unanswered { head, asked, body, body_since };
                self.upgrade(handler, slot, unanswered, request, upgrade);
            }
            reply => {
                if matches!(reply, Reply::Pending(_)) && request.is_upgrade() {
                    // The handler may grant it later.
                    head.bytes = input[..size].to_vec();
                }
                self.carry_out(handler, slot, Unanswered { head, asked, body, body_since }, reply);
                self.give_empty_body(handler, slot);
            }
        }
        size
    }

    /// Tells a handler that awaits a body that there is none.
    fn give_empty_body(&mut self, handler: &mut H, slot: u32) {
        let exchange = self.connections[slot].exchange_mut();
        if exchange.is_some_and(|exchange| exchange.request.body.is_ended()) {
            self.call(slot, |connection| handler.on_body(connection, BodyPart::End));
            self.carry_out_reply(handler, slot);
        }
    }

    /// Sends the connection on its way to another worker, with the request. If that cannot be, answers why.
    fn hand_off(
        &mut self,
        slot: u32,
        head: &Head,
        asked: &Asked,
        to: WorkerId,
        input: &[u8],
    ) -> Option<Response> {
        if to == self.id || usize::from(to.0) >= self.workers() || head.was_handed_over {
            let text =
                "the handler hands over to a worker that there is not, to itself, or twice\n";
            return Some(Response::text(Status::INTERNAL_SERVER_ERROR, text));
        }
        if self.handing_over >= HANDING_OVER_MAX {
            let text = "too many connections are on their way to another worker: try again\n";
            return Some(Response::text(Status::SERVICE_UNAVAILABLE, text));
        }
        self.handing_over += 1;
        let handing_over = HandingOver {
            to,
            bytes: input.to_vec(),
            peer: head.peer,
            is_head_only: asked.is_head_only(),
            is_detaching: false,
        };
        let connection = &mut self.connections[slot];
        connection.phase = Phase::HandingOver(Box::new(handing_over));
        connection.since = self.ticks;
        self.connections.mark_dirty(slot);
        self.schedule(slot);
        None
    }

    /// Gives the handler what the input has of a body; says how much of the input that was.
    fn handle_body(&mut self, handler: &mut H, slot: u32, input: &[u8]) -> usize {
        let mut rest = input;
        while let Some(exchange) = self.connections[slot].exchange_mut() {
            if exchange.request.body.is_ended() {
                break;
            }
            match exchange.request.body.handle_input(&mut rest) {
                Ok(Some(part)) => {
                    self.call(slot, |connection| handler.on_body(connection, part));
                    self.carry_out_reply(handler, slot);
                }
                Ok(None) => break,
                Err(error) => {
                    self.abandon(handler, slot, Some(&error.response()), CloseCause::Lost);
                    break;
                }
            }
        }
        input.len() - rest.len()
    }

    /// Reads over a body that nobody wants; says how much of the input it took.
    fn discard(&mut self, slot: u32, input: &[u8]) -> usize {
        let mut rest = input;
        let Phase::Discarding(discarding) = &mut self.connections[slot].phase else {
            unreachable!("called while a body is discarded");
        };
        let result = loop {
            match discarding.body.handle_input(&mut rest) {
                Ok(Some(BodyPart::Data(_))) => {}
                result => break result,
            }
        };
        let used = input.len() - rest.len();
        discarding.discarded += used;
        match result {
            Ok(Some(_end)) => {
                let phase = std::mem::replace(&mut self.connections[slot].phase, Phase::Ending);
                let Phase::Discarding(discarding) = phase else {
                    unreachable!("it was the phase a moment ago");
                };
                let Discarding { head, .. } = *discarding;
                self.await_request(slot, head);
            }
            Ok(None) if discarding.discarded <= DISCARDED_BYTES_MAX => {}
            // It was answered already, so nothing can be said about this.
            Ok(None) | Err(_) => self.end(slot),
        }
        used
    }

    /// Awaits the next request.
    pub(super) fn await_request(&mut self, slot: u32, mut head: Box<Head>) {
        head.bytes = Vec::new();
        (head.has_begun, head.is_kept_alive, head.was_handed_over) = (false, true, false);
        let connection = &mut self.connections[slot];
        connection.phase = Phase::Head(head);
        connection.since = self.ticks;
        // Nobody could take the pause back now.
        connection.flags.set(Flags::PAUSED_BY_HANDLER, false);
        self.schedule(slot);
    }

    /// Ends an exchange without the handler's reply, and tells the handler. Does nothing if there is a reply, or if it has
    /// ended already, because two deadlines have passed at once.
    pub(super) fn abandon(
        &mut self,
        handler: &mut H,
        slot: u32,
        response: Option<&Response>,
        cause: CloseCause,
    ) {
        if self.connections[slot].exchange_mut().is_none() {
            return;
        }
        self.tell_end(handler, slot, &Closed::without_frame(cause));
        let Some(response) = response else {
            return self.end(slot);
        };
        let phase = std::mem::replace(&mut self.connections[slot].phase, Phase::Ending);
        if let Phase::Exchange(exchange) = phase {
            let Exchange { request, state, .. } = *exchange;
            drop_contained(state);
            self.respond_last(slot, request, response);
        }
    }
}

/// The body that a request announces. One of no bytes has ended when it begins.
fn begin_body(size: BodySize, bytes_max: usize) -> Result<BodyReader, BodyError> {
    let mut body = BodyReader::new(size, bytes_max as u64)?;
    if size == BodySize::Known(0) {
        body.handle_input(&mut [].as_slice())?;
    }
    Ok(body)
}

pub(super) fn handler_failed() -> Response {
    Response::text(Status::INTERNAL_SERVER_ERROR, "the handler failed\n")
}
