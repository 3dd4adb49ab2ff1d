//! Fan-out: who gets what is published, and what was published in this tick.
//!
//! A publication is encoded once per variant and appended to the topic's batch of this tick; receivers do not hear of it
//! yet. At the end of the tick the batch is sealed and each receiver's send queue gets a reference to it: one range, and
//! one send, however many publications there were. A connection that queues something of its own meanwhile first gets
//! the range up to then, so that it sees everything in the order in which it happened.
//!
//! A subscriber is *live*, that is in the topic, or *behind*, that is out of it with nothing queued: when a batch is
//! delivered, a connection whose backlog is over the bound leaves the topic, and the handler is told from which mark on
//! it has missed publications.

mod lane;

use super::compression::Compression;
use super::connections::{Connections, Subscription};
use crate::buffer::Batch;
pub(crate) use lane::Taking;
use lane::{Lane, Subscriber, start_of, unseen};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Which encoding of a publication a subscriber gets. The handler gives the numbers their meaning, but for the two that are
/// named here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Variant(pub u16);

impl Variant {
    /// What a stream gets unless it subscribes to another: the payload as a chunk
    /// ([`crate::protocol::http::encode_chunk`]).
    pub const CHUNK: Self = Self(u16::MAX);

    /// What a stream to HTTP/1.0 gets unless it subscribes to another: the payload as it is.
    pub const BYTES: Self = Self(u16::MAX - 1);
}

/// The topics of one worker.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    by_name: HashMap<Rc<[u8]>, u32>,
    topics: slab::Slab<Topic>,
    /// Topics with something to deliver.
    dirty: Vec<u32>,
    /// Bytes that were published since the last tick ended, and the most that they have been in one tick.
    published_bytes: usize,
    published_bytes_max: usize,
    /// Batches of earlier ticks, whose memory can be used again once their last receiver has sent them.
    used: VecDeque<Rc<Batch>>,
    /// The publication that is being compressed.
    plain: Vec<u8>,
}

#[derive(Debug)]
struct Topic {
    name: Rc<[u8]>,
    is_dirty: bool,
    lanes: Vec<Lane>,
}

/// A subscriber that was too slow and has left the topic.
#[derive(Debug)]
pub(crate) struct Lagged {
    pub(crate) slot: u32,
    pub(crate) topic: Rc<[u8]>,
    /// The first publication it did not get.
    pub(crate) mark: u64,
}

impl Topics {
    /// Makes the connection a live subscriber, from the next publication on. `false`: it is one already.
    pub(crate) fn subscribe<S>(
        &mut self,
        connections: &mut Connections<S>,
        slot: u32,
        name: &[u8],
        taking: Taking,
    ) -> bool {
        let topic = match self.by_name.get(name) {
            Some(topic) => *topic,
            None => self.create(name),
        };
        let subscriptions = &mut connections[slot].subscriptions;
        if subscriptions.iter().any(|subscription| subscription.topic == topic) {
            return false;
        }
        let lanes = &mut self.topics[topic as usize].lanes;
        let lane = lanes.iter().position(|lane| lane.taking == taking);
        let lane = lane.unwrap_or_else(|| {
            // Most topics have one.
            lanes.reserve_exact(1);
            lanes.push(Lane::new(taking));
            lanes.len() - 1
        });
        let Lane { subscribers, publications, .. } = &mut lanes[lane];
        subscriptions.push(Subscription {
            topic,
            lane: lane as u32,
            position: subscribers.len() as u32,
        });
        subscribers.push(Subscriber {
            slot,
            index: subscriptions.len() as u32 - 1,
            seen: publications.len() as u32,
        });
        true
    }

    /// Ends a subscription; what was published before still arrives. `false`: there is none.
    pub(crate) fn unsubscribe<S>(
        &mut self,
        connections: &mut Connections<S>,
        slot: u32,
        name: &[u8],
    ) -> bool {
        let Some(topic) = self.by_name.get(name).copied() else {
            return false;
        };
        let subscriptions = &connections[slot].subscriptions;
        let Some(index) = subscriptions.iter().position(|subscription| subscription.topic == topic)
        else {
            return false;
        };
        self.catch_up(connections, slot);
        self.leave(connections, slot, index);
        true
    }

    /// Ends all subscriptions of a connection; what was published before still arrives.
    pub(crate) fn unsubscribe_all<S>(&mut self, connections: &mut Connections<S>, slot: u32) {
        self.catch_up(connections, slot);
        while let Some(last) = connections[slot].subscriptions.len().checked_sub(1) {
            self.leave(connections, slot, last);
        }
    }

    /// Appends a publication to the topic's batch: `encode` writes it, once per variant that has subscribers. Without
    /// `compression` nobody gets it compressed.
    pub(crate) fn publish(
        &mut self,
        name: &[u8],
        (mark, except): (u64, Option<u32>),
        mut compression: Option<&mut Compression>,
        mut encode: impl FnMut(Variant, &mut Vec<u8>),
    ) {
        let Some(index) = self.by_name.get(name).copied() else {
            return;
        };
        let topic = &mut self.topics[index as usize];
        // Before anything is encoded: if `encode` panics, what other variants have got by then is still delivered.
        if !topic.is_dirty {
            topic.is_dirty = true;
            self.dirty.push(index);
        }
        let except = except.unwrap_or(NOBODY);
        for first in 0..topic.lanes.len() {
            let (before, lanes) = topic.lanes.split_at_mut(first);
            let variant = lanes[0].taking.variant;
            let is_live =
                |lane: &Lane| lane.taking.variant == variant && !lane.subscribers.is_empty();
            if !is_live(&lanes[0]) || before.iter().any(is_live) {
                continue;
            }
            if lanes[0].taking.coding.is_plain() && !lanes[1..].iter().any(is_live) {
                lanes[0].begin(&mut self.used);
                encode(variant, &mut lanes[0].bytes);
                lanes[0].end(mark, except, false);
                continue;
            }
            self.plain.clear();
            self.plain.shrink_to(BATCH_KEPT_SIZE_MAX);
            encode(variant, &mut self.plain);
            for lane in lanes.iter_mut().filter(|lane| is_live(lane)) {
                lane.begin(&mut self.used);
                let is_compressed = compression.as_mut().is_some_and(|compression| {
                    compression.encode(lane.taking.coding, &self.plain, &mut lane.bytes)
                });
                lane.end(mark, except, is_compressed);
            }
        }
    }

    /// Notes that a tick has ended: everything was delivered.
    #[inline]
    pub(crate) fn end_tick(&mut self) {
        self.published_bytes_max = self.published_bytes_max.max(self.published_bytes);
        self.published_bytes = 0;
    }

    /// The most that was published in one tick, to all topics, in bytes.
    pub(crate) const fn published_bytes_max(&self) -> usize {
        self.published_bytes_max
    }

    /// Topics with a subscriber, or with something to deliver.
    pub(crate) fn len(&self) -> usize {
        self.topics.len()
    }

    /// Topics with something to deliver.
    pub(crate) const fn undelivered(&self) -> usize {
        self.dirty.len()
    }

    /// Whether something published waits for the end of the tick.
    #[inline]
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Queues for one connection what was published to it so far in this tick.
    pub(crate) fn catch_up<S>(&mut self, connections: &mut Connections<S>, slot: u32) {
        if self.dirty.is_empty() {
            return;
        }
        for index in 0..connections[slot].subscriptions.len() {
            let Subscription { topic, lane, position } = connections[slot].subscriptions[index];
            let lane = &mut self.topics[topic as usize].lanes[lane as usize];
            let seen = lane.subscribers[position as usize].seen as usize;
            if seen < lane.publications.len() {
                lane.subscribers[position as usize].seen = lane.publications.len() as u32;
                if lane.publications[seen..].iter().any(|one| one.is_compressed_for(slot)) {
                    connections[slot].forget_sent();
                }
                let queue = connections.outgoing(slot);
                for range in unseen(&lane.publications, seen, slot) {
                    queue.push_shared(lane.batch.as_ref().expect(HAS_BATCH), range);
                }
            }
        }
    }

    /// Ends the tick: seals what was published, and queues it for each live subscriber. A connection of which more than
    /// `lag_bytes`, or than its own bound, could not leave gets nothing queued; it leaves the topic, and `lagged` says so.
    ///
    /// `send` is given each connection for which nothing else is queued in this tick, as far as can be known, while its memory
    /// and its queue's are in the processor's cache. It answers whether that was all there was to do: if not, the connection
    /// will be flushed.
    pub(crate) fn deliver<S>(
        &mut self,
        connections: &mut Connections<S>,
        lag_bytes: usize,
        lagged: &mut Vec<Lagged>,
        mut send: impl FnMut(&mut Connections<S>, u32) -> bool,
    ) {
        while let Some(index) = self.dirty.pop() {
            let is_last = self.dirty.is_empty();
            // The topic stays dirty meanwhile, so that it is there to the end even if all its subscribers leave.
            for lane in 0..self.topics[index as usize].lanes.len() {
                let before = lagged.len();
                self.deliver_lane(
                    connections,
                    (index, lane),
                    lag_bytes,
                    lagged,
                    |connections, slot| is_last && send(connections, slot),
                );
                for Lagged { slot, .. } in &lagged[before..] {
                    let subscriptions = &connections[*slot].subscriptions;
                    let left = subscriptions.iter().position(|held| held.topic == index);
                    self.leave(connections, *slot, left.expect("who lags is a subscriber"));
                }
            }
            self.topics[index as usize].is_dirty = false;
            self.remove_if_unused(index);
        }
    }

    fn deliver_lane<S>(
        &mut self,
        connections: &mut Connections<S>,
        (topic, lane): (u32, usize),
        lag_bytes: usize,
        lagged: &mut Vec<Lagged>,
        mut send: impl FnMut(&mut Connections<S>, u32) -> bool,
    ) {
        let Topic { name, lanes, .. } = &mut self.topics[topic as usize];
        let lane = &mut lanes[lane];
        if lane.publications.is_empty() {
            return;
        }
        let end = start_of(&lane.publications, lane.publications.len());
        lane.bytes.truncate(end);
        self.published_bytes += end;
        let batch = lane.batch.take().expect(HAS_BATCH);
        batch.seal(std::mem::take(&mut lane.bytes));
        let lag_bytes = match lane.taking.lag_bytes {
            Some(own) if lag_bytes != NOBODY_LAGS => own,
            _ => lag_bytes,
        };
        for Subscriber { slot, seen, .. } in &mut lane.subscribers {
            let seen = std::mem::take(seen) as usize;
            let publications = &lane.publications[seen..];
            // Who published all of it itself gets nothing, and misses nothing.
            let Some(first) = publications.iter().find(|one| one.except != *slot) else {
                continue;
            };
            if connections.is_lagging(*slot, lag_bytes) {
                lagged.push(Lagged { slot: *slot, topic: Rc::clone(name), mark: first.mark });
                continue;
            }
            if publications.iter().any(|one| one.is_compressed_for(*slot)) {
                connections[*slot].forget_sent();
            }
            let queue = connections.unlisted_queue(*slot);
            if publications.iter().all(|one| one.except != *slot) {
                queue.push_shared(&batch, start_of(&lane.publications, seen)..end);
            } else {
                unseen(&lane.publications, seen, *slot)
                    .for_each(|range| queue.push_shared(&batch, range));
            }
            if !connections[*slot].is_dirty && !send(connections, *slot) {
                connections.mark_dirty(*slot);
            }
        }
        lane.publications.clear();
        // One that is not watched is freed when its last receiver has sent it.
        if batch.bytes().len() <= BATCH_KEPT_SIZE_MAX {
            if self.used.len() == USED_BATCHES_MAX {
                self.used.pop_front();
            }
            self.used.push_back(batch);
        }
    }

    fn create(&mut self, name: &[u8]) -> u32 {
        let name: Rc<[u8]> = name.into();
        let topic = Topic { name: Rc::clone(&name), is_dirty: false, lanes: Vec::new() };
        let index = self.topics.insert(topic) as u32;
        self.by_name.insert(name, index);
        index
    }

    /// Takes the subscription at `index` out of the connection's list and out of its topic. Both lists close the hole
    /// with their last element, whose counterpart learns its new place.
    fn leave<S>(&mut self, connections: &mut Connections<S>, slot: u32, index: usize) {
        let subscriptions = &mut connections[slot].subscriptions;
        let Subscription { topic, lane, position } = subscriptions.swap_remove(index);
        if let Some(moved) = subscriptions.get(index) {
            let lane = &mut self.topics[moved.topic as usize].lanes[moved.lane as usize];
            lane.subscribers[moved.position as usize].index = index as u32;
        }
        let subscribers = &mut self.topics[topic as usize].lanes[lane as usize].subscribers;
        subscribers.swap_remove(position as usize);
        if let Some(moved) = subscribers.get(position as usize) {
            connections[moved.slot].subscriptions[moved.index as usize].position = position;
        }
        self.remove_if_unused(topic);
    }

    fn remove_if_unused(&mut self, index: u32) {
        let topic = &self.topics[index as usize];
        if !topic.is_dirty && topic.lanes.iter().all(|lane| lane.subscribers.is_empty()) {
            let topic = self.topics.remove(index as usize);
            self.by_name.remove(&topic.name);
        }
    }
}

/// The bound over which nobody comes, whatever bound is its own.
pub(super) const NOBODY_LAGS: usize = usize::MAX;

const HAS_BATCH: &str = "a lane with publications has a batch";

/// The exception that is nobody: no slot has this number.
const NOBODY: u32 = u32::MAX;

/// Batches whose memory is watched for reuse. One that a slow receiver still holds moves to the end of the list; past
/// this number it is only freed.
const USED_BATCHES_MAX: usize = 8;

/// A larger batch's memory is freed.
const BATCH_KEPT_SIZE_MAX: usize = 256 * 1024;

#[cfg(all(test, feature = "deflate"))]
mod compressed_tests;
#[cfg(test)]
mod tests;
