//! Catching up: what subscribers get that are behind, as fast as they take it.
//!
//! Whoever is behind has a number up to which it has got everything. What follows comes from the relay's tail, or, where
//! that does not reach back so far, from the home in pages. No more is sent while much waits on the connection: either it
//! is drained later, which the engine tells, or it could all leave with the next flush, after which [`Hub::resume`] goes on.

use super::Hub;
use super::sending::{Sending, Sent};
use crate::command::{PresenceView, SlowPolicy};
use crate::effects::{Backlog, ConnectionKey, Effects, Now, SessionKey, TopicKey};
use crate::ending::{Disconnect, DisconnectCode};
use crate::identity::Permissions;
use crate::limits::CATCH_UP_SIZE;
use crate::mail::{HomeRequest, Page};
use crate::namespace::State;
use crate::relay::{Relay, Subject};
use crate::session::{Behind, SubscriptionPhase};
use crate::told::{Loss, LossReason, Own};

/// Why catching up stops.
enum Stop {
    /// Nothing more to do for this subscription.
    Done,
    /// A page of history is awaited.
    Page,
    /// Too much waits for being sent.
    Full,
}

impl Hub {
    /// A connection was too slow for a topic, and has left it.
    pub(super) fn lagged(
        &mut self,
        now: Now,
        key: SessionKey,
        (topic, mark): (TopicKey, u64),
        effects: &mut impl Effects,
    ) {
        let Some(relay) = self.topics.get(topic.0 as usize).copied() else {
            return;
        };
        let Some(subscription) = self.subscription_mut(key, relay) else {
            return;
        };
        if subscription.phase != SubscriptionPhase::Live {
            return;
        }
        subscription.phase = SubscriptionPhase::Behind;
        *subscription.behind_mut() = Behind::at(mark);
        subscription.has_lagged = true;
        let slow = subscription.slow;
        self.stats.lagged += 1;
        self.stats.subscriptions_behind += 1;
        if slow == SlowPolicy::Disconnect {
            let reason = "too slow for what it subscribes to".to_owned();
            let disconnect = Disconnect { code: DisconnectCode::TooSlow, reason, may_return: true };
            self.disconnect(now, key, &disconnect, effects);
        }
    }

    /// As [`Hub::catch_up`], after a flush: if much still waits, the peer is slow, and its drain will be told.
    pub(super) fn catch_up_when_flushed(
        &mut self,
        now: Now,
        key: SessionKey,
        effects: &mut impl Effects,
    ) {
        let connection = self.session(key).and_then(|session| session.connection);
        if connection.is_some_and(|connection| has_room(connection, effects)) {
            self.catch_up(now, key, effects);
        }
    }

    /// Sends a session what it is behind by, as much as it takes.
    pub(super) fn catch_up(&mut self, now: Now, key: SessionKey, effects: &mut impl Effects) {
        let Some(connection) = self.session(key).and_then(|session| session.connection) else {
            return;
        };
        let mut place = 0;
        while let Some(session) = self.session(key).filter(|session| !session.awaits_page) {
            let Some(subscription) = session.subscriptions.get(place) else {
                return;
            };
            if subscription.phase != SubscriptionPhase::Behind {
                place += 1;
                continue;
            }
            if !has_room(connection, effects) {
                return self.resume_later(key, effects);
            }
            match self.catch_up_one(now, key, (place, connection), effects) {
                Stop::Done => place += 1,
                Stop::Page => return,
                Stop::Full => return self.resume_later(key, effects),
            }
        }
    }

    fn resume_later(&mut self, key: SessionKey, effects: &mut impl Effects) {
        if let Some(session) = self.session_mut(key)
            && !std::mem::replace(&mut session.is_resuming, true)
        {
            self.resuming.push(key);
            effects.resume_soon();
        }
    }

    fn catch_up_one(
        &mut self,
        now: Now,
        key: SessionKey,
        (place, connection): (usize, ConnectionKey),
        effects: &mut impl Effects,
    ) -> Stop {
        let session = &mut self.sessions[key.slot as usize];
        let id = session.id;
        let subscription = &mut session.subscriptions[place];
        let index = subscription.relay;
        let relay = &self.relays[index as usize];
        if let Subject::Pattern(pattern) = &relay.subject {
            if std::mem::take(&mut subscription.has_lagged) {
                let loss = Loss { from: 0, to: 0, reason: LossReason::NoHistory };
                effects.tell(connection, &Own::Lost { subject: &pattern.to_string(), loss });
                self.stats.lost += 1;
            }
            self.go_live(key, index, effects);
            return Stop::Done;
        }
        if let Some(until) = subscription.rare.as_ref().and_then(|rare| rare.state_until) {
            let after = subscription.behind().sequence;
            self.ask_page(key, index, (after, Some(until)), effects);
            return Stop::Page;
        }
        let after = subscription.behind().sequence;
        let slow = subscription.has_lagged.then_some(subscription.slow);
        // Of a channel with state the latest of each key is all that matters. With a filter, the latest that passes may not be
        // the latest.
        let conflates = slow == Some(SlowPolicy::Conflate)
            && self.config.namespaces.get(relay.namespace).state == State::Keyed
            && relay.topics[usize::from(subscription.topic)].filter.is_none();
        if after < relay.tail_from() || (conflates && may_be_older_values(relay, after, now)) {
            if slow == Some(SlowPolicy::DropOldest) {
                self.stats.lost += 1;
                let from = subscription.behind().told.min(after);
                let mut sending = Sending::new(relay, subscription, (id, connection));
                sending.lose(from, relay.tail_from(), LossReason::Dropped, effects);
                return self.catch_up_one(now, key, (place, connection), effects);
            }
            let state_until = conflates.then(|| relay.top());
            self.ask_page(key, index, (after, state_until), effects);
            return Stop::Page;
        }
        if after > relay.top() {
            // Its client, or a page of the home's, had more than this relay, which is behind: it goes on with that.
            self.relays[index as usize].ahead.insert(key);
            return Stop::Done;
        }
        let tail: Vec<_> = relay.tail_after(after).cloned().collect();
        let mut sending = Sending::new(relay, subscription, (id, connection));
        let sent = sending.send(&tail, now, &mut self.stats, effects);
        if sent == Sent::Full {
            return Stop::Full;
        }
        subscription.behind_mut().sequence = relay.top();
        self.finish(key, index, connection, effects);
        Stop::Done
    }

    /// It has got everything: it is live.
    fn finish(
        &mut self,
        key: SessionKey,
        index: u32,
        connection: ConnectionKey,
        effects: &mut impl Effects,
    ) {
        let Some(topic) = self.subscription_mut(key, index).map(|held| held.topic) else {
            return;
        };
        let relay = &self.relays[index as usize];
        if let (Some(channel), Some(position)) = (relay.channel(), relay.topic_position(topic)) {
            effects.tell(connection, &Own::CaughtUp { channel, position });
        }
        let tells_presence = self.config.namespaces.get(relay.namespace).join_leave;
        let sees_presence = tells_presence && self.may_in(key, Permissions::PRESENCE, relay);
        if let Some(channel) = relay.channel().filter(|_| sees_presence).cloned() {
            // It may have missed changes, of which nothing is kept: it gets what they have led to.
            let request = HomeRequest::Presence {
                view: PresenceView::AllSessions,
                limit: crate::limits::PAGE_MEMBERS_MAX,
                reply: self.reply_to(key, crate::CommandId(0)),
            };
            self.go_live(key, index, effects);
            return self.ask_home(&channel, request, effects);
        }
        self.go_live(key, index, effects);
    }

    /// Makes a subscription live, if its session has a connection.
    pub(super) fn go_live(&mut self, key: SessionKey, index: u32, effects: &mut impl Effects) {
        let Some(connection) = self.session(key).and_then(|session| session.connection) else {
            return;
        };
        let Some(subscription) = self.subscription_mut(key, index) else {
            return;
        };
        subscription.phase = SubscriptionPhase::Live;
        subscription.has_lagged = false;
        if let Some(rare) = &mut subscription.rare {
            rare.behind = None;
        }
        subscription.forget_rare();
        let topic = usize::from(subscription.topic);
        let tag = subscription.rare.as_ref().map(|rare| rare.tag.clone()).unwrap_or_default();
        self.stats.subscriptions_behind -= 1;
        effects.join(connection, self.relays[index as usize].topics[topic].key, &tag);
    }

    /// A page of history has arrived.
    pub(super) fn take_page(&mut self, now: Now, page: Page, effects: &mut impl Effects) {
        let key = page.request.session;
        let Some(session) = self.session_mut(key) else {
            return;
        };
        session.awaits_page = false;
        let subject = Subject::Channel(page.channel.clone());
        if let Some(index) = self.relays_by_subject.get(&subject).copied() {
            self.use_page(now, key, index, page, effects);
        }
        self.begin_those_that_wait(now, key, effects);
        self.catch_up(now, key, effects);
    }

    fn begin_those_that_wait(&mut self, now: Now, key: SessionKey, effects: &mut impl Effects) {
        let mut place = 0;
        while let Some(session) = self.session(key).filter(|session| !session.awaits_page) {
            let Some(subscription) = session.subscriptions.get(place) else {
                return;
            };
            if subscription.phase == SubscriptionPhase::Beginning {
                let index = subscription.relay;
                self.begin(now, key, index, effects);
            }
            place += 1;
        }
    }

    fn use_page(
        &mut self,
        now: Now,
        key: SessionKey,
        index: u32,
        page: Page,
        effects: &mut impl Effects,
    ) {
        let (tail_from, top) = {
            let relay = &self.relays[index as usize];
            (relay.tail_from(), relay.top())
        };
        // What the tail has is not lost, although the home does not keep it.
        let lost_to = page.lost_to.min(tail_from.max(page.request.after));
        let Some(subscription) = self.subscription_mut(key, index) else {
            return;
        };
        if subscription.phase == SubscriptionPhase::Beginning {
            let begin = subscription.rare.as_ref().map(|rare| rare.begin).unwrap_or_default();
            let wanted = begin.position.map(|(_, sequence)| sequence);
            if wanted != Some(page.request.after) || page.request.state_until.is_some() {
                return;
            }
            let is_beyond = page.request.after > page.top;
            if is_beyond || (lost_to > page.request.after && begin.snapshot) {
                return self.begin_without_history(now, key, index, effects);
            }
            let (after, is_other_epoch) = (page.request.after, subscription.is_other_epoch);
            let recovery = self.recovery(is_other_epoch, (after, lost_to), top.max(after));
            // What is in the page is asked for again, in its turn.
            return self.begin_with(now, key, index, (recovery, lost_to), effects);
        }
        if subscription.phase == SubscriptionPhase::Behind
            && subscription.behind().sequence == page.request.after
        {
            self.send_page(now, key, index, (page, lost_to), effects);
        }
    }

    fn send_page(
        &mut self,
        now: Now,
        key: SessionKey,
        index: u32,
        (page, lost_to): (Page, u64),
        effects: &mut impl Effects,
    ) {
        let session = &mut self.sessions[key.slot as usize];
        let id = session.id;
        let Some(connection) = session.connection else {
            return;
        };
        let Some(subscription) =
            session.subscriptions.iter_mut().find(|subscription| subscription.relay == index)
        else {
            return;
        };
        let relay = &self.relays[index as usize];
        let state_until = subscription.rare.as_ref().and_then(|rare| rare.state_until);
        let is_state = state_until.is_some();
        let conflates = !is_state
            && page.request.state_until.is_some()
            && subscription.has_lagged
            && subscription.slow == SlowPolicy::Conflate;
        if page.request.state_until != state_until && !conflates {
            // What was asked for before it began again.
            return;
        }
        // What it knows to have got last: after that it may have been spared what its filter leaves out.
        let from = subscription.behind().told.min(page.request.after);
        let mut sending = Sending::new(relay, subscription, (id, connection));
        sending.skips_between = conflates;
        if lost_to > page.request.after {
            self.stats.lost += 1;
            sending.lose(from, lost_to, LossReason::Trimmed, effects);
        }
        if page.lost_to > lost_to {
            // The tail reaches back further than the page: it goes on there.
            let behind = subscription.behind_mut();
            behind.sequence = behind.sequence.max(lost_to);
            return;
        }
        let sent = sending.send(&page.publications, now, &mut self.stats, effects);
        if sent == Sent::Full {
            return;
        }
        let to = page.to.max(lost_to);
        let behind = subscription.behind_mut();
        behind.sequence = behind.sequence.max(to);
        let told = behind.told;
        match page.request.state_until {
            // The chain starts at what the snapshot is of.
            Some(until) if is_state && to >= until => {
                behind.told = until;
                if let Some(rare) = &mut subscription.rare {
                    rare.state_until = None;
                }
            }
            Some(_) if conflates && to > told => {
                self.stats.lost += 1;
                let mut sending = Sending::new(relay, subscription, (id, connection));
                sending.lose(told, to, LossReason::Conflated, effects);
            }
            _ => {}
        }
    }
}

/// Whether all that a relay has after a number has keys, and some of it is too old for history: it may be a value still, which
/// the home knows.
fn may_be_older_values(relay: &Relay, after: u64, now: Now) -> bool {
    relay.tail_after(after).any(|kept| kept.expires_ms <= now.unix_ms)
        && relay.tail_after(after).all(|kept| kept.key().is_some())
}

fn has_room(connection: ConnectionKey, effects: &mut impl Effects) -> bool {
    matches!(effects.backlog(connection), Backlog::Bytes(bytes) if bytes < CATCH_UP_SIZE)
}
