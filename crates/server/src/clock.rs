//! The one place of the server that reads the clock.

use sockeye_hub::Now;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What people call the time, beside the engine's. It is read once for each moment of the engine's, that is once a tick.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    last: Option<Now>,
}

impl Clock {
    /// The present moment of the engine's, as the hub takes it.
    pub(crate) fn at(&mut self, instant: Instant) -> Now {
        match self.last {
            Some(last) if last.instant == instant => last,
            _ => *self.last.insert(Now { instant, unix_ms: unix_ms() }),
        }
    }
}

/// The present moment, for threads that are no workers.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "some moment is needed")]
    fn it_is_read_once_for_each_moment() {
        let mut clock = Clock::default();
        let moment = Instant::now();
        let first = clock.at(moment);
        assert!(first.unix_ms > 1_600_000_000_000, "milliseconds since 1970");
        let mark = 1;
        clock.last = Some(Now { instant: moment, unix_ms: mark });
        assert_eq!(clock.at(moment).unix_ms, mark);
        let later = clock.at(moment + Duration::from_nanos(1));
        assert!(later.unix_ms >= first.unix_ms);
    }
}
