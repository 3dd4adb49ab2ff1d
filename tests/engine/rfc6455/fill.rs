//! Large frames, read straight into the buffer of their message (RFC 6455 leaves that open; section 10.4 bounds it).

use crate::support::{
    FRAGMENT, Frame, Outcome, OwnedEvent, Random, Scenario, receive, receive_filling,
};
use sockeye::limits::{FILL_SIZE_MIN, FILL_TRUST_SIZE};
use sockeye::protocol::{Connection, ProtocolError};

fn long_text(size: usize) -> String {
    "aß€😀".chars().cycle().take(size).collect()
}

/// Adds these masked bytes to what the connection asks for; the events and errors of it.
fn fill(connection: &mut Connection, bytes: &[u8]) -> Outcome {
    receive_filling(connection, &[bytes])
}

#[test]
fn a_fill_is_asked_for_when_enough_of_a_data_frame_is_missing() {
    for scenario in Scenario::both() {
        let bytes = scenario.incoming([Frame::binary(Random::new(1).bytes(FILL_SIZE_MIN + 5))]);
        for (missing, asks) in
            [(FILL_SIZE_MIN + 5, true), (FILL_SIZE_MIN, true), (FILL_SIZE_MIN - 1, false)]
        {
            let mut connection = scenario.connect();
            receive(&mut connection, &[&bytes[..bytes.len() - missing]]);
            let asked = connection.poll_fill();
            assert_eq!(asked.map(|(_, wanted)| wanted), asks.then_some(missing));
        }
    }
}

#[test]
fn headers_and_control_frames_ask_for_no_fill() {
    for scenario in Scenario::both() {
        assert_eq!(scenario.connect().poll_fill(), None);
        assert_eq!(scenario.clone().in_header().connect().poll_fill(), None);
        assert_eq!(scenario.clone().in_ping().connect().poll_fill(), None);
        assert_eq!(scenario.in_fragmented_text().connect().poll_fill(), None);
    }
}

#[test]
fn fills_give_the_same_events_as_plain_input_in_every_chunking() {
    for scenario in Scenario::both() {
        let binary = Random::new(1).bytes(FILL_TRUST_SIZE + 20_000);
        let text = long_text(10_000);
        let frames = [
            Frame::text("before"),
            Frame::binary(&binary[..30_000]).unfinished(),
            Frame::ping("between"),
            Frame::continuation(&binary[30_000..]),
            Frame::text(&text),
            Frame::text("after"),
        ];
        let events = [
            OwnedEvent::text("before"),
            OwnedEvent::ping("between"),
            OwnedEvent::binary(&binary),
            OwnedEvent::text(&text),
            OwnedEvent::text("after"),
        ];
        assert_eq!(scenario.receives(frames), Outcome::events(events));
    }
}

#[test]
fn a_fill_continues_the_masking_where_input_stopped() {
    let payload = Random::new(1).bytes(FILL_SIZE_MIN * 2);
    let scenario = Scenario::server();
    let bytes = scenario.incoming([Frame::binary(&payload)]);
    for before in 0..9 {
        for piece in [1001, 1002, 1003, FILL_SIZE_MIN * 2] {
            let (first, rest) = bytes.split_at(8 + before);
            let chunks: Vec<&[u8]> = [first].into_iter().chain(rest.chunks(piece)).collect();
            assert_eq!(
                receive_filling(&mut scenario.connect(), &chunks),
                Outcome::events([OwnedEvent::binary(&payload)])
            );
        }
    }
}

#[test]
fn a_fill_never_asks_past_the_end_of_its_frame() {
    for scenario in Scenario::both() {
        let size = FILL_SIZE_MIN * 2;
        let payload = Random::new(1).bytes(size);
        let bytes =
            scenario.incoming([Frame::binary(&payload).unfinished(), Frame::continuation("end")]);
        let second = bytes.len() - scenario.incoming([Frame::continuation("end")]).len();
        let mut connection = scenario.connect();
        receive(&mut connection, &[&bytes[..second - size]]);
        let (mut buffer, wanted) = connection.poll_fill().expect("a large frame");
        assert_eq!(wanted, size);
        buffer.extend_from_slice(&bytes[second - size..second]);
        assert!(connection.handle_fill(buffer, wanted).unwrap().is_none());
        assert_eq!(connection.poll_fill(), None);
        assert_eq!(
            receive(&mut connection, &[&bytes[second..]]),
            Outcome::events([OwnedEvent::binary([&payload[..], b"end"].concat())])
        );
    }
}

#[test]
fn a_fill_that_brings_nothing_changes_nothing() {
    for scenario in Scenario::both() {
        let text = long_text(20_000);
        let scenario = scenario.in_fragmented_text();
        let bytes = scenario.incoming([Frame::continuation(&text)]);
        let mut connection = scenario.connect();
        receive(&mut connection, &[&bytes[..100]]);
        for _ in 0..3 {
            let (buffer, _) = connection.poll_fill().expect("a large frame");
            assert!(connection.handle_fill(buffer, 0).unwrap().is_none());
        }
        assert_eq!(
            fill(&mut connection, &bytes[100..]),
            Outcome::events([OwnedEvent::text(format!("{FRAGMENT}{text}"))])
        );
        assert!(connection.handle_fill(vec![1, 2, 3], 0).unwrap().is_none());
    }
}

#[test]
fn text_in_a_fill_fails_with_its_first_bad_byte() {
    for scenario in Scenario::both() {
        let text =
            [&b"\xF0\x9F"[..], b"\x98\x80", b"good", b"\xED\xA0", &[b'a'; FILL_SIZE_MIN]].concat();
        let bytes = scenario.incoming([Frame::text(&text)]);
        let header = bytes.len() - text.len();
        let mut connection = scenario.connect();
        receive(&mut connection, &[&bytes[..header + 2]]);
        let until_bad = &bytes[header + 2..header + 9];
        assert_eq!(fill(&mut connection, until_bad), Outcome::nothing());
        assert_eq!(
            fill(&mut connection, &bytes[header + 9..header + 10]),
            Outcome::error(ProtocolError::Utf8Invalid)
        );
        assert_eq!(connection.poll_fill(), None);
        assert!(!connection.is_receiving());
    }
}

#[test]
#[should_panic(expected = "a fill adds at most what was asked for")]
fn a_fill_with_more_than_was_asked_for_is_the_callers_fault() {
    let scenario = Scenario::server();
    let bytes = scenario.incoming([Frame::binary(Random::new(1).bytes(FILL_SIZE_MIN))]);
    let mut connection = scenario.connect();
    receive(&mut connection, &[&bytes[..8]]);
    let (mut buffer, wanted) = connection.poll_fill().expect("a large frame");
    buffer.resize(wanted + 1, 0);
    let _unreached = connection.handle_fill(buffer, wanted + 1);
}

#[test]
#[should_panic(expected = "a filled buffer comes back as it was")]
fn text_that_changed_while_it_was_out_for_a_fill_is_the_callers_fault() {
    let (mut connection, rest) = half_a_text();
    let (mut buffer, wanted) = connection.poll_fill().expect("a large frame");
    buffer[0] = 0xFF;
    buffer.extend_from_slice(&rest);
    let _unreached = connection.handle_fill(buffer, wanted);
}

#[test]
#[should_panic(expected = "a filled buffer comes back as it was")]
fn text_whose_buffer_never_came_back_is_the_callers_fault() {
    let (mut connection, rest) = half_a_text();
    drop(connection.poll_fill());
    receive(&mut connection, &[&rest]);
}

/// A text whose first buffer ends inside a character.
fn half_a_text() -> (Connection, Vec<u8>) {
    let scenario = Scenario::client();
    let text = "€".repeat(FILL_SIZE_MIN);
    let mut bytes = scenario.incoming([Frame::text(text)]);
    let rest = bytes.split_off(bytes.len() - FILL_SIZE_MIN);
    let mut connection = scenario.connect();
    receive(&mut connection, &[&bytes]);
    (connection, rest)
}
