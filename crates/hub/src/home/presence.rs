//! Who is in a channel.
//!
//! Changes of one tick are told together, and those that cancel each other out are not told: who resumes was never away.

use crate::command::PresenceView;
use crate::limits::CHANNEL_GRACE;
use crate::names::{ChannelName, SessionId, UserName};
use crate::told::{Member, PresenceDiff, PresencePage};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

/// The members of a channel.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    members: BTreeMap<SessionId, Shown>,
    /// How many sessions each user has.
    users: BTreeMap<UserName, u32>,
    version: u64,
    /// Who left after so many moves, and when: a letter from where it was before may still come.
    leaves: Vec<(SessionId, u32, Instant)>,
    /// Who was what before this tick's changes; `None`: not there.
    before: Option<BTreeMap<SessionId, Option<Shown>>>,
}

/// What is shown of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    user: Option<UserName>,
    info: Option<Arc<str>>,
    /// How often the session had gone to another worker when it said so.
    moves: u32,
}

impl Shown {
    fn looks_like(&self, other: &Self) -> bool {
        (&self.user, &self.info) == (&other.user, &other.info)
    }
}

impl Presence {
    /// Nobody has been here, and versions begin with this one.
    pub(crate) const fn begin_at(&mut self, version: u64) {
        self.version = version;
    }

    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Makes it a member, or changes what it shows. `true`: this is the first change since [`Presence::take_diff`].
    pub(crate) fn join(&mut self, member: Member, moves: u32) -> bool {
        let Member { session, user, info } = member;
        // Letters of different workers may overtake each other.
        let is_late =
            |(gone, after, _): &(SessionId, u32, Instant)| *gone == session && *after > moves;
        let is_old = self.members.get(&session).is_some_and(|shown| shown.moves > moves);
        if is_old || self.leaves.iter().any(is_late) {
            return false;
        }
        if let Some(user) = &user {
            *self.users.entry(user.clone()).or_default() += 1;
        }
        let before = self.members.insert(session, Shown { user, info, moves });
        self.count_off(before.as_ref());
        self.note(session, before)
    }

    /// As [`Presence::join`].
    pub(crate) fn leave(&mut self, session: SessionId, moves: u32, now: Instant) -> bool {
        let came_after = self.members.get(&session).map(|shown| shown.moves);
        if came_after.is_some_and(|came_after| came_after > moves) {
            return false;
        }
        // It may have been there already and be on its way still from where it was in between.
        if moves > 0 {
            self.forget_leaves(now);
            let before = self.leaves.iter().position(|(gone, ..)| *gone == session);
            let before = before.map_or(0, |place| self.leaves.remove(place).1);
            let moves = moves.max(before);
            if self.leaves.len() == LEAVES_MAX {
                self.leaves.remove(0);
            }
            self.leaves.push((session, moves, now));
        }
        let before = self.members.remove(&session);
        self.count_off(before.as_ref());
        before.is_some() && self.note(session, before)
    }

    /// Forgets what is too old to be overtaken.
    pub(crate) fn forget_leaves(&mut self, now: Instant) {
        self.leaves.retain(|(_, _, since)| *since + CHANNEL_GRACE > now);
    }

    fn count_off(&mut self, shown: Option<&Shown>) {
        let Some(user) = shown.and_then(|shown| shown.user.as_ref()) else {
            return;
        };
        if let Some(count) = self.users.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                self.users.remove(user);
            }
        }
    }

    fn note(&mut self, session: SessionId, before: Option<Shown>) -> bool {
        let is_first = self.before.is_none();
        self.before.get_or_insert_default().entry(session).or_insert(before);
        is_first
    }

    /// What has changed since the last time, if anything has.
    pub(crate) fn take_diff(&mut self) -> Option<PresenceDiff> {
        let before = self.before.take()?;
        let mut diff = PresenceDiff::default();
        for (session, before) in before {
            let now = self.members.get(&session);
            match (before, now) {
                (before, Some(now))
                    if !before.as_ref().is_some_and(|before| before.looks_like(now)) =>
                {
                    diff.joined.push(member(session, now));
                }
                (Some(before), None) => diff.left.push(member(session, &before)),
                _ => {}
            }
        }
        if diff.joined.is_empty() && diff.left.is_empty() {
            return None;
        }
        self.version += 1;
        diff.version = self.version;
        Some(diff)
    }

    /// Who is there, in order. Changes that were not told yet must have been taken.
    pub(crate) fn page(
        &self,
        channel: ChannelName,
        view: &PresenceView<'_>,
        limit: usize,
    ) -> PresencePage {
        let mut page = PresencePage {
            channel,
            version: self.version,
            sessions: self.members.len(),
            users: self.users.len(),
            members: Vec::new(),
            members_by_user: Vec::new(),
            has_more: false,
        };
        match view {
            PresenceView::Counts => {}
            PresenceView::AllSessions => self.add_sessions(&mut page, Bound::Unbounded, limit),
            PresenceView::SessionsAfter(last) => {
                self.add_sessions(&mut page, Bound::Excluded(*last), limit);
            }
            PresenceView::AllUsers => self.add_users(&mut page, Bound::Unbounded, limit),
            PresenceView::UsersAfter(last) => {
                self.add_users(&mut page, Bound::Excluded(last), limit);
            }
        }
        page
    }

    fn add_sessions(&self, page: &mut PresencePage, from: Bound<SessionId>, limit: usize) {
        let mut rest = self.members.range((from, Bound::Unbounded));
        let taken = rest.by_ref().take(limit);
        page.members = taken.map(|(session, shown)| member(*session, shown)).collect();
        page.has_more = rest.next().is_some();
    }

    fn add_users(&self, page: &mut PresencePage, from: Bound<&str>, limit: usize) {
        let mut rest = self.users.range::<str, _>((from, Bound::Unbounded));
        let taken = rest.by_ref().take(limit);
        page.members_by_user = taken.map(|(user, count)| (user.clone(), *count)).collect();
        page.has_more = rest.next().is_some();
    }
}

fn member(session: SessionId, shown: &Shown) -> Member {
    Member { session, user: shown.user.clone(), info: shown.info.clone() }
}

/// Letters are under way for moments: this is more than go to another worker and leave in those.
const LEAVES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn one(slot: u32, info: &str) -> Member {
        let session = SessionId { node: 1, worker: 0, slot, generation: 0 };
        Member { session, user: UserName::new("ada").ok(), info: Some(info.into()) }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any moment will do")]
    fn what_cancels_out_is_not_told() {
        let now = Instant::now();
        let mut presence = Presence::default();
        assert!(presence.join(one(1, "a"), 0), "the first change");
        assert!(!presence.join(one(2, "a"), 0));
        let diff = presence.take_diff().expect("two have come");
        assert_eq!((diff.version, diff.joined.len(), diff.left.len()), (1, 2, 0));

        presence.leave(one(1, "a").session, 0, now);
        presence.join(one(1, "a"), 0);
        presence.join(one(3, "a"), 0);
        presence.leave(one(3, "a").session, 0, now);
        assert_eq!(presence.take_diff(), None);
        assert!(!presence.leave(one(9, "a").session, 0, now), "who is not there cannot leave");

        presence.join(one(1, "b"), 0);
        presence.leave(one(2, "a").session, 0, now);
        let diff = presence.take_diff().expect("two have changed");
        assert_eq!(
            (diff.version, diff.joined, diff.left),
            (2, vec![one(1, "b")], vec![one(2, "a")])
        );
    }

    #[test]
    fn pages_follow_on_each_other_and_users_are_counted_once() {
        let mut presence = Presence::default();
        for slot in 0..5 {
            presence.join(one(slot, "a"), 0);
        }
        presence.take_diff();
        let channel = ChannelName::new("a").expect("a name");
        let first = presence.page(channel.clone(), &PresenceView::AllSessions, 3);
        assert_eq!(
            (first.members.len(), first.has_more, first.sessions, first.users),
            (3, true, 5, 1)
        );
        let last = PresenceView::SessionsAfter(first.members[2].session);
        let second = presence.page(channel.clone(), &last, 3);
        assert_eq!((second.members.len(), second.has_more), (2, false));
        assert!(presence.page(channel.clone(), &PresenceView::Counts, 3).members.is_empty());
        let users = presence.page(channel.clone(), &PresenceView::AllUsers, 3);
        let ada = UserName::new("ada").expect("a name");
        assert_eq!((users.members_by_user, users.has_more), (vec![(ada, 5)], false));
        let users = presence.page(channel, &PresenceView::UsersAfter("ada".into()), 3);
        assert!(users.members_by_user.is_empty());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any moment will do")]
    fn a_letter_that_was_overtaken_brings_nobody_back() {
        let now = Instant::now();
        let session = one(1, "a").session;
        let mut presence = Presence::default();
        assert!(!presence.leave(session, 1, now), "it is not there yet");
        assert!(!presence.join(one(1, "a"), 0), "this was before");
        assert_eq!((presence.len(), presence.take_diff()), (0, None));
        assert!(presence.join(one(1, "a"), 1), "it has come again");
        assert!(!presence.join(one(1, "b"), 0));
        assert!(!presence.leave(session, 0, now), "this was before too");
        assert_eq!(presence.take_diff().expect("one").joined, vec![one(1, "a")]);

        assert!(presence.join(one(1, "a"), 3), "it was elsewhere in between");
        presence.leave(session, 3, now);
        presence.join(one(1, "a"), 2);
        assert_eq!(
            presence.take_diff().expect("one").left,
            vec![one(1, "a")],
            "not back from there"
        );

        presence.leave(session, 3, now);
        presence.forget_leaves(now + CHANNEL_GRACE);
        assert!(presence.leaves.is_empty());
    }
}
