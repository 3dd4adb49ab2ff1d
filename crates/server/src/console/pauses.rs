//! How long to wait before the next try.

use std::time::Duration;

/// Pauses that grow from try to try, and are short again after a connection that worked.
#[derive(Debug)]
pub(super) struct Pauses {
    longest: Duration,
    wanted: Option<Duration>,
}

impl Pauses {
    pub(super) const fn new() -> Self {
        Self { longest: PAUSE_MIN, wanted: None }
    }

    /// A connection worked.
    pub(super) const fn reset(&mut self) {
        *self = Self::new();
    }

    /// The server goes away, and wants us back after so long.
    pub(super) fn want(&mut self, pause: Duration) {
        self.wanted = Some(pause.min(PAUSE_MAX));
    }

    /// The next one. It is between half of what is due and the whole, as chance has it, so that not all come back at once.
    pub(super) fn next(&mut self, chance: u32) -> Duration {
        let longest = self.longest;
        self.longest = (longest * 2).min(PAUSE_MAX);
        let part = f64::from(chance) / f64::from(u32::MAX);
        self.wanted.take().unwrap_or_else(|| longest.mul_f64(0.5 + part / 2.0))
    }
}

const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_grow_up_to_half_a_minute_and_are_short_again_after_a_connection() {
        let mut pauses = Pauses::new();
        let longest: Vec<u128> = (0..10).map(|_| pauses.next(u32::MAX).as_millis()).collect();
        assert_eq!(
            longest,
            [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000],
            "milliseconds"
        );
        assert_eq!(pauses.next(0).as_millis(), 15_000, "chance makes it shorter");
        pauses.reset();
        assert_eq!(pauses.next(u32::MAX), PAUSE_MIN);
    }

    #[test]
    fn what_the_server_wants_counts_once() {
        let mut pauses = Pauses::new();
        pauses.want(Duration::from_millis(1500));
        assert_eq!(pauses.next(0).as_millis(), 1500);
        assert_eq!(pauses.next(u32::MAX).as_millis(), 400);
    }
}
