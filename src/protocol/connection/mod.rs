//! One endpoint of a WebSocket connection after its opening handshake: bytes in, events out.
//!
//! ```text
//!              header complete                      header complete
//!   Header ───────────────────► Payload (data)   Header ──────────► Control
//!     ▲  │                         │                ▲                  │
//!     │  └─ whole frame in input ──┤                └── payload there ─┘
//!     └──── payload complete ──────┘
//!   any of them ── close frame, or a rule broken ──► Ended (input is ignored)
//! ```
//!
//! What to call after what:
//!
//! 1. [`Connection::handle_input`] with the bytes of one read, again and again until it answers `None`: then the input
//!    is used up. Each event borrows from the input; nothing is queued.
//! 2. After `None`, [`Connection::poll_fill`] may ask for the rest of a large frame to be read straight into the
//!    message's own buffer; [`Connection::handle_fill`] takes that buffer back. In between, no other input is handled.
//! 3. On [`Event::Close`], answer with [`Connection::send_close`] and, as a server, end the stream.
//! 4. On an error, [`Connection::send_failure`] writes the close frame that tells the peer why; then end the stream.
//!
//! The `send_*` methods append frames to a buffer of the caller's at any time.

#[cfg(feature = "deflate")]
mod compressed;
mod input;
mod receiving;
mod sending;
mod small;
#[cfg(not(feature = "deflate"))]
mod uncompressed;

pub use input::Input;

use super::close::CloseFrame;
use super::error::ProtocolError;
use super::frame::FrameHeader;
use super::mask::apply_mask;
use super::message::{Payload, Received};
use super::opcode::Opcode;
use super::utf8::Utf8Validator;
use crate::limits::HEADER_SIZE_MAX;

/// Which side this endpoint is; it decides who masks (RFC 6455 section 5.1).
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a connection has two sides")]
pub enum Role {
    /// Expects masked frames and sends unmasked ones.
    Server,
    /// Expects unmasked frames and sends masked ones.
    Client {
        /// Gives a fresh key for each frame; RFC 6455 section 10.3 wants them unpredictable.
        mask_key: fn() -> [u8; 4],
    },
}

/// What the peer did.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'b> {
    /// A message is complete.
    Message(Received<'b>),
    /// A ping; answer with [`Connection::send_pong`] and the same payload.
    Ping(Payload<'b>),
    /// A pong, asked for or not.
    Pong(Payload<'b>),
    /// A close frame; `None` is one without a code. Nothing follows it.
    Close(Option<CloseFrame<'b>>),
}

/// The protocol state of one connection. It owns no buffer while no message is under way.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    message_size_max: u32,
    receiving: Receiving,
    /// RFC 6455 section 7.1.2: with the peer's, which ends `receiving`, the closing handshake is complete.
    has_sent_close: bool,
    /// What the message under way is, if there is one: it may span many frames, with control frames between them.
    message: Option<Content>,
    /// What has arrived of the message under way, unmasked, then of the control frame under way.
    assembled: Vec<u8>,
    /// There is one where permessage-deflate was agreed on.
    #[cfg(feature = "deflate")]
    deflate: Option<Box<crate::protocol::deflate::Context>>,
}

// A server has one for each peer, most of them idle: one line of the processor's cache.
const _: () = assert!(size_of::<Connection>() <= 64);

/// What the next bytes of input are.
#[derive(Clone, Copy, Debug)]
enum Receiving {
    /// A frame header, of which these bytes are there: all of it but the last one at most.
    Header { bytes: [u8; HEADER_SIZE_MAX - 1], size: u8 },
    /// The rest of a data frame.
    Payload(Frame),
    /// The rest of a control frame.
    Control(Opcode, Frame),
    /// Nothing: a close frame came, or the peer broke a rule.
    Ended,
}

impl Receiving {
    const HEADER: Self = Self::Header { bytes: [0; HEADER_SIZE_MAX - 1], size: 0 };
}

/// A frame whose payload is arriving.
#[derive(Clone, Copy, Debug)]
struct Frame {
    is_final: bool,
    /// Zeros where the frame is not masked.
    mask: [u8; 4],
    /// Bytes that have arrived, modulo 256: the masking key turns with them, and a control frame has fewer.
    received: u8,
    /// Bytes that have not, as [`Frame::missing`] reads them: a `u32` would make every connection larger by its alignment.
    missing: [u8; 4],
}

impl Frame {
    /// A frame of which nothing has arrived. `size` is within the bounds of a message, which are those of a `u32`.
    #[inline]
    const fn new(header: &FrameHeader, size: usize) -> Self {
        let mask = match header.mask {
            Some(mask) => mask,
            None => [0; 4],
        };
        let missing = (size as u32).to_ne_bytes();
        Self { is_final: header.is_final, mask, received: 0, missing }
    }

    #[inline]
    const fn missing(&self) -> usize {
        u32::from_ne_bytes(self.missing) as usize
    }

    #[inline]
    fn handle(&mut self, bytes: &mut [u8]) {
        if self.mask != [0; 4] {
            apply_mask(bytes, self.mask, usize::from(self.received));
        }
        self.received = self.received.wrapping_add(bytes.len() as u8);
        self.missing = ((self.missing() - bytes.len()) as u32).to_ne_bytes();
    }
}

/// What the fragments of a message are.
#[derive(Clone, Copy, Debug)]
enum Content {
    Binary,
    Text {
        validator: Utf8Validator,
        /// Whether its buffer has been out for a fill.
        was_filled: bool,
    },
    /// Judged when all of it is there and inflated.
    Compressed {
        is_text: bool,
    },
}

impl Content {
    fn new(header: &FrameHeader) -> Self {
        let is_text = header.opcode == Opcode::Text;
        match (header.is_compressed, is_text) {
            (true, is_text) => Self::Compressed { is_text },
            (false, true) => Self::Text { validator: Utf8Validator::default(), was_filled: false },
            (false, false) => Self::Binary,
        }
    }

    const fn is_compressed(&self) -> bool {
        matches!(self, Self::Compressed { .. })
    }

    fn handle(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        match self {
            // RFC 6455 8.1: text that is not UTF-8 fails the connection; here with its first bad byte.
            Self::Text { validator, .. } => validator.validate(bytes),
            Self::Binary | Self::Compressed { .. } => Ok(()),
        }
    }

    fn finish(&self, assembled: &[u8]) -> Result<(), ProtocolError> {
        let Self::Text { validator, was_filled } = self else {
            return Ok(());
        };
        validator.finish()?;
        // Whoever fills a buffer could have written to what was validated before, or given back another one, and
        // `Received` relies on each byte. Only text of at least `FILL_SIZE_MIN` bytes pays for this second look.
        if *was_filled {
            let mut again = Utf8Validator::default();
            let valid = again.validate(assembled).and_then(|()| again.finish());
            valid.expect("a filled buffer comes back as it was, with more bytes at its end");
        }
        Ok(())
    }
}

impl Connection {
    /// A connection whose opening handshake is done. Messages over `message_size_max` bytes fail with 1009; so do those over
    /// 4 GiB.
    #[must_use]
    pub const fn new(role: Role, message_size_max: usize) -> Self {
        Self {
            role,
            message_size_max: if message_size_max < u32::MAX as usize {
                message_size_max as u32
            } else {
                u32::MAX
            },
            receiving: Receiving::HEADER,
            has_sent_close: false,
            message: None,
            assembled: Vec::new(),
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// Whether this side is the client, which masks what it sends.
    #[must_use]
    pub const fn is_client(&self) -> bool {
        matches!(self.role, Role::Client { .. })
    }

    /// Whether nothing is left to exchange: both close frames have passed, or one did and the peer broke a rule.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.has_sent_close && matches!(self.receiving, Receiving::Ended)
    }

    /// Whether a close frame was sent: nothing can be sent any more.
    #[must_use]
    pub const fn has_sent_close(&self) -> bool {
        self.has_sent_close
    }

    /// Bytes of memory that it has set aside for a message under way, but for a buffer that is out for a fill: at most what
    /// a message may have, and a control frame's 125 if one arrives in pieces between its fragments.
    #[must_use]
    pub const fn assembled_capacity(&self) -> usize {
        self.assembled.capacity()
    }

    /// Whether a frame or a message has begun and not ended.
    #[must_use]
    pub const fn is_receiving(&self) -> bool {
        match self.receiving {
            Receiving::Header { size, .. } => size > 0 || self.message.is_some(),
            Receiving::Payload(_) | Receiving::Control(..) => true,
            Receiving::Ended => false,
        }
    }
}
