//! What leaves. A send takes the queue along and goes out with the next poll, with all others of its tick.

use super::{Completion, Sending, Token, Told, Uring};
use crate::buffer::SendQueue;
use crate::driver::uring::sockets::Phase;
use std::io::{self, ErrorKind};

impl Uring {
    pub(super) fn begin_send(&mut self, token: Token, queue: &mut SendQueue) -> Sending {
        let Some(Some(socket)) = self.sockets.get_mut(token.slot as usize) else {
            return Sending::Blocked;
        };
        if socket.generation != token.generation || !socket.is_open() {
            return Sending::Blocked;
        }
        debug_assert!(!socket.is_sending, "send while something is in flight");
        if queue.is_empty() {
            return Sending::Done;
        }
        socket.is_sending = true;
        socket.under_way += 1;
        let waits = std::mem::take(&mut socket.is_full);
        self.kernel.send(token.slot, &socket.handle, std::mem::take(queue), waits);
        Sending::InFlight
    }

    pub(super) fn handle_sent(
        &mut self,
        slot: u32,
        queue: SendQueue,
        result: io::Result<()>,
    ) -> Option<Told> {
        let socket = self.at(slot);
        socket.under_way -= 1;
        socket.is_sending = false;
        if let Phase::Closing(_) = socket.phase {
            self.settle(slot);
            return None;
        }
        match result {
            Err(error) if error.kind() != ErrorKind::Interrupted => {
                self.fail(slot, error);
                return None;
            }
            _ => socket.is_full = !queue.is_empty(),
        }
        if queue.is_empty() && std::mem::take(&mut socket.is_ending) {
            self.shut_down(slot);
        }
        let token = self.token(slot);
        Some(Told::Completion(Completion::Sent(token, queue)))
    }

    /// Ends the outgoing stream, now or behind what is in flight.
    pub(super) fn end_stream(&mut self, token: Token) {
        let socket = self.at(token.slot);
        if socket.is_sending {
            socket.is_ending = true;
            self.is_hurried = true;
        } else {
            self.shut_down(token.slot);
        }
    }

    fn shut_down(&mut self, slot: u32) {
        let socket = self.sockets[slot as usize].as_mut().expect("the caller has looked");
        socket.under_way += 1;
        self.kernel.shut_down(slot, &socket.handle);
    }
}
