//! Connections that we make. They have a descriptor, as every socket has that was not accepted.

use super::kernel::Handle;
use super::sockets::Phase;
use super::{Completion, Token, Told, Uring};
use crate::driver::connecting;
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

impl Uring {
    pub(super) fn begin_connect(&mut self, token: Token, address: SocketAddr) -> io::Result<()> {
        let stream = connecting::begin(address)?;
        // The kernel waits in our place only for a socket that would wait itself.
        SockRef::from(&stream).set_nonblocking(false)?;
        self.file(
            token,
            Handle::Descriptor(OwnedFd::from(std::net::TcpStream::from(stream))),
            Phase::Connecting,
        );
        self.wait_for_connection(token.slot);
        Ok(())
    }

    fn wait_for_connection(&mut self, slot: u32) {
        let socket = self.sockets[slot as usize].as_mut().expect("the caller has looked");
        socket.under_way += 1;
        self.kernel.poll_writable(slot, &socket.handle);
    }

    /// An event of a socket that connects, or behind the end of the peer's stream.
    pub(super) fn handle_polled(&mut self, slot: u32) -> Option<Told> {
        let socket = self.sockets[slot as usize].as_mut().expect("something was under way");
        socket.under_way -= 1;
        match socket.phase {
            Phase::Connecting => self.look_at_connection(slot),
            Phase::Open => {
                socket.under_way += 1;
                self.kernel.fault(slot, &socket.handle);
                None
            }
            _ => {
                self.settle(slot);
                None
            }
        }
    }

    fn look_at_connection(&mut self, slot: u32) -> Option<Told> {
        let socket = self.at(slot);
        let Handle::Descriptor(descriptor) = &socket.handle else {
            unreachable!("only accepted sockets have no descriptor");
        };
        match connecting::is_connected(&SockRef::from(descriptor)) {
            Ok(true) => {
                socket.phase = Phase::Open;
                self.list(slot);
                let token = self.token(slot);
                return Some(Told::Completion(Completion::Connected(token)));
            }
            Ok(false) => self.wait_for_connection(slot),
            Err(error) => self.fail(slot, error),
        }
        None
    }

    pub(super) fn handle_fault(&mut self, slot: u32, error: Option<io::Error>) -> Option<Told> {
        self.at(slot).under_way -= 1;
        match error {
            // Both directions have ended, and that is all.
            None => self.settle(slot),
            Some(error) => self.fail(slot, error),
        }
        None
    }
}
