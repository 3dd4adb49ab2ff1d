//! Replies that come later.

use super::{Client, Kept, Mail, Noted, Staged, text};
use sockeye::Reply;

#[test]
fn another_thread_answers() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    let id = server.waiting();
    server.remote.respond(id, text("at last\n")).expect("the server runs");
    // Nothing awaits this one.
    server.remote.respond(id, text("again\n")).expect("the server runs");
    assert_eq!(client.answer().text(), "at last\n");
    assert_eq!(client.get("/a").text(), "this is /a\n");
}

#[test]
fn a_reply_that_does_not_come_is_503_and_the_handler_is_told() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /wait-briefly HTTP/1.1\r\nHost: a\r\n\r\n");
    let id = server.waiting();
    assert_eq!(client.answer().status, 503);
    assert_eq!(server.noted(), Noted::Closed("/wait-briefly 1006 TimedOut".to_owned()));
    server.remote.respond(id, text("too late\n")).expect("the server runs");
    client.expect_end();
}

#[test]
fn a_client_that_is_gone_before_its_reply_is_told_of() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    server.waiting();
    client.reset();
    assert_eq!(server.noted(), Noted::Closed("/wait 1006 Lost".to_owned()));
}

#[test]
fn a_websocket_may_be_granted_later() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write(
        "GET /wait HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    let id = server.waiting();
    server.mail(id, Mail::Reply(id, || Reply::upgrade(Kept::at("/echo"))));
    let answer = client.head();
    let accept = answer.header("sec-websocket-accept");
    assert_eq!((answer.status, accept), (101, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    assert_eq!(server.opened(), id);
    client.write(b"\x81\x82\0\0\0\0hi");
    assert_eq!(client.take(4), b"\x81\x02hi");
}

#[test]
fn a_websocket_that_nobody_asked_for_is_not_granted_later_either() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    let id = server.waiting();
    server.mail(id, Mail::Reply(id, || Reply::upgrade(Kept::at("/echo"))));
    assert_eq!(client.answer().status, 426);
    client.expect_end();
}

#[test]
fn a_reply_may_ask_for_more_time_and_then_begin_a_stream() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    let id = server.waiting();
    server.mail(id, Mail::Reply(id, || Reply::pending(Kept::at("/wait"), super::PATIENCE)));
    server.mail(id, Mail::Reply(id, || Reply::stream(Kept::at("/stream"), text("one"))));
    assert_eq!(client.head().header("transfer-encoding"), Some("chunked"));
    assert_eq!(client.chunk(), Some(b"one".to_vec()));
    assert_eq!(server.opened(), id);
}

#[test]
fn a_response_that_only_announces_another_is_the_handlers_fault() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    assert_eq!(client.get("/early").status, 500);
    client.expect_end();
}

#[test]
fn a_panic_over_a_body_is_500_and_no_other_connection_notices() {
    let server = Staged::start(|config| config.workers = 1);
    let mut other = Client::dial(server.address);
    other.get("/a");
    let mut client = Client::dial(server.address);
    client.write("POST /panic HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(client.answer().status, 500);
    assert_eq!(other.get("/b").text(), "this is /b\n");
}

#[test]
fn a_shutdown_lets_requests_that_wait_have_their_answer() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    let mut idle = Client::dial(server.address);
    idle.get("/a");
    client.write("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    let id = server.waiting();
    server.remote.shut_down(super::PATIENCE);
    idle.expect_end();
    server.remote.respond(id, text("the last\n")).expect("the server runs");
    let answer = client.answer();
    assert_eq!(
        (answer.text().as_str(), answer.header("connection")),
        ("the last\n", Some("close"))
    );
    client.expect_end();
}
