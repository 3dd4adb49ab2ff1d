//! How a WebSocket of ours is opened.

use super::{Noted, Scripted, Staged, accept_answer};
use sockeye::client::Proxy;

#[test]
fn the_request_says_what_was_configured() {
    let (worker, server) = (Staged::start(|_| {}), Scripted::listen());
    let address = server.address();
    worker.connect(address, |config| {
        config.subprotocols = vec!["chat.v2".to_owned(), "chat.v1".to_owned()];
        config.headers = vec![("Origin".to_owned(), "http://a".to_owned())];
    });
    let mut peer = server.accept();
    let head = peer.head();
    assert!(head.starts_with("GET /echo HTTP/1.1\r\n"), "{head}");
    for line in [
        format!("Host: {address}"),
        "Sec-WebSocket-Protocol: chat.v2, chat.v1".to_owned(),
        "Origin: http://a".to_owned(),
        "Sec-WebSocket-Version: 13".to_owned(),
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line:?} is not in {head}");
    }
    let chosen = "\r\nSec-WebSocket-Protocol: chat.v1\r\n\r\n";
    peer.write(accept_answer(&head).replace("\r\n\r\n", chosen));
    assert_eq!(worker.noted(), Noted::Accepted(Some("chat.v1".to_owned())));
}

#[test]
fn frames_in_the_packet_of_the_answer_are_not_lost() {
    let (worker, server) = (Staged::start(|_| {}), Scripted::listen());
    worker.connect(server.address(), |_| {});
    let mut peer = server.accept();
    let answer = accept_answer(&peer.head());
    peer.write([answer.as_bytes(), b"\x81\x02hi"].concat());
    assert_eq!(worker.noted(), Noted::Accepted(None));
    assert!(matches!(worker.noted(), Noted::Opened(_)));
    assert_eq!(worker.noted(), Noted::Message(b"hi".to_vec()));
}

#[test]
fn an_answer_may_arrive_byte_by_byte_and_behind_interim_ones() {
    let (worker, server) = (Staged::start(|_| {}), Scripted::listen());
    worker.connect(server.address(), |_| {});
    let mut peer = server.accept();
    let answer = accept_answer(&peer.head());
    for byte in format!("HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n{answer}\u{1}").bytes() {
        peer.write([byte]);
    }
    assert_eq!(worker.noted(), Noted::Accepted(None));
}

#[test]
fn a_proxy_is_asked_for_a_tunnel_first() {
    let (worker, proxy) = (Staged::start(|_| {}), Scripted::listen());
    worker.connect(proxy.address(), |config| {
        config.uri = "ws://chat.example/room".parse().expect("an address");
        let address = proxy.address();
        let proxy = Proxy::new(address.ip().to_string(), address.port());
        config.proxy = Some(proxy.with_credentials("ann", "secret"));
    });
    let mut peer = proxy.accept();
    let head = peer.head();
    assert!(head.starts_with("CONNECT chat.example:80 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nProxy-Authorization: Basic YW5uOnNlY3JldA==\r\n"), "{head}");
    peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
    let head = peer.head();
    assert!(head.starts_with("GET /room HTTP/1.1\r\nHost: chat.example\r\n"), "{head}");
    peer.write(accept_answer(&head));
    assert_eq!(worker.noted(), Noted::Accepted(None));
}
