//! UTF-8 that arrives in pieces, RFC 6455 section 8.1.

use super::error::ProtocolError;

/// Validates a text piece by piece and fails with its first bad byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8Validator {
    /// The beginning of a character whose end has not arrived.
    carried: [u8; 3],
    carried_size: u8,
}

impl Utf8Validator {
    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Utf8Invalid`] when no text continues like this.
    pub fn validate(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        let mut text = self.carried[..usize::from(self.carried_size)].to_vec();
        text.extend_from_slice(bytes);
        self.carried_size = 0;
        match std::str::from_utf8(&text) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_none() => {
                let rest = &text[error.valid_up_to()..];
                self.carried[..rest.len()].copy_from_slice(rest);
                self.carried_size = rest.len() as u8;
                Ok(())
            }
            Err(_) => Err(ProtocolError::Utf8Invalid),
        }
    }

    /// Checks that the text may end here.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Utf8Invalid`] inside a character.
    pub fn finish(&self) -> Result<(), ProtocolError> {
        if self.carried_size == 0 {
            Ok(())
        } else {
            Err(ProtocolError::Utf8Invalid)
        }
    }
}
