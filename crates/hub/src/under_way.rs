//! Fan-out mail under way between this worker and another one, within its bound, and the relays there that are behind.
//!
//! ```text
//!   home ── fan-out ──────────────────────► relay          within the bound
//!     ├──── left out: the relay is behind ──╳              over it
//!     ◄──── so much was taken ───────────────┤             a quarter of the bound at a time
//!     └──── what it has missed, in pages ───► relay        when there is room again
//! ```
//!
//! A letter is under way from when it is sent until the other worker has said that it has taken it. Nothing waits for the
//! relays that are behind: each is a number in its home, and a place in the line here.

use crate::limits::{FAN_OUT_LETTERS_MAX, FAN_OUT_SIZE_MAX};
use crate::names::Pattern;
use std::collections::{BTreeMap, HashMap};

/// How much fan-out mail may be under way to each other worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FanOutBound {
    /// Letters: 1 or more, [`FAN_OUT_LETTERS_MAX`] by default.
    pub letters: usize,
    /// Bytes, but for the last letter: 1 or more, [`FAN_OUT_SIZE_MAX`] by default.
    pub size: usize,
}

impl Default for FanOutBound {
    fn default() -> Self {
        Self { letters: FAN_OUT_LETTERS_MAX, size: FAN_OUT_SIZE_MAX }
    }
}

/// Some mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) letters: usize,
    pub(crate) size: usize,
}

impl Load {
    const fn add(&mut self, other: Self) {
        self.letters += other.letters;
        self.size += other.size;
    }
}

/// Another worker, as this one writes to it and hears of it.
#[derive(Debug, Default)]
pub(crate) struct Pair {
    /// Sent there, and not known to be taken.
    under_way: Load,
    /// Taken from there, and not said yet.
    taken: Load,
    /// Who is behind there, in the order of their turns, and what turn everybody has. A line can be long, and many may leave
    /// it at once.
    line: BTreeMap<u64, Behind>,
    turns: HashMap<Behind, u64>,
    last_turn: u64,
}

/// A relay that is behind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Behind {
    /// That of a channel, by its home.
    Channel(u32),
    /// That of a pattern.
    Pattern(Pattern),
}

impl Pair {
    pub(crate) const fn has_room(&self, bound: FanOutBound) -> bool {
        self.under_way.letters < bound.letters && self.under_way.size < bound.size
    }

    pub(crate) const fn send(&mut self, load: Load) {
        self.under_way.add(load);
    }

    /// The other worker has taken so much.
    pub(crate) const fn arrived(&mut self, load: Load) {
        self.under_way.letters -= load.letters;
        self.under_way.size -= load.size;
    }

    /// Counts what came from there. What is to be said of it, if it is enough: whoever has no room left hears of some for
    /// certain, as it is more than this that it waits for.
    pub(crate) fn take(&mut self, load: Load, bound: FanOutBound) -> Option<Load> {
        self.taken.add(load);
        let is_enough =
            4 * self.taken.letters >= bound.letters || 4 * self.taken.size >= bound.size;
        is_enough.then(|| std::mem::take(&mut self.taken))
    }

    pub(crate) fn line_up(&mut self, behind: Behind) {
        self.last_turn += 1;
        self.line.insert(self.last_turn, behind.clone());
        let before = self.turns.insert(behind, self.last_turn);
        debug_assert_eq!(before, None, "nobody is in the line twice");
    }

    /// Whose turn it is, if there is room.
    pub(crate) fn next(&mut self, bound: FanOutBound) -> Option<Behind> {
        let (_, behind) = self.has_room(bound).then(|| self.line.pop_first()).flatten()?;
        self.turns.remove(&behind);
        Some(behind)
    }

    /// It is not there any more.
    pub(crate) fn forget(&mut self, behind: &Behind) {
        if let Some(turn) = self.turns.remove(behind) {
            self.line.remove(&turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: FanOutBound = FanOutBound { letters: 8, size: 1000 };

    #[test]
    fn a_letter_of_any_size_fits_while_there_is_room() {
        let mut pair = Pair::default();
        pair.send(Load { letters: 1, size: 999 });
        assert!(pair.has_room(BOUND));
        pair.send(Load { letters: 1, size: 5000 });
        assert!(!pair.has_room(BOUND));
        pair.arrived(Load { letters: 1, size: 5000 });
        (0..6).for_each(|_| pair.send(Load { letters: 1, size: 0 }));
        assert!(pair.has_room(BOUND), "7 of 8");
        pair.send(Load { letters: 1, size: 0 });
        assert!(!pair.has_room(BOUND));
    }

    #[test]
    fn whoever_has_no_room_hears_of_what_is_taken() {
        for (size, letters) in [(10, 8), (300, 4), (5000, 1)] {
            let (mut home, mut relay) = (Pair::default(), Pair::default());
            let letter = Load { letters: 1, size };
            let mut sent = 0;
            while home.has_room(BOUND) {
                home.send(letter);
                sent += 1;
            }
            assert_eq!(sent, letters);
            let said = (0..sent).filter_map(|_| relay.take(letter, BOUND)).collect::<Vec<_>>();
            assert!(!said.is_empty() && said.len() <= 4, "{said:?}");
            said.into_iter().for_each(|load| home.arrived(load));
            assert!(home.has_room(BOUND));
        }
    }

    #[test]
    fn those_that_are_behind_have_their_turns_when_there_is_room() {
        let mut pair = Pair::default();
        let full = Load { letters: 8, size: 0 };
        pair.send(full);
        (0..3).for_each(|home| pair.line_up(Behind::Channel(home)));
        assert_eq!(pair.next(BOUND), None);
        pair.forget(&Behind::Channel(1));
        pair.arrived(full);
        assert_eq!(pair.next(BOUND), Some(Behind::Channel(0)));
        pair.line_up(Behind::Channel(0));
        assert_eq!(pair.next(BOUND), Some(Behind::Channel(2)));
        assert_eq!(pair.next(BOUND), Some(Behind::Channel(0)));
        assert_eq!(pair.next(BOUND), None);
    }
}
