//! What becomes of the things that a poll has found, when the worker asks for them.

use super::super::{Completion, Token};
use super::kernel::Stream;
use super::socket::Life;
use super::{Simulated, SimulatedTransfer};
use crate::buffer::MessageBuffer;
use std::io::{self, ErrorKind};

impl Simulated {
    pub(super) fn next_accept(&mut self) -> Option<Completion<'static, SimulatedTransfer>> {
        let kernel = &mut *self.kernel.lock();
        let &next = kernel.stations[self.station].backlog.front()?;
        let is_late = std::mem::take(&mut self.has_late_accept);
        if !self.is_accepting && !is_late {
            return None;
        }
        let chance = kernel.weather.accept_failure_per_mille;
        if kernel.stations[self.station].is_exhausted || kernel.random.happens(chance) {
            self.is_accepting = false;
            kernel.stations[self.station].accept_failures += 1;
            kernel.note(b'F', next, 0);
            return Some(Completion::AcceptFailed(io::Error::from_raw_os_error(EMFILE)));
        }
        let wire = kernel.stations[self.station].backlog.pop_front()?;
        kernel.note(b'A', wire, 0);
        let transfer = SimulatedTransfer { kernel: self.kernel.clone(), wire, is_attached: false };
        Some(Completion::Accepted(transfer, kernel.address(wire)))
    }

    pub(super) fn next_connected(
        &mut self,
        token: Token,
    ) -> Option<Completion<'static, SimulatedTransfer>> {
        let kernel = self.kernel.clone();
        let kernel = &mut *kernel.lock();
        let socket = self.socket(token).filter(|socket| socket.life == Life::Established)?;
        let wire = socket.wire;
        if kernel.wires[wire].peer == Stream::Reset && kernel.random.below(2) == 0 {
            // The worker hears of it with the next poll, and never that it was there.
            socket.life = Life::Failed(ErrorKind::ConnectionReset);
            return None;
        }
        socket.life = Life::Attached;
        kernel.note(b'N', wire, 0);
        Some(Completion::Connected(token))
    }

    /// Receives for one connection: into its message's buffer, or into the memory to be lent.
    pub(super) fn receive_from(&mut self, token: Token) -> Outcome {
        let kernel = self.kernel.clone();
        let kernel = &mut *kernel.lock();
        let mut lent = std::mem::take(&mut self.lent);
        let station = self.station;
        let Some(socket) = self.socket(token) else {
            return Outcome::Nothing;
        };
        let is_wanted = socket.life == Life::Attached && !socket.is_paused;
        let is_late = !socket.late.is_empty();
        if !(is_wanted || is_late) || matches!(socket.life, Life::Failed(_)) {
            return Outcome::Nothing;
        }
        let wire = socket.wire;
        let size = if is_late { socket.late.len() } else { kernel.receive_size(wire) };
        if size == 0 {
            return match kernel.wires[wire].peer {
                Stream::Open => Outcome::Nothing,
                Stream::Ended if socket.is_ended => Outcome::Nothing,
                Stream::Ended => {
                    socket.is_ended = true;
                    kernel.note(b'E', wire, 0);
                    Outcome::Ended
                }
                Stream::Reset => {
                    // The worker hears of it as of any other fault, in its turn.
                    if socket.life == Life::Attached {
                        socket.life = Life::Failed(ErrorKind::ConnectionReset);
                    }
                    Outcome::Nothing
                }
            };
        }
        let source = if is_late { &mut socket.late } else { &mut kernel.wires[wire].to_worker };
        if let Some(mut buffer) = socket.fill.take() {
            kernel.stations[station].filling_bytes -= buffer.capacity();
            let size = size.min(buffer.missing());
            let bytes: Vec<u8> = source.drain(..size).collect();
            buffer.receive_copy(&bytes);
            kernel.note(b'I', wire, size);
            return Outcome::Filled(buffer, size);
        }
        lent.clear();
        lent.extend(source.drain(..size));
        kernel.note(b'R', wire, size);
        self.lent = lent;
        Outcome::Received
    }

    pub(super) fn next_writable(
        &mut self,
        token: Token,
    ) -> Option<Completion<'static, SimulatedTransfer>> {
        let socket = self.socket(token)?;
        if !socket.is_blocked || matches!(socket.life, Life::Failed(_)) {
            return None;
        }
        socket.is_blocked = false;
        let wire = socket.wire;
        self.kernel.lock().note(b'W', wire, 0);
        Some(Completion::Writable(token))
    }

    pub(super) fn next_sent(
        &mut self,
        token: Token,
    ) -> Option<Completion<'static, SimulatedTransfer>> {
        let socket = self.socket(token)?;
        let queue = socket.in_flight.take_if(|queue| queue.is_empty() || socket.returns_early)?;
        socket.is_full = !queue.is_empty();
        let wire = socket.wire;
        self.kernel.lock().note(b'S', wire, 0);
        Some(Completion::Sent(token, queue))
    }

    pub(super) fn next_last_word(
        &mut self,
        token: Token,
    ) -> Option<Completion<'static, SimulatedTransfer>> {
        self.socket(token)?;
        let socket = self.sockets[token.slot as usize].take()?;
        let wire = socket.wire;
        let kernel = &mut *self.kernel.lock();
        let unfilled = socket.fill.as_ref().map_or(0, MessageBuffer::capacity);
        kernel.stations[self.station].filling_bytes -= unfilled;
        let error = match socket.life {
            Life::Failed(kind) => Some(kind),
            Life::Detached => {
                let is_reset = kernel.wires[wire].peer == Stream::Reset;
                if !is_reset || kernel.random.below(2) == 0 {
                    kernel.note(b'D', wire, 0);
                    let transfer =
                        SimulatedTransfer { kernel: self.kernel.clone(), wire, is_attached: false };
                    return Some(Completion::Detached(token, transfer));
                }
                Some(ErrorKind::ConnectionReset)
            }
            _ => None,
        };
        let error = error.map(io::Error::from);
        kernel.note(b'C', wire, 0);
        Some(Completion::Closed(token, error))
    }
}

/// What one receive brought.
pub(super) enum Outcome {
    Nothing,
    Received,
    Filled(MessageBuffer, usize),
    Ended,
}

/// Linux's number for "too many open files".
pub(super) const EMFILE: i32 = 24;
