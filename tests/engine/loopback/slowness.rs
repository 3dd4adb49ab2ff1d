//! Peers that do not read: what waits for them is bounded, and nobody else waits.

use super::{BINARY, Client, FINAL, Noted, frame, serve};
use sockeye::handler::CloseCause;
use sockeye::{Config, WhenFull};

/// A send queue of 256 KiB, and messages of at most 64 KiB.
fn small_queues(config: &mut Config) {
    config.message_bytes_max = 64 * 1024;
    config.send_queue_bytes_max = 256 * 1024;
    config.read_pause_bytes = 128 * 1024;
}

#[test]
fn a_full_queue_closes_its_connection_with_1013_and_no_other() {
    let server = serve(small_queues);
    let mut other = Client::open(server.address, "/echo");
    let mut slow = Client::open_narrow(server.address, "/");
    // In one call nothing leaves, so what is accepted is what the queue holds.
    slow.say("flood 1000 10000");
    let (accepted, backlog) = server.log.wait(|noted| match *noted {
        Noted::Flooded { accepted, refused: true, backlog } => Some((accepted, backlog)),
        _ => None,
    });
    assert_eq!(accepted, 256 * 1024 / 10_004);
    assert!(backlog <= 256 * 1024 + 125, "{backlog}");
    other.expect_echo("undisturbed");
    for _ in 0..accepted {
        assert!(slow.frame() == (BINARY, vec![7; 10_000]));
    }
    assert_eq!(slow.expect_close(1013), "too much waits to be sent: read faster");
    slow.close(1013);
    slow.expect_end();
    server.log.wait_for(&Noted::Closed(1013, CloseCause::Local));
}

#[test]
fn an_empty_queue_takes_any_one_message() {
    let server = serve(|config| {
        small_queues(config);
        config.message_bytes_max = 100;
        config.send_queue_bytes_max = 200;
        config.lag_bytes = 200;
    });
    let mut client = Client::open(server.address, "/");
    client.say("flood 1 5000");
    assert!(client.frame() == (BINARY, vec![7; 5000]));
}

#[test]
fn with_refuse_a_handler_goes_on_when_the_backlog_is_small_again() {
    let server = serve(|config| {
        small_queues(config);
        config.when_full = WhenFull::Refuse;
    });
    let mut slow = Client::open_narrow(server.address, "/");
    slow.say("flood 200 10000");
    for _ in 0..200 {
        assert!(slow.frame() == (BINARY, vec![7; 10_000]));
    }
    let floods = server.log.all(|noted| match *noted {
        Noted::Flooded { accepted, backlog, .. } => Some((accepted, backlog)),
        _ => None,
    });
    assert_eq!(floods.iter().map(|(accepted, _)| accepted).sum::<usize>(), 200);
    assert!(floods.iter().all(|(_, backlog)| *backlog <= 256 * 1024));
}

#[test]
fn with_refuse_a_handler_hears_of_room_also_when_the_kernel_takes_all_at_once() {
    let server = serve(|config| {
        config.message_bytes_max = 1000;
        config.send_queue_bytes_max = 2000;
        config.lag_bytes = 2000;
        config.when_full = WhenFull::Refuse;
    });
    let mut client = Client::open(server.address, "/");
    client.say("flood 50 900");
    for _ in 0..50 {
        assert!(client.frame() == (BINARY, vec![7; 900]));
    }
}

#[test]
fn who_does_not_read_its_echo_is_not_read_from() {
    let server = serve(small_queues);
    let mut other = Client::open(server.address, "/echo");
    let mut slow = Client::open_narrow(server.address, "/echo");
    let message = frame(FINAL | BINARY, &[3; 1000]);
    // If reading did not pause, the queue would be full and the connection closed with 1013.
    let bytes_max = 64 * 1024 * 1024;
    let mut written = slow.write_until_stuck(&message, bytes_max);
    assert!(written < bytes_max, "the server took everything");
    other.expect_echo("undisturbed");
    // Reading makes room again. Whatever was cut off is completed.
    let mut echoes = 0;
    while echoes < written / message.len() {
        assert!(slow.frame() == (BINARY, vec![3; 1000]));
        echoes += 1;
    }
    let rest = written % message.len();
    if rest > 0 {
        slow.write(&message[rest..]);
        written += message.len() - rest;
        assert!(slow.frame() == (BINARY, vec![3; 1000]));
    }
    assert_eq!(written % message.len(), 0);
    slow.expect_echo("caught up");
}
