//! One connection of the driver on epoll.
//!
//! Its bytes go through system calls of rustix's: the C library's look each time whether the thread is to be cancelled,
//! in which a profile had 1 % of an echo.

use crate::buffer::{MessageBuffer, SendQueue};
use mio::event::Event;
use mio::net::TcpStream;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg};
use std::io::{self, IoSlice};

/// A connection's socket, and what is known of it.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) generation: u32,
    /// The kernel may have bytes: there was an event, and no short read since.
    pub(super) is_readable: bool,
    /// One of the lists of readable sockets has this one.
    pub(super) is_listed: bool,
    /// A short read does not mean that the kernel has no more: the peer's end, or bytes behind urgent ones, may follow.
    pub(super) reads_to_end: bool,
    /// A read has found the end.
    pub(super) is_ended: bool,
    pub(super) is_paused: bool,
    pub(super) is_blocked: bool,
    /// It is not there yet. Meanwhile it counts as blocked, so that events of other connections cost no further look.
    pub(super) is_connecting: bool,
    /// It receives into a message's own buffer, which is among [`super::Epoll`]'s.
    pub(super) is_filling: bool,
}

// Each connection has one. In debug builds mio adds to it.
const _: () = assert!(cfg!(debug_assertions) || size_of::<Option<Socket>>() <= 16);

impl Socket {
    /// Notes what an event says; answers whether to list the socket as readable, and as writable.
    #[inline]
    pub(super) fn note(&mut self, event: &Event) -> (bool, bool) {
        let reads_to_end = event.is_read_closed() || event.is_priority() || event.is_error();
        self.reads_to_end |= reads_to_end;
        let mut readable = false;
        if event.is_readable() || reads_to_end {
            self.is_readable = true;
            readable = !self.is_listed && !self.is_paused;
            self.is_listed |= readable;
        }
        let writable = self.is_blocked && (event.is_writable() || event.is_error());
        self.is_blocked &= !writable;
        (readable, writable)
    }
}

/// Sends what fits into one system call. `false`: the kernel takes no more now.
#[inline]
pub(super) fn send_some(stream: &TcpStream, queue: &mut SendQueue) -> io::Result<bool> {
    let (offered, sent) = match queue.as_one_slice() {
        Some(all) => (all.len(), send(stream, all, SendFlags::NOSIGNAL)),
        None => send_pieces(stream, queue),
    };
    match sent {
        Ok(size) => {
            queue.advance(size);
            Ok(size == offered)
        }
        Err(Errno::AGAIN) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn send_pieces(stream: &TcpStream, queue: &SendQueue) -> (usize, rustix::io::Result<usize>) {
    let mut slices = [IoSlice::new(&[]); SLICES_PER_SEND];
    let count = queue.slices(&mut slices);
    let slices = &slices[..count];
    let sent = sendmsg(stream, slices, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL);
    (slices.iter().map(|slice| slice.len()).sum(), sent)
}

pub(super) fn receive_into(stream: &TcpStream, buffer: &mut MessageBuffer) -> io::Result<usize> {
    // SAFETY: `recv` gives back what it has initialised, which is the beginning of what it is given.
    unsafe {
        buffer.receive_with(|room| {
            let ((received, _), _) = recv(stream, room, RecvFlags::empty())?;
            Ok(received.len())
        })
    }
}

/// Pieces that leave in one system call.
const SLICES_PER_SEND: usize = 64;
