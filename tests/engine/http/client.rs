//! A client of HTTP made of a TCP stream: it shares no code with the engine.

use super::PATIENCE;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

pub(super) struct Client {
    stream: TcpStream,
    arrived: Vec<u8>,
}

/// A response: status, headers in lower case, body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub(super) fn dial(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("an open socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("an open socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("an open socket");
        Self { stream, arrived: Vec::new() }
    }

    pub(super) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server reads");
    }

    pub(super) fn get(&mut self, path: &str) -> Answer {
        self.write(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        self.answer()
    }

    /// The next response, to something else than `HEAD`.
    pub(super) fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        answer.body = match (answer.header("content-length"), answer.header("transfer-encoding")) {
            (Some(length), None) => {
                let length = length.parse().expect("a length");
                self.take(length)
            }
            (None, Some("chunked")) => std::iter::from_fn(|| self.chunk()).flatten().collect(),
            (None, None) => Vec::new(),
            both => panic!("ambiguous: {both:?}"),
        };
        answer
    }

    /// The next head, with no body.
    pub(super) fn head(&mut self) -> Answer {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let status = lines[0].strip_prefix("HTTP/1.1 ").expect("a status line");
        let headers = lines[1..].iter().map(|line| {
            let (name, value) = line.split_once(": ").expect("a header");
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Answer {
            status: status[..3].parse().expect("a status"),
            headers: headers.collect(),
            body: Vec::new(),
        }
    }

    /// The next chunk of a body; `None` is its end.
    pub(super) fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = usize::from_str_radix(&self.line(), 16).expect("a chunk's size");
        let chunk = self.take(size);
        assert_eq!(self.line(), "");
        (size > 0).then_some(chunk)
    }

    pub(super) fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.arrived.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.take(end);
                self.take(2);
                return String::from_utf8(line).expect("text");
            }
            assert!(self.receive() > 0, "the stream ended: {:?}", self.arrived);
        }
    }

    pub(super) fn take(&mut self, size: usize) -> Vec<u8> {
        while self.arrived.len() < size {
            assert!(self.receive() > 0, "the stream ended: {:?}", self.arrived.len());
        }
        self.arrived.drain(..size).collect()
    }

    /// Expects that the stream ends, with nothing before that.
    pub(super) fn expect_end(&mut self) {
        assert_eq!(self.rest(), "");
    }

    /// All up to the end of the stream.
    pub(super) fn rest(&mut self) -> String {
        while self.receive() > 0 {}
        String::from_utf8(std::mem::take(&mut self.arrived)).expect("text")
    }

    pub(super) fn end(&self) {
        self.stream.shutdown(Shutdown::Write).expect("an open socket");
    }

    /// Ends the connection so that the server sees it break.
    pub(super) fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(std::time::Duration::ZERO)).expect("an open socket");
    }

    fn receive(&mut self) -> usize {
        let mut bytes = vec![0; 64 * 1024];
        let size = self.stream.read(&mut bytes).expect("it comes in time, and not as a reset");
        self.arrived.extend_from_slice(&bytes[..size]);
        size
    }
}
