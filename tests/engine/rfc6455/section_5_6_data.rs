//! RFC 6455 sections 5.6 and 6: text and binary messages, in and out.

use crate::support::{Frame, Outcome, OwnedEvent, Scenario, receive};
use sockeye::protocol::{Event, Input, Message, Opcode, Payload, encode_frame};

#[test]
fn text_and_binary_messages_keep_their_type() {
    for scenario in Scenario::both() {
        assert_eq!(
            scenario.receives([Frame::text("same"), Frame::binary("same")]),
            Outcome::events([OwnedEvent::text("same"), OwnedEvent::binary("same")])
        );
    }
}

#[test]
fn messages_may_be_empty() {
    for scenario in Scenario::both() {
        assert_eq!(
            scenario.receives([Frame::text(""), Frame::binary("")]),
            Outcome::events([OwnedEvent::text(""), OwnedEvent::binary("")])
        );
    }
}

#[test]
fn a_binary_message_may_hold_any_bytes() {
    let bytes: Vec<u8> = (0..=255).collect();
    for scenario in Scenario::both() {
        let frames = [
            Frame::binary(&bytes),
            Frame::binary(&bytes[128..]).unfinished(),
            Frame::continuation(&bytes[..200]),
        ];
        let joined = [&bytes[128..], &bytes[..200]].concat();
        assert_eq!(
            scenario.receives(frames),
            Outcome::events([OwnedEvent::binary(&bytes), OwnedEvent::binary(joined)])
        );
    }
}

#[test]
fn text_may_hold_any_character_and_a_fragment_part_of_one() {
    let text = "a\0ß€😀\u{10FFFF}\u{FEFF}\u{FFFF}";
    for scenario in Scenario::both() {
        for cut in 0..=text.len() {
            let (first, last) = text.as_bytes().split_at(cut);
            let bytes = scenario.incoming([
                Frame::text(first).unfinished(),
                Frame::continuation(last),
                Frame::text(text),
            ]);
            let expected = Outcome::events([OwnedEvent::text(text), OwnedEvent::text(text)]);
            assert_eq!(receive(&mut scenario.connect(), &[&bytes]), expected);
            let single: Vec<_> = bytes.chunks(1).collect();
            assert_eq!(receive(&mut scenario.connect(), &single), expected);
        }
    }
}

#[test]
fn several_messages_in_one_read_come_in_order() {
    for scenario in Scenario::both() {
        let texts: Vec<String> = (0..16).map(|number| format!("message {number}")).collect();
        let bytes = scenario.incoming(texts.iter().map(Frame::text));
        let events: Vec<_> = texts.into_iter().map(OwnedEvent::text).collect();
        assert_eq!(receive(&mut scenario.connect(), &[&bytes]), Outcome::events(events));
    }
}

#[test]
fn a_message_is_sent_as_one_final_frame_of_its_type() {
    for scenario in Scenario::both() {
        let connection = scenario.connect();
        let mut output = Vec::new();
        connection.send(Message::from("text"), &mut output).unwrap();
        connection.send(Message::from(&b"binary"[..]), &mut output).unwrap();
        connection.send(Message::Text(""), &mut output).unwrap();
        let sent = [Frame::text("text"), Frame::binary("binary"), Frame::text("")];
        assert_eq!(output, scenario.outgoing(sent));
    }
}

#[test]
fn a_received_message_can_be_sent_as_it_is() {
    let scenario = Scenario::server();
    let mut bytes = scenario.incoming([Frame::text("écho"), Frame::binary([0, 255])]);
    let mut input = Input::new(&mut bytes);
    let mut connection = scenario.connect();
    let mut output = Vec::new();
    while let Some(event) = connection.handle_input(&mut input).unwrap() {
        let Event::Message(received) = event else {
            panic!("{event:?}");
        };
        connection.send(received.as_message(), &mut output).unwrap();
    }
    assert_eq!(output, scenario.outgoing([Frame::text("écho"), Frame::binary([0, 255])]));
}

#[test]
fn frames_encoded_once_for_many_are_those_of_a_server() {
    let mut output = Vec::new();
    encode_frame(Opcode::Text, b"shared", &mut output);
    encode_frame(Opcode::Binary, &[7; 300], &mut output);
    let sent = [Frame::text("shared"), Frame::binary([7; 300])];
    assert_eq!(output, Scenario::server().outgoing(sent));
}

#[test]
fn an_unfinished_message_is_assembled_in_the_spare_buffer() {
    let scenario = Scenario::server();
    let bytes = scenario.incoming([Frame::text("in two reads")]);
    let (first, last) = bytes.split_at(10);
    // What a spare buffer held before is not part of the message.
    let mut spare = Vec::with_capacity(500);
    spare.extend_from_slice(b"\xFFold");
    let place = spare.as_ptr();

    let mut connection = scenario.connect();
    let mut first = first.to_vec();
    let mut input = Input::with_spare(&mut first, spare);
    assert!(connection.handle_input(&mut input).unwrap().is_none());
    assert_eq!(input.into_spare().capacity(), 0);

    let mut last = last.to_vec();
    let mut input = Input::new(&mut last);
    let Some(Event::Message(received)) = connection.handle_input(&mut input).unwrap() else {
        panic!("the message is complete");
    };
    assert_eq!(received.as_message(), Message::Text("in two reads"));
    let Payload::Assembled(buffer) = received.into_payload() else {
        panic!("it came in two reads");
    };
    assert_eq!(buffer.as_ptr(), place);
    input.recycle(buffer);
    let spare = input.into_spare();
    assert_eq!(spare.as_ptr(), place);
}

#[test]
fn recycling_keeps_the_larger_buffer_and_none_of_its_bytes() {
    let mut bytes = [];
    let mut input = Input::new(&mut bytes);
    input.recycle(vec![1; 100]);
    input.recycle(vec![2; 50]);
    let spare = input.into_spare();
    assert!(spare.is_empty() && spare.capacity() >= 100);
}
