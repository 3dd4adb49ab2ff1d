//! RFC 7692 section 7.2.3: the examples, byte for byte.

use super::{KEY, TAKEOVER, compressed_text, received, server};
use crate::support::{Frame, Outcome, OwnedEvent, every_chunking, receive};
use sockeye::protocol::ProtocolError;

/// "Hello" in one block.
const HELLO: [u8; 7] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

fn hello() -> Outcome {
    Outcome::events([OwnedEvent::text("Hello")])
}

#[test]
fn a_message_in_one_block_is_inflated() {
    let frame = compressed_text(HELLO).encode(Some(KEY));
    assert_eq!(frame[0], 0xC1);
    assert_eq!(every_chunking(&frame, |chunks| receive(&mut server(&TAKEOVER), chunks)), hello());
}

#[test]
fn a_message_in_fragments_is_inflated_with_its_last() {
    let frames = [
        compressed_text(&HELLO[..3]).unfinished(),
        Frame::ping("between"),
        Frame::continuation(&HELLO[3..]),
    ];
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.encode(Some(KEY))).collect();
    let outcome = every_chunking(&bytes, |chunks| receive(&mut server(&TAKEOVER), chunks));
    assert_eq!(outcome.events, [OwnedEvent::ping("between"), OwnedEvent::text("Hello")]);
}

#[test]
fn a_second_message_may_refer_to_the_first() {
    let second = [0xF2, 0x00, 0x11, 0x00, 0x00];
    let frames = [compressed_text(HELLO), Frame::text("not compressed"), compressed_text(second)];
    let texts = ["Hello", "not compressed", "Hello"].map(OwnedEvent::text);
    assert_eq!(received(&mut server(&TAKEOVER), &frames), Outcome::events(texts));
}

#[test]
fn a_message_in_a_stored_block_is_inflated() {
    let stored = [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00];
    assert_eq!(received(&mut server(&TAKEOVER), &[compressed_text(stored)]), hello());
}

#[test]
fn a_block_that_says_it_is_the_last_is_inflated() {
    let last = [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00];
    let mut server = server(&TAKEOVER);
    assert_eq!(received(&mut server, &[compressed_text(last)]), hello());
    // Also by senders that leave the octet behind it out, and what follows may refer to it.
    assert_eq!(received(&mut server, &[compressed_text(&last[..7])]), hello());
    let refers = [0xF2, 0x00, 0x11, 0x00, 0x00];
    assert_eq!(received(&mut server, &[compressed_text(refers)]), hello());
}

#[test]
fn a_message_goes_on_behind_a_block_that_says_it_is_the_last() {
    // "Hello", its end, and five bytes copied from where it began.
    let twice = [&[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00][..], &[0xF2, 0x00, 0x11, 0x00, 0x00]];
    let outcome = received(&mut server(&TAKEOVER), &[compressed_text(twice.concat())]);
    assert_eq!(outcome, Outcome::events([OwnedEvent::text("HelloHello")]));
    // Not for ever: each costs us a window and its sender two bytes.
    let many = [0x03, 0x00].repeat(1000);
    let outcome = received(&mut server(&TAKEOVER), &[compressed_text(many)]);
    assert_eq!(outcome, Outcome::error(ProtocolError::CompressionInvalid));
}

#[test]
fn a_message_in_two_blocks_is_inflated() {
    let two = [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00];
    assert_eq!(received(&mut server(&TAKEOVER), &[compressed_text(two)]), hello());
}

#[test]
fn an_empty_message_is_one_octet_or_none() {
    let frames = [compressed_text([0x00]), compressed_text([]), compressed_text(HELLO)];
    let texts = ["", "", "Hello"].map(OwnedEvent::text);
    assert_eq!(received(&mut server(&TAKEOVER), &frames), Outcome::events(texts));
}

#[test]
fn only_the_first_frame_of_a_message_says_that_it_is_compressed() {
    let fault = Outcome::error(ProtocolError::ReservedBitSet);
    let continued = [
        compressed_text(&HELLO[..3]).unfinished(),
        Frame::continuation(&HELLO[3..]).reserved(0b100),
    ];
    assert_eq!(received(&mut server(&TAKEOVER), &continued), fault);
    for frame in [Frame::ping("a"), Frame::pong("a"), Frame::close(1000, "")] {
        assert_eq!(received(&mut server(&TAKEOVER), &[frame.reserved(0b100)]), fault);
    }
    for bits in [0b110, 0b101, 0b010, 0b001] {
        assert_eq!(received(&mut server(&TAKEOVER), &[Frame::text(HELLO).reserved(bits)]), fault);
    }
}
