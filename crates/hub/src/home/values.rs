//! A channel's state: the latest publication of each key.

use crate::publication::Publication;
use crate::refusal::{Refusal, RefusalCode};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Values by key, and in the order in which they were set.
#[derive(Debug, Default)]
pub(super) struct Values {
    by_key: HashMap<Arc<str>, Arc<Publication>>,
    by_sequence: BTreeMap<u64, Arc<str>>,
}

impl Values {
    /// The key of a channel that has one value only.
    pub(super) fn only_key(&self) -> Arc<str> {
        self.by_key.keys().next().map_or_else(|| "".into(), Arc::clone)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Arc<Publication>> {
        self.by_key.get(key)
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

    pub(super) fn set(&mut self, key: Arc<str>, value: Arc<Publication>) {
        self.by_sequence.insert(value.sequence, Arc::clone(&key));
        if let Some(before) = self.by_key.insert(key, value) {
            self.by_sequence.remove(&before.sequence);
        }
    }

    /// The values that were set after a number, oldest first.
    pub(super) fn after(&self, sequence: u64) -> impl Iterator<Item = &Arc<Publication>> {
        self.by_sequence.range(sequence + 1..).map(|(_, key)| &self.by_key[key])
    }
}
