//! What a poll brings, and what it waits for.

use super::Simulated;
use super::kernel::Kernel;
use super::socket::{Ready, Socket};
use crate::driver::Token;
use crate::limits::ACCEPTS_PER_TICK_MAX;
use std::sync::atomic::Ordering;
use std::time::Duration;

impl Simulated {
    /// Finds what this poll tells, and whether it would have waited.
    pub(super) fn find_ready(&mut self, timeout: Option<Duration>) {
        assert!(self.ready.is_empty(), "poll before `next` has said `None`");
        let kernel = self.kernel.clone();
        let kernel = &mut *kernel.lock();
        for socket in self.sockets.iter_mut().flatten() {
            socket.weather(kernel);
        }
        let (quiet, candidates): (Vec<Ready>, Vec<Ready>) =
            self.candidates(kernel).into_iter().partition(|candidate| self.is_quiet(candidate));
        // What is in flight moves on with the next poll, as long as its peer has room for it.
        let is_moving = |socket: &Socket| socket.has_in_flight() && kernel.room(socket.wire) > 0;
        let is_idle = candidates.is_empty() && !self.sockets.iter().flatten().any(is_moving);
        let mut ready: Vec<Ready> = Vec::new();
        for candidate in candidates {
            if !kernel.random.happens(kernel.weather.delay_per_mille) {
                ready.push(candidate);
            }
        }
        // A wake-up is never lost, however late it comes.
        let was_woken = self.was_woken.swap(false, Ordering::AcqRel);
        if was_woken || kernel.random.happens(kernel.weather.wake_per_mille) {
            ready.push(Ready::Woken);
        }
        let waits = is_idle && ready.is_empty();
        let sleeps = waits && timeout != Some(Duration::ZERO);
        let tokens = quiet.iter().filter_map(|quiet| match quiet {
            Ready::Sent(token) if sleeps => Some(*token),
            _ => None,
        });
        self.slept_over = tokens.collect();
        ready.extend(quiet);
        kernel.random.shuffle(&mut ready);
        let station = &mut kernel.stations[self.station];
        station.polls += 1;
        station.idle_wait = waits.then(|| timeout.unwrap_or(Duration::MAX));
        self.ready = ready.into();
    }

    /// Everything that a poll can tell.
    fn candidates(&self, kernel: &Kernel) -> Vec<Ready> {
        let mut candidates = Vec::new();
        if self.is_accepting || self.has_late_accept {
            let waiting = kernel.stations[self.station].backlog.len().min(ACCEPTS_PER_TICK_MAX);
            candidates.extend(std::iter::repeat_n(Ready::Accept, waiting));
        }
        for (slot, socket) in self.sockets.iter().enumerate() {
            if let Some(socket) = socket
                && !socket.is_still(kernel)
            {
                let token = Token { slot: slot as u32, generation: socket.generation };
                candidates.extend(socket.candidates(token, kernel));
            }
        }
        candidates
    }

    /// Whoever waits although something is to be done when a send is over may wait for long.
    pub(super) fn check_promptness(&self, call: &str, token: Token) {
        assert!(
            !self.slept_over.contains(&token),
            "{call} of {token:?}, which waited for a send that was over"
        );
    }

    /// Whether this ends no wait.
    fn is_quiet(&self, ready: &Ready) -> bool {
        let Ready::Sent(token) = ready else {
            return false;
        };
        let socket = self.sockets[token.slot as usize].as_ref();
        socket.is_some_and(|socket| socket.is_quiet)
    }
}
