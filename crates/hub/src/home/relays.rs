//! The relays of a channel, as its home knows them.

use crate::effects::WorkerIndex;

/// Where a channel has subscribers, and what those workers have got of it.
#[derive(Debug, Default)]
pub(crate) struct Relays(Vec<KnownRelay>);

/// A relay, by its worker.
#[derive(Clone, Copy, Debug)]
struct KnownRelay {
    worker: WorkerIndex,
    /// `None`: it gets everything.
    behind: Option<Missing>,
}

/// What a relay has not got, because too much was under way to its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Everything after this number.
    pub(crate) after: u64,
    /// Changes of presence.
    pub(crate) presence: bool,
}

impl Relays {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds one that gets everything from now on.
    pub(crate) fn add(&mut self, worker: WorkerIndex) {
        self.0.push(KnownRelay { worker, behind: None });
    }

    /// `true`: it was behind.
    pub(crate) fn remove(&mut self, worker: WorkerIndex) -> bool {
        let place = self.0.iter().position(|relay| relay.worker == worker);
        place.is_some_and(|place| self.0.remove(place).behind.is_some())
    }

    /// The worker at a place, and whether its relay is behind.
    pub(crate) fn at(&self, place: usize) -> (WorkerIndex, bool) {
        let KnownRelay { worker, behind } = self.0[place];
        (worker, behind.is_some())
    }

    /// Those that are behind.
    pub(crate) fn behind(&self) -> impl Iterator<Item = WorkerIndex> {
        self.0.iter().filter(|relay| relay.behind.is_some()).map(|relay| relay.worker)
    }

    pub(crate) fn missing(&self, worker: WorkerIndex) -> Option<Missing> {
        self.0.iter().find(|relay| relay.worker == worker)?.behind
    }

    /// Notes what is missing at a place, unless that was missing before. `true`: it was not behind.
    pub(crate) fn miss(&mut self, place: usize, missing: Missing) -> bool {
        let behind = &mut self.0[place].behind;
        let is_first = behind.is_none();
        behind.get_or_insert(missing).presence |= missing.presence;
        is_first
    }

    /// Notes how far a relay that is behind has come. `None`: it has got everything.
    pub(crate) fn catch_up(&mut self, worker: WorkerIndex, missing: Option<Missing>) {
        if let Some(relay) = self.0.iter_mut().find(|relay| relay.worker == worker) {
            relay.behind = missing;
        }
    }
}
