//! Peers that do not speak TLS, or badly, on the simulated network.

use crate::simulation::{Client, World, secure};
use crate::support::Random;
use crate::support::certificates::{BOTH_VERSIONS, authority};
use sockeye::Config;
use sockeye::driver::{Peer, Stream};
use sockeye::tls::rustls::ClientConnection;
use std::sync::Arc;
use std::time::Duration;

/// One worker with TLS, and a connection to it that speaks none.
fn world() -> (World, Peer) {
    let mut config = Config::default();
    config.tls = Some(secure());
    let world = World::calm(&config);
    let peer = world.networks[0].connect();
    (world, peer)
}

fn settle(world: &mut World) {
    let mut nobody: [Client; 0] = [];
    world.settle(&mut nobody);
}

fn sleep(world: &mut World, time: Duration) {
    let mut nobody: [Client; 0] = [];
    world.sleep(time, &mut nobody);
}

#[test]
fn plain_http_is_answered_with_a_400_that_says_what_to_do() {
    for request in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "P", "get"] {
        let (mut world, peer) = world();
        peer.write(request.as_bytes());
        settle(&mut world);
        let answer = String::from_utf8(peer.read(10_000)).expect("plain text");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.ends_with("\r\n\r\nthis port speaks TLS: use https:// or wss://\n"));
        assert_eq!(peer.incoming(), Stream::Ended);
        // What it still sends is not looked at.
        peer.write(b"more");
        peer.end();
        settle(&mut world);
        assert!(world.workers[0].holdings().is_nothing());
    }
}

#[test]
fn what_is_neither_tls_nor_http_gets_an_alert_and_the_end_of_the_stream() {
    // A record of an unknown type; part of a handshake, and then such a record.
    for garbage in
        [&b"\x99\x03\x01\x00\x05hello"[..], b"\x16\x03\x01\x00\x02\x01\x00\xff\xff\xff\xff\xff"]
    {
        for step in [1, 3, garbage.len()] {
            let (mut world, peer) = world();
            for piece in garbage.chunks(step) {
                peer.write(piece);
                settle(&mut world);
            }
            let alert = peer.read(100);
            // RFC 8446 6: type 21, in clear, and fatal.
            assert!(alert.len() == 7 && alert[0] == 21 && alert[5] == 2, "{alert:?}");
            assert_eq!(peer.incoming(), Stream::Ended);
            peer.end();
            settle(&mut world);
            assert!(world.workers[0].holdings().is_nothing());
        }
    }
}

#[test]
fn whatever_a_peer_sends_in_place_of_a_handshake_breaks_nothing() {
    let hello = hello();
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let (mut world, peer) = world();
        let mut bytes = hello.clone();
        for _ in 0..random.range(1, 5) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes.truncate(at.max(1)),
                _ => {
                    let more = random.range(1, 40);
                    let more = random.bytes(more);
                    bytes.splice(at..at, more);
                }
            }
        }
        let step = random.range(1, bytes.len() + 1);
        for piece in bytes.chunks(step) {
            peer.write(piece);
            settle(&mut world);
        }
        sleep(&mut world, Config::default().handshake_timeout + Duration::from_secs(6));
        assert!(world.workers[0].holdings().is_nothing(), "seed {seed}");
    }
}

/// The first flight of a client.
fn hello() -> Vec<u8> {
    let config = Arc::new(authority().client_config(BOTH_VERSIONS));
    let name = "sim".try_into().expect("a name");
    let mut connection = ClientConnection::new(config, name).expect("a configuration");
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).expect("a vector takes all");
    hello
}

#[test]
fn who_does_not_end_its_handshake_in_time_is_dropped() {
    let (mut world, peer) = world();
    let hello = hello();
    let time = Config::default().handshake_timeout;
    // A byte now and then moves no deadline.
    for byte in &hello[..9] {
        peer.write(&[*byte]);
        sleep(&mut world, time / 10);
    }
    assert_eq!((world.connections(), peer.incoming()), (1, Stream::Open));
    sleep(&mut world, time / 10 + Duration::from_millis(200));
    assert_eq!(peer.incoming(), Stream::Ended);
    assert_eq!(peer.readable(), 0, "there is nothing that it would understand");
    sleep(&mut world, Config::default().close_timeout + Duration::from_millis(200));
    assert!(world.workers[0].holdings().is_nothing());
}

#[test]
fn the_time_of_the_handshake_and_of_the_request_is_one() {
    let mut config = Config::default();
    config.tls = Some(secure());
    let mut world = World::calm(&config);
    let mut client = Client::over(world.line(0));
    client.raw(b"GET / HTTP/1.1\r\n");
    world.settle(std::slice::from_mut(&mut client));
    let answered = world.sleep_until(&mut client, |client| client.status.is_some());
    assert_eq!(client.status, Some(408), "the handshake is over, so it can be told");
    assert!(answered <= config.handshake_timeout + Duration::from_millis(128), "{answered:?}");
}
