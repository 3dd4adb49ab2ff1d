//! How sessions begin, lose their connections, and come back.

use super::{Hub, Resume};
use crate::command::CommandId;
use crate::effects::{ConnectionKey, Effects, Now, SessionKey, WorkerIndex};
use crate::ending::{Disconnect, DisconnectCode, Revocation};
use crate::identity::Identity;
use crate::mail::{Letter, Take};
use crate::names::{ResumeToken, SessionId};
use crate::relay::Subject;
use crate::session::{Session, SubscriptionPhase};
use crate::tables::{make_longer, make_room};
use crate::told::{Own, SessionGreeting};
use smallvec::SmallVec;
use std::collections::HashSet;
use std::sync::Arc;

/// A connection whose session is to come from another worker.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) id: CommandId,
    pub(super) identity: Identity,
    pub(super) seen: Seen,
}

/// What a client that resumes has got.
#[derive(Debug, Default)]
pub(super) struct Seen {
    positions: Vec<(Box<str>, u64)>,
    pub(super) message: u64,
}

impl Seen {
    pub(super) fn of(&self, channel: &str) -> Option<u64> {
        let mut positions = self.positions.iter();
        positions.find(|(name, _)| **name == *channel).map(|(_, sequence)| *sequence)
    }
}

impl Hub {
    pub(super) fn connect(
        &mut self,
        now: Now,
        connection: ConnectionKey,
        (id, identity, resume): (CommandId, Identity, Option<Resume<'_>>),
        effects: &mut impl Effects,
    ) {
        let Some(Resume { token, positions, message }) = resume else {
            return self.begin_session(now, connection, (id, identity), effects);
        };
        let positions = positions.iter().map(|(name, sequence)| (Box::from(*name), *sequence));
        let seen = Seen { positions: positions.collect(), message };
        let is_ours = token.session.node == self.config.node && token.worker < self.config.workers;
        if !is_ours {
            return self.begin_session(now, connection, (id, identity), effects);
        }
        let worker = WorkerIndex(token.worker);
        if worker == self.config.worker
            && let Some(key) = self.local_key(token.session)
        {
            return match self.may_resume(key, token.nonce, &identity) {
                true => {
                    self.resume_session(
                        now,
                        (key, connection, token.nonce),
                        (id, identity, seen),
                        effects,
                    );
                }
                false => self.begin_session(now, connection, (id, identity), effects),
            };
        }
        let user = identity.user.clone();
        self.arrivals.insert(connection, Arrival { id, identity, seen });
        let take = Take {
            session: token.session,
            nonce: token.nonce,
            user,
            worker: self.config.worker,
            connection,
        };
        self.post(worker, Letter::Take(Box::new(take)), effects);
    }

    pub(super) fn may_resume(&self, key: SessionKey, nonce: u128, identity: &Identity) -> bool {
        self.session(key).is_some_and(|session| {
            let is_known = session.nonce == nonce
                || session.nonce_before.as_ref().is_some_and(|before| **before == nonce);
            is_known && session.identity.user == identity.user
        })
    }

    pub(super) fn begin_session(
        &mut self,
        now: Now,
        connection: ConnectionKey,
        (id, identity): (CommandId, Identity),
        effects: &mut impl Effects,
    ) {
        let key = self.insert_session(None, identity, effects);
        self.attach(now, (key, connection), id, false, effects);
    }

    pub(super) fn insert_session(
        &mut self,
        id: Option<SessionId>,
        identity: Identity,
        effects: &mut impl Effects,
    ) -> SessionKey {
        let slot = self.sessions.vacant_key();
        make_room(&mut self.sessions);
        make_longer(&mut self.generations, slot + 1);
        let key = SessionKey { slot: slot as u32, generation: self.generations[slot] };
        let born = SessionId {
            node: self.config.node,
            worker: self.config.worker.0,
            slot: key.slot,
            generation: key.generation,
        };
        let session = Session {
            id: id.unwrap_or(born),
            connection: None,
            identity: Arc::new(identity),
            nonce: nonce(effects),
            nonce_before: None,
            subscriptions: SmallVec::new(),
            deadline: None,
            kept_until: None,
            awaits_page: false,
            is_resuming: false,
            more: None,
        };
        self.sessions.insert(session);
        if let Some(id) = id {
            self.arrived.insert(id, key);
            if !self.is_birthplace(id) {
                self.departed.remove(&id);
            }
            return key;
        }
        self.tell_user_directory(key, effects);
        key
    }

    /// Gives a session its connection, and says so to both.
    pub(super) fn attach(
        &mut self,
        now: Now,
        (key, connection): (SessionKey, ConnectionKey),
        id: CommandId,
        is_resumed: bool,
        effects: &mut impl Effects,
    ) {
        let grace = self.config.grace;
        let worker = self.config.worker.0;
        let Some(session) = self.session_mut(key) else {
            return;
        };
        session.connection = Some(connection);
        let was_detached = session.kept_until.take().is_some();
        let greeting = SessionGreeting {
            session: session.id,
            resume: ResumeToken { session: session.id, worker, nonce: session.nonce },
            grace,
            is_resumed,
            user: session.identity.user.as_ref(),
            expires_ms: session.identity.expires_ms,
        };
        effects.attach(connection, key);
        effects.tell(connection, &Own::Connected { id, session: &greeting });
        self.stats.sessions_detached -= u64::from(was_detached);
        self.set_session_deadline(now, key);
    }

    fn resume_session(
        &mut self,
        now: Now,
        (key, connection, shown): (SessionKey, ConnectionKey, u128),
        (id, identity, seen): (CommandId, Identity, Seen),
        effects: &mut impl Effects,
    ) {
        self.replace_connection(now, key, effects);
        let new_nonce = nonce(effects);
        let Some(session) = self.session_mut(key) else {
            return;
        };
        // The one that was shown is good until the new one is: who never got that shows it again.
        session.nonce_before = Some(Box::new(shown));
        session.nonce = new_nonce;
        let before = std::mem::replace(&mut session.identity, Arc::new(identity));
        self.stats.resumed += 1;
        self.attach(now, (key, connection), id, true, effects);
        self.tell_permissions(key, &before, effects);
        let held = self.subjects(key);
        self.tell_gone(key, &seen, &held, effects);
        self.revoke_forbidden(key, effects);
        self.restart_subscriptions(now, key, &seen, effects);
        self.retell(now, key, seen.message, effects);
    }

    fn subjects(&self, key: SessionKey) -> Vec<Subject> {
        let held = self.session(key).into_iter().flat_map(|session| &session.subscriptions);
        held.map(|held| self.relays[held.relay as usize].subject.clone()).collect()
    }

    /// What a client says that it has got something of, and is not subscribed to, was ended while it was away, or it has not
    /// heard of that any more.
    pub(super) fn tell_gone(
        &self,
        key: SessionKey,
        seen: &Seen,
        held: &[Subject],
        effects: &mut impl Effects,
    ) {
        let held: HashSet<String> = held.iter().map(ToString::to_string).collect();
        for (name, _) in seen.positions.iter().filter(|(name, _)| !held.contains(&**name)) {
            let reason = Revocation::Backend;
            self.tell(key, &Own::Revoked { subject: name, reason }, effects);
        }
    }

    /// A client that resumes while its last connection is not known to be lost yet has two: the old one ends.
    pub(super) fn replace_connection(
        &mut self,
        now: Now,
        key: SessionKey,
        effects: &mut impl Effects,
    ) {
        if self.session(key).is_some_and(|session| session.connection.is_some()) {
            let reason = "the session was resumed by another connection".to_owned();
            let disconnect =
                Disconnect { code: DisconnectCode::Replaced, reason, may_return: false };
            self.disconnect_connection(key, &disconnect, effects);
            self.detach(now, key, false, effects);
        }
    }

    /// Has all subscriptions begin again, after what the client has got, or has said that it has.
    fn restart_subscriptions(
        &mut self,
        now: Now,
        key: SessionKey,
        seen: &Seen,
        effects: &mut impl Effects,
    ) {
        let Some(session) = self.session(key) else {
            return;
        };
        let relays: Vec<_> = session.subscriptions.iter().map(|held| held.relay).collect();
        // All of them before the first begins: what it then catches up with goes on with whatever is behind.
        for index in relays.iter().copied() {
            let relay = &self.relays[index as usize];
            let epoch = relay.position().map(|position| position.epoch);
            let at = relay.channel().and_then(|channel| seen.of(channel.as_str()));
            let Some(subscription) = self.subscription_mut(key, index) else {
                continue;
            };
            let was_behind = subscription.phase == SubscriptionPhase::Behind;
            subscription.phase = SubscriptionPhase::Beginning;
            subscription.has_lagged = false;
            let rare = subscription.rare.get_or_insert_default();
            rare.state_until = None;
            // What came over and has not begun here knows its epoch already.
            let epoch = rare.begin.position.and_then(|(epoch, _)| epoch).or(epoch);
            subscription.go_on(epoch, at);
            self.stats.subscriptions_behind -= u64::from(was_behind);
        }
        for index in relays {
            self.begin(now, key, index, effects);
        }
    }

    /// A session's connection is gone. The session waits for its client, unless that said that it would not return.
    pub(super) fn detach(
        &mut self,
        now: Now,
        key: SessionKey,
        is_final: bool,
        effects: &mut impl Effects,
    ) {
        let kept_until = now.instant + self.config.grace;
        let Some(session) = self.session_mut(key) else {
            return;
        };
        // First: what is done from here on is not for that connection any more.
        session.connection = None;
        if is_final {
            return self.end_session(key, effects);
        }
        let is_newly_detached = session.kept_until.replace(kept_until).is_none();
        let mut beginning = Vec::new();
        let mut newly_behind = 0;
        for subscription in &mut session.subscriptions {
            match subscription.phase {
                SubscriptionPhase::Live => {
                    subscription.phase = SubscriptionPhase::Behind;
                    newly_behind += 1;
                }
                SubscriptionPhase::Behind => {}
                // Its client was not told that it subscribes: it asks again.
                SubscriptionPhase::Beginning if subscription.was_asked_for() => {
                    beginning.push(subscription.relay);
                }
                SubscriptionPhase::Beginning => {}
            }
        }
        self.stats.subscriptions_behind += newly_behind;
        self.stats.sessions_detached += u64::from(is_newly_detached);
        for index in beginning {
            self.end_subscription(key, index, effects);
        }
        self.set_session_deadline(now, key);
    }
}

pub(super) fn nonce(effects: &mut impl Effects) -> u128 {
    u128::from(effects.random()) << 64 | u128::from(effects.random())
}
