//! A channel's state: the latest publication of each key, until it ends, if it does.

use crate::publication::Publication;
use crate::refusal::{Refusal, RefusalCode};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Values by key, in the order in which they were set, and in the order in which they end. Those that have ended are there
/// until [`Values::forget_ended`].
#[derive(Debug, Default)]
pub(super) struct Values {
    by_key: HashMap<Arc<str>, Value>,
    by_sequence: BTreeMap<u64, Arc<str>>,
    /// When, and which by its number. Without those that do not end.
    by_end: BTreeSet<(u64, u64)>,
}

#[derive(Debug)]
struct Value {
    publication: Arc<Publication>,
    /// In milliseconds since 1970. [`NEVER`]: it stays until it is replaced.
    ends_ms: u64,
}

impl Values {
    /// The key of a channel that has one value only.
    pub(super) fn only_key(&self) -> Arc<str> {
        self.by_key.keys().next().map_or_else(|| "".into(), Arc::clone)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Arc<Publication>> {
        self.by_key.get(key).map(|value| &value.publication)
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether a value with this key can be set.
    pub(super) fn check_room(&self, key: &str, keys_max: usize) -> Result<(), Refusal> {
        if self.by_key.len() < keys_max || self.by_key.contains_key(key) {
            return Ok(());
        }
        let text = format!("this channel has {keys_max} keys, which is as many as it may have");
        Err(Refusal::new(RefusalCode::LimitExceeded, text))
    }

    /// Sets a value, which ends after so many milliseconds, if it does.
    pub(super) fn set(
        &mut self,
        key: Arc<str>,
        publication: Arc<Publication>,
        ttl_ms: Option<u64>,
    ) {
        let ends_ms = ttl_ms.map_or(NEVER, |ttl_ms| publication.time_ms.saturating_add(ttl_ms));
        if ends_ms != NEVER {
            self.by_end.insert((ends_ms, publication.sequence));
        }
        self.by_sequence.insert(publication.sequence, Arc::clone(&key));
        if let Some(before) = self.by_key.insert(key, Value { publication, ends_ms }) {
            self.by_sequence.remove(&before.publication.sequence);
            self.by_end.remove(&(before.ends_ms, before.publication.sequence));
        }
    }

    /// Forgets those that have ended.
    pub(super) fn forget_ended(&mut self, now_ms: u64) {
        while let Some((ends_ms, sequence)) = self.by_end.first().copied()
            && ends_ms <= now_ms
        {
            self.by_end.pop_first();
            if let Some(key) = self.by_sequence.remove(&sequence) {
                self.by_key.remove(&key);
            }
        }
    }

    /// When the next one ends, in milliseconds since 1970.
    pub(super) fn next_end(&self) -> Option<u64> {
        self.by_end.first().map(|(ends_ms, _)| *ends_ms)
    }

    /// The values that were set after a number, oldest first.
    pub(super) fn after(&self, sequence: u64) -> impl Iterator<Item = &Arc<Publication>> {
        self.by_sequence.range(sequence + 1..).map(|(_, key)| &self.by_key[key].publication)
    }
}

const NEVER: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publication::{Format, PRIORITY};

    fn publication(sequence: u64) -> Arc<Publication> {
        Arc::new(Publication {
            sequence,
            previous: sequence - 1,
            time_ms: 1000,
            expires_ms: NEVER,
            publisher: None,
            excludes_publisher: false,
            format: Format::Binary,
            priority: PRIORITY,
            extras: None,
            payload: Box::default(),
        })
    }

    #[test]
    fn a_value_ends_when_its_time_is_over_and_makes_room() {
        let mut values = Values::default();
        values.set("a".into(), publication(1), Some(10));
        values.set("b".into(), publication(2), Some(20));
        values.set("c".into(), publication(3), None);
        assert!(values.check_room("d", 3).is_err());
        values.forget_ended(1009);
        assert_eq!((values.len(), values.next_end()), (3, Some(1010)));
        values.forget_ended(1010);
        assert_eq!((values.len(), values.next_end()), (2, Some(1020)));
        assert!(values.get("a").is_none() && values.check_room("d", 3).is_ok());
        let left: Vec<_> = values.after(0).map(|value| value.sequence).collect();
        assert_eq!(left, [2, 3]);
        values.forget_ended(NEVER);
        assert_eq!((values.len(), values.next_end()), (1, None));
    }

    #[test]
    fn what_replaces_a_value_has_a_time_of_its_own() {
        let mut values = Values::default();
        for (sequence, ttl_ms, next_end) in
            [(1, Some(10), Some(1010)), (2, None, None), (3, Some(30), Some(1030))]
        {
            values.set("a".into(), publication(sequence), ttl_ms);
            assert_eq!((values.len(), values.next_end()), (1, next_end));
        }
        values.forget_ended(1029);
        assert_eq!(values.get("a").map(|value| value.sequence), Some(3));
        values.set("a".into(), publication(4), Some(NEVER));
        values.forget_ended(NEVER);
        assert_eq!(values.get("a").map(|value| value.sequence), Some(4));
    }
}
