//! The ring, and what is under way in it.
//!
//! Everything that can go wrong with memory is in here. An operation's memory moves in when it begins and comes out with its
//! completion, so nobody can free or touch what the kernel reads or writes. Whoever uses this cannot break that: nothing of
//! it is `unsafe` outside.

mod asking;
mod buffers;
mod completing;
mod entering;
mod memory;
mod names;
mod quiet;
mod setup;

#[cfg(test)]
pub(super) use asking::AHEAD_SIZE_MAX;
pub(super) use asking::Handle;
pub(super) use buffers::Piece;
pub(super) use completing::Done;
pub(super) use names::Bell;
pub(super) use setup::event;

use buffers::Buffers;
use entering::Entrance;
use io_uring::types::Timespec;
use io_uring::{IoUring, cqueue, squeue, types};
use memory::{Memory, Messages};
use quiet::Quiet;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::time::Duration;

/// A ring, and the memory that is the kernel's meanwhile.
pub(super) struct Kernel {
    /// There is one from the first entry on: a ring belongs to the thread that makes it. Its end interrupts that thread's
    /// system calls, which nobody else should have to know.
    ring: Option<Ring>,
    memory: ManuallyDrop<Memory>,
    messages: Messages,
    /// What did not fit into the ring before it could be submitted, or came before there was one.
    waiting: VecDeque<squeue::Entry>,
    /// What has completed and was not looked at.
    completed: VecDeque<cqueue::Entry>,
    quiet: Quiet,
    /// Operations that were begun and have not completed.
    under_way: usize,
    /// Places in the ring's table, and how many of them somebody has or whoever is being accepted may come to have.
    places: u32,
    taken: u32,
    /// A receive that goes on can be told how much to bring at a time and in all: since Linux 6.17.
    has_bounds: bool,
    #[cfg(test)]
    pub(super) unlikely: Unlikely,
}

/// What the kernel is made to do by a test.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Unlikely {
    /// It is from before Linux 6.17.
    pub(super) is_old: bool,
    /// So many cancels miss what they are to stop.
    pub(super) misses: u32,
    /// So often it cannot watch a bell.
    pub(super) watches_failing: u32,
    /// It takes nothing but with a wait.
    pub(super) is_busy: bool,
}

/// Dropped in this order, if nothing is under way by then.
struct Ring {
    entrance: ManuallyDrop<Entrance>,
    queues: ManuallyDrop<IoUring>,
    buffers: ManuallyDrop<Buffers>,
}

impl Ring {
    /// Submits what was pushed, and waits until so many operations have completed or the time is over.
    fn enter(&mut self, wanted: u32, timeout: Option<&Timespec>) -> io::Result<()> {
        let pushed = self.queues.submission().len() as u32;
        // SAFETY: the ring is beside it, and whoever has pushed an entry has promised the rest.
        unsafe { self.entrance.enter(pushed, wanted, timeout) }
    }

    /// Whether the kernel has taken everything that was pushed.
    fn has_taken_all(&mut self) -> bool {
        self.queues.submission().is_empty()
    }

    /// Whether there was room for all completions, when those there are have been taken.
    fn has_told_all(&mut self) -> bool {
        !self.queues.submission().cq_overflow() && self.queues.completion().overflow() == 0
    }
}

impl Kernel {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            ring: None,
            memory: ManuallyDrop::new(Memory::default()),
            messages: Messages::default(),
            waiting: VecDeque::new(),
            completed: VecDeque::new(),
            quiet: Quiet::default(),
            under_way: 0,
            places: setup::descriptors_max()?,
            taken: 0,
            has_bounds: true,
            #[cfg(test)]
            unlikely: Unlikely::default(),
        })
    }

    /// Whether there can be a ring in this thread.
    pub(super) fn check() -> io::Result<()> {
        Self::new()?.enter(Some(Duration::ZERO))
    }

    /// Begins what was asked for, and waits until something has completed, at most for `timeout`;
    /// without one for as long as nothing does.
    pub(super) fn enter(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if self.ring.is_none() {
            self.make_ring()?;
        }
        while self.refill() {
            self.submit()?;
        }
        let timeout = match self.waiting.is_empty() {
            true => self.quiet.shorten(timeout),
            // The kernel was too busy for it; what is waited for may be among it.
            false => Some(Duration::ZERO),
        };
        if let Some(ring) = &mut self.ring {
            ignore_busy(match timeout {
                Some(Duration::ZERO) => ring.enter(0, None),
                timeout => ring.enter(1, timeout.map(Timespec::from).as_ref()),
            })?;
        }
        self.after_submit();
        self.take_completions();
        Ok(())
    }

    fn make_ring(&mut self) -> io::Result<()> {
        let mut queues = setup::ring(self.places)?;
        self.has_bounds = self.knows_bounds(&mut queues)?;
        let buffers = Buffers::new(&queues)?;
        self.ring = Some(Ring {
            entrance: ManuallyDrop::new(Entrance::new(&queues)),
            queues: ManuallyDrop::new(queues),
            buffers: ManuallyDrop::new(buffers),
        });
        Ok(())
    }

    fn knows_bounds(&self, ring: &mut IoUring) -> io::Result<bool> {
        // SAFETY: this refers to no memory.
        unsafe { ring.submission().push(&self.receive_of_nobody()) }.map_err(io::Error::other)?;
        ring.submit_and_wait(1)?;
        // Without an answer nobody can say, and one can do without.
        Ok(ring.completion().next().is_some_and(|done| done.result() != -libc::EINVAL))
    }

    fn submit(&mut self) -> io::Result<()> {
        #[cfg(test)]
        if self.unlikely.is_busy {
            return Ok(());
        }
        if let Some(ring) = &self.ring {
            ignore_busy(ring.queues.submit().map(drop))?;
        }
        self.after_submit();
        Ok(())
    }

    fn after_submit(&mut self) {
        let is_submitted = self.ring.as_mut().is_none_or(Ring::has_taken_all);
        if is_submitted && self.waiting.is_empty() {
            self.messages.reuse();
        }
    }

    /// Moves what waited into the ring; `false`: nothing waits, or nothing fits.
    fn refill(&mut self) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let before = self.waiting.len();
        while let Some(entry) = self.waiting.pop_front() {
            // SAFETY: whoever put it there has promised what has to hold.
            if !unsafe { self.push(&entry) } {
                self.waiting.push_front(entry);
                break;
            }
        }
        self.waiting.len() < before
    }

    /// Asks for an operation, with the next entry of the kernel.
    ///
    /// # Safety
    ///
    /// What the entry refers to stays until its completion has been seen or, of a quiet send, until it is known to be over.
    unsafe fn ask(&mut self, entry: squeue::Entry, name: u64) {
        let entry = entry.user_data(name);
        self.under_way += 1;
        // SAFETY: the caller's promise.
        if self.waiting.is_empty() && unsafe { self.push(&entry) } {
            return;
        }
        self.waiting.push_back(entry);
        // What fails here fails again when the kernel is entered the next time, and is told then.
        if self.ring.is_some() && self.submit().is_ok() {
            self.refill();
        }
    }

    /// Puts an entry into the ring; `false`: there is none, or it is full.
    ///
    /// # Safety
    ///
    /// As [`Kernel::ask`].
    unsafe fn push(&mut self, entry: &squeue::Entry) -> bool {
        // SAFETY: the caller's promise.
        self.ring
            .as_mut()
            .is_some_and(|ring| unsafe { ring.queues.submission().push(entry) }.is_ok())
    }

    #[cfg(test)]
    pub(super) fn buffers_given(&mut self) -> u16 {
        self.buffers().given()
    }

    pub(super) const fn is_full(&self) -> bool {
        self.taken >= self.places
    }

    #[cfg(test)]
    pub(super) const fn have_places(&mut self, count: u32) {
        self.places = count;
    }

    #[cfg(test)]
    pub(super) const fn under_way(&self) -> usize {
        self.under_way
    }

    /// Whoever knows of a buffer has it from the ring.
    fn buffers(&mut self) -> &mut Buffers {
        &mut self.ring.as_mut().expect("there is a ring, for something was received").buffers
    }

    /// Ends everything that is under way. `false`: not everything has ended.
    fn end(&mut self) -> bool {
        if self.ring.is_none() {
            // Nothing has begun.
            return true;
        }
        // One wait brings a part of what ends, so only those that bring nothing count.
        let mut idle = 0;
        while self.under_way > 0 {
            if idle == ENDINGS_MAX {
                return false;
            }
            let before = self.under_way;
            self.stop_everything();
            if self.enter(Some(ENDING_WAIT)).is_err() {
                // Another thread's.
                return false;
            }
            while self.next().is_some() {}
            idle = if self.under_way < before { 0 } else { idle + 1 };
        }
        true
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        // A panic must not lead past this, so nothing is taken out here that belongs to another thread.
        if self.memory.sends.is_droppable() && self.end() {
            if let Some(ring) = &mut self.ring {
                // SAFETY: it is not used again.
                unsafe { ManuallyDrop::drop(&mut ring.entrance) };
                // SAFETY: likewise.
                unsafe { ManuallyDrop::drop(&mut ring.queues) };
                // SAFETY: likewise, and the kernel is through with them.
                unsafe { ManuallyDrop::drop(&mut ring.buffers) };
            }
            // SAFETY: likewise.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        }
        // Otherwise the kernel may still write to that memory, and nobody can say when it is through: it is nobody's again.
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("under_way", &self.under_way).finish_non_exhaustive()
    }
}

/// Nothing has happened in time, a signal has, or the kernel wants completions to be taken first.
fn ignore_busy(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN)
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

/// How often to wait for what was cancelled.
const ENDINGS_MAX: usize = 100;

const ENDING_WAIT: Duration = Duration::from_millis(10);
