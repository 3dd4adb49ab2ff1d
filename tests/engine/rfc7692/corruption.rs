//! Compressed messages that are none.

use super::{FRESH, KEY, TAKEOVER, compressed_text, received, server};
use crate::support::{Frame, Outcome, OwnedEvent, Random, every_chunking, receive};
use sockeye::protocol::ProtocolError;
use sockeye::protocol::deflate::{Compressor, Inflater};
use sockeye::protocol::{Connection, Input, Message};

fn invalid() -> Outcome {
    Outcome::error(ProtocolError::CompressionInvalid)
}

#[test]
fn what_is_no_deflate_closes_with_1007() {
    assert_eq!(ProtocolError::CompressionInvalid.close_code().number(), 1007);
    for payload in [
        // A block of the kind that there is not.
        &[0x06, 0x00][..],
        // A stored block whose length is not what its complement says.
        &[0x00, 0x05, 0x00, 0xFF, 0xFF, 0x48],
        // Code lengths that are no code.
        &[0x04, 0xFF, 0xFF, 0xFF, 0xFF],
        // Five bytes from before the beginning of everything.
        &[0xF2, 0x00, 0x11, 0x00, 0x00],
    ] {
        let bytes = compressed_text(payload).encode(Some(KEY));
        let outcome = every_chunking(&bytes, |chunks| receive(&mut server(&TAKEOVER), chunks));
        assert_eq!(outcome, invalid(), "{payload:x?}");
    }
}

#[test]
fn text_that_is_not_utf8_once_it_is_inflated_closes_with_1007() {
    let compressed = miniz_oxide::deflate::compress_to_vec(b"\xFF\xFE", 6);
    let text = compressed_text(&compressed);
    let outcome = received(&mut server(&TAKEOVER), &[text]);
    assert_eq!(outcome, Outcome::error(ProtocolError::Utf8Invalid));
    let binary = Frame::binary(&compressed).reserved(0b100);
    let outcome = received(&mut server(&TAKEOVER), &[binary]);
    assert_eq!(outcome, Outcome::events([OwnedEvent::binary(b"\xFF\xFE")]));
}

/// Some prose, compressed as a message's payload is.
fn compressed_prose() -> (String, Vec<u8>) {
    let prose: String =
        (0..60).map(|number| format!("line {number} of {}\n", number * 7)).collect();
    let mut bytes = Vec::new();
    let mut sender = Connection::new(sockeye::protocol::Role::Server, 10_000)
        .with_deflate(&FRESH, &super::dedicated());
    sender
        .send_compressed(Message::Text(&prose), &mut Compressor::new(), &mut bytes)
        .expect("open");
    (prose, bytes[4..].to_vec())
}

#[test]
fn a_message_that_is_cut_off_is_never_taken_for_a_whole_one() {
    let (prose, payload) = compressed_prose();
    let text = Outcome::events([OwnedEvent::text(&prose)]);
    assert_eq!(received(&mut server(&TAKEOVER), &[compressed_text(&payload)]), text);
    // The last octet ends the block.
    for size in 1..payload.len() - 1 {
        let cut = compressed_text(&payload[..size]);
        assert_eq!(received(&mut server(&TAKEOVER), &[cut]), invalid(), "{size}");
    }
}

#[test]
fn whatever_is_inflated_is_within_the_limit_and_faults_touch_nobody_else() {
    let (prose, payload) = compressed_prose();
    let mut inflater = Inflater::new();
    for seed in 0..3000 {
        let random = &mut Random::new(seed);
        let mut damaged = payload.clone();
        for _ in 0..1 + random.below(4) {
            let place = random.below(damaged.len());
            damaged[place] = random.number() as u8;
        }
        if random.below(3) == 0 {
            damaged = random.bytes(100);
        }
        for (payload, must_arrive) in [(&damaged, false), (&payload, true)] {
            let mut bytes = compressed_text(payload).encode(Some(KEY));
            let mut server = server(&TAKEOVER);
            let mut input = Input::new(&mut bytes).with_inflater(&mut inflater);
            match server.handle_input(&mut input) {
                Ok(Some(event)) => {
                    let OwnedEvent::Text(text) = OwnedEvent::of(event) else {
                        panic!("a text was sent");
                    };
                    assert!(text.len() <= 100_000);
                    assert!(text == prose || !must_arrive, "seed {seed}");
                }
                answer => assert!(answer.is_err() && !must_arrive, "seed {seed}: {answer:?}"),
            }
        }
    }
}

#[test]
fn nothing_of_another_message_or_connection_can_be_referred_to() {
    let mut inflater = Inflater::new();
    let mut hello = compressed_text([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]).encode(Some(KEY));
    let refers = compressed_text([0xF2, 0x00, 0x11, 0x00, 0x00]).encode(Some(KEY));
    // Another connection's message went through the same inflater just before.
    let mut input = Input::new(&mut hello).with_inflater(&mut inflater);
    let mut other = server(&TAKEOVER);
    assert!(matches!(other.handle_input(&mut input), Ok(Some(_))));
    let answers =
        [(&mut server(&TAKEOVER), false), (&mut server(&FRESH), false), (&mut other, true)];
    for (connection, may) in answers {
        let mut bytes = refers.clone();
        let mut input = Input::new(&mut bytes).with_inflater(&mut inflater);
        assert_eq!(connection.handle_input(&mut input).is_ok(), may);
    }
    // Without takeover, neither can a message of the same connection.
    let mut fresh = server(&FRESH);
    let hello = compressed_text([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]).encode(Some(KEY));
    for (mut bytes, may) in [(hello, true), (refers, false)] {
        let mut input = Input::new(&mut bytes).with_inflater(&mut inflater);
        assert_eq!(fresh.handle_input(&mut input).is_ok(), may);
    }
}
