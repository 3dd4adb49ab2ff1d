//! What is under way and should not be any more.
//!
//! A cancel can miss what it is meant for, because that has not begun to wait yet or is being carried out. So cancels are
//! asked for again until the end of what they are to stop was seen, and are under way themselves meanwhile: no slot is used
//! again before they are through.

use super::accepting::Listener;
use super::sockets::{Phase, Receiving, Socket};
use super::{Told, Uring};

/// What is to be stopped once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    Slot(u32),
    Accepting,
}

impl Uring {
    /// Stops receiving, for a while or for ever.
    pub(super) fn stop_receive(&mut self, slot: u32) {
        let socket = self.at(slot);
        if matches!(socket.receiving, Receiving::Lending | Receiving::Filling) {
            socket.receiving = Receiving::Stopping;
            self.stop(slot);
        }
    }

    /// Stops all that is under way of a connection that ends here.
    pub(super) fn stop_all(&mut self, slot: u32) {
        if self.at(slot).is_to_stop() {
            self.stop(slot);
        }
    }

    fn stop(&mut self, slot: u32) {
        let filling = self.filling(slot);
        let socket = self.sockets[slot as usize].as_mut().expect("the caller has looked");
        if socket.stops == STOPS_MAX {
            return self.missed.push(Missed::Slot(slot));
        }
        socket.stops += 1;
        socket.under_way += 1;
        match (socket.phase, filling) {
            (Phase::Open, Some(name)) => self.kernel.stop_fill(slot, name),
            (Phase::Open, None) => self.kernel.stop_receive(slot),
            _ => self.kernel.stop_all(slot, &socket.handle),
        }
    }

    pub(super) fn handle_stopped(&mut self, slot: u32) -> Option<Told> {
        let socket = self.at(slot);
        socket.stops -= 1;
        socket.under_way -= 1;
        if socket.is_to_stop() {
            // As a rule its end comes right behind.
            self.missed.push(Missed::Slot(slot));
        }
        self.settle(slot);
        None
    }

    pub(super) fn handle_accept_stopped(&mut self) -> Option<Told> {
        if self.is_accepting_to_stop() && !self.missed.contains(&Missed::Accepting) {
            self.missed.push(Missed::Accepting);
        }
        None
    }

    /// Stops again what was missed before the last wait; what was since then has its turn after the next one. Whether
    /// there is such.
    pub(super) fn stop_missed(&mut self) -> bool {
        if self.to_stop.is_empty() && self.missed.is_empty() {
            return false;
        }
        for missed in std::mem::take(&mut self.to_stop) {
            match missed {
                _ if !self.is_missed(missed) => {}
                Missed::Slot(slot) => self.stop(slot),
                Missed::Accepting => self.stop_accepts(),
            }
        }
        let mut missed = std::mem::take(&mut self.missed);
        missed.retain(|missed| self.is_missed(*missed));
        self.to_stop = missed;
        !self.to_stop.is_empty()
    }

    /// A slot may be another's by now, who is looked at in the same way.
    fn is_missed(&self, missed: Missed) -> bool {
        let Missed::Slot(slot) = missed else {
            return self.is_accepting_to_stop();
        };
        let socket = self.sockets.get(slot as usize).and_then(Option::as_ref);
        socket.is_some_and(|socket| socket.is_to_stop() && socket.stops == 0)
    }

    fn is_accepting_to_stop(&self) -> bool {
        let is_left = |listener: &Listener| !listener.is_on && !listener.accepting.is_empty();
        self.listener.as_ref().is_some_and(is_left)
    }
}

impl Socket {
    /// Whether something is under way that should end, other than what stops it.
    const fn is_to_stop(&self) -> bool {
        match self.phase {
            Phase::Open => matches!(self.receiving, Receiving::Stopping),
            Phase::Closing(_) | Phase::Detaching => self.under_way > self.stops,
            Phase::Connecting | Phase::Installing => false,
        }
    }
}

/// Cancels of one connection that are under way at a time.
const STOPS_MAX: u8 = 4;
