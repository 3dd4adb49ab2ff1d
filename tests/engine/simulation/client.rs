//! A client on a simulated wire: it speaks well, or says exactly what a test wants said.

use super::deflating::{Deflating, OFFER};
use super::world::Pump;
use crate::support::{Line, Random};
use sockeye::driver::{Network, Stream};
use std::collections::VecDeque;
use std::fmt;

/// One client, with everything that it has been told so far.
pub(crate) struct Client {
    line: Line,
    outgoing: VecDeque<u8>,
    /// Read, and not understood yet.
    incoming: Vec<u8>,
    /// The status of the answer to its request.
    pub(crate) status: Option<u16>,
    /// Whether it asks for compression.
    pub(crate) offers_compression: bool,
    /// There is one where the server has agreed to that.
    deflating: Option<Deflating>,
    /// The text messages that arrived.
    pub(crate) messages: Vec<String>,
    pub(crate) pings: usize,
    pub(crate) pongs: Vec<Vec<u8>>,
    /// The code of the close frame that arrived; 1005 is one without a code.
    pub(crate) closed: Option<u16>,
    has_sent_close: bool,
    has_ended: bool,
    /// Ends its stream when everything is written.
    ends_after_all: bool,
    /// Whether it answers pings and close frames, and ends its stream after the server's.
    pub(crate) is_polite: bool,
    /// Whether it reads.
    pub(crate) is_reading: bool,
}

impl Client {
    /// A client without TLS.
    pub(crate) fn connect(network: &Network) -> Self {
        Self::over(Line::plain(network))
    }

    pub(crate) fn over(line: Line) -> Self {
        Self {
            line,
            outgoing: VecDeque::new(),
            incoming: Vec::new(),
            status: None,
            offers_compression: false,
            deflating: None,
            messages: Vec::new(),
            pings: 0,
            pongs: Vec::new(),
            closed: None,
            has_sent_close: false,
            has_ended: false,
            ends_after_all: false,
            is_polite: true,
            is_reading: true,
        }
    }

    /// Asks for a WebSocket at `path`.
    pub(crate) fn request(&mut self, path: &str) {
        let offer = if self.offers_compression { OFFER } else { "" };
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n"
        );
        self.raw(head.as_bytes());
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.outgoing.extend(bytes);
    }

    pub(crate) fn frame(&mut self, first: u8, payload: &[u8]) {
        let key = [0x37, 0xFA, 0x21, payload.len() as u8];
        self.outgoing.push_back(first);
        match payload.len() {
            size @ 0..126 => self.outgoing.push_back(0x80 | size as u8),
            size @ 126..65536 => {
                self.outgoing.push_back(0x80 | 126);
                self.outgoing.extend((size as u16).to_be_bytes());
            }
            size => {
                self.outgoing.push_back(0x80 | 127);
                self.outgoing.extend((size as u64).to_be_bytes());
            }
        }
        self.outgoing.extend(key);
        let masked = payload.iter().zip(key.iter().cycle());
        self.outgoing.extend(masked.map(|(byte, key)| byte ^ key));
    }

    /// Sends a text; where compression was agreed on, every other is compressed.
    pub(crate) fn text(&mut self, text: &str) {
        match self.compressed(text) {
            Some(payload) => self.frame(0xC1, &payload),
            None => self.frame(0x81, text.as_bytes()),
        }
    }

    fn compressed(&self, text: &str) -> Option<Vec<u8>> {
        let is_wanted = self.deflating.is_some() && text.len().is_multiple_of(2);
        is_wanted.then(|| Deflating::compress(text))
    }

    /// Sends a text in fragments, with pings between them.
    pub(crate) fn fragments(&mut self, text: &str, count: usize) {
        let compressed = self.compressed(text);
        let mut opcode = if compressed.is_some() { 0x41 } else { 0x1 };
        let payload = compressed.unwrap_or_else(|| text.as_bytes().to_vec());
        let size = payload.len().div_ceil(count).max(1);
        let mut pieces = payload.chunks(size).peekable();
        while let Some(piece) = pieces.next() {
            let is_final = pieces.peek().is_none();
            self.frame(u8::from(is_final) << 7 | opcode, piece);
            opcode = 0;
            if !is_final {
                self.ping(b"between");
            }
        }
    }

    pub(crate) fn ping(&mut self, payload: &[u8]) {
        self.frame(0x89, payload);
    }

    pub(crate) fn close(&mut self, code: u16) {
        if !self.has_sent_close {
            self.has_sent_close = true;
            self.frame(0x88, &code.to_be_bytes());
        }
    }

    /// Ends its stream behind everything that it has to say.
    pub(crate) const fn end(&mut self) {
        self.ends_after_all = true;
    }

    pub(crate) fn reset(&self) {
        self.line.reset();
    }

    /// Whether it hears at once what it is told.
    pub(crate) fn is_open_and_reading(&self) -> bool {
        self.is_open() && self.is_reading
    }

    /// Whether everything it had to say was received by the worker.
    pub(crate) fn has_said_all(&self) -> bool {
        self.outgoing.is_empty() && self.line.unreceived() == 0
    }

    /// The server's stream, behind everything that was read.
    pub(crate) fn incoming(&self) -> Stream {
        self.line.incoming()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.status == Some(101) && self.closed.is_none() && self.incoming() == Stream::Open
    }

    /// Writes and reads a random part of what goes.
    pub(crate) fn pump_randomly(&mut self, random: &mut Random) {
        let (write, read) = (1 << random.below(12), 1 << random.below(12));
        self.pump_some(write, read);
    }

    /// Writes and reads at most so many bytes.
    pub(crate) fn pump_at_most(&mut self, size: usize) {
        self.pump_some(size, size);
    }

    fn pump_some(&mut self, write_max: usize, read_max: usize) -> bool {
        let pieces = self.outgoing.make_contiguous();
        let size = pieces.len().min(write_max);
        let written = self.line.write(&pieces[..size]);
        self.outgoing.drain(..written);
        let mut has_moved = self.line.pump() || written > 0;
        if self.is_reading {
            has_moved |= self.line.read(read_max, &mut self.incoming);
            self.understand();
        }
        let answers_end = self.is_polite && self.incoming() == Stream::Ended;
        if answers_end || (self.ends_after_all && self.outgoing.is_empty()) {
            has_moved |= !std::mem::replace(&mut self.has_ended, true);
            self.line.end();
        }
        if self.incoming() != Stream::Open {
            self.outgoing.clear();
        }
        has_moved
    }

    fn understand(&mut self) {
        if self.status.is_none() && !self.understand_head() {
            return;
        }
        if self.status != Some(101) {
            return;
        }
        while let Some((first, payload)) = self.next_frame() {
            assert_eq!(
                self.closed,
                None,
                "frame {first:#x} of {} bytes after the close frame",
                payload.len()
            );
            match first {
                0x81 | 0xC1 => {
                    let message = if first == 0xC1 { self.inflate(&payload) } else { payload };
                    let text = String::from_utf8(message);
                    self.messages.push(text.expect("the server sends UTF-8"));
                }
                0x88 => self.understand_close(&payload),
                0x89 => {
                    self.pings += 1;
                    if self.is_polite && !self.has_sent_close {
                        self.frame(0x8A, &payload);
                    }
                }
                0x8A => self.pongs.push(payload),
                _ => panic!("unexpected frame {first:#x}"),
            }
        }
    }

    fn inflate(&mut self, payload: &[u8]) -> Vec<u8> {
        let deflating = self.deflating.as_mut();
        deflating.expect("only who agreed gets what is compressed").inflate(payload)
    }

    fn understand_close(&mut self, payload: &[u8]) {
        let code = match payload {
            [] => 1005,
            [high, low, ..] => u16::from_be_bytes([*high, *low]),
            [_] => panic!("a close frame with half a code"),
        };
        self.closed = Some(code);
        if self.is_polite {
            self.close(if code == 1005 { 1000 } else { code });
        }
    }

    fn understand_head(&mut self) -> bool {
        let end = self.incoming.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else {
            return false;
        };
        let head: Vec<u8> = self.incoming.drain(..end + 4).collect();
        let status = str::from_utf8(&head[9..12]).expect("a status has three digits");
        self.status = Some(status.parse().expect("a status is a number"));
        if self.status == Some(101) {
            let head = String::from_utf8(head).expect("a head is text");
            let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
            assert!(head.contains(accept), "RFC 6455 1.3 gives this answer");
            self.deflating = Deflating::agreed(&head);
        }
        true
    }

    fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let bytes = &self.incoming;
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        assert_eq!(second & 0x80, 0, "a server masked a frame");
        let (size, start) = match second {
            126 => {
                let size = bytes.get(2..4)?.try_into().expect("these are two bytes");
                (usize::from(u16::from_be_bytes(size)), 4)
            }
            127 => {
                let size = bytes.get(2..10)?.try_into().expect("these are eight bytes");
                (u64::from_be_bytes(size) as usize, 10)
            }
            size => (usize::from(size), 2),
        };
        if bytes.len() < start + size {
            return None;
        }
        let mut frame: Vec<u8> = self.incoming.drain(..start + size).collect();
        Some((first, frame.split_off(start)))
    }
}

impl Pump for Client {
    fn pump(&mut self) -> bool {
        self.pump_some(usize::MAX, usize::MAX)
    }
}

/// Short enough for a panic's message.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &String| text.chars().take(12).collect::<String>();
        let messages: Vec<String> = self.messages.iter().map(short).collect();
        f.debug_struct("Client")
            .field("line", &self.line)
            .field("outgoing", &self.outgoing.len())
            .field("incoming", &self.incoming.len())
            .field("status", &self.status)
            .field("messages", &messages)
            .field("pings", &self.pings)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
