//! What arrives.
//!
//! A socket receives into provided buffers, by one operation that goes on until it is told to stop. It may bring more than
//! one buffer between two polls; what may not be told yet waits (`telling`). The rest of a large message is received into the message's
//! own buffer, if enough is missing to be worth an operation of its own.

use super::kernel::Piece;
use super::sockets::{News, Phase, Receiving};
use super::{Completion, Token, Told, Uring};
use crate::buffer::MessageBuffer;
use std::io::{self, ErrorKind};

impl Uring {
    /// Begins to receive where nothing is received, if something should be.
    pub(super) fn begin_receives(&mut self) {
        if self.to_receive.is_empty() {
            return;
        }
        let mut listed = std::mem::take(&mut self.to_receive);
        for slot in listed.drain(..) {
            // It may be another's by now, for whom this does no harm.
            if let Some(Some(socket)) = self.sockets.get_mut(slot as usize)
                && std::mem::take(&mut socket.is_listed)
            {
                self.begin_receive(slot);
            }
        }
        self.to_receive = listed;
    }

    fn begin_receive(&mut self, slot: u32) {
        let socket = self.at(slot);
        if !socket.wants_to_receive() {
            return;
        }
        socket.under_way += 1;
        if self.has_fill(slot) {
            let buffer = self.extra(slot).fill.take().expect("it has one");
            let socket = self.sockets[slot as usize].as_mut().expect("it was there just now");
            socket.receiving = Receiving::Filling;
            let name = self.kernel.fill(slot, &socket.handle, buffer);
            self.extra(slot).filling = Some(name);
        } else {
            self.drop_extra_if_empty(slot);
            let socket = self.sockets[slot as usize].as_mut().expect("it was there just now");
            socket.receiving = Receiving::Lending;
            self.kernel.receive(slot, &socket.handle, socket.is_large);
        }
    }

    /// Begins to receive with the next poll, if nothing is received and something should be.
    pub(super) fn list(&mut self, slot: u32) {
        let socket = self.at(slot);
        if socket.wants_to_receive() && !std::mem::replace(&mut socket.is_listed, true) {
            self.to_receive.push(slot);
        }
    }

    /// The next bytes go into this buffer.
    pub(super) fn set_fill(&mut self, token: Token, buffer: MessageBuffer) {
        let slot = token.slot;
        let is_large = buffer.missing() >= FILL_ALONE_SIZE_MIN;
        let socket = self.at(slot);
        socket.is_large |= is_large;
        if socket.receiving == Receiving::Lending && is_large {
            self.stop_receive(slot);
        }
        if self.at(slot).deferred > 0 {
            self.fill_from_deferred(slot, buffer);
        } else {
            self.extra(slot).fill = Some(buffer);
        }
        self.list(slot);
    }

    pub(super) fn pause(&mut self, token: Token) {
        self.at(token.slot).is_paused = true;
        self.stop_receive(token.slot);
    }

    pub(super) fn go_on(&mut self, token: Token) {
        self.at(token.slot).is_paused = false;
        self.defer_kept(token.slot);
        self.list(token.slot);
    }

    pub(super) fn handle_received(
        &mut self,
        slot: u32,
        result: io::Result<Option<Piece>>,
        goes_on: bool,
    ) -> Option<Told> {
        let socket = self.at(slot);
        if !goes_on {
            socket.under_way -= 1;
            socket.receiving = Receiving::Idle;
            // If this is the beginning of another large message, its fill says so.
            socket.is_large &= !matches!(result, Ok(Some(_)));
        }
        let told = match result {
            Ok(Some(piece)) => self.arrived(slot, News::Bytes(piece)),
            Ok(None) => self.ended(slot),
            Err(error) if is_no_fault(&error) => None,
            Err(error) => self.arrived(slot, News::Fault(error)),
        };
        if !goes_on {
            self.settle(slot);
        }
        told
    }

    pub(super) fn handle_filled(
        &mut self,
        slot: u32,
        buffer: MessageBuffer,
        result: io::Result<usize>,
    ) -> Option<Told> {
        self.extra(slot).filling = None;
        let socket = self.at(slot);
        socket.under_way -= 1;
        socket.receiving = Receiving::Idle;
        let is_closing = matches!(socket.phase, Phase::Closing(_));
        let told = match result {
            Ok(0) => self.ended(slot),
            _ if is_closing => None,
            Ok(size) => {
                let polls = self.polls;
                self.at(slot).lent_in = polls;
                let token = self.token(slot);
                Some(Told::Completion(Completion::Filled(token, buffer, size)))
            }
            Err(error) if is_no_fault(&error) => {
                self.extra(slot).fill = Some(buffer);
                None
            }
            Err(error) => self.arrived(slot, News::Fault(error)),
        };
        self.settle(slot);
        told
    }
}

impl super::sockets::Socket {
    fn wants_to_receive(&self) -> bool {
        // Nobody may receive faster than it is told.
        let is_free = !self.is_paused && !self.is_ended && self.deferred == 0;
        self.is_open() && self.receiving == Receiving::Idle && is_free
    }
}

/// It was stopped, or there was no buffer: nothing is wrong with the connection.
fn is_no_fault(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Interrupted || error.raw_os_error() == Some(libc::ECANCELED)
}

/// Bytes of a message that must be missing to stop the receive that goes on and begin one of its own. Below, a copy costs
/// less.
const FILL_ALONE_SIZE_MIN: usize = 64 * 1024;
