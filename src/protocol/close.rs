//! Close codes and the payload of a close frame, RFC 6455 sections 5.5.1 and 7.4.

use super::error::{ProtocolError, SendError};
use crate::limits::CONTROL_PAYLOAD_SIZE_MAX;
use std::borrow::Cow;

/// Why a connection closes, as a number (RFC 6455 section 7.4 and the IANA registry it opens).
///
/// ```text
///    0- 999  never used                         1015       a TLS failure; never on the wire
/// 1000-1003  defined by RFC 6455           1016-2999  reserved for future standards
/// 1004       reserved                      3000-3999  registered with IANA by libraries
/// 1005, 1006 never on the wire             4000-4999  private to an application
/// 1007-1014  defined by RFC 6455 and IANA  5000-      not valid
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server goes down, or the browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that this endpoint does not take, such as binary.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: the close frame had no code. Never on the wire.
    pub const NO_STATUS: Self = Self(1005);
    /// 1006: the connection ended without a close frame. Never on the wire.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: the peer went against a policy of this endpoint.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message that is too big to be processed.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the client expected an extension that the server did not negotiate.
    pub const EXTENSION_REQUIRED: Self = Self(1010);
    /// 1011: the server met a condition that it did not expect.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the server restarts; come back.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the server cannot serve this connection now; come back later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway got an invalid answer from upstream.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// The code with this number; whether it may be sent is [`CloseCode::is_sendable`].
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Whether a close frame may carry this code (RFC 6455 section 7.4).
    #[must_use]
    pub const fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

/// What a close frame says: a code and a short text for people. RFC 6455 section 5.5.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "RFC 6455 fixes the fields")]
pub struct CloseFrame<'a> {
    /// Why.
    pub code: CloseCode,
    /// For logs and people; at most [`CLOSE_REASON_SIZE_MAX`] bytes.
    pub reason: Cow<'a, str>,
}

impl<'a> CloseFrame<'a> {
    /// A code and its text.
    pub fn new(code: CloseCode, reason: impl Into<Cow<'a, str>>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// Reads the payload of a close frame; `None` is one without a code.
    ///
    /// # Errors
    ///
    /// A payload of one byte, a code that must not be sent, a reason that is not UTF-8.
    pub fn decode(payload: &'a [u8]) -> Result<Option<Self>, ProtocolError> {
        if payload.is_empty() {
            return Ok(None);
        }
        // RFC 6455 5.5.1: "the first two bytes of the body MUST be a 2-byte unsigned integer".
        let Some((number, reason)) = payload.split_first_chunk() else {
            return Err(ProtocolError::CloseCodeTruncated);
        };
        let code = CloseCode::new(u16::from_be_bytes(*number));
        if !code.is_sendable() {
            return Err(ProtocolError::CloseCodeInvalid);
        }
        let reason = std::str::from_utf8(reason).map_err(|_| ProtocolError::Utf8Invalid)?;
        Ok(Some(Self { code, reason: Cow::Borrowed(reason) }))
    }

    /// The same frame with a reason of its own.
    #[must_use]
    pub fn into_owned(self) -> CloseFrame<'static> {
        CloseFrame { code: self.code, reason: Cow::Owned(self.reason.into_owned()) }
    }

    /// Appends the payload to `output`. A reason that is too long is cut at a character.
    ///
    /// # Errors
    ///
    /// [`SendError::CloseCodeInvalid`] when the code must not be sent.
    pub fn encode(&self, output: &mut Vec<u8>) -> Result<(), SendError> {
        if !self.code.is_sendable() {
            return Err(SendError::CloseCodeInvalid);
        }
        let cut = self.reason.floor_char_boundary(CLOSE_REASON_SIZE_MAX);
        output.extend_from_slice(&self.code.number().to_be_bytes());
        output.extend_from_slice(&self.reason.as_bytes()[..cut]);
        Ok(())
    }
}

/// Bytes of reason that fit beside the code.
pub const CLOSE_REASON_SIZE_MAX: usize = CONTROL_PAYLOAD_SIZE_MAX - 2;
