//! Messages that are encoded once and sent to many.

use super::message::{Message, encode_frame};
use super::opcode::Opcode;
use std::sync::Arc;

/// A message as the frame that servers send, encoded once; cloning it shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    frame: Arc<[u8]>,
    is_compressible: bool,
}

impl Prepared {
    /// Encodes `message`.
    #[must_use]
    pub fn new<'a>(message: impl Into<Message<'a>>) -> Self {
        let message = message.into();
        let mut frame = Vec::new();
        encode_frame(message.opcode(), message.as_bytes(), &mut frame);
        Self { frame: frame.into(), is_compressible: true }
    }

    /// The same message, to be compressed for nobody: because it is already, or because it has a secret beside what an
    /// attacker can choose.
    #[must_use]
    pub fn uncompressed(mut self) -> Self {
        self.is_compressible = false;
        self
    }

    /// Whether it may be compressed for those who take it so.
    #[must_use]
    pub const fn is_compressible(&self) -> bool {
        self.is_compressible
    }

    /// The whole frame: header and payload.
    #[must_use]
    pub fn as_frame(&self) -> &[u8] {
        &self.frame
    }

    /// The payload alone: for receivers that take no frames.
    #[must_use]
    pub fn as_payload(&self) -> &[u8] {
        // It was encoded here, without a mask: the second byte says how long the header is (RFC 6455 section 5.2).
        let header_size = match self.frame[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        &self.frame[header_size..]
    }

    /// The message that was encoded.
    #[must_use]
    pub fn as_message(&self) -> Message<'_> {
        let payload = self.as_payload();
        if self.frame[0] & 0x0F == Opcode::Text.to_bits() {
            Message::Text(str::from_utf8(payload).expect("it was text when it was encoded"))
        } else {
            Message::Binary(payload)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_follows_a_header_of_any_size() {
        for size in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload = vec![b'x'; size];
            let prepared = Prepared::new(payload.as_slice());
            assert!(prepared.as_payload() == payload, "{size}");
            assert_eq!(prepared.as_message(), Message::Binary(&payload));
        }
        assert_eq!(Prepared::new("text").as_message(), Message::Text("text"));
    }
}
