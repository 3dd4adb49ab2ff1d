//! RFC 6455 section 10.4: a limit on what a peer can make this side hold.

use crate::support::{Frame, Outcome, OwnedEvent, Scenario, receive};
use sockeye::protocol::{CloseCode, ProtocolError};

const LIMIT: usize = 1000;

fn limited() -> [Scenario; 2] {
    Scenario::both().map(|scenario| scenario.message_size_max(LIMIT))
}

fn too_big() -> Outcome {
    Outcome::error(ProtocolError::MessageTooBig)
}

#[test]
fn a_message_exactly_at_the_limit_is_taken() {
    for scenario in limited() {
        for opcode in [0x1, 0x2] {
            let whole = vec![b'a'; LIMIT];
            let event = if opcode == 0x1 {
                OwnedEvent::text("a".repeat(LIMIT))
            } else {
                OwnedEvent::binary(&whole)
            };
            let frames = [
                Frame::new(opcode, &whole),
                Frame::new(opcode, &whole[..400]).unfinished(),
                Frame::continuation(&whole[400..]).unfinished(),
                Frame::continuation(""),
            ];
            assert_eq!(scenario.receives(frames), Outcome::events([event.clone(), event]));
        }
    }
}

#[test]
fn a_message_one_byte_over_the_limit_is_refused() {
    for scenario in limited() {
        let whole = Frame::binary(vec![0; LIMIT + 1]);
        assert_eq!(scenario.receives([whole]), too_big());
        let fragments =
            [Frame::binary([0; 400]).unfinished(), Frame::continuation(vec![0; LIMIT - 399])];
        assert_eq!(scenario.receives(fragments), too_big());
    }
}

#[test]
fn a_frame_over_the_limit_is_refused_by_its_header_alone() {
    for scenario in limited() {
        for claimed in [LIMIT as u64 + 1, 1 << 31, 1 << 32, 1 << 62, i64::MAX as u64] {
            assert_eq!(scenario.receives([Frame::binary("").claiming(claimed)]), too_big());
            let unfinished = Frame::text("").unfinished().claiming(claimed);
            assert_eq!(scenario.receives([unfinished]), too_big());
            // A sum that would overflow is no way past the limit.
            let next = Frame::continuation("").claiming(claimed);
            assert_eq!(scenario.clone().in_fragmented_binary().receives([next]), too_big());
        }
    }
}

#[test]
fn without_a_limit_of_its_own_a_message_has_less_than_4_gib() {
    for scenario in Scenario::both().map(|scenario| scenario.message_size_max(usize::MAX)) {
        for claimed in [1 << 32, (1 << 32) + 5, 1 << 62] {
            assert_eq!(scenario.receives([Frame::binary("").claiming(claimed)]), too_big());
        }
        let longest = Frame::binary("").claiming((1 << 32) - 1);
        assert_eq!(scenario.receives([longest]), Outcome::events([]));
        // What is there counts as well.
        let [one, rest] = [Frame::text("a").unfinished(), Frame::continuation("")];
        let rest = rest.claiming((1 << 32) - 1);
        assert_eq!(scenario.receives([one, rest]), too_big());
    }
}

#[test]
fn nothing_is_set_aside_for_a_frame_that_is_refused() {
    for scenario in limited() {
        let bytes = scenario.incoming([Frame::binary("").claiming(1 << 62)]);
        let mut connection = scenario.connect();
        assert_eq!(receive(&mut connection, &[&bytes]), too_big());
        assert_eq!(connection.poll_fill(), None);
        assert!(!connection.is_receiving());
    }
}

#[test]
fn a_stream_of_small_fragments_is_refused_when_their_sum_passes_the_limit() {
    for scenario in limited() {
        let mut frames = vec![Frame::binary([1; 10]).unfinished()];
        frames.extend((1..LIMIT / 10).map(|_| Frame::continuation([1; 10]).unfinished()));
        let bytes = scenario.incoming(frames);
        let mut connection = scenario.connect();
        assert_eq!(receive(&mut connection, &[&bytes]), Outcome::nothing());
        let empty = scenario.incoming([Frame::continuation("").unfinished()]);
        assert_eq!(receive(&mut connection, &[&empty]), Outcome::nothing());
        let one_more = scenario.incoming([Frame::continuation("x")]);
        assert_eq!(receive(&mut connection, &[&one_more]), too_big());
    }
}

#[test]
fn each_message_has_the_whole_limit_and_control_frames_use_none_of_it() {
    for scenario in limited() {
        let frames = [
            Frame::binary([1; LIMIT]),
            Frame::binary([2; LIMIT - 1]).unfinished(),
            Frame::ping([3; 125]),
            Frame::continuation([2; 1]),
            Frame::binary([4; LIMIT]),
        ];
        let events = [
            OwnedEvent::binary([1; LIMIT]),
            OwnedEvent::ping([3; 125]),
            OwnedEvent::binary([2; LIMIT]),
            OwnedEvent::binary([4; LIMIT]),
        ];
        assert_eq!(scenario.receives(frames), Outcome::events(events));
    }
}

#[test]
fn a_limit_of_nothing_takes_empty_messages_and_control_frames() {
    for scenario in Scenario::both() {
        let scenario = scenario.message_size_max(0);
        let frames = [Frame::text(""), Frame::ping("ping"), Frame::binary("x")];
        assert_eq!(
            scenario.receives(frames),
            Outcome::events([OwnedEvent::text(""), OwnedEvent::ping("ping")])
                .then_error(ProtocolError::MessageTooBig)
        );
    }
}

#[test]
fn a_message_that_is_too_big_closes_with_1009() {
    for scenario in Scenario::both() {
        let error = ProtocolError::MessageTooBig;
        assert_eq!(error.close_code(), CloseCode::MESSAGE_TOO_BIG);
        let close = Frame::close(1009, error.reason());
        assert_eq!(scenario.failure(error), scenario.outgoing([close]));
    }
}
