//! Commands by chance, made from the document's schema.

use crate::oracle::Schema;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};
use serde_json::{Map, Value};
use sockeye_hub::Format;

/// One of the commands, as the JSON that a client would send.
pub(crate) fn command() -> impl Strategy<Value = Value> {
    let schema = Schema::new().message("Command");
    let commands = schema.fields().filter(|field| field.name() != "id");
    let one = commands.map(|field| {
        let name = field.name().to_owned();
        (any::<u64>(), value(&field)).prop_map(move |(id, value)| {
            Value::Object(Map::from_iter([("id".to_owned(), id.into()), (name.clone(), value)]))
        })
    });
    proptest::strategy::Union::new(one)
}

/// Some characters, also such as have to be escaped somewhere.
pub(crate) fn text() -> BoxedStrategy<String> {
    prop_oneof![
        "[a-z:.]{0,40}",
        "[\\PC\"\\\\\u{0}-\u{20}\u{7f}\u{2028}\u{10ffff}]{0,12}",
        "[a-z]{250,300}"
    ]
    .boxed()
}

/// A payload, and what it is.
pub(crate) fn payload() -> BoxedStrategy<(Format, Vec<u8>)> {
    prop_oneof![
        json().prop_map(|value| (Format::Json, value.to_string().into_bytes())),
        vec(any::<u8>(), 0..400).prop_map(|bytes| (Format::Binary, bytes)),
    ]
    .boxed()
}

fn json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
    .boxed()
}

/// A message with some of its fields, and one of those of which it has one.
fn message(descriptor: &MessageDescriptor) -> BoxedStrategy<Value> {
    let mut members: BoxedStrategy<Map<String, Value>> = Just(Map::new()).boxed();
    let mut add = |strategy: BoxedStrategy<Option<(String, Value)>>| {
        let both = (members.clone(), strategy);
        members = both
            .prop_map(|(mut all, one)| {
                all.extend(one);
                all
            })
            .boxed();
    };
    // An acknowledgement is of one of two kinds, which the schema does not say.
    if descriptor.name() == "Ack" {
        let channel = (text(), any::<u64>()).prop_map(
            |(channel, sequence)| serde_json::json!({ "channel": channel, "sequence": sequence }),
        );
        let messages = any::<u64>().prop_map(|number| serde_json::json!({ "messages": number }));
        return prop_oneof![channel, messages].boxed();
    }
    for field in descriptor.fields() {
        // Numbers and flags that need not be there are `optional` in the schema; others are wanted in JSON.
        let is_required = !field.supports_presence()
            && !field.is_list()
            && !field.is_map()
            && field.kind() != Kind::Bool;
        // Members by user have no session to go on after.
        let is_view = descriptor.name() == "Presence" && field.name() == "counts_only";
        let oneof = field.containing_oneof();
        if field.name() == "current" || is_view || oneof.is_some_and(|oneof| is_choice(&oneof)) {
            continue;
        }
        let one = member(&field);
        match is_required {
            true => add(one.prop_map(Some).boxed()),
            false => add(proptest::option::of(one).boxed()),
        }
    }
    for oneof in descriptor.oneofs().filter(is_choice) {
        let one = proptest::strategy::Union::new(oneof.fields().map(|field| member(&field)));
        add(one.prop_map(Some).boxed());
    }
    members.prop_map(Value::Object).boxed()
}

/// What is `optional` is in a `oneof` of its own, which is no choice.
fn is_choice(oneof: &OneofDescriptor) -> bool {
    !oneof.name().starts_with('_')
}

fn member(field: &FieldDescriptor) -> BoxedStrategy<(String, Value)> {
    let name = match field.name() {
        "data_binary" => "data_base64",
        name => name,
    };
    let name = name.to_owned();
    value(field).prop_map(move |value| (name.clone(), value)).boxed()
}

fn value(field: &FieldDescriptor) -> BoxedStrategy<Value> {
    if field.is_map() {
        let entry = field.kind();
        let inner = entry.as_message().expect("an entry").map_entry_value_field();
        // One at most: the library that writes Protocol Buffers for us puts the members of a map in any order.
        return btree_map(text(), value(&inner), 0..2)
            .prop_map(|members| members.into_iter().collect())
            .boxed();
    }
    if field.is_list() {
        return vec(session(), 0..3).prop_map(Value::from).boxed();
    }
    match (field.name(), field.kind()) {
        ("data" | "info", _) => json(),
        ("session" | "after", Kind::String) => session().prop_map(Value::from).boxed(),
        ("epoch", _) => any::<u64>().prop_map(|epoch| format!("{epoch:x}").into()).boxed(),
        ("slow", _) => select(vec!["replay", "drop-oldest", "conflate", "disconnect"])
            .prop_map(Value::from)
            .boxed(),
        ("priority", _) => (0..256_u64).prop_map(Value::from).boxed(),
        // The schema has 32 bits for it.
        ("limit", _) => any::<u32>().prop_map(Value::from).boxed(),
        // What has to be there is not empty: Protocol Buffers know no difference.
        (_, Kind::String) if !field.supports_presence() => {
            text().prop_map(|text| format!("a{text}").into()).boxed()
        }
        (_, Kind::String) => text().prop_map(Value::from).boxed(),
        (_, Kind::Bytes) => {
            vec(any::<u8>(), 0..300).prop_map(|bytes| STANDARD.encode(bytes).into()).boxed()
        }
        (_, Kind::Bool) => any::<bool>().prop_map(Value::from).boxed(),
        (_, Kind::Message(descriptor)) => message(&descriptor),
        _ => any::<u64>().prop_map(Value::from).boxed(),
    }
}

fn session() -> impl Strategy<Value = String> {
    (any::<u32>(), any::<u16>(), any::<u32>(), any::<u32>()).prop_map(
        |(node, worker, slot, generation)| format!("{node:x}.{worker:x}.{slot:x}.{generation:x}"),
    )
}
