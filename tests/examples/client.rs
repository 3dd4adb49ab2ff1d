//! A client made of the sans-IO protocol and a TCP stream.

use super::PATIENCE;
use socket2::{Domain, Socket, Type};
use sockeye::protocol::handshake::ClientHandshake;
use sockeye::protocol::{CloseCode, CloseFrame, Connection, Event, Input, Message, Payload, Role};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// An open WebSocket.
pub(super) struct Client {
    stream: TcpStream,
    connection: Connection,
    events: VecDeque<Told>,
}

/// What a server told its client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    Text(String),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
    /// The stream has ended.
    End,
}

impl Client {
    /// Opens a WebSocket.
    pub(super) fn open(address: SocketAddr, path: &str) -> Self {
        Self::open_over(dial(address, None), address, path, b"")
    }

    /// Opens a WebSocket, with these bytes behind the request in the same packet.
    pub(super) fn open_followed_by(address: SocketAddr, path: &str, bytes: &[u8]) -> Self {
        Self::open_over(dial(address, None), address, path, bytes)
    }

    /// Opens a WebSocket whose receive buffer holds little.
    pub(super) fn open_narrow(address: SocketAddr, path: &str) -> Self {
        Self::open_over(dial(address, Some(4096)), address, path, b"")
    }

    fn open_over(mut stream: TcpStream, address: SocketAddr, path: &str, rest: &[u8]) -> Self {
        let mut handshake = ClientHandshake::new(&address.to_string(), path, &[], &[], [7; 16])
            .expect("a sound request");
        let mut request = Vec::new();
        handshake.encode_request(&mut request);
        request.extend_from_slice(rest);
        stream.write_all(&request).expect("it reads");
        let mut head = Vec::new();
        let size = loop {
            assert_ne!(read_some(&mut stream, &mut head), 0, "an end instead of a WebSocket");
            match handshake.handle_response(&head).expect("it becomes a WebSocket") {
                Some(accepted) => break accepted.size(),
                None => continue,
            }
        };
        let connection = Connection::new(Role::Client { mask_key: || [1, 2, 3, 4] }, 16 << 20);
        let mut client = Self { stream, connection, events: VecDeque::new() };
        client.handle(&mut head[size..]);
        client
    }

    pub(super) fn send<'m>(&mut self, message: impl Into<Message<'m>>) {
        self.write(|connection, output| connection.send(message.into(), output));
    }

    pub(super) fn ping(&mut self, payload: &[u8]) {
        self.write(|connection, output| connection.send_ping(payload, output));
    }

    pub(super) fn close(&mut self, code: CloseCode) {
        let frame = CloseFrame::new(code, "");
        self.write(|connection, output| connection.send_close(Some(&frame), output));
    }

    /// Writes bytes as they are.
    pub(super) fn write_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("it reads");
    }

    /// The next thing that the server tells.
    pub(super) fn told(&mut self) -> Told {
        loop {
            if let Some(told) = self.events.pop_front() {
                return told;
            }
            let mut bytes = Vec::new();
            if read_some(&mut self.stream, &mut bytes) == 0 {
                return Told::End;
            }
            self.handle(&mut bytes);
        }
    }

    /// The next thing, which is a text.
    pub(super) fn text(&mut self) -> String {
        match self.told() {
            Told::Text(text) => text,
            other => panic!("expected a text, not {other:?}"),
        }
    }

    /// Reads texts up to one that `is_wanted`.
    pub(super) fn text_like(&mut self, is_wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let text = self.text();
            if is_wanted(&text) {
                return text;
            }
        }
    }

    fn write<E: std::fmt::Debug>(
        &mut self,
        write: impl FnOnce(&mut Connection, &mut Vec<u8>) -> Result<(), E>,
    ) {
        let mut output = Vec::new();
        write(&mut self.connection, &mut output).expect("it is open");
        self.write_raw(&output);
    }

    fn handle(&mut self, bytes: &mut [u8]) {
        let mut input = Input::new(bytes);
        while let Some(event) =
            self.connection.handle_input(&mut input).expect("it keeps the rules")
        {
            self.events.push_back(match event {
                Event::Message(message) => match message.as_message() {
                    Message::Text(text) => Told::Text(text.to_owned()),
                    Message::Binary(bytes) => Told::Binary(bytes.to_vec()),
                },
                Event::Pong(payload) => Told::Pong(payload_of(&payload)),
                Event::Close(Some(frame)) => {
                    Told::Close(frame.code.number(), frame.reason.into_owned())
                }
                other => panic!("no example does this: {other:?}"),
            });
        }
    }
}

/// Sends a plain request, and reads the answer up to the end of the stream.
pub(super) fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = dial(address, None);
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers, and ends");
    answer
}

fn dial(address: SocketAddr, receive_buffer: Option<usize>) -> TcpStream {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    // Before it connects, because the window is announced then.
    receive_buffer.map_or(Ok(()), |size| socket.set_recv_buffer_size(size)).expect("a new socket");
    socket
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| socket.set_write_timeout(Some(PATIENCE)))
        .and_then(|()| socket.set_tcp_nodelay(true))
        .and_then(|()| socket.connect(&address.into()))
        .expect("it listens");
    socket.into()
}

/// Appends what arrives next, and says how much it was; nothing at the end of the stream.
fn read_some(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> usize {
    let start = bytes.len();
    bytes.resize(start + 16 * 1024, 0);
    let size = match stream.read(&mut bytes[start..]) {
        Ok(size) => size,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
        Err(error) => panic!("nothing arrives: {error}"),
    };
    bytes.truncate(start + size);
    size
}

fn payload_of(payload: &Payload<'_>) -> Vec<u8> {
    payload.as_bytes().to_vec()
}
