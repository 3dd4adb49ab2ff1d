//! Time. The one place that reads the clock: everywhere else, time is an argument.

use std::cell::Cell;
use std::fmt;
use std::ops::Add;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Tells the time to a worker, once per wake-up.
pub trait Clock {
    /// The present moment; never earlier than the one before.
    fn now(&self) -> Instant;
}

/// The system's monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A clock that stands still until it is told to advance: the simulation's.
#[derive(Clone, Debug)]
pub struct ManualClock(Rc<Cell<Instant>>);

impl ManualClock {
    /// A clock that shows some moment.
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(Cell::new(SystemClock.now())))
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        self.0.set(self.0.get() + duration);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.0.get()
    }
}

/// Time since the worker started, in steps of 64 ms: four bytes per moment in every connection instead of sixteen.
/// It lasts for eight years.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub u32);

/// How exact deadlines are: they come late by at most two of these, never early.
pub(crate) const TICK: Duration = Duration::from_millis(64);

impl Ticks {
    /// A moment that does not come.
    pub const NEVER: Self = Self(u32::MAX);

    /// The last tick at or before `elapsed`.
    pub(crate) const fn at(elapsed: Duration) -> Self {
        Self((elapsed.as_millis() / TICK.as_millis()) as u32)
    }

    /// When this tick comes, from the worker's start.
    pub(crate) fn elapsed(self) -> Duration {
        TICK * self.0
    }
}

impl Add<Duration> for Ticks {
    type Output = Self;

    /// The first tick that is at least `duration` later.
    fn add(self, duration: Duration) -> Self {
        let ticks = duration.as_millis().div_ceil(TICK.as_millis()) + 1;
        Self(self.0.saturating_add(u32::try_from(ticks).unwrap_or(u32::MAX)))
    }
}

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.elapsed())
    }
}
