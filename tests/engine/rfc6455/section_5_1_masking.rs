//! RFC 6455 sections 5.1 and 5.3: clients mask each frame with a fresh key, servers none.

use crate::support::{Frame, KEY, Masking, Outcome, OwnedEvent, Scenario};
use sockeye::protocol::{CloseCode, CloseFrame, Connection, Message, ProtocolError, Role};
use std::cell::Cell;

const OPCODES: [u8; 6] = [0x0, 0x1, 0x2, 0x8, 0x9, 0xA];

#[test]
fn a_server_refuses_every_frame_that_is_not_masked() {
    for opcode in OPCODES {
        for payload in ["", "hello"] {
            let frame = Frame::new(opcode, payload).masking(Masking::Without);
            assert_eq!(
                Scenario::server().receives([frame]),
                Outcome::error(ProtocolError::MaskMissing),
                "opcode {opcode:#x}"
            );
        }
    }
}

#[test]
fn a_client_refuses_every_frame_that_is_masked() {
    for opcode in OPCODES {
        for key in [KEY, [0; 4]] {
            let frame = Frame::new(opcode, "hello").masking(Masking::With(key));
            assert_eq!(
                Scenario::client().receives([frame]),
                Outcome::error(ProtocolError::MaskUnexpected),
                "opcode {opcode:#x}"
            );
        }
    }
}

#[test]
fn the_rule_holds_for_later_frames_as_well() {
    let good = Frame::text("ok");
    let cases = [
        (Scenario::server(), Masking::Without, ProtocolError::MaskMissing),
        (Scenario::client(), Masking::With(KEY), ProtocolError::MaskUnexpected),
    ];
    for (scenario, wrong, error) in cases {
        let bad = Frame::ping("x").masking(wrong);
        assert_eq!(
            scenario.receives([good.clone(), bad]),
            Outcome::events([OwnedEvent::text("ok")]).then_error(error)
        );
        let bad = Frame::continuation("x").masking(wrong);
        assert_eq!(scenario.in_fragmented_text().receives([bad]), Outcome::error(error));
    }
}

#[test]
fn wrong_masking_closes_with_1002() {
    for error in [ProtocolError::MaskMissing, ProtocolError::MaskUnexpected] {
        assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
    }
}

#[test]
fn a_masking_key_of_zeros_is_a_key() {
    let frame = Frame::text("plain").masking(Masking::With([0; 4]));
    assert_eq!(Scenario::server().receives([frame]), Outcome::events([OwnedEvent::text("plain")]));
}

#[test]
fn the_key_turns_with_each_byte_and_starts_anew_with_each_frame() {
    let payload: Vec<u8> = (0..70).collect();
    for size in 0..payload.len() {
        let whole = Frame::binary(&payload[..size]).masking(Masking::With([1, 2, 3, 4]));
        let first =
            Frame::binary(&payload[..size]).unfinished().masking(Masking::With([5, 6, 7, 8]));
        let last = Frame::continuation(&payload[size..]).masking(Masking::With([0xF0, 0, 0xFF, 9]));
        assert_eq!(
            Scenario::server().receives([whole, first, last]),
            Outcome::events([OwnedEvent::binary(&payload[..size]), OwnedEvent::binary(&payload)])
        );
    }
}

#[test]
fn a_control_frame_between_fragments_does_not_turn_their_keys() {
    let frames = [
        Frame::text("abcde").unfinished().masking(Masking::With([1, 2, 3, 4])),
        Frame::ping("xyz").masking(Masking::With([9, 8, 7, 6])),
        Frame::continuation("fghij").masking(Masking::With([5, 5, 6, 6])),
    ];
    assert_eq!(
        Scenario::server().receives(frames),
        Outcome::events([OwnedEvent::ping("xyz"), OwnedEvent::text("abcdefghij")])
    );
}

#[test]
fn a_client_masks_everything_it_sends_and_a_server_nothing() {
    for scenario in Scenario::both() {
        let mut output = Vec::new();
        let mut connection = scenario.connect();
        connection.send(Message::Text("text"), &mut output).unwrap();
        connection.send(Message::Binary(b"binary"), &mut output).unwrap();
        connection.send_ping(b"ping", &mut output).unwrap();
        connection.send_pong(b"", &mut output).unwrap();
        let close = CloseFrame::new(CloseCode::NORMAL, "bye");
        connection.send_close(Some(&close), &mut output).unwrap();
        let sent = [
            Frame::text("text"),
            Frame::binary("binary"),
            Frame::ping("ping"),
            Frame::pong(""),
            Frame::close(1000, "bye"),
        ];
        assert_eq!(output, scenario.outgoing(sent));
    }
}

#[test]
fn the_close_frame_of_a_failure_is_masked_by_clients_only() {
    for scenario in Scenario::both() {
        let error = ProtocolError::ReservedOpcode;
        let close = Frame::close(1002, error.reason());
        assert_eq!(scenario.failure(error), scenario.outgoing([close]));
    }
}

#[test]
fn a_client_takes_a_fresh_key_for_each_frame() {
    thread_local!(static KEYS: Cell<u8> = const { Cell::new(0) });
    let mask_key = || KEYS.with(|keys| [keys.replace(keys.get() + 1), 0x11, 0x22, 0x33]);
    let mut connection = Connection::new(Role::Client { mask_key }, 1000);
    let mut output = Vec::new();
    connection.send(Message::Text("same"), &mut output).unwrap();
    connection.send_ping(b"same", &mut output).unwrap();
    connection.send_pong(b"same", &mut output).unwrap();
    connection.send_close(None, &mut output).unwrap();
    let sent = [Frame::text("same"), Frame::ping("same"), Frame::pong("same"), Frame::new(8, "")];
    let expected: Vec<u8> = (0..)
        .zip(sent)
        .flat_map(|(key, frame)| frame.encode(Some([key, 0x11, 0x22, 0x33])))
        .collect();
    assert_eq!(output, expected);
}

#[test]
fn what_one_side_sends_the_other_receives_at_every_size_of_length() {
    for size in [0, 1, 3, 4, 125, 126, 127, 300, 65535, 65536, 70_000] {
        let payload: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
        for (from, to) in
            [(Scenario::client(), Scenario::server()), (Scenario::server(), Scenario::client())]
        {
            let mut output = Vec::new();
            from.connect().send(Message::Binary(&payload), &mut output).unwrap();
            assert_eq!(output, from.outgoing([Frame::binary(&payload)]), "{size} bytes");
            assert_eq!(to.receives_bytes(&output), Outcome::events([OwnedEvent::binary(&payload)]));
        }
    }
}
