//! What stands in the messages: the same in every run.

use super::Kind;
use crate::stamp::STAMP_TEXT_SIZE;

/// Different messages without their stamps, one after the other.
#[derive(Debug)]
pub(super) struct Content {
    size: usize,
    bytes: Vec<u8>,
}

impl Content {
    pub(super) fn new(kind: Kind, size: usize) -> Self {
        let mut random = Random(SEED);
        let count = count(kind, size);
        let mut bytes = Vec::with_capacity(count * size);
        for _ in 0..count {
            match kind {
                Kind::Binary => bytes.extend((0..size).map(|_| random.next() as u8)),
                Kind::Text => bytes.extend(text(size, &mut random)),
                Kind::Json => bytes.extend(json(size, &mut random)),
            }
        }
        Self { size, bytes }
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.size)
    }

    pub(super) fn message(&self, index: usize) -> &[u8] {
        &self.bytes[index * self.size..][..self.size]
    }
}

/// Where the stamp of a message begins.
pub(super) const fn stamp_start(kind: Kind) -> usize {
    match kind {
        Kind::Binary | Kind::Text => 0,
        Kind::Json => JSON_START.len(),
    }
}

/// A power of two. JSON is there to be compressed, so there is more of it than any window reaches back; the rest is as
/// little as possible, so that it stays in the processor's caches.
fn count(kind: Kind, size: usize) -> usize {
    let bytes = if kind == Kind::Json { JSON_BYTES } else { OTHER_BYTES };
    (bytes / size).clamp(1, COUNT_MAX).next_power_of_two()
}

/// A record of a feed, padded to the size with what somebody said about it.
fn json(size: usize, random: &mut Random) -> Vec<u8> {
    let mut json = format!("{JSON_START}{}\"", "0".repeat(STAMP_TEXT_SIZE));
    if size >= JSON_RECORD_SIZE {
        let symbol = random.pick(SYMBOLS);
        json += &format!(
            ",\"type\":\"trade\",\"symbol\":\"{symbol}\",\"price\":{}.{:02},\"quantity\":{},\"orders\":[",
            random.below(9000),
            random.below(100),
            random.below(5000)
        );
        let mut comma = "";
        while json.len() + JSON_ORDER_SIZE + JSON_TAIL.len() < size {
            let side = random.pick(&["buy", "sell"]);
            json += &format!(
                "{comma}{{\"order\":{},\"side\":\"{side}\",\"price\":{}.{:02},\"by\":\"{}\"}}",
                10_000_000 + random.below(80_000_000),
                random.below(9000),
                random.below(100),
                random.pick(NAMES)
            );
            comma = ",";
        }
        json.push(']');
    }
    json += JSON_TAIL;
    let room = size - json.len() - JSON_END.len();
    json += &words(room, random);
    json += JSON_END;
    json.into_bytes()
}

fn text(size: usize, random: &mut Random) -> Vec<u8> {
    let mut text = "0".repeat(STAMP_TEXT_SIZE);
    text += &words(size - STAMP_TEXT_SIZE, random);
    text.into_bytes()
}

/// So many bytes of words.
fn words(size: usize, random: &mut Random) -> String {
    let mut words = String::with_capacity(size + 16);
    while words.len() < size {
        words += random.pick(WORDS);
        words.push(' ');
    }
    words.truncate(size);
    words
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }

    const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    const fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }
}

const SEED: u64 = 0x5EED_0F50_CEAE;
const JSON_BYTES: usize = 256 * 1024;
const OTHER_BYTES: usize = 4 * 1024;
const COUNT_MAX: usize = 4096;

const JSON_START: &str = "{\"id\":\"";
const JSON_TAIL: &str = ",\"note\":\"";
const JSON_END: &str = "\"}";
pub(super) const JSON_SIZE_MIN: usize =
    JSON_START.len() + STAMP_TEXT_SIZE + 1 + JSON_TAIL.len() + JSON_END.len();
/// From which size on there is room for the rest of a record, and how much one order takes at most.
const JSON_RECORD_SIZE: usize = JSON_SIZE_MIN + 96;
const JSON_ORDER_SIZE: usize = 80;

const SYMBOLS: &[&str] = &["ACME", "BOLT", "CORD", "DUNE", "EDGE", "FLUX", "GRIT", "HALO"];
const NAMES: &[&str] = &["ada", "boris", "chen", "dolores", "emeka", "fatima", "goran", "hanna"];
const WORDS: &[&str] = &[
    "bid", "river", "again", "above", "market", "sells", "slowly", "what", "a", "price", "today",
    "nobody", "knows", "salmon", "upstream", "limit", "the", "order", "book", "thin", "hold",
    "until", "open", "spread", "wide", "very", "quick", "last", "volume", "up", "down", "quiet",
];
