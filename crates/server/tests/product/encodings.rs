//! The native dialect in all its encodings: clients that differ in them meet in one channel.

use crate::sockeye::Sockeye;
use crate::talk::Client;
use crate::websocket::{Arrived, BINARY, TEXT, WebSocket};
use serde_json::{Value, json};
use std::net::SocketAddr;

fn open(address: SocketAddr, subprotocol: &str) -> WebSocket {
    let header = format!("Sec-WebSocket-Protocol: {subprotocol}\r\n");
    WebSocket::open(address, "/connect", &header).expect("it is let in")
}

fn binary(socket: &mut WebSocket) -> Vec<u8> {
    match socket.next() {
        Arrived::Message(BINARY, payload) => payload,
        other => panic!("expected a binary message, got {other:?}"),
    }
}

#[test]
fn msgpack_has_the_same_maps() {
    let server = Sockeye::start();
    let mut json_client = Client::connect(server.address);
    json_client.subscribe("news");
    let mut socket = open(server.address, "sockeye.v1.msgpack");
    let mut ask = |command: Value, field: &str| {
        socket.send(BINARY, &rmp_serde::to_vec(&command).expect("maps of strings"));
        loop {
            let mut told: Value = rmp_serde::from_slice(&binary(&mut socket)).expect("MessagePack");
            if told[field].is_object() {
                return told[field].take();
            }
        }
    };
    let connected = ask(json!({ "id": 1, "connect": {} }), "connected");
    assert!(connected["session"].is_string(), "{connected}");
    let subscribed = ask(json!({ "id": 2, "subscribe": { "channel": "news" } }), "subscribed");
    assert_eq!(subscribed["channel"], "news");
    let data = r#"{"from":"msgpack"}"#;
    let publication =
        ask(json!({ "id": 3, "publish": { "channel": "news", "data": data } }), "publication");
    assert_eq!((&publication["sequence"], &publication["data"]), (&json!(1), &json!(data)));
    assert_eq!(json_client.next("publication")["data"], json!({ "from": "msgpack" }));
}

#[test]
fn protobuf_has_the_same_fields() {
    let server = Sockeye::start();
    let mut json_client = Client::connect(server.address);
    json_client.subscribe("news");
    let mut socket = open(server.address, "sockeye.v1.protobuf");
    let mut ask = |id: u8, command: u32, body: &[u8], told: u32| {
        let message = [&[0x08, id][..], &field(command, body)].concat();
        // What a client sends has any number of commands, each in its field 1.
        socket.send(BINARY, &field(1, &message));
        loop {
            let message = binary(&mut socket);
            if let Some(body) = find(&message, told) {
                return body.to_vec();
            }
        }
    };
    // The numbers are those of docs/protocol.md.
    let connected = ask(1, 2, b"", 2);
    assert!(find(&connected, 1).is_some_and(|session| session.contains(&b'.')));
    let subscribed = ask(2, 4, &field(1, b"news"), 4);
    assert_eq!(find(&subscribed, 1), Some(b"news".as_slice()));
    let data = br#"{"from":"protobuf"}"#;
    let publication = ask(3, 6, &[field(1, b"news"), field(5, data)].concat(), 13);
    assert_eq!(find(&publication, 4), Some(data.as_slice()));
    assert_eq!(json_client.next("publication")["data"], json!({ "from": "protobuf" }));
}

#[test]
fn a_filter_is_bounded_in_all_of_them() {
    let server = Sockeye::start();
    let long = "x".repeat(4096);
    let subscribe = json!({ "channel": "news", "filter": { "a": long } });
    let mut client = Client::connect(server.address);
    let refused = client.ask("subscribe", &subscribe);
    assert_eq!(refused["error"]["code"], "bad_request", "{refused}");
    let text = refused["error"]["message"].as_str().expect("a text").to_owned();
    assert!(text.contains("4096 bytes"), "{text}");
    // Two of one name can be said in JSON too, but not by who has made maps of it.
    let twice = br#"{"id":99,"subscribe":{"channel":"news","filter":{"a":"1","a":"1"}}}"#;
    client.socket.send(TEXT, twice);
    let refused = client.expect(|message| message["id"] == json!(99));
    assert_eq!(refused["error"]["message"], "expected each header once in a filter");

    let mut socket = open(server.address, "sockeye.v1.msgpack");
    for command in [json!({ "connect": {} }), json!({ "id": 2, "subscribe": subscribe })] {
        socket.send(BINARY, &rmp_serde::to_vec(&command).expect("maps of strings"));
    }
    let _connected = binary(&mut socket);
    let told: Value = rmp_serde::from_slice(&binary(&mut socket)).expect("MessagePack");
    assert_eq!(told["error"]["message"], text, "{told}");

    let mut socket = open(server.address, "sockeye.v1.protobuf");
    let pair = field(4, &[field(1, b"a"), field(2, long.as_bytes())].concat());
    for body in [field(2, b""), field(4, &[field(1, b"news"), pair].concat())] {
        socket.send(BINARY, &field(1, &body));
    }
    let _connected = binary(&mut socket);
    let told = binary(&mut socket);
    let error = find(&told, 8).expect("an error");
    assert_eq!(find(error, 2), Some(text.as_bytes()));
}

/// A field of bytes.
fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let tag = u8::try_from(number << 3 | 2).expect("a low number");
    assert!(tag < 128 && bytes.len() < 1 << 14);
    let size = bytes.len() as u8;
    match bytes.len() {
        0..128 => [&[tag, size], bytes].concat(),
        long => [&[tag, size | 0x80, (long >> 7) as u8], bytes].concat(),
    }
}

/// The first field of bytes with this number.
fn find(mut message: &[u8], number: u32) -> Option<&[u8]> {
    while !message.is_empty() {
        let tag = varint(&mut message);
        let (found, kind) = (tag >> 3, tag & 7);
        match kind {
            0 => _ = varint(&mut message),
            2 => {
                let size = varint(&mut message) as usize;
                let (bytes, rest) = message.split_at(size);
                message = rest;
                if found == u64::from(number) {
                    return Some(bytes);
                }
            }
            _ => panic!("no such kind of field is expected: {kind}"),
        }
    }
    None
}

fn varint(message: &mut &[u8]) -> u64 {
    let size = message.iter().position(|byte| byte & 0x80 == 0).expect("it ends") + 1;
    let (bytes, rest) = message.split_at(size);
    *message = rest;
    bytes.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7F))
}
