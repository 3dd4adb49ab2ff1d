//! Requests that do not become WebSockets: each gets its status, and a sentence that says what was expected.

use super::client::request;
use super::{Client, serve};
use std::time::Duration;

/// A request, the status that it gets, and something that the response says.
fn check(request: &[u8], status: u16, expected: &[&str]) {
    let server = serve(|_| {});
    let mut client = Client::dial(server.address);
    client.write(request);
    let (got, head, body) = client.response();
    assert_eq!(got, status, "{head}\n{body}");
    for part in expected {
        let there = head.contains(part) || body.contains(part);
        assert!(there, "{part} is missing in\n{head}\n{body}");
    }
    Client::open(server.address, "/echo").expect_echo("undisturbed");
}

#[test]
fn a_request_that_is_not_http_gets_400() {
    let expected = "expected an HTTP/1.1 request, without TLS";
    check(b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", 400, &[expected]);
}

#[test]
fn a_key_that_is_no_key_gets_400() {
    let request = request("/echo").replace("dGhlIHNhbXBsZSBub25jZQ==", "short");
    let expected = "Sec-WebSocket-Key must be 16 bytes in base64";
    check(request.as_bytes(), 400, &[expected]);
}

#[test]
fn another_method_gets_405_and_the_one_that_is_allowed() {
    let request = request("/echo").replace("GET", "POST");
    let expected = ["\r\nAllow: GET\r\n", "a WebSocket is opened with GET"];
    check(request.as_bytes(), 405, &expected);
}

#[test]
fn a_target_without_an_end_gets_414() {
    let request = format!("GET /{}", "x".repeat(20_000));
    let expected = "the target must fit into a head of 16384 bytes";
    check(request.as_bytes(), 414, &[expected]);
}

#[test]
fn an_ordinary_request_gets_426_and_what_to_upgrade_to() {
    let request = b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let expected = [
        "\r\nUpgrade: websocket\r\n",
        "\r\nSec-WebSocket-Version: 13\r\n",
        "this address speaks WebSocket",
    ];
    check(request, 426, &expected);
}

#[test]
fn another_version_gets_426_and_the_one_that_is_spoken() {
    let request = request("/echo").replace("Version: 13", "Version: 8");
    let expected = ["\r\nSec-WebSocket-Version: 13\r\n", "expected Sec-WebSocket-Version: 13"];
    check(request.as_bytes(), 426, &expected);
}

#[test]
fn a_head_that_is_too_big_gets_431() {
    let padding = format!("\r\nX-Padding: {}\r\n\r\n", "x".repeat(16_384));
    let request = request("/echo").replace("\r\n\r\n", &padding);
    let expected = "the head must fit into 16384 bytes";
    check(request.as_bytes(), 431, &[expected]);
}

#[test]
fn too_many_headers_get_431() {
    let request = request("/echo").replace("\r\n\r\n", &("\r\nX: y".repeat(100) + "\r\n\r\n"));
    check(request.as_bytes(), 431, &["at most 100 headers are accepted"]);
}

#[test]
fn a_panic_in_on_request_gets_500() {
    check(request("/panic").as_bytes(), 500, &["the handler failed"]);
}

#[test]
fn the_handlers_own_answer_is_sent_and_frames_behind_it_are_not_read() {
    let mut bytes = request("/refuse").into_bytes();
    bytes.extend(super::frame(super::FINAL | super::TEXT, b"hello?"));
    check(&bytes, 403, &["not you", "\r\nConnection: close\r\n"]);
}

#[test]
fn a_head_that_does_not_arrive_in_time_gets_408() {
    let server = serve(|config| config.handshake_timeout = Duration::from_millis(100));
    let mut silent = Client::dial(server.address);
    let mut slow = Client::dial(server.address);
    slow.write(b"GET /echo HTTP/1.1\r\nHost: loc");
    for client in [&mut silent, &mut slow] {
        let (status, _, body) = client.response();
        assert_eq!((status, body.as_str()), (408, "the request did not arrive in time\n"));
    }
    // Who was in time may stay.
    let mut client = Client::open(server.address, "/echo");
    silent = Client::dial(server.address);
    assert_eq!(silent.response().0, 408);
    client.expect_echo("hello");
}

#[test]
fn who_leaves_in_the_middle_of_a_head_leaves_nothing_behind() {
    let server = serve(|_| {});
    let mut client = Client::dial(server.address);
    client.write(b"GET /echo HTTP/1.1\r\nHost: loc");
    client.end();
    client.expect_end();
}
