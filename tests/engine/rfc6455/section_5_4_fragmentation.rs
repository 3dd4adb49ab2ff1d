//! RFC 6455 section 5.4: messages in fragments, with control frames between them.

use crate::support::{FRAGMENT, Frame, Outcome, OwnedEvent, Scenario, receive};
use sockeye::protocol::ProtocolError;

#[test]
fn fragments_in_order_are_one_message() {
    for scenario in Scenario::both() {
        let frames = [
            Frame::text("one ").unfinished(),
            Frame::continuation("two ").unfinished(),
            Frame::continuation("three"),
        ];
        assert_eq!(scenario.receives(frames), Outcome::events([OwnedEvent::text("one two three")]));
    }
}

#[test]
fn every_way_to_fragment_a_message_gives_the_same_message() {
    let payload = "fragment";
    for scenario in Scenario::both() {
        for cuts in 0..1_u32 << (payload.len() - 1) {
            let frames = fragments(payload.as_bytes(), cuts);
            let bytes = scenario.incoming(frames);
            let expected = Outcome::events([OwnedEvent::text(payload)]);
            assert_eq!(receive(&mut scenario.connect(), &[&bytes]), expected);
            let single: Vec<_> = bytes.chunks(1).collect();
            assert_eq!(receive(&mut scenario.connect(), &single), expected);
        }
    }
}

/// A text message cut behind byte `n` where bit `n` of `cuts` is set.
fn fragments(payload: &[u8], cuts: u32) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut start = 0;
    for end in 1..=payload.len() {
        let is_last = end == payload.len();
        if !is_last && cuts & 1 << (end - 1) == 0 {
            continue;
        }
        let opcode = u8::from(start == 0);
        let frame = Frame::new(opcode, &payload[start..end]);
        frames.push(if is_last { frame } else { frame.unfinished() });
        start = end;
    }
    frames
}

#[test]
fn the_first_fragment_decides_the_type_of_the_message() {
    for scenario in Scenario::both() {
        let last = Frame::continuation("ment");
        assert_eq!(
            scenario.clone().in_fragmented_text().receives([last.clone()]),
            Outcome::events([OwnedEvent::text("fragment")])
        );
        assert_eq!(
            scenario.in_fragmented_binary().receives([last]),
            Outcome::events([OwnedEvent::binary("fragment")])
        );
    }
}

#[test]
fn fragments_may_be_empty() {
    for scenario in Scenario::both() {
        let frames = [
            Frame::text("").unfinished(),
            Frame::continuation("").unfinished(),
            Frame::continuation("a").unfinished(),
            Frame::continuation("").unfinished(),
            Frame::continuation(""),
            Frame::binary("").unfinished(),
            Frame::continuation(""),
        ];
        assert_eq!(
            scenario.receives(frames),
            Outcome::events([OwnedEvent::text("a"), OwnedEvent::binary("")])
        );
    }
}

#[test]
fn a_message_may_have_any_number_of_fragments() {
    for scenario in Scenario::both() {
        let mut frames = vec![Frame::binary("").unfinished()];
        frames.extend((0..10_000).map(|_| Frame::continuation("x").unfinished()));
        frames.push(Frame::continuation(""));
        let bytes = scenario.incoming(frames);
        assert_eq!(
            receive(&mut scenario.connect(), &[&bytes]),
            Outcome::events([OwnedEvent::binary([b'x'; 10_000])])
        );
    }
}

#[test]
fn control_frames_between_fragments_are_handled_at_once() {
    for scenario in Scenario::both() {
        let frames = [
            Frame::text("a").unfinished(),
            Frame::ping("1"),
            Frame::pong(""),
            Frame::continuation("b").unfinished(),
            Frame::ping(""),
            Frame::continuation("c"),
            Frame::ping("2"),
        ];
        let events = [
            OwnedEvent::ping("1"),
            OwnedEvent::pong(""),
            OwnedEvent::ping(""),
            OwnedEvent::text("abc"),
            OwnedEvent::ping("2"),
        ];
        assert_eq!(scenario.receives(frames), Outcome::events(events));
    }
}

#[test]
fn a_ping_between_fragments_is_an_event_before_the_message_ends() {
    for scenario in Scenario::both() {
        assert_eq!(
            scenario.in_fragmented_text().receives([Frame::ping("now")]),
            Outcome::events([OwnedEvent::ping("now")])
        );
    }
}

#[test]
fn a_close_between_fragments_ends_the_connection_without_the_message() {
    for scenario in Scenario::both() {
        let frames = [Frame::close(1001, "bye"), Frame::continuation("ment")];
        assert_eq!(
            scenario.in_fragmented_text().receives(frames),
            Outcome::events([OwnedEvent::close(1001, "bye")])
        );
    }
}

#[test]
fn a_continuation_needs_a_message_to_continue() {
    let expected = Outcome::error(ProtocolError::ContinuationUnexpected);
    for scenario in Scenario::both() {
        for frame in [
            Frame::continuation("lost"),
            Frame::continuation("lost").unfinished(),
            Frame::continuation(""),
        ] {
            assert_eq!(scenario.receives([frame]), expected);
        }
    }
}

#[test]
fn a_continuation_after_the_last_fragment_is_refused() {
    for scenario in Scenario::both() {
        let frames = [Frame::continuation("ment"), Frame::continuation("more")];
        assert_eq!(
            scenario.in_fragmented_text().receives(frames),
            Outcome::events([OwnedEvent::text("fragment")])
                .then_error(ProtocolError::ContinuationUnexpected)
        );
    }
}

#[test]
fn a_message_inside_another_is_refused() {
    let expected = Outcome::error(ProtocolError::ContinuationExpected);
    for scenario in Scenario::both() {
        for frame in [
            Frame::text("new"),
            Frame::binary("new"),
            Frame::text("new").unfinished(),
            Frame::binary("").unfinished(),
        ] {
            let text = scenario.clone().in_fragmented_text();
            assert_eq!(text.receives([frame.clone()]), expected);
            let binary = scenario.clone().in_fragmented_binary();
            assert_eq!(binary.receives([frame.clone()]), expected);
            // A control frame between does not end the message under way.
            assert_eq!(
                text.receives([Frame::ping("p"), frame]),
                Outcome::events([OwnedEvent::ping("p")])
                    .then_error(ProtocolError::ContinuationExpected)
            );
        }
    }
}

#[test]
fn the_next_message_starts_anew() {
    for scenario in Scenario::both() {
        let frames = [
            Frame::continuation("ment"),
            Frame::binary("whole"),
            Frame::text("in ").unfinished(),
            Frame::continuation("two"),
        ];
        let events = [
            OwnedEvent::text(format!("{FRAGMENT}ment")),
            OwnedEvent::binary("whole"),
            OwnedEvent::text("in two"),
        ];
        assert_eq!(scenario.in_fragmented_text().receives(frames), Outcome::events(events));
    }
}

#[test]
fn a_message_under_way_counts_as_receiving_between_its_frames() {
    for scenario in Scenario::both() {
        assert!(!scenario.connect().is_receiving());
        let mut connection = scenario.clone().in_fragmented_text().connect();
        assert!(connection.is_receiving());
        receive(&mut connection, &[&scenario.incoming([Frame::continuation("")])]);
        assert!(!connection.is_receiving());
    }
}
