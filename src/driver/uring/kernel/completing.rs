//! What the kernel has done, and the memory that comes back with it.

use super::Kernel;
use super::buffers::Piece;
use super::names::{Bell, Operation};
use crate::buffer::{MessageBuffer, SendQueue};
use io_uring::cqueue;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, OwnedFd};

/// What has completed.
#[derive(Debug)]
pub(in super::super) enum Done {
    /// A slot's receive brought something, or `None`: the stream's end. Whether it goes on by itself.
    Received { slot: u32, result: io::Result<Option<Piece>>, goes_on: bool },
    /// A message's buffer comes back, with so many bytes more.
    Filled { slot: u32, buffer: MessageBuffer, result: io::Result<usize> },
    /// A queue comes back, without what has left.
    Sent { slot: u32, queue: SendQueue, result: io::Result<()> },
    /// What accepted under this name brought: a direct descriptor, which has to be closed, and its peer.
    Accepted { name: u64, result: io::Result<(u32, Option<SocketAddr>)> },
    /// There is somebody to accept.
    Listened,
    /// There is an event at a slot's socket.
    Polled { slot: u32 },
    /// What is wrong with a slot's socket, if something is.
    Fault { slot: u32, error: Option<io::Error> },
    /// A slot's outgoing stream was ended, or had been.
    ShutDown { slot: u32 },
    /// A slot's descriptor became one of the process.
    Installed { slot: u32, result: io::Result<OwnedFd> },
    /// A bell rang, or it cannot be watched. Whether it is watched further.
    Rung { bell: Bell, result: io::Result<()>, goes_on: bool },
    /// What was to stop something of a slot is through, whether it has found it or not.
    Stopped { slot: u32 },
    /// What was to stop accepting is through, likewise.
    AcceptStopped,
    /// Something that nobody waits for.
    Other,
}

impl Kernel {
    /// Whether something has completed and was not taken.
    pub(in super::super) fn has_done(&mut self) -> bool {
        !self.quiet.has_told_all()
            || !self.completed.is_empty()
            || self.ring.as_mut().is_some_and(|ring| !ring.queues.completion().is_empty())
    }

    /// What has completed next. First what has left without a word, so that who is heard from next can be answered at once.
    pub(in super::super) fn next(&mut self) -> Option<Done> {
        if let Some(sent) = self.next_quiet() {
            return Some(sent);
        }
        let entry = self.completed.pop_front()?;
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
            Operation::Receive => {
                let buffer = cqueue::buffer_select(entry.flags());
                Done::Received { slot: index, result: self.received(result, buffer), goes_on }
            }
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
            Operation::Send => self.sent(index, result),
            Operation::Accept => {
                let address = self.memory.accepts.remove(index as usize).into_inner().read();
                self.taken -= u32::from(result.is_err());
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
            Operation::Ring => {
                Done::Rung { bell: Bell::from_index(index), result: result.map(drop), goes_on }
            }
            Operation::Stop => Done::Stopped { slot: index },
            Operation::StopAccept => Done::AcceptStopped,
            Operation::Listen => Done::Listened,
            Operation::Close => {
                self.taken -= 1;
                Done::Other
            }
            Operation::Other => Done::Other,
        })
    }

    fn sent(&mut self, index: u32, result: io::Result<u32>) -> Done {
        let (slot, mut queue) = self.memory.sends.remove(index);
        let result = match result {
            // Nothing of it has left.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            result => result,
        };
        let result = result.map(|size| queue.advance(size as usize));
        Done::Sent { slot, queue, result }
    }

    /// What a receive into a provided buffer has brought. One that fails or ends brings none, or a buffer with nothing in it.
    pub(in super::super) fn received(
        &mut self,
        result: io::Result<u32>,
        buffer: Option<u16>,
    ) -> io::Result<Option<Piece>> {
        let (size, error) = match result {
            Ok(size) => (size as usize, None),
            Err(error) => (0, Some(error)),
        };
        let piece = buffer.map(|buffer| self.buffers().take(buffer, size));
        if size > 0 {
            return Ok(piece);
        }
        piece.into_iter().for_each(|empty| self.buffers().give_back(empty));
        match error {
            Some(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                self.buffers().give_another();
                Err(io::ErrorKind::Interrupted.into())
            }
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// Gives a buffer to the kernel again.
    pub(in super::super) fn give_back(&mut self, piece: Piece) {
        self.buffers().give_back(piece);
    }
}
