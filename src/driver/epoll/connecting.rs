//! Connecting without waiting.

use crate::limits::UNSENT_IN_KERNEL_BYTES;
use mio::net::TcpStream;
use socket2::SockRef;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// A socket that is connecting, with the options that accepted sockets inherit from their listener.
pub(super) fn begin(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_IN_KERNEL_BYTES)?;
    Ok(stream)
}

/// Whether the connection is there, after an event. The event alone says neither that nor the opposite: the socket's fault,
/// if it has one, and its peer's address do.
pub(super) fn is_connected(stream: &TcpStream) -> io::Result<bool> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn a_socket_that_connects_has_the_options_of_accepted_ones() -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let stream = begin(listener.local_addr()?)?;
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay()?);
        assert_eq!(socket.tcp_notsent_lowat()?, UNSENT_IN_KERNEL_BYTES);
        Ok(())
    }
}
