//! JSON as it is read. serde_json judges every value; what is between them is judged here.

use crate::native::reader::{BINARY, Fault, Key, Reader};
use crate::native::schema::Schema;
use crate::native::text::shallow;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Deserializer;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A place in a text.
#[derive(Clone, Debug)]
pub(in crate::native) struct JsonReader<'a> {
    text: &'a str,
    at: usize,
}

/// In an object.
#[derive(Debug)]
pub(in crate::native) struct Object {
    is_empty: bool,
}

impl<'a> JsonReader<'a> {
    pub(in crate::native) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not white space, which is not taken.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(*byte),
            }
        }
        None
    }

    fn take(&mut self, expected: u8) -> Result<(), Fault> {
        match self.peek() {
            Some(byte) if byte == expected => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.expected(&format!("`{}`", char::from(expected)))),
        }
    }

    fn expected(&self, what: &str) -> Fault {
        Fault::new(format!("expected {what} at byte {}", self.at))
    }

    /// The value that was read last is not what it has to be.
    fn expected_before(&self, what: &str) -> Fault {
        Fault::new(format!("expected {what} before byte {}", self.at))
    }

    /// Any value, as it stands there.
    fn raw(&mut self) -> Result<&'a str, Fault> {
        let rest = &self.text[self.at..];
        let mut values = Deserializer::from_str(rest).into_iter::<&RawValue>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value.get())
            }
            Some(Err(error)) => {
                let lines = rest.split_inclusive('\n').take(error.line().saturating_sub(1));
                let before: usize = lines.map(str::len).sum();
                self.at += (before + error.column().saturating_sub(1)).min(rest.len());
                Err(self.expected("JSON"))
            }
            None => Err(self.expected("a JSON value")),
        }
    }

    /// Goes to the next element of a list or an object, or behind its end.
    fn has_element(&mut self, is_first: bool, end: u8) -> Result<bool, Fault> {
        if self.peek() == Some(end) {
            self.at += 1;
            return Ok(false);
        }
        if !is_first {
            self.take(b',')?;
        }
        Ok(true)
    }

    fn member(&mut self, is_first: bool) -> Result<Option<Cow<'a, str>>, Fault> {
        if !self.has_element(is_first, b'}')? {
            return Ok(None);
        }
        let name = self.text()?;
        self.take(b':')?;
        Ok(Some(name))
    }
}

impl<'a> Reader<'a> for JsonReader<'a> {
    type Map = Object;
    const OMITS_ZEROS: bool = false;
    const BINARY_NAME: &'static str = "data_base64";

    fn has_more(&mut self) -> Result<bool, Fault> {
        Ok(self.peek().is_some())
    }

    fn enter(&mut self) -> Result<Object, Fault> {
        self.take(b'{')?;
        Ok(Object { is_empty: true })
    }

    fn key(&mut self, object: &mut Object, schema: &Schema) -> Result<Option<Key>, Fault> {
        let Some(name) = self.member(object.is_empty)? else {
            return Ok(None);
        };
        object.is_empty = false;
        let known = match &*name {
            Self::BINARY_NAME => schema.named(BINARY),
            BINARY => None,
            name => schema.named(name),
        };
        Ok(Some(known.map_or_else(|| Key::Unknown(name.into_owned()), Key::Known)))
    }

    fn text(&mut self) -> Result<Cow<'a, str>, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a string"));
        }
        let raw = self.raw()?;
        if !raw.contains('\\') {
            return Ok(Cow::Borrowed(&raw[1..raw.len() - 1]));
        }
        let text = serde_json::from_str(raw);
        text.map(Cow::Owned).map_err(|_| self.expected_before("a string of Unicode characters"))
    }

    fn number(&mut self) -> Result<u64, Fault> {
        self.peek();
        let number = self.raw()?.parse();
        number.map_err(|_| self.expected_before("a whole number from 0 to 2^64 - 1"))
    }

    fn flag(&mut self) -> Result<bool, Fault> {
        match self.raw()? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.expected_before("true or false")),
        }
    }

    fn json(&mut self) -> Result<&'a str, Fault> {
        shallow(self.raw()?)
    }

    fn binary(&mut self) -> Result<Cow<'a, [u8]>, Fault> {
        let bytes = STANDARD.decode(&*self.text()?);
        bytes.map(Cow::Owned).map_err(|_| self.expected_before("base64 with its padding"))
    }

    fn texts(&mut self, all: &mut Vec<Cow<'a, str>>, max: usize) -> Result<(), Fault> {
        self.take(b'[')?;
        let mut is_first = true;
        while self.has_element(is_first, b']')? {
            is_first = false;
            all.push(self.text()?);
            if all.len() > max {
                return Err(self.expected_before(&format!("at most {max} elements")));
            }
        }
        Ok(())
    }

    fn pairs<T: Default>(
        &mut self,
        all: &mut Vec<(Cow<'a, str>, T)>,
        max: usize,
        value: fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<(), Fault> {
        self.take(b'{')?;
        while let Some(name) = self.member(all.is_empty())? {
            all.push((name, value(self)?));
            if all.len() > max {
                return Err(self.expected_before(&format!("at most {max} members")));
            }
        }
        Ok(())
    }

    fn skip(&mut self) -> Result<(), Fault> {
        self.raw().map(|_| ())
    }
}
