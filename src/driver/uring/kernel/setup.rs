//! What a ring is made of.

use io_uring::{IoUring, Probe, opcode};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::FromRawFd;
use std::ptr::NonNull;

/// A ring of this thread, with a table of so many direct descriptors.
pub(super) fn ring(descriptors: u32) -> io::Result<IoUring> {
    let ring = IoUring::builder()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_submit_all()
        .setup_cqsize(COMPLETIONS)
        .build(SUBMISSIONS)?;
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe)?;
    if !probe.is_supported(opcode::FixedFdInstall::CODE) {
        return Err(io::Error::new(ErrorKind::Unsupported, "io_uring needs Linux 6.8 or later"));
    }
    ring.submitter().register_files_sparse(descriptors)?;
    Ok(ring)
}

/// How many direct descriptors a ring can have: as many as the process can have others.
pub(super) fn descriptors_max() -> io::Result<u32> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes what is there.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(limit.rlim_cur.min(DESCRIPTORS_MAX) as u32)
}

/// A counter that is a descriptor: who writes to it wakes who waits for it.
pub(in super::super) fn event() -> io::Result<File> {
    // SAFETY: there is no memory in this.
    let event = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    if event < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was made just now, and nobody else has it.
    Ok(unsafe { File::from_raw_fd(event) })
}

/// Pages of zeros, each of which costs memory from when it is first touched.
#[derive(Debug)]
pub(super) struct Pages {
    first: NonNull<u8>,
    size: usize,
}

// SAFETY: the memory is this value's alone, as a vector's is.
unsafe impl Send for Pages {}

impl Pages {
    pub(super) fn new(size: usize) -> io::Result<Self> {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: this maps new pages where nothing is.
        let first = unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0) };
        match NonNull::new(first.cast()) {
            Some(first) if first.as_ptr() != libc::MAP_FAILED.cast() => Ok(Self { first, size }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The first byte.
    pub(super) const fn first(&self) -> NonNull<u8> {
        self.first
    }

    /// The byte at `offset`.
    pub(super) fn at(&self, offset: usize) -> NonNull<u8> {
        assert!(offset < self.size, "inside the pages");
        // SAFETY: the assertion.
        unsafe { self.first.add(offset) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: these are the pages that were mapped, and whoever has them to give sees to it that nobody uses them.
        unsafe { libc::munmap(self.first.as_ptr().cast(), self.size) };
    }
}

/// What can be asked for before the kernel is entered. More is asked for in two goes.
pub(super) const SUBMISSIONS: u32 = 1024;

/// What can complete before we look. The kernel keeps what is more, at a cost.
const COMPLETIONS: u32 = 16 * 1024;

/// Direct descriptors of one ring, also where the process may have more: the table is made at once, with eight bytes for
/// each.
const DESCRIPTORS_MAX: u64 = 1 << 20;
