//! How connections end: in order, abruptly, through faults of the peer and of the handler. Others never notice.

use super::client::{CLOSE, PING, PONG};
use super::{BINARY, Client, FINAL, Noted, TEXT, frame, serve};
use sockeye::handler::CloseCause;
use sockeye::protocol::ProtocolError;

#[test]
fn the_closing_handshake_of_the_peer_is_answered_and_the_stream_ended() {
    let server = serve(|_| {});
    let mut client = Client::open(server.address, "/echo");
    client.say("last words");
    client.close(4321);
    assert_eq!(client.text(), "last words");
    assert_eq!(client.expect_close(4321), "");
    client.expect_end();
    server.log.wait_for(&Noted::Closed(4321, CloseCause::Peer));
}

#[test]
fn the_closing_handshake_of_the_handler_waits_for_the_peer() {
    let server = serve(|_| {});
    let mut client = Client::open(server.address, "/");
    client.say("close 4000 enough");
    assert_eq!(client.expect_close(4000), "enough");
    // Who has sent a close frame has no use for what comes before the answer, and answers no pings.
    client.say("echo late");
    client.send(PING, b"late");
    client.close(4000);
    client.expect_end();
    server.log.wait_for(&Noted::Closed(4000, CloseCause::Local));
}

#[test]
fn a_peer_that_ends_its_stream_still_gets_what_is_queued_and_then_the_end() {
    let server = serve(|_| {});
    let mut client = Client::open_narrow(server.address, "/");
    client.say("flood 30 100000");
    client.end();
    for _ in 0..30 {
        assert!(client.frame() == (BINARY, vec![7; 100_000]));
    }
    client.expect_end();
    server.log.wait_for(&Noted::Closed(1006, CloseCause::Lost));
}

#[test]
fn a_peer_that_ends_its_stream_at_once_gets_an_answer() {
    let server = serve(|_| {});
    let mut client = Client::open(server.address, "/echo");
    client.say("all there is");
    client.end();
    assert_eq!(client.text(), "all there is");
    client.expect_end();
}

#[test]
fn a_peer_that_breaks_off_is_gone_and_others_are_not() {
    let server = serve(|_| {});
    let mut other = Client::open(server.address, "/echo");
    let mut client = Client::open(server.address, "/topic/news");
    client.write(&frame(FINAL | BINARY, &[1; 100_000])[..50_000]);
    client.reset();
    server.log.wait_for(&Noted::Closed(1006, CloseCause::Lost));
    let unopened = Client::dial(server.address);
    unopened.reset();
    other.expect_echo("still here");
}

#[test]
fn what_a_handler_publishes_about_an_ending_arrives() {
    let server = serve(|_| {});
    let mut reader = Client::open(server.address, "/topic/obituaries");
    let closing = Client::open(server.address, "/echo");
    closing.reset();
    assert_eq!(reader.text(), "one is gone");
}

#[test]
fn bad_frames_get_the_code_that_names_their_fault_then_the_end_of_the_stream() {
    let unmasked = [FINAL | TEXT, 2, b'h', b'i'];
    let fragmented_ping = frame(PING, b"");
    let big_ping = frame(FINAL | PING, &[0; 126]);
    let faults: [(u16, ProtocolError, &[u8]); 10] = [
        (1002, ProtocolError::MaskMissing, &unmasked),
        (1002, ProtocolError::ReservedBitSet, &frame(0xC1, b"hi")),
        (1002, ProtocolError::ReservedOpcode, &frame(0x83, b"")),
        (1002, ProtocolError::ContinuationUnexpected, &frame(FINAL, b"")),
        (1002, ProtocolError::ControlFrameFragmented, &fragmented_ping),
        (1002, ProtocolError::ControlFrameTooBig, &big_ping),
        (1002, ProtocolError::CloseCodeTruncated, &frame(FINAL | CLOSE, b"x")),
        (1002, ProtocolError::CloseCodeInvalid, &frame(FINAL | CLOSE, &[3, 237])),
        (1007, ProtocolError::Utf8Invalid, &frame(FINAL | TEXT, b"ab\xFF")),
        // The header is enough to know.
        (1009, ProtocolError::MessageTooBig, &frame(FINAL | TEXT, &[0; (1 << 20) + 1])[..14]),
    ];
    let server = serve(|_| {});
    let mut other = Client::open(server.address, "/echo");
    for (code, error, bytes) in faults {
        let mut client = Client::open(server.address, "/echo");
        client.say("before");
        client.write(bytes);
        // What follows a fault is not looked at, and does not make the end a reset.
        client.write(&frame(FINAL | TEXT, &[b'x'; 30_000]));
        assert_eq!(client.text(), "before");
        assert_eq!(client.expect_close(code), error.reason());
        client.expect_end();
        server.log.wait_for(&Noted::Closed(code, CloseCause::Fault(error)));
        other.expect_echo("undisturbed");
    }
}

#[test]
fn a_panic_in_a_handler_closes_the_connection_it_was_called_for_and_no_other() {
    let server = serve(|_| {});
    let mut other = Client::open(server.address, "/echo");
    let mut client = Client::open(server.address, "/");
    client.write(&[frame(FINAL | TEXT, b"panic"), frame(FINAL | TEXT, b"echo more")].concat());
    assert_eq!(client.expect_close(1011), "the handler failed");
    client.close(1011);
    client.expect_end();
    other.expect_echo("undisturbed");
    server.remote.mail(sockeye::WorkerId(0), "panic".to_owned()).expect("there is room");
    other.expect_echo("still undisturbed");
}

#[test]
fn pings_are_answered_with_their_payload_and_pongs_are_heard() {
    let server = serve(|_| {});
    let mut client = Client::open(server.address, "/");
    client.send(PING, b"");
    assert_eq!(client.frame(), (PONG, Vec::new()));
    client.send(PING, &[5; 125]);
    assert_eq!(client.frame(), (PONG, vec![5; 125]));
    client.say("ping hello");
    assert_eq!(client.frame(), (PING, b"hello".to_vec()));
    client.send(PONG, b"hello");
    server.log.wait_for(&Noted::Pong(b"hello".to_vec()));
}

#[test]
fn a_panic_while_a_state_is_dropped_ends_its_connection_and_no_other() {
    let server = serve(|_| {});
    let mut other = Client::open(server.address, "/echo");
    let mut client = Client::open(server.address, "/panic-when-dropped");
    client.close(1000);
    client.expect_close(1000);
    client.expect_end();
    // Asked for, but not with a WebSocket's request: the state is dropped without having been used.
    let mut plain = Client::dial(server.address);
    plain.write(b"GET /panic-when-dropped HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(plain.response().0, 426);
    other.expect_echo("undisturbed");
}
