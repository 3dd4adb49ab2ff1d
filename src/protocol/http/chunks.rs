//! A body in chunks, read byte by byte between the data, RFC 9112 section 7.1.
//!
//! ```text
//!  ┌──────────────────────────────────────────────────────────────────────────┐
//!  ▼                                                                          │
//!  size ─┬─────────────────────────────────────┬─ CR LF ─┬─► data ─► CR LF ─►─┘
//!        └─► space ─► ; extension ⇄ "quoted" ──┘         └─► trailers ─► CR LF, when the size is 0
//! ```
//!
//! Extensions mean nothing to us and are read over. But nobody may hide in them: where readers are known to disagree about
//! the end of such a line (LF alone, CR alone, a line end between quotes), this one refuses.

use super::body::take_data;
use super::trailers::Trailers;
use super::{BodyError, BodyPart, is_token};
use crate::limits::{CHUNK_LINE_SIZE_MAX, CHUNK_SURPLUS_MAX};

#[derive(Clone, Debug)]
pub(super) struct Chunks {
    awaits: Awaits,
    /// The data that chunks may still announce.
    allowed: u64,
    /// The size of the chunk as far as it was read, then what is missing of its data.
    missing: u64,
    /// Bytes of the line before the chunk so far.
    line_size: usize,
    /// What all lines may still contain besides sizes; each byte of data adds one.
    surplus_allowed: u64,
}

/// What may come next.
#[derive(Clone, Debug)]
enum Awaits {
    /// The first digit of a size.
    Size,
    /// A further one, or what follows the size.
    SizeRest,
    /// A semicolon, after space.
    Semicolon,
    Extension,
    Quoted,
    /// Any byte after a backslash between quotes.
    Escaped,
    /// The LF of the line before a chunk.
    LineEnd,
    Data,
    /// The CR and LF after data.
    DataEnd,
    DataEndLf,
    Trailers(Trailers),
}

impl Chunks {
    pub(super) const fn new(bytes_max: u64) -> Self {
        Self {
            awaits: Awaits::Size,
            allowed: bytes_max,
            missing: 0,
            line_size: 0,
            surplus_allowed: CHUNK_SURPLUS_MAX,
        }
    }

    pub(super) fn handle_input<'b>(
        &mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<BodyPart<'b>>, BodyError> {
        loop {
            if let Awaits::Data = self.awaits {
                let data = take_data(&mut self.missing, input);
                if self.missing == 0 {
                    self.awaits = Awaits::DataEnd;
                }
                return Ok(data.map(BodyPart::Data));
            }
            let Some((&byte, rest)) = input.split_first() else {
                return Ok(None);
            };
            *input = rest;
            if let Awaits::Trailers(trailers) = &mut self.awaits {
                if trailers.handle_byte(byte)? {
                    return Ok(Some(BodyPart::End));
                }
            } else {
                self.awaits = self.handle_byte(byte)?;
            }
        }
    }

    fn handle_byte(&mut self, byte: u8) -> Result<Awaits, BodyError> {
        match (&self.awaits, byte) {
            (Awaits::DataEnd, b'\r') => return Ok(Awaits::DataEndLf),
            (Awaits::DataEndLf, b'\n') => return Ok(Awaits::Size),
            (Awaits::DataEnd | Awaits::DataEndLf, _) => return Err(BodyError::ChunkEndInvalid),
            _ => {}
        }
        self.line_size += 1;
        if self.line_size > CHUNK_LINE_SIZE_MAX {
            return Err(BodyError::ChunkLineTooBig);
        }
        match (&self.awaits, byte) {
            (Awaits::Size | Awaits::SizeRest, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.handle_digit(byte)
            }
            (Awaits::Size, _) => Err(BodyError::ChunkSizeInvalid),
            (Awaits::LineEnd, b'\n') => Ok(self.end_line()),
            (Awaits::LineEnd, _) => Err(BodyError::LineEndInvalid),
            (Awaits::SizeRest | Awaits::Extension, b'\r') => Ok(Awaits::LineEnd),
            _ => {
                self.count_surplus()?;
                self.handle_extension(byte)
            }
        }
    }

    fn handle_digit(&mut self, digit: u8) -> Result<Awaits, BodyError> {
        if self.missing == 0 && self.line_size > 1 {
            self.count_surplus()?;
        }
        let digit = (digit as char).to_digit(16).map_or(0, u64::from);
        // RFC 9112 7.1: "recipients MUST anticipate potentially large hexadecimal numerals".
        let size = self.missing.checked_mul(16).map(|size| size | digit);
        match size {
            Some(size) if size <= self.allowed => self.missing = size,
            _ => return Err(BodyError::TooBig),
        }
        Ok(Awaits::SizeRest)
    }

    /// Reads over what is between the size and the line's end: RFC 9112 7.1.1, with space around it, which "a recipient MUST
    /// parse for" (RFC 9110 section 5.6.3).
    fn handle_extension(&self, byte: u8) -> Result<Awaits, BodyError> {
        match (&self.awaits, byte) {
            (_, b'\n') => Err(BodyError::LineEndInvalid),
            (Awaits::SizeRest | Awaits::Semicolon, b';') => Ok(Awaits::Extension),
            (Awaits::SizeRest | Awaits::Semicolon, b' ' | b'\t') => Ok(Awaits::Semicolon),
            (Awaits::SizeRest, _) => Err(BodyError::ChunkSizeInvalid),
            (Awaits::Extension, b'"') => Ok(Awaits::Quoted),
            (Awaits::Extension, b';' | b'=' | b' ' | b'\t') => Ok(Awaits::Extension),
            (Awaits::Extension, _) if is_token(byte) => Ok(Awaits::Extension),
            (Awaits::Quoted, b'"') => Ok(Awaits::Extension),
            (Awaits::Quoted, b'\\') => Ok(Awaits::Escaped),
            (Awaits::Quoted | Awaits::Escaped, b'\t') => Ok(Awaits::Quoted),
            (Awaits::Quoted | Awaits::Escaped, _) if !byte.is_ascii_control() => Ok(Awaits::Quoted),
            _ => Err(BodyError::ChunkExtensionInvalid),
        }
    }

    /// Counts a byte that says nothing. Many chunks of little data, each with a long line, would cost us far more than them.
    fn count_surplus(&mut self) -> Result<(), BodyError> {
        self.surplus_allowed =
            self.surplus_allowed.checked_sub(1).ok_or(BodyError::ChunkSurplusTooBig)?;
        Ok(())
    }

    fn end_line(&mut self) -> Awaits {
        self.line_size = 0;
        self.allowed -= self.missing;
        self.surplus_allowed = self.surplus_allowed.saturating_add(self.missing);
        match self.missing {
            0 => Awaits::Trailers(Trailers::default()),
            _ => Awaits::Data,
        }
    }
}
