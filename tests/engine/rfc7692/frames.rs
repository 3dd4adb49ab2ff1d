//! What is sent: when it is compressed, and that others understand it.

use super::{FRESH, TAKEOVER, dedicated};
use crate::support::Random;
use sockeye::protocol::deflate::{Agreement, Compressor, DeflateConfig, DeflateMode};
use sockeye::protocol::{Connection, FrameHeader, Message, Role};
use zlib_rs::{Inflate, InflateFlush};

/// Sends a message and takes the frame apart: whether it is compressed, and its payload.
fn sent(
    connection: &mut Connection,
    compressor: &mut Compressor,
    message: &[u8],
) -> (bool, Vec<u8>) {
    let mut frame = Vec::new();
    connection
        .send_compressed(Message::Binary(message), compressor, &mut frame)
        .expect("it is open");
    let (header, size) = FrameHeader::decode(&frame).expect("a frame").expect("a whole one");
    assert_eq!(header.payload_size as usize, frame.len() - size);
    (header.is_compressed, frame[size..].to_vec())
}

fn sends(agreement: &Agreement, config: &DeflateConfig) -> Connection {
    Connection::new(Role::Server, 1_000_000).with_deflate(agreement, config)
}

/// Some kilobytes that compress well, and refer far back.
fn prose(random: &mut Random, size: usize) -> Vec<u8> {
    let words: Vec<Vec<u8>> = (0..200).map(|_| random.bytes(7)).collect();
    let mut prose = Vec::new();
    while prose.len() < size {
        prose.extend_from_slice(&words[random.below(words.len())]);
    }
    prose.truncate(size);
    prose
}

#[test]
fn small_messages_and_those_that_do_not_shrink_are_sent_as_they_are() {
    let mut config = dedicated();
    config.threshold_bytes = 100;
    let mut random = Random::new(1);
    let noise = random.bytes(5000);
    let mut compressor = Compressor::new();
    let mut server = sends(&FRESH, &config);
    assert_eq!(sent(&mut server, &mut compressor, &[7; 99]), (false, vec![7; 99]));
    assert_eq!(sent(&mut server, &mut compressor, &noise), (false, noise.clone()));
    assert!(sent(&mut server, &mut compressor, &[7; 100]).0);
    config.threshold_bytes = 0;
    let mut server = sends(&TAKEOVER, &config);
    assert_eq!(sent(&mut server, &mut compressor, &[]), (false, Vec::new()));
    // The window has only what was sent compressed.
    assert!(!sent(&mut server, &mut compressor, &noise[..300]).0);
    assert!(!sent(&mut server, &mut compressor, &noise[..300]).0);
}

#[test]
fn a_client_that_wants_256_bytes_of_window_is_sent_nothing_compressed() {
    let agreement = Agreement { client_max_window_bits: 8, ..TAKEOVER };
    let role = Role::Client { mask_key: || [0; 4] };
    let mut client = Connection::new(role, 1000).with_deflate(&agreement, &dedicated());
    let mut frame = Vec::new();
    let message = Message::Binary(&[7; 1000]);
    client.send_compressed(message, &mut Compressor::new(), &mut frame).expect("it is open");
    assert_eq!(frame[0], 0x82);
}

#[test]
fn another_inflater_understands_a_stream_of_messages_with_takeover() {
    // A window that is read again, and a compressor of the connection's own.
    for bytes in [4 * 1024, 16 * 1024, 512 * 1024] {
        let config = DeflateConfig::new(DeflateMode::Dedicated { bytes });
        let mut server = sends(&TAKEOVER, &config);
        let mut compressor = Compressor::new();
        let mut random = Random::new(bytes as u64);
        let prose = prose(&mut random, 60_000);
        let mut inflater =
            miniz_oxide::inflate::stream::InflateState::new_boxed(miniz_oxide::DataFormat::Raw);
        let (mut before, mut after) = (0, 0);
        for _ in 0..200 {
            let start = random.below(prose.len() - 2000);
            let message = &prose[start..][..130 + random.below(1800)];
            let (is_compressed, mut payload) = sent(&mut server, &mut compressor, message);
            (before, after) = (before + message.len(), after + payload.len());
            if !is_compressed {
                assert_eq!(payload, message);
                continue;
            }
            payload.extend_from_slice(&[0, 0, 0xFF, 0xFF]);
            let mut inflated = vec![0; message.len() + 10];
            let result = miniz_oxide::inflate::stream::inflate(
                &mut inflater,
                &payload,
                &mut inflated,
                miniz_oxide::MZFlush::Sync,
            );
            assert_eq!(result.status, Ok(miniz_oxide::MZStatus::Ok));
            assert_eq!(&inflated[..result.bytes_written], message);
        }
        // Alone, words of noise are as large as they are.
        assert!(after * 4 < before * 3, "{bytes}: {before} bytes became {after}");
    }
}

#[test]
fn no_message_refers_further_back_than_was_agreed_on() {
    for bits in 9..=15 {
        for bytes in [1024, 64 * 1024, 512 * 1024] {
            let config = DeflateConfig::new(DeflateMode::Dedicated { bytes });
            let agreement = Agreement { server_max_window_bits: bits, ..TAKEOVER };
            let mut server = sends(&agreement, &config);
            let mut compressor = Compressor::new();
            let mut random = Random::new(bits.into());
            let prose = prose(&mut random, 90_000);
            // It has this window and nothing else, because it is given few bytes of room at a time.
            let mut inflater = Inflate::new(false, bits);
            for message in [&prose[..70_000], &prose[100..400], &prose[69_000..]] {
                let (_, mut payload) = sent(&mut server, &mut compressor, message);
                payload.extend_from_slice(&[0, 0, 0xFF, 0xFF]);
                assert_eq!(inflate_in_small_steps(&mut inflater, &payload), message, "{bits}");
            }
        }
    }
}

fn inflate_in_small_steps(inflater: &mut Inflate, payload: &[u8]) -> Vec<u8> {
    let (mut inflated, mut used) = (Vec::new(), 0);
    loop {
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        let mut room = [0; 64];
        let result = inflater.decompress(&payload[used..], &mut room, InflateFlush::SyncFlush);
        result.expect("it refers to nothing that the window has not");
        let written = (inflater.total_out() - before_out) as usize;
        used += (inflater.total_in() - before_in) as usize;
        inflated.extend_from_slice(&room[..written]);
        if written < room.len() {
            assert_eq!(used, payload.len());
            return inflated;
        }
    }
}
