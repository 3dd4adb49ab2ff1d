//! What is sent is what was made, over every framing, and what was changed is noticed.

use super::*;
use crate::socket_io::Packet;
use sockeye::protocol::deflate::Inflater;
use sockeye::protocol::{Event, Input};

const KINDS: [Kind; 3] = [Kind::Binary, Kind::Text, Kind::Json];

fn stamp(sequence: u64) -> Stamp {
    Stamp { sender: 3, sequence, due: 12_345_678_901 }
}

/// What a server makes of the frame: the message, and whether it is text.
fn received(payloads: &Payloads, stamp: &Stamp, agreement: Option<&Agreement>) -> (bool, Vec<u8>) {
    let mut wire = Vec::new();
    payloads.append(stamp, &mut wire);
    assert_eq!(wire.len(), payloads.frame_size(stamp));
    let mut server = Connection::new(Role::Server, 1 << 20);
    if let Some(agreement) = agreement {
        let config = DeflateConfig::new(DeflateMode::Shared);
        server = server.with_deflate(agreement, &config);
    }
    let mut inflater = Inflater::new();
    let mut input = Input::new(&mut wire).with_inflater(&mut inflater);
    let event = server.handle_input(&mut input).expect("it keeps to the rules");
    let Some(Event::Message(message)) = event else {
        panic!("{event:?} is no message");
    };
    (matches!(message.as_message(), Message::Text(_)), message.as_message().as_bytes().to_vec())
}

fn agreement() -> Agreement {
    Agreement {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    }
}

#[test]
fn every_message_has_its_size_and_its_stamp_over_every_framing() {
    for kind in KINDS {
        for size in [kind.size_min(), kind.size_min() + 1, 200, 1024, 70_000] {
            let agreement = agreement();
            for deflate in [None, Some(&agreement)] {
                let framing = match deflate {
                    None => Framing::WebSocket,
                    Some(agreement) => Framing::Deflate(*agreement),
                };
                let payloads = Payloads::new(kind, size, &framing);
                for sequence in [0, 1, 63, 64, 65] {
                    let stamp = stamp(sequence);
                    let (is_text, message) = received(&payloads, &stamp, deflate);
                    assert_eq!(message.len(), size, "{kind:?}");
                    assert_eq!(payloads.stamp(is_text, &message), Some(stamp), "{kind:?} {size}");
                    assert!(payloads.is_whole(&stamp, &message));
                }
            }
        }
    }
}

#[test]
fn raw_messages_are_the_bytes_alone() {
    let payloads = Payloads::new(Kind::Binary, 100, &Framing::Raw);
    let mut wire = Vec::new();
    payloads.append(&stamp(5), &mut wire);
    assert_eq!((wire.len(), payloads.stamp(false, &wire)), (100, Some(stamp(5))));
}

#[test]
fn an_event_of_socket_io_has_the_message_and_its_stamp_inside() {
    for size in [Kind::Text.size_min(), 128, 70_000] {
        let payloads = Payloads::new(Kind::Text, size, &Framing::SocketIo);
        for sequence in [0, 1, 64] {
            let stamp = stamp(sequence);
            let (is_text, packet) = received(&payloads, &stamp, None);
            let packet = String::from_utf8(packet).expect("text");
            let json = packet.strip_prefix("42").expect("an event");
            let [name, message]: [String; 2] = serde_json::from_str(json).expect("two strings");
            assert_eq!((is_text, name.as_str(), message.len()), (true, "m", size));
            assert_eq!(payloads.stamp(true, message.as_bytes()), Some(stamp));
            assert!(payloads.is_whole(&stamp, message.as_bytes()));
            let unwrapped = Packet::decode(Message::Text(&packet));
            assert_eq!(unwrapped, Ok(Packet::Event(&message)));
        }
    }
}

#[test]
fn a_publication_has_the_message_and_its_stamp_inside() {
    let payloads = Payloads::new(Kind::Text, 128, &Framing::Native);
    let (is_text, command) = received(&payloads, &stamp(5), None);
    let command: serde_json::Value = serde_json::from_slice(&command).expect("JSON");
    let publish = &command["publish"];
    let message = publish["data"].as_str().expect("a string");
    assert_eq!((is_text, &publish["channel"], message.len()), (true, &"bench".into(), 128));
    assert_eq!(payloads.stamp(true, message.as_bytes()), Some(stamp(5)));
    assert!(payloads.is_whole(&stamp(5), message.as_bytes()));
}

#[test]
fn a_changed_byte_another_size_and_another_kind_are_noticed() {
    for kind in KINDS {
        let payloads = Payloads::new(kind, 256, &Framing::WebSocket);
        let (is_text, mut message) = received(&payloads, &stamp(1), None);
        assert_eq!(payloads.stamp(!is_text, &message), None);
        assert_eq!(payloads.stamp(is_text, &message[1..]), None);
        *message.last_mut().expect("it has bytes") ^= 1;
        assert!(!payloads.is_whole(&stamp(1), &message), "{kind:?}");
    }
    // Of large ones every sixty-fourth is compared.
    let payloads = Payloads::new(Kind::Binary, 257, &Framing::WebSocket);
    let is_whole = |sequence| {
        let (_, mut message) = received(&payloads, &stamp(sequence), None);
        message[256] ^= 1;
        payloads.is_whole(&stamp(sequence), &message)
    };
    assert!(!is_whole(64) && is_whole(65));
}

#[test]
fn json_is_json_the_same_in_each_run_and_varied() {
    for size in [64, 150, 500, 1024] {
        let first = Payloads::new(Kind::Json, size, &Framing::WebSocket);
        let second = Payloads::new(Kind::Json, size, &Framing::WebSocket);
        let mut seen = std::collections::BTreeSet::new();
        for sequence in 0..64 {
            let (_, message) = received(&first, &stamp(sequence), None);
            assert_eq!(message, received(&second, &stamp(sequence), None).1);
            serde_json::from_slice::<serde_json::Value>(&message).expect("JSON");
            seen.insert(message[51..].to_vec());
        }
        assert!(seen.len() > 8, "{size}: {} different ones", seen.len());
    }
}

#[test]
fn compressed_json_is_smaller_but_not_next_to_nothing() {
    let payloads = Payloads::new(Kind::Json, 1024, &Framing::Deflate(agreement()));
    let sizes: Vec<_> = (0..64).map(|sequence| payloads.frame_size(&stamp(sequence))).collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((250..700).contains(&mean), "{mean} bytes of 1024");
}
