//! The short way of a small message.

use super::{Connection, Receiving};
use crate::limits::SMALL_PAYLOAD_SIZE_MAX;
use crate::protocol::error::ProtocolError;
use crate::protocol::frame::{FINAL, MASKED};
use crate::protocol::mask::apply_mask;
#[cfg(feature = "net")]
use crate::protocol::message::{Message, Received};
use crate::protocol::opcode::Opcode;

impl Connection {
    /// The next message, if it comes by the short way. `None`: ask [`Connection::handle_input`], which would do the same, but
    /// has all that can happen in its answer, and so costs a small message twice as much.
    ///
    /// # Errors
    ///
    /// As [`Connection::handle_input`].
    #[cfg(feature = "net")]
    #[inline(always)]
    pub(crate) fn next_small_message<'b>(
        &mut self,
        bytes: &mut &'b mut [u8],
    ) -> Option<Result<Message<'b>, ProtocolError>> {
        let (opcode, payload) = self.next_small(bytes)?;
        let message = is_sound_text(opcode, payload)
            .map(|is_text| Received::message(is_text, payload))
            .inspect_err(|_| self.end());
        Some(message)
    }

    /// Unmasks and takes a small message that is there whole, in one frame, not compressed: nearly all that a server gets.
    /// Anything else is left as it is, to [`Connection::next_event`], which knows all the rules and would do the same here.
    #[inline(always)]
    pub(super) fn next_small<'b>(
        &self,
        bytes: &mut &'b mut [u8],
    ) -> Option<(Opcode, &'b mut [u8])> {
        let [first, second, key @ ..] = bytes.first_chunk::<SMALL_HEADER_SIZE>()?;
        let opcode = match *first {
            TEXT_WHOLE => Opcode::Text,
            BINARY_WHOLE => Opcode::Binary,
            _ => return None,
        };
        let size = usize::from(second.wrapping_sub(MASKED));
        let is_between_messages =
            matches!(self.receiving, Receiving::Header { size: 0, .. }) && self.message.is_none();
        if size > SMALL_PAYLOAD_SIZE_MAX
            || bytes.len() < SMALL_HEADER_SIZE + size
            || !is_between_messages
            || self.is_client()
            || size > self.message_size_max as usize
        {
            return None;
        }
        let key = *key;
        let frame = bytes.split_off_mut(..SMALL_HEADER_SIZE + size)?;
        let payload = &mut frame[SMALL_HEADER_SIZE..];
        apply_mask(payload, key, 0);
        Some((opcode, payload))
    }
}

/// Whether a whole message is text, which is UTF-8 then (RFC 6455 section 8.1).
#[inline]
pub(super) fn is_sound_text(opcode: Opcode, payload: &[u8]) -> Result<bool, ProtocolError> {
    let is_text = opcode == Opcode::Text;
    match is_text && std::str::from_utf8(payload).is_err() {
        true => Err(ProtocolError::Utf8Invalid),
        false => Ok(is_text),
    }
}

/// The first byte of a message's only frame that is not compressed.
const TEXT_WHOLE: u8 = FINAL | Opcode::Text.to_bits();
const BINARY_WHOLE: u8 = FINAL | Opcode::Binary.to_bits();
const SMALL_HEADER_SIZE: usize = 2 + 4;
