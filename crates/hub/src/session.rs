//! A session: a client that has shown who it is, with what it subscribes to and what it awaits.

use crate::command::{CommandId, SlowPolicy};
use crate::effects::ConnectionKey;
use crate::identity::Identity;
use crate::limits::{UNACKNOWLEDGED_MAX, UNACKNOWLEDGED_SIZE_MAX};
use crate::mail::{CallRef, IncomingCall};
use crate::names::SessionId;
use crate::namespace::NamespaceIndex;
use crate::publication::{Epoch, Format, Publication};
use crate::rate::Cell;
use crate::relay::{Filter, Subject};
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// One of this worker's sessions.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) connection: Option<ConnectionKey>,
    pub(crate) identity: Arc<Identity>,
    /// What it resumes with; and what it resumed with, until this is used.
    pub(crate) nonce: u128,
    pub(crate) nonce_before: Option<Box<u128>>,
    pub(crate) subscriptions: SmallVec<[Subscription; 1]>,
    /// When something is due for it.
    pub(crate) deadline: Option<Instant>,
    /// Without a connection: until when it is kept.
    pub(crate) kept_until: Option<Instant>,
    /// A page of history is on its way to it.
    pub(crate) awaits_page: bool,
    /// It is in the list of those that catch up further.
    pub(crate) is_resuming: bool,
    /// What few have.
    pub(crate) more: Option<Box<More>>,
}

/// What a session subscribes to.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) relay: u32,
    pub(crate) topic: u16,
    pub(crate) slow: SlowPolicy,
    pub(crate) phase: SubscriptionPhase,
    pub(crate) is_present: bool,
    /// Where history does not reach, it gets the state.
    pub(crate) wants_state: bool,
    /// It has lagged, and gets what its policy leaves.
    pub(crate) has_lagged: bool,
    /// It was told that the stream which it wanted to go on with is gone, and has not shown yet that it knows.
    pub(crate) is_other_epoch: bool,
    /// What it has got, up to here.
    pub(crate) acknowledged: u64,
    pub(crate) rare: Option<Box<Rare>>,
}

// A session has one in place, and a list of them for more: as many as there are live subscriptions.
const _: () = assert!(size_of::<Subscription>() <= 32);

/// What few subscriptions have.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rare {
    /// What it waits to begin with: see [`Begin`].
    pub(crate) begin: Begin,
    /// It gets the state up to here, and then what followed.
    pub(crate) state_until: Option<u64>,
    /// While it is behind: see [`Subscription::behind`].
    pub(crate) behind: Option<Behind>,
    pub(crate) tag: Box<[u8]>,
    pub(crate) info: Option<Arc<str>>,
}

/// How far a subscription is that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    /// Up to here it has been caught up.
    pub(crate) sequence: u64,
    /// The last publication that it has got.
    pub(crate) told: u64,
}

impl Behind {
    /// It has got everything up to a number.
    pub(crate) const fn at(sequence: u64) -> Self {
        Self { sequence, told: sequence }
    }
}

/// How a subscription begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Begin {
    pub(crate) id: CommandId,
    /// After what it wants to go on, and in which epoch. `None`: an epoch that is not known any more.
    pub(crate) position: Option<(Option<Epoch>, u64)>,
    pub(crate) snapshot: bool,
    /// By its client, which awaits an answer. If not, it came with a session that resumed.
    pub(crate) is_asked_for: bool,
}

impl Subscription {
    /// Whether its client awaits an answer to having subscribed.
    pub(crate) fn was_asked_for(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.begin.is_asked_for)
    }

    /// Has it go on, in an epoch, after what its client says that it has got, or after what that has acknowledged. Where it is
    /// not known which epoch that was, a number says nothing: it learns that it has lost what was.
    pub(crate) fn go_on(&mut self, epoch: Option<Epoch>, said: Option<u64>) {
        self.is_other_epoch &= said.is_none() || epoch.is_none();
        let position = match epoch.filter(|_| !self.is_other_epoch) {
            Some(epoch) => (Some(epoch), said.unwrap_or(self.acknowledged)),
            None => (None, 0),
        };
        let begin =
            Begin { position: Some(position), snapshot: self.wants_state, ..Begin::default() };
        self.rare.get_or_insert_default().begin = begin;
    }

    /// How far it is, while it is behind. What was live until its connection ended goes on after what it acknowledged.
    pub(crate) fn behind(&self) -> Behind {
        let behind = self.rare.as_ref().and_then(|rare| rare.behind);
        behind.unwrap_or_else(|| Behind::at(self.acknowledged))
    }

    /// As [`Subscription::behind`], to be moved on.
    pub(crate) fn behind_mut(&mut self) -> &mut Behind {
        let at = Behind::at(self.acknowledged);
        self.rare.get_or_insert_default().behind.get_or_insert(at)
    }

    /// Gives back the memory of what it has not any more.
    pub(crate) fn forget_rare(&mut self) {
        let _nothing = self.rare.take_if(|rare| **rare == Rare::default());
    }
}

/// Where a subscription is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscriptionPhase {
    /// Its relay is not open, or it is not known yet whether it can be recovered: it was not told that it is subscribed.
    Beginning,
    /// In the topic.
    Live,
    /// Not in the topic: it catches up, or has no connection.
    Behind,
}

/// What few sessions have.
#[derive(Debug, Default)]
pub(crate) struct More {
    /// How often it went to another worker.
    pub(crate) moves: u32,
    pub(crate) messages: Messages,
    /// The last message to all that it may have been told on another worker.
    pub(crate) told_all: u64,
    pub(crate) calls_made: u64,
    /// Its own calls, by number.
    pub(crate) calls: BTreeMap<u64, OutgoingCall>,
    pub(crate) calls_got: u64,
    /// Those of others to it, by number.
    pub(crate) incoming: BTreeMap<u64, Arc<IncomingCall>>,
    pub(crate) rates: HashMap<NamespaceIndex, Cell>,
}

/// A call of a session's.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingCall {
    pub(crate) id: CommandId,
    pub(crate) callee: Option<SessionId>,
    pub(crate) deadline: Instant,
    /// It came while there was no connection.
    pub(crate) answer: Option<CallAnswer>,
}

/// What came of a call.
pub(crate) type CallAnswer = Result<(Format, Arc<[u8]>), (Arc<str>, Arc<str>)>;

/// Messages to a session alone, until it acknowledges them.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    pub(crate) last: u64,
    unacknowledged: VecDeque<(u64, Arc<Publication>)>,
    size: usize,
    /// What its client has shown that it knows of: messages, and that they are lost.
    acknowledged: u64,
}

impl Messages {
    pub(crate) fn push(&mut self, message: &Arc<Publication>) -> u64 {
        self.last += 1;
        self.size += message.size();
        self.unacknowledged.push_back((self.last, Arc::clone(message)));
        while self.unacknowledged.len() > UNACKNOWLEDGED_MAX
            || (self.size > UNACKNOWLEDGED_SIZE_MAX && self.unacknowledged.len() > 1)
        {
            let Some((_, oldest)) = self.unacknowledged.pop_front() else {
                break;
            };
            self.size -= oldest.size();
        }
        self.last
    }

    pub(crate) fn acknowledge(&mut self, number: u64) {
        while self.unacknowledged.front().is_some_and(|(oldest, _)| *oldest <= number) {
            if let Some((_, message)) = self.unacknowledged.pop_front() {
                self.size -= message.size();
            }
        }
        self.acknowledged = self.acknowledged.max(number);
    }

    /// What was not acknowledged.
    pub(crate) fn unacknowledged(&self) -> impl Iterator<Item = &(u64, Arc<Publication>)> {
        self.unacknowledged.iter()
    }

    /// The first and the last of those that are gone and were not acknowledged: the last is before the first that is there.
    /// Whatever was lost, the one after it was kept.
    pub(crate) fn lost(&self) -> Option<(u64, u64)> {
        let (first, to) = (self.acknowledged + 1, self.unacknowledged.front()?.0 - 1);
        (first <= to).then_some((first, to))
    }
}

impl Session {
    pub(crate) fn add_subscription(&mut self, subscription: Subscription) {
        let held = self.subscriptions.len();
        if held == self.subscriptions.capacity() {
            // There are many such lists: doubling would leave up to half of each unused.
            self.subscriptions.reserve_exact(held / 4 + 1);
        }
        self.subscriptions.push(subscription);
    }

    /// How often it went to another worker.
    pub(crate) fn moves(&self) -> u32 {
        self.more.as_ref().map_or(0, |more| more.moves)
    }

    pub(crate) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// When something is due for it next: a call, its token's end, its own.
    pub(crate) fn next_deadline(&self, expires_at: Option<Instant>) -> Option<Instant> {
        let calls = self.more.iter().flat_map(|more| {
            let outgoing = more.calls.values().filter(|call| call.answer.is_none());
            let incoming = more.incoming.values().map(|call| call.deadline);
            outgoing.map(|call| call.deadline).chain(incoming)
        });
        calls.chain(self.kept_until).chain(expires_at).min()
    }
}

/// A session on its way to another worker.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) id: SessionId,
    pub(crate) identity: Arc<Identity>,
    pub(crate) nonce_used: u128,
    pub(crate) subscriptions: Vec<PackedSubscription>,
    pub(crate) more: Option<Box<More>>,
}

/// A subscription of a session on its way.
#[derive(Debug)]
pub(crate) struct PackedSubscription {
    pub(crate) subject: Subject,
    pub(crate) epoch: Option<Epoch>,
    pub(crate) filter: Option<Arc<Filter>>,
    pub(crate) slow: SlowPolicy,
    pub(crate) acknowledged: u64,
    pub(crate) is_other_epoch: bool,
    pub(crate) is_present: bool,
    pub(crate) wants_state: bool,
    pub(crate) tag: Box<[u8]>,
    pub(crate) info: Option<Arc<str>>,
}

impl IncomingCall {
    pub(crate) fn is(&self, caller: CallRef) -> bool {
        self.caller == caller
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_no_known_epoch_is_no_place_to_go_on() {
        let of = |is_other_epoch| Subscription {
            relay: 0,
            topic: 0,
            slow: SlowPolicy::Replay,
            phase: SubscriptionPhase::Beginning,
            is_present: false,
            wants_state: false,
            has_lagged: false,
            is_other_epoch,
            acknowledged: 3,
            rare: None,
        };
        let epoch = Some(Epoch(7));
        // Whether it was told of another epoch, the epoch, what its client says; where it goes on, and whether that stays to be told.
        let cases = [
            (false, epoch, None, (epoch, 3), false),
            (false, epoch, Some(5), (epoch, 5), false),
            (true, epoch, Some(5), (epoch, 5), false),
            (true, epoch, None, (None, 0), true),
            (true, None, Some(5), (None, 0), true),
            (false, None, Some(5), (None, 0), false),
        ];
        for (was_other, epoch, said, position, is_other) in cases {
            let mut subscription = of(was_other);
            subscription.go_on(epoch, said);
            let begin = subscription.rare.expect("it begins").begin;
            let found = (begin.position, subscription.is_other_epoch);
            assert_eq!(found, (Some(position), is_other), "{was_other} {epoch:?} {said:?}");
        }
    }
}
