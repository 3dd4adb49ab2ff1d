//! MessagePack as it is read: the same maps as in JSON, with JSON texts as strings and bytes as bin.

use crate::native::reader::{Fault, Key, Reader};
use crate::native::schema::Schema;
use crate::native::text::{json_text, utf8};
use std::borrow::Cow;

/// What is left of a frame.
#[derive(Clone, Debug)]
pub(in crate::native) struct MsgpackReader<'a> {
    rest: &'a [u8],
}

/// In a map: so many fields follow.
#[derive(Debug)]
pub(in crate::native) struct Remaining(u32);

/// The head of a value: how many bytes or values follow that belong to it.
enum Head {
    /// It is whole.
    Nothing,
    Flag(bool),
    Number(u64),
    Text(u32),
    Binary(u32),
    /// Of no use here: so many bytes.
    Other(u32),
    List(u32),
    Map(u32),
}

impl<'a> MsgpackReader<'a> {
    pub(in crate::native) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, size: u32) -> Result<&'a [u8], Fault> {
        let Some((taken, rest)) = self.rest.split_at_checked(size as usize) else {
            return Err(Fault::new("expected more bytes: a value goes on behind the end"));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// A number of 1, 2, 4 or 8 bytes.
    fn unsigned(&mut self, size: u32) -> Result<u64, Fault> {
        let bytes = self.take(size)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn size(&mut self, size: u32) -> Result<u32, Fault> {
        self.unsigned(size).map(|size| size as u32)
    }

    fn head(&mut self) -> Result<Head, Fault> {
        let first = self.take(1)?[0];
        Ok(match first {
            0x00..=0x7f => Head::Number(u64::from(first)),
            0x80..=0x8f => Head::Map(u32::from(first & 0x0f)),
            0x90..=0x9f => Head::List(u32::from(first & 0x0f)),
            0xa0..=0xbf => Head::Text(u32::from(first & 0x1f)),
            0xc0 | 0xe0..=0xff => Head::Nothing,
            0xc1 => return Err(Fault::new("expected a value, not the byte c1")),
            0xc2 | 0xc3 => Head::Flag(first == 0xc3),
            0xc4..=0xc6 => Head::Binary(self.size(1 << (first - 0xc4))?),
            0xc7..=0xc9 => Head::Other(self.size(1 << (first - 0xc7))?.saturating_add(1)),
            0xca | 0xcb => Head::Other(4 << (first - 0xca)),
            0xcc..=0xcf => Head::Number(self.unsigned(1 << (first - 0xcc))?),
            0xd0..=0xd3 => signed(self.take(1 << (first - 0xd0))?),
            0xd4..=0xd8 => Head::Other(1 + (1 << (first - 0xd4))),
            0xd9..=0xdb => Head::Text(self.size(1 << (first - 0xd9))?),
            0xdc | 0xdd => Head::List(self.size(2 << (first - 0xdc))?),
            0xde | 0xdf => Head::Map(self.size(2 << (first - 0xde))?),
        })
    }

    fn map(&mut self) -> Result<u32, Fault> {
        match self.head()? {
            Head::Map(fields) => Ok(fields),
            _ => Err(Fault::new("expected a map")),
        }
    }

    fn string(&mut self) -> Result<&'a str, Fault> {
        match self.head()? {
            Head::Text(size) => utf8(self.take(size)?),
            _ => Err(Fault::new("expected a str")),
        }
    }
}

/// A number that may be negative: then it is none that means anything here.
fn signed(bytes: &[u8]) -> Head {
    match bytes[0] {
        0..0x80 => Head::Number(bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))),
        _ => Head::Nothing,
    }
}

impl<'a> Reader<'a> for MsgpackReader<'a> {
    type Map = Remaining;
    const OMITS_ZEROS: bool = false;
    const BINARY_NAME: &'static str = "data_binary";

    fn has_more(&mut self) -> Result<bool, Fault> {
        Ok(!self.rest.is_empty())
    }

    fn enter(&mut self) -> Result<Remaining, Fault> {
        self.map().map(Remaining)
    }

    fn key(&mut self, map: &mut Remaining, schema: &Schema) -> Result<Option<Key>, Fault> {
        let Some(left) = map.0.checked_sub(1) else {
            return Ok(None);
        };
        map.0 = left;
        let name = self.string()?;
        let known = schema.named(name);
        Ok(Some(known.map_or_else(|| Key::Unknown(name.to_owned()), Key::Known)))
    }

    fn text(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.string().map(Cow::Borrowed)
    }

    fn number(&mut self) -> Result<u64, Fault> {
        match self.head()? {
            Head::Number(number) => Ok(number),
            _ => Err(Fault::new("expected an integer from 0 to 2^64 - 1")),
        }
    }

    fn flag(&mut self) -> Result<bool, Fault> {
        match self.head()? {
            Head::Flag(flag) => Ok(flag),
            _ => Err(Fault::new("expected true or false")),
        }
    }

    fn json(&mut self) -> Result<&'a str, Fault> {
        json_text(self.string()?)
    }

    fn binary(&mut self) -> Result<Cow<'a, [u8]>, Fault> {
        match self.head()? {
            Head::Binary(size) => self.take(size).map(Cow::Borrowed),
            _ => Err(Fault::new("expected a bin")),
        }
    }

    fn texts(&mut self, all: &mut Vec<Cow<'a, str>>, max: usize) -> Result<(), Fault> {
        match self.head()? {
            Head::List(size) if size as usize <= max => {
                for _ in 0..size {
                    all.push(self.text()?);
                }
                Ok(())
            }
            _ => Err(Fault::new(format!("expected an array of at most {max} elements"))),
        }
    }

    fn pairs<T: Default>(
        &mut self,
        all: &mut Vec<(Cow<'a, str>, T)>,
        max: usize,
        value: fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<(), Fault> {
        let size = self.map()?;
        if size as usize > max {
            return Err(Fault::new(format!("expected a map of at most {max} members")));
        }
        for _ in 0..size {
            all.push((self.text()?, value(self)?));
        }
        Ok(())
    }

    fn skip(&mut self) -> Result<(), Fault> {
        // Not by recursion: who sends it chooses how deep it is. Each turn takes a byte, so it ends.
        let mut values = 1_u64;
        while values > 0 {
            values -= 1;
            match self.head()? {
                Head::Nothing | Head::Flag(_) | Head::Number(_) => {}
                Head::Text(size) | Head::Binary(size) | Head::Other(size) => {
                    self.take(size)?;
                }
                Head::List(size) => values += u64::from(size),
                Head::Map(size) => values += 2 * u64::from(size),
            }
        }
        Ok(())
    }
}
