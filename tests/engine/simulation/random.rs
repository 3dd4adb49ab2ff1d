//! More dice, for scenarios.

use crate::support::Random;

impl Random {
    /// A number from `start` to below `end`.
    pub(crate) const fn range(&mut self, start: usize, end: usize) -> usize {
        start + self.below(end - start)
    }

    /// Whether something happens that happens once in `times`.
    pub(crate) const fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}
