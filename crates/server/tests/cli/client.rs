//! Clients made of a TCP stream: they share no code with the server.

use crate::sockeye::PATIENCE;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Sends a request, and gives the response: its status, its head and its body.
pub(crate) fn get(address: SocketAddr, method: &str, path: &str) -> (u16, String, String) {
    let mut stream = dial(address);
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("it answers");
    let (head, body) = response.split_once("\r\n\r\n").expect("a whole head");
    let status = head[9..12].parse().expect("a status");
    (status, format!("{head}\r\n"), body.to_owned())
}

/// A WebSocket whose frames are short.
pub(crate) struct WebSocket(TcpStream);

impl WebSocket {
    pub(crate) fn open(address: SocketAddr, path: &str) -> Self {
        let mut stream = dial(address);
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("it answers");
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{head:?}");
        Self(stream)
    }

    /// Sends a final frame of at most 125 bytes, masked with zeros.
    pub(crate) fn send(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        self.0.write_all(&frame).expect("it reads");
    }

    /// The next frame, which is final and has at most 125 bytes: its opcode and its payload.
    pub(crate) fn frame(&mut self) -> (u8, Vec<u8>) {
        let mut header = [0; 2];
        self.0.read_exact(&mut header).expect("a frame comes");
        assert!(header[0] & 0xF0 == 0x80 && header[1] < 126, "{header:?}");
        let mut payload = vec![0; usize::from(header[1])];
        self.0.read_exact(&mut payload).expect("the frame is whole");
        (header[0] & 0x0F, payload)
    }

    pub(crate) fn expect_end(&mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).expect("no reset");
        assert!(rest.is_empty());
    }
}

fn dial(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("an open socket");
    stream
}
