//! Who is at fault: [`ProtocolError`] is the peer, [`SendError`] our caller.

use super::close::CloseCode;
use std::fmt;

/// A rule of RFC 6455, or of RFC 7692, that the peer broke. The connection fails with [`ProtocolError::close_code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A close frame whose payload is one byte long (section 5.5.1).
    CloseCodeTruncated,
    /// A close frame with a code that must not be sent (section 7.4).
    CloseCodeInvalid,
    /// A continuation frame while no message is under way (section 5.4).
    ContinuationUnexpected,
    /// A control frame in fragments (section 5.5).
    ControlFrameFragmented,
    /// A control frame with more than 125 bytes (section 5.5).
    ControlFrameTooBig,
    /// A new data frame while a fragmented message is under way (section 5.4).
    ContinuationExpected,
    /// A length that is not in its shortest form, or has its top bit set (section 5.2).
    LengthInvalid,
    /// A compressed message that is none, or is cut off (RFC 7692 section 7.2.2).
    CompressionInvalid,
    /// A masked frame from a server (section 5.1).
    MaskUnexpected,
    /// An unmasked frame from a client (section 5.1).
    MaskMissing,
    /// A message over the size that this endpoint accepts (section 10.4).
    MessageTooBig,
    /// A reserved bit that no extension gave a meaning (section 5.2).
    ReservedBitSet,
    /// A reserved opcode (section 5.2).
    ReservedOpcode,
    /// Text, or a close reason, that is not UTF-8 (section 8.1).
    Utf8Invalid,
}

impl ProtocolError {
    /// The one place that maps a peer's fault to the close code it gets (section 7.4.1).
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::MessageTooBig => CloseCode::MESSAGE_TOO_BIG,
            Self::Utf8Invalid | Self::CompressionInvalid => CloseCode::INVALID_PAYLOAD,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }

    /// A sentence that says what was expected; it fits into a close frame.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::CloseCodeTruncated => "a close frame is empty or starts with a two-byte code",
            Self::CloseCodeInvalid => "this close code must not be sent",
            Self::ContinuationUnexpected => "continuation without a message to continue",
            Self::ControlFrameFragmented => "control frames must not be fragmented",
            Self::ControlFrameTooBig => "control frames carry at most 125 bytes",
            Self::ContinuationExpected => "expected a continuation of the message under way",
            Self::LengthInvalid => "payload length must use its shortest form and be below 2^63",
            Self::CompressionInvalid => "the compressed message is not valid DEFLATE",
            Self::MaskUnexpected => "frames from a server must not be masked",
            Self::MaskMissing => "frames from a client must be masked",
            Self::MessageTooBig => "message is larger than this endpoint accepts",
            Self::ReservedBitSet => "reserved bit set without an extension",
            Self::ReservedOpcode => "reserved opcode",
            Self::Utf8Invalid => "text must be UTF-8",
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for ProtocolError {}

/// A call that cannot be carried out in the connection's present state. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// A close frame was sent already; nothing may follow it (RFC 6455 section 5.5.1).
    Closing,
    /// The close code is one that must not be sent (RFC 6455 section 7.4).
    CloseCodeInvalid,
    /// The payload of a control frame is over 125 bytes (RFC 6455 section 5.5).
    ControlPayloadTooBig,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closing => "the connection is closing: nothing may follow its close frame",
            Self::CloseCodeInvalid => "close codes to send are 1000-1003, 1007-1014 and 3000-4999",
            Self::ControlPayloadTooBig => "the payload of a control frame is at most 125 bytes",
        })
    }
}

impl std::error::Error for SendError {}
