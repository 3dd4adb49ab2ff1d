//! What bytes go through: TCP, or TLS over it.

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

/// One stream to the server, which never blocks.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Secure(Box<Secure>),
}

#[derive(Debug)]
pub(crate) struct Secure {
    tcp: TcpStream,
    tls: ClientConnection,
}

/// What one read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// So many bytes over the wire, and as many of what they mean, at the front of the buffer.
    Bytes { wire: usize, size: usize },
    /// Nothing for now.
    Nothing,
    /// The end of the stream.
    End,
}

/// How TLS names the server, and whom it trusts.
#[derive(Clone, Debug)]
pub(crate) struct TlsTarget {
    pub(crate) config: Arc<rustls::ClientConfig>,
    pub(crate) server: ServerName<'static>,
}

impl Stream {
    /// Begins to connect; writable when it has, one way or the other.
    pub(crate) fn connect(address: SocketAddr, tls: Option<&TlsTarget>) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        match socket.connect(&address.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(EINPROGRESS) => {}
            Err(error) => return Err(error),
        }
        let tcp = TcpStream::from(socket);
        let Some(tls) = tls else {
            return Ok(Self::Plain(tcp));
        };
        let connection = ClientConnection::new(Arc::clone(&tls.config), tls.server.clone())
            .map_err(io::Error::other)?;
        Ok(Self::Secure(Box::new(Secure { tcp, tls: connection })))
    }

    /// Why there is no connection, once that is known.
    pub(crate) fn take_error(&self) -> io::Result<()> {
        self.tcp().take_error()?.map_or(Ok(()), Err)
    }

    /// Has the system acknowledge when what arrives is read, and not together with what is sent back.
    ///
    /// Linux takes who has answered lately for interactive, and delays its acknowledgements until a second segment arrives:
    /// over loopback it then sends them on the processor of the one who sends, and counts them to that. Which subscribers are
    /// so depends on what they heard while they joined; so none is.
    pub(crate) fn acknowledge_when_read(&self) {
        // Elsewhere than on Linux nothing of this is known, and a connection that is over has nothing to acknowledge.
        let _over = SockRef::from(self.tcp()).set_tcp_quickack(true);
    }

    /// Ends both directions; the descriptor goes with the connection.
    pub(crate) fn hang_up(&self) {
        // It may be over already.
        let _over = self.tcp().shutdown(Shutdown::Both);
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.tcp().as_fd()
    }

    const fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Secure(secure) => &secure.tcp,
        }
    }

    /// Reads once. `cipher` is where what is encrypted is read to.
    #[inline]
    pub(crate) fn receive(
        &mut self,
        buffer: &mut Vec<u8>,
        cipher: &mut [u8],
    ) -> io::Result<Arrived> {
        match self {
            Self::Plain(tcp) => Ok(match some(tcp.read(buffer))? {
                None => Arrived::Nothing,
                Some(0) => Arrived::End,
                Some(size) => Arrived::Bytes { wire: size, size },
            }),
            Self::Secure(secure) => secure.receive(buffer, cipher),
        }
    }

    /// Reads so many bytes of a large message to the end of its own buffer, as far as they are there. For TLS this is none
    /// of its business.
    pub(crate) fn fill(&mut self, buffer: &mut Vec<u8>, wanted: usize) -> io::Result<Arrived> {
        let Self::Plain(tcp) = self else {
            return Ok(Arrived::Nothing);
        };
        let before = buffer.len();
        let result = if buffer.capacity() - before == wanted {
            rustix::io::read(&*tcp, rustix::buffer::spare_capacity(buffer)).map_err(io::Error::from)
        } else {
            // It would take what follows the message, too; this takes more calls.
            tcp.take(wanted as u64).read_to_end(buffer)
        };
        let result = some(result)?;
        Ok(match (buffer.len() - before, result) {
            (0, None) => Arrived::Nothing,
            (0, Some(_)) => Arrived::End,
            (size, _) => Arrived::Bytes { wire: size, size },
        })
    }

    pub(crate) const fn can_fill(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Sends what goes in; `None` when nothing does for now.
    #[inline]
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        match self {
            Self::Plain(tcp) => some(tcp.write(bytes)),
            Self::Secure(secure) => secure.send(&[IoSlice::new(bytes)]),
        }
    }

    /// The same for bytes in two places.
    pub(crate) fn send_both(&mut self, first: &[u8], second: &[u8]) -> io::Result<Option<usize>> {
        let both = [IoSlice::new(first), IoSlice::new(second)];
        match self {
            Self::Plain(tcp) => some(tcp.write_vectored(&both)),
            Self::Secure(secure) => secure.send(&both),
        }
    }

    /// Sends what TLS has to say by itself. `false`: not all of it for now.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        match self {
            Self::Plain(_) => Ok(true),
            Self::Secure(secure) => secure.flush(),
        }
    }
}

impl Secure {
    fn receive(&mut self, buffer: &mut Vec<u8>, cipher: &mut [u8]) -> io::Result<Arrived> {
        let wire = match some(self.tcp.read(cipher))? {
            None => return Ok(Arrived::Nothing),
            Some(0) => return Ok(Arrived::End),
            Some(size) => size,
        };
        let mut rest = &cipher[..wire];
        let mut size = 0;
        while !rest.is_empty() {
            self.tls.read_tls(&mut rest)?;
            let state = self.tls.process_new_packets().map_err(io::Error::other)?;
            let end = size + state.plaintext_bytes_to_read();
            if buffer.len() < end {
                buffer.resize(end, 0);
            }
            self.tls.reader().read_exact(&mut buffer[size..end])?;
            size = end;
        }
        self.flush()?;
        Ok(Arrived::Bytes { wire, size })
    }

    fn send(&mut self, parts: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        if !self.flush()? {
            return Ok(None);
        }
        let size = self.tls.writer().write_vectored(parts)?;
        self.flush()?;
        Ok((size > 0).then_some(size))
    }

    fn flush(&mut self) -> io::Result<bool> {
        while self.tls.wants_write() {
            if some(self.tls.write_tls(&mut self.tcp))?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// `None` where it would have to wait.
#[inline]
fn some(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(size) => Ok(Some(size)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

const EINPROGRESS: i32 = 115;
