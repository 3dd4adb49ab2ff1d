//! A client of a few lines: it says what an attack wants said, and shares no code with the server.

use crate::PATIENCE;
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
}

impl Client {
    /// Connects, and says nothing.
    pub(crate) fn dial(address: SocketAddr) -> Self {
        Self::from(TcpStream::connect(address).expect("the server listens"))
    }

    /// Connects with a window that does not grow.
    pub(crate) fn dial_narrow(address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(32 << 10).expect("an open socket");
        // Segments of loopback have 64 KiB: one does not fit, and the server's kernel would wait for its timer each time.
        socket.set_tcp_mss(1400).expect("an open socket");
        socket.connect(&address.into()).expect("the server listens");
        Self::from(TcpStream::from(socket))
    }

    fn from(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("an open socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("an open socket");
        stream.set_nodelay(true).expect("an open socket");
        Self { stream }
    }

    /// Connects, and becomes a WebSocket at `path`.
    pub(crate) fn open(address: SocketAddr, path: &str) -> Self {
        Self::dial(address).upgrade(path)
    }

    pub(crate) fn upgrade(mut self, path: &str) -> Self {
        self.write(request(path).as_bytes());
        assert_eq!(self.status(), 101);
        self
    }

    /// Connects, and becomes a WebSocket that may compress.
    pub(crate) fn open_compressed(address: SocketAddr, path: &str) -> Self {
        let mut client = Self::dial(address);
        let offer = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        client.write(request(path).replace("\r\n\r\n", offer).as_bytes());
        assert_eq!(client.status(), 101);
        client
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Writes as long as the server reads, at most until it breaks the connection off.
    pub(crate) fn write_while_taken(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends a frame with this first byte, masked.
    pub(crate) fn send(&mut self, first: u8, payload: &[u8]) {
        let frame = frame(first, payload);
        self.write(&frame);
    }

    /// Reads a response up to the end of its head, and gives its status.
    pub(crate) fn status(&mut self) -> u16 {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).expect("the server answers");
            head.push(byte[0]);
        }
        let status = head.get(9..12).and_then(|status| str::from_utf8(status).ok());
        status.and_then(|status| status.parse().ok()).expect("a status of three digits")
    }

    /// The next frame: its first byte and its payload.
    pub(crate) fn frame(&mut self) -> (u8, Vec<u8>) {
        self.try_frame().expect("a frame comes")
    }

    pub(crate) fn try_frame(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut header = [0; 2];
        self.stream.read_exact(&mut header)?;
        let size = match header[1] {
            126 => {
                let mut size = [0; 2];
                self.stream.read_exact(&mut size)?;
                usize::from(u16::from_be_bytes(size))
            }
            127 => {
                let mut size = [0; 8];
                self.stream.read_exact(&mut size)?;
                u64::from_be_bytes(size) as usize
            }
            size => usize::from(size),
        };
        let mut payload = vec![0; size];
        self.stream.read_exact(&mut payload)?;
        Ok((header[0], payload))
    }

    /// Reads up to the close frame, and gives its code.
    pub(crate) fn close_code(&mut self) -> u16 {
        loop {
            let (first, payload) = self.frame();
            if first == 0x88 {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }

    /// Reads up to the end of the stream, or the reset; says whether there was an end in order.
    pub(crate) fn ends_in_order(&mut self) -> bool {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return false,
                Err(error) => panic!("the server lets a connection be: {error}"),
            }
        }
    }

    pub(crate) fn end(&self) {
        self.stream.shutdown(Shutdown::Write).expect("an open socket");
    }

    /// Breaks the connection off.
    pub(crate) fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("an open socket");
    }
}

/// A request for a WebSocket.
pub(crate) fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A frame with this first byte.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, payload.len() as u64);
    let masked = payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key);
    frame.extend(masked);
    frame
}

/// The header of a frame that claims to have a payload of this size.
pub(crate) fn header(first: u8, size: u64) -> Vec<u8> {
    let mut header = vec![first];
    match size {
        0..126 => header.push(0x80 | size as u8),
        126..65536 => {
            header.push(0x80 | 126);
            header.extend((size as u16).to_be_bytes());
        }
        _ => {
            header.push(0x80 | 127);
            header.extend(size.to_be_bytes());
        }
    }
    header.extend(KEY);
    header
}

pub(crate) const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
