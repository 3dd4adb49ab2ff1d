//! A subscription as its client sees it: where it is, what it has got, and what it was told is lost.
//!
//! It believes in an unbroken chain: each publication names the one before it. What it believes to have missed nothing of
//! becomes a [`Claim`], which is compared with the truth when that is known.

use super::heard::Item;
use super::truth::{Claim, Truth};
use sockeye_hub::{
    Loss, LossReason, Member, Position, PresenceDiff, PresencePage, Recovery, SessionId, SlowPolicy,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) subject: &'static str,
    pub(crate) filter: Option<&'static str>,
    pub(crate) policy: SlowPolicy,
    pub(crate) wants_snapshot: bool,
    pub(crate) state: State,
    pub(crate) epoch: u64,
    /// The last number that it has got. `None`: it was never told where it is.
    pub(crate) seen: Option<u64>,
    /// What the next publication has to name as the one before it.
    chain: u64,
    /// It gets the state first, up to here.
    snapshot_until: Option<u64>,
    pub(crate) is_live: bool,
    /// It has resumed without saying where it was: it may get again what it has.
    may_repeat: bool,
    /// Its own publications that it does not get: their receipts are links of the chain.
    pub(crate) own: BTreeSet<(u64, u64)>,
    pub(crate) got: BTreeSet<(u64, u64)>,
    /// What it had got when the state last was told anew, and has not got again since.
    told_anew: BTreeSet<(u64, u64)>,
    pub(crate) got_volatile: BTreeSet<usize>,
    pub(crate) lost: Vec<(u64, Loss)>,
    /// What it was told only by another epoch than the one that it knew.
    pub(crate) told_elsewhere: Vec<(u64, Loss)>,
    /// Epochs, and up to where it got the state instead of the stream.
    pub(crate) snapshots: Vec<(u64, u64)>,
    pub(crate) presence: Option<(u64, BTreeMap<SessionId, Member>)>,
    /// The last version that it has heard of.
    presence_version: u64,
    pub(crate) life: usize,
    /// The connection on which it was told that it is subscribed.
    pub(crate) begun_on: u64,
    /// The world's steps when it last was told that it is live: for patterns.
    pub(crate) live_since: u64,
    pub(crate) got_attempts: BTreeSet<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It has asked for it.
    Pending,
    Active,
    /// It has asked for its end.
    Ending,
    /// The connection was lost before the answer came.
    Unknown,
    /// It is over.
    Ended,
}

/// Who gets something.
#[derive(Clone, Copy)]
pub(crate) struct Who {
    pub(crate) session: SessionId,
    pub(crate) client: usize,
    pub(crate) step: u64,
}

impl Subscription {
    pub(crate) fn new(subject: &'static str, life: usize) -> Self {
        Self {
            subject,
            filter: None,
            policy: SlowPolicy::Replay,
            wants_snapshot: false,
            state: State::Pending,
            epoch: 0,
            seen: None,
            chain: 0,
            snapshot_until: None,
            is_live: false,
            may_repeat: false,
            own: BTreeSet::new(),
            got: BTreeSet::new(),
            told_anew: BTreeSet::new(),
            got_volatile: BTreeSet::new(),
            lost: Vec::new(),
            told_elsewhere: Vec::new(),
            snapshots: Vec::new(),
            presence: None,
            presence_version: 0,
            life,
            begun_on: 0,
            live_since: 0,
            got_attempts: BTreeSet::new(),
        }
    }

    pub(crate) fn is_pattern(&self) -> bool {
        self.subject.ends_with('*')
    }

    /// The first answer, and the one after each resumption.
    pub(crate) fn begin(
        &mut self,
        position: Option<Position>,
        recovery: Recovery,
        (is_resumed, said_where): (bool, bool),
        who: Who,
    ) {
        self.state = match self.state {
            State::Ending => State::Ending,
            _ => State::Active,
        };
        self.presence = None;
        self.is_live = recovery == Recovery::Live;
        self.live_since = who.step;
        if self.is_pattern() {
            assert_eq!((position, recovery), (None, Recovery::Live), "a pattern is live only");
            return;
        }
        let position = position.expect("a channel has a position");
        let (epoch, at) = (position.epoch.0, position.sequence);
        let is_anew = self.epoch != epoch || matches!(recovery, Recovery::Snapshot { .. });
        if is_anew && self.snapshot_until.take().is_some() {
            // That state was cut off, and its channel is no more, or the state is told as it is by now: nothing of it is owed.
            self.snapshots.pop();
        }
        self.chain = at;
        self.may_repeat = is_resumed && !said_where;
        let seen = self.seen.filter(|_| self.epoch == epoch);
        match recovery {
            Recovery::Live => {
                assert!(self.seen.is_none(), "it has to go on where it was: {self:?}");
                self.seen = Some(at);
            }
            Recovery::Recovered { to } => {
                assert!(to >= at, "{recovery:?} from {at}");
                if seen.is_none() && is_resumed && at > 0 {
                    // It has numbers of another epoch, which it did not say: it sees that by the answer.
                    let reason = LossReason::Trimmed;
                    self.told_elsewhere.push((epoch, Loss { from: 0, to: at, reason }));
                }
                assert!(
                    self.seen.is_none() || seen.is_some() || is_resumed,
                    "another epoch: {self:?}"
                );
                self.go_on_from(at, seen);
            }
            Recovery::Snapshot { sequence } => {
                assert!(self.wants_snapshot, "nobody asked for a snapshot");
                assert!(at <= sequence, "{recovery:?} from {at}");
                self.snapshot_until = Some(sequence);
                self.snapshots.push((epoch, sequence));
                // The state is told whole, whatever it has of it: even if this is cut off, and the rest comes as a recovery.
                self.told_anew = self.got.clone();
                self.may_repeat = true;
                self.seen = Some(at);
            }
            Recovery::Lost { from, to } => {
                assert_eq!(to, at, "what is lost ends where the subscription is");
                self.begin_after_loss((from, to), (epoch, seen), is_resumed);
            }
        }
        self.epoch = epoch;
        if recovery == Recovery::Live {
            self.snapshot_until = None;
        }
    }

    fn begin_after_loss(
        &mut self,
        (from, to): (u64, u64),
        (epoch, seen): (u64, Option<u64>),
        is_resumed: bool,
    ) {
        let reason = LossReason::Trimmed;
        let is_elsewhere = is_resumed && seen.is_none();
        let is_known = from <= seen.unwrap_or(0) || is_elsewhere;
        assert!(self.seen.is_none() || is_known, "lost from {from} to {to}: {self:?}");
        if is_elsewhere {
            self.told_elsewhere.push((epoch, Loss { from: 0, to, reason }));
        }
        // The numbers of another epoch say nothing.
        if seen.is_some() || from > 0 {
            self.lost.push((epoch, Loss { from, to, reason }));
        }
        self.seen = Some(seen.unwrap_or(0).max(to));
    }

    fn go_on_from(&mut self, at: u64, seen: Option<u64>) {
        self.snapshot_until = None;
        assert!(seen.is_none_or(|seen| at <= seen), "a hole up to {at}: {self:?}");
        assert!(
            self.may_repeat || seen.is_none_or(|seen| at == seen),
            "it said where it was, not {at}: {self:?}"
        );
        self.seen = Some(seen.unwrap_or(at));
    }

    pub(crate) fn hear(
        &mut self,
        item: &Item,
        previous: u64,
        is_live: bool,
        who: Who,
        truth: &mut Truth,
    ) {
        assert!(matches!(self.state, State::Active | State::Ending), "not subscribed: {self:?}");
        let is_own = item.excludes_publisher && item.publisher == Some(who.session);
        assert!(!is_own, "a publisher gets what it did not want: {item:?}");
        assert!(
            self.filter.is_none() || self.filter == item.topic.as_deref(),
            "the filter does not let {item:?} through: {self:?}"
        );
        if self.is_pattern() {
            let is_new = self.got_attempts.insert(item.attempt)
                || truth.was_removed_since(&truth.attempts[item.attempt]);
            assert!(is_new, "twice: {item:?} {self:?}");
            return;
        }
        // Who was too slow hears of it by this: what it gets is not live any more.
        assert!(!is_live || self.is_live, "live before it has caught up: {item:?} {self:?}");
        self.is_live = is_live;
        if item.sequence == 0 {
            assert!(is_live && self.got_volatile.insert(item.attempt), "twice: {item:?} {self:?}");
            return;
        }
        truth.note(self.subject, self.epoch, item);
        self.learn_own(previous, who, truth);
        self.check_chain(previous);
        let seen = self.seen.expect("it is subscribed");
        assert!(item.sequence > previous, "{item:?} after {previous}");
        self.chain = item.sequence;
        if item.sequence <= seen {
            assert!(self.may_repeat, "twice, or out of order: {item:?} {self:?}");
            return;
        }
        if self.snapshot_until.is_none_or(|until| item.sequence > until) {
            self.claim(seen.max(self.snapshot_until.unwrap_or(0)), item.sequence, who, truth);
        }
        let place = (self.epoch, item.sequence);
        let is_new = self.got.insert(place) || self.told_anew.remove(&place);
        assert!(is_new || self.may_repeat, "twice: {item:?} {self:?}");
        self.seen = Some(item.sequence);
    }

    /// What it published itself and did not want back, and whose receipt went to a connection that was lost, or goes the long
    /// way after its session: a client takes that for a gap and asks for what it has already.
    pub(crate) fn learn_own(&mut self, sequence: u64, who: Who, truth: &Truth) {
        if self.seen.is_some_and(|seen| sequence > seen)
            && truth.may_be_own(self.subject, (self.epoch, sequence), who.session)
        {
            self.own.insert((self.epoch, sequence));
        }
    }

    fn check_chain(&self, previous: u64) {
        let after_snapshot = self.snapshot_until == Some(previous) && self.chain <= previous;
        let after_own = previous > self.chain && self.own.contains(&(self.epoch, previous));
        assert!(
            previous == self.chain || after_snapshot || after_own,
            "a gap: expected {} before it, not {previous}: {self:?}",
            self.chain
        );
    }

    /// It has got everything between two numbers.
    fn claim(&self, after: u64, before: u64, who: Who, truth: &mut Truth) {
        truth.claims.push(Claim {
            channel: self.subject.into(),
            epoch: self.epoch,
            after,
            before,
            filter: self.filter,
            session: who.session,
            client: who.client,
            life: self.life,
        });
    }

    pub(crate) fn lose(&mut self, loss: Loss, is_live: bool, who: Who) {
        assert!(matches!(self.state, State::Active | State::Ending), "not subscribed: {self:?}");
        let fits = match loss.reason {
            LossReason::Trimmed => true,
            LossReason::Dropped => self.policy == SlowPolicy::DropOldest,
            LossReason::Conflated => self.policy == SlowPolicy::Conflate,
            LossReason::NoHistory => self.is_pattern(),
        };
        assert!(fits, "{loss:?}: {self:?}");
        if self.is_pattern() {
            self.live_since = who.step;
            return;
        }
        assert!(!is_live || self.is_live, "live before it has caught up: {loss:?} {self:?}");
        self.is_live = is_live;
        // When the state was all sent, it is where that was.
        let at = self.chain.max(self.snapshot_until.unwrap_or(0));
        let is_known = loss.from <= at || self.own.contains(&(self.epoch, loss.from));
        assert!(is_known && loss.from < loss.to, "{loss:?}: {self:?}");
        self.lost.push((self.epoch, loss));
        self.chain = self.chain.max(loss.to);
        self.seen = self.seen.max(Some(loss.to));
    }

    pub(crate) fn catch_up(&mut self, position: Position, who: Who, truth: &mut Truth) {
        assert!(matches!(self.state, State::Active | State::Ending), "not subscribed: {self:?}");
        self.is_live = true;
        self.presence = None;
        self.arrive_at(position, who, truth);
        self.snapshot_until = None;
        self.may_repeat = false;
    }

    /// It is told where the channel is.
    pub(crate) fn arrive_at(&mut self, position: Position, who: Who, truth: &mut Truth) {
        assert_eq!(position.epoch.0, self.epoch, "{self:?}");
        let seen = self.seen.expect("it is subscribed");
        let from = seen.max(self.snapshot_until.unwrap_or(0));
        self.claim(from, position.sequence + 1, who, truth);
        self.chain = position.sequence;
        self.seen = Some(seen.max(position.sequence));
    }

    /// What a live subscriber sees by itself in a heartbeat: whether it has lost the last ones.
    pub(crate) fn sees_loss(&self, position: Position) -> bool {
        let seen = self.seen.unwrap_or(0);
        let is_own = |sequence| self.own.contains(&(self.epoch, sequence));
        position.sequence > seen && !is_own(position.sequence)
    }

    pub(crate) fn see(&mut self, page: &PresencePage) {
        if page.version < self.presence_version {
            // It was asked for where the session was before, and came the long way.
            return;
        }
        self.presence_version = page.version;
        let members = page.members.iter().map(|member| (member.session, member.clone())).collect();
        self.presence = (!page.has_more).then_some((page.version, members));
    }

    pub(crate) fn change(&mut self, diff: &PresenceDiff) {
        assert!(!diff.joined.is_empty() || !diff.left.is_empty(), "nothing has changed: {diff:?}");
        self.presence_version = self.presence_version.max(diff.version);
        let Some((version, members)) = &mut self.presence else {
            return;
        };
        if diff.version <= *version {
            return;
        }
        assert_eq!(diff.version, *version + 1, "a gap in presence: {members:?} {diff:?}");
        *version = diff.version;
        for member in &diff.left {
            assert!(
                members.remove(&member.session).is_some(),
                "left twice: {member:?} {members:?}"
            );
        }
        for member in &diff.joined {
            let before = members.insert(member.session, member.clone());
            assert_ne!(before.as_ref(), Some(member), "joined twice");
        }
    }
}
