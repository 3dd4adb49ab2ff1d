//! RFC 6455 section 5.2 as a connection sees it: length forms, opcodes, and where a whole message lies.

use crate::support::{Frame, LengthForm, Outcome, OwnedEvent, Scenario, receive};
use sockeye::protocol::{Event, Input, Payload, ProtocolError};

#[test]
fn each_form_of_length_is_taken_in_its_range() {
    for scenario in Scenario::both() {
        for size in [0, 125, 126, 0xFFFF, 0x1_0000] {
            let payload = vec![b'a'; size];
            assert_eq!(
                scenario.receives([Frame::binary(&payload), Frame::text("next")]),
                Outcome::events([OwnedEvent::binary(&payload), OwnedEvent::text("next")])
            );
        }
    }
}

#[test]
fn a_length_in_more_bytes_than_it_needs_is_refused() {
    let cases = [
        (LengthForm::TwoBytes, 0),
        (LengthForm::TwoBytes, 125),
        (LengthForm::EightBytes, 0),
        (LengthForm::EightBytes, 125),
        (LengthForm::EightBytes, 126),
        (LengthForm::EightBytes, 0xFFFF),
    ];
    for scenario in Scenario::both() {
        for (form, size) in cases {
            let frame = Frame::binary("").claiming(size).length_form(form);
            assert_eq!(
                scenario.receives([frame]),
                Outcome::error(ProtocolError::LengthInvalid),
                "{size} as {form:?}"
            );
        }
    }
}

#[test]
fn a_length_with_its_top_bit_set_is_refused() {
    for scenario in Scenario::both() {
        for size in [1 << 63, (1 << 63) + 5, u64::MAX] {
            assert_eq!(
                scenario.receives([Frame::text("").claiming(size)]),
                Outcome::error(ProtocolError::LengthInvalid)
            );
        }
    }
}

#[test]
fn reserved_opcodes_are_refused_wherever_they_come() {
    for scenario in Scenario::both() {
        for opcode in [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF] {
            let expected = Outcome::error(ProtocolError::ReservedOpcode);
            let frame = Frame::new(opcode, "hello");
            assert_eq!(scenario.receives([frame.clone()]), expected);
            assert_eq!(scenario.clone().in_fragmented_text().receives([frame]), expected);
        }
    }
}

#[test]
fn a_header_is_refused_with_its_first_wrong_byte() {
    // Nothing but the bytes shown arrives: the rest of the header and the payload are still to come.
    let cases: [(&[u8], ProtocolError); 5] = [
        (&[0x83], ProtocolError::ReservedOpcode),
        (&[0xA1], ProtocolError::ReservedBitSet),
        (&[0x09], ProtocolError::ControlFrameFragmented),
        (&[0x89, 0xFE], ProtocolError::ControlFrameTooBig),
        (&[0x82, 0xFE, 0x00, 0x7D], ProtocolError::LengthInvalid),
    ];
    for (bytes, error) in cases {
        assert_eq!(Scenario::server().receives_bytes(bytes), Outcome::error(error));
        let (_, before) = bytes.split_last().expect("not empty");
        assert_eq!(Scenario::server().receives_bytes(before), Outcome::nothing());
    }
}

#[test]
fn an_incomplete_frame_is_neither_an_event_nor_an_error() {
    for scenario in Scenario::both() {
        let bytes = scenario.incoming([Frame::text("hello, there")]);
        for size in 0..bytes.len() {
            let mut connection = scenario.connect();
            assert_eq!(receive(&mut connection, &[&bytes[..size]]), Outcome::nothing());
            assert_eq!(connection.is_receiving(), size > 0);
            let rest = receive(&mut connection, &[&bytes[size..]]);
            assert_eq!(rest, Outcome::events([OwnedEvent::text("hello, there")]));
            assert!(!connection.is_receiving());
        }
    }
}

#[test]
fn a_header_that_began_in_an_earlier_read_is_completed() {
    for scenario in Scenario::both() {
        let scenario = scenario.in_header();
        assert!(scenario.connect().is_receiving());
        let rest = scenario.incoming([Frame::text("hello")]).split_off(1);
        assert_eq!(scenario.receives_bytes(&rest), Outcome::events([OwnedEvent::text("hello")]));
    }
}

#[test]
fn every_message_that_arrived_whole_is_lent_and_unmasked_in_place() {
    for scenario in Scenario::both() {
        // A frame of each size of header, with control frames and a fragmented message between.
        let big = vec![b'b'; 70_000];
        let frames = [
            Frame::text("first"),
            Frame::ping("ping"),
            Frame::binary(""),
            Frame::text("x".repeat(200)),
            Frame::binary(&big),
            Frame::pong("pong"),
            Frame::text("last"),
        ];
        let mut bytes = scenario.incoming(frames);
        let whole = bytes.as_ptr_range();
        let mut input = Input::new(&mut bytes);
        let mut connection = scenario.connect();
        let mut lent = Vec::new();
        while let Some(event) = connection.handle_input(&mut input).expect("valid frames") {
            let payload = match event {
                Event::Message(received) => received.into_payload(),
                Event::Ping(payload) | Event::Pong(payload) => payload,
                other => panic!("{other:?}"),
            };
            let Payload::Lent(bytes) = payload else {
                panic!("copied: {payload:?}");
            };
            let place = bytes.as_ptr_range();
            assert!(whole.start < place.start && place.end <= whole.end);
            lent.push(&*bytes);
        }
        let text = "x".repeat(200);
        let expected: [&[u8]; 7] =
            [b"first", b"ping", b"", text.as_bytes(), &big, b"pong", b"last"];
        assert_eq!(lent, expected);
        assert_eq!(input.into_spare().capacity(), 0);
    }
}

#[test]
fn a_whole_message_after_part_of_another_is_lent_too() {
    let scenario = Scenario::server();
    let bytes = scenario.incoming([Frame::text("cut in two"), Frame::text("whole")]);
    let mut connection = scenario.connect();
    receive(&mut connection, &[&bytes[..10]]);
    let mut rest = bytes[10..].to_vec();
    let mut input = Input::new(&mut rest);
    let mut payloads = Vec::new();
    while let Some(event) = connection.handle_input(&mut input).expect("valid frames") {
        let Event::Message(received) = event else {
            panic!("{event:?}");
        };
        payloads.push(received.into_payload());
    }
    assert!(matches!(&payloads[0], Payload::Assembled(bytes) if bytes == b"cut in two"));
    assert!(matches!(&payloads[1], Payload::Lent(bytes) if *bytes == b"whole"));
}
