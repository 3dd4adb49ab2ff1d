//! Protocol Buffers as they are written. A frame is a `ServerMessage`.

use super::wire;
use crate::native::schema::Field;
use crate::native::writer::Writer;

/// A message that is being written.
#[derive(Debug)]
pub(in crate::native) struct ProtobufWriter<'a> {
    to: &'a mut Vec<u8>,
}

impl<'a> ProtobufWriter<'a> {
    /// Writes one message.
    pub(in crate::native) fn object(to: &'a mut Vec<u8>, write: impl FnOnce(&mut Self)) {
        write(&mut Self { to });
    }

    fn tag(&mut self, number: u32, wire_type: u8) {
        self.varint(u64::from(number << 3 | u32::from(wire_type)));
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.to.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.to.push(number as u8);
    }

    fn sized(&mut self, number: u32, bytes: &[u8]) {
        self.tag(number, wire::SIZED);
        self.varint(bytes.len() as u64);
        self.to.extend_from_slice(bytes);
    }

    fn message(&mut self, number: u32, write: impl FnOnce(&mut Self)) {
        self.tag(number, wire::SIZED);
        // Most are short: one byte for the length, and what is longer moves.
        let head = self.to.len();
        self.to.push(0);
        write(self);
        let end = self.to.len();
        let size = end - head - 1;
        if size < 0x80 {
            self.to[head] = size as u8;
            return;
        }
        self.varint(size as u64);
        let more = self.to.len() - end - 1;
        let mut length = [0; 10];
        length[..=more].copy_from_slice(&self.to[end..]);
        self.to.truncate(end + more);
        self.to.copy_within(head + 1..end, head + 1 + more);
        self.to[head..=head + more].copy_from_slice(&length[..=more]);
    }
}

impl Writer for ProtobufWriter<'_> {
    fn text(&mut self, field: Field, text: &str) {
        self.sized(field.number, text.as_bytes());
    }

    fn number(&mut self, field: Field, number: u64) {
        self.tag(field.number, wire::VARINT);
        self.varint(number);
    }

    fn flag(&mut self, field: Field, flag: bool) {
        self.number(field, u64::from(flag));
    }

    fn json(&mut self, field: Field, text: &[u8]) {
        self.sized(field.number, text);
    }

    fn binary(&mut self, field: Field, bytes: &[u8]) {
        self.sized(field.number, bytes);
    }

    fn map(&mut self, field: Field, write: impl FnOnce(&mut Self)) {
        self.message(field.number, write);
    }

    fn maps<T>(&mut self, field: Field, items: &[T], write: impl Fn(&mut Self, &T)) {
        for item in items {
            self.message(field.number, |writer| write(writer, item));
        }
    }

    fn pairs<'p>(
        &mut self,
        field: Field,
        _: usize,
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
    ) {
        for (name, value) in pairs {
            self.message(field.number, |writer| {
                writer.sized(wire::ENTRY_NAME, name.as_bytes());
                writer.sized(wire::ENTRY_VALUE, value.as_bytes());
            });
        }
    }
}
