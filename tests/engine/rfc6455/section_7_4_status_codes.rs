//! RFC 6455 section 7.4: every number a close frame can carry, in both directions.

use crate::support::{Frame, Outcome, OwnedEvent, Scenario, receive};
use sockeye::protocol::{CloseCode, CloseFrame, ProtocolError, SendError};

/// Written from the standard and the registry it opened, not from the engine: the defined codes without the four that
/// are reserved, then the ranges of libraries and applications.
fn may_be_on_the_wire(number: u16) -> bool {
    match number {
        1000..=1014 => ![1004, 1005, 1006].contains(&number),
        number => (3000..5000).contains(&number),
    }
}

#[test]
fn each_of_the_65536_numbers_is_received_or_refused_by_its_range() {
    for scenario in Scenario::both() {
        for number in 0..=u16::MAX {
            let bytes = scenario.incoming([Frame::close(number, "why")]);
            let expected = if may_be_on_the_wire(number) {
                Outcome::events([OwnedEvent::close(number, "why")])
            } else {
                Outcome::error(ProtocolError::CloseCodeInvalid)
            };
            assert_eq!(receive(&mut scenario.connect(), &[&bytes]), expected, "{number}");
            let (first, last) = bytes.split_at(bytes.len() - 4);
            assert_eq!(receive(&mut scenario.connect(), &[first, last]), expected);
        }
    }
}

#[test]
fn each_of_the_65536_numbers_is_sent_or_refused_by_its_range() {
    for scenario in Scenario::both() {
        for number in 0..=u16::MAX {
            let mut output = Vec::new();
            let frame = CloseFrame::new(CloseCode::new(number), "why");
            let sent = scenario.connect().send_close(Some(&frame), &mut output);
            if may_be_on_the_wire(number) {
                assert_eq!(sent, Ok(()), "{number}");
                assert_eq!(output, scenario.outgoing([Frame::close(number, "why")]));
            } else {
                assert_eq!(sent, Err(SendError::CloseCodeInvalid), "{number}");
                assert!(output.is_empty());
            }
        }
    }
}

#[test]
fn codes_at_the_edges_of_their_ranges_hold_in_every_chunking() {
    let edges =
        [0, 999, 1000, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 1016, 2999, 3000, 4999, 5000];
    for scenario in Scenario::both() {
        for number in edges {
            let expected = if may_be_on_the_wire(number) {
                Outcome::events([OwnedEvent::close(number, "")])
            } else {
                Outcome::error(ProtocolError::CloseCodeInvalid)
            };
            assert_eq!(scenario.receives([Frame::close(number, "")]), expected);
        }
    }
}

#[test]
fn the_named_codes_have_the_numbers_of_the_standard() {
    let names = [
        (CloseCode::NORMAL, 1000),
        (CloseCode::GOING_AWAY, 1001),
        (CloseCode::PROTOCOL_ERROR, 1002),
        (CloseCode::UNSUPPORTED_DATA, 1003),
        (CloseCode::NO_STATUS, 1005),
        (CloseCode::ABNORMAL, 1006),
        (CloseCode::INVALID_PAYLOAD, 1007),
        (CloseCode::POLICY_VIOLATION, 1008),
        (CloseCode::MESSAGE_TOO_BIG, 1009),
        (CloseCode::EXTENSION_REQUIRED, 1010),
        (CloseCode::INTERNAL_ERROR, 1011),
        (CloseCode::SERVICE_RESTART, 1012),
        (CloseCode::TRY_AGAIN_LATER, 1013),
        (CloseCode::BAD_GATEWAY, 1014),
    ];
    for (code, number) in names {
        assert_eq!(code.number(), number);
        assert_eq!(code.is_sendable(), may_be_on_the_wire(number));
    }
}
