//! What the messages are: some bodies made before the run, as frames that are masked already, and a stamp in each.
//!
//! Sending one costs a copy and the stamp, so that what is measured is the server. A frame's masking key is drawn once per
//! body: keys that nobody can predict protect what is between a browser and a server from what a page sends (RFC 6455
//! section 10.3), and there is no such page here.

mod content;

use crate::native::{PUBLISH_END, PUBLISH_START};
use crate::plan::Speech;
use crate::socket_io::{EVENT_END, EVENT_START};
use crate::stamp::{STAMP_SIZE, STAMP_TEXT_SIZE, Stamp};
use content::Content;
use sockeye::limits::HEADER_SIZE_MAX;
use sockeye::protocol::deflate::{Agreement, Compressor, DeflateConfig, DeflateMode};
use sockeye::protocol::{Connection, FrameHeader, Message, Opcode, Role, apply_mask};
use sockeye::random::mask_key;

/// What messages carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Binary,
    Text,
    Json,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// The smallest message that has room for a stamp.
    pub(crate) const fn size_min(self) -> usize {
        match self {
            Self::Binary => STAMP_SIZE,
            Self::Text => STAMP_TEXT_SIZE,
            Self::Json => content::JSON_SIZE_MIN,
        }
    }

    const fn is_text(self) -> bool {
        !matches!(self, Self::Binary)
    }
}

/// How frames are made of messages.
#[derive(Clone, Debug)]
pub(crate) enum Framing {
    /// None: the bytes alone.
    Raw,
    WebSocket,
    /// A WebSocket's, and in it an event of Socket.IO; the message is text that JSON leaves as it is.
    SocketIo,
    /// A WebSocket's, and in it a command of our own protocol that publishes such text.
    Native,
    /// Compressed as was agreed on.
    Deflate(Agreement),
}

/// Every message of a run.
#[derive(Debug)]
pub(crate) struct Payloads {
    kind: Kind,
    size: usize,
    speech: Speech,
    content: Content,
    frames: Vec<Frame>,
}

/// A message on the wire, but for its stamp.
#[derive(Debug)]
struct Frame {
    bytes: Vec<u8>,
    /// Where the stamp goes, and what it is masked with.
    stamp_start: usize,
    stamp_mask: [u8; STAMP_TEXT_SIZE],
}

impl Payloads {
    /// Messages of `size` bytes, at least [`Kind::size_min`].
    pub(crate) fn new(kind: Kind, size: usize, framing: &Framing) -> Self {
        let content = Content::new(kind, size);
        let mut compressor = Compressor::new();
        let frames = content
            .messages()
            .map(|message| match framing {
                Framing::Raw => Frame::raw(kind, message),
                Framing::WebSocket => Frame::plain(kind, message),
                Framing::SocketIo => Frame::inside(kind, message, [EVENT_START, EVENT_END]),
                Framing::Native => Frame::inside(kind, message, [PUBLISH_START, PUBLISH_END]),
                Framing::Deflate(agreement) => {
                    Frame::compressed(kind, message, agreement, &mut compressor)
                }
            })
            .collect();
        let speech = match framing {
            Framing::SocketIo => Speech::SocketIo,
            Framing::Native => Speech::Native,
            Framing::Raw | Framing::WebSocket | Framing::Deflate(_) => Speech::Plain,
        };
        Self { kind, size, speech, content, frames }
    }

    /// What the messages that arrive are in.
    pub(crate) const fn speech(&self) -> Speech {
        self.speech
    }

    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    pub(crate) const fn is_text(&self) -> bool {
        self.kind.is_text()
    }

    /// Bytes of the message on the wire.
    #[inline]
    pub(crate) fn frame_size(&self, stamp: &Stamp) -> usize {
        self.frames[self.index(stamp)].bytes.len()
    }

    /// Appends the message as it goes over the wire.
    #[inline]
    pub(crate) fn append(&self, stamp: &Stamp, output: &mut Vec<u8>) {
        let frame = &self.frames[self.index(stamp)];
        let start = output.len() + frame.stamp_start;
        output.extend_from_slice(&frame.bytes);
        self.write(stamp, frame, &mut output[start..]);
    }

    /// Appends the message as it goes over the wire up to the end of its stamp; gives how much that is, and the rest, to be
    /// sent from where it lies.
    #[inline]
    pub(crate) fn split(&self, stamp: &Stamp, output: &mut Vec<u8>) -> (usize, &[u8]) {
        let frame = &self.frames[self.index(stamp)];
        let (head, rest) = frame.bytes.split_at(frame.stamp_start + self.stamp_size());
        let start = output.len() + frame.stamp_start;
        output.extend_from_slice(head);
        self.write(stamp, frame, &mut output[start..]);
        (head.len(), rest)
    }

    /// Writes the stamp, masked, to the front of `output`.
    #[inline]
    fn write(&self, stamp: &Stamp, frame: &Frame, output: &mut [u8]) {
        if self.kind.is_text() {
            let text = stamp.encode_text();
            let masked = text.iter().zip(frame.stamp_mask);
            output.iter_mut().zip(masked).for_each(|(byte, (text, mask))| *byte = text ^ mask);
        } else if let Some(output) = output.first_chunk_mut() {
            // The mask is as long as a text's; its first half is the same again.
            let mask = frame.stamp_mask.first_chunk().expect("it is longer");
            let masked = u128::from_ne_bytes(stamp.encode()) ^ u128::from_ne_bytes(*mask);
            *output = masked.to_ne_bytes();
        }
    }

    /// The stamp of a message that arrived; `None` if it is none of ours: of another kind, size, or without a stamp.
    #[inline]
    pub(crate) fn stamp(&self, is_text: bool, message: &[u8]) -> Option<Stamp> {
        if is_text != self.kind.is_text() || message.len() != self.size {
            return None;
        }
        let start = message.get(content::stamp_start(self.kind)..)?;
        match self.kind {
            Kind::Binary => Stamp::decode(start),
            Kind::Text | Kind::Json => Stamp::decode_text(start),
        }
    }

    /// Whether all of the message is as it was sent. Small ones are compared whole, and of large ones a sample.
    #[inline]
    pub(crate) fn is_whole(&self, stamp: &Stamp, message: &[u8]) -> bool {
        if self.size > COMPARED_SIZE_MAX && !stamp.sequence.is_multiple_of(SAMPLE) {
            return true;
        }
        let sent = self.content.message(self.index(stamp));
        let start = content::stamp_start(self.kind);
        let end = start + self.stamp_size();
        sent[end..] == message[end..] && (start == 0 || sent[..start] == message[..start])
    }

    const fn stamp_size(&self) -> usize {
        if self.kind.is_text() { STAMP_TEXT_SIZE } else { STAMP_SIZE }
    }

    #[inline]
    fn index(&self, stamp: &Stamp) -> usize {
        (stamp.sequence as usize + usize::from(stamp.sender) * STRIDE) & (self.frames.len() - 1)
    }
}

impl Frame {
    fn raw(kind: Kind, message: &[u8]) -> Self {
        Self {
            bytes: message.to_vec(),
            stamp_start: content::stamp_start(kind),
            stamp_mask: [0; STAMP_TEXT_SIZE],
        }
    }

    fn plain(kind: Kind, message: &[u8]) -> Self {
        let header = FrameHeader::new(opcode(kind), message.len());
        Self::masked(header, message, content::stamp_start(kind))
    }

    fn inside(kind: Kind, message: &[u8], [start, end]: [&str; 2]) -> Self {
        let payload = [start.as_bytes(), message, end.as_bytes()].concat();
        let header = FrameHeader::new(opcode(kind), payload.len());
        Self::masked(header, &payload, start.len() + content::stamp_start(kind))
    }

    /// The stamp goes into a block of DEFLATE that is stored as it is (RFC 1951 section 3.2.4), and only what is around it
    /// is compressed, once.
    fn compressed(
        kind: Kind,
        message: &[u8],
        agreement: &Agreement,
        compressor: &mut Compressor,
    ) -> Self {
        let stamp_start = content::stamp_start(kind);
        let stamp_size = if kind.is_text() { STAMP_TEXT_SIZE } else { STAMP_SIZE };
        let stored = &message[..stamp_start + stamp_size];
        let Some(rest) = compress(&message[stored.len()..], agreement, compressor) else {
            return Self::plain(kind, message);
        };
        let size = stored.len() as u16;
        let mut payload = vec![0];
        payload.extend_from_slice(&size.to_le_bytes());
        payload.extend_from_slice(&(!size).to_le_bytes());
        let stamp_start = payload.len() + stamp_start;
        payload.extend_from_slice(stored);
        payload.extend_from_slice(&rest);
        let mut header = FrameHeader::new(opcode(kind), payload.len());
        header.is_compressed = true;
        Self::masked(header, &payload, stamp_start)
    }

    fn masked(mut header: FrameHeader, payload: &[u8], stamp_start: usize) -> Self {
        let key = mask_key();
        header.mask = Some(key);
        let mut encoded = [0; HEADER_SIZE_MAX];
        let header_size = header.encode(&mut encoded);
        let mut bytes = [&encoded[..header_size], payload].concat();
        apply_mask(&mut bytes[header_size..], key, 0);
        let mut stamp_mask = [0; STAMP_TEXT_SIZE];
        apply_mask(&mut stamp_mask, key, stamp_start);
        Self { bytes, stamp_start: header_size + stamp_start, stamp_mask }
    }
}

/// `None`: it does not become smaller.
fn compress(bytes: &[u8], agreement: &Agreement, compressor: &mut Compressor) -> Option<Vec<u8>> {
    let mut config = DeflateConfig::new(DeflateMode::Shared);
    config.level = DEFLATE_LEVEL;
    config.threshold_bytes = 0;
    // Every message by itself, whatever the other side would remember: they are sent in any order.
    let mut agreement = *agreement;
    agreement.client_no_context_takeover = true;
    let role = Role::Client { mask_key: || [0; 4] };
    let mut connection = Connection::new(role, usize::MAX).with_deflate(&agreement, &config);
    let mut frame = Vec::new();
    connection.send_compressed(Message::Binary(bytes), compressor, &mut frame).ok()?;
    let (header, size) = FrameHeader::decode(&frame).ok()??;
    header.is_compressed.then(|| frame.split_off(size))
}

const fn opcode(kind: Kind) -> Opcode {
    if kind.is_text() { Opcode::Text } else { Opcode::Binary }
}

/// Up to this size every message is compared byte by byte, above it every [`SAMPLE`]th of each sender.
const COMPARED_SIZE_MAX: usize = 256;
const SAMPLE: u64 = 64;
/// Senders begin at different bodies.
const STRIDE: usize = 7;
/// As clients do that say nothing else.
const DEFLATE_LEVEL: u8 = 6;

#[cfg(test)]
mod tests;
