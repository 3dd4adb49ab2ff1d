//! Clients that speak nonsense: they are told so, and nobody else is disturbed.

use crate::sockeye::Sockeye;
use crate::talk::{Client, closed, open};
use crate::websocket::{BINARY, TEXT, WebSocket};
use serde_json::json;

#[test]
fn nonsense_ends_its_connection_with_4400_and_no_other() {
    let server = Sockeye::start();
    let mut witnesses: Vec<Client> = (0..4).map(|_| Client::connect(server.address)).collect();
    for witness in &mut witnesses {
        witness.subscribe("calm");
    }
    let nonsense: [(u8, &[u8]); 6] = [
        (TEXT, b""),
        (TEXT, b"hello"),
        (TEXT, b"[1,2,3]"),
        (TEXT, br#"{"id":1,"connect":{}"#),
        (TEXT, br#"{"id":1,"subscribe":"#),
        (BINARY, b"\0\x01\x02\xFF"),
    ];
    for (opcode, payload) in nonsense {
        // Before it has connected, and after.
        let mut stranger = open(server.address).expect("it is let in");
        stranger.send(opcode, payload);
        let (code, reason) = closed(&mut stranger);
        assert_eq!(code, 4400, "{}: {reason}", payload.escape_ascii());
        let mut client = Client::connect(server.address);
        client.socket.send(opcode, payload);
        let (code, reason) = client.closed();
        assert_eq!(code, 4400, "{}: {reason}", payload.escape_ascii());
        assert!(!reason.is_empty(), "it says what was expected");
    }
    witnesses[0].publish("calm", &json!("still here"));
    for witness in &mut witnesses {
        assert_eq!(witness.next("publication")["data"], "still here");
    }
}

#[test]
fn nonsense_in_the_other_encodings_ends_with_4400_too() {
    let server = Sockeye::start();
    for subprotocol in ["sockeye.v1.msgpack", "sockeye.v1.protobuf"] {
        let header = format!("Sec-WebSocket-Protocol: {subprotocol}\r\n");
        for payload in [b"\xFF\xFF\xFF\xFF\xFF".as_slice(), b"\xC1", b"\x0A\x7F", b"{}"] {
            let mut socket =
                WebSocket::open(server.address, "/connect", &header).expect("it is let in");
            socket.send(BINARY, payload);
            let (code, reason) = closed(&mut socket);
            assert_eq!(code, 4400, "{subprotocol} {}: {reason}", payload.escape_ascii());
        }
    }
}

#[test]
fn what_cannot_be_carried_out_is_refused_and_the_session_goes_on() {
    let server = Sockeye::start();
    let mut client = Client::connect(server.address);
    let cases = [
        ("subscribe", json!({ "channel": "white space" }), "bad_request"),
        ("unsubscribe", json!({ "channel": "news" }), "not_subscribed"),
        ("publish", json!({ "channel": "", "data": 1 }), "bad_request"),
        ("publish", json!({ "session": "1.0.2.3", "data": 1 }), "not_found"),
        ("call", json!({ "method": "nobody", "data": 1 }), "unavailable"),
    ];
    for (command, body, code) in cases {
        let answer = client.ask(command, &body);
        assert_eq!(answer["error"]["code"], code, "{command} {body}: {answer}");
        assert!(answer["error"]["message"].is_string(), "{answer}");
    }
    client.subscribe("news");
    let again = client.ask("subscribe", &json!({ "channel": "news" }));
    assert_eq!(again["error"]["code"], "already_subscribed");
    client.publish("news", &json!(1));
    assert_eq!(client.next("publication")["data"], 1);
}
