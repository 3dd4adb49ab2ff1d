//! When messages are due in an open loop: evenly, one after the other, whatever the server does.

/// The messages of one worker. Times are nanoseconds since the run's beginning.
#[derive(Debug)]
pub(crate) struct Pace {
    start: u64,
    /// Between two messages of this worker.
    interval: f64,
    /// How many were due so far.
    count: u64,
}

impl Pace {
    /// `share` of all messages, `rate` per second, is this worker's; `offset` keeps workers from sending all at once.
    pub(crate) fn new(start: u64, rate: f64, share: f64, offset: f64) -> Self {
        Self {
            start: start + (offset * 1e9 / rate) as u64,
            interval: 1e9 / (rate * share),
            count: 0,
        }
    }

    /// When the next message is due.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        self.start.saturating_add((self.count as f64 * self.interval) as u64)
    }

    /// Which message is the next.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Takes the next message if it is due: which one it is, and when it was due.
    #[inline]
    pub(crate) fn take(&mut self, now: u64) -> Option<(u64, u64)> {
        let due = self.next();
        if due > now {
            return None;
        }
        self.count += 1;
        Some((self.count - 1, due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_due_evenly_however_late_anybody_looks() {
        let mut pace = Pace::new(1000, 1e6, 0.5, 1.0);
        assert_eq!(pace.next(), 2000);
        assert_eq!(pace.take(1999), None);
        // Looked at late, all that were due are there, each with its own time.
        let due: Vec<_> = std::iter::from_fn(|| pace.take(8000)).collect();
        assert_eq!(due, [(0, 2000), (1, 4000), (2, 6000), (3, 8000)]);
        assert_eq!(pace.next(), 10_000);
    }
}
