//! A WebSocket client made of a TCP stream.

use crate::sockeye::PATIENCE;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;

/// An open WebSocket.
pub(crate) struct WebSocket {
    stream: BufReader<TcpStream>,
    /// What the server chose.
    pub(crate) subprotocol: Option<String>,
    /// The last message was compressed.
    pub(crate) was_compressed: bool,
}

/// What has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    Message(u8, Vec<u8>),
    /// A close frame: its code and its text.
    Close(u16, String),
    /// The stream has ended without one.
    End,
}

/// Why there is none: the status of the answer, and its body.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) u16, pub(crate) String);

impl WebSocket {
    /// Opens one. `headers` are lines with their ends.
    pub(crate) fn open(address: SocketAddr, target: &str, headers: &str) -> Result<Self, Refused> {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("an open socket");
        let mut stream = BufReader::new(stream);
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.get_mut().write_all(request.as_bytes()).expect("it reads");
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).expect("it answers"), 0, "{head}");
        }
        if !head.starts_with("HTTP/1.1 101 ") {
            let status = head[9..12].parse().expect("a status");
            let size = header(&head, "Content-Length").expect("it is named");
            let mut body = vec![0; size.parse().expect("a number")];
            stream.read_exact(&mut body).expect("the body is whole");
            return Err(Refused(status, String::from_utf8(body).expect("text")));
        }
        let subprotocol = header(&head, "Sec-WebSocket-Protocol").map(str::to_owned);
        Ok(Self { stream, subprotocol, was_compressed: false })
    }

    /// Sends a final frame, masked with zeros.
    pub(crate) fn send(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match payload.len() {
            size @ 0..126 => frame.push(0x80 | size as u8),
            size => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&u16::try_from(size).expect("short enough").to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        self.stream.get_mut().write_all(&frame).expect("it reads");
    }

    /// Says good-bye.
    pub(crate) fn close(&mut self, code: u16) {
        self.send(CLOSE, &code.to_be_bytes());
    }

    /// The next thing that arrives; pings do not count.
    pub(crate) fn next(&mut self) -> Arrived {
        loop {
            let mut header = [0; 2];
            if self.stream.read_exact(&mut header).is_err() {
                return Arrived::End;
            }
            assert_eq!(header[0] & 0xB0, 0x80, "the server does not fragment");
            self.was_compressed = header[0] & 0x40 != 0;
            let size = match header[1] {
                126 => u64::from(u16::from_be_bytes(self.read())),
                127 => u64::from_be_bytes(self.read()),
                size => u64::from(size),
            };
            let mut payload = vec![0; size as usize];
            self.stream.read_exact(&mut payload).expect("the frame is whole");
            match header[0] & 0x0F {
                PING => {}
                CLOSE => {
                    let (code, text) = payload.split_at(2);
                    let code = u16::from_be_bytes(code.try_into().expect("two bytes"));
                    return Arrived::Close(code, String::from_utf8_lossy(text).into_owned());
                }
                opcode => return Arrived::Message(opcode, payload),
            }
        }
    }

    fn read<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).expect("the header is whole");
        bytes
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
