//! What the three encodings have in common for who writes: maps with known fields.

use super::schema::Field;
use sockeye_hub::{Format, Payload};
use std::fmt::{self, Display, Write};

/// Writes one message, which is a map.
pub(super) trait Writer {
    fn text(&mut self, field: Field, text: &str);
    fn number(&mut self, field: Field, number: u64);
    fn flag(&mut self, field: Field, flag: bool);
    /// Bytes that are one JSON text, as they are.
    fn json(&mut self, field: Field, text: &[u8]);
    fn binary(&mut self, field: Field, bytes: &[u8]);
    fn map(&mut self, field: Field, write: impl FnOnce(&mut Self));
    fn maps<T>(&mut self, field: Field, items: &[T], write: impl Fn(&mut Self, &T));
    fn pairs<'p>(
        &mut self,
        field: Field,
        count: usize,
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
    );

    /// A short text of plain characters.
    fn shown(&mut self, field: Field, value: impl Display) {
        let mut text = ShortText { bytes: [0; SHORT_TEXT_SIZE_MAX], size: 0 };
        // Names, tokens and epochs are shorter by far.
        let written = write!(text, "{value}");
        debug_assert!(written.is_ok(), "a text longer than {SHORT_TEXT_SIZE_MAX} bytes");
        self.text(field, text.as_str());
    }

    /// The field says what the payload is.
    fn payload(&mut self, [json, binary]: [Field; 2], payload: Payload<'_>) {
        match payload.format {
            Format::Json => self.json(json, payload.bytes),
            Format::Binary => self.binary(binary, payload.bytes),
        }
    }
}

struct ShortText {
    bytes: [u8; SHORT_TEXT_SIZE_MAX],
    size: usize,
}

impl ShortText {
    fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..self.size]).unwrap_or_default()
    }
}

impl Write for ShortText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.size + text.len();
        let Some(place) = self.bytes.get_mut(self.size..end) else {
            return Err(fmt::Error);
        };
        place.copy_from_slice(text.as_bytes());
        self.size = end;
        Ok(())
    }
}

/// The longest is a resume token: 29 bytes of a session's name, 4 of a worker, 32 of the secret, 2 between them.
const SHORT_TEXT_SIZE_MAX: usize = 80;
