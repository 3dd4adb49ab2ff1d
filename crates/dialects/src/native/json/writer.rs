//! JSON as it is written, without white space.

use crate::native::schema::Field;
use crate::native::writer::Writer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// An object that is being written.
#[derive(Debug)]
pub(in crate::native) struct JsonWriter<'a> {
    to: &'a mut Vec<u8>,
}

impl<'a> JsonWriter<'a> {
    /// Writes one object.
    pub(in crate::native) fn object(to: &'a mut Vec<u8>, write: impl FnOnce(&mut Self)) {
        to.push(b'{');
        let mut writer = Self { to };
        write(&mut writer);
        writer.to.push(b'}');
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.to.extend_from_slice(key.as_bytes());
    }

    fn separate(&mut self) {
        // No value ends like that.
        if !matches!(self.to.last(), Some(b'{' | b'[')) {
            self.to.push(b',');
        }
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) {
        serde_json::to_writer(&mut *self.to, value).expect("texts and numbers fit into a Vec");
    }
}

impl Writer for JsonWriter<'_> {
    fn text(&mut self, field: Field, text: &str) {
        self.key(field.json_key);
        self.value(text);
    }

    fn number(&mut self, field: Field, number: u64) {
        self.key(field.json_key);
        self.value(&number);
    }

    fn flag(&mut self, field: Field, flag: bool) {
        self.key(field.json_key);
        self.to.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    fn json(&mut self, field: Field, text: &[u8]) {
        self.key(field.json_key);
        self.to.extend_from_slice(text);
    }

    fn binary(&mut self, _: Field, bytes: &[u8]) {
        self.key("\"data_base64\":\"");
        let start = self.to.len();
        let size = base64::encoded_len(bytes.len(), true).expect("messages are far from 2^63");
        self.to.resize(start + size, 0);
        let written = STANDARD.encode_slice(bytes, &mut self.to[start..]);
        debug_assert_eq!(written.ok(), Some(size), "the size that was asked for");
        self.to.push(b'"');
    }

    fn map(&mut self, field: Field, write: impl FnOnce(&mut Self)) {
        self.key(field.json_key);
        self.to.push(b'{');
        write(self);
        self.to.push(b'}');
    }

    fn maps<T>(&mut self, field: Field, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.key(field.json_key);
        self.to.push(b'[');
        for item in items {
            self.separate();
            self.to.push(b'{');
            write(self, item);
            self.to.push(b'}');
        }
        self.to.push(b']');
    }

    fn pairs<'p>(
        &mut self,
        field: Field,
        _: usize,
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
    ) {
        self.key(field.json_key);
        self.to.push(b'{');
        for (name, value) in pairs {
            self.separate();
            self.value(name);
            self.to.push(b':');
            self.value(value);
        }
        self.to.push(b'}');
    }
}
