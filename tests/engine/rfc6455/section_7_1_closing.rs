//! RFC 6455 sections 5.5.1 and 7.1: who may still say what while a connection closes.

use crate::support::{Frame, Outcome, OwnedEvent, Scenario, every_chunking, receive};
use sockeye::protocol::{CloseCode, CloseFrame, Connection, Message, ProtocolError, SendError};

/// A frame of each kind that a peer might still send.
fn anything() -> [Frame; 5] {
    [
        Frame::text("late"),
        Frame::ping("late"),
        Frame::continuation("late"),
        Frame::close(1001, "again"),
        Frame::new(0xF, "nonsense"),
    ]
}

fn close(connection: &mut Connection, output: &mut Vec<u8>) -> Result<(), SendError> {
    connection.send_close(Some(&CloseFrame::new(CloseCode::NORMAL, "")), output)
}

#[test]
fn a_close_frame_is_answered_and_then_the_connection_is_closed() {
    for scenario in Scenario::both() {
        let mut connection = scenario.connect();
        let bytes = scenario.incoming([Frame::close(1001, "leaving")]);
        assert_eq!(
            receive(&mut connection, &[&bytes]),
            Outcome::events([OwnedEvent::close(1001, "leaving")])
        );
        assert!(!connection.is_closed() && !connection.has_sent_close());
        let mut output = Vec::new();
        let echo = CloseFrame::new(CloseCode::GOING_AWAY, "");
        connection.send_close(Some(&echo), &mut output).unwrap();
        assert_eq!(output, scenario.outgoing([Frame::close(1001, "")]));
        assert!(connection.is_closed() && connection.has_sent_close());
    }
}

#[test]
fn a_close_frame_that_is_answered_by_the_peer_closes_the_connection() {
    for scenario in Scenario::both() {
        let scenario = scenario.after_close_sent();
        let mut connection = scenario.connect();
        assert!(!connection.is_closed() && connection.has_sent_close());
        let bytes = scenario.incoming([Frame::close(1000, "")]);
        assert_eq!(
            receive(&mut connection, &[&bytes]),
            Outcome::events([OwnedEvent::close(1000, "")])
        );
        assert!(connection.is_closed());
    }
}

#[test]
fn the_state_of_closing_is_the_same_in_every_chunking() {
    for scenario in Scenario::both() {
        let frames = [Frame::text("x").unfinished(), Frame::close(1000, "")];
        let bytes = scenario.incoming(frames);
        for (scenario, is_closed) in
            [(scenario.clone(), false), (scenario.after_close_sent(), true)]
        {
            let state = every_chunking(&bytes, |chunks| {
                let mut connection = scenario.connect();
                receive(&mut connection, chunks);
                let has_sent_close = connection.has_sent_close();
                [connection.is_closed(), has_sent_close, connection.is_receiving()]
            });
            assert_eq!(state, [is_closed, is_closed, false]);
        }
    }
}

#[test]
fn close_frames_that_cross_on_the_way_close_both_sides() {
    let mut server = Scenario::server().connect();
    let mut client = Scenario::client().connect();
    let (mut from_server, mut from_client) = (Vec::new(), Vec::new());
    let going_away = CloseFrame::new(CloseCode::GOING_AWAY, "server");
    server.send_close(Some(&going_away), &mut from_server).unwrap();
    let normal = CloseFrame::new(CloseCode::NORMAL, "client");
    client.send_close(Some(&normal), &mut from_client).unwrap();

    // Each side learns the other's code.
    assert_eq!(
        receive(&mut server, &[&from_client]),
        Outcome::events([OwnedEvent::close(1000, "client")])
    );
    assert_eq!(
        receive(&mut client, &[&from_server]),
        Outcome::events([OwnedEvent::close(1001, "server")])
    );
    for mut connection in [server, client] {
        assert!(connection.is_closed());
        assert_eq!(close(&mut connection, &mut Vec::new()), Err(SendError::Closing));
    }
}

#[test]
fn nothing_is_received_after_a_close_frame() {
    for scenario in Scenario::both() {
        let one_read = [Frame::close(1000, "")].into_iter().chain(anything());
        assert_eq!(scenario.receives(one_read), Outcome::events([OwnedEvent::close(1000, "")]));
        let scenario = scenario.after_close_received();
        assert_eq!(scenario.receives(anything()), Outcome::nothing());
        assert!(!scenario.connect().is_receiving());
        assert_eq!(scenario.connect().poll_fill(), None);
    }
}

#[test]
fn nothing_is_received_after_a_broken_rule() {
    for scenario in Scenario::both() {
        let one_read = [Frame::new(0xF, "")].into_iter().chain(anything());
        assert_eq!(scenario.receives(one_read), Outcome::error(ProtocolError::ReservedOpcode));
        let scenario = scenario.after_failure();
        assert_eq!(scenario.receives(anything()), Outcome::nothing());
        assert!(!scenario.connect().is_receiving());
        assert_eq!(scenario.connect().poll_fill(), None);
    }
}

#[test]
fn nothing_is_sent_after_a_close_frame() {
    for scenario in Scenario::both() {
        for scenario in [
            scenario.clone().after_close_sent(),
            scenario.clone().after_close_sent().after_close_received(),
            scenario.after_close_received().after_close_sent(),
        ] {
            let mut connection = scenario.connect();
            let mut output = b"before".to_vec();
            let refused = Err(SendError::Closing);
            assert_eq!(connection.send(Message::Text("late"), &mut output), refused);
            assert_eq!(connection.send(Message::Binary(b"late"), &mut output), refused);
            assert_eq!(connection.send_ping(b"late", &mut output), refused);
            assert_eq!(connection.send_pong(b"late", &mut output), refused);
            assert_eq!(close(&mut connection, &mut output), refused);
            assert_eq!(connection.send_close(None, &mut output), refused);
            connection.send_failure(ProtocolError::ReservedOpcode, &mut output);
            assert_eq!(output, b"before");
        }
    }
}

#[test]
fn messages_and_pings_still_arrive_after_a_close_was_sent() {
    for scenario in Scenario::both() {
        let frames = [
            Frame::text("on its way"),
            Frame::ping("too"),
            Frame::binary("in ").unfinished(),
            Frame::continuation("two"),
            Frame::close(1000, ""),
        ];
        let events = [
            OwnedEvent::text("on its way"),
            OwnedEvent::ping("too"),
            OwnedEvent::binary("in two"),
            OwnedEvent::close(1000, ""),
        ];
        assert_eq!(scenario.after_close_sent().receives(frames), Outcome::events(events));
    }
}

#[test]
fn a_message_may_still_be_sent_before_a_close_is_answered() {
    for scenario in Scenario::both() {
        let mut connection = scenario.clone().after_close_received().connect();
        let mut output = Vec::new();
        connection.send(Message::Text("last words"), &mut output).unwrap();
        close(&mut connection, &mut output).unwrap();
        let sent = [Frame::text("last words"), Frame::close(1000, "")];
        assert_eq!(output, scenario.outgoing(sent));
        assert!(connection.is_closed());
    }
}

#[test]
fn a_broken_rule_is_answered_with_its_close_code_once() {
    for scenario in Scenario::both() {
        let mut connection = scenario.clone().after_failure().connect();
        assert!(!connection.is_closed());
        let error = ProtocolError::ReservedOpcode;
        let mut output = Vec::new();
        connection.send_failure(error, &mut output);
        connection.send_failure(error, &mut output);
        assert_eq!(output, scenario.outgoing([Frame::close(1002, error.reason())]));
        assert!(connection.is_closed());
    }
}

#[test]
fn a_rule_broken_after_a_close_was_sent_closes_without_another_close_frame() {
    for scenario in Scenario::both() {
        let scenario = scenario.after_close_sent();
        let mut connection = scenario.connect();
        let bytes = scenario.incoming([Frame::continuation("")]);
        let error = ProtocolError::ContinuationUnexpected;
        assert_eq!(receive(&mut connection, &[&bytes]), Outcome::error(error));
        assert!(connection.is_closed());
        let mut output = Vec::new();
        connection.send_failure(error, &mut output);
        assert!(output.is_empty());
    }
}

#[test]
fn a_refused_close_frame_leaves_the_connection_open() {
    for scenario in Scenario::both() {
        let mut connection = scenario.connect();
        let mut output = Vec::new();
        let refused =
            connection.send_close(Some(&CloseFrame::new(CloseCode::ABNORMAL, "")), &mut output);
        assert_eq!(refused, Err(SendError::CloseCodeInvalid));
        assert!(output.is_empty() && !connection.has_sent_close());
        connection.send(Message::Text("still open"), &mut output).unwrap();
        assert_eq!(output, scenario.outgoing([Frame::text("still open")]));
    }
}

#[test]
fn each_fault_has_the_close_code_that_the_standard_names() {
    use ProtocolError as E;
    let protocol_error = [
        E::CloseCodeTruncated,
        E::CloseCodeInvalid,
        E::ContinuationUnexpected,
        E::ContinuationExpected,
        E::ControlFrameFragmented,
        E::ControlFrameTooBig,
        E::LengthInvalid,
        E::MaskUnexpected,
        E::MaskMissing,
        E::ReservedBitSet,
        E::ReservedOpcode,
    ];
    assert!(protocol_error.iter().all(|error| error.close_code().number() == 1002));
    assert_eq!(E::Utf8Invalid.close_code().number(), 1007);
    assert_eq!(E::MessageTooBig.close_code().number(), 1009);
}
