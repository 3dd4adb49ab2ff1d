//! How much a compressed message may cost.

use super::{FRESH, KEY, TAKEOVER, compressed_text, dedicated, received};
use crate::support::{Frame, Outcome, OwnedEvent, Random, receive_filling};
use sockeye::protocol::deflate::{DeflateConfig, DeflateMode, Inflater};
use sockeye::protocol::{Connection, Event, Input, Payload, ProtocolError, Role};

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
    }
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
    let claims = Frame::binary([]).claiming(100_000 + 100_000 / 1024 + 65).reserved(0b100);
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
