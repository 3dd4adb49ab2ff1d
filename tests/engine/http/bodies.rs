//! Bodies of requests, RFC 9112 sections 6 and 7.

use super::{Client, Noted, Staged};
use std::time::Duration;

#[test]
fn a_body_of_known_size_and_one_in_chunks_arrive_whole() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(client.answer().text(), "hello");
    client.write("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in ["5\r\nhel", "lo\r\n1;x=y\r", "\n!\r\n", "0\r\nTrailer: x\r\n", "\r\n"] {
        client.write(piece);
    }
    assert_eq!(client.answer().text(), "hello!");
    client.write("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.answer().text(), "");
    assert_eq!(client.get("/body").text(), "");
    let large = vec![b'y'; 900_000];
    client.write(format!(
        "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        large.len()
    ));
    client.write(&large);
    assert!(client.answer().body == large);
}

#[test]
fn a_body_is_given_in_pieces_no_larger_than_one_receive() {
    let server = Staged::start(|config| config.body_bytes_max = 8 << 20);
    let mut client = Client::dial(server.address);
    let size = 4 << 20;
    client.write(format!("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n"));
    client.write(vec![1; size]);
    let mut given = 0;
    while given < size {
        let Noted::Body(piece) = server.noted() else { panic!("a piece") };
        assert!(piece.len() <= sockeye::limits::RECEIVE_SIZE);
        given += piece.len();
    }
    assert_eq!(server.noted(), Noted::Body(b"0".to_vec()));
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_body_over_the_bound_gets_413_and_the_end() {
    let server = Staged::start(|config| config.body_bytes_max = 10);
    for request in [
        "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n",
        "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n",
    ] {
        let mut client = Client::dial(server.address);
        client.write(request);
        let answer = client.answer();
        assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));
        client.expect_end();
    }
    assert_eq!(server.noted(), Noted::Closed("/body 1006 Lost".to_owned()));
}

#[test]
fn a_body_that_does_not_arrive_gets_408() {
    let server = Staged::start(|config| config.message_timeout = Duration::from_millis(50));
    let mut client = Client::dial(server.address);
    client.write("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    assert_eq!(client.answer().status, 408);
    client.expect_end();
    assert_eq!(server.noted(), Noted::Closed("/body 1006 TimedOut".to_owned()));
}

#[test]
fn a_client_that_expects_to_be_told_is_told_to_go_on() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    let head = "HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    client.write(format!("POST /body {head}"));
    assert_eq!(client.head().status, 100);
    client.write("hello");
    assert_eq!(client.answer().text(), "hello");
    // Nobody wants this body: the client is told at once, and may not be able to say whether it sent it.
    client.write(format!("POST /a {head}"));
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    client.expect_end();
    let mut client = Client::dial(server.address);
    client
        .write("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: a miracle\r\n\r\n");
    assert_eq!(client.answer().status, 417);
}

#[test]
fn a_small_body_that_nobody_wants_is_read_over_and_a_large_one_ends_the_connection() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    assert_eq!(client.answer().text(), "this is /a\n");
    client.write("loGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().text(), "this is /b\n");
    client
        .write("POST /hasty HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    assert_eq!(client.answer().text(), "enough\n");
    client.write("3\r\ndef\r\n0\r\n\r\n");
    assert_eq!(client.get("/c").text(), "this is /c\n");
    client.write("POST /d HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    assert_eq!(client.answer().header("connection"), Some("close"));
    client.expect_end();
}

#[test]
fn chunks_without_an_end_that_nobody_wants_end_the_connection() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(client.answer().text(), "this is /a\n");
    let chunk = [b"400\r\n".as_slice(), &[b'x'; 0x400], b"\r\n"].concat();
    for _ in 0..100 {
        client.write(&chunk);
    }
    client.expect_end();
}

#[test]
fn a_client_that_leaves_in_its_body_is_told_of() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    client.end();
    assert_eq!(server.noted(), Noted::Closed("/body 1006 Lost".to_owned()));
    client.expect_end();
}

#[test]
fn framing_that_two_readers_could_read_differently_gets_400_and_the_end() {
    let server = Staged::start(|_| {});
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: -1",
        "Content-Length: 99999999999999999999",
        "Content-Length : 5",
        "A: b\r\n c",
        "A: b\0c",
        "Transfer-Encoding: identity",
    ] {
        let mut client = Client::dial(server.address);
        // Behind a good one, on the same connection.
        client.get("/a");
        client.write(format!("POST /body HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\nhello"));
        let answer = client.answer();
        assert_eq!((answer.status, answer.header("connection")), (400, Some("close")), "{headers}");
        client.expect_end();
    }
}

#[test]
fn a_body_against_the_grammar_gets_400_and_the_end() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\n");
    assert_eq!(client.answer().status, 400);
    client.expect_end();
    assert_eq!(server.noted(), Noted::Closed("/body 1006 Lost".to_owned()));
}
