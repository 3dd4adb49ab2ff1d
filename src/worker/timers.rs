//! Deadlines: a hashed timer wheel with at most one deadline per key.
//!
//! A connection has several deadlines and one entry, for the earliest. Activity does not touch the wheel: when an entry
//! fires, the connection looks what is really due and schedules itself again. So a busy connection costs the wheel one
//! operation per idle time, not one per message.

use super::clock::Ticks;
use crate::limits::{CONNECTIONS_RESERVED, table_growth};

/// Keys (a worker's slots) by deadline.
#[derive(Debug)]
pub struct TimerWheel {
    /// Everything due up to here has fired.
    now: Ticks,
    /// No deadline is before this one.
    next: Ticks,
    buckets: Vec<Bucket>,
    /// By key.
    entries: Vec<Entry>,
}

/// The deadlines whose tick is the same modulo the number of buckets: a doubly linked list through the entries.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    first: u32,
    /// No deadline in this bucket is before this one.
    earliest: Ticks,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    previous: u32,
    next: u32,
    /// [`Ticks::NEVER`] while the key has no deadline.
    due: Ticks,
}

// Each connection has one.
const _: () = assert!(size_of::<Entry>() <= 12);

/// Without a deadline, at the first tick.
impl Default for TimerWheel {
    fn default() -> Self {
        Self {
            now: Ticks::default(),
            next: Ticks::NEVER,
            buckets: vec![Bucket { first: NONE, earliest: Ticks::NEVER }; BUCKETS],
            entries: Vec::with_capacity(CONNECTIONS_RESERVED),
        }
    }
}

impl TimerWheel {
    /// The next tick at which there is something to do, if any. It may be early, never late.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Ticks> {
        (self.next != Ticks::NEVER).then_some(self.next)
    }

    /// Gives `key` this deadline instead of any other it has.
    pub fn schedule(&mut self, key: u32, due: Ticks) {
        self.cancel(key);
        let index = key as usize;
        if self.entries.len() <= index {
            if self.entries.capacity() == index {
                self.entries.reserve_exact(table_growth(index));
            }
            self.entries.resize(index + 1, Entry { previous: NONE, next: NONE, due: Ticks::NEVER });
        }
        // What is already due fires with the next advance.
        let due = due.max(Ticks(self.now.0.saturating_add(1)));
        if due == Ticks::NEVER {
            return;
        }
        let bucket = &mut self.buckets[bucket_of(due)];
        self.entries[index] = Entry { previous: NONE, next: bucket.first, due };
        if bucket.first != NONE {
            self.entries[bucket.first as usize].previous = key;
        }
        bucket.first = key;
        bucket.earliest = bucket.earliest.min(due);
        self.next = self.next.min(due);
    }

    /// Gives `key` this deadline unless it has an earlier one.
    pub fn schedule_earlier(&mut self, key: u32, due: Ticks) {
        if self.entries.get(key as usize).is_none_or(|entry| due < entry.due) {
            self.schedule(key, due);
        }
    }

    /// Takes the deadline of `key` away, if it has one.
    pub fn cancel(&mut self, key: u32) {
        let Some(entry) = self.entries.get_mut(key as usize) else {
            return;
        };
        if entry.due == Ticks::NEVER {
            return;
        }
        let Entry { previous, next, due } = *entry;
        entry.due = Ticks::NEVER;
        if next != NONE {
            self.entries[next as usize].previous = previous;
        }
        match previous {
            NONE => self.buckets[bucket_of(due)].first = next,
            _ => self.entries[previous as usize].next = next,
        }
    }

    /// Moves on to `now` and appends to `fired` each key whose deadline has come; it has none after that.
    pub fn advance(&mut self, now: Ticks, fired: &mut Vec<u32>) {
        if now < self.next {
            self.now = self.now.max(now);
            return;
        }
        let steps = (now.0 - self.now.0).min(BUCKETS as u32);
        for tick in now.0 - steps + 1..=now.0 {
            if self.buckets[bucket_of(Ticks(tick))].earliest <= now {
                self.fire(bucket_of(Ticks(tick)), now, fired);
            }
        }
        self.now = now;
        self.next = self.buckets.iter().map(|bucket| bucket.earliest).min().unwrap_or(Ticks::NEVER);
    }

    fn fire(&mut self, bucket: usize, now: Ticks, fired: &mut Vec<u32>) {
        let mut earliest = Ticks::NEVER;
        let mut key = self.buckets[bucket].first;
        while key != NONE {
            let Entry { next, due, .. } = self.entries[key as usize];
            if due <= now {
                self.cancel(key);
                fired.push(key);
            } else {
                // Its turn is in a later round of the wheel.
                earliest = earliest.min(due);
            }
            key = next;
        }
        self.buckets[bucket].earliest = earliest;
    }
}

const fn bucket_of(due: Ticks) -> usize {
    due.0 as usize % BUCKETS
}

/// With ticks of 64 ms one round is 33 s: longer than the usual deadlines.
const BUCKETS: usize = 512;

const NONE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_wheel_agrees_with_a_sorted_map() {
        let mut random = 1_u64;
        let mut next_random = |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        let mut wheel = TimerWheel::default();
        let mut model = BTreeMap::new();
        let mut now = 0;
        for _ in 0..50_000 {
            let key = next_random(40) as u32;
            match next_random(4) {
                0 => {
                    let due = now + 1 + next_random(3 * BUCKETS as u64) as u32;
                    wheel.schedule(key, Ticks(due));
                    model.insert(key, due);
                }
                1 => {
                    let due = now + 1 + next_random(700) as u32;
                    wheel.schedule_earlier(key, Ticks(due));
                    let entry = model.entry(key).or_insert(due);
                    *entry = due.min(*entry);
                }
                2 => {
                    wheel.cancel(key);
                    model.remove(&key);
                }
                _ => {
                    now += next_random(if key == 0 { 2000 } else { 20 }) as u32;
                    let mut fired = Vec::new();
                    wheel.advance(Ticks(now), &mut fired);
                    fired.sort_unstable();
                    let due: Vec<u32> =
                        model.iter().filter(|(_, due)| **due <= now).map(|(key, _)| *key).collect();
                    assert_eq!(fired, due);
                    model.retain(|_, due| *due > now);
                }
            }
            let earliest = model.values().min().copied().unwrap_or(u32::MAX);
            assert!(wheel.next.0 <= earliest, "a wait must not miss a deadline");
        }
    }

    #[test]
    fn a_deadline_in_the_past_fires_with_the_next_advance() {
        let mut wheel = TimerWheel::default();
        let mut fired = Vec::new();
        wheel.advance(Ticks(100), &mut fired);
        wheel.schedule(7, Ticks(3));
        wheel.advance(Ticks(101), &mut fired);
        assert_eq!(fired, [7]);
        assert_eq!(wheel.poll_timeout(), None);
    }
}
