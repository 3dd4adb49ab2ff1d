//! Memory that an operation reads from or writes to, from when it begins until it has completed.
//!
//! It moves in here and comes out with the completion. What moves is a handle: the bytes lie elsewhere and stay there.

use super::setup::SUBMISSIONS;
use crate::buffer::{MessageBuffer, SendQueue};
use slab::Slab;
use socket2::{SockAddr, SockAddrStorage};
use std::cell::UnsafeCell;
use std::net::SocketAddr;

/// What is the kernel's for now.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Of a slot each.
    pub(super) fills: Slab<(u32, MessageBuffer)>,
    pub(super) sends: Sends,
    pub(super) accepts: Slab<Box<UnsafeCell<Address>>>,
    /// Of a slot each.
    pub(super) faults: Slab<(u32, Box<UnsafeCell<libc::c_int>>)>,
}

// SAFETY: `sends` sees to itself, and the cells are touched by the kernel while an operation is under way, and by the owner
// before and after that.
unsafe impl Send for Memory {}

/// Send queues, which may share batches with others of their thread.
///
/// A driver may be moved to another thread as long as nothing is in here. That nothing is, is checked where something is
/// put in or taken out.
#[derive(Debug, Default)]
pub(super) struct Sends {
    queues: Slab<Outgoing>,
    thread: usize,
}

#[derive(Debug)]
struct Outgoing {
    slot: u32,
    /// It completes only if it fails.
    is_quiet: bool,
    queue: SendQueue,
}

impl Sends {
    /// Keeps a queue of this slot, and says where.
    pub(super) fn insert(&mut self, slot: u32, queue: SendQueue, is_quiet: bool) -> u32 {
        if self.queues.is_empty() {
            self.thread = this_thread();
        }
        self.check();
        self.queues.insert(Outgoing { slot, is_quiet, queue }) as u32
    }

    pub(super) fn get(&self, index: u32) -> &SendQueue {
        self.check();
        &self.queues[index as usize].queue
    }

    pub(super) fn remove(&mut self, index: u32) -> (u32, SendQueue) {
        self.check();
        let Outgoing { slot, queue, .. } = self.queues.remove(index as usize);
        (slot, queue)
    }

    pub(super) fn is_quiet(&self, index: u32) -> bool {
        self.queues[index as usize].is_quiet
    }

    /// Notes that a send has completed. Whether it should have been quiet.
    pub(super) fn note_completed(&mut self, index: u32) -> bool {
        std::mem::take(&mut self.queues[index as usize].is_quiet)
    }

    fn check(&self) {
        assert!(self.thread == this_thread(), "a driver was moved while something was in flight");
    }

    /// Whether to drop this here and now is sound.
    pub(super) fn is_droppable(&self) -> bool {
        self.queues.is_empty() || self.thread == this_thread()
    }
}

/// Different for any two threads that live at the same time. Batches of a thread that has ended are nobody's any more.
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// Where the kernel writes a peer's address.
#[derive(Debug)]
pub(super) struct Address {
    storage: SockAddrStorage,
    size: libc::socklen_t,
}

impl Address {
    pub(super) fn new() -> Self {
        let storage = SockAddrStorage::zeroed();
        Self { size: storage.size_of(), storage }
    }

    pub(super) fn pointers(cell: &UnsafeCell<Self>) -> (*mut libc::sockaddr, *mut libc::socklen_t) {
        let address = cell.get();
        // SAFETY: the cell is alive, and this makes no reference.
        let storage = unsafe { &raw mut (*address).storage };
        // SAFETY: likewise.
        let size = unsafe { &raw mut (*address).size };
        (storage.cast(), size)
    }

    /// What was written.
    pub(super) fn read(self) -> Option<SocketAddr> {
        if self.size > self.storage.size_of() {
            return None;
        }
        // SAFETY: the kernel has written an address of this size, or nothing, and zeros are of no family.
        unsafe { SockAddr::new(self.storage, self.size) }.as_socket()
    }
}

/// What `sendmsg` is told, until it has been submitted: then the kernel has its own copy.
///
/// They are used again, and given back when half of them are not needed for long.
#[derive(Debug, Default)]
pub(super) struct Messages {
    #[expect(
        clippy::vec_box,
        reason = "the kernel reads each where it is, however many there are"
    )]
    messages: Vec<Box<Message>>,
    used: usize,
    /// The most that were used of them since they were looked at last, and how often they have been reused since.
    used_most: usize,
    reuses: u32,
}

// SAFETY: the pointers are written and read in one go, between which nothing is submitted elsewhere.
unsafe impl Send for Messages {}

#[derive(Debug)]
struct Message {
    header: UnsafeCell<libc::msghdr>,
    pieces: UnsafeCell<[libc::iovec; PIECES_PER_SEND]>,
}

impl Messages {
    /// A header for these pieces.
    pub(super) fn header(&mut self, pieces: &[std::io::IoSlice<'_>]) -> *const libc::msghdr {
        if self.used == self.messages.len() {
            let none = libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 };
            // SAFETY: a header of zeros is one that says nothing.
            let header = unsafe { std::mem::zeroed() };
            self.messages.push(Box::new(Message {
                header: UnsafeCell::new(header),
                pieces: UnsafeCell::new([none; PIECES_PER_SEND]),
            }));
        }
        let message = &mut self.messages[self.used];
        self.used += 1;
        for (to, piece) in message.pieces.get_mut().iter_mut().zip(pieces) {
            *to = libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() };
        }
        let first = message.pieces.get().cast();
        let header = message.header.get_mut();
        header.msg_iov = first;
        header.msg_iovlen = pieces.len();
        message.header.get()
    }

    /// Everything was submitted.
    pub(super) fn reuse(&mut self) {
        self.used_most = self.used_most.max(self.used);
        self.used = 0;
        self.messages.truncate(HEADERS_KEPT_MAX);
        self.reuses += 1;
        if self.reuses == REUSES_PER_LOOK {
            self.reuses = 0;
            let used_most = std::mem::take(&mut self.used_most);
            self.messages.truncate(used_most.max(self.messages.len() / 2));
        }
    }
}

/// Pieces that leave in one operation.
pub(super) const PIECES_PER_SEND: usize = 64;

/// As many as one system call submits. Each has a little over 1 KiB.
const HEADERS_KEPT_MAX: usize = SUBMISSIONS as usize;

/// How often they are reused before it is seen how many are needed.
const REUSES_PER_LOOK: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::IoSlice;

    impl Messages {
        fn use_and_reuse(&mut self, count: usize) -> usize {
            for _ in 0..count {
                self.header(&[IoSlice::new(b"x")]);
            }
            self.reuse();
            self.messages.len()
        }
    }

    #[test]
    fn headers_are_kept_as_far_as_they_are_needed() {
        let mut messages = Messages::default();
        assert_eq!(messages.use_and_reuse(3), 3);
        assert_eq!(messages.use_and_reuse(5000), HEADERS_KEPT_MAX);
        for _ in 0..10 * REUSES_PER_LOOK {
            assert_eq!(
                messages.use_and_reuse(HEADERS_KEPT_MAX),
                HEADERS_KEPT_MAX,
                "none is made anew"
            );
        }
        // A burst now and then keeps what it needs.
        for _ in 0..10 {
            messages.use_and_reuse(100);
            for _ in 1..REUSES_PER_LOOK {
                assert!(messages.use_and_reuse(0) >= 100);
            }
        }
        for _ in 0..10 * REUSES_PER_LOOK {
            messages.use_and_reuse(0);
        }
        assert_eq!(messages.messages.len(), 0, "nobody needs them");
    }
}
