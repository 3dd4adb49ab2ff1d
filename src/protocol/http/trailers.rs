//! The lines after the last chunk, RFC 9112 section 7.1.2. They are checked as headers are, and discarded: nobody asked for
//! them, and what they would add to the head is too late to be trusted.

use super::head::{HeadError, check_byte};
use super::{BodyError, is_token};
use crate::limits::{HEADERS_MAX, TRAILERS_SIZE_MAX};

#[derive(Clone, Debug, Default)]
pub(super) struct Trailers {
    size: usize,
    lines: usize,
    place: Place,
    /// The byte before, on the same line.
    previous: Option<u8>,
}

/// Where on a line the next byte is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// In the name, or at its beginning, where the empty line may come instead.
    #[default]
    Name,
    /// Behind the colon.
    Value,
    /// In the line end of the empty line.
    End,
}

impl Trailers {
    /// Whether the trailers, which may be none, end with this byte.
    pub(super) fn handle_byte(&mut self, byte: u8) -> Result<bool, BodyError> {
        self.size += 1;
        if self.size > TRAILERS_SIZE_MAX {
            return Err(BodyError::TrailersTooBig);
        }
        check_byte(self.previous, byte).map_err(|error| match error {
            HeadError::LineEndInvalid => BodyError::LineEndInvalid,
            _ => BodyError::TrailerInvalid,
        })?;
        match (self.place, byte) {
            (Place::End, _) => return Ok(true),
            (Place::Value, b'\n') => return self.end_line(),
            (Place::Value, _) => {}
            (Place::Name, b'\r') if self.previous.is_none() => self.place = Place::End,
            (Place::Name, b':') if self.previous.is_some() => self.place = Place::Value,
            (Place::Name, _) if is_token(byte) => {}
            (Place::Name, _) => return Err(BodyError::TrailerInvalid),
        }
        self.previous = Some(byte);
        Ok(false)
    }

    fn end_line(&mut self) -> Result<bool, BodyError> {
        self.lines += 1;
        if self.lines > HEADERS_MAX {
            return Err(BodyError::TrailersTooBig);
        }
        self.previous = None;
        self.place = Place::Name;
        Ok(false)
    }
}
