//! RFC 6455 section 5.5: close, ping and pong.

use crate::support::{FRAGMENT, Frame, LengthForm, Outcome, OwnedEvent, Scenario};
use sockeye::protocol::{
    CLOSE_REASON_SIZE_MAX, CloseCode, CloseFrame, Message, ProtocolError, SendError,
};

const CONTROL: [u8; 3] = [0x8, 0x9, 0xA];

#[test]
fn pings_and_pongs_of_every_size_up_to_125_bytes_are_taken() {
    let payload: Vec<u8> = (0..125).collect();
    for scenario in Scenario::both() {
        for size in [0, 1, 2, 63, 124, 125] {
            let payload = &payload[..size];
            assert_eq!(
                scenario.receives([Frame::ping(payload), Frame::pong(payload)]),
                Outcome::events([OwnedEvent::ping(payload), OwnedEvent::pong(payload)])
            );
        }
    }
}

#[test]
fn a_control_frame_over_125_bytes_is_refused() {
    let expected = Outcome::error(ProtocolError::ControlFrameTooBig);
    for scenario in Scenario::both() {
        for opcode in CONTROL {
            for size in [126, 0xFFFF, 0x1_0000, 1 << 62] {
                let frame = Frame::new(opcode, "").claiming(size);
                assert_eq!(scenario.receives([frame]), expected, "{opcode:#x}, {size} bytes");
            }
            // The form alone says that it is too big, whatever the number in it.
            for form in [LengthForm::TwoBytes, LengthForm::EightBytes] {
                let frame = Frame::new(opcode, "12345").length_form(form);
                assert_eq!(scenario.receives([frame]), expected, "{opcode:#x}, {form:?}");
            }
        }
    }
}

#[test]
fn a_fragmented_control_frame_is_refused() {
    let expected = Outcome::error(ProtocolError::ControlFrameFragmented);
    for scenario in Scenario::both() {
        for opcode in CONTROL {
            let frames = [Frame::new(opcode, "").unfinished(), Frame::continuation("")];
            assert_eq!(scenario.receives(frames.clone()), expected);
            assert_eq!(scenario.clone().in_fragmented_text().receives(frames), expected);
        }
    }
}

#[test]
fn control_frames_leave_the_message_under_way_as_it_is() {
    let long = "p".repeat(125);
    for scenario in Scenario::both() {
        let frames = [Frame::ping(&long), Frame::pong("pong"), Frame::continuation("-end")];
        assert_eq!(
            scenario.in_fragmented_binary().receives(frames),
            Outcome::events([
                OwnedEvent::ping(&long),
                OwnedEvent::pong("pong"),
                OwnedEvent::binary(format!("{FRAGMENT}-end")),
            ])
        );
    }
}

#[test]
fn a_ping_that_began_in_an_earlier_read_is_completed() {
    for scenario in Scenario::both() {
        let whole = scenario.incoming([Frame::ping("haha")]);
        let rest = &whole[whole.len() - 2..];
        let expected = Outcome::events([OwnedEvent::ping("haha")]);
        assert_eq!(scenario.clone().in_ping().receives_bytes(rest), expected);
        let inside = scenario.in_fragmented_text().in_ping();
        assert_eq!(inside.receives_bytes(rest), expected);
    }
}

#[test]
fn a_pong_carries_back_the_payload_of_its_ping() {
    for scenario in Scenario::both() {
        for payload in [&b""[..], b"Hello", &[0xFF; 125]] {
            let outcome = scenario.receives([Frame::ping(payload)]);
            let [OwnedEvent::Ping(asked)] = &outcome.events[..] else {
                panic!("{outcome:?}");
            };
            let mut output = Vec::new();
            scenario.connect().send_pong(asked, &mut output).unwrap();
            assert_eq!(output, scenario.outgoing([Frame::pong(payload)]));
        }
    }
}

#[test]
fn a_pong_that_nobody_asked_for_is_taken() {
    for scenario in Scenario::both() {
        assert_eq!(
            scenario.receives([Frame::pong("beat"), Frame::text("next")]),
            Outcome::events([OwnedEvent::pong("beat"), OwnedEvent::text("next")])
        );
    }
}

#[test]
fn sending_more_than_125_bytes_in_a_control_frame_is_refused_and_nothing_is_written() {
    for scenario in Scenario::both() {
        let connection = scenario.connect();
        let mut output = b"before".to_vec();
        let too_big = Err(SendError::ControlPayloadTooBig);
        assert_eq!(connection.send_ping(&[0; 126], &mut output), too_big);
        assert_eq!(connection.send_pong(&[0; 126], &mut output), too_big);
        assert_eq!(output, b"before");
        assert_eq!(connection.send_ping(&[0; 125], &mut output), Ok(()));
        assert_eq!(output[6..], scenario.outgoing([Frame::ping([0; 125])]));
    }
}

#[test]
fn a_close_may_be_empty_or_have_a_code_or_a_reason_too() {
    let longest = "r".repeat(CLOSE_REASON_SIZE_MAX);
    for scenario in Scenario::both() {
        let empty = scenario.receives([Frame::new(0x8, "")]);
        assert_eq!(empty, Outcome::events([OwnedEvent::Close(None)]));
        for (code, reason) in [(1000, ""), (1001, "moving on"), (4999, "ünï"), (1000, &longest)] {
            assert_eq!(
                scenario.receives([Frame::close(code, reason)]),
                Outcome::events([OwnedEvent::close(code, reason)])
            );
        }
    }
}

#[test]
fn a_close_with_half_a_code_is_refused() {
    for scenario in Scenario::both() {
        assert_eq!(
            scenario.receives([Frame::new(0x8, [0x03])]),
            Outcome::error(ProtocolError::CloseCodeTruncated)
        );
    }
}

#[test]
fn a_close_reason_that_is_not_utf8_fails_with_1007() {
    for scenario in Scenario::both() {
        for reason in [&b"\xFF"[..], b"ok\xC3", b"\xED\xA0\x80", b"\x80"] {
            assert_eq!(
                scenario.receives([Frame::close(1000, reason)]),
                Outcome::error(ProtocolError::Utf8Invalid)
            );
        }
    }
    assert_eq!(ProtocolError::Utf8Invalid.close_code(), CloseCode::INVALID_PAYLOAD);
}

#[test]
fn a_close_is_sent_without_a_code_with_one_or_with_a_reason() {
    for scenario in Scenario::both() {
        let mut output = Vec::new();
        scenario.connect().send_close(None, &mut output).unwrap();
        assert_eq!(output, scenario.outgoing([Frame::new(0x8, "")]));
        for reason in ["", "because"] {
            let mut output = Vec::new();
            let frame = CloseFrame::new(CloseCode::GOING_AWAY, reason);
            scenario.connect().send_close(Some(&frame), &mut output).unwrap();
            assert_eq!(output, scenario.outgoing([Frame::close(1001, reason)]));
        }
    }
}

#[test]
fn a_close_reason_that_is_too_long_is_cut_between_characters() {
    for scenario in Scenario::both() {
        // 'ü' has two bytes, so an even number of bytes before it and an odd limit split one of them.
        for (reason, kept) in
            [("ü".repeat(70), 122), ("r".repeat(200), 123), ("r".repeat(123), 123)]
        {
            let mut output = Vec::new();
            let frame = CloseFrame::new(CloseCode::NORMAL, reason.as_str());
            scenario.connect().send_close(Some(&frame), &mut output).unwrap();
            assert_eq!(output, scenario.outgoing([Frame::close(1000, &reason[..kept])]));
        }
    }
}

#[test]
fn the_reason_of_every_failure_fits_into_a_close_frame() {
    for error in [
        ProtocolError::CloseCodeTruncated,
        ProtocolError::CloseCodeInvalid,
        ProtocolError::ContinuationUnexpected,
        ProtocolError::ControlFrameFragmented,
        ProtocolError::ControlFrameTooBig,
        ProtocolError::ContinuationExpected,
        ProtocolError::LengthInvalid,
        ProtocolError::MaskUnexpected,
        ProtocolError::MaskMissing,
        ProtocolError::MessageTooBig,
        ProtocolError::ReservedBitSet,
        ProtocolError::ReservedOpcode,
        ProtocolError::Utf8Invalid,
    ] {
        for scenario in Scenario::both() {
            let close = Frame::close(error.close_code().number(), error.reason());
            assert_eq!(scenario.failure(error), scenario.outgoing([close]));
        }
        assert!(error.close_code().is_sendable());
    }
}

#[test]
fn pings_and_pongs_go_out_between_messages() {
    for scenario in Scenario::both() {
        let connection = scenario.clone().in_fragmented_text().connect();
        let mut output = Vec::new();
        connection.send(Message::Text("m"), &mut output).unwrap();
        connection.send_pong(b"p", &mut output).unwrap();
        connection.send(Message::Binary(b"n"), &mut output).unwrap();
        let sent = [Frame::text("m"), Frame::pong("p"), Frame::binary("n")];
        assert_eq!(output, scenario.outgoing(sent));
    }
}
