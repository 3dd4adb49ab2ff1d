//! Connecting without waiting.

use super::options::set_options;
use mio::net::TcpStream;
use socket2::SockRef;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// A socket that is connecting, with the options that accepted sockets inherit from their listener.
pub(super) fn begin(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    set_options(&SockRef::from(&stream))?;
    Ok(stream)
}

/// Whether the connection is there, after an event. The event alone says neither that nor the opposite: the socket's fault,
/// if it has one, and its peer's address do.
pub(super) fn is_connected(stream: &SockRef<'_>) -> io::Result<bool> {
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
pub(super) mod tests {
    use super::*;
    use crate::limits::UNSENT_IN_KERNEL_BYTES;
    use socket2::{Domain, Socket, Type};
    use std::net::{Ipv4Addr, TcpListener};

    /// A listener that answers nobody, because its backlog has room for one connection, which is the other thing.
    pub(in super::super) fn full_listener() -> (Socket, std::net::TcpStream) {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("descriptors");
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
        listener.listen(0).expect("it is bound");
        let address = listener.local_addr().expect("it is bound").as_socket().expect("IPv4");
        let filler = std::net::TcpStream::connect(address).expect("there is room for one");
        (listener, filler)
    }

    #[test]
    fn a_socket_that_connects_has_the_options_of_accepted_ones() -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let stream = begin(listener.local_addr()?)?;
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay()?);
        assert_eq!(socket.tcp_notsent_lowat()?, UNSENT_IN_KERNEL_BYTES);
        assert!(socket.keepalive()?);
        Ok(())
    }

    #[test]
    fn a_socket_without_a_peer_is_not_connected() -> io::Result<()> {
        let (listener, _filler) = full_listener();
        let address = listener.local_addr()?.as_socket().expect("IPv4");
        assert!(!is_connected(&SockRef::from(&begin(address)?))?);
        Ok(())
    }
}
