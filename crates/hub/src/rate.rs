//! Rates: the generic cell rate algorithm (ITU-T I.371), which needs one instant per rate.

use crate::namespace::Rate;
use std::time::Instant;

/// When the next one would come if all came at the allowed rate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cell(Option<Instant>);

impl Cell {
    /// Takes one, if the rate allows it now. `rate.count` of them may come at once.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let interval = rate.period / rate.count.max(1);
        let due = self.0.map_or(now, |due| due.max(now));
        let is_allowed = due + interval <= now + rate.period;
        if is_allowed {
            self.0 = Some(due + interval);
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any moment will do to begin with")]
    fn a_burst_is_allowed_and_then_the_rate() {
        let rate = Rate { count: 10, period: Duration::from_secs(1) };
        let (mut cell, start) = (Cell::default(), Instant::now());
        let taken = |cell: &mut Cell, now| (0..20).filter(|_| cell.take(rate, now)).count();
        assert_eq!(taken(&mut cell, start), 10);
        assert_eq!(taken(&mut cell, start + Duration::from_millis(99)), 0);
        assert_eq!(taken(&mut cell, start + Duration::from_millis(250)), 2);
        assert_eq!(taken(&mut cell, start + Duration::from_secs(60)), 10);
    }
}
