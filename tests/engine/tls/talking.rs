//! Messages of all sizes over TLS, to peers of all tempers.

use super::stage::{Client, Noted, serve};
use crate::simulation::{Client as Simulated, World, secure};
use crate::support::certificates::authority;
use crate::support::{Frame, KEY};
use sockeye::driver::{Stream, Weather};
use sockeye::{Config, WhenFull};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

#[test]
fn messages_of_all_sizes_come_back() {
    let server = serve(authority().server(&["localhost"]).tls_server(), |config| {
        config.message_bytes_max = 3 << 20;
        config.send_queue_bytes_max = 6 << 20;
    });
    let mut client = Client::new(server.address).open("/");
    for size in [0, 1, 125, 16_383, 16_384, 16_385, 65_536, 65_600, 1 << 20, 3 << 20] {
        let payload: Vec<u8> = (0..size).map(|index| (index * 7 % 251) as u8).collect();
        client.echo(&payload);
    }
}

#[test]
fn what_is_pipelined_comes_back_in_order() {
    let server = serve(authority().server(&["localhost"]).tls_server(), |_| {});
    let mut client = Client::new(server.address).open("/");
    let frames: Vec<Frame> =
        (0..500_u32).map(|number| Frame::binary(number.to_be_bytes())).collect();
    for frame in &frames {
        client.0.write_all(&frame.encode(Some([1, 2, 3, 4]))).expect("the server takes it");
    }
    for frame in &frames {
        let expected = frame.encode(None);
        assert_eq!(client.take(expected.len()), expected);
    }
}

#[test]
fn keys_change_before_between_and_behind_the_messages_of_one_read() {
    let server = serve(authority().server(&["localhost"]).tls_server(), |_| {});
    let mut client = Client::new(server.address).open("/");
    let frames = ["one", "two", "three"].map(Frame::binary);
    // Whether keys that changed behind the last message serve is seen in the round after it.
    for place in (0..=frames.len()).chain([0]) {
        let tls = &mut client.0.conn;
        let mut records = Vec::new();
        for number in 0..=frames.len() {
            if number == place {
                // RFC 8446 section 4.6.3: it asks the peer to change its own, too.
                tls.refresh_traffic_keys().expect("the handshake is over");
            }
            if let Some(frame) = frames.get(number) {
                tls.writer().write_all(&frame.encode(Some(KEY))).expect("it takes some");
            }
            while tls.wants_write() {
                tls.write_tls(&mut records).expect("a vector takes all");
            }
        }
        client.0.sock.write_all(&records).expect("the server takes it");
        for frame in &frames {
            let expected = frame.encode(None);
            assert_eq!(client.take(expected.len()), expected, "keys changed at {place}");
        }
    }
}

#[test]
fn a_record_that_does_not_end_in_time_is_a_message_that_does_not() {
    let server = serve(authority().server(&["localhost"]).tls_server(), |config| {
        config.message_timeout = Duration::from_millis(200);
    });
    let mut client = Client::new(server.address).open("/");
    let frame = Frame::binary(b"whole");
    let mut records = Vec::new();
    for _ in 0..2 {
        let tls = &mut client.0.conn;
        tls.writer().write_all(&frame.encode(Some([1, 2, 3, 4]))).expect("it takes some");
        tls.write_tls(&mut records).expect("a vector takes all");
    }
    // In one read come a message that is whole, and most of the next one's record.
    client.0.sock.write_all(&records[..records.len() - 1]).expect("the server takes it");
    assert_eq!(client.take(7), frame.encode(None));
    let reason = "the message did not arrive in time";
    let close = Frame::close(1008, reason).encode(None);
    assert_eq!(client.take(close.len()), close);
}

#[test]
fn the_end_of_a_stream_is_told_by_tls_before_tcp_on_both_sides() {
    let server = serve(authority().server(&["localhost"]).tls_server(), |_| {});
    let mut client = Client::new(server.address).open("/");
    client.send(&Frame::close(1000, ""));
    let mut rest = Vec::new();
    // rustls answers an end without the alert with an error.
    client.0.read_to_end(&mut rest).expect("the end was told");
    assert_eq!(rest, b"\x88\x02\x03\xe8");
    assert_eq!(server.noted(), Noted::Asked(true, 0));
    assert_eq!(server.noted(), Noted::Opened);
    assert_eq!(server.noted(), Noted::Closed(1000, "Peer".to_owned()));
}

#[test]
fn an_end_without_a_close_frame_is_a_loss_with_the_alert_or_without() {
    let server = serve(authority().server(&["localhost"]).tls_server(), |_| {});
    for says_so in [true, false] {
        let mut client = Client::new(server.address).open("/");
        if says_so {
            client.0.conn.send_close_notify();
            client.0.conn.complete_io(&mut client.0.sock).expect("the server takes it");
        } else {
            client.0.sock.shutdown(Shutdown::Write).expect("it is open");
        }
        let mut rest = Vec::new();
        client.0.read_to_end(&mut rest).expect("the end was told");
        assert_eq!(rest, b"");
        assert_eq!(server.noted(), Noted::Asked(true, 0));
        assert_eq!(server.noted(), Noted::Opened);
        assert_eq!(server.noted(), Noted::Closed(1006, "Lost".to_owned()));
    }
}

/// Little fits into the kernel.
fn narrow() -> Weather {
    Weather { kernel_bytes_max: 20_000, ..Weather::calm() }
}

fn config(when_full: WhenFull) -> Config {
    let mut config = Config::default();
    config.message_bytes_max = 100_000;
    config.send_queue_bytes_max = 400_000;
    config.when_full = when_full;
    config.tls = Some(secure());
    config
}

#[test]
fn a_slow_peer_has_one_batch_encrypted_and_the_rest_as_plaintext() {
    // Many messages, and few that are longer than a batch.
    for (count, size) in [(300, 1_000), (3, 100_000)] {
        let mut world = World::new(0, 1, &narrow(), &config(WhenFull::Refuse));
        let mut client = world.client("/flood/0");
        client.is_reading = false;
        client.text(&format!("{count} {size}"));
        world.settle(std::slice::from_mut(&mut client));
        let holdings = world.workers[0].holdings();
        assert!(holdings.backlog_bytes > 200_000, "{holdings:?}");
        // 64 KiB and what records add to them.
        assert!((1..=65_536 + 4 * 22).contains(&holdings.record_bytes), "{holdings:?}");
        client.is_reading = true;
        world.settle(std::slice::from_mut(&mut client));
        assert_eq!(client.messages.len(), count);
        let holdings = world.workers[0].holdings();
        assert_eq!((holdings.backlog_bytes, holdings.record_bytes), (0, 0));
    }
}

#[test]
fn who_cannot_take_what_it_is_sent_is_closed_with_1013() {
    let mut world = World::new(0, 1, &narrow(), &config(WhenFull::Close));
    let mut client = world.client("/flood/0");
    client.is_reading = false;
    client.text("600 1000");
    world.settle(std::slice::from_mut(&mut client));
    client.is_reading = true;
    world.settle(std::slice::from_mut(&mut client));
    assert_eq!((client.closed, client.incoming()), (Some(1013), Stream::Ended));
}

#[test]
fn subscribers_behind_tls_get_what_the_others_publish() {
    let mut world = World::new(0, 2, &Weather::rough(), &config(WhenFull::Close));
    let mut clients: Vec<Simulated> = (0..6)
        .map(|number| {
            let mut client = Simulated::over(world.line(number % 2));
            client.request(&format!("/topic/{number}"));
            client
        })
        .collect();
    world.settle(&mut clients);
    for (number, client) in clients.iter_mut().enumerate() {
        for index in 0..20 {
            client.text(&format!("{number}:{index}:{}", "x".repeat(index * 30)));
        }
    }
    world.settle(&mut clients);
    for client in &clients {
        assert_eq!(client.messages.len(), 5 * 20);
    }
}

#[test]
fn an_idle_connection_keeps_no_buffer() {
    let mut config = config(WhenFull::Close);
    config.tls = Some(secure());
    let mut world = World::new(0, 1, &Weather::rough(), &config);
    let mut client = world.client("/echo/0");
    client.text(&"x".repeat(90_000));
    world.settle(std::slice::from_mut(&mut client));
    assert_eq!(client.messages.len(), 1);
    assert_eq!(world.workers[0].holdings().record_bytes, 0);
}
