//! Every wait has a deadline. The times here are short; nothing is asserted about how exact they are.

use super::client::{PING, PONG};
use super::{BINARY, Client, FINAL, Noted, TEXT, frame, serve};
use sockeye::WorkerId;
use sockeye::handler::CloseCause;
use std::thread::sleep;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(100);

#[test]
fn silence_is_met_with_pings_and_whoever_answers_stays() {
    let server = serve(|config| {
        config.idle_timeout = SHORT;
        // The one does not count any more once the connection is open, the other once the peer has answered.
        config.handshake_timeout = 600 * SHORT;
        config.pong_timeout = 600 * SHORT;
    });
    let mut client = Client::open(server.address, "/echo");
    for _ in 0..3 {
        assert_eq!(client.frame(), (PING, Vec::new()));
        client.send(PONG, b"");
    }
    client.expect_echo("still here");
}

#[test]
fn whoever_does_not_answer_a_ping_is_lost() {
    let server = serve(|config| {
        config.handshake_timeout = 600 * SHORT;
        config.idle_timeout = SHORT;
        config.pong_timeout = SHORT;
    });
    let mut client = Client::open(server.address, "/echo");
    client.expect_reset();
    server.log.wait_for(&Noted::Closed(1006, CloseCause::TimedOut));
}

#[test]
fn a_message_that_dribbles_is_cut_off_with_1008() {
    let server = serve(|config| config.message_timeout = SHORT);
    let mut client = Client::open(server.address, "/echo");
    client.write(&frame(TEXT, b"first of many"));
    for _ in 0..20 {
        client.write(&frame(0, b"."));
        sleep(SHORT / 10);
    }
    assert_eq!(client.expect_close(1008), "the message did not arrive in time");
    server.log.wait_for(&Noted::Closed(1008, CloseCause::TimedOut));
    client.expect_end();
}

#[test]
fn a_stream_of_messages_is_not_one_long_message() {
    let server = serve(|config| config.message_timeout = 6 * SHORT);
    let mut client = Client::open(server.address, "/sink");
    let message = frame(FINAL | BINARY, &[1; 100]);
    // Each write ends in the middle of a message, so there is one under way all the time.
    let (first, second) = message.split_at(50);
    client.write(first);
    for _ in 0..25 {
        sleep(SHORT / 2);
        client.write(second);
        client.write(first);
    }
    client.write(second);
    client.close(1000);
    client.expect_close(1000);
    let sunk = server.log.all(|noted| (*noted == Noted::Sunk(100)).then_some(()));
    assert_eq!(sunk.len(), 26);
}

#[test]
fn time_in_which_the_handler_does_not_listen_counts_against_nobody() {
    let server = serve(|config| config.message_timeout = 10 * SHORT);
    let mut client = Client::open(server.address, "/");
    let message = frame(FINAL | TEXT, b"echo heard");
    client.write(&[frame(FINAL | TEXT, b"pause").as_slice(), &message[..9]].concat());
    sleep(13 * SHORT);
    let resume = "resume".to_owned();
    server.remote.mail(WorkerId(0), resume).expect("there is room");
    // Long enough for a deadline that is over already, short enough for the one that begins now.
    sleep(3 * SHORT);
    client.write(&message[9..]);
    assert_eq!(client.text(), "heard");
}

#[test]
fn whoever_takes_nothing_of_what_waits_is_lost() {
    let server = serve(|config| config.write_stall_timeout = SHORT);
    let mut client = Client::open_narrow(server.address, "/");
    client.say("flood 40 100000");
    server.log.wait_for(&Noted::Closed(1006, CloseCause::TimedOut));
    client.expect_reset();
}

#[test]
fn whoever_does_not_answer_a_close_frame_is_reset() {
    let server = serve(|config| config.close_timeout = SHORT);
    let mut client = Client::open(server.address, "/");
    client.say("close 1000 bye");
    assert_eq!(client.expect_close(1000), "bye");
    client.expect_reset();
    server.log.wait_for(&Noted::Closed(1006, CloseCause::Local));
}

#[test]
fn whoever_does_not_end_its_stream_after_the_close_frames_is_reset() {
    let server = serve(|config| config.close_timeout = SHORT);
    let mut client = Client::open(server.address, "/echo");
    client.close(1000);
    client.expect_close(1000);
    // That was the server's stream. Ours goes on until the server has enough of it.
    client.expect_end();
    let message = frame(FINAL | TEXT, b"are you there?");
    let is_reset = (0..2000).any(|_| {
        sleep(SHORT / 10);
        !client.try_write(&message)
    });
    assert!(is_reset, "the server listens for ever");
}
