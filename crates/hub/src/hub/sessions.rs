//! What becomes of sessions: deadlines, news from others, and their end.

use super::Hub;
use super::timers::Timer;
use crate::effects::{Answer, Effects, Now, SessionKey, WorkerIndex};
use crate::ending::{Disconnect, DisconnectCode, Revocation};
use crate::limits::LOOK_AGAIN_MAX;
use crate::mail::{Addressee, Letter, ReplyTo, SessionNews};
use crate::told::Own;
use std::time::{Duration, Instant};

impl Hub {
    /// When a session's token ends, if it does while somebody uses it, or when to look at it again.
    fn expires_at(&self, now: Now, key: SessionKey) -> Option<Instant> {
        let session = self.session(key).filter(|session| session.connection.is_some())?;
        let left = session.identity.expires_ms?.saturating_sub(now.unix_ms);
        Some(now.instant + Duration::from_millis(left).min(LOOK_AGAIN_MAX))
    }

    /// Finds out when something is due for a session next.
    pub(super) fn set_session_deadline(&mut self, now: Now, key: SessionKey) {
        let expires_at = self.expires_at(now, key);
        let Some(session) = self.session_mut(key) else {
            return;
        };
        let deadline = session.next_deadline(expires_at);
        let before = std::mem::replace(&mut session.deadline, deadline);
        self.timers.replace(before, deadline, Timer::Session(key));
    }

    pub(super) fn session_due(&mut self, now: Now, key: SessionKey, effects: &mut impl Effects) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        session.deadline = None;
        if session.kept_until.is_some_and(|until| until <= now.instant) {
            self.stats.expired += 1;
            return self.end_session(key, effects);
        }
        let expires_ms = session.identity.expires_ms.filter(|_| session.connection.is_some());
        if expires_ms.is_some_and(|at| at <= now.unix_ms) {
            let reason = "the token has expired: connect with a new one, and resume".to_owned();
            let disconnect =
                Disconnect { code: DisconnectCode::TokenExpired, reason, may_return: true };
            self.disconnect_connection(key, &disconnect, effects);
            self.detach(now, key, false, effects);
        }
        self.end_calls_due(now, key, effects);
        self.set_session_deadline(now, key);
    }

    /// This side ends a session: one that may return is kept for that.
    pub(super) fn disconnect(
        &mut self,
        now: Now,
        key: SessionKey,
        disconnect: &Disconnect,
        effects: &mut impl Effects,
    ) {
        self.disconnect_connection(key, disconnect, effects);
        if self.session(key).is_some() {
            self.detach(now, key, !disconnect.may_return, effects);
        }
    }

    /// Ends a session's connection. Nobody tells of an end that this side has made: the caller detaches the session.
    pub(super) fn disconnect_connection(
        &self,
        key: SessionKey,
        disconnect: &Disconnect,
        effects: &mut impl Effects,
    ) {
        if let Some(connection) = self.session(key).and_then(|session| session.connection) {
            effects.tell(connection, &Own::Disconnected { disconnect });
            effects.disconnect(connection, disconnect);
        }
    }

    /// Ends a session for good.
    pub(super) fn end_session(&mut self, key: SessionKey, effects: &mut impl Effects) {
        let Some(session) = self.session(key) else {
            return;
        };
        let (id, user) = (session.id, session.identity.user.clone());
        let moves = session.moves();
        let held: Vec<_> = session.subscriptions.iter().map(|held| held.relay).collect();
        for index in held {
            self.end_subscription(key, index, effects);
        }
        self.end_all_calls(key, effects);
        self.remove_session(key);
        self.post(WorkerIndex(id.worker), Letter::Ended { session: id, moves, user }, effects);
    }

    /// Takes a session out of its place.
    pub(super) fn remove_session(&mut self, key: SessionKey) {
        let session = self.sessions.remove(key.slot as usize);
        self.generations[key.slot as usize] = key.generation.wrapping_add(1);
        self.timers.replace(session.deadline, None, Timer::Session(key));
        self.stats.sessions_detached -= u64::from(session.kept_until.is_some());
        self.arrived.remove(&session.id);
    }

    pub(super) fn session_news(
        &mut self,
        now: Now,
        to: Addressee,
        (news, reply): (SessionNews, Option<ReplyTo>),
        effects: &mut impl Effects,
    ) {
        let key = match self.find(to) {
            Ok(key) => key,
            Err(Some((worker, id))) => {
                let to = Addressee::Id(id);
                return self.post(worker, Letter::ToSession { to, news, reply }, effects);
            }
            Err(None) => return self.is_nobody(to, (news, reply), effects),
        };
        if let Some(reply) = reply {
            self.reply(reply, news.answer(), effects);
        }
        match news {
            SessionNews::Message(message) => self.take_message(key, (&message, true), effects),
            SessionNews::Volatile(message) => self.take_message(key, (&message, false), effects),
            SessionNews::Called(call) => self.called(now, key, call, effects),
            SessionNews::CallCancelled { caller } => self.call_cancelled(now, key, caller, effects),
            SessionNews::Answered { call, answer } => {
                self.answered(now, key, call, answer, effects);
            }
            SessionNews::Disconnect(disconnect) => self.disconnect(now, key, &disconnect, effects),
            SessionNews::Unsubscribe(subject) => {
                if let Some(index) = self.subscribed_to(key, &subject) {
                    self.revoke(key, index, Revocation::Backend, effects);
                }
            }
        }
    }

    /// An answer has come for somebody of this worker.
    pub(super) fn take_answer(&mut self, to: ReplyTo, answer: Answer, effects: &mut impl Effects) {
        let (session, id, is_quiet) = match to {
            ReplyTo::Request { key, .. } => return effects.answer(key, answer),
            ReplyTo::Session { to, id, is_quiet, .. } => (to, id, is_quiet),
        };
        let key = match self.find(session) {
            Ok(key) => key,
            Err(Some((worker, session))) => {
                let to = Addressee::Id(session);
                let to = ReplyTo::Session { worker, to, id, is_quiet };
                return self.post(worker, Letter::Answer { to, answer }, effects);
            }
            Err(None) => return,
        };
        let own = match &answer {
            Answer::Published(receipt) => Own::Published { id, receipt },
            Answer::Presence(page) => Own::Presence { id, page },
            Answer::History(page) => Own::History { id, page },
            Answer::Channel(_) | Answer::Done => Own::Done { id },
            Answer::Refused(refusal) => {
                self.stats.refused += 1;
                Own::Refused { id, refusal }
            }
        };
        self.tell(key, &own, effects);
    }
}
