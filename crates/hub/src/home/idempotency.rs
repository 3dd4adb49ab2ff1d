//! Which publications were made already: the window in which the same key is the same publication.

use crate::limits::{IDEMPOTENCY_KEYS_MAX, IDEMPOTENCY_WINDOW};
use crate::told::Receipt;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// The last keys, and what became of their publications.
#[derive(Debug, Default)]
pub(super) struct Idempotency {
    receipts: HashMap<Arc<str>, (Receipt, Instant)>,
    /// Oldest first.
    order: VecDeque<Arc<str>>,
}

impl Idempotency {
    /// What became of the publication with this key, if it is remembered.
    pub(super) fn receipt(&mut self, key: &str, now: Instant) -> Option<Receipt> {
        while let Some(oldest) = self.order.front()
            && self.receipts.get(oldest).is_none_or(|(_, since)| *since + IDEMPOTENCY_WINDOW <= now)
        {
            self.forget_oldest();
        }
        self.receipts.get(key).map(|(receipt, _)| *receipt)
    }

    pub(super) fn remember(&mut self, key: Box<str>, receipt: Receipt, now: Instant) {
        if self.order.len() == IDEMPOTENCY_KEYS_MAX {
            self.forget_oldest();
        }
        let key: Arc<str> = key.into();
        self.receipts.insert(Arc::clone(&key), (receipt, now));
        self.order.push_back(key);
    }

    /// Until when there is a key to remember.
    pub(super) fn needed_until(&self) -> Option<Instant> {
        let (_, since) = self.receipts.get(self.order.back()?)?;
        Some(*since + IDEMPOTENCY_WINDOW)
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.order.pop_front() {
            self.receipts.remove(&oldest);
        }
    }
}
