//! Subscriptions to all channels of a pattern: live only.
//!
//! Every worker has homes of such channels, so each of them has to know which workers have subscribers. A subscription
//! begins when all of them do.

use super::Hub;
use crate::effects::{Effects, Now, WorkerIndex};
use crate::mail::Letter;
use crate::names::{ChannelName, Pattern};
use crate::namespace::Namespace;
use crate::publication::Publication;
use crate::relay::{Phase, Subject};
use std::sync::Arc;

impl Hub {
    pub(super) fn watch_everywhere(
        &mut self,
        pattern: &Pattern,
        opening: Option<u32>,
        effects: &mut impl Effects,
    ) {
        let worker = self.config.worker;
        for to in 0..self.config.workers {
            let letter = Letter::Watch { pattern: pattern.clone(), worker, opening };
            self.post(WorkerIndex(to), letter, effects);
        }
    }

    /// A worker has subscribers to a pattern, or has none any more.
    pub(super) fn watch(
        &mut self,
        pattern: Pattern,
        worker: WorkerIndex,
        opening: Option<u32>,
        effects: &mut impl Effects,
    ) {
        let workers = self.watchers.entry(pattern.clone()).or_default();
        workers.retain(|known| *known != worker);
        if let Some(opening) = opening {
            workers.push(worker);
            return self.post(worker, Letter::Watching { pattern, opening }, effects);
        }
        if workers.is_empty() {
            self.watchers.remove(&pattern);
        }
    }

    /// One more worker knows.
    pub(super) fn watching(
        &mut self,
        now: Now,
        pattern: Pattern,
        opening: u32,
        effects: &mut impl Effects,
    ) {
        let Some(index) = self.relays_by_subject.get(&Subject::Pattern(pattern)).copied() else {
            return;
        };
        let relay = &mut self.relays[index as usize];
        if !relay.awaits(opening) {
            return;
        }
        if let Phase::Opening { answers_missing, .. } = &mut relay.phase {
            *answers_missing = answers_missing.saturating_sub(1);
            if *answers_missing == 0 {
                self.opened(now, index, effects);
            }
        }
    }

    /// Gives a publication to the workers with subscribers to a pattern that its channel is of. Only to a pattern of the
    /// channel's own namespace: who may subscribe to `news.*` need not be allowed what a stricter namespace has below it.
    pub(super) fn tell_watchers(
        &mut self,
        channel: &ChannelName,
        publication: &Arc<Publication>,
        namespace: &Namespace,
        effects: &mut impl Effects,
    ) {
        let namespaces = Arc::clone(&self.config.namespaces);
        let is_meant = |pattern: &Pattern| {
            let of_pattern = namespaces.of_pattern(pattern);
            pattern.matches(channel.as_str(), None)
                && of_pattern.is_some_and(|(_, other)| std::ptr::eq(other, namespace))
        };
        let meant: Vec<_> = self
            .watchers
            .iter()
            .filter(|(pattern, _)| is_meant(pattern))
            .flat_map(|(pattern, workers)| workers.iter().map(|worker| (pattern.clone(), *worker)))
            .collect();
        for (pattern, worker) in meant {
            let (channel, publication) = (channel.clone(), Arc::clone(publication));
            self.post(worker, Letter::Watched { pattern, channel, publication }, effects);
        }
    }

    pub(super) fn watched(
        &self,
        pattern: Pattern,
        channel: &ChannelName,
        publication: &Arc<Publication>,
        effects: &mut impl Effects,
    ) {
        if let Some(index) = self.relays_by_subject.get(&Subject::Pattern(pattern)) {
            let except = self.publisher_left_out(publication);
            let relay = &self.relays[*index as usize];
            relay.publish_unnumbered(channel, publication, except, effects);
        }
    }
}
