//! The ring, and what is under way in it.
//!
//! Everything that can go wrong with memory is in here. An operation's memory moves in when it begins and comes out with its
//! completion, so nobody can free or touch what the kernel reads or writes. Whoever uses this cannot break that: nothing of
//! it is `unsafe` outside.

mod asking;
mod buffers;
mod memory;
mod names;
mod setup;

pub(super) use asking::Handle;
pub(super) use buffers::Piece;
pub(super) use setup::event;

use crate::buffer::{MessageBuffer, SendQueue};
use buffers::Buffers;
use io_uring::types::{SubmitArgs, Timespec};
use io_uring::{EnterFlags, IoUring, cqueue, opcode, squeue, types};
use memory::{Memory, Messages};
use names::Operation;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, OwnedFd};
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
    /// Operations that were begun and have not completed.
    under_way: usize,
    /// A receive that goes on can be told how much to bring at a time and in all: since Linux 6.17.
    has_bounds: bool,
}

/// Dropped in this order, if nothing is under way by then.
struct Ring {
    queues: ManuallyDrop<IoUring>,
    buffers: ManuallyDrop<Buffers>,
}

/// What has completed.
#[derive(Debug)]
pub(super) enum Done {
    /// A slot's receive brought something, or `None`: the stream's end. Whether it goes on by itself.
    Received { slot: u32, result: io::Result<Option<Piece>>, goes_on: bool },
    /// A message's buffer comes back, with so many bytes more.
    Filled { slot: u32, buffer: MessageBuffer, result: io::Result<usize> },
    /// A queue comes back, without what has left.
    Sent { slot: u32, queue: SendQueue, result: io::Result<()> },
    /// What accepted under this name brought: a direct descriptor, which has to be closed, and its peer.
    Accepted { name: u64, result: io::Result<(u32, Option<SocketAddr>)> },
    /// There is an event at a slot's socket.
    Polled { slot: u32 },
    /// What is wrong with a slot's socket, if something is.
    Fault { slot: u32, error: Option<io::Error> },
    /// A slot's outgoing stream was ended, or had been.
    ShutDown { slot: u32 },
    /// A slot's descriptor became one of the process.
    Installed { slot: u32, result: io::Result<OwnedFd> },
    /// Somebody used the waker. Whether it is watched further.
    Woken { goes_on: bool },
    /// Something that nobody waits for.
    Other,
}

impl Kernel {
    pub(super) fn new() -> Self {
        Self {
            ring: None,
            memory: ManuallyDrop::new(Memory::default()),
            messages: Messages::default(),
            waiting: VecDeque::new(),
            under_way: 0,
            has_bounds: true,
        }
    }

    /// Whether there can be a ring in this thread.
    pub(super) fn check() -> io::Result<()> {
        Self::new().enter(Some(Duration::ZERO))
    }

    /// Begins what was asked for, and waits until something has completed, at most for `timeout`. With none it only looks.
    pub(super) fn enter(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if self.ring.is_none() {
            let queues = setup::ring()?;
            let buffers = Buffers::new(&queues)?;
            let (queues, buffers) = (ManuallyDrop::new(queues), ManuallyDrop::new(buffers));
            self.ring = Some(Ring { queues, buffers });
        }
        while self.refill() {
            self.submit()?;
        }
        if let Some(ring) = &mut self.ring {
            let entered = if timeout == Some(Duration::ZERO) {
                let count = ring.queues.submission().len() as u32;
                let flags = EnterFlags::GETEVENTS.bits();
                // SAFETY: so many entries were pushed, and there is no argument.
                unsafe { ring.queues.submitter().enter::<libc::sigset_t>(count, 0, flags, None) }
            } else {
                let timeout = timeout.map(Timespec::from);
                let mut arguments = SubmitArgs::new();
                if let Some(timeout) = &timeout {
                    arguments = arguments.timespec(timeout);
                }
                ring.queues.submitter().submit_with_args(1, &arguments)
            };
            ignore_busy(entered.map(drop))?;
        }
        self.after_submit();
        Ok(())
    }

    fn submit(&mut self) -> io::Result<()> {
        if let Some(ring) = &self.ring {
            ignore_busy(ring.queues.submit().map(drop))?;
        }
        self.after_submit();
        Ok(())
    }

    fn after_submit(&mut self) {
        let ring = self.ring.as_mut();
        let is_submitted = ring.is_none_or(|ring| ring.queues.submission().is_empty());
        if is_submitted && self.waiting.is_empty() {
            self.messages.reuse();
        }
    }

    /// Moves what waited into the ring; `false`: nothing waits, or nothing fits.
    fn refill(&mut self) -> bool {
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
    /// What the entry refers to stays until its completion has been seen.
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

    /// Whether something has completed and was not taken.
    pub(super) fn has_done(&mut self) -> bool {
        self.ring.as_mut().is_some_and(|ring| !ring.queues.completion().is_empty())
    }

    /// What has completed next.
    pub(super) fn next(&mut self) -> Option<Done> {
        let entry = self.ring.as_mut()?.queues.completion().next()?;
        let goes_on = cqueue::more(entry.flags());
        if !goes_on {
            self.under_way -= 1;
        }
        let (operation, index) = Operation::from_name(entry.user_data());
        let result = match entry.result() {
            error @ ..0 => Err(io::Error::from_raw_os_error(-error)),
            count => Ok(count as u32),
        };
        Some(match operation {
            Operation::Receive => self.received(index, result, &entry),
            Operation::Fill => {
                let (slot, mut buffer) = self.memory.fills.remove(index as usize);
                let result = result.map(|size| size as usize);
                if let Ok(size) = result {
                    // SAFETY: the kernel has written so many bytes to where this begins, and no more than it has room for.
                    let noted = unsafe { buffer.receive_with(|_| Ok(size)) };
                    debug_assert!(noted.is_ok(), "noting cannot fail");
                }
                Done::Filled { slot, buffer, result }
            }
            Operation::Send => {
                let (slot, mut queue) = self.memory.sends.remove(index);
                let result = result.map(|size| queue.advance(size as usize));
                Done::Sent { slot, queue, result }
            }
            Operation::Accept => {
                let address = self.memory.accepts.remove(index as usize).into_inner().read();
                let result = result.map(|descriptor| (descriptor, address));
                Done::Accepted { name: entry.user_data(), result }
            }
            Operation::Poll => Done::Polled { slot: index },
            Operation::Fault => {
                let (slot, fault) = self.memory.faults.remove(index as usize);
                let fault = result.map_or_else(Some, |_| match fault.into_inner() {
                    0 => None,
                    code => Some(io::Error::from_raw_os_error(code)),
                });
                Done::Fault { slot, error: fault }
            }
            Operation::ShutDown => Done::ShutDown { slot: index },
            Operation::Install => {
                // SAFETY: the kernel has made this descriptor just now, for us alone.
                let install = |descriptor| unsafe { OwnedFd::from_raw_fd(descriptor as i32) };
                Done::Installed { slot: index, result: result.map(install) }
            }
            Operation::Wake => Done::Woken { goes_on },
            Operation::Other => Done::Other,
        })
    }

    fn received(&mut self, slot: u32, result: io::Result<u32>, entry: &cqueue::Entry) -> Done {
        let goes_on = cqueue::more(entry.flags());
        let piece = cqueue::buffer_select(entry.flags())
            .map(|buffer| self.buffers().take(buffer, *result.as_ref().unwrap_or(&0) as usize));
        let result = match result {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) && self.has_bounds => {
                self.has_bounds = false;
                Err(io::ErrorKind::Interrupted.into())
            }
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                self.buffers().grow();
                Err(io::ErrorKind::Interrupted.into())
            }
            Err(error) => Err(error),
            Ok(0) => {
                piece.into_iter().for_each(|empty| self.buffers().give_back(empty));
                Ok(None)
            }
            Ok(_) => Ok(piece),
        };
        Done::Received { slot, result, goes_on }
    }

    /// What was received into a buffer.
    pub(super) fn bytes(&mut self, piece: &Piece) -> &mut [u8] {
        self.buffers().bytes(piece)
    }

    /// Gives a buffer to the kernel again.
    pub(super) fn give_back(&mut self, piece: Piece) {
        self.buffers().give_back(piece);
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
        self.cancel(types::CancelBuilder::any());
        for _ in 0..ENDINGS_MAX {
            if self.under_way == 0 {
                return true;
            }
            if self.enter(Some(ENDING_WAIT)).is_err() {
                // Another thread's.
                return false;
            }
            while self.next().is_some() {}
        }
        false
    }

    fn cancel(&mut self, what: types::CancelBuilder) {
        // SAFETY: this refers to no memory.
        unsafe { self.ask(opcode::AsyncCancel2::new(what).build(), Operation::Other.of(0)) };
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        // A panic must not lead past this, so nothing is taken out here that belongs to another thread.
        if self.memory.sends.is_droppable() && self.end() {
            if let Some(ring) = &mut self.ring {
                // SAFETY: it is not used again.
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
