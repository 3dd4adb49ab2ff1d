//! How the server ends: in order, at once, and killed; and what its clients see of each other before.

use crate::client::{self, WebSocket};
use crate::sockeye::Sockeye;

#[test]
fn sigterm_sigint_and_sighup_without_tls_close_every_client_with_1001_and_end_with_code_0() {
    for signal in ["TERM", "INT", "HUP"] {
        let mut server = Sockeye::start();
        let mut clients: Vec<WebSocket> =
            (0..10).map(|_| WebSocket::open(server.address, "/echo")).collect();
        server.signal(signal);
        for client in &mut clients {
            assert_eq!(client.frame(), (0x8, b"\x03\xE9the server shuts down".to_vec()));
        }
        // It waits for them.
        assert!(server.is_running());
        for mut client in clients {
            client.send(0x8, &[3, 233]);
            client.expect_end();
        }
        assert_eq!(server.wait(), Some(0));
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Sockeye::start();
    let mut client = WebSocket::open(server.address, "/echo");
    server.signal("TERM");
    assert_eq!(client.frame().0, 0x8);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(1));
}

#[test]
fn a_server_that_drains_says_so_and_serves_until_it_shuts_down() {
    let mut server = Sockeye::start_with(&["--drain", "3600"]);
    let ready = |server: &Sockeye| client::get(server.address, "GET", "/readyz");
    assert_eq!((ready(&server).0, &*ready(&server).2), (200, "ok\n"));
    let mut before = WebSocket::open(server.address, "/echo");
    server.signal("TERM");
    server.wait_until_said("draining: /readyz says so for 3600 s");
    assert_eq!((ready(&server).0, &*ready(&server).2), (503, "shutting down\n"));
    assert_eq!(client::get(server.address, "GET", "/livez").0, 200);
    let mut meanwhile = WebSocket::open(server.address, "/echo");
    for client in [&mut before, &mut meanwhile] {
        client.send(0x1, b"still there?");
        assert_eq!(client.frame(), (0x1, b"still there?".to_vec()));
    }
    server.signal("TERM");
    assert_eq!(server.wait(), Some(1));

    let mut server = Sockeye::start_with(&["--drain", "1"]);
    let mut client = WebSocket::open(server.address, "/echo");
    server.signal("TERM");
    assert_eq!(client.frame(), (0x8, b"\x03\xE9the server shuts down".to_vec()));
    client.send(0x8, &[3, 233]);
    client.expect_end();
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_killed_server_leaves_nothing_behind_that_hinders_the_next() {
    let mut server = Sockeye::start();
    let mut client = WebSocket::open(server.address, "/echo");
    client.send(0x1, b"hello");
    assert_eq!(client.frame(), (0x1, b"hello".to_vec()));
    server.signal("KILL");
    assert_eq!(server.wait(), None, "a signal ended it");
    // The same address and the same ports file, which is there still.
    let next = Sockeye::start_again(&server);
    let mut client = WebSocket::open(next.address, "/echo");
    client.send(0x1, b"again");
    assert_eq!(client.frame(), (0x1, b"again".to_vec()));
}

#[test]
fn clients_on_a_topic_hear_each_other_and_not_themselves() {
    let server = Sockeye::start();
    let mut one = WebSocket::open(server.address, "/topic/news");
    let mut two = WebSocket::open(server.address, "/topic/news");
    let mut elsewhere = WebSocket::open(server.address, "/topic/weather");
    for number in 0..100 {
        one.send(0x1, format!("one {number}").as_bytes());
        two.send(0x2, format!("two {number}").as_bytes());
    }
    elsewhere.send(0x9, b"nothing?");
    for number in 0..100 {
        assert_eq!(two.frame(), (0x1, format!("one {number}").into_bytes()));
        assert_eq!(one.frame(), (0x2, format!("two {number}").into_bytes()));
    }
    assert_eq!(elsewhere.frame(), (0xA, b"nothing?".to_vec()));
}
