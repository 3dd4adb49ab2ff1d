//! The document's examples: they mean what they say, in all encodings, and they are complete.

use crate::document::{self, hexadecimal};
use crate::oracle::{Schema, collect_fields, msgpack, msgpack_of, to_msgpack};
use crate::support::carried_out;
use crate::{heard, spoken};
use prost_reflect::prost::Message;
use sockeye_dialects::Native;
use sockeye_hub::RefusalCode;
use std::collections::BTreeSet;

#[test]
fn the_commands_of_the_document_are_understood() {
    let documented = document::examples("client");
    let expected = spoken::examples();
    assert_eq!(Vec::from_iter(documented.keys()), Vec::from_iter(expected.keys()));
    for (name, said) in expected {
        let expected = [said];
        for (native, frame) in Native::ALL.into_iter().zip(&documented[name]) {
            assert_eq!(carried_out(native, frame), expected, "{native:?} of {name}");
        }
    }
}

#[test]
fn what_is_told_is_as_in_the_document() {
    let documented = document::examples("server");
    let expected = heard::examples();
    assert_eq!(Vec::from_iter(documented.keys()), Vec::from_iter(expected.keys()));
    for (name, frames) in &expected {
        let [json, msgpack, protobuf] = &documented[name];
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&frames[0]), text(json), "{name}");
        assert_eq!(hexadecimal(&frames[1]), hexadecimal(msgpack), "msgpack server {name}");
        assert_eq!(hexadecimal(&frames[2]), hexadecimal(protobuf), "protobuf server {name}");
    }
}

#[test]
fn others_read_the_same_in_all_encodings() {
    let schema = Schema::new();
    for side in ["client", "server"] {
        for (name, [json, binary, protobuf]) in document::examples(side) {
            assert_eq!(msgpack(&binary), msgpack_of(&json), "msgpack {side} {name}");
            let frame = schema.frame(side, &json);
            assert_eq!(schema.decode(side, &protobuf), frame, "protobuf {side} {name}");
        }
    }
}

#[test]
fn what_others_write_is_understood() {
    let schema = Schema::new();
    let documented = document::examples("client");
    for (name, said) in spoken::examples() {
        let [json, ..] = &documented[name];
        let expected = [said];
        let binary = to_msgpack(&msgpack_of(json));
        assert_eq!(carried_out(Native::Msgpack, &binary), expected, "{name}");
        let protobuf = schema.frame("client", json).encode_to_vec();
        assert_eq!(carried_out(Native::Protobuf, &protobuf), expected, "{name}");
    }
}

#[test]
fn every_field_of_every_message_has_an_example() {
    let schema = Schema::new();
    let mut found = BTreeSet::new();
    for side in ["client", "server"] {
        for [json, ..] in document::examples(side).values() {
            collect_fields(&schema.frame(side, json), &mut found);
        }
    }
    let missing: Vec<_> = schema.fields().difference(&found).cloned().collect();
    assert!(missing.is_empty(), "no example has {missing:?}");
}

#[test]
fn the_document_says_what_to_do_about_every_error() {
    for code in RefusalCode::ALL {
        assert!(document::has_row(&format!("`{}`", code.name())), "{code:?}");
    }
}
