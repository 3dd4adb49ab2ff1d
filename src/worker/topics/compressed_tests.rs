//! Publications for subscribers that take them compressed.

use super::*;
use crate::protocol::deflate::{Agreement, DeflateConfig, DeflateMode};
use crate::protocol::{Connection, Message, Role, encode_frame};
use crate::worker::clock::Ticks;
use crate::worker::compression::Coding;
use crate::worker::phases::{Open, Phase};
use std::io::IoSlice;

const FRESH: Agreement = Agreement {
    server_no_context_takeover: true,
    client_no_context_takeover: true,
    server_max_window_bits: 15,
    client_max_window_bits: 15,
};

struct Fan {
    topics: Topics,
    connections: Connections<()>,
    compression: Compression,
    slots: Vec<u32>,
}

impl Fan {
    /// Subscribers that have agreed on this, and one that takes nothing compressed.
    fn new(agreements: &[Agreement]) -> Self {
        let mut fan = Self {
            topics: Topics::default(),
            connections: Connections::new(),
            compression: Compression::default(),
            slots: Vec::new(),
        };
        let config = DeflateConfig::new(DeflateMode::Dedicated { bytes: 64 * 1024 });
        let plain = Connection::new(Role::Server, 1000);
        let deflating = agreements
            .iter()
            .map(|one| Connection::new(Role::Server, 1000).with_deflate(one, &config));
        for protocol in deflating.chain([plain]) {
            let coding = Coding::of(&protocol);
            let open = Open { protocol, state: () };
            let slot = fan.connections.insert(Phase::Open(open), Ticks::default()).slot;
            let taking = Taking { variant: Variant::default(), coding, lag_bytes: None };
            assert!(fan.topics.subscribe(&mut fan.connections, slot, b"news", taking));
            fan.slots.push(slot);
        }
        fan
    }

    /// Publishes, and says how often that was encoded.
    fn publish(&mut self, message: Message<'_>, may_compress: bool) -> usize {
        let mut encoded = 0;
        let compression = may_compress.then_some(&mut self.compression);
        self.topics.publish(b"news", (0, None), compression, |_, output| {
            encoded += 1;
            encode_frame(message.opcode(), message.as_bytes(), output);
        });
        encoded
    }

    /// What each subscriber is sent, as where it lies and what it is.
    fn deliver(&mut self) -> Vec<(*const u8, Vec<u8>)> {
        self.topics.deliver(&mut self.connections, usize::MAX, &mut Vec::new(), |_, _| false);
        let slots = self.slots.clone();
        slots
            .into_iter()
            .map(|slot| {
                let queue = self.connections.outgoing(slot);
                let mut slices = [IoSlice::new(&[]); 4];
                let count = queue.slices(&mut slices);
                let place = slices[0].as_ptr();
                let bytes = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
                queue.clear();
                (place, bytes)
            })
            .collect()
    }
}

#[test]
fn it_is_compressed_once_for_all_who_agreed_on_the_same() {
    let narrow = Agreement { server_max_window_bits: 10, ..FRESH };
    let mut fan = Fan::new(&[FRESH, FRESH, narrow, FRESH]);
    assert_eq!(
        fan.publish(Message::Text(&"news ".repeat(50)), true),
        1,
        "and compressed for each window"
    );
    let sent = fan.deliver();
    assert_eq!(sent[0].1[0], 0xC1, "RSV1: it is compressed");
    assert!(sent[0].1.len() < 50);
    for shared in [1, 3] {
        assert_eq!((sent[shared].0, &sent[shared].1), (sent[0].0, &sent[0].1));
    }
    assert_ne!(sent[2].0, sent[0].0, "another window is another compressor");
    assert_eq!((sent[4].1[0], sent[4].1.len()), (0x81, 4 + 250));
}

#[test]
fn what_is_small_or_must_not_be_compressed_is_sent_as_it_is() {
    let mut fan = Fan::new(&[FRESH]);
    fan.publish(Message::Text("small"), true);
    fan.publish(Message::Text(&"secret ".repeat(50)), false);
    let sent = fan.deliver();
    assert_eq!(sent[0].1, sent[1].1);
}
