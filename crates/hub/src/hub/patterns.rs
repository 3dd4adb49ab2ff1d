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
use crate::relay::{Phase, Subject, Topic};
use crate::told::{Loss, LossReason, Push};
use crate::under_way::Behind;
use std::sync::Arc;

/// A worker with subscribers to a pattern.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watcher {
    pub(super) worker: WorkerIndex,
    /// Too much was under way there: it has missed something, and is to be told.
    pub(super) is_behind: bool,
}

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
        let watchers = self.watchers.entry(pattern.clone()).or_default();
        if let Some(place) = watchers.iter().position(|known| known.worker == worker)
            && watchers.remove(place).is_behind
        {
            self.stats.relays_behind -= 1;
            self.pairs[usize::from(worker.0)].forget(&Behind::Pattern(pattern.clone()));
        }
        if let Some(opening) = opening {
            watchers.push(Watcher { worker, is_behind: false });
            return self.post(worker, Letter::Watching { pattern, opening }, effects);
        }
        if watchers.is_empty() {
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
            .flat_map(|(pattern, all)| all.iter().map(|watcher| (pattern.clone(), *watcher)))
            .collect();
        for (pattern, Watcher { worker, is_behind }) in meant {
            if is_behind || !self.has_room(worker) {
                self.leave_out_watcher(pattern, worker, publication);
                continue;
            }
            let (channel, publication) = (channel.clone(), Arc::clone(publication));
            self.post(worker, Letter::Watched { pattern, channel, publication }, effects);
        }
    }

    fn leave_out_watcher(&mut self, pattern: Pattern, worker: WorkerIndex, what: &Publication) {
        if what.sequence == 0 {
            self.stats.volatile_dropped += 1;
            return;
        }
        let watchers = self.watchers.get_mut(&pattern).into_iter().flatten();
        for watcher in watchers.filter(|watcher| watcher.worker == worker) {
            if !std::mem::replace(&mut watcher.is_behind, true) {
                self.stats.relays_lagged += 1;
                self.stats.relays_behind += 1;
                self.pairs[usize::from(worker.0)].line_up(Behind::Pattern(pattern));
                return;
            }
        }
    }

    /// There is room again to tell a worker that it has missed something.
    pub(super) fn tell_watcher_of_loss(
        &mut self,
        pattern: Pattern,
        worker: WorkerIndex,
        effects: &mut impl Effects,
    ) {
        let watchers = self.watchers.get_mut(&pattern).into_iter().flatten();
        for watcher in watchers.filter(|watcher| watcher.worker == worker) {
            watcher.is_behind = false;
        }
        self.stats.relays_behind -= 1;
        self.post(worker, Letter::WatchedLost { pattern }, effects);
    }

    /// Something was published to channels of a pattern that its subscribers here do not get.
    pub(super) fn watched_lost(&mut self, pattern: Pattern, effects: &mut impl Effects) {
        let name = pattern.to_string();
        if let Some(index) = self.relays_by_subject.get(&Subject::Pattern(pattern)) {
            self.stats.relays_lost += 1;
            let loss = Loss { from: 0, to: 0, reason: LossReason::NoHistory };
            let push = |_: &Topic| Push::Lost { subject: &name, loss };
            self.relays[*index as usize].push(push, effects);
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
