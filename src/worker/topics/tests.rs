//! The topics against a model that keeps a list for each connection and shares nothing.

use super::*;
use crate::worker::clock::Ticks;
use crate::worker::compression::Coding;
use crate::worker::flags::Flags;
use crate::worker::phases::Phase;
use std::collections::{BTreeMap, BTreeSet};
use std::io::IoSlice;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What one connection gets in one tick: between two messages of its own, each topic's publications in their order.
type Tick = Vec<BTreeMap<u8, Vec<Record>>>;

/// A publication as it is encoded: topic, variant, mark.
type Record = [u8; 4];

/// A message of the connection's own among the records.
const OWN: Record = [b'-'; 4];

#[derive(Default)]
struct Model {
    peers: BTreeMap<u32, ModelPeer>,
}

#[derive(Default)]
struct ModelPeer {
    topics: BTreeMap<u8, u16>,
    /// Published, and not queued yet: with the mark.
    waiting: Vec<(u8, u64, Record)>,
    queued: Tick,
}

impl ModelPeer {
    fn catch_up(&mut self) {
        for (topic, _, record) in self.waiting.drain(..) {
            if self.queued.is_empty() {
                self.queued.push(BTreeMap::new());
            }
            let segment = self.queued.last_mut().expect("there is one now");
            segment.entry(topic).or_default().push(record);
        }
    }

    fn send(&mut self) {
        self.catch_up();
        if self.queued.is_empty() {
            self.queued.push(BTreeMap::new());
        }
        self.queued.push(BTreeMap::new());
    }
}

impl Model {
    fn peer(&mut self, slot: u32) -> &mut ModelPeer {
        self.peers.get_mut(&slot).expect("the model has every slot")
    }

    fn publish(&mut self, topic: u8, mark: u64, except: Option<u32>) {
        for (slot, peer) in &mut self.peers {
            if let Some(variant) = peer.topics.get(&topic)
                && except != Some(*slot)
            {
                let record = record(topic, Variant(*variant), mark);
                peer.waiting.push((topic, mark, record));
            }
        }
    }

    /// Ends the tick; answers who lagged in which topic, and from which mark on it has missed something.
    fn deliver(&mut self, slow: &BTreeSet<u32>) -> BTreeSet<(u32, u8, u64)> {
        let mut lagged = BTreeSet::new();
        for (slot, peer) in &mut self.peers {
            if slow.contains(slot) {
                let mut missed = BTreeMap::new();
                for (topic, mark, _) in peer.waiting.drain(..) {
                    missed.entry(topic).or_insert(mark);
                }
                for (topic, mark) in missed {
                    peer.topics.remove(&topic);
                    lagged.insert((*slot, topic, mark));
                }
            }
            peer.catch_up();
        }
        lagged
    }
}

fn record(topic: u8, variant: Variant, mark: u64) -> Record {
    [topic, variant.0 as u8, (mark >> 8) as u8, mark as u8]
}

struct Fixture {
    topics: Topics,
    connections: Connections<()>,
    model: Model,
    mark: u64,
}

impl Fixture {
    fn new(peers: usize) -> Self {
        let mut fixture = Self {
            topics: Topics::default(),
            connections: Connections::new(),
            model: Model::default(),
            mark: 0,
        };
        for _ in 0..peers {
            fixture.connect();
        }
        fixture
    }

    fn connect(&mut self) -> u32 {
        let slot = self.connections.insert(Phase::Ending, Ticks::default()).slot;
        self.model.peers.insert(slot, ModelPeer::default());
        slot
    }

    fn subscribe(&mut self, slot: u32, topic: u8, variant: u16) {
        let (topics, connections) = (&mut self.topics, &mut self.connections);
        let taking =
            Taking { variant: Variant(variant), coding: Coding::default(), lag_bytes: None };
        let is_new = topics.subscribe(connections, slot, &[topic], taking);
        let peer = self.model.peer(slot);
        assert_eq!(is_new, !peer.topics.contains_key(&topic));
        peer.topics.entry(topic).or_insert(variant);
    }

    fn unsubscribe(&mut self, slot: u32, topic: u8) {
        let (topics, connections) = (&mut self.topics, &mut self.connections);
        let had_one = topics.unsubscribe(connections, slot, &[topic]);
        let peer = self.model.peer(slot);
        assert_eq!(had_one, peer.topics.remove(&topic).is_some());
        if had_one {
            peer.catch_up();
        }
    }

    fn publish(&mut self, topic: u8, except: Option<u32>) {
        self.mark += 1;
        let mark = self.mark;
        let mut variants = BTreeSet::new();
        self.topics.publish(&[topic], (mark, except), None, |variant, output| {
            assert!(variants.insert(variant.0), "encoded twice for a variant");
            output.extend_from_slice(&record(topic, variant, mark));
        });
        let all = self.model.peers.values();
        let expected: BTreeSet<u16> =
            all.filter_map(|peer| peer.topics.get(&topic).copied()).collect();
        assert_eq!(variants, expected, "encoded for the variants there are");
        self.model.publish(topic, mark, except);
    }

    fn send(&mut self, slot: u32) {
        self.topics.catch_up(&mut self.connections, slot);
        let queue = self.connections.outgoing(slot);
        queue.append(|output| output.extend_from_slice(&OWN));
        self.model.peer(slot).send();
    }

    /// Ends the tick with these connections too slow, and compares what everybody has got.
    fn deliver(&mut self, slow: &BTreeSet<u32>) -> BTreeSet<(u32, u8, u64)> {
        for slot in self.model.peers.keys() {
            self.connections.note_in_flight(*slot, LAG_BYTES + 1);
            self.connections[*slot].flags.set(Flags::IN_FLIGHT, slow.contains(slot));
        }
        let mut lagged = Vec::new();
        self.topics.deliver(&mut self.connections, LAG_BYTES, &mut lagged, |_, _| false);
        let count = lagged.len();
        let lagged: BTreeSet<_> =
            lagged.into_iter().map(|lagged| (lagged.slot, lagged.topic[0], lagged.mark)).collect();
        assert_eq!(lagged.len(), count, "told twice of the same lag");
        assert_eq!(lagged, self.model.deliver(slow));
        let slots: Vec<u32> = self.model.peers.keys().copied().collect();
        for slot in slots {
            let mut got = self.drain(slot);
            let mut expected = std::mem::take(&mut self.model.peer(slot).queued);
            for tick in [&mut got, &mut expected] {
                tick.retain(|segment| !segment.is_empty());
            }
            assert_eq!(got, expected, "connection {slot}");
        }
        lagged
    }

    /// Takes what was queued for a connection, as if it had been sent.
    fn drain(&mut self, slot: u32) -> Tick {
        let Some(queue) = &mut self.connections[slot].queue else {
            return Tick::new();
        };
        let mut bytes = Vec::new();
        while !queue.is_empty() {
            let mut slices = [IoSlice::new(&[])];
            assert_eq!(queue.slices(&mut slices), 1);
            bytes.extend_from_slice(&slices[0]);
            let size = slices[0].len();
            queue.advance(size);
        }
        let mut tick = vec![BTreeMap::<u8, Vec<Record>>::new()];
        for record in bytes.as_chunks().0 {
            let segment = tick.last_mut().expect("there is one");
            match *record {
                OWN => tick.push(BTreeMap::new()),
                [topic, ..] => segment.entry(topic).or_default().push(*record),
            }
        }
        tick
    }

    fn leave(&mut self, slot: u32) {
        self.topics.unsubscribe_all(&mut self.connections, slot);
        self.connections.remove(slot);
        self.model.peers.remove(&slot);
    }
}

#[test]
fn what_everybody_gets_agrees_with_a_model_that_shares_nothing() {
    for seed in 1..=200 {
        let mut random = xorshift(seed);
        let mut fixture = Fixture::new(6);
        for _ in 0..300 {
            let slots: Vec<u32> = fixture.model.peers.keys().copied().collect();
            let slot = slots[random(slots.len())];
            let topic = random(3) as u8;
            match random(16) {
                0..4 => fixture.subscribe(slot, topic, random(3) as u16),
                4 => fixture.unsubscribe(slot, topic),
                5..10 => {
                    let except = (random(2) == 0).then_some(slot);
                    fixture.publish(topic, except);
                }
                10..13 => fixture.send(slot),
                13 => {
                    fixture.leave(slot);
                    fixture.connect();
                }
                _ => {
                    let slow = slots.into_iter().filter(|_| random(4) == 0);
                    let slow = slow.collect();
                    fixture.deliver(&slow);
                }
            }
        }
        fixture.deliver(&BTreeSet::new());
        let Fixture { mut topics, mut connections, model, .. } = fixture;
        for slot in model.peers.keys() {
            topics.unsubscribe_all(&mut connections, *slot);
        }
        assert!(topics.topics.is_empty() && topics.by_name.is_empty() && !topics.is_dirty());
        assert!(topics.used.len() <= USED_BATCHES_MAX);
    }
}

#[test]
fn a_topic_ends_when_its_only_subscriber_lags() {
    let mut fixture = Fixture::new(1);
    fixture.subscribe(0, 7, 0);
    fixture.publish(7, None);
    fixture.publish(7, None);
    let lagged = fixture.deliver(&BTreeSet::from([0]));
    assert_eq!(lagged, BTreeSet::from([(0, 7, 1)]), "the first mark it missed");
    assert!(fixture.topics.topics.is_empty() && fixture.topics.by_name.is_empty());
    fixture.subscribe(0, 7, 0);
    fixture.publish(7, None);
    assert!(fixture.deliver(&BTreeSet::new()).is_empty());
}

#[test]
fn what_a_slow_subscriber_caught_up_with_before_it_lagged_is_not_missed() {
    let mut fixture = Fixture::new(2);
    fixture.subscribe(0, 7, 0);
    fixture.subscribe(1, 7, 1);
    fixture.publish(7, None);
    fixture.send(0);
    fixture.publish(7, None);
    let lagged = fixture.deliver(&BTreeSet::from([0]));
    assert_eq!(lagged, BTreeSet::from([(0, 7, 2)]));
}

#[test]
fn a_subscriber_with_a_bound_of_its_own_lags_when_it_is_over_that() {
    let (mut topics, mut connections) = (Topics::default(), Connections::<()>::new());
    for lag_bytes in [None, Some(LAG_BYTES / 2), Some(2 * LAG_BYTES)] {
        let slot = connections.insert(Phase::Ending, Ticks::default()).slot;
        let taking = Taking { variant: Variant(3), coding: Coding::default(), lag_bytes };
        assert!(topics.subscribe(&mut connections, slot, b"news", taking));
        connections[slot].flags.set(Flags::BLOCKED, true);
    }
    let mut lagging = |backlog: usize, bound: usize| {
        let mut encoded = 0;
        topics.publish(b"news", (1, None), None, |_, output| {
            encoded += 1;
            output.push(0);
        });
        assert_eq!(encoded, 1, "they share the encoding");
        for slot in 0..3 {
            connections.outgoing(slot).clear();
            connections.outgoing(slot).append(|output| output.resize(backlog, 0));
        }
        let mut lagged = Vec::new();
        topics.deliver(&mut connections, bound, &mut lagged, |_, _| false);
        lagged.iter().map(|lagged| lagged.slot).collect::<Vec<_>>()
    };
    assert!(lagging(2 * LAG_BYTES + 1, NOBODY_LAGS).is_empty(), "nor those with a bound");
    assert_eq!(lagging(LAG_BYTES / 2 + 1, LAG_BYTES), [1]);
    assert_eq!(lagging(2 * LAG_BYTES, LAG_BYTES), [0]);
    assert_eq!(lagging(2 * LAG_BYTES + 1, LAG_BYTES), [2]);
}

#[test]
fn an_encoder_that_panics_leaves_nothing_behind() {
    let mut fixture = Fixture::new(2);
    fixture.subscribe(0, 7, 0);
    fixture.subscribe(1, 7, 1);
    fixture.publish(7, None);
    let topics = &mut fixture.topics;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        topics.publish(b"\x07", (2, None), None, |variant, output| {
            output.extend_from_slice(b"half a frame");
            // As a panic, but without the message that the hook would print.
            if variant == Variant(1) {
                std::panic::resume_unwind(Box::new(()));
            }
            output.truncate(output.len() - "half a frame".len());
            output.extend_from_slice(&record(7, variant, 2));
        });
    }));
    assert!(panicked.is_err());
    // Who was encoded for before the panic gets it, with the rest of the tick; the others get nothing of it.
    let peer = fixture.model.peer(0);
    peer.waiting.push((7, 2, record(7, Variant(0), 2)));
    fixture.deliver(&BTreeSet::new());
    fixture.publish(7, None);
    fixture.deliver(&BTreeSet::new());
}

#[test]
fn a_topic_in_which_nothing_happens_owns_no_memory_for_batches() {
    let mut fixture = Fixture::new(1);
    for topic in 0..10 {
        fixture.subscribe(0, topic, 0);
    }
    for topic in 0..10 {
        fixture.publish(topic, None);
        fixture.deliver(&BTreeSet::new());
        let topics = fixture.topics.topics.iter();
        let lanes = topics.flat_map(|(_, topic)| &topic.lanes);
        let owned: usize = lanes.map(|lane| lane.bytes.capacity()).sum();
        assert_eq!(owned, 0);
    }
    assert_eq!(fixture.topics.used.len(), 1, "one batch serves every tick");
}

fn xorshift(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    }
}

const LAG_BYTES: usize = 1000;
