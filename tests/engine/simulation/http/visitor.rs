//! A client of HTTP on a simulated wire. It shares no code with the engine, and takes nothing but what RFC 9112 allows.

use super::super::world::Pump;
use super::exchange::{Answer, Asked};
use crate::support::{Line, Random};
use sockeye::driver::{Network, Stream};
use std::collections::VecDeque;
use std::fmt;

/// One client, with everything that it has asked and been answered so far.
pub(crate) struct Visitor {
    line: Line,
    outgoing: VecDeque<u8>,
    /// What is behind `100 Continue`.
    withheld: VecDeque<u8>,
    is_withholding: bool,
    incoming: Vec<u8>,
    awaits: Awaits,
    /// The requests so far.
    pub(crate) asked: Vec<Asked>,
    /// Their answers; the last may have a body that goes on.
    pub(crate) answers: Vec<Answer>,
    pub(crate) continues: usize,
    /// What came after 101.
    pub(crate) frames: Vec<u8>,
    ends_after_all: bool,
    pub(crate) has_ended: bool,
    /// Whether it reads.
    pub(crate) is_reading: bool,
    /// Whether it ends its stream after the server's.
    pub(crate) is_polite: bool,
    /// It speaks HTTP/1.0, and asks to be kept.
    pub(crate) is_old: bool,
}

enum Awaits {
    Head,
    /// So many bytes of a body.
    Known(usize),
    Chunk,
    /// A body up to the end of the stream.
    Rest,
    Frames,
}

impl Visitor {
    pub(crate) fn connect(network: &Network) -> Self {
        Self::over(Line::plain(network))
    }

    pub(crate) fn over(line: Line) -> Self {
        Self {
            line,
            outgoing: VecDeque::new(),
            withheld: VecDeque::new(),
            is_withholding: false,
            incoming: Vec::new(),
            awaits: Awaits::Head,
            asked: Vec::new(),
            answers: Vec::new(),
            continues: 0,
            frames: Vec::new(),
            ends_after_all: false,
            has_ended: false,
            is_reading: true,
            is_polite: true,
            is_old: false,
        }
    }

    pub(crate) fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        let queue = if self.is_withholding { &mut self.withheld } else { &mut self.outgoing };
        queue.extend(bytes.as_ref());
    }

    /// Asks without a body.
    pub(crate) fn get(&mut self, kind: &'static str, key: &str, numbers: &[usize]) {
        self.ask("GET", (kind, key, numbers), "\r\n");
    }

    pub(crate) fn head(&mut self, kind: &'static str, key: &str, numbers: &[usize]) {
        self.ask("HEAD", (kind, key, numbers), "\r\n");
    }

    /// Writes a request up to its first headers; what is missing of those, and the body, are the caller's.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        (kind, key, numbers): (&'static str, &str, &[usize]),
        headers: &str,
    ) {
        let rest: String = numbers.iter().map(|number| format!("/{number}")).collect();
        let version = self.version();
        self.raw(format!("{method} /{kind}/{key}{rest} {version}{headers}"));
        self.asked.push(Asked {
            kind,
            key: key.to_owned(),
            is_head: method == "HEAD",
            numbers: numbers.to_vec(),
            body: Vec::new(),
        });
    }

    const fn version(&self) -> &'static str {
        match self.is_old {
            true => "HTTP/1.0\r\nConnection: keep-alive\r\n",
            false => "HTTP/1.1\r\nHost: sim\r\n",
        }
    }

    /// Asks for something to be done with the request of somebody else.
    pub(crate) fn release(&mut self, key: &str, other: &str, how: &str) {
        let version = self.version();
        self.raw(format!("GET /release/{key}/{other}/{how} {version}\r\n"));
        let (kind, key) = ("release", key.to_owned());
        let (numbers, body) = (Vec::new(), Vec::new());
        self.asked.push(Asked { kind, key, is_head: false, numbers, body });
    }

    /// Asks with a body, of a known size or in chunks of so many bytes; perhaps waits to be told to send it.
    pub(crate) fn post(
        &mut self,
        path: (&'static str, &str, &[usize]),
        body: &[u8],
        chunk: Option<usize>,
        expects_continue: bool,
    ) {
        let size = match chunk {
            Some(_) => "Transfer-Encoding: chunked\r\n".to_owned(),
            None => format!("Content-Length: {}\r\n", body.len()),
        };
        let expect = if expects_continue { "Expect: 100-continue\r\n" } else { "" };
        self.ask("POST", path, &format!("{size}{expect}\r\n"));
        if let Some(asked) = self.asked.last_mut() {
            asked.body = body.to_vec();
        }
        self.is_withholding |= expects_continue && !(body.is_empty() && chunk.is_none());
        let Some(chunk) = chunk else {
            return self.raw(body);
        };
        for piece in body.chunks(chunk.max(1)) {
            self.raw(format!("{:x};a=\"b\"\r\n", piece.len()));
            self.raw(piece);
            self.raw("\r\n");
        }
        self.raw("0\r\nTrailer: nobody\r\n\r\n");
    }

    /// Asks for a WebSocket.
    pub(crate) fn upgrade(&mut self, kind: &'static str, key: &str) {
        let headers = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        self.ask("GET", (kind, key, &[]), headers);
    }

    /// Ends its stream behind everything that it has to say.
    pub(crate) const fn end(&mut self) {
        self.ends_after_all = true;
    }

    pub(crate) fn reset(&self) {
        self.line.reset();
    }

    pub(crate) fn incoming(&self) -> Stream {
        self.line.incoming()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.incoming() != Stream::Open
    }

    /// Answers that have arrived whole.
    pub(crate) fn whole(&self) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(|answer| answer.is_whole)
    }

    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.whole().map(|answer| answer.status).collect()
    }

    /// Bytes that it wants to send, and those that the worker has not received.
    pub(crate) fn unsent(&self) -> usize {
        self.outgoing.len() + self.line.unreceived()
    }

    /// Whether it keeps something back until it is told to go on.
    pub(crate) const fn is_withholding(&self) -> bool {
        self.is_withholding
    }

    /// Writes and reads a random part of what goes.
    pub(crate) fn pump_randomly(&mut self, random: &mut Random) {
        let (write, read) = (1 << random.below(13), 1 << random.below(13));
        self.pump_some(write, read);
    }

    /// Writes all that goes and reads at most so many bytes.
    pub(crate) fn read_at_most(&mut self, size: usize) -> bool {
        self.pump_some(usize::MAX, size)
    }

    fn pump_some(&mut self, write_max: usize, read_max: usize) -> bool {
        let pieces = self.outgoing.make_contiguous();
        let size = pieces.len().min(write_max);
        // To write nothing is not to write: it finds no broken connection.
        let written = if size > 0 { self.line.write(&pieces[..size]) } else { 0 };
        self.outgoing.drain(..written);
        let mut has_moved = self.line.pump() || written > 0;
        if self.is_reading {
            has_moved |= self.line.read(read_max, &mut self.incoming);
            while self.understand() {}
        }
        let answers_end = self.is_polite && self.is_reading && self.incoming() == Stream::Ended;
        let has_said_all = self.outgoing.is_empty() && !self.is_withholding;
        if answers_end || (self.ends_after_all && has_said_all) {
            has_moved |= !std::mem::replace(&mut self.has_ended, true);
            self.line.end();
        }
        if self.is_over() {
            self.outgoing.clear();
        }
        has_moved
    }

    /// Takes one thing off what has arrived; `false`: there is none.
    fn understand(&mut self) -> bool {
        match self.awaits {
            Awaits::Head => self.understand_head(),
            Awaits::Known(size) => {
                let Some(body) = self.take(size) else {
                    return false;
                };
                self.end_answer(body)
            }
            Awaits::Chunk => self.understand_chunk(),
            Awaits::Rest => {
                let rest = std::mem::take(&mut self.incoming);
                let has_ended = self.incoming() == Stream::Ended;
                let answer = self.answers.last_mut().expect("its head was there");
                answer.body.extend_from_slice(&rest);
                answer.is_whole = has_ended;
                false
            }
            Awaits::Frames => {
                self.frames.append(&mut self.incoming);
                false
            }
        }
    }

    fn understand_head(&mut self) -> bool {
        let end = self.incoming.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(head) = end.and_then(|end| self.take(end + 4)) else {
            return false;
        };
        let head = String::from_utf8(head).expect("a head is text");
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.and_then(|status| status.get(..3)?.parse().ok());
        let status: u16 = status.unwrap_or_else(|| panic!("no status line: {head:?}"));
        let header = |name: &str| {
            let mut found = head.lines().filter_map(|line| line.strip_prefix(name));
            let value = found.next();
            assert_eq!(found.next(), None, "{name} twice: {head:?}");
            value
        };
        if status == 100 {
            self.go_on();
            return true;
        }
        let number = self.answers.len();
        // Somebody who sends garbage, or nothing, is answered without having asked.
        let asked = self.asked.get(number);
        let answer = Answer {
            status,
            key: header("X-Request: ").map(str::to_owned),
            is_last: header("Connection: ").is_some_and(|value| value.contains("close")),
            ..Answer::default()
        };
        let has_body = status >= 200
            && !matches!(status, 204 | 304)
            && !asked.is_some_and(|asked| asked.is_head);
        let length = header("Content-Length: ").map(|size| size.parse().expect("a size"));
        let is_chunked = header("Transfer-Encoding: ").is_some_and(|value| value == "chunked");
        assert!(!(length.is_some() && is_chunked), "ambiguous: {head:?}");
        // RFC 9112 6.1: chunks are for those who have asked in HTTP/1.1.
        assert!(!(is_chunked && self.is_old), "chunks in HTTP/1.0: {head:?}");
        // The request that waits to be told to go on is always the latest.
        if self.is_withholding && number + 1 == self.asked.len() {
            assert!(answer.is_last, "an answer before the body, and it is not the last: {head:?}");
            self.withheld.clear();
            self.is_withholding = false;
        }
        self.answers.push(answer);
        self.awaits = match (status, length, is_chunked) {
            (101, _, _) => Awaits::Frames,
            _ if !has_body => Awaits::Known(0),
            (_, Some(length), _) => Awaits::Known(length),
            (_, None, true) => Awaits::Chunk,
            (_, None, false) => Awaits::Rest,
        };
        true
    }

    /// Sends what was withheld.
    fn go_on(&mut self) {
        assert!(self.is_withholding, "told to go on without having asked");
        self.continues += 1;
        self.is_withholding = false;
        self.outgoing.append(&mut self.withheld);
    }

    fn understand_chunk(&mut self) -> bool {
        let Some(end) = self.incoming.windows(2).position(|two| two == b"\r\n") else {
            return false;
        };
        let size = str::from_utf8(&self.incoming[..end]).expect("text");
        let size = usize::from_str_radix(size, 16).expect("the size of a chunk");
        let Some(mut chunk) = self.take(end + 2 + size + 2) else {
            return false;
        };
        assert!(chunk.ends_with(b"\r\n"), "a chunk ends with its line");
        chunk.truncate(end + 2 + size);
        chunk.drain(..end + 2);
        if size == 0 {
            return self.end_answer(Vec::new());
        }
        let answer = self.answers.last_mut().expect("its head was there");
        answer.body.extend_from_slice(&chunk);
        answer.chunks.push(chunk);
        true
    }

    fn end_answer(&mut self, body: Vec<u8>) -> bool {
        let answer = self.answers.last_mut().expect("its head was there");
        answer.body.extend(body);
        answer.is_whole = true;
        self.awaits = Awaits::Head;
        true
    }

    fn take(&mut self, size: usize) -> Option<Vec<u8>> {
        (self.incoming.len() >= size).then(|| self.incoming.drain(..size).collect())
    }

    /// Whether something arrived that is no answer.
    pub(crate) const fn has_surplus(&self) -> bool {
        matches!(self.awaits, Awaits::Head) && !self.incoming.is_empty()
    }
}

impl Pump for Visitor {
    fn pump(&mut self) -> bool {
        self.pump_some(usize::MAX, usize::MAX)
    }
}

/// Short enough for a panic's message.
impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked: Vec<String> =
            self.asked.iter().map(|asked| format!("{} {}", asked.kind, asked.key)).collect();
        let answers: Vec<String> = self
            .answers
            .iter()
            .map(|answer| {
                let Answer { status, key, is_last, body, is_whole, .. } = answer;
                let key = key.as_deref().unwrap_or("-");
                format!("{status} {key} last:{is_last} whole:{is_whole} {} bytes", body.len())
            })
            .collect();
        f.debug_struct("Visitor")
            .field("line", &self.line)
            .field("asked", &asked)
            .field("answers", &answers)
            .field("outgoing", &self.outgoing.len())
            .field("is_withholding", &self.is_withholding)
            .field("has_ended", &self.has_ended)
            .field("is_reading", &self.is_reading)
            .field("frames", &self.frames.len())
            .finish_non_exhaustive()
    }
}
