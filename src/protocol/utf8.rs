//! UTF-8 that arrives in pieces, RFC 6455 sections 5.6 and 8.1.
//!
//! The standard library judges all bytes. What is added here is what joins two pieces: the bytes of a character whose
//! end has not arrived, three at most.
//!
//! ```text
//!  piece 1: "price: \xE2\x82"     piece 2: "\xAC 5"
//!            └ valid ┘└ carried ─────────────┴ one character
//! ```

#[cfg(test)]
mod tests;

use super::error::ProtocolError;
use std::str::from_utf8;

/// Validates a text piece by piece, and fails with the first byte that no valid text has in this place.
///
/// A validator is for one text: begin the next with [`Utf8Validator::default`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utf8Validator {
    /// The beginning of a character whose end has not arrived, then zeros, which are in none.
    carried: [u8; CARRIED_SIZE_MAX],
}

impl Utf8Validator {
    /// Takes the next piece of the text.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Utf8Invalid`] when `bytes` has a byte that cannot continue the text, be it inside a character
    /// that is not complete. The text is lost then: do not continue it.
    #[inline]
    pub fn validate(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        let bytes = if self.is_complete() { bytes } else { self.complete_character(bytes)? };
        match from_utf8(bytes) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_none() => {
                self.carry(&bytes[error.valid_up_to()..]);
                Ok(())
            }
            Err(_) => Err(ProtocolError::Utf8Invalid),
        }
    }

    /// Whether the text may end here: not inside a character.
    #[inline]
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.carried[0] == 0
    }

    /// Ends the text.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Utf8Invalid`] when it ends inside a character.
    #[inline]
    pub const fn finish(&self) -> Result<(), ProtocolError> {
        if self.is_complete() { Ok(()) } else { Err(ProtocolError::Utf8Invalid) }
    }

    /// Adds `bytes` to the carried beginning of a character, and returns what follows that character.
    fn complete_character<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], ProtocolError> {
        let carried_size = self.carried.iter().take_while(|byte| **byte != 0).count();
        let added_size = bytes.len().min(CHARACTER_SIZE_MAX - carried_size);
        let mut joined = [0; CHARACTER_SIZE_MAX];
        joined[..carried_size].copy_from_slice(&self.carried[..carried_size]);
        joined[carried_size..][..added_size].copy_from_slice(&bytes[..added_size]);
        let joined = &joined[..carried_size + added_size];

        let valid_size = match from_utf8(joined) {
            Ok(text) => text.len(),
            Err(error) if error.valid_up_to() == 0 && error.error_len().is_some() => {
                return Err(ProtocolError::Utf8Invalid);
            }
            Err(error) => error.valid_up_to(),
        };
        if valid_size == 0 {
            self.carry(joined);
            return Ok(&[]);
        }
        // The character is complete. What follows it is left to the caller, even where it was joined and looked at.
        self.carried = [0; CARRIED_SIZE_MAX];
        Ok(&bytes[valid_size - carried_size..])
    }

    fn carry(&mut self, beginning: &[u8]) {
        self.carried = [0; CARRIED_SIZE_MAX];
        self.carried[..beginning.len()].copy_from_slice(beginning);
    }
}

/// Bytes of the longest character (RFC 3629 section 3).
const CHARACTER_SIZE_MAX: usize = 4;
const CARRIED_SIZE_MAX: usize = CHARACTER_SIZE_MAX - 1;

// It sits in every connection.
const _: () = assert!(size_of::<Utf8Validator>() <= CARRIED_SIZE_MAX);
