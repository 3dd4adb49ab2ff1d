//! How much a compressed message may cost.

use super::{FRESH, KEY, TAKEOVER, compressed_text, dedicated, received};
use crate::support::{Frame, Outcome, OwnedEvent, Random, receive_filling};
use sockeye::protocol::deflate::{Compressor, DeflateConfig, DeflateMode, Inflater};
use sockeye::protocol::{Connection, Event, Input, Message, Payload, ProtocolError, Role};

/// So many zeros, compressed a thousand times.
fn zeros(size: usize) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec(&vec![0; size], 9)
}

fn server_with(config: &DeflateConfig, message_size_max: usize) -> Connection {
    Connection::new(Role::Server, message_size_max).with_deflate(&FRESH, config)
}

#[test]
fn a_message_may_be_as_large_inflated_as_any_other_and_no_byte_larger() {
    let too_big = Outcome::error(ProtocolError::MessageTooBig);
    for size in [1, 1000, 65_536, 100_000] {
        let binary = |size| Frame::binary(zeros(size)).reserved(0b100);
        let config = DeflateConfig::new(DeflateMode::Shared);
        let outcome = received(&mut server_with(&config, size), &[binary(size)]);
        assert_eq!(outcome, Outcome::events([OwnedEvent::binary(vec![0; size])]));
        assert_eq!(received(&mut server_with(&config, size), &[binary(size + 1)]), too_big);
        // Bounded separately: what is not compressed may be larger, or smaller.
        let mut config = config;
        config.inflated_bytes_max = Some(size);
        let outcome = received(&mut server_with(&config, 200_000), &[binary(size)]);
        assert_eq!(outcome, Outcome::events([OwnedEvent::binary(vec![0; size])]));
        assert_eq!(received(&mut server_with(&config, 200_000), &[binary(size + 1)]), too_big);
    }
}

#[test]
fn a_bomb_is_inflated_no_further_than_the_limit() {
    let limit = 100_000;
    let mut server = server_with(&dedicated(), limit);
    let mut bytes = Frame::binary(zeros(90_000_000)).reserved(0b100).encode(Some(KEY));
    assert!(bytes.len() < limit, "the bomb itself passes");
    let mut inflater = Inflater::new();
    let mut input =
        Input::with_spare(&mut bytes, Vec::with_capacity(100)).with_inflater(&mut inflater);
    let error = server.handle_input(&mut input).expect_err("it is too big");
    assert_eq!((error, error.close_code().number()), (ProtocolError::MessageTooBig, 1009));
}

#[test]
fn an_inflated_message_holds_no_more_memory_than_twice_its_size_and_a_step() {
    for size in [10, 300, 5000, 99_999] {
        let mut server = server_with(&dedicated(), 100_000);
        let mut bytes = Frame::binary(zeros(size)).reserved(0b100).encode(Some(KEY));
        let mut input = Input::new(&mut bytes);
        let event = server.handle_input(&mut input).expect("no rule is broken");
        let Some(Event::Message(message)) = event else { panic!("{event:?}") };
        let Payload::Assembled(buffer) = message.into_payload() else { panic!("it was inflated") };
        assert_eq!(buffer, vec![0; size]);
        assert!(buffer.capacity() <= 2 * size + 64 * 1024, "{}", buffer.capacity());
        assert!(buffer.capacity() <= 100_000, "over the limit: {}", buffer.capacity());
    }
}

#[test]
fn a_buffer_that_is_larger_than_a_message_may_be_is_not_taken_for_the_next_one() {
    let mut config = dedicated();
    config.inflated_bytes_max = Some(1_000_000);
    let mut server = server_with(&config, 10_000);
    let mut bytes = Frame::binary(zeros(900_000)).reserved(0b100).encode(Some(KEY));
    bytes.extend(Frame::binary([7; 9000]).encode(Some(KEY)));
    bytes.truncate(bytes.len() - 100);
    let mut input = Input::new(&mut bytes);
    let event = server.handle_input(&mut input).expect("no rule is broken");
    let Some(Event::Message(message)) = event else { panic!("{event:?}") };
    let Payload::Assembled(buffer) = message.into_payload() else { panic!("it was inflated") };
    input.recycle(buffer);
    assert!(matches!(server.handle_input(&mut input), Ok(None)), "some of it is missing");
    assert!(input.into_spare().capacity() >= 900_000, "it is left for others");
}

#[test]
fn what_grows_by_an_eighth_because_of_a_fast_compressor_still_arrives() {
    let mut random = Random::new(8);
    // Bytes for which fixed codes take nine bits.
    let noise: Vec<u8> = random.bytes(100_000).into_iter().map(|byte| byte | 0x90).collect();
    for config in [DeflateConfig::new(DeflateMode::Dedicated { bytes: 512 * 1024 }), dedicated()] {
        let role = Role::Client { mask_key: || [0; 4] };
        let mut client = Connection::new(role, 100_000).with_deflate(&TAKEOVER, &config);
        let mut server = Connection::new(Role::Server, 100_000).with_deflate(&TAKEOVER, &config);
        let mut compressor = Compressor::new();
        for _ in 0..3 {
            let mut bytes = Vec::new();
            let message = Message::Binary(&noise);
            client.send_compressed(message, &mut compressor, &mut bytes).expect("it is open");
            assert!(bytes.len() <= noise.len() + 14, "what does not shrink is sent as it is");
            let mut input = Input::new(&mut bytes);
            let event = server.handle_input(&mut input).expect("it is within the limit");
            assert!(matches!(event, Some(Event::Message(_))));
        }
    }
    // As another's compressor may have it: every byte with the code that fixed codes give it.
    let fixed = fixed_codes(&noise);
    assert!(fixed.len() > noise.len() + noise.len() / 9, "{} bytes", fixed.len());
    let frame = Frame::binary(&fixed).reserved(0b100);
    let outcome = received(&mut super::server(&TAKEOVER), &[frame]);
    assert_eq!(outcome, Outcome::events([OwnedEvent::binary(&noise)]));
}

/// One block with fixed codes and no references (RFC 1951 section 3.2.6), of bytes from 144 on, and its flush.
fn fixed_codes(bytes: &[u8]) -> Vec<u8> {
    let (mut coded, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    let mut push = |value: u32, size: u32| {
        bits |= value << count;
        count += size;
        while count >= 8 {
            coded.push(bits as u8);
            bits >>= 8;
            count -= 8;
        }
    };
    push(0b010, 3);
    for byte in bytes {
        // Codes go out with their first bit first.
        let code = 0b1_1001_0000 + u32::from(byte - 144);
        push(code.reverse_bits() >> 23, 9);
    }
    push(0, 7);
    // An empty stored block, whose length is what a message leaves out.
    push(0, 3);
    push(0, 7);
    coded
}

#[test]
fn what_does_not_shrink_may_be_a_little_larger_than_the_limit_on_its_way() {
    let noise = Random::new(3).bytes(100_000);
    let stored = miniz_oxide::deflate::compress_to_vec(&noise, 6);
    assert!(stored.len() > noise.len());
    let frame = Frame::binary(stored).reserved(0b100);
    let mut server = super::server(&TAKEOVER);
    assert_eq!(received(&mut server, &[frame]), Outcome::events([OwnedEvent::binary(&noise)]));
    // Not much larger, and not when it is not compressed.
    let too_big = Outcome::error(ProtocolError::MessageTooBig);
    let claims = Frame::binary([]).claiming(100_000 + 100_000 / 8 + 65).reserved(0b100);
    assert_eq!(received(&mut super::server(&TAKEOVER), &[claims]), too_big);
    let claims = Frame::binary([]).claiming(100_001);
    assert_eq!(received(&mut super::server(&TAKEOVER), &[claims]), too_big);
    let continued = [Frame::binary([]).unfinished(), Frame::continuation([]).claiming(100_001)];
    assert_eq!(received(&mut super::server(&TAKEOVER), &continued), too_big);
}

#[test]
fn a_large_compressed_message_is_not_received_into_the_buffer_of_the_inflated_one() {
    let noise = Random::new(4).bytes(90_000);
    let compressed = miniz_oxide::deflate::compress_to_vec(&noise, 1);
    let bytes = compressed_text(compressed).encode(Some(KEY));
    let mut server = super::server(&TAKEOVER);
    let chunks: Vec<&[u8]> = bytes.chunks(20_000).collect();
    let outcome = receive_filling(&mut server, &chunks);
    assert_eq!(outcome, Outcome::error(ProtocolError::Utf8Invalid), "noise is no text");
}
