//! Whether a worker that has nothing to do looks again at once, instead of sleeping until the kernel wakes it.
//!
//! Sleeping and waking costs more than all the rest of a small message's way, and is what its latency consists of. A worker
//! that spins pays with its processor instead, so it spins only for a while after it had something to do, and only where
//! that pays: after [`MISSES_MAX`] spins in a row that nothing ended, it sleeps at once, until something comes so soon after
//! the last thing that a spin would have met it.

use std::time::{Duration, Instant};

/// When a worker spins.
#[derive(Debug)]
pub(super) struct Spinning {
    /// How long, after there was something to do; zero: never.
    duration: Duration,
    /// When there was something to do last.
    busy_at: Instant,
    /// Spins in a row that nothing ended.
    misses: u8,
    /// Nothing has ended the present one in time.
    has_missed: bool,
}

impl Spinning {
    pub(super) const fn new(duration: Duration, now: Instant) -> Self {
        Self { duration, busy_at: now, misses: 0, has_missed: false }
    }

    /// Whether the next look must not wait, with the present moment as of the last one.
    #[inline]
    pub(super) fn is_on(&self, now: Instant) -> bool {
        !self.duration.is_zero()
            && self.misses < MISSES_MAX
            && now.saturating_duration_since(self.busy_at) < self.duration
    }

    /// Notes whether there was something to do.
    #[inline]
    pub(super) fn note(&mut self, now: Instant, was_busy: bool) {
        if self.duration.is_zero() {
            return;
        }
        let is_late = now.saturating_duration_since(self.busy_at) >= self.duration;
        if is_late && !self.has_missed {
            self.has_missed = true;
            self.misses = self.misses.saturating_add(1);
        }
        if was_busy {
            if !is_late {
                self.misses = 0;
            }
            self.has_missed = false;
            self.busy_at = now;
        }
    }
}

/// Spins in a row that end with nothing, after which spinning pauses. One message each millisecond, say, and 50 µs to spin
/// cost 16 times 50 µs, once.
const MISSES_MAX: u8 = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::{Clock, ManualClock};

    const SPIN: Duration = Duration::from_micros(50);
    const MICROSECOND: Duration = Duration::from_micros(1);

    fn spinning(duration: Duration) -> (Spinning, ManualClock) {
        let clock = ManualClock::new();
        (Spinning::new(duration, clock.now()), clock)
    }

    /// Something comes, then nothing for `gap`. How often the worker looked meanwhile without waiting, if a look takes 1 µs.
    fn idle(spinning: &mut Spinning, clock: &ManualClock, gap: Duration) -> u32 {
        spinning.note(clock.now(), true);
        let end = clock.now() + gap;
        let mut looks = 0;
        while spinning.is_on(clock.now()) && clock.now() + MICROSECOND < end {
            clock.advance(MICROSECOND);
            looks += 1;
            spinning.note(clock.now(), false);
        }
        // It sleeps until the next thing comes.
        clock.advance(end - clock.now());
        looks
    }

    #[test]
    fn it_spins_for_its_time_and_then_sleeps() {
        let (mut spinning, clock) = spinning(SPIN);
        assert_eq!(idle(&mut spinning, &clock, Duration::from_secs(1)), 50);
        assert!(!spinning.is_on(clock.now()));
    }

    #[test]
    fn with_no_time_it_never_spins() {
        let (mut spinning, clock) = spinning(Duration::ZERO);
        assert_eq!(idle(&mut spinning, &clock, Duration::from_secs(1)), 0);
    }

    #[test]
    fn spins_that_nothing_ends_are_given_up() {
        let (mut spinning, clock) = spinning(SPIN);
        let gap = Duration::from_millis(1);
        for _ in 0..MISSES_MAX {
            assert_eq!(idle(&mut spinning, &clock, gap), 50);
        }
        for _ in 0..1000 {
            assert_eq!(idle(&mut spinning, &clock, gap), 0);
        }
    }

    #[test]
    fn it_begins_again_when_a_spin_would_have_met_something() {
        let (mut spinning, clock) = spinning(SPIN);
        for _ in 0..1000 {
            idle(&mut spinning, &clock, Duration::from_millis(1));
        }
        assert_eq!(idle(&mut spinning, &clock, 20 * MICROSECOND), 0, "it does not know yet");
        assert_eq!(idle(&mut spinning, &clock, 20 * MICROSECOND), 19);
        assert_eq!(idle(&mut spinning, &clock, Duration::from_millis(1)), 50);
    }

    #[test]
    fn a_spin_that_meets_something_makes_up_for_those_that_did_not() {
        let (mut spinning, clock) = spinning(SPIN);
        for round in 0..1000 {
            let gap = if round % 10 == 0 { 20 * MICROSECOND } else { Duration::from_millis(1) };
            assert!(idle(&mut spinning, &clock, gap) > 0, "round {round}");
        }
    }
}
