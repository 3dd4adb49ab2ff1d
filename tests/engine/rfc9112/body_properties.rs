//! What holds for every body, shown on random ones.

use super::body::{Body, End, read_pieces};
use crate::support::every_chunking;
use proptest::collection::vec;
use proptest::prelude::*;
use sockeye::protocol::http::{BodySize, encode_chunk, encode_last_chunk};

/// Data, and the sizes of the chunks in which it is sent; 0 is a chunk that must not be.
fn any_sent() -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    (vec(any::<u8>(), 0..300), vec(0..80_usize, 0..8))
}

fn encode(data: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut rest = data;
    for size in sizes {
        let (chunk, further) = rest.split_at(rest.len().min(*size));
        encode_chunk(chunk, &mut output);
        rest = further;
    }
    encode_chunk(rest, &mut output);
    encode_last_chunk(&mut output);
    output
}

/// What a client could send that means to disturb: the words of the grammar in any order.
fn any_words() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just(b"0".as_slice()),
        Just(b"1".as_slice()),
        Just(b"a".as_slice()),
        Just(b"5\r\nhello\r\n".as_slice()),
        Just(b"\r\n".as_slice()),
        Just(b"\r".as_slice()),
        Just(b"\n".as_slice()),
        Just(b";".as_slice()),
        Just(b" ".as_slice()),
        Just(b"\"".as_slice()),
        Just(b"\\".as_slice()),
        Just(b"0\r\n".as_slice()),
        Just(b"X: y\r\n".as_slice()),
        Just(b"\0".as_slice()),
    ];
    vec(word, 0..20).prop_map(|words| words.concat())
}

fn read(bytes_max: u64, pieces: &[&[u8]]) -> Body {
    read_pieces(BodySize::Chunked, bytes_max, pieces)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_was_sent_in_chunks_reads_back_the_same((data, sizes) in any_sent()) {
        let encoded = encode(&data, &sizes);
        let body = every_chunking(&encoded, |pieces| read(data.len() as u64, pieces));
        prop_assert_eq!(body, Body { data, taken: encoded.len(), end: End::Complete });
    }

    #[test]
    fn any_words_are_answered_alike_in_every_piece(words in any_words()) {
        let body = every_chunking(&words, |pieces| read(20, pieces));
        prop_assert!(body.data.len() <= 20);
    }
}

proptest! {
    #[test]
    fn no_beginning_of_a_good_body_is_refused((data, sizes) in any_sent()) {
        let encoded = encode(&data, &sizes);
        for size in 0..encoded.len() {
            let body = read(data.len() as u64, &[&encoded[..size]]);
            prop_assert_eq!(body.end, End::MoreNeeded);
            prop_assert!(data.starts_with(&body.data));
        }
    }

    #[test]
    fn a_bound_one_byte_lower_refuses_the_body((data, sizes) in any_sent()) {
        prop_assume!(!data.is_empty());
        let body = read(data.len() as u64 - 1, &[&encode(&data, &sizes)]);
        let is_refused = matches!(body.end, End::Refused(_));
        prop_assert!(is_refused && body.data.len() < data.len());
    }

    #[test]
    fn an_answer_stays_whatever_follows(words in any_words(), further in any_words()) {
        let body = read(20, &[&words]);
        if body.end != End::MoreNeeded {
            prop_assert_eq!(body, read(20, &[&words, &further]));
        }
    }
}
