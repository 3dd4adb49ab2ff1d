//! The closing handshake both ways, and connections that end without it.

use super::script::{in_pieces, response};
use super::{End, Script, Step, WebSocketError, assert_ended, config, open, written};
use crate::support::{Frame, every_chunking};
use sockeye::WebSocket;
use sockeye::client::Incoming;
use sockeye::protocol::{CloseCode, Message};
use std::io::ErrorKind;

#[test]
fn a_server_that_closes_is_answered_with_its_code() {
    for (frame, code) in [
        (Frame::close(1001, "see you"), Some(1001)),
        (Frame::close(4321, ""), Some(4321)),
        (Frame::new(0x8, ""), None),
    ] {
        every_chunking(&frame.encode(None), |chunks| {
            let (mut socket, bytes) = open(in_pieces(chunks));
            assert_eq!(socket.receive().unwrap(), None);
            assert_eq!(socket.close_frame().map(|frame| frame.code.number()), code);
            let frames = written(&bytes);
            assert_eq!(frames.len(), 1);
            assert_eq!(frames[0].opcode, 8);
            assert_eq!(
                frames[0].payload.get(..2),
                code.map(u16::to_be_bytes).as_ref().map(<[u8; 2]>::as_slice)
            );

            // It stays closed, and closing it once more is nothing.
            assert_eq!(socket.receive().unwrap(), None);
            assert_eq!(socket.receive_any().unwrap(), Incoming::Closed);
            assert!(matches!(socket.send("late"), Err(WebSocketError::Closed)));
            socket.close(CloseCode::NORMAL, "").unwrap();
            assert_eq!(written(&bytes).len(), 1);
        });
    }
}

#[test]
fn closing_waits_for_the_servers_answer_and_discards_what_is_before_it() {
    let frames = [
        Frame::text("on its way").encode(None),
        Frame::ping("too").encode(None),
        Frame::close(1000, "").encode(None),
        Frame::text("ignored").encode(None),
    ]
    .concat();
    every_chunking(&frames, |chunks| {
        let (mut socket, bytes) = open(in_pieces(chunks));
        socket.close(CloseCode::GOING_AWAY, "lunch").unwrap();
        assert!(!socket.is_open());
        assert_eq!(socket.close_frame().unwrap().code, CloseCode::NORMAL);
        let frames = written(&bytes);
        let payload = [&1001_u16.to_be_bytes()[..], b"lunch"].concat();
        assert_eq!(frames.len(), 1, "nothing is sent after our close frame: {frames:?}");
        assert_eq!((frames[0].opcode, &frames[0].payload), (8, &payload));
    });
}

#[test]
fn what_is_on_its_way_can_be_received_after_our_close_frame() {
    let frames = [Frame::text("on its way").encode(None), Frame::close(1000, "").encode(None)];
    let (mut socket, _) = open([Step::Bytes(frames.concat())]);
    socket.send_close(CloseCode::NORMAL, "").unwrap();
    assert!(matches!(socket.send("late"), Err(WebSocketError::Closed)));
    assert!(matches!(socket.send_close(CloseCode::NORMAL, ""), Err(WebSocketError::Closed)));
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("on its way")));
    assert_eq!(socket.receive().unwrap(), None);
    socket.close(CloseCode::NORMAL, "").unwrap();
}

#[test]
fn closing_over_a_stream_with_a_limit_of_its_own_goes_on_when_called_again() {
    let close = Frame::close(1000, "").encode(None);
    let steps = [Step::Fail(ErrorKind::WouldBlock), Step::Bytes(close)];
    let (mut socket, bytes) = open(steps);
    assert!(matches!(socket.close(CloseCode::NORMAL, ""), Err(WebSocketError::TimedOut)));
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(written(&bytes).len(), 1);
}

#[test]
fn a_server_that_never_answers_our_close_frame_is_given_up() {
    let mut config = config();
    config.close_timeout = std::time::Duration::from_millis(20);
    let (script, _) = Script::new([Step::Bytes(response("", b""))]);
    let mut socket = WebSocket::handshake(script.ending(End::Silence), &config).unwrap();
    let error = loop {
        match socket.close(CloseCode::NORMAL, "") {
            Err(WebSocketError::TimedOut) => {}
            other => break other.unwrap_err(),
        }
    };
    assert!(matches!(&error, WebSocketError::Io(e) if e.kind() == ErrorKind::TimedOut), "{error}");
    assert_ended(&mut socket);
}

// RFC 6455 7.1.1: the client "SHOULD wait for the server to close the connection".
#[test]
fn the_server_is_left_to_end_the_stream_first() {
    let behind = Step::Bytes(b"what a server may still send".to_vec());
    for close_first in [false, true] {
        let steps =
            [Step::Bytes(response("", &Frame::close(1000, "").encode(None))), behind.clone()];
        let (script, written) = Script::new(steps);
        let left_at_shutdown = script.left_at_shutdown();
        let mut socket =
            WebSocket::handshake_with_controls(script, Script::controls(), &config()).unwrap();
        if close_first {
            socket.close(CloseCode::NORMAL, "").unwrap();
        } else {
            assert_eq!(socket.receive().unwrap(), None);
        }
        assert_eq!(super::written(&written).len(), 1);
        assert_eq!(left_at_shutdown.get(), Some(0), "close first: {close_first}");
    }
}

#[test]
fn a_connection_that_fails_ends_our_direction_of_the_stream() {
    for (bytes, left) in [(b"\x83\0".to_vec(), 1), (b"\x81".to_vec(), 0)] {
        let behind = vec![Step::Bytes(vec![0]); left];
        let steps = [Step::Bytes(response("", &bytes))].into_iter().chain(behind);
        let (script, _) = Script::new(steps);
        let left_at_shutdown = script.left_at_shutdown();
        let mut socket =
            WebSocket::handshake_with_controls(script, Script::controls(), &config()).unwrap();
        socket.receive().unwrap_err();
        assert_eq!(left_at_shutdown.get(), Some(left));
    }
}

#[test]
fn an_end_without_a_close_frame_is_an_error_of_the_stream() {
    for (steps, kind) in [
        (vec![], ErrorKind::UnexpectedEof),
        (vec![Step::Bytes(b"\x81\x05hal".to_vec())], ErrorKind::UnexpectedEof),
        (vec![Step::Fail(ErrorKind::ConnectionReset)], ErrorKind::ConnectionReset),
    ] {
        let (mut socket, _) = open(steps.clone());
        let error = socket.receive().unwrap_err();
        assert!(matches!(&error, WebSocketError::Io(e) if e.kind() == kind), "{error}");
        assert_eq!(socket.close_frame(), None);
        assert_ended(&mut socket);

        let (mut socket, _) = open(steps);
        let error = socket.close(CloseCode::NORMAL, "").unwrap_err();
        assert!(matches!(&error, WebSocketError::Io(e) if e.kind() == kind), "{error}");
    }
}
