//! One simulated connection, from the worker's side.

use super::super::{Close, Token};
use super::kernel::{Answer, Kernel, Stream};
use crate::buffer::{MessageBuffer, SendQueue};
use std::collections::VecDeque;
use std::io::ErrorKind;

#[derive(Debug)]
pub(super) struct Socket {
    pub(super) wire: usize,
    pub(super) generation: u32,
    pub(super) is_paused: bool,
    pub(super) is_blocked: bool,
    /// The worker has ended its stream.
    pub(super) is_shut: bool,
    /// The worker was told that the peer's stream has ended.
    pub(super) is_ended: bool,
    /// What had been received when the worker paused, closed or detached, and is still told.
    pub(super) late: VecDeque<u8>,
    pub(super) fill: Option<MessageBuffer>,
    pub(super) in_flight: Option<SendQueue>,
    /// What is in flight comes back before all of it has left.
    pub(super) returns_early: bool,
    /// What is in flight ends no wait, if it leaves at once, and comes back if it does not.
    pub(super) is_quiet: bool,
    /// Something came back for which there was no room: what is sent next waits for that.
    pub(super) is_full: bool,
    pub(super) life: Life,
}

/// ```text
///  connect ─► Connecting ─► Established ─► Attached ─► Detached, Closed
///                  └─────────────┴─► Failed ◄─┘
/// ```
///
/// All but `Failed` can be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Until the address answers; the weather may have answered for it.
    Connecting(Option<Answer>),
    /// The connection is there; the worker has not heard of it.
    Established,
    Attached,
    /// It broke; the worker has not heard of it.
    Failed(ErrorKind),
    /// The worker gave it away; the last word is due.
    Detached,
    /// The worker gave it up; the last word is due.
    Closed(Close),
}

impl Socket {
    pub(super) const fn new(wire: usize, generation: u32, life: Life) -> Self {
        Self {
            wire,
            generation,
            is_paused: false,
            is_blocked: false,
            is_shut: false,
            is_ended: false,
            late: VecDeque::new(),
            fill: None,
            in_flight: None,
            returns_early: false,
            is_quiet: false,
            is_full: false,
            life,
        }
    }

    /// Lets time do its work: the connection may break, and what is in flight moves on.
    pub(super) fn weather(&mut self, kernel: &mut Kernel) {
        self.connect(kernel);
        let is_there = matches!(self.life, Life::Established | Life::Attached);
        if is_there && kernel.random.happens(kernel.weather.reset_per_mille) {
            kernel.reset_by_peer(self.wire);
        }
        if matches!(self.life, Life::Failed(_) | Life::Closed(Close::Reset)) {
            return;
        }
        let Some(queue) = &mut self.in_flight else {
            return;
        };
        if kernel.wires[self.wire].peer == Stream::Reset {
            if self.life == Life::Attached {
                self.life = Life::Failed(ErrorKind::ConnectionReset);
            } else {
                queue.clear();
            }
            return;
        }
        let size = kernel.carry(self.wire, queue);
        let falls_short = self.is_quiet && !queue.is_empty();
        self.is_quiet &= queue.is_empty();
        // A shut or closed stream still has to carry everything.
        let may_return = !self.is_shut && self.life == Life::Attached;
        self.returns_early = may_return
            && (falls_short
                || size > 0 && kernel.random.happens(kernel.weather.early_return_per_mille));
        if queue.is_empty() && self.is_shut {
            kernel.wires[self.wire].worker = Stream::Ended;
        }
        if queue.is_empty() && self.life == Life::Closed(Close::Linger) {
            kernel.close_by_worker(self.wire);
        }
    }

    /// The address that the worker connects to may answer.
    fn connect(&mut self, kernel: &mut Kernel) {
        let Life::Connecting(weather) = self.life else {
            return;
        };
        match weather.unwrap_or_else(|| kernel.answer(self.wire)) {
            Answer::Accept => {
                kernel.established.push_back(self.wire);
                self.life = Life::Established;
            }
            Answer::Refuse => self.life = Life::Failed(ErrorKind::ConnectionRefused),
            Answer::Stall => {}
        }
    }

    /// Perhaps the kernel had received already what the worker does not want now; it is told all the same.
    pub(super) fn receive_late(&mut self, kernel: &mut Kernel) {
        if !self.is_ended && kernel.random.happens(kernel.weather.late_per_mille) {
            let size = kernel.receive_size(self.wire);
            let received = kernel.wires[self.wire].to_worker.drain(..size);
            self.late.extend(received);
        }
    }

    /// Whether some of what is in flight has not left.
    pub(super) fn has_in_flight(&self) -> bool {
        self.in_flight.as_ref().is_some_and(|queue| !queue.is_empty())
    }

    /// Whether nothing is to be told of it, seen at a glance: so it is with most of them if there are many.
    pub(super) fn is_still(&self, kernel: &Kernel) -> bool {
        let wire = &kernel.wires[self.wire];
        self.life == Life::Attached
            && !self.is_blocked
            && self.in_flight.is_none()
            && self.late.is_empty()
            && wire.to_worker.is_empty()
            && wire.peer == Stream::Open
    }

    pub(super) fn candidates(&self, token: Token, kernel: &Kernel) -> impl Iterator<Item = Ready> {
        let wire = &kernel.wires[self.wire];
        let is_failed = matches!(self.life, Life::Failed(_));
        let is_attached = self.life == Life::Attached;
        let has_bytes = !wire.to_worker.is_empty() || !self.late.is_empty();
        let has_input = match self.is_ended {
            false => has_bytes || wire.peer != Stream::Open,
            true => wire.peer == Stream::Reset,
        };
        let receives = if is_attached && !self.is_paused {
            has_input
        } else {
            !is_failed && !self.late.is_empty()
        };
        let is_writable = kernel.room(self.wire) > 0 || wire.peer == Stream::Reset;
        let writes = is_attached && self.is_blocked && is_writable;
        let in_flight = self.in_flight.as_ref();
        let is_carried = in_flight.is_some_and(|queue| queue.is_empty() || self.returns_early);
        let is_last = match self.life {
            Life::Connecting(_) | Life::Established | Life::Attached => false,
            Life::Failed(_) => true,
            Life::Detached => !receives,
            // What lingers has to leave first, and what was under way is told before the last word.
            Life::Closed(Close::Linger) => !receives && self.in_flight.is_none(),
            Life::Closed(Close::Reset) => !receives && !is_carried,
        };
        [
            (self.life == Life::Established).then_some(Ready::Connected(token)),
            receives.then_some(Ready::Receive(token)),
            writes.then_some(Ready::Writable(token)),
            (is_carried && !is_failed).then_some(Ready::Sent(token)),
            is_last.then_some(Ready::LastWord(token)),
        ]
        .into_iter()
        .flatten()
    }
}

/// Something that a poll has found to be ready. By the time it is told it may not matter any more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ready {
    Woken,
    Accept,
    Connected(Token),
    Receive(Token),
    Writable(Token),
    Sent(Token),
    LastWord(Token),
}
