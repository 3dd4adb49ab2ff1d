//! One WebSocket on a socket that does not block.

use crate::speech::Encoding;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{Domain, SockRef, Socket, Type};
use sockeye::protocol::handshake::ClientHandshake;
use sockeye::protocol::{Connection, Event, Input, Message, Role};
use sockeye::random::mask_key;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

/// A connection, from connecting to its end.
pub(crate) struct Wire {
    stream: TcpStream,
    encoding: Encoding,
    handshake: Option<Box<ClientHandshake>>,
    protocol: Connection,
    input: Vec<u8>,
    output: Vec<u8>,
    is_readable: bool,
}

/// The connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

impl Wire {
    /// Begins to connect. A small buffer makes it a peer that takes little ahead.
    pub(crate) fn connect(
        address: SocketAddr,
        encoding: Encoding,
        receive_buffer: Option<usize>,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if let Some(size) = receive_buffer {
            socket.set_recv_buffer_size(size)?;
        }
        socket.set_nonblocking(true)?;
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() != Some(EINPROGRESS) => return Err(error),
            _ => {}
        }
        let key = std::array::from_fn(|index| mask_key()[index % 4]);
        let host = address.to_string();
        let handshake =
            ClientHandshake::new(&host, "/connect", &[encoding.subprotocol()], &[], key)
                .map_err(io::Error::other)?;
        let mut output = Vec::new();
        handshake.encode_request(&mut output);
        Ok(Self {
            stream: TcpStream::from_std(socket.into()),
            encoding,
            handshake: Some(Box::new(handshake)),
            protocol: Connection::new(Role::Client { mask_key }, MESSAGE_SIZE_MAX),
            input: Vec::new(),
            output,
            is_readable: false,
        })
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut self.stream, token, interest)
    }

    pub(crate) fn note_readable(&mut self) {
        self.is_readable = true;
    }

    /// Queues a message, which goes with the next [`Wire::flush`].
    pub(crate) fn send(&mut self, payload: &[u8]) {
        let message = match str::from_utf8(payload) {
            Ok(text) if self.encoding == Encoding::Json => Message::Text(text),
            _ => Message::Binary(payload),
        };
        // One that is closing sends no more, and ends soon.
        let _closing = self.protocol.send(message, &mut self.output);
    }

    /// Writes what is queued, as far as the socket takes it. What is queued before it is open waits.
    pub(crate) fn flush(&mut self) -> Result<(), Ended> {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(0) => return Err(Ended),
                Ok(written) => drop(self.output.drain(..written)),
                Err(error) if is_later(&error) => return Ok(()),
                Err(_) => return Err(Ended),
            }
        }
        Ok(())
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.handshake.is_none()
    }

    /// Reads what has arrived, at most so many bytes, and gives the messages that are whole. Those that came before the end
    /// are there with it.
    pub(crate) fn receive(
        &mut self,
        mut size_max: usize,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), Ended> {
        let mut buffer = [0; READ_SIZE];
        while self.is_readable && size_max > 0 {
            let size = size_max.min(READ_SIZE);
            match self.stream.read(&mut buffer[..size]) {
                Ok(0) => return Err(Ended),
                Ok(read) => {
                    size_max -= read;
                    self.input.extend_from_slice(&buffer[..read]);
                    self.handle(&mut take)?;
                }
                Err(error) if is_later(&error) => self.is_readable = false,
                Err(_) => return Err(Ended),
            }
        }
        Ok(())
    }

    fn handle(&mut self, take: &mut impl FnMut(&[u8])) -> Result<(), Ended> {
        if let Some(handshake) = &mut self.handshake {
            let Some(accepted) = handshake.handle_response(&self.input).map_err(|_| Ended)? else {
                return Ok(());
            };
            assert_eq!(accepted.subprotocol(), Some(self.encoding.subprotocol()));
            let size = accepted.size();
            self.input.drain(..size);
            self.handshake = None;
        }
        let mut bytes = std::mem::take(&mut self.input);
        let mut input = Input::new(&mut bytes);
        let outcome = loop {
            match self.protocol.handle_input(&mut input) {
                Ok(None) => break Ok(()),
                Ok(Some(Event::Message(message))) => take(message.payload().as_bytes()),
                Ok(Some(Event::Ping(payload))) => {
                    let _closing = self.protocol.send_pong(payload.as_bytes(), &mut self.output);
                }
                Ok(Some(Event::Close(_))) => break Err(Ended),
                Ok(Some(_)) => {}
                Err(error) => panic!("the server breaks RFC 6455: {error}"),
            }
        };
        bytes.clear();
        self.input = bytes;
        outcome
    }

    /// Breaks off: the server gets a reset.
    pub(crate) fn reset(self) {
        // It may not be connected yet, or no more.
        let _gone = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    /// Ends its own direction, and reads no more: the server gets an end without a close frame.
    pub(crate) fn end(&self) {
        let _gone = self.stream.shutdown(Shutdown::Write);
    }

    /// Says nothing more, and reads nothing: the server learns nothing of it.
    pub(crate) fn fall_silent(&mut self, registry: &Registry) {
        let _was_not_there = registry.deregister(&mut self.stream);
    }
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::NotConnected)
}

/// What connecting without waiting says on Linux.
const EINPROGRESS: i32 = 115;
const READ_SIZE: usize = 16 * 1024;
const MESSAGE_SIZE_MAX: usize = 1 << 20;
