//! MessagePack as it is written: each value in the shortest form.

use crate::native::schema::Field;
use crate::native::writer::Writer;

/// A map that is being written.
#[derive(Debug)]
pub(in crate::native) struct MsgpackWriter<'a> {
    to: &'a mut Vec<u8>,
    /// Fields of the current map so far.
    fields: u8,
}

impl<'a> MsgpackWriter<'a> {
    /// Writes one map.
    pub(in crate::native) fn object(to: &'a mut Vec<u8>, write: impl FnOnce(&mut Self)) {
        Self { to, fields: 0 }.body(write);
    }

    fn body(&mut self, write: impl FnOnce(&mut Self)) {
        let head = self.to.len();
        let outer = self.fields;
        self.to.push(0);
        self.fields = 0;
        write(self);
        debug_assert!(self.fields < 16, "a map with so many fields has a longer head");
        self.to[head] = 0x80 | self.fields;
        self.fields = outer;
    }

    fn key(&mut self, field: Field) {
        self.fields += 1;
        self.string(field.name.as_bytes());
    }

    fn string(&mut self, text: &[u8]) {
        match text.len() {
            size @ 0..32 => self.to.push(0xa0 | size as u8),
            size @ 32..0x100 => self.to.extend_from_slice(&[0xd9, size as u8]),
            size => self.long_head(0xda, size),
        }
        self.to.extend_from_slice(text);
    }

    /// A head with a size of 2 bytes, or the one after it with 4.
    fn long_head(&mut self, first: u8, size: usize) {
        match u16::try_from(size) {
            Ok(size) => {
                self.to.push(first);
                self.to.extend_from_slice(&size.to_be_bytes());
            }
            Err(_) => {
                let size = u32::try_from(size).expect("messages are much smaller than 4 GiB");
                self.to.push(first + 1);
                self.to.extend_from_slice(&size.to_be_bytes());
            }
        }
    }
}

impl Writer for MsgpackWriter<'_> {
    fn text(&mut self, field: Field, text: &str) {
        self.key(field);
        self.string(text.as_bytes());
    }

    fn number(&mut self, field: Field, number: u64) {
        self.key(field);
        let bytes = number.to_be_bytes();
        match number {
            0..0x80 => self.to.push(number as u8),
            0x80..0x100 => self.to.extend_from_slice(&[0xcc, number as u8]),
            0x100..0x1_0000 => {
                self.to.push(0xcd);
                self.to.extend_from_slice(&bytes[6..]);
            }
            0x1_0000..0x1_0000_0000 => {
                self.to.push(0xce);
                self.to.extend_from_slice(&bytes[4..]);
            }
            _ => {
                self.to.push(0xcf);
                self.to.extend_from_slice(&bytes);
            }
        }
    }

    fn flag(&mut self, field: Field, flag: bool) {
        self.key(field);
        self.to.push(0xc2 | u8::from(flag));
    }

    fn json(&mut self, field: Field, text: &[u8]) {
        self.key(field);
        self.string(text);
    }

    fn binary(&mut self, field: Field, bytes: &[u8]) {
        self.key(field);
        match bytes.len() {
            size @ 0..0x100 => self.to.extend_from_slice(&[0xc4, size as u8]),
            size => self.long_head(0xc5, size),
        }
        self.to.extend_from_slice(bytes);
    }

    fn map(&mut self, field: Field, write: impl FnOnce(&mut Self)) {
        self.key(field);
        self.body(write);
    }

    fn maps<T>(&mut self, field: Field, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.key(field);
        match items.len() {
            size @ 0..16 => self.to.push(0x90 | size as u8),
            size => self.long_head(0xdc, size),
        }
        for item in items {
            self.body(|writer| write(writer, item));
        }
    }

    fn pairs<'p>(
        &mut self,
        field: Field,
        count: usize,
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
    ) {
        self.key(field);
        match count {
            0..16 => self.to.push(0x80 | count as u8),
            _ => self.long_head(0xde, count),
        }
        for (name, value) in pairs {
            self.string(name.as_bytes());
            self.string(value.as_bytes());
        }
    }
}
