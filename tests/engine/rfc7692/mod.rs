//! RFC 7692, permessage-deflate: what is agreed on, and what is made of compressed messages.

mod corruption;
mod examples;
mod frames;
mod limits;
mod negotiation;
mod round_trip;

use crate::support::{Frame, Outcome, receive};
use sockeye::protocol::deflate::{Agreement, DeflateConfig, DeflateMode};
use sockeye::protocol::{Connection, Role};

/// What both sides have where nothing is said: context takeover, and the largest windows.
const TAKEOVER: Agreement = Agreement {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: 15,
    client_max_window_bits: 15,
};

/// Every message by itself.
const FRESH: Agreement = Agreement {
    server_no_context_takeover: true,
    client_no_context_takeover: true,
    server_max_window_bits: 15,
    client_max_window_bits: 15,
};

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

fn dedicated() -> DeflateConfig {
    DeflateConfig::new(DeflateMode::Dedicated { bytes: 64 * 1024 })
}

/// A server that takes messages of at most 100,000 bytes.
fn server(agreement: &Agreement) -> Connection {
    Connection::new(Role::Server, 100_000).with_deflate(agreement, &dedicated())
}

/// A compressed text in a single frame.
fn compressed_text(payload: impl AsRef<[u8]>) -> Frame {
    Frame::text(payload).reserved(0b100)
}

/// What a server makes of these frames of a client's.
fn received(server: &mut Connection, frames: &[Frame]) -> Outcome {
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.encode(Some(KEY))).collect();
    receive(server, &[&bytes])
}
