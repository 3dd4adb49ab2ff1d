//! What the kernel can be asked for.

use super::buffers::GROUP;
use super::memory::{Address, PIECES_PER_SEND};
use super::names::{Bell, Operation};
use super::{Kernel, quiet, types};
use crate::buffer::{MessageBuffer, SendQueue};
use crate::limits::{FILL_TRUST_SIZE, HEADER_SIZE_MAX, RECEIVE_SIZE};
use io_uring::squeue::Flags;
use io_uring::types::{CancelBuilder, DestinationSlot};
use io_uring::{opcode, squeue};
use socket2::SockRef;
use std::cell::UnsafeCell;
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// A socket.
#[derive(Debug)]
pub(in super::super) enum Handle {
    /// An index into the ring's own table, which no descriptor of the process is needed for. It has to be closed.
    Direct(u32),
    Descriptor(OwnedFd),
}

/// Builds an entry for either kind of handle.
macro_rules! on {
    ($handle:expr, |$socket:ident| $entry:expr) => {
        match $handle {
            Handle::Direct(index) => {
                let $socket = types::Fixed(*index);
                $entry
            }
            Handle::Descriptor(descriptor) => {
                let $socket = types::Fd(descriptor.as_raw_fd());
                $entry
            }
        }
    };
}

impl Kernel {
    /// Receives for a slot until told to stop, or until there is no buffer. `is_short`: only enough to know what comes.
    pub(in super::super) fn receive(&mut self, slot: u32, handle: &Handle, is_short: bool) {
        let entry = self.receive_entry(handle, is_short);
        self.ask_without_memory(entry, Operation::Receive.of(slot));
    }

    /// A receive that no ring can carry out, for there is no such socket. Whether the kernel knows its bounds is looked at
    /// before that.
    pub(super) fn receive_of_nobody(&self) -> squeue::Entry {
        self.receive_entry(&Handle::Direct(u32::MAX), true)
    }

    fn receive_entry(&self, handle: &Handle, is_short: bool) -> squeue::Entry {
        let most = if is_short { SHORT_SIZE } else { AHEAD_SIZE_MAX };
        let (size, most) = if self.has_bounds { (RECEIVE_SIZE as u32, most) } else { (0, 0) };
        let entry = on!(handle, |socket| opcode::RecvMulti::new(socket, GROUP).len(size).build());
        let entry = bounded(entry, most);
        #[cfg(test)]
        let entry = if self.unlikely.is_old && self.has_bounds { unheard_of(entry) } else { entry };
        entry
    }

    /// Receives once, into this buffer. Answers the name to stop it with.
    pub(in super::super) fn fill(
        &mut self,
        slot: u32,
        handle: &Handle,
        mut buffer: MessageBuffer,
    ) -> u64 {
        let mut room: (*mut u8, usize) = (std::ptr::null_mut(), 0);
        // SAFETY: the closure receives nothing, and says so.
        let nothing = unsafe {
            buffer.receive_with(|memory| {
                room = (memory.as_mut_ptr().cast(), memory.len());
                Err(io::ErrorKind::WouldBlock.into())
            })
        };
        debug_assert!(nothing.is_err(), "nothing was received yet");
        let size = room.1.min(FILL_ONCE_MAX) as u32;
        let entry = on!(handle, |socket| opcode::Recv::new(socket, room.0, size).build());
        let index = self.memory.fills.insert((slot, buffer)) as u32;
        let name = Operation::Fill.of(index);
        // SAFETY: the buffer comes out of `memory` with the completion, and its bytes stay where they are until then.
        unsafe { self.ask(entry, name) };
        name
    }

    /// Sends what it can of a queue; first waits until there is room, where it is known that there is none.
    pub(in super::super) fn send(
        &mut self,
        slot: u32,
        handle: &Handle,
        queue: SendQueue,
        waits: bool,
    ) {
        let is_quiet = !waits && self.quiet.has_room_for(&queue);
        let index = self.memory.sends.insert(slot, queue, is_quiet);
        let order = if waits { POLL_FIRST } else { 0 };
        let flags = libc::MSG_NOSIGNAL | if is_quiet { quiet::MESSAGE_FLAGS } else { 0 };
        let queue = self.memory.sends.get(index);
        let entry = if let Some(all) = queue.as_one_slice() {
            let size = all.len().min(SEND_ONCE_MAX) as u32;
            on!(handle, |socket| opcode::Send::new(socket, all.as_ptr(), size)
                .ioprio(order)
                .flags(flags)
                .build())
        } else {
            let mut slices = [IoSlice::new(&[]); PIECES_PER_SEND];
            let count = queue.slices(&mut slices);
            let header = self.messages.header(&slices[..count]);
            on!(handle, |socket| opcode::SendMsg::new(socket, header)
                .ioprio(order)
                .flags(flags as u32)
                .build())
        };
        let entry = if is_quiet { entry.flags(quiet::ENTRY_FLAGS) } else { entry };
        if is_quiet {
            self.quiet.push(index, queue.bytes());
        }
        // SAFETY: the queue comes out of `memory` with the completion or, of a quiet send, when there will be none, and nothing
        // appends to it until then; a header is kept until it was submitted, when the kernel has a copy.
        unsafe { self.ask(entry, Operation::Send.of(index)) };
    }

    /// Accepts one connection. Answers the name to stop it with; `None`: the ring's table has no place for it, and the
    /// kernel would take it from the backlog and lose it.
    pub(in super::super) fn accept(&mut self, listener: BorrowedFd<'_>) -> Option<u64> {
        if self.is_full() {
            return None;
        }
        self.taken += 1;
        let cell = Box::new(UnsafeCell::new(Address::new()));
        let (address, size) = Address::pointers(&cell);
        let listener = types::Fd(listener.as_raw_fd());
        let entry = opcode::Accept::new(listener, address, size)
            .file_index(Some(DestinationSlot::auto_target()))
            .build();
        let name = Operation::Accept.of(self.memory.accepts.insert(cell) as u32);
        // SAFETY: the cell comes out of `memory` with the completion.
        unsafe { self.ask(entry, name) };
        Some(name)
    }

    /// Waits until there is somebody to accept.
    pub(in super::super) fn watch_listener(&mut self, listener: BorrowedFd<'_>) {
        let listener = types::Fd(listener.as_raw_fd());
        let entry = opcode::PollAdd::new(listener, libc::POLLIN as u32).build();
        self.ask_without_memory(entry, Operation::Listen.of(0));
    }

    /// Asks for a socket's fault.
    pub(in super::super) fn fault(&mut self, slot: u32, handle: &Handle) {
        let cell = Box::new(UnsafeCell::new(0));
        let (level, option) = (libc::SOL_SOCKET as u32, libc::SO_ERROR as u32);
        let (value, size) = (cell.get().cast(), size_of::<libc::c_int>() as u32);
        let entry = on!(handle, |socket| {
            opcode::GetSockOpt::new(socket, level, option, value, size).build()
        });
        let index = self.memory.faults.insert((slot, cell)) as u32;
        // SAFETY: the cell comes out of `memory` with the completion.
        unsafe { self.ask(entry, Operation::Fault.of(index)) };
    }

    /// Waits until the socket can be written to.
    pub(in super::super) fn poll_writable(&mut self, slot: u32, handle: &Handle) {
        self.poll(slot, handle, libc::POLLOUT as u32);
    }

    /// Waits until the socket fails, or has ended in both directions.
    pub(in super::super) fn poll_failed(&mut self, slot: u32, handle: &Handle) {
        self.poll(slot, handle, 0);
    }

    fn poll(&mut self, slot: u32, handle: &Handle, events: u32) {
        let entry = on!(handle, |socket| opcode::PollAdd::new(socket, events).build());
        self.ask_without_memory(entry, Operation::Poll.of(slot));
    }

    /// Tells of every time that a bell rings. Nobody reads it: what rings it is an event each time.
    pub(in super::super) fn watch(&mut self, bell: Bell, descriptor: BorrowedFd<'_>) {
        let descriptor = types::Fd(descriptor.as_raw_fd());
        #[cfg(test)]
        let descriptor = self.unlikely.watches_failing.checked_sub(1).map_or(descriptor, |left| {
            self.unlikely.watches_failing = left;
            types::Fd(-1)
        });
        let entry = opcode::PollAdd::new(descriptor, libc::POLLIN as u32).multi(true).build();
        self.ask_without_memory(entry, Operation::Ring.of(bell as u32));
    }

    pub(in super::super) fn shut_down(&mut self, slot: u32, handle: &Handle) {
        let entry = on!(handle, |socket| opcode::Shutdown::new(socket, libc::SHUT_WR).build());
        self.ask_without_memory(entry, Operation::ShutDown.of(slot));
    }

    /// Makes a direct descriptor one of the process. It remains a direct one, too.
    pub(in super::super) fn install(&mut self, slot: u32, index: u32) {
        let entry = opcode::FixedFdInstall::new(types::Fixed(index), 0).build();
        self.ask_without_memory(entry, Operation::Install.of(slot));
    }

    /// Closes a socket with which nothing is under way any more; `is_reset`: the peer gets a reset. Where that option cannot
    /// be set, an ordinary close is the next best.
    pub(in super::super) fn close(&mut self, handle: Handle, is_reset: bool) {
        let index = match handle {
            Handle::Direct(index) => types::Fixed(index),
            Handle::Descriptor(descriptor) => {
                if is_reset {
                    let _unset = SockRef::from(&descriptor).set_linger(Some(Duration::ZERO));
                }
                return;
            }
        };
        if is_reset {
            let (level, option) = (libc::SOL_SOCKET as u32, libc::SO_LINGER as u32);
            let (value, size) = ((&raw const AT_ONCE).cast(), size_of::<libc::linger>() as u32);
            // One after the other, whatever becomes of the first.
            let entry = opcode::SetSockOpt::new(index, level, option, value, size)
                .build()
                .flags(Flags::IO_HARDLINK);
            // SAFETY: it refers to a static.
            unsafe { self.ask(entry, Operation::Other.of(0)) };
        }
        let entry = opcode::Close::new(index).build();
        self.ask_without_memory(entry, Operation::Close.of(0));
    }

    /// Stops a slot's receive into provided buffers.
    pub(in super::super) fn stop_receive(&mut self, slot: u32) {
        self.stop_fill(slot, Operation::Receive.of(slot));
    }

    /// Stops a slot's receive into a message's buffer, by its name.
    pub(in super::super) fn stop_fill(&mut self, slot: u32, name: u64) {
        self.cancel(CancelBuilder::user_data(name), Operation::Stop.of(slot));
    }

    /// Stops all that is under way with a slot's socket, but what stops it.
    pub(in super::super) fn stop_all(&mut self, slot: u32, handle: &Handle) {
        let all = on!(handle, |socket| CancelBuilder::fd(socket).all());
        self.cancel(all, Operation::Stop.of(slot));
    }

    /// Stops accepting, by its name.
    pub(in super::super) fn stop_accept(&mut self, name: u64) {
        let (_, index) = Operation::from_name(name);
        self.cancel(CancelBuilder::user_data(name), Operation::StopAccept.of(index));
    }

    /// Stops all there is.
    pub(super) fn stop_everything(&mut self) {
        self.cancel(CancelBuilder::any(), Operation::Other.of(0));
    }

    fn cancel(&mut self, what: CancelBuilder, name: u64) {
        #[cfg(test)]
        let what = self.unlikely.misses.checked_sub(1).map_or(what, |left| {
            self.unlikely.misses = left;
            CancelBuilder::user_data(u64::MAX)
        });
        self.ask_without_memory(opcode::AsyncCancel2::new(what).build(), name);
    }

    fn ask_without_memory(&mut self, entry: squeue::Entry, name: u64) {
        // SAFETY: these refer to no memory of ours.
        unsafe { self.ask(entry, name) };
    }
}

/// A receive that stops after so many bytes. The crate has no name for this field yet.
fn bounded(entry: squeue::Entry, size: u32) -> squeue::Entry {
    with_number(entry, OPTION_SIZE, size)
}

/// A receive that every kernel refuses as one before Linux 6.17 refuses bounds.
#[cfg(test)]
fn unheard_of(entry: squeue::Entry) -> squeue::Entry {
    with_number(entry, UNUSED, 1)
}

fn with_number(entry: squeue::Entry, at: usize, number: u32) -> squeue::Entry {
    // SAFETY: an entry is 64 bytes of plain numbers, as the kernel's interface says.
    let mut bytes: [u8; 64] = unsafe { std::mem::transmute(entry) };
    bytes[at..at + 4].copy_from_slice(&number.to_ne_bytes());
    // SAFETY: likewise, and each of them may have any value.
    unsafe { std::mem::transmute::<[u8; 64], squeue::Entry>(bytes) }
}

/// Bytes after which a receive stops, to be begun again; the last buffer may bring more. Without a bound the kernel brings
/// thirty-two buffers before anybody has looked, and a connection that does not want them now has copies.
pub(in super::super) const AHEAD_SIZE_MAX: u32 = 192 * 1024;

/// Bytes of a receive that is to be followed by one into the message's own buffer, if it is the beginning of a large one.
const SHORT_SIZE: u32 = 40 * 1024;

const _: () = assert!(SHORT_SIZE as usize >= FILL_TRUST_SIZE + HEADER_SIZE_MAX);
const _: () = assert!(SHORT_SIZE as usize <= RECEIVE_SIZE);

/// Where `optlen` is in `struct io_uring_sqe`.
const OPTION_SIZE: usize = 44;

/// Where `addr2` is, which means nothing to a receive.
#[cfg(test)]
const UNUSED: usize = 8;

/// Close without waiting, and forget what was not sent.
static AT_ONCE: libc::linger = libc::linger { l_onoff: 1, l_linger: 0 };

/// `IORING_RECVSEND_POLL_FIRST`, which is not in the crate's interface.
const POLL_FIRST: u16 = 1;

/// Bytes that one receive into a message's buffer takes. An operation's size has 32 bits, and its result one less.
const FILL_ONCE_MAX: usize = 1 << 30;

/// Bytes that one send takes.
const SEND_ONCE_MAX: usize = 1 << 30;
