//! A server that does what a test says, byte by byte.

use super::PATIENCE;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

pub(super) struct Scripted {
    listener: TcpListener,
}

/// One connection to it.
pub(super) struct Peer {
    stream: TcpStream,
    arrived: Vec<u8>,
}

impl Scripted {
    pub(super) fn listen() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").expect("a free port") }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("it listens")
    }

    pub(super) fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().expect("somebody connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("an open socket");
        Peer { stream, arrived: Vec::new() }
    }
}

impl Peer {
    /// The next request head.
    pub(super) fn head(&mut self) -> String {
        let end = loop {
            if let Some(end) = self.arrived.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.receive();
        };
        String::from_utf8(self.arrived.drain(..end).collect()).expect("text")
    }

    /// The next frame: its first byte, its masking key and its payload, unmasked.
    pub(super) fn frame(&mut self) -> (u8, [u8; 4], Vec<u8>) {
        let [first, second] = self.take();
        assert!(second & 0x80 != 0, "a client masks");
        let size = match second & 0x7F {
            126 => usize::from(u16::from_be_bytes(self.take())),
            127 => u64::from_be_bytes(self.take()) as usize,
            short => usize::from(short),
        };
        let key: [u8; 4] = self.take();
        while self.arrived.len() < size {
            self.receive();
        }
        let masked = self.arrived.drain(..size).enumerate();
        (first, key, masked.map(|(index, byte)| byte ^ key[index % 4]).collect())
    }

    /// The stream itself, when all that has arrived was taken.
    #[cfg(feature = "tls")]
    pub(super) fn into_stream(self) -> TcpStream {
        assert_eq!(self.arrived, []);
        self.stream
    }

    pub(super) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("it reads");
    }

    pub(super) fn expect_end(&mut self) {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(0) => {}
            Ok(_) => panic!("more arrived"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }

    fn take<const SIZE: usize>(&mut self) -> [u8; SIZE] {
        while self.arrived.len() < SIZE {
            self.receive();
        }
        let taken: Vec<u8> = self.arrived.drain(..SIZE).collect();
        taken.try_into().expect("as many as were asked for")
    }

    fn receive(&mut self) {
        let mut bytes = [0; 4096];
        let size = self.stream.read(&mut bytes).expect("it comes in time");
        assert!(size > 0, "the stream ended: {:?}", self.arrived);
        self.arrived.extend_from_slice(&bytes[..size]);
    }
}

/// The answer that accepts this request.
pub(super) fn accept_answer(head: &str) -> String {
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let accept = sockeye::protocol::handshake::accept_key(key.expect("a key").as_bytes());
    let accept = String::from_utf8(accept.to_vec()).expect("base64");
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}
