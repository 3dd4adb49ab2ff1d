//! One request after the other on a connection, RFC 9112 section 9.

use super::{Client, Noted, Staged};
use std::time::Duration;

#[test]
fn a_connection_answers_one_request_after_the_other() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    for path in ["/a", "/b", "/c"] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.text()), (200, format!("this is {path}\n")));
        assert_eq!(answer.header("connection"), None);
    }
    assert_eq!(client.get("/empty").status, 204);
    assert_eq!(client.get("/d").text(), "this is /d\n");
}

#[test]
fn a_client_that_asks_for_the_end_gets_it() {
    let server = Staged::start(|_| {});
    for head in
        ["GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /a HTTP/1.0\r\n\r\n"]
    {
        let mut client = Client::dial(server.address);
        client.write(head);
        let answer = client.answer();
        assert_eq!(
            (answer.text().as_str(), answer.header("connection")),
            ("this is /a\n", Some("close"))
        );
        client.expect_end();
    }
    let mut client = Client::dial(server.address);
    client.write("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(client.answer().header("connection"), Some("keep-alive"));
    assert_eq!(client.get("/b").text(), "this is /b\n");
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    let count = 2000;
    let requests: String =
        (0..count).map(|number| format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    client.write(requests);
    for number in 0..count {
        assert_eq!(client.answer().text(), format!("this is /{number}\n"));
    }
}

#[test]
fn what_is_pipelined_behind_a_request_that_waits_waits_too() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write(
        "GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\nGET /th",
    );
    let id = server.waiting();
    client.write("ird HTTP/1.1\r\nHost: a\r\n\r\n");
    let first = super::text("first\n");
    server.remote.respond(id, first).expect("the server runs");
    assert_eq!(client.answer().text(), "first\n");
    assert_eq!(client.answer().text(), "this is /second\n");
    assert_eq!(client.answer().text(), "this is /third\n");
}

#[test]
fn a_client_that_takes_no_answers_is_not_read_from_and_loses_none() {
    let server = Staged::start(|config| config.read_pause_bytes = 64 * 1024);
    let mut client = Client::dial(server.address);
    let (count, size) = (300, 64 * 1024);
    // Far more than the sockets hold.
    for _ in 0..count {
        client.write(format!("GET /size/{size} HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    for _ in 0..count {
        assert_eq!(client.answer().body.len(), size);
    }
}

#[test]
fn a_half_closed_client_gets_the_answers_to_all_that_it_asked() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    client.end();
    let id = server.waiting();
    server.remote.respond(id, super::text("a\n")).expect("the server runs");
    assert_eq!(client.answer().text(), "a\n");
    assert_eq!(client.answer().text(), "this is /b\n");
    client.expect_end();
}

#[test]
fn a_kept_connection_without_a_request_is_ended_in_silence() {
    let server = Staged::start(|config| config.keep_alive_timeout = Duration::from_millis(50));
    let mut client = Client::dial(server.address);
    client.get("/a");
    client.expect_end();
}

#[test]
fn a_request_that_does_not_end_gets_408_also_on_a_kept_connection() {
    let server = Staged::start(|config| config.handshake_timeout = Duration::from_millis(50));
    let mut client = Client::dial(server.address);
    client.get("/a");
    client.write("GET /b HT");
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
    client.expect_end();
}

#[test]
fn a_kept_connection_can_become_a_websocket() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.get("/a");
    let upgrade = "GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    // The first frame comes in the same packet.
    client.write([upgrade.as_bytes(), b"\x81\x82\0\0\0\0hi"].concat());
    assert_eq!(client.head().status, 101);
    assert_eq!(client.take(4), b"\x81\x02hi");
    server.opened();
    assert_eq!(server.noted(), Noted::Message(b"hi".to_vec()));
}

#[test]
fn the_answer_to_head_has_the_headers_of_get_and_no_body() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.head();
    assert_eq!((answer.status, answer.header("content-length")), (200, Some("11")));
    let answer = client.head();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain")));
    assert_eq!(client.get("/b").text(), "this is /b\n");
}
