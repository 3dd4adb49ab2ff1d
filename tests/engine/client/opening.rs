//! The opening handshake over a stream: what is asked, every cut of the answer, and every way to refuse.

use super::script::{ACCEPT, in_pieces, response};
use super::{End, Script, Step, config, owned};
use crate::support::{Frame, every_chunking};
use sockeye::WebSocket;
use sockeye::client::{ConnectError, Proxy};
use sockeye::protocol::CloseCode;
use sockeye::protocol::handshake::ClientHandshakeError;
use sockeye::protocol::http::{HeadError, Status, parse_head};
use std::io::ErrorKind;

#[test]
fn the_request_is_the_one_that_was_configured() {
    let mut config = config();
    config.uri = "ws://[::1]:8000/a?b=c".parse().unwrap();
    config.subprotocols = vec!["v2".to_owned(), "v1".to_owned()];
    config.headers.push(("Origin".to_owned(), "http://page".to_owned()));
    let (script, written) =
        Script::new([Step::Bytes(response("sec-websocket-protocol: v1\r\n", b""))]);
    let socket = WebSocket::handshake(script, &config).unwrap();
    assert_eq!(socket.subprotocol(), Some("v1"));
    let request = written.borrow();
    let (request, _) = parse_head(&request).unwrap().unwrap();
    assert_eq!(request.target(), "/a?b=c");
    assert_eq!(request.host(), Some("[::1]:8000"));
    assert_eq!(request.subprotocols().collect::<Vec<_>>(), ["v2", "v1"]);
    assert_eq!(request.origin(), Some(b"http://page".as_slice()));
}

#[test]
fn every_handshake_has_a_key_of_its_own() {
    let key = || {
        let (script, written) = Script::new([Step::Bytes(response("", b""))]);
        WebSocket::handshake(script, &config()).unwrap();
        let request = written.borrow();
        let (request, _) = parse_head(&request).unwrap().unwrap();
        request.header("sec-websocket-key").unwrap().to_vec()
    };
    let keys: std::collections::HashSet<_> = (0..1000).map(|_| key()).collect();
    assert_eq!(keys.len(), 1000);
}

#[test]
fn the_answer_and_the_frames_behind_it_may_come_in_any_pieces() {
    let frames = [
        Frame::text("hi").encode(None),
        Frame::binary([7; 300]).unfinished().encode(None),
        Frame::ping("are you there").encode(None),
        Frame::continuation([8; 5]).encode(None),
        Frame::close(1000, "bye").encode(None),
    ];
    let bytes = response("", &frames.concat());
    let (messages, code) = every_chunking(&bytes, |chunks| {
        let (script, _) = Script::new(in_pieces(chunks));
        let mut socket = WebSocket::handshake(script, &config()).unwrap();
        let mut messages = Vec::new();
        while let Some(message) = socket.receive().unwrap() {
            messages.push(owned(message));
        }
        (messages, socket.close_frame().map(|frame| frame.code))
    });
    let binary = [&[7; 300][..], &[8; 5]].concat();
    assert_eq!(messages, [(true, b"hi".to_vec()), (false, binary)]);
    assert_eq!(code, Some(CloseCode::NORMAL));
}

#[test]
fn a_wrong_answer_to_the_key_is_refused_in_any_pieces() {
    for wrong in ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "", "AAAA"] {
        let bytes = response("", b"");
        let at = bytes.windows(ACCEPT.len()).position(|window| window == ACCEPT).unwrap();
        let bytes = [&bytes[..at], wrong.as_bytes(), &bytes[at + ACCEPT.len()..]].concat();
        every_chunking(&bytes, |chunks| {
            let error = refused(in_pieces(chunks));
            assert_eq!(handshake_error(error), ClientHandshakeError::AcceptInvalid);
        });
    }
}

#[test]
fn what_was_not_offered_is_refused() {
    for (header, expected) in [
        ("Sec-WebSocket-Protocol: chat\r\n", ClientHandshakeError::SubprotocolNotOffered),
        (
            "Sec-WebSocket-Extensions: permessage-deflate\r\n",
            ClientHandshakeError::ExtensionNotOffered,
        ),
    ] {
        let error = refused([Step::Bytes(response(header, b""))]);
        assert_eq!(handshake_error(error), expected);
    }
}

#[test]
fn a_refusal_says_its_status_and_what_it_asks_for() {
    for (line, sentence) in [
        ("200 OK", "the server answered 200 OK, not 101: this path is no WebSocket"),
        (
            "302 Found",
            "the server answered 302, not 101: it wants another address to be asked, and redirects are not followed",
        ),
        (
            "401 Unauthorized",
            "the server answered 401 Unauthorized, not 101: it wants credentials, or others than these",
        ),
        (
            "503 Service Unavailable",
            "the server answered 503 Service Unavailable, not 101: come back later",
        ),
    ] {
        let response = format!("HTTP/1.1 {line}\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
        let error = refused([Step::Bytes(response.into_bytes())]);
        assert_eq!(error.to_string(), sentence);
        let number = line[..3].parse().unwrap();
        let expected = ClientHandshakeError::Refused(Status::new(number).unwrap());
        assert_eq!(handshake_error(error), expected);
    }
}

#[test]
fn garbage_and_endless_heads_are_refused() {
    let error = refused([Step::Bytes(b"SSH-2.0-OpenSSH".to_vec())]);
    assert_eq!(handshake_error(error), ClientHandshakeError::StatusLineInvalid);
    let endless = [b"HTTP/1.1 101 S\r\nX: ".as_slice(), &[b'x'; 1 << 20]].concat();
    let error = refused([Step::Bytes(endless)]);
    assert_eq!(handshake_error(error), ClientHandshakeError::Head(HeadError::TooBig));
}

#[test]
fn a_server_that_ends_the_connection_in_the_handshake_is_said_to_have() {
    let error = refused([]);
    assert_eq!(
        error.to_string(),
        "the server ended the connection without an answer to the opening handshake"
    );
    assert_eq!(io_kind(error), ErrorKind::UnexpectedEof);
    let whole = response("", b"");
    let error = refused([Step::Bytes(whole[..whole.len() - 1].to_vec())]);
    assert_eq!(
        error.to_string(),
        "the server ended the connection in the middle of its answer to the opening handshake"
    );
}

#[test]
fn a_stream_that_fails_waits_or_takes_nothing_fails_the_handshake() {
    let error = refused([Step::Fail(ErrorKind::ConnectionReset)]);
    assert_eq!(io_kind(error), ErrorKind::ConnectionReset);
    let (script, _) = Script::new([]);
    let error = WebSocket::handshake(script.ending(End::Silence), &config()).unwrap_err();
    assert_eq!(io_kind(error), ErrorKind::TimedOut);
    let (script, _) = Script::new([Step::Bytes(response("", b""))]);
    let error = WebSocket::handshake(script.taking(10), &config()).unwrap_err();
    assert_eq!(io_kind(error), ErrorKind::BrokenPipe);
}

#[test]
fn an_interrupted_read_is_tried_again() {
    let interrupted = || Step::Fail(ErrorKind::Interrupted);
    let bytes = response("", &Frame::text("hi").encode(None));
    let (head, behind) = bytes.split_at(bytes.len() - 2);
    let steps = [head, behind].map(|part| [interrupted(), Step::Bytes(part.to_vec())]);
    let (script, _) = Script::new(steps.into_iter().flatten());
    let mut socket = WebSocket::handshake(script, &config()).unwrap();
    assert_eq!(owned(socket.receive().unwrap().unwrap()), (true, b"hi".to_vec()));
}

#[test]
fn what_our_caller_must_not_send_is_not_sent() {
    let mut smuggling = config();
    smuggling.headers.push(("X".to_owned(), "a\r\nY: b".to_owned()));
    let mut unnamed = config();
    unnamed.subprotocols.push("a b".to_owned());
    for config in [smuggling, unnamed] {
        let (script, written) = Script::new([]);
        let error = WebSocket::handshake(script, &config).unwrap_err();
        assert!(matches!(error, ConnectError::Request(_)), "{error}");
        assert_eq!(*written.borrow(), b"");
    }
    let mut config = config();
    config.close_timeout = std::time::Duration::ZERO;
    let (script, _) = Script::new([]);
    let error = WebSocket::handshake(script, &config).unwrap_err();
    assert_eq!(error.to_string(), "close_timeout must be over zero and at most 30 days");
}

#[test]
fn what_is_printed_for_people_has_no_secrets() {
    let mut config = config();
    config.headers.push(("Authorization".to_owned(), "Bearer hunter2".to_owned()));
    config.proxy = Some(Proxy::new("proxy", 3128).with_credentials("me", "hunter2"));
    let tunnel = config.proxy.as_ref().unwrap().tunnel(&config.uri).unwrap();
    let printed = format!("{config:?} {tunnel:?}");
    assert!(printed.contains("Authorization") && printed.contains("proxy"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
}

fn refused(steps: impl IntoIterator<Item = Step>) -> ConnectError {
    let (script, _) = Script::new(steps);
    WebSocket::handshake(script, &config()).expect_err("no WebSocket")
}

fn handshake_error(error: ConnectError) -> ClientHandshakeError {
    match error {
        ConnectError::Handshake(error) => error,
        error => panic!("{error}"),
    }
}

fn io_kind(error: ConnectError) -> ErrorKind {
    match error {
        ConnectError::Io(error) => error.kind(),
        error => panic!("{error}"),
    }
}
