//! Messages to and from a server, over a scripted stream.

use super::script::{in_pieces, response};
use super::{End, Script, Step, WebSocketError, assert_ended, config, open, owned, written};
use crate::support::{Frame, Masking, every_chunking};
use sockeye::WebSocket;
use sockeye::client::Incoming;
use sockeye::protocol::{Message, ProtocolError, SendError};
use std::io::ErrorKind;

#[test]
fn what_is_sent_is_one_masked_frame() {
    let (mut socket, bytes) = open([]);
    socket.send("hi").unwrap();
    socket.send([1, 2, 3].as_slice()).unwrap();
    socket.send(Message::Binary(&[9; 70_000])).unwrap();
    socket.ping(b"there?").unwrap();
    let frames = written(&bytes);
    let parts: Vec<_> = frames.iter().map(|frame| (frame.opcode, frame.payload.clone())).collect();
    let expected =
        [(1, b"hi".to_vec()), (2, vec![1, 2, 3]), (2, vec![9; 70_000]), (9, b"there?".to_vec())];
    assert_eq!(parts, expected);
}

#[test]
fn a_ping_is_answered_in_the_middle_of_a_message_and_told_to_who_asks() {
    let frames = [
        Frame::text("he").unfinished().encode(None),
        Frame::ping("1").encode(None),
        Frame::continuation("l").unfinished().encode(None),
        Frame::pong("2").encode(None),
        Frame::ping("3").encode(None),
        Frame::continuation("lo").encode(None),
    ]
    .concat();
    let heard = every_chunking(&frames, |chunks| {
        let (mut socket, bytes) = open(in_pieces(chunks));
        let heard: Vec<_> =
            (0..4).map(|_| owned_incoming(&socket.receive_any().unwrap())).collect();
        let pongs: Vec<_> = written(&bytes).iter().map(|f| (f.opcode, f.payload.clone())).collect();
        assert_eq!(pongs, [(10, b"1".to_vec()), (10, b"3".to_vec())]);

        let (mut socket, bytes) = open(in_pieces(chunks));
        assert_eq!(owned(socket.receive().unwrap().unwrap()), (true, b"hello".to_vec()));
        assert_eq!(written(&bytes).len(), 2);
        heard
    });
    assert_eq!(heard, ["Ping 1", "Pong 2", "Ping 3", "Text hello"]);
}

#[test]
fn a_read_that_takes_too_long_loses_nothing_wherever_it_happens() {
    let large = "\u{e4}".repeat(40_000);
    let frames = [
        Frame::text(&large[..30_000]).unfinished().encode(None),
        Frame::ping("p").encode(None),
        Frame::continuation(&large[30_000..]).encode(None),
        Frame::binary([5; 100]).encode(None),
    ]
    .concat();
    every_chunking(&frames, |chunks| {
        for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut] {
            let steps = in_pieces(chunks).flat_map(|step| [Step::Fail(kind), step]);
            let (mut socket, bytes) = open(steps);
            let mut next = || loop {
                match socket.receive() {
                    Err(WebSocketError::TimedOut) => {}
                    message => return owned(message.unwrap().unwrap()),
                }
            };
            assert!(next() == (true, large.clone().into_bytes()));
            assert_eq!(next(), (false, vec![5; 100]));
            assert_eq!(written(&bytes).len(), 1);
        }
    });
}

#[test]
fn sixteen_mebibytes_arrive_in_the_largest_message_taken() {
    const SIZE: usize = 16 << 20;
    let payload: Vec<u8> = (0..SIZE).map(|at| (at % 251) as u8).collect();
    let mut config = config();
    config.message_bytes_max = SIZE;
    let bytes = response(
        "",
        &[Frame::binary(&payload).encode(None), Frame::text("small").encode(None)].concat(),
    );
    let (script, _) = Script::new([Step::Bytes(bytes)]);
    let mut socket = WebSocket::handshake(script, &config).unwrap();
    assert!(socket.receive().unwrap().unwrap() == Message::Binary(&payload));
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("small")));
}

#[test]
fn a_message_over_the_limit_is_refused_with_1009_before_it_arrives() {
    let mut config = config();
    config.message_bytes_max = 100;
    let at_the_limit = Frame::binary([1; 100]).encode(None);
    let over = Frame::binary([]).claiming(101).encode(None);
    let (script, bytes) = Script::new([Step::Bytes(response("", &[at_the_limit, over].concat()))]);
    let mut socket = WebSocket::handshake(script.ending(End::Silence), &config).unwrap();
    assert_eq!(socket.receive().unwrap(), Some(Message::Binary(&[1; 100])));
    let error = socket.receive().unwrap_err();
    assert!(matches!(error, WebSocketError::Protocol(ProtocolError::MessageTooBig)), "{error}");
    assert_eq!(close_code(&bytes), 1009);
    assert_ended(&mut socket);
}

#[test]
fn a_rule_that_the_server_breaks_is_told_to_it_in_any_pieces() {
    let reserved = Frame::text("a").reserved(0b100);
    for (frame, error, code) in [
        // RFC 6455 5.1: "A client MUST close a connection if it detects a masked frame."
        (
            Frame::text("a").masking(Masking::With([1, 2, 3, 4])),
            ProtocolError::MaskUnexpected,
            1002,
        ),
        (reserved, ProtocolError::ReservedBitSet, 1002),
        (Frame::continuation("a"), ProtocolError::ContinuationUnexpected, 1002),
        (Frame::new(0x3, "a"), ProtocolError::ReservedOpcode, 1002),
        (Frame::text([0xFF]), ProtocolError::Utf8Invalid, 1007),
        (Frame::close(1005, ""), ProtocolError::CloseCodeInvalid, 1002),
    ] {
        let good = Frame::text("good").encode(None);
        every_chunking(&[good, frame.encode(None)].concat(), |chunks| {
            let (mut socket, bytes) = open(in_pieces(chunks));
            assert_eq!(socket.receive().unwrap(), Some(Message::Text("good")));
            match socket.receive() {
                Err(WebSocketError::Protocol(found)) => assert_eq!(found, error),
                other => panic!("{other:?}"),
            }
            assert_eq!(close_code(&bytes), code);
            assert_ended(&mut socket);
        });
    }
}

#[test]
fn what_our_caller_must_not_send_leaves_the_connection_as_it_was() {
    let (mut socket, bytes) = open([Step::Bytes(Frame::text("still here").encode(None))]);
    let error = socket.ping(&[0; 126]).unwrap_err();
    assert!(matches!(error, WebSocketError::Send(SendError::ControlPayloadTooBig)), "{error}");
    let error = socket.close(sockeye::protocol::CloseCode::NO_STATUS, "").unwrap_err();
    assert!(matches!(error, WebSocketError::Send(SendError::CloseCodeInvalid)), "{error}");
    assert_eq!(written(&bytes), []);
    assert!(socket.is_open());
    socket.send("me too").unwrap();
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("still here")));
}

#[test]
fn a_write_that_cannot_be_completed_ends_the_connection() {
    for room in [0, 1, 5] {
        let (script, bytes) = Script::new([Step::Bytes(response("", b""))]);
        let mut socket =
            WebSocket::handshake(script.taking(request_size() + room), &config()).unwrap();
        let error = socket.send("hello").unwrap_err();
        assert!(
            matches!(&error, WebSocketError::Io(e) if e.kind() == ErrorKind::BrokenPipe),
            "{error}"
        );
        assert_eq!(bytes.borrow().len(), request_size() + room);
        assert_ended(&mut socket);
    }
}

#[test]
fn what_was_received_is_not_lost_when_a_pong_cannot_be_written() {
    let frames = [
        Frame::ping("p").encode(None),
        Frame::text("last words").encode(None),
        Frame::close(1001, "gone").encode(None),
    ]
    .concat();
    let (script, _) = Script::new([Step::Bytes(response("", b"")), Step::Bytes(frames)]);
    let script = script.taking(request_size());
    let mut socket = WebSocket::handshake(script, &config()).unwrap();
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("last words")));
    assert!(!socket.is_open());
    assert!(matches!(socket.send("too late"), Err(WebSocketError::Closed)));
    assert_eq!(socket.receive().unwrap(), None);
    assert_eq!(socket.close_frame().unwrap().reason, "gone");
}

fn owned_incoming(incoming: &Incoming<'_>) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    match incoming {
        Incoming::Message(Message::Text(message)) => format!("Text {message}"),
        Incoming::Message(message) => format!("Binary {}", text(message.as_bytes())),
        Incoming::Ping(payload) => format!("Ping {}", text(payload)),
        Incoming::Pong(payload) => format!("Pong {}", text(payload)),
        other => format!("{other:?}"),
    }
}

/// The code of the close frame that was written last.
fn close_code(bytes: &super::script::Written) -> u16 {
    let frame = written(bytes).pop().expect("a frame");
    assert_eq!(frame.opcode, 8);
    u16::from_be_bytes([frame.payload[0], frame.payload[1]])
}

/// What a request takes: all keys have one size.
fn request_size() -> usize {
    open([]).1.borrow().len()
}
