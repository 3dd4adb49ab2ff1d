//! A hand-written server on the loopback interface, for one connection after the other.

use super::PATIENCE;
use super::script::accept_of;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

/// A thread that accepts, and does what the test says with each connection. Dropping it waits for its end.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    /// Serves this many connections.
    pub(super) fn serve(connections: usize, serve: impl Fn(Connection) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let thread = thread::spawn(move || {
            for _ in 0..connections {
                let (stream, _) = listener.accept().expect("a client connects");
                serve(Connection::new(stream));
            }
        });
        Self { address, thread: Some(thread) }
    }

    pub(super) fn join(mut self) {
        let thread = self.thread.take().expect("joined once");
        thread.join().expect("the server met what it expected");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && !thread::panicking()
        {
            thread.join().expect("the server met what it expected");
        }
    }
}

pub(super) struct Connection {
    pub(super) stream: TcpStream,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
            .expect("an open socket");
        Self { stream }
    }

    /// The next head, up to its empty line.
    pub(super) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.read(1)[0]);
        }
        String::from_utf8(head).expect("a head in ASCII")
    }

    /// Opens the WebSocket.
    pub(super) fn upgrade(&mut self) -> String {
        let request = self.head();
        let accept = accept_of(request.as_bytes());
        let head =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
        self.write(head.as_bytes());
        self.write(&[b"Sec-WebSocket-Accept: ", &accept[..], b"\r\n\r\n"].concat());
        request
    }

    /// The payload of the next frame, which is short, and its opcode.
    pub(super) fn frame(&mut self) -> (u8, Vec<u8>) {
        let header = self.read(6);
        assert_eq!(header[1] & 0x80, 0x80, "clients mask");
        let payload = self.read(usize::from(header[1] & 0x7F));
        let unmasked = payload.iter().zip(header[2..].iter().cycle()).map(|(byte, key)| byte ^ key);
        (header[0] & 15, unmasked.collect())
    }

    pub(super) fn read(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        self.stream.read_exact(&mut bytes).expect("the client writes");
        bytes
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the client reads");
    }

    /// Everything up to the end of the client's stream.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).expect("the client ends its stream");
        rest
    }
}
