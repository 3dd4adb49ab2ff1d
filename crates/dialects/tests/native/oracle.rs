//! Other people's readers of the same encodings, to judge ours: what they find in a frame has to be what the JSON says.

use crate::document::schema;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value as Field};
use protox::file::{File, FileResolver};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The messages of the document's schema.
pub(crate) struct Schema(DescriptorPool);

impl Schema {
    pub(crate) fn new() -> Self {
        let mut compiler = protox::Compiler::with_file_resolver(Document);
        compiler.open_file("sockeye.proto").expect("a schema");
        Self(compiler.descriptor_pool())
    }

    pub(crate) fn message(&self, name: &str) -> MessageDescriptor {
        let name = format!("sockeye.v1.{name}");
        self.0.get_message_by_name(&name).unwrap_or_else(|| panic!("no message {name}"))
    }

    /// A frame as Protocol Buffers have it, from the JSON of all its messages.
    pub(crate) fn frame(&self, side: &str, json: &[u8]) -> DynamicMessage {
        let value = plain(parse(json), "");
        let (name, value) = match side {
            "client" => ("ClientFrame", serde_json::json!({ "command": [value] })),
            _ => ("ServerMessage", value),
        };
        DynamicMessage::deserialize(self.message(name), value).expect("what the schema has")
    }

    /// A frame as it was written by somebody.
    pub(crate) fn decode(&self, side: &str, bytes: &[u8]) -> DynamicMessage {
        let name = if side == "client" { "ClientFrame" } else { "ServerMessage" };
        DynamicMessage::decode(self.message(name), bytes).expect("what the schema has")
    }

    /// All fields of all messages.
    pub(crate) fn fields(&self) -> BTreeSet<String> {
        let messages = self.0.all_messages().filter(|message| !message.is_map_entry());
        let fields = messages.flat_map(|message| message.fields().collect::<Vec<_>>());
        fields.map(|field| field.full_name().to_owned()).collect()
    }
}

struct Document;

impl FileResolver for Document {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        File::from_source(name, schema())
    }
}

/// Adds the names of the fields that a message has, those of the messages in it too.
pub(crate) fn collect_fields(message: &DynamicMessage, found: &mut BTreeSet<String>) {
    for (field, value) in message.fields() {
        found.insert(field.full_name().to_owned());
        let values = match value {
            Field::List(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for inner in values.iter().filter_map(Field::as_message) {
            collect_fields(inner, found);
        }
    }
}

/// What MessagePack holds, in the form that [`msgpack_of`] gives.
pub(crate) fn msgpack(mut bytes: &[u8]) -> Value {
    let value = rmpv::decode::read_value(&mut bytes).expect("MessagePack");
    assert!(bytes.is_empty(), "bytes behind the end");
    from_msgpack(value)
}

/// What MessagePack should hold, from JSON.
pub(crate) fn msgpack_of(json: &[u8]) -> Value {
    plain(parse(json), BINARY)
}

/// MessagePack of what [`msgpack_of`] gives.
pub(crate) fn to_msgpack(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &as_msgpack(value)).expect("a Vec takes everything");
    bytes
}

fn parse(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("JSON")
}

/// Payloads as the other encodings have them: JSON as its text, and bytes under another name, marked.
fn plain(value: Value, mark: &str) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| match (&*name, value) {
                ("data" | "info" | "metadata", value) => (name, Value::String(value.to_string())),
                ("data_base64", Value::String(text)) => {
                    ("data_binary".to_owned(), Value::String(format!("{mark}{text}")))
                }
                (_, value) => (name, plain(value, mark)),
            });
            Value::Object(members.collect())
        }
        Value::Array(values) => values.into_iter().map(|value| plain(value, mark)).collect(),
        value => value,
    }
}

fn from_msgpack(value: rmpv::Value) -> Value {
    match value {
        rmpv::Value::Map(members) => {
            let count = members.len();
            let members: Map<_, _> = members
                .into_iter()
                .map(|(name, value)| {
                    (name.as_str().expect("a name").to_owned(), from_msgpack(value))
                })
                .collect();
            assert_eq!(members.len(), count, "a name is there twice");
            Value::Object(members)
        }
        rmpv::Value::Array(values) => values.into_iter().map(from_msgpack).collect(),
        rmpv::Value::String(text) => Value::String(text.into_str().expect("UTF-8")),
        rmpv::Value::Binary(bytes) => Value::String(format!("{BINARY}{}", STANDARD.encode(bytes))),
        rmpv::Value::Boolean(flag) => Value::Bool(flag),
        rmpv::Value::Integer(number) => number.as_u64().expect("not negative").into(),
        other => panic!("{other} is of no use here"),
    }
}

fn as_msgpack(value: &Value) -> rmpv::Value {
    match value {
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, value)| (name.as_str().into(), as_msgpack(value)));
            rmpv::Value::Map(members.collect())
        }
        Value::Array(values) => rmpv::Value::Array(values.iter().map(as_msgpack).collect()),
        Value::String(text) => match text.strip_prefix(BINARY) {
            Some(text) => rmpv::Value::Binary(STANDARD.decode(text).expect("base64")),
            None => text.as_str().into(),
        },
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => number.as_u64().expect("a whole number").into(),
        Value::Null => rmpv::Value::Nil,
    }
}

const BINARY: &str = "bytes:";
