//! Mail between the handlers of the simulated workers, and the clerk who counts it.

use sockeye::{ConnectionId, WorkerId};
use std::collections::BTreeMap;

/// What a handler mails: to one connection, or to all subscribers of the worker but the one it is from.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) from: Option<ConnectionId>,
    pub(crate) to: Option<ConnectionId>,
    pub(crate) text: String,
    sender: WorkerId,
    number: usize,
}

impl Letter {
    pub(crate) const fn direct(to: ConnectionId, text: String) -> Self {
        Self { from: None, to: Some(to), text, sender: WorkerId(0), number: 0 }
    }

    pub(crate) const fn to_all(from: ConnectionId, text: String) -> Self {
        Self { from: Some(from), to: None, text, sender: WorkerId(0), number: 0 }
    }
}

/// Numbers the letters of each pair of workers.
#[derive(Debug, Default)]
pub(crate) struct PostOffice {
    posted: BTreeMap<(u16, u16), usize>,
    taken: BTreeMap<(u16, u16), usize>,
    /// A handler's panic is contained, so it is noted, not thrown.
    fault: Option<String>,
}

impl PostOffice {
    pub(crate) fn stamp(&mut self, from: WorkerId, to: WorkerId, mut letter: Letter) -> Letter {
        let posted = self.posted.entry((from.0, to.0)).or_default();
        (letter.sender, letter.number) = (from, *posted);
        *posted += 1;
        letter
    }

    pub(crate) fn take(&mut self, to: WorkerId, letter: &Letter) {
        let taken = self.taken.entry((letter.sender.0, to.0)).or_default();
        if letter.number != *taken && self.fault.is_none() {
            self.fault = Some(format!("letter {taken} was due, not {letter:?}, at {to:?}"));
        }
        *taken = letter.number + 1;
    }

    /// Nothing was lost, reordered or twice so far; and nothing is under way, unless `is_under_way` allows it.
    pub(crate) fn check(&self, is_under_way: bool) {
        assert_eq!(self.fault, None);
        for (pair, posted) in &self.posted {
            let taken = self.taken.get(pair).copied().unwrap_or(0);
            assert!(is_under_way || taken == *posted, "{pair:?}: {taken} of {posted} arrived");
        }
    }
}
