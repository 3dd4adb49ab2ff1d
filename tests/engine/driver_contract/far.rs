//! The far side: where a driver's peers are.

use sockeye::driver::{Network, Peer, Stream};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The far side of a driver.
pub(super) trait Far {
    type Peer: FarPeer;
    fn connect(&self) -> Self::Peer;
}

/// One far end. Nothing here waits.
pub(super) trait FarPeer {
    fn write(&mut self, bytes: &[u8]) -> usize;
    /// What has arrived, or how it ended: `Ended` and `Reset` come behind all bytes.
    fn read(&mut self) -> Result<Vec<u8>, Stream>;
    fn end(&mut self);
    fn reset(self);
}

impl Far for SocketAddr {
    type Peer = TcpStream;

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self).expect("the listener is there");
        stream.set_nonblocking(true).expect("sockets can do that");
        stream
    }
}

impl FarPeer for TcpStream {
    fn write(&mut self, bytes: &[u8]) -> usize {
        Write::write(self, bytes).unwrap_or(0)
    }

    fn read(&mut self) -> Result<Vec<u8>, Stream> {
        let mut bytes = vec![0; 65536];
        match Read::read(self, &mut bytes) {
            Ok(0) => Err(Stream::Ended),
            Ok(size) => {
                bytes.truncate(size);
                Ok(bytes)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Vec::new()),
            Err(_) => Err(Stream::Reset),
        }
    }

    fn end(&mut self) {
        self.shutdown(std::net::Shutdown::Write).expect("it is open");
    }

    fn reset(self) {
        let socket = socket2::SockRef::from(&self);
        socket.set_linger(Some(Duration::ZERO)).expect("it is open");
    }
}

impl Far for Network {
    type Peer = Peer;

    fn connect(&self) -> Peer {
        Self::connect(self)
    }
}

impl FarPeer for Peer {
    fn write(&mut self, bytes: &[u8]) -> usize {
        Self::write(self, bytes)
    }

    fn read(&mut self) -> Result<Vec<u8>, Stream> {
        let bytes = Self::read(self, 65536);
        match self.incoming() {
            Stream::Open => Ok(bytes),
            _ if !bytes.is_empty() => Ok(bytes),
            over => Err(over),
        }
    }

    fn end(&mut self) {
        Self::end(self);
    }

    fn reset(self) {
        Self::reset(&self);
    }
}
