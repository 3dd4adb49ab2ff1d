//! What ends a wait without any socket: the waker, and the alarm.

use super::kernel::Bell;
use super::{Told, Uring};
use crate::driver::Completion;
use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

/// Whether a bell is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    /// Nobody needs it yet.
    Unused,
    /// From the next poll on.
    Due,
    On,
    /// From the poll after the next on.
    Failed,
}

impl Uring {
    /// Sees to it that the waker and the alarm are watched. Whether one is not, for this once: it could not be just now.
    pub(super) fn watch_bells(&mut self) -> bool {
        let is_due = |watch: &mut Watch| match watch {
            Watch::Unused | Watch::On => false,
            Watch::Due => {
                *watch = Watch::On;
                true
            }
            Watch::Failed => {
                *watch = Watch::Due;
                false
            }
        };
        if is_due(&mut self.waker_watch) {
            self.kernel.watch(Bell::Waker, self.home.waker.as_fd());
        }
        if is_due(&mut self.alarm_watch) {
            self.kernel.watch(Bell::Alarm, self.alarm.as_fd());
        }
        self.waker_watch == Watch::Due || self.alarm_watch == Watch::Due
    }

    /// Sees to it that the alarm rings at this moment or before, and is watched.
    pub(super) fn set_alarm(
        &mut self,
        moment: Instant,
        now: impl FnOnce() -> Instant,
    ) -> io::Result<()> {
        if self.alarm_watch == Watch::Unused {
            self.alarm_watch = Watch::Due;
        }
        self.alarm.ring_by(moment, now)
    }

    pub(super) fn handle_rung(
        &mut self,
        bell: Bell,
        result: &io::Result<()>,
        goes_on: bool,
    ) -> Option<Told> {
        let watch = match bell {
            Bell::Waker => &mut self.waker_watch,
            Bell::Alarm => &mut self.alarm_watch,
        };
        if result.is_err() {
            // Whatever rings meanwhile is noticed when it is watched again.
            *watch = Watch::Failed;
            return None;
        }
        if !goes_on {
            *watch = Watch::Due;
        }
        match bell {
            Bell::Waker => Some(Told::Completion(Completion::Woken)),
            Bell::Alarm => {
                self.alarm.note_rung();
                None
            }
        }
    }
}
