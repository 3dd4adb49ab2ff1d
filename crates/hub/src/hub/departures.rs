//! Where sessions are that are not here.
//!
//! The worker on which a session began knows for as long as it lasts; the others that it was on remember for a while, so that
//! what is on its way there finds it. Letters of different workers may overtake each other. So moves have numbers, and where
//! a session began it is remembered until all letters about it have come, even if the one about its end is not the last.

use super::Hub;
use super::timers::Timer;
use crate::effects::{Effects, Now, SessionKey, WorkerIndex};
use crate::limits::CALL_TIMEOUT_MAX;
use crate::names::{SessionId, UserName};

/// A session that has gone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Departure {
    to: WorkerIndex,
    /// Where it was here.
    place: SessionKey,
    /// How many times it had moved when it went there.
    moves: u32,
    /// How many letters about its moves have come to where it began.
    letters: u32,
    /// It has ended, after so many moves.
    ended_after: Option<u32>,
}

impl Hub {
    /// Notes that a session goes away.
    pub(super) fn depart(
        &mut self,
        now: Now,
        (id, place): (SessionId, SessionKey),
        to: WorkerIndex,
        moves: u32,
    ) {
        let departure = Departure { to, place, moves, letters: 0, ended_after: None };
        let letters = self.departed.get(&id).map_or(0, |before| before.letters);
        self.departed.insert(id, Departure { letters, ..departure });
        let born_there = SessionKey { slot: id.slot, generation: id.generation };
        if !self.is_birthplace(id) || place != born_there {
            self.departed_keys.insert(place, id);
            let forgotten_at = now.instant + CALL_TIMEOUT_MAX + self.config.grace;
            self.timers.set(forgotten_at, Timer::Departed(place));
        }
    }

    /// A session that began here has come to another worker.
    pub(super) fn moved(&mut self, session: SessionId, to: WorkerIndex, moves: u32) {
        let Some(departure) = self.departed.get_mut(&session) else {
            return;
        };
        departure.letters += 1;
        if moves >= departure.moves {
            (departure.to, departure.moves) = (to, moves);
        }
        if departure.ended_after == Some(departure.letters) {
            self.departed.remove(&session);
        }
    }

    /// A session that began here has ended, wherever.
    pub(super) fn ended(
        &mut self,
        session: SessionId,
        moves: u32,
        user: Option<UserName>,
        effects: &mut impl Effects,
    ) {
        if let Some(departure) = self.departed.get_mut(&session) {
            departure.ended_after = Some(moves);
            if departure.letters == moves {
                self.departed.remove(&session);
            }
        }
        if let Some(user) = user {
            self.leave_user_directory(session, user, effects);
        }
    }

    pub(super) fn forget_departed(&mut self, place: SessionKey) {
        let Some(id) = self.departed_keys.remove(&place) else {
            return;
        };
        let is_last = self.departed.get(&id).is_some_and(|departure| departure.place == place);
        if is_last && !self.is_birthplace(id) {
            self.departed.remove(&id);
        }
    }

    /// Where a session has gone, if it was here.
    pub(super) fn departed_to(&self, id: SessionId) -> Option<WorkerIndex> {
        let departure = self.departed.get(&id)?;
        let is_there = departure.ended_after.is_none() && departure.to != self.config.worker;
        is_there.then_some(departure.to)
    }

    /// Whether a session began on this worker.
    pub(super) const fn is_birthplace(&self, id: SessionId) -> bool {
        id.worker == self.config.worker.0 && id.node == self.config.node
    }
}
