//! How long a blocking call may still wait. The one place of the client that reads the clock.

use std::time::{Duration, Instant};

/// A moment by which something has to have happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn after(time: Duration) -> Self {
        Self(now() + time)
    }

    /// This one, or one this long from now if that is earlier.
    pub(super) fn or_after(self, time: Duration) -> Self {
        Self(self.0.min(now() + time))
    }

    /// The time that is left; `None` when there is none.
    pub(super) fn left(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(now());
        (!left.is_zero()).then_some(left)
    }
}

#[expect(clippy::disallowed_methods, reason = "who blocks has nobody to be told the time by")]
fn now() -> Instant {
    Instant::now()
}
