//! What is due when.

use super::Hub;
use crate::effects::{Effects, Now, SessionKey};
use std::collections::BTreeSet;
use std::time::Instant;

/// Deadlines in order. Whoever has one keeps it too, and replaces it.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Instant, Timer)>);

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Session(SessionKey),
    /// A heartbeat of a relay.
    Relay(u32),
    /// Something in a home may have expired, or the home.
    Home(u32),
    /// Where a session has gone that was at this place need not be known any more.
    Departed(SessionKey),
}

impl Timers {
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(at, _)| *at)
    }

    pub(super) fn set(&mut self, at: Instant, timer: Timer) {
        self.0.insert((at, timer));
    }

    /// Replaces a deadline.
    pub(super) fn replace(&mut self, before: Option<Instant>, at: Option<Instant>, timer: Timer) {
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.0.remove(&(before, timer));
        }
        if let Some(at) = at {
            self.0.insert((at, timer));
        }
    }

    fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let (at, _) = self.0.first()?;
        (*at <= now).then(|| self.0.pop_first()).flatten().map(|(_, timer)| timer)
    }
}

impl Hub {
    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Now, effects: &mut impl Effects) {
        while let Some(timer) = self.timers.take_due(now.instant) {
            match timer {
                Timer::Session(key) => self.session_due(now, key, effects),
                Timer::Relay(relay) => self.heartbeat(relay, effects),
                Timer::Home(home) => self.home_due(now, home),
                Timer::Departed(key) => self.forget_departed(key),
            }
        }
        self.take_local_mail(now, effects);
    }
}
