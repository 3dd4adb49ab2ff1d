//! Frame opcodes, RFC 6455 section 5.2.

use super::error::ProtocolError;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 6455 defines these six and no others")]
pub enum Opcode {
    /// Another fragment of the message before it.
    Continuation,
    /// A text message, or its first fragment.
    Text,
    /// A binary message, or its first fragment.
    Binary,
    /// The closing handshake.
    Close,
    /// A question that a pong answers.
    Ping,
    /// The answer to a ping, or a heart-beat nobody asked for.
    Pong,
}

impl Opcode {
    /// Whether this is a close, ping or pong frame (RFC 6455 section 5.5).
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    /// The four bits on the wire.
    #[must_use]
    pub const fn to_bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    /// The opcode with these four bits.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::ReservedOpcode`] for the ten that RFC 6455 reserves.
    pub const fn from_bits(bits: u8) -> Result<Self, ProtocolError> {
        match bits {
            0x0 => Ok(Self::Continuation),
            0x1 => Ok(Self::Text),
            0x2 => Ok(Self::Binary),
            0x8 => Ok(Self::Close),
            0x9 => Ok(Self::Ping),
            0xA => Ok(Self::Pong),
            _ => Err(ProtocolError::ReservedOpcode),
        }
    }
}
