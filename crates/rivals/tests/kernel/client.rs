//! A client that writes frames as they were made before, all in one go, and counts those that come back.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use sockeye::protocol::{Opcode, encode_frame};
use sockeye::tls::rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::PATIENCE;

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

pub(crate) struct Client {
    stream: Box<dyn Stream>,
    payload: Vec<u8>,
}

impl Client {
    /// A WebSocket on that path, with these lines in its request; over TLS with a configuration for it.
    pub(crate) fn open(
        address: SocketAddr,
        path: &str,
        lines: &str,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Self {
        let socket = TcpStream::connect(address).expect("the server listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("an open socket");
        socket.set_nodelay(true).expect("an open socket");
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(socket),
            Some(config) => {
                let name = "localhost".try_into().expect("a name");
                let connection = ClientConnection::new(Arc::clone(config), name);
                Box::new(StreamOwned::new(connection.expect("a configuration"), socket))
            }
        };
        let mut client = Self { stream, payload: Vec::new() };
        client.shake_hands(path, lines);
        client
    }

    fn shake_hands(&mut self, path: &str, lines: &str) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
        );
        self.write(request.as_bytes());
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    }

    pub(crate) fn write(&mut self, frames: &[u8]) {
        self.stream.write_all(frames).expect("the server reads");
        self.stream.flush().expect("the server reads");
    }

    /// Reads so many frames, each of which begins with this byte.
    pub(crate) fn read(&mut self, frames: usize, first: u8) {
        for _ in 0..frames {
            let [found, size] = self.take();
            assert_eq!(found, first, "another kind of frame");
            let size = match size {
                126 => u64::from(u16::from_be_bytes(self.take())),
                127 => u64::from_be_bytes(self.take()),
                short => u64::from(short),
            };
            self.payload.resize(size as usize, 0);
            self.stream.read_exact(&mut self.payload).expect("the frame is whole");
        }
    }

    fn take<const SIZE: usize>(&mut self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        self.stream.read_exact(&mut bytes).expect("it arrives");
        bytes
    }
}

/// A whole message as a client sends it, masked with zeros.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    encode_frame(Opcode::Binary, payload, &mut frame);
    frame[0] = first;
    frame[1] |= 0x80;
    let header = frame.len() - payload.len();
    frame.splice(header..header, [0; 4]);
    frame
}
