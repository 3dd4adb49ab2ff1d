//! Two connections that agreed on permessage-deflate, in every combination, say the same.

use super::{FRESH, TAKEOVER};
use crate::support::{OwnedEvent, Random};
use sockeye::protocol::deflate::{Agreement, Compressor, DeflateConfig, DeflateMode, Inflater};
use sockeye::protocol::handshake::parse_extensions;
use sockeye::protocol::{Connection, Input, Message, Role};

#[test]
fn every_message_arrives_as_it_was_sent_whatever_both_sides_want() {
    for seed in 0..300 {
        let random = &mut Random::new(seed);
        let (client, server) = (draw_config(random), draw_config(random));
        let agreement = negotiate(&client, &server);
        exchange(random, [&client, &server], &agreement, seed);
    }
}

#[test]
fn what_peers_of_other_makes_agree_on_works_too() {
    for seed in 0..200 {
        let random = &mut Random::new(seed);
        let configs = [draw_config(random), draw_config(random)];
        let agreement = Agreement {
            server_no_context_takeover: random.below(2) == 0,
            client_no_context_takeover: random.below(2) == 0,
            server_max_window_bits: 9 + random.below(7) as u8,
            client_max_window_bits: 8 + random.below(8) as u8,
        };
        exchange(random, [&configs[0], &configs[1]], &agreement, seed);
    }
}

#[test]
fn takeover_makes_messages_that_resemble_each_other_smaller() {
    let sizes = [FRESH, TAKEOVER].map(|agreement| {
        let mut config = DeflateConfig::new(DeflateMode::Dedicated { bytes: 8 * 1024 });
        config.threshold_bytes = 0;
        let mut server = Connection::new(Role::Server, 1000).with_deflate(&agreement, &config);
        let (mut compressor, mut output) = (Compressor::new(), Vec::new());
        for number in 0..100 {
            let message = format!(
                r#"{{"channel":"prices","id":{number},"bid":1{number}.25,"ask":1{number}.75,"currency":"EUR","venue":"XETR","time":17000000{number}}}"#
            );
            server.send_compressed(Message::Text(&message), &mut compressor, &mut output).expect("open");
        }
        output.len()
    });
    assert!(sizes[1] * 2 < sizes[0], "{sizes:?}");
}

fn draw_config(random: &mut Random) -> DeflateConfig {
    let mode = match random.below(3) {
        0 => DeflateMode::Shared,
        1 => DeflateMode::Dedicated { bytes: 1024 << random.below(6) },
        _ => DeflateMode::Dedicated { bytes: 1024 * (180 + random.below(800)) },
    };
    let mut config = DeflateConfig::new(mode);
    config.level = 1 + random.below(9) as u8;
    config.threshold_bytes = random.below(300);
    assert_eq!(config.check(), Ok(()));
    config
}

fn negotiate(client: &DeflateConfig, server: &DeflateConfig) -> Agreement {
    let offer = client.offer().expect("it compresses");
    let offers = parse_extensions(offer.as_bytes()).map(|one| one.expect("an extension"));
    let (agreement, answer) = server.accept(offers).expect("it compresses too");
    let answers = parse_extensions(answer.as_bytes()).map(|one| one.expect("an extension"));
    let understood = client.check_answer(answers).expect("an answer to the offer");
    assert_eq!(understood, Some(agreement), "{answer} to {offer}");
    agreement
}

/// Has both sides send messages to each other, and compares what arrives.
fn exchange(
    random: &mut Random,
    [client, server]: [&DeflateConfig; 2],
    agreement: &Agreement,
    seed: u64,
) {
    let role = Role::Client { mask_key: || [1, 2, 3, 4] };
    let mut sides = [
        Connection::new(role, SIZE_MAX).with_deflate(agreement, client),
        Connection::new(Role::Server, SIZE_MAX).with_deflate(agreement, server),
    ];
    let (mut compressor, mut inflater) = (Compressor::new(), Inflater::new());
    let mut past = random.bytes(40);
    for _ in 0..20 {
        let sender = random.below(2);
        let messages: Vec<Vec<u8>> =
            (0..1 + random.below(3)).map(|_| draw_message(random, &mut past)).collect();
        let mut bytes = Vec::new();
        for message in &messages {
            let sending = &mut sides[sender];
            let message = Message::Binary(message);
            match random.below(8) {
                0 => sending.send(message, &mut bytes),
                _ => sending.send_compressed(message, &mut compressor, &mut bytes),
            }
            .expect("it is open");
        }
        let expected: Vec<_> = messages.iter().map(OwnedEvent::binary).collect();
        let arrived = receive(&mut sides[1 - sender], &mut inflater, random, &bytes);
        assert!(arrived == expected, "seed {seed}: {agreement:?}, {client:?}, {server:?}");
    }
}

fn receive(
    connection: &mut Connection,
    inflater: &mut Inflater,
    random: &mut Random,
    mut bytes: &[u8],
) -> Vec<OwnedEvent> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let (read, rest) = bytes.split_at(1 + random.below(bytes.len()));
        let mut read = read.to_vec();
        let mut input = Input::new(&mut read).with_inflater(inflater);
        while let Some(event) = connection.handle_input(&mut input).expect("no rule is broken") {
            events.push(OwnedEvent::of(event));
        }
        bytes = rest;
    }
    events
}

/// Noise, or something that resembles what was said before.
fn draw_message(random: &mut Random, past: &mut Vec<u8>) -> Vec<u8> {
    let size = match random.below(10) {
        0 => 0,
        1 => 40_000,
        _ => 1000,
    };
    let size = random.below(size + 1);
    let mut message = Vec::new();
    while message.len() < size {
        let start = random.below(past.len());
        let end = start + random.below((past.len() - start).min(200) + 1);
        message.extend_from_slice(&past[start..end]);
        if random.below(3) == 0 {
            message.extend(random.bytes(8));
        }
    }
    if random.below(12) == 0 {
        message = random.bytes(size);
    }
    past.extend_from_slice(&message);
    past.drain(..past.len().saturating_sub(100_000));
    message
}

const SIZE_MAX: usize = 60_000;
