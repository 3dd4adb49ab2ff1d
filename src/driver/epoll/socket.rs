//! One connection of the driver on epoll.

use crate::buffer::{MessageBuffer, SendQueue};
use mio::event::Event;
use mio::net::TcpStream;
use socket2::SockRef;
use std::io::{self, ErrorKind, IoSlice, Write};

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
pub(super) fn send_some(mut stream: &TcpStream, queue: &mut SendQueue) -> io::Result<bool> {
    let mut slices = [IoSlice::new(&[]); SLICES_PER_SEND];
    let (offered, sent) = match queue.slices(&mut slices) {
        1 => (slices[0].len(), stream.write(&slices[0])),
        count => {
            let slices = &slices[..count];
            (slices.iter().map(|slice| slice.len()).sum(), stream.write_vectored(slices))
        }
    };
    match sent {
        Ok(size) => {
            queue.advance(size);
            Ok(size == offered)
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) fn receive_into(stream: &TcpStream, buffer: &mut MessageBuffer) -> io::Result<usize> {
    // SAFETY: recv(2) initialises as many bytes as it says, and `SockRef::recv` gives its answer on unchanged.
    unsafe { buffer.receive_with(|room| SockRef::from(stream).recv(room)) }
}

/// Pieces that leave in one system call.
const SLICES_PER_SEND: usize = 64;
