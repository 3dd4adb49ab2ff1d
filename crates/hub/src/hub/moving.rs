//! Sessions that go to the worker of their new connection.
//!
//! A session's name says where it began. That worker knows where it is now; the others that it was on remember for a while,
//! so that what is on its way there finds it.

use super::Hub;
use super::resuming::{Arrival, Seen};
use crate::effects::{ConnectionKey, Effects, Now, SessionKey, WorkerIndex};
use crate::ending::Revocation;
use crate::identity::Identity;
use crate::mail::{Addressee, HomeRequest, Letter, Take};
use crate::names::SessionId;
use crate::relay::Subject;
use crate::session::{Packed, PackedSubscription, Rare, Subscription, SubscriptionPhase};
use crate::told::Own;
use std::sync::Arc;

impl Hub {
    /// Gives a session away to another worker, if it is wanted by the right one.
    pub(super) fn give(&mut self, now: Now, take: Take, effects: &mut impl Effects) {
        let Take { session: id, nonce, ref user, worker, connection } = take;
        let Some(key) = self.local_key(id) else {
            // The resume token may be older than its last move.
            return match self.departed_to(id) {
                Some(to) => self.post(to, Letter::Take(Box::new(take)), effects),
                None => self.post(worker, Letter::Given { connection, session: None }, effects),
            };
        };
        let identity = Identity { user: user.clone(), ..Identity::default() };
        let session = match self.may_resume(key, nonce, &identity) {
            true => {
                self.replace_connection(now, key, effects);
                self.pack(now, (key, nonce), worker, effects).map(Box::new)
            }
            false => None,
        };
        self.post(worker, Letter::Given { connection, session }, effects);
    }

    /// Takes a session apart for the way.
    fn pack(
        &mut self,
        now: Now,
        (key, nonce_used): (SessionKey, u128),
        to: WorkerIndex,
        effects: &mut impl Effects,
    ) -> Option<Packed> {
        let told_all = self.told_all;
        let session = self.session_mut(key)?;
        let id = session.id;
        let more = session.more();
        more.moves += 1;
        more.told_all = more.told_all.max(told_all);
        let (moves, more) = (more.moves, session.more.take());
        let identity = Arc::clone(&session.identity);
        let held: Vec<_> = session.subscriptions.iter().map(|held| held.relay).collect();
        let packed = held.into_iter().filter_map(|index| self.pack_one(key, index, effects));
        let subscriptions = packed.collect();
        self.remove_session(key);
        self.depart(now, (id, key), to, moves);
        Some(Packed { id, identity, nonce_used, subscriptions, more })
    }

    fn pack_one(
        &mut self,
        key: SessionKey,
        index: u32,
        effects: &mut impl Effects,
    ) -> Option<PackedSubscription> {
        let relay = &self.relays[index as usize];
        let subject = relay.subject.clone();
        let epoch = relay.position().map(|position| position.epoch);
        let topic = self.subscription_mut(key, index)?.topic;
        let filter = self.relays[index as usize].topics[usize::from(topic)].filter.clone();
        let subscription = self.subscription_mut(key, index)?;
        let rare = subscription.rare.take().map(|rare| *rare).unwrap_or_default();
        let packed = PackedSubscription {
            subject,
            epoch: epoch.or_else(|| rare.begin.position.and_then(|(epoch, _)| epoch)),
            filter,
            slow: subscription.slow,
            acknowledged: subscription.acknowledged,
            is_other_epoch: subscription.is_other_epoch,
            // Its presence goes with it: it does not leave.
            is_present: std::mem::take(&mut subscription.is_present),
            wants_state: subscription.wants_state,
            tag: rare.tag,
            info: rare.info,
        };
        self.end_subscription(key, index, effects);
        Some(packed)
    }

    /// A session has come over, or will not.
    pub(super) fn given(
        &mut self,
        now: Now,
        connection: ConnectionKey,
        session: Option<Box<Packed>>,
        effects: &mut impl Effects,
    ) {
        let arrival = self.arrivals.remove(&connection);
        let Some(packed) = session else {
            if let Some(Arrival { id, identity, .. }) = arrival {
                self.begin_session(now, connection, (id, identity), effects);
            }
            return;
        };
        let Packed { id: session, identity: was, nonce_used, subscriptions, more } = *packed;
        let (identity, seen, id) = match arrival {
            Some(Arrival { id, identity, seen }) => (identity, seen, Some(id)),
            // The client is gone again. Its session is kept here, for the next time.
            None => (Identity::clone(&was), Seen::default(), None),
        };
        let moves = more.as_ref().map_or(0, |more| more.moves);
        let key = self.insert_session(Some(session), identity, effects);
        if let Some(session) = self.session_mut(key) {
            session.nonce_before = Some(Box::new(nonce_used));
            session.more = more;
        }
        let to = self.config.worker;
        self.post(WorkerIndex(session.worker), Letter::Moved { session, to, moves }, effects);
        if let Some(id) = id {
            self.stats.resumed += 1;
            self.attach(now, (key, connection), id, true, effects);
            self.tell_permissions(key, &was, effects);
        }
        let held: Vec<_> = subscriptions.iter().map(|packed| packed.subject.clone()).collect();
        self.tell_gone(key, &seen, &held, effects);
        for packed in subscriptions {
            self.unpack_one(now, key, packed, (id.is_some(), &seen), effects);
        }
        match id {
            Some(_) => self.retell(now, key, seen.message, effects),
            None => self.detach(now, key, false, effects),
        }
    }

    fn unpack_one(
        &mut self,
        now: Now,
        key: SessionKey,
        packed: PackedSubscription,
        (is_checked, seen): (bool, &Seen),
        effects: &mut impl Effects,
    ) {
        let PackedSubscription { subject, epoch, filter, slow, acknowledged, .. } = packed;
        let PackedSubscription { is_present, wants_state, tag, info, .. } = packed;
        let name = subject.to_string();
        let namespace = match &subject {
            Subject::Channel(channel) => self.config.namespaces.of(channel),
            Subject::Pattern(pattern) => self.config.namespaces.of_pattern(pattern),
        };
        let namespace = namespace.map(|(index, _)| index);
        let is_allowed = !is_checked || self.may_subscribe(key, &name).is_ok();
        let said = seen.of(&name);
        let mut subscription = Subscription {
            relay: 0,
            topic: 0,
            slow,
            phase: SubscriptionPhase::Beginning,
            is_present,
            wants_state,
            has_lagged: false,
            is_other_epoch: packed.is_other_epoch,
            acknowledged: said.unwrap_or(acknowledged),
            rare: Some(Box::new(Rare { tag, info, ..Rare::default() })),
        };
        subscription.go_on(epoch, said);
        let added = namespace.filter(|_| is_allowed).is_some_and(|namespace| {
            let place = (&subject, namespace, filter);
            // It fails where there are as many filters as there can be: it has to subscribe again, with another.
            self.add_subscription(now, key, place, subscription, effects).is_ok()
        });
        if !added {
            if let (Subject::Channel(channel), true, Some((session, moves))) =
                (&subject, is_present, self.session(key).map(|held| (held.id, held.moves())))
            {
                self.ask_home(channel, HomeRequest::Leave { session, moves }, effects);
            }
            let reason = Revocation::Forbidden;
            self.tell(key, &Own::Revoked { subject: &name, reason }, effects);
        }
    }

    /// The session that is meant, if it is here, or the worker on which it may be.
    pub(super) fn find(
        &self,
        to: Addressee,
    ) -> Result<SessionKey, Option<(WorkerIndex, SessionId)>> {
        let id = match to {
            Addressee::Key(key) if self.session(key).is_some() => return Ok(key),
            Addressee::Key(key) => self.departed_keys.get(&key).copied().unwrap_or(SessionId {
                node: self.config.node,
                worker: self.config.worker.0,
                slot: key.slot,
                generation: key.generation,
            }),
            Addressee::Id(id) => id,
        };
        match self.local_key(id) {
            Some(key) => Ok(key),
            None => Err(self.departed_to(id).map(|worker| (worker, id))),
        }
    }
}
