//! The end of a wait as a descriptor, which a driver watches beside its sockets.
//!
//! A system call that waits until a moment sets a timer of the kernel's and takes it back, each time. A worker's next deadline
//! seldom changes, so a timer that is set for it serves many waits, which then have no end of their own: a twentieth of what
//! a message costs to which a worker has to be woken (docs/decisions/0008).

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// A timer that rings once for each time that it is set.
#[derive(Debug)]
pub(super) struct Alarm {
    timer: OwnedFd,
    /// When it rings at the latest, until it was heard.
    rings_by: Option<Instant>,
}

impl Alarm {
    /// An alarm that is not set.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { timer, rings_by: None })
    }

    /// Sees to it that it rings, at `until` or before. It is `now`, or somewhat later, and not yet `until`.
    #[inline]
    pub(super) fn ring_by(&mut self, now: Instant, until: Instant) -> io::Result<()> {
        if self.rings_by.is_some_and(|moment| moment <= until) {
            return Ok(());
        }
        debug_assert!(now < until, "to wait for nothing would be to wait for ever");
        self.set(until.saturating_duration_since(now))?;
        self.rings_by = Some(until);
        Ok(())
    }

    /// It was heard.
    pub(super) const fn note_rung(&mut self) {
        self.rings_by = None;
    }

    fn set(&self, after: Duration) -> io::Result<()> {
        let it_value = Timespec {
            tv_sec: after.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: after.subsec_nanos().into(),
        };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }
}

impl AsFd for Alarm {
    /// Readable when it has rung, until it is set again. Nobody has to read it.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}
