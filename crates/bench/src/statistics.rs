//! How long messages took: one histogram per stretch of time, so that a report can draw it.

use hdrhistogram::Histogram;

/// What one worker saw. Times are nanoseconds since the run's beginning.
#[derive(Debug)]
pub(crate) struct Statistics {
    window: Window,
    intervals: Vec<Histogram<u64>>,
    /// Of messages that were due in the window and answered after it.
    late: Histogram<u64>,
    /// Of messages with the same latency, what is not in a histogram yet: they mostly come by the batch.
    run: Run,
}

/// When is measured, and in which steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) interval: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Run {
    due: u64,
    now: u64,
    count: u64,
}

impl Window {
    /// A measurement from `start` on.
    pub(crate) const fn new(start: u64, duration: u64) -> Self {
        let interval = duration / INTERVALS;
        let interval = if interval < INTERVAL_MIN { INTERVAL_MIN } else { interval };
        Self { start, end: start.saturating_add(duration), interval }
    }

    const fn intervals(&self) -> usize {
        (self.end - self.start).div_ceil(self.interval) as usize
    }
}

impl Statistics {
    pub(crate) fn new(window: Window) -> Self {
        Self {
            window,
            intervals: (0..window.intervals()).map(|_| histogram()).collect(),
            late: histogram(),
            run: Run::default(),
        }
    }

    /// A message that was due then has its answer now. Those due outside of the window do not count.
    #[inline]
    pub(crate) fn record(&mut self, due: u64, now: u64, count: u64) {
        if self.run.due == due && self.run.now == now {
            self.run.count += count;
            return;
        }
        self.settle();
        self.run = Run { due, now, count };
    }

    /// Whether a message that was due then is measured.
    pub(crate) const fn counts(&self, due: u64) -> bool {
        self.window.start <= due && due < self.window.end
    }

    fn settle(&mut self) {
        let Run { due, now, count } = std::mem::take(&mut self.run);
        if count == 0 || !self.counts(due) {
            return;
        }
        let index = (now.saturating_sub(self.window.start) / self.window.interval) as usize;
        let histogram = match self.intervals.get_mut(index) {
            Some(histogram) if now < self.window.end => histogram,
            _ => &mut self.late,
        };
        histogram.saturating_record_n(now.saturating_sub(due), count);
    }

    /// The same as if the other's messages had been seen here.
    pub(crate) fn add(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        for (mine, others) in self.intervals.iter_mut().zip(&other.intervals) {
            *mine += others;
        }
        self.late += other.late;
    }

    /// Everything in one.
    pub(crate) fn total(&mut self) -> Histogram<u64> {
        self.settle();
        let mut total = self.late.clone();
        for histogram in &self.intervals {
            total += histogram;
        }
        total
    }

    /// The stretches of time: when each begins, in nanoseconds since the window's start, how long it is, and what it saw.
    pub(crate) fn intervals(&self) -> impl Iterator<Item = (u64, u64, &Histogram<u64>)> {
        let Window { start, end, interval } = self.window;
        self.intervals.iter().zip(0..).map(move |(histogram, index)| {
            let begin = index * interval;
            (begin, interval.min(end - start - begin), histogram)
        })
    }

    /// The run was ended early: what comes after that is not part of it.
    pub(crate) fn cut(&mut self, end: u64) {
        self.settle();
        self.window.end = end.clamp(self.window.start + 1, self.window.end);
        self.intervals.truncate(self.window.intervals());
    }
}

/// 1 ns to ten minutes, to a thousandth.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_MAX, 3).expect("bounds that it can have")
}

const LATENCY_MAX: u64 = 600_000_000_000;
/// A report has so many points, but not one for less than a tenth of a second.
const INTERVALS: u64 = 60;
const INTERVAL_MIN: u64 = 100_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn close(got: u64, expected: u64) -> bool {
        got.abs_diff(expected) <= expected / 500
    }

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut statistics = Statistics::new(Window::new(SECOND, 10 * SECOND));
        for number in 1..=1000 {
            statistics.record(2 * SECOND, 2 * SECOND + number * 1000, 1);
        }
        let total = statistics.total();
        assert_eq!(total.len(), 1000);
        for (quantile, expected) in [(0.5, 500_000), (0.9, 900_000), (0.99, 990_000)] {
            let got = total.value_at_quantile(quantile);
            assert!(close(got, expected), "{quantile}: {got}");
        }
        assert!(close(total.min(), 1000) && close(total.max(), 1_000_000));
    }

    #[test]
    fn what_was_due_outside_of_the_window_does_not_count() {
        let mut statistics = Statistics::new(Window::new(SECOND, SECOND));
        statistics.record(SECOND - 1, SECOND + 1, 5);
        statistics.record(2 * SECOND, 2 * SECOND + 1, 5);
        assert_eq!(statistics.total().len(), 0);
        // Answered late all the same, as a server that stalls would have it.
        statistics.record(2 * SECOND - 1, 4 * SECOND, 3);
        assert_eq!(statistics.total().len(), 3);
        assert!(statistics.intervals().all(|(_, _, histogram)| histogram.is_empty()));
    }

    #[test]
    fn a_batch_counts_as_many_messages_and_lies_in_its_stretch() {
        let mut statistics = Statistics::new(Window::new(0, 6 * SECOND));
        statistics.record(SECOND, SECOND + 500, 16);
        statistics.record(SECOND, SECOND + 500, 1);
        let mut other = Statistics::new(Window::new(0, 6 * SECOND));
        other.record(SECOND, SECOND + 900, 2);
        statistics.add(other);
        let counts: Vec<_> =
            statistics.intervals().map(|(start, _, histogram)| (start, histogram.len())).collect();
        assert_eq!(counts.len(), 60);
        assert_eq!(counts[10], (SECOND, 19));
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 19);
    }

    #[test]
    fn a_run_that_is_cut_has_no_stretches_after_its_end() {
        let mut statistics = Statistics::new(Window::new(0, 6 * SECOND));
        statistics.cut(SECOND + SECOND / 20);
        let intervals: Vec<_> =
            statistics.intervals().map(|(start, length, _)| (start, length)).collect();
        assert_eq!(intervals.len(), 11);
        assert_eq!(intervals[10], (SECOND, SECOND / 20));
    }
}
