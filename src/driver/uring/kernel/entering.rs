//! The system call that submits and waits.

use io_uring::types::Timespec;
use io_uring::{EnterFlags, IoUring};
use std::io;
use std::os::fd::AsRawFd;
use std::ptr;
use std::thread::{self, ThreadId};

/// What names a ring to the kernel: a number that its thread has registered for it, where there is one, for that need not be
/// looked up among the descriptors and counted each time (`IORING_REGISTER_RING_FDS`). The crate forgets such a number.
#[derive(Debug)]
pub(super) struct Entrance {
    descriptor: i32,
    /// It means something in this thread alone.
    registered: Option<u32>,
    thread: ThreadId,
    /// A processor that has nothing to do meanwhile is idle, and does not wait for a disk: since Linux 6.15.
    waiting: EnterFlags,
}

impl Entrance {
    pub(super) fn new(ring: &IoUring) -> Self {
        let descriptor = ring.as_raw_fd();
        let mut update = Update { offset: u32::MAX, reserved: 0, data: descriptor as u64 };
        // A thread has places for sixteen; without one the descriptor serves.
        let registered = Registration::Make.carry_out(descriptor, &mut update).ok();
        let waiting = match ring.params().is_feature_no_iowait() {
            true => EnterFlags::NO_IOWAIT,
            false => EnterFlags::empty(),
        };
        Self {
            descriptor,
            registered: registered.map(|()| update.offset),
            thread: own_name(),
            waiting,
        }
    }

    /// Submits so many entries, and waits until as many have completed as are wanted, or the time is over.
    ///
    /// # Safety
    ///
    /// The ring that this was made for is still there, and what the entries refer to stays as [`Kernel::ask`](super::Kernel::ask)
    /// says.
    pub(super) unsafe fn enter(
        &self,
        entries: u32,
        wanted: u32,
        timeout: Option<&Timespec>,
    ) -> io::Result<()> {
        let arguments = timeout.map(|timeout| Arguments {
            timeout: ptr::from_ref(timeout) as u64,
            ..Arguments::default()
        });
        let (argument, size) = match &arguments {
            Some(arguments) => (ptr::from_ref(arguments), size_of::<Arguments>()),
            None => (ptr::null(), 0),
        };
        let (name, named) = match self.registered {
            Some(number) if self.is_here() => (number, EnterFlags::REGISTERED_RING),
            _ => (self.descriptor as u32, EnterFlags::empty()),
        };
        let timed = if timeout.is_some() { EnterFlags::EXT_ARG } else { EnterFlags::empty() };
        let flags = EnterFlags::GETEVENTS | self.waiting | named | timed;
        // SAFETY: the argument is alive, and has the layout that the flag says; for the entries the caller has promised.
        let entered = unsafe {
            libc::syscall(
                libc::SYS_io_uring_enter,
                name,
                entries,
                wanted,
                flags.bits(),
                argument,
                size,
            )
        };
        if entered < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    fn is_here(&self) -> bool {
        self.thread == own_name()
    }
}

/// The name of this thread, which no other one ever has. To ask for it each time counts a user of the thread in and out.
fn own_name() -> ThreadId {
    thread_local!(static HERE: ThreadId = thread::current().id());
    HERE.with(|here| *here)
}

impl Drop for Entrance {
    /// A ring lives for as long as it is registered.
    fn drop(&mut self) {
        if let Some(offset) = self.registered.filter(|_| self.is_here()) {
            let mut update = Update { offset, reserved: 0, data: 0 };
            let _gone = Registration::End.carry_out(self.descriptor, &mut update);
        }
    }
}

/// `IORING_REGISTER_RING_FDS` and its opposite.
#[derive(Clone, Copy)]
enum Registration {
    Make = 20,
    End = 21,
}

impl Registration {
    fn carry_out(self, ring: i32, update: &mut Update) -> io::Result<()> {
        let update = ptr::from_mut(update);
        // SAFETY: both take updates, and this is one, which the kernel reads and writes.
        let done =
            unsafe { libc::syscall(libc::SYS_io_uring_register, ring, self as u32, update, 1) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// `struct io_uring_rsrc_update`.
#[repr(C)]
struct Update {
    offset: u32,
    reserved: u32,
    data: u64,
}

/// `struct io_uring_getevents_arg`.
#[repr(C)]
#[derive(Default)]
struct Arguments {
    signals: u64,
    signals_size: u32,
    wait_at_least: u32,
    timeout: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use io_uring::opcode;

    #[test]
    fn a_thread_may_have_many_rings_after_one_another_and_more_at_a_time_than_it_has_numbers() {
        for _ in 0..2 {
            let rings: Vec<_> = (0..NUMBERS + 4).map(|_| new()).collect();
            let numbered = rings.iter().filter(|(_, entrance)| entrance.registered.is_some());
            assert_eq!(numbered.count(), NUMBERS);
            for (mut ring, entrance) in rings {
                try_out(&mut ring, &entrance);
            }
        }
    }

    #[test]
    fn elsewhere_a_number_is_not_used() {
        let (mut ring, entrance) = thread::spawn(new).join().expect("it does not panic");
        // Where the system may have put the new thread where the old one was.
        let (mut own_ring, own) = thread::spawn(move || {
            let own = new();
            assert!(own.1.registered.is_some() && own.1.registered == entrance.registered);
            try_out(&mut ring, &entrance);
            own
        })
        .join()
        .expect("it does not panic");
        try_out(&mut own_ring, &own);
    }

    #[test]
    fn that_nothing_comes_in_time_is_said() {
        let (_ring, entrance) = new();
        // SAFETY: there are no entries, and the ring is there.
        let result = unsafe { entrance.enter(0, 1, Some(&Timespec::new().nsec(1))) };
        assert_eq!(result.map_err(|error| error.raw_os_error()), Err(Some(libc::ETIME)));
    }

    fn new() -> (IoUring, Entrance) {
        let ring = IoUring::new(8).expect("the kernel has io_uring");
        let entrance = Entrance::new(&ring);
        (ring, entrance)
    }

    /// Has something done that is nothing.
    fn try_out(ring: &mut IoUring, entrance: &Entrance) {
        let nothing = opcode::Nop::new().build().user_data(7);
        // SAFETY: it refers to nothing.
        unsafe { ring.submission().push(&nothing) }.expect("there is room");
        // SAFETY: likewise, and the ring is there.
        unsafe { entrance.enter(1, 1, Some(&Timespec::new().sec(10))) }.expect("it works");
        assert_eq!(ring.completion().next().map(|done| done.user_data()), Some(7));
    }

    /// Of each thread: `IO_RINGFD_REG_MAX`.
    const NUMBERS: usize = 16;
}
