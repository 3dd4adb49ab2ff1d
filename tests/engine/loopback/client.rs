//! A client made of a TCP stream and hand-written frames: it shares no code with the engine.

use super::PATIENCE;
use socket2::SockRef;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// One TCP connection to a server under test.
#[derive(Debug)]
pub(super) struct Client {
    stream: TcpStream,
    /// What has arrived and was not looked at yet.
    arrived: Vec<u8>,
}

impl Client {
    /// Connects, and says nothing.
    pub(super) fn dial(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("an open socket");
        stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
            .expect("an open socket");
        Self { stream, arrived: Vec::new() }
    }

    /// Connects with a receive buffer that holds little, as one whose reader is slow does.
    pub(super) fn dial_narrow(address: SocketAddr) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .expect("a socket");
        socket
            .set_recv_buffer_size(4096)
            .and_then(|()| socket.connect(&address.into()))
            .and_then(|()| socket.set_read_timeout(Some(PATIENCE)))
            .expect("the server listens");
        Self { stream: socket.into(), arrived: Vec::new() }
    }

    /// Opens a WebSocket.
    pub(super) fn open(address: SocketAddr, path: &str) -> Self {
        Self::dial(address).upgraded(path)
    }

    /// Opens a WebSocket whose receive buffer holds little.
    pub(super) fn open_narrow(address: SocketAddr, path: &str) -> Self {
        Self::dial_narrow(address).upgraded(path)
    }

    fn upgraded(mut self, path: &str) -> Self {
        self.write(request(path).as_bytes());
        self.expect_upgrade();
        self
    }

    pub(super) fn expect_upgrade(&mut self) {
        let head = self.head();
        assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
        // RFC 6455 1.3 has this answer to the key that `request` sends.
        let accept = "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
        assert!(head.contains(accept), "{head}");
    }

    /// The same connection, for another thread to write to.
    pub(super) fn clone_to_write(&self) -> Self {
        Self { stream: self.stream.try_clone().expect("a descriptor"), arrived: Vec::new() }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Whether the connection still takes bytes.
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Writes until nothing moves any more, and says how much did: at most `bytes_max`.
    pub(super) fn write_until_stuck(&mut self, bytes: &[u8], bytes_max: usize) -> usize {
        let patience = Some(Duration::from_millis(200));
        self.stream.set_write_timeout(patience).expect("an open socket");
        let mut written = 0;
        while written < bytes_max {
            match self.stream.write(&bytes[written % bytes.len()..]) {
                Ok(size) => written += size,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        written
    }

    /// Writes one final, masked frame.
    pub(super) fn send(&mut self, opcode: u8, payload: &[u8]) {
        self.write(&frame(FINAL | opcode, payload));
    }

    pub(super) fn say(&mut self, text: &str) {
        self.send(TEXT, text.as_bytes());
    }

    pub(super) fn close(&mut self, code: u16) {
        self.send(CLOSE, &code.to_be_bytes());
    }

    /// The next frame, which is final and not masked.
    pub(super) fn frame(&mut self) -> (u8, Vec<u8>) {
        self.need(2);
        let (first, length) = (self.arrived[0], self.arrived[1]);
        assert_eq!(first & 0xF0, FINAL, "whole frames without reserved bits");
        let (header, size) = match length {
            126 => {
                self.need(4);
                (4, self.arrived[2..4].iter().fold(0, append_byte))
            }
            127 => {
                self.need(10);
                (10, self.arrived[2..10].iter().fold(0, append_byte))
            }
            short => (2, usize::from(short)),
        };
        self.need(header + size);
        let payload = self.arrived[header..header + size].to_vec();
        self.arrived.drain(..header + size);
        (first & 0x0F, payload)
    }

    /// The next frame, which is a text.
    pub(super) fn text(&mut self) -> String {
        let (opcode, payload) = self.frame();
        assert_eq!(opcode, TEXT, "{payload:?}");
        String::from_utf8(payload).expect("text is UTF-8")
    }

    /// Expects that what is said now comes back, so that everything before it was handled.
    pub(super) fn expect_echo(&mut self, text: &str) {
        self.say(text);
        assert_eq!(self.text(), text);
    }

    /// Expects a close frame with this code, and gives its reason.
    pub(super) fn expect_close(&mut self, code: u16) -> String {
        let (opcode, payload) = self.frame();
        assert_eq!(opcode, CLOSE, "{payload:?}");
        assert_eq!(payload[..2], code.to_be_bytes());
        String::from_utf8(payload[2..].to_vec()).expect("a reason is UTF-8")
    }

    /// Expects that the stream ends in order, and nothing comes before that.
    pub(super) fn expect_end(&mut self) {
        while self.receive().expect("no reset") > 0 {}
        assert_eq!(self.arrived, [], "nothing before the end");
    }

    /// Expects that the stream breaks off, whatever comes before that.
    pub(super) fn expect_reset(&mut self) {
        loop {
            match self.receive() {
                Ok(0) => panic!("the stream ended in order"),
                Ok(_) => {}
                Err(error) => return assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            }
        }
    }

    /// A response: its head, without the empty line.
    pub(super) fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.arrived.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head = self.arrived.drain(..end + 4).collect();
                let head = String::from_utf8(head).expect("a head is ASCII");
                return head[..end + 2].to_owned();
            }
            self.need(self.arrived.len() + 1);
        }
    }

    /// A response that ends the connection: its status, its head and its body.
    pub(super) fn response(&mut self) -> (u16, String, String) {
        let head = self.head();
        let status = head[9..12].parse().expect("a status");
        while self.receive().expect("no reset") > 0 {}
        let body = String::from_utf8(std::mem::take(&mut self.arrived)).expect("text");
        (status, head, body)
    }

    /// Ends the outgoing stream.
    pub(super) fn end(&self) {
        self.stream.shutdown(Shutdown::Write).expect("an open socket");
    }

    /// Breaks the connection off.
    pub(super) fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("an open socket");
    }

    fn need(&mut self, size: usize) {
        while self.arrived.len() < size {
            let received = self.receive().expect("more arrives in time");
            assert_ne!(received, 0, "the stream ended behind {:?}", self.arrived);
        }
    }

    fn receive(&mut self) -> std::io::Result<usize> {
        let mut piece = [0; 64 * 1024];
        let size = self.stream.read(&mut piece)?;
        self.arrived.extend_from_slice(&piece[..size]);
        Ok(size)
    }
}

fn append_byte(size: usize, byte: &u8) -> usize {
    size << 8 | usize::from(*byte)
}

/// A request for a WebSocket, with the key of RFC 6455 section 1.3.
pub(super) fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A masked frame with this first byte.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![first];
    match payload.len() {
        size @ 0..126 => frame.push(0x80 | size as u8),
        size @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(size as u16).to_be_bytes());
        }
        size => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

pub(super) const FINAL: u8 = 0x80;
pub(super) const TEXT: u8 = 0x1;
pub(super) const BINARY: u8 = 0x2;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xA;
