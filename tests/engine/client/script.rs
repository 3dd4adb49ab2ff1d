//! A stream whose other end does what a script says.

use sockeye::client::Controls;
use sockeye::protocol::FrameHeader;
use sockeye::protocol::handshake::accept_key;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;

/// What the next read finds.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// These bytes, in as many reads as the reader's buffer needs. The first [`ACCEPT`] becomes the right answer to the key.
    Bytes(Vec<u8>),
    Fail(ErrorKind),
}

/// What reads find after the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Stream,
    /// Nothing, for as long as the stream waits.
    Silence,
}

/// All that was written to the stream.
pub(super) type Written = Rc<RefCell<Vec<u8>>>;

#[derive(Debug)]
pub(super) struct Script {
    steps: VecDeque<Step>,
    end: End,
    written: Written,
    /// Whether the client has said that it writes no more, and what was left to read then.
    shut_down: Rc<Cell<Option<usize>>>,
    /// Bytes of the answer to the key that were read.
    answered: usize,
    /// Bytes that may still be written. Small writes take three at a time, so that they have to go on.
    room: usize,
}

impl Script {
    pub(super) fn new(steps: impl IntoIterator<Item = Step>) -> (Self, Written) {
        let written = Written::default();
        let steps = steps.into_iter().collect();
        let end = End::Stream;
        let script = Self {
            steps,
            end,
            written: written.clone(),
            shut_down: Rc::default(),
            answered: 0,
            room: usize::MAX,
        };
        (script, written)
    }

    pub(super) const fn ending(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// What controls can do with it.
    pub(super) fn controls() -> Controls<Self> {
        Controls {
            set_read_timeout: |_, _| Ok(()),
            set_write_timeout: |_, _| Ok(()),
            shutdown_write: |script| {
                script.shut_down.set(Some(script.steps.len()));
                Ok(())
            },
        }
    }

    /// How many steps were left when the client ended its direction of the stream.
    pub(super) fn left_at_shutdown(&self) -> Rc<Cell<Option<usize>>> {
        self.shut_down.clone()
    }

    /// Takes so many bytes, and then fails.
    pub(super) const fn taking(mut self, bytes: usize) -> Self {
        self.room = bytes;
        self
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!buffer.is_empty(), "reading into nothing looks like the end");
        match self.steps.pop_front() {
            Some(Step::Fail(kind)) => Err(kind.into()),
            Some(Step::Bytes(bytes)) => {
                let size = bytes.len().min(buffer.len());
                for (to, from) in buffer.iter_mut().zip(&bytes) {
                    *to = self.with_answer(*from);
                }
                if size < bytes.len() {
                    self.steps.push_front(Step::Bytes(bytes[size..].to_vec()));
                }
                Ok(size)
            }
            None if self.end == End::Silence => Err(ErrorKind::WouldBlock.into()),
            None => Ok(0),
        }
    }
}

impl Script {
    /// This byte, or the one that it stands for.
    fn with_answer(&mut self, byte: u8) -> u8 {
        if ACCEPT.get(self.answered) != Some(&byte) {
            return byte;
        }
        let answer = accept_of(&self.written.borrow())[self.answered];
        self.answered += 1;
        answer
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let size = bytes.len().min(self.room).min(if bytes.len() < 1000 { 3 } else { 4096 });
        self.room -= size;
        self.written.borrow_mut().extend_from_slice(&bytes[..size]);
        Ok(size)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A response that opens the WebSocket, with these header lines and these bytes behind it.
pub(super) fn response(headers: &str, behind: &[u8]) -> Vec<u8> {
    let head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: ";
    [head, ACCEPT.as_slice(), b"\r\n", headers.as_bytes(), b"\r\n", behind].concat()
}

/// The bytes in these pieces.
pub(super) fn in_pieces(chunks: &[&[u8]]) -> impl Iterator<Item = Step> {
    // An empty read would be the end.
    let filled = chunks.iter().filter(|chunk| !chunk.is_empty());
    filled.map(|chunk| Step::Bytes(chunk.to_vec())).collect::<Vec<_>>().into_iter()
}

/// The answer to the last key in these bytes of a client.
pub(super) fn accept_of(request: &[u8]) -> [u8; 28] {
    let request = String::from_utf8_lossy(request);
    let (_, key) = request.rsplit_once("Sec-WebSocket-Key: ").expect("a request was written");
    accept_key(key.split("\r\n").next().expect("a line").as_bytes())
}

/// A frame that the client wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenFrame {
    pub(super) opcode: u8,
    pub(super) mask: [u8; 4],
    pub(super) payload: Vec<u8>,
}

/// The frames behind the request: each whole and masked.
pub(super) fn written(bytes: &Written) -> Vec<WrittenFrame> {
    let bytes = bytes.borrow();
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a request") + 4;
    let mut rest = &bytes[head..];
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (header, size) =
            FrameHeader::decode(rest).expect("a good header").expect("a whole one");
        let mask = header.mask.expect("clients mask");
        let (payload, behind) = rest[size..].split_at(header.payload_size as usize);
        let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key);
        frames.push(WrittenFrame { opcode: rest[0] & 15, mask, payload: payload.collect() });
        rest = behind;
    }
    frames
}

/// Stands for the answer to a key that nobody knows yet, byte by byte so that it may be cut.
pub(super) const ACCEPT: [u8; 28] = {
    let mut bytes = [0; 28];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = 0xA0 + at as u8;
        at += 1;
    }
    bytes
};
