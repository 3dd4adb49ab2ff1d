//! Connections that arrive, and those on their way from one driver to another.
//!
//! Accepting is asked for one connection at a time, a few at once, and not once for all: the one for all cannot tell the
//! peers' addresses, each of which would have to be asked for. No more is asked for than the ring's table has places: whom it
//! has no place for the kernel takes from the backlog and forgets.

use super::kernel::Handle;
use super::{Completion, Told, Uring};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) is_on: bool,
    /// Names of the operations that accept.
    pub(super) accepting: Vec<u64>,
    /// Nobody can be accepted, and whether somebody is there is waited for.
    is_watched: bool,
}

/// A connection that [`Uring`] has accepted or detached. To drop it is to close it.
///
/// What was accepted is attached to the driver that has accepted it. What was detached can be attached to any.
#[derive(Debug)]
pub struct UringTransfer(Transfer);

#[derive(Debug)]
enum Transfer {
    Direct { index: u32, home: Arc<Home> },
    Descriptor(OwnedFd),
    Gone,
}

/// What other threads have of a driver.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) waker: File,
    /// Direct descriptors that nobody attached. There are no more of them than the ring's table has room for.
    dropped: Mutex<Vec<u32>>,
    /// Whether there are such. By itself, because that is looked at with each poll.
    has_dropped: AtomicBool,
}

impl Listener {
    pub(super) const fn new(socket: TcpListener) -> Self {
        Self { socket, is_on: true, accepting: Vec::new(), is_watched: false }
    }
}

impl Home {
    pub(super) const fn new(waker: File) -> Self {
        Self { waker, dropped: Mutex::new(Vec::new()), has_dropped: AtomicBool::new(false) }
    }

    pub(super) fn wake(&self) {
        // A counter that is full has woken, too.
        let _full = (&self.waker).write(&1u64.to_ne_bytes());
    }

    fn dropped(&self) -> std::sync::MutexGuard<'_, Vec<u32>> {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UringTransfer {
    /// What is to be attached to the driver at `home`.
    pub(super) fn into_handle(mut self, home: &Arc<Home>) -> io::Result<Handle> {
        match std::mem::replace(&mut self.0, Transfer::Gone) {
            Transfer::Direct { index, home: theirs } if Arc::ptr_eq(&theirs, home) => {
                Ok(Handle::Direct(index))
            }
            Transfer::Descriptor(descriptor) => Ok(Handle::Descriptor(descriptor)),
            other => {
                self.0 = other;
                Err(io::Error::new(ErrorKind::InvalidInput, "another driver has accepted this"))
            }
        }
    }
}

impl From<OwnedFd> for UringTransfer {
    fn from(descriptor: OwnedFd) -> Self {
        Self(Transfer::Descriptor(descriptor))
    }
}

impl Drop for UringTransfer {
    fn drop(&mut self) {
        if let Transfer::Direct { index, home } = &self.0 {
            home.dropped().push(*index);
            home.has_dropped.store(true, Ordering::Release);
            home.wake();
        }
    }
}

impl Uring {
    pub(super) fn set_accepting(&mut self, on: bool) {
        if let Some(listener) = &mut self.listener {
            listener.is_on = on;
            if !on {
                self.stop_accepts();
            }
        }
    }

    pub(super) fn stop_accepts(&mut self) {
        let accepting = self.listener.iter().flat_map(|listener| &listener.accepting);
        accepting.for_each(|name| self.kernel.stop_accept(*name));
    }

    pub(super) fn stop_listening(&mut self) {
        self.set_accepting(false);
        if let Some(listener) = self.listener.take() {
            // What is under way keeps the socket until it has stopped; this frees the address at once.
            let _gone = socket2::SockRef::from(&listener.socket).shutdown(std::net::Shutdown::Both);
        }
    }

    pub(super) fn begin_accepts(&mut self) {
        if let Some(listener) = &mut self.listener
            && listener.is_on
        {
            while listener.accepting.len() < ACCEPTS_AT_ONCE
                && let Some(name) = self.kernel.accept(listener.socket.as_fd())
            {
                listener.accepting.push(name);
            }
            if listener.accepting.is_empty() && !listener.is_watched {
                listener.is_watched = true;
                self.kernel.watch_listener(listener.socket.as_fd());
            }
        }
    }

    /// Somebody came while nobody could be accepted, who waits in the backlog.
    pub(super) fn handle_listened(&mut self) -> Option<Told> {
        let listener = self.listener.as_mut()?;
        listener.is_watched = false;
        if !listener.is_on || !listener.accepting.is_empty() || !self.kernel.is_full() {
            return None;
        }
        listener.is_on = false;
        let full = io::Error::from_raw_os_error(libc::ENFILE);
        Some(Told::Completion(Completion::AcceptFailed(full)))
    }

    pub(super) fn handle_accepted(
        &mut self,
        name: u64,
        result: io::Result<(u32, Option<SocketAddr>)>,
    ) -> Option<Told> {
        if let Some(listener) = &mut self.listener {
            listener.accepting.retain(|other| *other != name);
        }
        match result {
            Ok((index, address)) => {
                let transfer = Transfer::Direct { index, home: Arc::clone(&self.home) };
                let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
                let address = address.unwrap_or(unknown);
                Some(Told::Completion(Completion::Accepted(UringTransfer(transfer), address)))
            }
            // It was stopped, or the connection was gone before it was accepted.
            Err(error)
                if error.raw_os_error() == Some(libc::ECANCELED)
                    || matches!(
                        error.kind(),
                        ErrorKind::ConnectionAborted | ErrorKind::Interrupted
                    ) =>
            {
                None
            }
            // The next try would meet the same, at once.
            Err(error) if self.listener.as_ref().is_some_and(|listener| listener.is_on) => {
                self.set_accepting(false);
                Some(Told::Completion(Completion::AcceptFailed(error)))
            }
            Err(_) => None,
        }
    }

    /// Closes what was accepted and nobody attached.
    pub(super) fn close_dropped(&mut self) {
        if !self.home.has_dropped.load(Ordering::Acquire) {
            return;
        }
        // Before the list is taken: who adds to it behind that has seen this, by the lock, and says so again.
        self.home.has_dropped.store(false, Ordering::Relaxed);
        let dropped = std::mem::take(&mut *self.home.dropped());
        for index in dropped {
            self.kernel.close(Handle::Direct(index), false);
        }
    }
}

/// Connections that one poll accepts at most, and that may be accepted although it was turned off.
const ACCEPTS_AT_ONCE: usize = 16;
