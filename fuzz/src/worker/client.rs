//! A client: well-behaved until it is told to send something that is not.

use sockeye::driver::Peer;
use std::collections::VecDeque;

pub(super) struct Client {
    peer: Peer,
    /// What the kernel has not taken yet.
    unsent: VecDeque<u8>,
    got: Vec<u8>,
    /// What its echo is to begin with: the frames that a server makes of its messages.
    said: Vec<u8>,
    /// It has asked for an echo first, and sent only whole frames with text or pings since.
    is_plain: bool,
    has_asked: bool,
    /// It has asked for more than a WebSocket, and may have an answer outstanding.
    may_await: bool,
}

impl Client {
    pub(super) const fn new(peer: Peer) -> Self {
        Self {
            peer,
            unsent: VecDeque::new(),
            got: Vec::new(),
            said: Vec::new(),
            is_plain: true,
            has_asked: false,
            may_await: false,
        }
    }

    /// Does one thing; `more` gives bytes of the input.
    pub(super) fn step<'i>(&mut self, step: u8, amount: u8, more: impl FnOnce(usize) -> &'i [u8]) {
        match step {
            7 => self.upgrade(PATHS[usize::from(amount) % PATHS.len()], amount >= 128),
            8 => self.message(0x81, usize::from(amount)),
            9 => self.message(0x81, usize::from(amount) * 24),
            10 => {
                self.is_plain = false;
                self.may_await = true;
                self.unsent.extend(more(usize::from(amount)));
            }
            11 => {
                self.is_plain = false;
                self.may_await = true;
                self.request(amount);
            }
            12 => self.read(usize::from(amount) * usize::from(amount)),
            13 => self.peer.end(),
            14 => self.peer.reset(),
            // A close frame, or a frame of some other kind.
            _ => {
                self.is_plain = false;
                self.frame(amount | 0x80, &1000_u16.to_be_bytes());
            }
        }
    }

    fn upgrade(&mut self, path: &str, offers_deflate: bool) {
        if self.has_asked || path != "echo" || offers_deflate {
            self.is_plain = false;
        }
        self.has_asked = true;
        self.may_await |= !matches!(path, "echo" | "news");
        let head = format!(
            "GET /{path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        );
        let offer: &str =
            if offers_deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
        self.unsent.extend([&head, offer, "\r\n"].concat().as_bytes());
    }

    fn request(&mut self, amount: u8) {
        let body = "b".repeat(usize::from(amount));
        let path = PATHS[usize::from(amount) % PATHS.len()];
        let request = match amount % 3 {
            0 => format!("GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n"),
            1 => format!(
                "POST /{path} HTTP/1.1\r\nHost: a\r\nContent-Length: {amount}\r\n\r\n{body}"
            ),
            _ => format!(
                "POST /{path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                 {amount:x}\r\n{body}\r\n0\r\n\r\n"
            ),
        };
        self.unsent.extend(request.as_bytes());
    }

    fn message(&mut self, first: u8, size: usize) {
        self.is_plain &= self.has_asked;
        let payload: Vec<u8> = (0..size).map(|index| b'a' + (index % 26) as u8).collect();
        self.frame(first, &payload);
        self.said.push(first);
        match size {
            0..126 => self.said.push(size as u8),
            _ => {
                self.said.push(126);
                self.said.extend((size as u16).to_be_bytes());
            }
        }
        self.said.extend(payload);
    }

    fn frame(&mut self, first: u8, payload: &[u8]) {
        self.unsent.push_back(first);
        match payload.len() {
            size @ 0..126 => self.unsent.push_back(0x80 | size as u8),
            size => {
                self.unsent.push_back(0x80 | 126);
                self.unsent.extend((size as u16).to_be_bytes());
            }
        }
        let key = [1, 2, 3, 4];
        self.unsent.extend(key);
        self.unsent.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    }

    /// Writes what the kernel takes.
    pub(super) fn flush(&mut self) {
        let size = self.peer.write(self.unsent.make_contiguous());
        self.unsent.drain(..size);
    }

    pub(super) fn read(&mut self, size_max: usize) {
        self.got.extend(self.peer.read(size_max));
    }

    /// What it got is an answer, and the echo of what it said, as far as it goes.
    pub(super) fn check(&self) {
        if !self.is_plain || self.got.is_empty() {
            return;
        }
        let end = self.got.windows(4).position(|four| four == b"\r\n\r\n");
        let is_upgrade = self.got.starts_with(b"HTTP/1.1 101 ");
        let (Some(end), true) = (end, is_upgrade) else {
            // It was too slow, cut off, or the server is full or going down.
            let is_other =
                self.got.starts_with(b"HTTP/1.1 408 ") || self.got.starts_with(b"HTTP/1.1 503 ");
            assert!(is_other || end.is_none(), "{:?}", String::from_utf8_lossy(&self.got));
            return;
        };
        let (mut frames, mut said) = (&self.got[end + 4..], &self.said[..]);
        while let Some(frame) = take_frame(&mut frames) {
            match frame[0] {
                0x81 => {
                    assert!(said.starts_with(frame), "not an echo");
                    said = &said[frame.len()..];
                }
                0x89 | 0x8A => {}
                0x88 => return assert!(frames.is_empty(), "bytes behind the close frame"),
                first => panic!("{first:#x} begins no frame that was asked for"),
            }
        }
    }

    pub(super) fn leave(&mut self) {
        self.unsent.clear();
        // Who ends only its own side still gets what it asked for, however long a stream may be.
        match self.may_await {
            true => self.peer.reset(),
            false => self.peer.end(),
        }
    }
}

/// Takes a whole frame off the beginning.
fn take_frame<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let &short = bytes.get(1)?;
    let size = match short {
        0..126 => 2 + usize::from(short),
        _ => 4 + usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
    };
    let (frame, rest) = bytes.split_at_checked(size)?;
    *bytes = rest;
    Some(frame)
}

const PATHS: &[&str] = &["echo", "news", "stream", "later", "other"];
