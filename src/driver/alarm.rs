//! The end of a wait as a descriptor, which a driver watches beside its sockets.
//!
//! A system call that waits until a moment sets a timer of the kernel's and takes it back, each time. A worker's next deadline
//! seldom changes, so a timer that is set for it serves many waits, which then have no end of their own: one client back and
//! forth costs some 7 % less (`docs/decisions/0008-the-short-way.md`).

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
    /// When it rings, until it was heard.
    rings_at: Option<Instant>,
}

impl Alarm {
    /// An alarm that is not set.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { timer, rings_at: None })
    }

    /// Sees to it that it rings at this moment or before. What time it is matters only when it has to be set.
    #[inline]
    pub(super) fn ring_by(
        &mut self,
        moment: Instant,
        now: impl FnOnce() -> Instant,
    ) -> io::Result<()> {
        if self.rings_at.is_some_and(|rings_at| rings_at <= moment) {
            return Ok(());
        }
        self.set(moment.saturating_duration_since(now()))?;
        self.rings_at = Some(moment);
        Ok(())
    }

    /// It was heard.
    pub(super) const fn note_rung(&mut self) {
        self.rings_at = None;
    }

    fn set(&self, after: Duration) -> io::Result<()> {
        // Nothing at all would switch it off.
        let after = after.max(Duration::from_nanos(1));
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
    /// Becomes readable when it rings, and is that until it is set again. Nobody reads it, so it is to be watched for changes.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}
