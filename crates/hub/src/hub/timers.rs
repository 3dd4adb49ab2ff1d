//! What is due when.

use super::Hub;
use crate::effects::{Effects, Now, SessionKey};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Deadlines in order, to the millisecond: they may come that much late, never early. Whoever has one keeps it too, and replaces
/// it.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// The first deadline that there was. The others are as far from it as they say.
    first: Option<Instant>,
    due: BTreeSet<Entry>,
}

/// A deadline. Every session whose token ends has one, so it is small: an [`Instant`] and a [`Timer`] would have twice the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Milliseconds, and in the last two bits which kind of timer it is.
    at_and_kind: i64,
    place: u32,
    generation: u32,
}

const _: () = assert!(size_of::<Entry>() <= 16);

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        Some(self.instant(*self.due.first()?))
    }

    pub(super) fn set(&mut self, at: Instant, timer: Timer) {
        let entry = self.entry(at, timer);
        self.due.insert(entry);
    }

    /// Replaces a deadline.
    pub(super) fn replace(&mut self, before: Option<Instant>, at: Option<Instant>, timer: Timer) {
        if before == at {
            return;
        }
        if let Some(before) = before {
            let entry = self.entry(before, timer);
            self.due.remove(&entry);
        }
        if let Some(at) = at {
            self.set(at, timer);
        }
    }

    fn take_due(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        self.due.pop_first().map(Entry::timer)
    }

    fn entry(&mut self, at: Instant, timer: Timer) -> Entry {
        let first = *self.first.get_or_insert(at);
        let millis = match at.checked_duration_since(first) {
            Some(after) => small(after.as_nanos().div_ceil(NANOS_PER_MILLI)),
            None => -small(first.duration_since(at).as_millis()),
        };
        let (kind, place, generation) = match timer {
            Timer::Session(SessionKey { slot, generation }) => (0, slot, generation),
            Timer::Relay(relay) => (1, relay, 0),
            Timer::Home(home) => (2, home, 0),
            Timer::Departed(SessionKey { slot, generation }) => (3, slot, generation),
        };
        Entry { at_and_kind: millis << 2 | kind, place, generation }
    }

    fn instant(&self, entry: Entry) -> Instant {
        let first = self.first.expect("there was a deadline");
        let millis = entry.at_and_kind >> 2;
        let distance = Duration::from_millis(millis.unsigned_abs());
        if millis < 0 { first - distance } else { first + distance }
    }
}

impl Entry {
    const fn timer(self) -> Timer {
        let Self { at_and_kind, place: slot, generation } = self;
        match at_and_kind & 3 {
            0 => Timer::Session(SessionKey { slot, generation }),
            1 => Timer::Relay(slot),
            2 => Timer::Home(slot),
            _ => Timer::Departed(SessionKey { slot, generation }),
        }
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

/// Milliseconds that leave room for the kind of timer.
fn small(millis: u128) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX).min(MILLIS_MAX)
}

const NANOS_PER_MILLI: u128 = 1_000_000;
/// Ten thousand years: what is further away than that is as good as never.
const MILLIS_MAX: i64 = 10_000 * 366 * 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "some moment is needed")]
    fn deadlines_come_in_their_order_never_early_and_hardly_late() {
        let now = Instant::now() + Duration::from_secs(10);
        let key = SessionKey { slot: u32::MAX, generation: 7 };
        let kinds = [Timer::Session(key), Timer::Relay(0), Timer::Home(5), Timer::Departed(key)];
        let micros = [5_000_000, 0, 5_000_001, 9_999_999];
        let mut timers = Timers::default();
        for (timer, micros) in kinds.into_iter().zip(micros) {
            timers.set(now + Duration::from_micros(micros), timer);
        }
        timers.replace(Some(now + Duration::from_micros(micros[3])), None, kinds[3]);
        for place in [1, 0, 2] {
            let due = now + Duration::from_micros(micros[place]);
            let next = timers.next().expect("there is one more");
            assert!(due <= next && next < due + Duration::from_millis(1), "{place}");
            assert_eq!(timers.take_due(due - Duration::from_micros(1)), None, "{place}");
            assert_eq!(timers.take_due(next), Some(kinds[place]));
        }
        assert_eq!(timers.next(), None);
    }
}
