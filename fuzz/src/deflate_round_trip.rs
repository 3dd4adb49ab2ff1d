//! What one side compresses against what the other inflates, over many messages: what was agreed on, what each side wants, cuts,
//! messages.
//!
//! ```text
//!   byte 0       byte 1   bytes 2 to 4                          cuts and content
//!  +------------+--------+-------------------------------------+-----------------------------
//!  | agreement  | level, | budgets of the server and the       | see `pieces`; the content is
//!  |            | side   | client, threshold                   | messages of three bytes each
//!  +------------+--------+-------------------------------------+-----------------------------
//! ```

use super::pieces::Cuts;
use sockeye::protocol::deflate::{Agreement, Compressor, DeflateConfig, DeflateMode, Inflater};
use sockeye::protocol::{Connection, Event, Input, Message, Role};
use std::cell::RefCell;

/// Checks that every message arrives as it was sent, in order, in whatever pieces, with whatever windows both sides keep; that
/// none takes more than a few bytes beyond its own size; and that nothing of another connection is in it.
pub fn check(input: &[u8]) {
    let Some((&[agreed, level, server, client, threshold], rest)) = input.split_first_chunk()
    else {
        return;
    };
    let (cuts, steps) = Cuts::read(rest);
    let agreement = Agreement {
        server_no_context_takeover: agreed & 1 == 1,
        client_no_context_takeover: agreed & 2 == 2,
        server_max_window_bits: 9 + (agreed >> 2) % 7,
        client_max_window_bits: 9 + (agreed >> 5) % 7,
    };
    let config = |budget: u8| config(budget, level, threshold);
    let mask_key = || [9, 8, 7, 6];
    let near = Connection::new(Role::Server, SIZE_MAX).with_deflate(&agreement, &config(server));
    let far = Connection::new(Role::Client { mask_key }, SIZE_MAX)
        .with_deflate(&agreement, &config(client));
    let (mut sender, mut receiver) = if level & 0x80 == 0 { (near, far) } else { (far, near) };

    let (mut wire, mut sent) = (Vec::new(), Vec::new());
    for &[kind, high, low] in steps.as_chunks::<3>().0 {
        let size = usize::from(u16::from_be_bytes([high, low])) % MESSAGE_SIZE_MAX;
        let message = text(kind, size, sent.len());
        let before = wire.len();
        COMPRESSOR.with_borrow_mut(|compressor| {
            let message = if kind & 0x80 == 0 {
                Message::Text(&message)
            } else {
                Message::Binary(message.as_bytes())
            };
            sender.send_compressed(message, compressor, &mut wire).expect("it is open");
        });
        assert!(wire.len() - before <= message.len() + HEADER_SIZE_MAX, "it grew");
        sent.push(message);
        if wire.len() > WIRE_SIZE_MAX {
            break;
        }
    }
    assert!(receive(&mut receiver, &wire, cuts) == sent, "other messages arrived");
}

fn receive(receiver: &mut Connection, wire: &[u8], cuts: Cuts<'_>) -> Vec<String> {
    let mut got = Vec::new();
    INFLATER.with_borrow_mut(|inflater| {
        for range in cuts.ranges(wire.len()) {
            let mut read = wire[range].to_vec();
            let mut input = Input::new(&mut read).with_inflater(inflater);
            while let Some(event) = receiver.handle_input(&mut input).expect("our own are good") {
                let Event::Message(received) = event else {
                    panic!("nothing but messages was sent: {event:?}");
                };
                let payload = received.into_payload();
                got.push(str::from_utf8(payload.as_bytes()).expect("text").to_owned());
            }
        }
    });
    got
}

/// Each side's own wishes: its budget, and from which size on it compresses.
fn config(budget: u8, level: u8, threshold: u8) -> DeflateConfig {
    let mode = match budget {
        0 => DeflateMode::Shared,
        budget @ 1..250 => DeflateMode::Dedicated { bytes: usize::from(budget) * 1024 },
        _ => DeflateMode::Dedicated { bytes: 1024 * 1024 },
    };
    let mut config = DeflateConfig::new(mode);
    config.level = 1 + (level & 0x7F) % 9;
    config.threshold_bytes = threshold.into();
    config
}

/// Text that repeats at some distance, or hardly; later messages resemble the first.
fn text(kind: u8, size: usize, number: usize) -> String {
    let mut text = format!("{{\"number\":{number},\"kind\":{kind}}}");
    let period = 1 + usize::from(kind & 0x7F) * 37;
    let mut state = u32::from(kind);
    let alphabet: Vec<char> = ('a'..='z').chain(['é', '€', '🐟']).collect();
    let characters = (0..period).map(|_| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        alphabet[(state >> 16) as usize % alphabet.len()]
    });
    let repeated: Vec<char> = characters.collect();
    text.extend(repeated.iter().cycle().take(size));
    text
}

thread_local! {
    static COMPRESSOR: RefCell<Compressor> = const { RefCell::new(Compressor::new()) };
    static INFLATER: RefCell<Inflater> = const { RefCell::new(Inflater::new()) };
}

const SIZE_MAX: usize = 1 << 20;
const MESSAGE_SIZE_MAX: usize = 1500;
const HEADER_SIZE_MAX: usize = 14;
/// More would only take more time.
const WIRE_SIZE_MAX: usize = 1500;
