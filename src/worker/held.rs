//! Input that was received and has to wait: requests behind one that was not answered yet, and what a peer sent that does
//! not take what it gets. The connection is not read from meanwhile, so it is one read's worth, or two.

use super::connections::Connection;
use super::core::Core;
use super::flags::Flags;
use super::phases::{Phase, StreamEnding};
use super::receive::FollowUp;
use crate::driver::Token;
use crate::handler::Handler;
use crate::limits::{DRAINED_BYTES, RECEIVE_SIZE};
use crate::protocol::http::Persistence;
use std::collections::HashMap;

/// The waiting input, by slot. Few connections have any, so it costs the others nothing.
#[derive(Debug, Default)]
pub(crate) struct Held(HashMap<u32, Vec<u8>>);

impl Held {
    /// Bytes that wait, on all connections.
    pub(super) fn bytes(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Whether so much waits for this connection that no more is to be received.
    pub(super) fn is_full(&self, slot: u32) -> bool {
        self.0.get(&slot).is_some_and(|held| held.len() >= RECEIVE_SIZE)
    }
}

impl<S> Connection<S> {
    /// Whether input can be handled now, as far as this connection's phase goes.
    pub(super) fn takes_input(&self) -> bool {
        match &self.phase {
            // What the handler has replied meanwhile, from elsewhere, comes first.
            Phase::Exchange(exchange) => {
                exchange.reply.is_none() && !exchange.request.body.is_ended()
            }
            Phase::Streaming(stream) => stream.ending == StreamEnding::Told,
            Phase::HandingOver(_) => false,
            _ => true,
        }
    }

    /// Whether this phase has taken all that it may, and no more is to be received.
    pub(super) fn is_phase_full(&self) -> bool {
        match &self.phase {
            Phase::HandingOver(handing_over) => handing_over.bytes.len() >= RECEIVE_SIZE,
            _ => false,
        }
    }

    /// Whether the driver has had the last call about this connection.
    pub(super) fn is_given_up(&self) -> bool {
        match &self.phase {
            Phase::HandingOver(handing_over) => handing_over.is_detaching,
            Phase::Closed => true,
            _ => false,
        }
    }
}

impl<H: Handler> Core<H> {
    /// Whether the peer takes so little of what it gets that its input has to wait.
    pub(super) fn is_behind(&self, slot: u32, bytes: usize) -> bool {
        !self.connections[slot].is_leaving() && self.connections.is_lagging(slot, bytes)
    }

    /// Keeps input for later.
    pub(super) fn hold(&mut self, slot: u32, input: &[u8]) {
        if input.is_empty() {
            return;
        }
        self.held.0.entry(slot).or_default().extend_from_slice(input);
        self.connections[slot].flags.set(Flags::HELD, true);
        self.connections.mark_dirty(slot);
        self.drop_held_behind_stream(slot);
    }

    /// A stream may go on for ever, and the end of its client must be heard: so reading does not pause for what waits behind
    /// it. Where that is too much, the stream is the last answer.
    pub(super) fn drop_held_behind_stream(&mut self, slot: u32) {
        if self.held.is_full(slot)
            && let Phase::Streaming(stream) = &mut self.connections[slot].phase
        {
            stream.persistence = Persistence::Close;
            let _unwanted = self.release(slot);
        }
    }

    /// Whether the connection has input that waits and can be handled now.
    pub(super) fn can_go_on(&self, slot: u32) -> bool {
        let connection = &self.connections[slot];
        let bound = DRAINED_BYTES.min(self.config.read_pause_bytes);
        connection.flags.has(Flags::HELD)
            && connection.takes_input()
            && !self.is_behind(slot, bound)
    }

    /// Handles the input that waited.
    pub(super) fn handle_held(&mut self, handler: &mut H, token: Token) -> FollowUp {
        let is_there = self.connections.get_mut(token).is_some();
        if !is_there || !self.can_go_on(token.slot) {
            return FollowUp::None;
        }
        let input = self.release(token.slot);
        self.handle_rest(handler, token, input)
    }

    /// Handles the rest of what arrived, or keeps it for when the peer has taken more of what it gets.
    pub(super) fn handle_rest(
        &mut self,
        handler: &mut H,
        token: Token,
        mut rest: Vec<u8>,
    ) -> FollowUp {
        let bound = self.config.read_pause_bytes;
        if self.connections.get_mut(token).is_none() {
            return FollowUp::None;
        }
        if self.is_behind(token.slot, bound) {
            self.hold(token.slot, &rest);
            return FollowUp::None;
        }
        self.handle_input(handler, token.slot, &mut rest)
    }

    /// Forgets what waits of a connection, and gives it to the caller.
    pub(super) fn release(&mut self, slot: u32) -> Vec<u8> {
        let flags = &mut self.connections[slot].flags;
        if !flags.take(Flags::HELD) {
            return Vec::new();
        }
        self.connections.mark_dirty(slot);
        self.held.0.remove(&slot).unwrap_or_default()
    }
}
