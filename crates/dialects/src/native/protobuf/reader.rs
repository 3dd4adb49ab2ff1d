//! Protocol Buffers as they are read: the wire format of proto3, with what is not known refused instead of ignored.
//!
//! A frame is a `ClientFrame`, whose one field is repeated: each is a command.

use super::wire;
use crate::native::reader::{Fault, Key, Reader};
use crate::native::schema::Schema;
use crate::native::text::{json_text, utf8};
use std::borrow::Cow;

/// A place in a frame.
#[derive(Clone, Debug)]
pub(in crate::native) struct ProtobufReader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the current message ends.
    end: usize,
    /// How the current field is written.
    wire_type: u8,
}

/// In a message: where the one ends that it is in.
#[derive(Debug)]
pub(in crate::native) struct Outer {
    end: usize,
}

impl<'a> ProtobufReader<'a> {
    pub(in crate::native) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, end: bytes.len(), wire_type: wire::SIZED }
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.bytes[..self.end].get(self.at) else {
                return Err(truncated());
            };
            self.at += 1;
            number |= u64::from(byte & 0x7f) << shift;
            // The tenth byte has one bit that counts.
            if shift == 63 && byte > 1 {
                break;
            }
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Fault::new("expected a varint of at most 64 bits"))
    }

    /// A size, and that so much is there.
    fn size(&mut self) -> Result<usize, Fault> {
        if self.wire_type != wire::SIZED {
            return Err(Fault::new("expected a field with a length"));
        }
        let size = self.varint()?;
        match usize::try_from(size) {
            Ok(size) if size <= self.end - self.at => Ok(size),
            _ => Err(truncated()),
        }
    }

    fn sized(&mut self) -> Result<&'a [u8], Fault> {
        let size = self.size()?;
        let start = self.at;
        self.at += size;
        Ok(&self.bytes[start..self.at])
    }

    /// The number of the next field.
    fn tag(&mut self) -> Result<u32, Fault> {
        let tag = self.varint()?;
        self.wire_type = (tag & 7) as u8;
        match u32::try_from(tag >> 3) {
            Ok(number @ 1..=wire::FIELD_NUMBER_MAX) => Ok(number),
            _ => Err(Fault::new("expected a field number from 1 to 2^29 - 1")),
        }
    }
}

fn truncated() -> Fault {
    Fault::new("expected more bytes: a field goes on behind the end of its message")
}

impl<'a> Reader<'a> for ProtobufReader<'a> {
    type Map = Outer;
    const OMITS_ZEROS: bool = true;
    const BINARY_NAME: &'static str = "data_binary";

    fn has_more(&mut self) -> Result<bool, Fault> {
        // What was refused may have been left anywhere inside its message; the frame goes on behind it.
        if self.at == self.end {
            return Ok(false);
        }
        match self.tag()? {
            wire::FRAME_ELEMENT => Ok(true),
            _ => Err(Fault::new("expected a ClientFrame, which has field 1 only")),
        }
    }

    fn enter(&mut self) -> Result<Outer, Fault> {
        let size = self.size()?;
        let outer = Outer { end: self.end };
        self.end = self.at + size;
        Ok(outer)
    }

    fn key(&mut self, outer: &mut Outer, schema: &Schema) -> Result<Option<Key>, Fault> {
        if self.at == self.end {
            self.end = outer.end;
            return Ok(None);
        }
        let number = self.tag()?;
        Ok(Some(match schema.numbered(number) {
            Some(_) => Key::Known(number),
            None => Key::Unknown(format!("field {number}")),
        }))
    }

    fn text(&mut self) -> Result<Cow<'a, str>, Fault> {
        utf8(self.sized()?).map(Cow::Borrowed)
    }

    fn number(&mut self) -> Result<u64, Fault> {
        match self.wire_type {
            wire::VARINT => self.varint(),
            _ => Err(Fault::new("expected a varint")),
        }
    }

    fn flag(&mut self) -> Result<bool, Fault> {
        match self.number()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Fault::new("expected true or false")),
        }
    }

    fn json(&mut self) -> Result<&'a str, Fault> {
        json_text(utf8(self.sized()?)?)
    }

    fn binary(&mut self) -> Result<Cow<'a, [u8]>, Fault> {
        self.sized().map(Cow::Borrowed)
    }

    fn texts(&mut self, all: &mut Vec<Cow<'a, str>>, max: usize) -> Result<(), Fault> {
        all.push(self.text()?);
        match all.len() > max {
            true => Err(Fault::new(format!("expected at most {max} elements"))),
            false => Ok(()),
        }
    }

    fn pairs<T: Default>(
        &mut self,
        all: &mut Vec<(Cow<'a, str>, T)>,
        max: usize,
        value: fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<(), Fault> {
        let mut entry = self.enter()?;
        let (mut name, mut found) = (Cow::Borrowed(""), None);
        while let Some(key) = self.key(&mut entry, &wire::ENTRY)? {
            match key {
                Key::Known(wire::ENTRY_NAME) => name = self.text()?,
                Key::Known(_) => found = Some(value(self)?),
                Key::Unknown(_) => return Err(Fault::new("expected a name and a value in a map")),
            }
        }
        all.push((name, found.unwrap_or_default()));
        match all.len() > max {
            true => Err(Fault::new(format!("expected at most {max} members"))),
            false => Ok(()),
        }
    }

    fn skip(&mut self) -> Result<(), Fault> {
        match self.wire_type {
            wire::VARINT => self.varint().map(|_| ()),
            wire::SIZED => self.sized().map(|_| ()),
            wire::FIXED_64 if self.end - self.at >= 8 => {
                self.at += 8;
                Ok(())
            }
            wire::FIXED_32 if self.end - self.at >= 4 => {
                self.at += 4;
                Ok(())
            }
            _ => Err(Fault::new("expected a field of a known wire type that is whole")),
        }
    }
}
