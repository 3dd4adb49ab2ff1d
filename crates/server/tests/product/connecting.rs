//! How sessions begin: subprotocols, origins, tokens, and who does not show in time who it is.

use crate::sockeye::Sockeye;
use crate::talk::{Client, closed, open};
use crate::websocket::{Arrived, TEXT, WebSocket};
use serde_json::json;

#[test]
fn a_client_connects_and_is_told_what_it_is() {
    let server = Sockeye::start();
    let one = Client::connect(server.address);
    let two = Client::connect(server.address);
    assert_ne!(one.session(), two.session());
    assert_eq!(one.connected["grace_ms"], 30_000);
    assert!(one.connected["resume"].is_string());
    assert_ne!(one.connected["resume"], two.connected["resume"]);
}

#[test]
fn the_root_is_a_page_for_browsers_and_an_endpoint_for_clients() {
    let server = Sockeye::start();
    let mut socket = WebSocket::open(server.address, "/", "").expect("it is let in");
    socket.send(TEXT, br#"{"id":1,"connect":{}}"#);
    let Arrived::Message(TEXT, answer) = socket.next() else {
        panic!("no answer");
    };
    assert!(answer.starts_with(br#"{"id":1,"connected":"#), "{}", answer.escape_ascii());
}

#[test]
fn the_first_subprotocol_that_is_known_is_chosen_and_json_without_any() {
    let server = Sockeye::start();
    let open = |offered: &str| {
        let header = format!("Sec-WebSocket-Protocol: {offered}\r\n");
        WebSocket::open(server.address, "/connect", &header)
    };
    let none = WebSocket::open(server.address, "/connect", "").expect("it is let in");
    assert_eq!(none.subprotocol, None);
    let cases = [
        ("sockeye.v1.json", "sockeye.v1.json"),
        ("graphql-ws, sockeye.v1.msgpack, sockeye.v1.json", "sockeye.v1.msgpack"),
        ("sockeye.v1.protobuf", "sockeye.v1.protobuf"),
    ];
    for (offered, chosen) in cases {
        let socket = open(offered).expect("it is let in");
        assert_eq!(socket.subprotocol.as_deref(), Some(chosen), "{offered}");
    }
    let refused = open("graphql-ws").err().expect("it would not be understood");
    assert_eq!(refused.0, 400);
    assert!(refused.1.contains("sockeye.v1.json"), "{}", refused.1);
}

#[test]
fn pages_of_other_hosts_are_turned_away_and_those_of_this_one_are_not() {
    let server = Sockeye::start();
    let open = |origin: &str| {
        WebSocket::open(server.address, "/connect", &format!("Origin: {origin}\r\n"))
    };
    for own in ["http://127.0.0.1", "http://127.0.0.1:3000", &format!("http://{}", server.address)]
    {
        assert!(open(own).is_ok(), "{own}");
    }
    for other in ["http://example.org", "null", "http://127.0.0.1.example.org"] {
        let refused = open(other).err().expect("it is refused");
        assert_eq!(refused.0, 403, "{other}: {}", refused.1);
        assert!(refused.1.contains("forbidden"), "{}", refused.1);
    }
}

#[test]
fn whoever_begins_with_something_else_or_connects_twice_is_disconnected_with_4401() {
    let server = Sockeye::start();
    let mut socket = open(server.address).expect("it is let in");
    socket.send(TEXT, br#"{"id":1,"subscribe":{"channel":"news"}}"#);
    assert_eq!(closed(&mut socket).0, 4401);
    let mut client = Client::connect(server.address);
    client.send(&json!({ "id": 9, "connect": {} }));
    assert_eq!(client.closed().0, 4401);
}

#[test]
fn whoever_says_nothing_for_ten_seconds_is_disconnected_with_4401() {
    let server = Sockeye::start();
    let mut client = Client::connect(server.address);
    let mut silent = open(server.address).expect("it is let in");
    let (code, reason) = closed(&mut silent);
    assert_eq!((code, reason.as_str()), (4401, "expected connect within 10 s"));
    // The others have shown who they are.
    assert!(!client.has_got("disconnect"));
}

#[test]
fn what_follows_on_connect_at_once_is_carried_out_after_it() {
    let server = Sockeye::start();
    let mut socket = open(server.address).expect("it is let in");
    socket.send(TEXT, br#"{"id":1,"connect":{}}"#);
    socket.send(TEXT, br#"{"id":2,"subscribe":{"channel":"news"}}"#);
    socket.send(TEXT, br#"{"id":3,"publish":{"channel":"news","data":"hello"}}"#);
    let mut ids = Vec::new();
    while ids.len() < 3 {
        let Arrived::Message(TEXT, payload) = socket.next() else {
            panic!("three answers are expected, got {ids:?}");
        };
        let message: serde_json::Value = serde_json::from_slice(&payload).expect("JSON");
        ids.extend(message["id"].as_u64());
    }
    assert_eq!(ids, [1, 2, 3]);
}

#[test]
fn the_secret_to_resume_with_is_not_compressed_beside_what_others_choose() {
    let server = Sockeye::start_with(&["--deflate", "8KiB"]);
    let headers = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let mut socket = WebSocket::open(server.address, "/connect", headers).expect("it is let in");
    socket.send(TEXT, br#"{"id":1,"connect":{}}"#);
    let Arrived::Message(TEXT, connected) = socket.next() else {
        panic!("no answer");
    };
    assert!(!socket.was_compressed && connected.len() > 128, "{}", connected.escape_ascii());
    let data = "x".repeat(1000);
    let publish = json!({ "publish": { "channel": "news", "data": data } });
    socket.send(TEXT, br#"{"subscribe":{"channel":"news"}}"#);
    socket.send(TEXT, publish.to_string().as_bytes());
    while !socket.was_compressed {
        assert!(matches!(socket.next(), Arrived::Message(TEXT, _)), "others are");
    }
}

#[test]
fn clients_of_a_server_that_shuts_down_are_told_to_come_back() {
    let server = Sockeye::start();
    let mut client = Client::connect(server.address);
    server.signal("TERM");
    let reconnect = client.next("reconnect");
    assert!(reconnect["after_ms"].as_u64().is_some_and(|after| after < 3000), "{reconnect}");
    assert_eq!(client.closed().0, 1001);
}
