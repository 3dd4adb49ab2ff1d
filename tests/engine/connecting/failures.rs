//! What becomes of connections that cannot be made: the handler is told, once, and nothing is left.

use super::{Noted, PATIENCE, Scripted, Staged};
use sockeye::client::Proxy;
use std::net::TcpListener;
use std::time::Duration;

#[test]
fn nobody_listens() {
    let worker = Staged::start(|_| {});
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr();
    worker.connect(closed.expect("it was bound"), |_| {});
    assert!(worker.failure().contains("refused"));
}

#[test]
fn the_server_refuses() {
    let (worker, server) = (Staged::start(|_| {}), Scripted::listen());
    for (answer, expected) in [
        ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "401"),
        ("HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n", "302"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "HTTP"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
            "Accept",
        ),
    ] {
        worker.connect(server.address(), |_| {});
        let mut peer = server.accept();
        peer.head();
        peer.write(answer);
        let failure = worker.failure();
        assert!(failure.contains(expected), "{failure}");
        peer.expect_end();
    }
}

#[test]
fn the_server_ends_before_it_has_answered() {
    let (worker, server) = (Staged::start(|_| {}), Scripted::listen());
    for beginning in ["", "HTTP/1.1 101 Swi"] {
        worker.connect(server.address(), |_| {});
        let mut peer = server.accept();
        peer.head();
        peer.write(beginning);
        drop(peer);
        assert!(worker.failure().contains("ended before"));
    }
}

#[test]
fn the_server_says_nothing() {
    let (worker, server) = (Staged::start(|_| {}), Scripted::listen());
    worker.connect(server.address(), |config| {
        config.handshake_timeout = Duration::from_millis(50);
    });
    let mut peer = server.accept();
    assert!(worker.failure().contains("longer than it may"));
    peer.head();
    peer.expect_end();
}

#[test]
fn the_proxy_wants_credentials() {
    let (worker, proxy) = (Staged::start(|_| {}), Scripted::listen());
    worker.connect(proxy.address(), |config| config.proxy = Some(Proxy::new("127.0.0.1", 1)));
    let mut peer = proxy.accept();
    peer.head();
    peer.write("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    assert!(worker.failure().contains("407"));
}

#[test]
fn what_is_wrong_with_the_request_is_said_at_once() {
    let worker = Staged::start(|_| {});
    let address = worker.address;
    worker.connect(address, |config| config.subprotocols = vec!["two words".to_owned()]);
    assert!(worker.failure().starts_with("at once: "));
    worker.connect(address, |config| {
        config.uri = "wss://a/".parse().expect("an address");
    });
    assert!(worker.failure().contains("TLS"));
}

#[test]
fn a_worker_that_is_full_makes_no_more() {
    let worker = Staged::start(|config| config.connections_per_worker_max = 1);
    let server = Scripted::listen();
    worker.connect(server.address(), |_| {});
    worker.connect(server.address(), |_| {});
    assert!(worker.failure().contains("connections_per_worker_max"));
}

#[test]
fn a_shutdown_gives_up_what_is_under_way() {
    let (worker, server) = (Staged::start(|_| {}), Scripted::listen());
    worker.connect(server.address(), |_| {});
    let mut peer = server.accept();
    peer.head();
    // In the same batch of mail: nothing was dialled yet.
    worker.connect(server.address(), |_| {});
    worker.remote.shut_down(PATIENCE);
    for _ in 0..2 {
        assert!(worker.failure().contains("shuts down"));
    }
    peer.expect_end();
}

#[test]
fn the_server_turns_to_something_else_after_the_answer() {
    let (worker, server) = (Staged::start(|_| {}), Scripted::listen());
    worker.connect(server.address(), |_| {});
    let mut peer = server.accept();
    let answer = super::accept_answer(&peer.head());
    // A masked frame: only clients mask.
    peer.write([answer.as_bytes(), b"\x81\x82\0\0\0\0hi"].concat());
    assert_eq!(worker.noted(), Noted::Accepted(None));
    assert!(matches!(worker.noted(), Noted::Opened(_)));
    assert!(matches!(worker.noted(), Noted::Closed(1002, _)));
    assert_eq!(peer.frame().2[..2], 1002_u16.to_be_bytes());
}
