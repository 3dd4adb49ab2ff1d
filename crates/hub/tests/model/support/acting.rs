//! What clients and the backend do in a step, in detail.

use super::client::{Pending, Said};
use super::setting::{CHANNELS, KEYS, TOPICS, USERS};
use super::step::{Kind, Step};
use super::subscription::{State, Subscription};
use super::truth::{Attempt, Call, To};
use super::world::World;
use sockeye_hub::limits::UNACKNOWLEDGED_MAX;
use sockeye_hub::{Acknowledge, Command, Input, Payload, Request, SessionId, SlowPolicy, Target};
use std::collections::BTreeSet;
use std::time::Duration;

impl World {
    /// A client comes to a worker, with its session if it has one.
    pub(crate) fn arrive(&mut self, client: usize, worker: usize) {
        let (who, what) = (client as u8, worker as u8);
        self.apply(Step { kind: Kind::Connect, who, what, how: 6, turns: 0 });
    }

    pub(crate) fn say_subscribe(&mut self, client: usize, subject: &'static str) {
        self.clients[client].subscribe(Subscription::new(subject, 0), false);
    }

    pub(super) fn subscribe(&mut self, client: usize, subject: &'static str, how: u16) {
        let life = self.clients[client].past.len();
        if self.clients[client].subscriptions.contains_key(subject) {
            return;
        }
        let mut subscription = Subscription::new(subject, life);
        subscription.policy = match how % 8 {
            0 => SlowPolicy::DropOldest,
            1 => SlowPolicy::Conflate,
            2 if how % 32 == 2 => SlowPolicy::Disconnect,
            _ => SlowPolicy::Replay,
        };
        subscription.filter = (how >> 3 & 3 == 0).then(|| TOPICS[usize::from(how >> 5 & 1)]);
        let has_state = subject.starts_with("state:") || subject.starts_with("last:");
        subscription.wants_snapshot = has_state && how >> 6 & 1 == 0;
        if subscription.policy == SlowPolicy::Disconnect {
            let session = self.clients[client].session.expect("it was greeted").0;
            self.may_leave.insert((None, session));
        }
        let goes_on = !subscription.is_pattern() && how >> 7 & 1 == 0;
        self.clients[client].subscribe(subscription, goes_on);
    }

    /// Notes an attempt, which is not made yet.
    pub(crate) fn attempt(&mut self, to: To, publisher: Option<SessionId>, how: u16) -> usize {
        let is_in_channel = matches!(to, To::Channel(_));
        let size = self.random.below(self.setting.payload_max);
        self.truth.attempts.push(Attempt {
            to,
            publisher,
            key: (how >> 3 & 3 != 0).then(|| KEYS[usize::from(how >> 5) % self.setting.keys]),
            expected: None,
            topic: (how >> 7 & 3 != 0).then(|| TOPICS[usize::from(how >> 9 & 1)]),
            excludes_publisher: how >> 10 & 3 == 0,
            is_volatile: is_in_channel && how >> 12 & 7 == 0,
            is_idempotent: is_in_channel && how & 1 == 0,
            ttl: None,
            size: 8 + size,
            step: self.step,
            unix_ms: self.unix_ms(),
            is_receipted: false,
            is_refused: false,
            places: BTreeSet::new(),
        });
        self.truth.attempts.len() - 1
    }

    pub(crate) fn say_publish(&mut self, client: usize, attempt: usize) {
        // A session that began anew is another publisher.
        let session = self.clients[client].session.map(|(session, _)| session);
        if self.truth.attempts[attempt].publisher == session {
            let id = self.clients[client].ask(Pending::Publish(attempt));
            self.clients[client].outbox.push_back(Said::Publish(id, attempt));
        }
    }

    pub(super) fn publish_some(&mut self, client: usize, channel: &'static str, how: u16) {
        let session = self.clients[client].session.map(|(session, _)| session);
        let number = self.attempt(To::Channel(channel), session, how);
        let attempt = &self.truth.attempts[number];
        let has_versions = match channel {
            "state:a" => attempt.key.is_some(),
            "last:a" => true,
            _ => false,
        };
        if how >> 1 & 3 == 0 && has_versions && !attempt.is_volatile {
            // What it knows best, which may be old.
            let known = self.truth.streams.iter().rfind(|((name, _), _)| name == channel);
            let same_key = |number: usize| {
                channel == "last:a" || self.truth.attempts[number].key == attempt.key
            };
            let version = known.and_then(|(_, stream)| {
                let (version, number) = stream.iter().rfind(|(_, number)| same_key(**number))?;
                let has_ended = self.truth.attempts[*number].has_ended(self.unix_ms());
                Some(if has_ended { 0 } else { *version })
            });
            self.truth.attempts[number].expected = Some(version.unwrap_or(0));
        }
        self.draw_ttl(number);
        self.say_publish(client, number);
    }

    /// Few say how long they are to be kept: mostly for less than whatever else is, at times for longer than history.
    fn draw_ttl(&mut self, attempt: usize) {
        let ttl = self.random.one_of(&[1, 3, 10, 90]);
        let ttl = Duration::from_secs(*ttl);
        self.truth.attempts[attempt].ttl = self.random.one_in(6).then_some(ttl);
    }

    pub(super) fn send(&mut self, client: usize, how: u16) {
        let session = self.clients[client].session.map(|(session, _)| session);
        let other = usize::from(how >> 8) % self.clients.len();
        let to = match how % 4 {
            0 => USERS[usize::from(how >> 4) % USERS.len()].map_or(To::All, To::User),
            1 if !self.truth.ended.is_empty() => {
                let mut ended = self.truth.ended.keys().cycle();
                To::Session(*ended.nth(usize::from(how >> 8)).expect("there are some"))
            }
            _ => match self.clients[other].session {
                Some((session, _)) => To::Session(session),
                None => To::All,
            },
        };
        // At times more than a session that is away has kept for it.
        let count = if how % 16 == 7 { UNACKNOWLEDGED_MAX + 10 } else { 1 + usize::from(how % 3) };
        for _ in 0..count {
            let number = self.attempt(to.clone(), session, how & !1);
            self.say_publish(client, number);
        }
    }

    pub(super) fn acknowledge(&mut self, client: usize, channel: &'static str, how: u16) {
        let held = &mut self.clients[client];
        let seen = held.subscriptions.get(channel).filter(|held| held.state == State::Active);
        let acknowledge = match seen.and_then(|held| held.seen) {
            Some(sequence) if how.is_multiple_of(2) => {
                Acknowledge::Channel { channel: channel.into(), sequence }
            }
            _ => Acknowledge::Messages { number: held.message },
        };
        held.say(Pending::Other, Command::Acknowledge(acknowledge));
    }

    pub(super) fn call(&mut self, client: usize, how: u16) {
        let other = usize::from(how >> 8) % self.clients.len();
        let to = self.clients[other]
            .session
            .map(|(session, _)| session)
            .filter(|_| !how.is_multiple_of(4));
        let number = self.truth.calls.len();
        let style = ["now", "later", "never"][usize::from(how >> 2) % 3];
        let held = &mut self.clients[client];
        self.truth.calls.push(Call {
            session: held.session.expect("it was greeted").0,
            is_cancelled: false,
            is_made: false,
            times_told: 0,
            reply: None,
        });
        let id = held.ask(Pending::Call(number));
        self.call_ids.insert((client, id), number);
        let timeout = Duration::from_secs(u64::from(1 + (how >> 4) % 8));
        let method = format!("{number}:{style}");
        held.outbox.push_back(Said::Call { id, call: number, to, method, timeout });
    }

    pub(super) fn cancel(&mut self, client: usize) {
        let held = &mut self.clients[client];
        let call = held.pending.iter().find_map(|(id, pending)| match pending {
            Pending::Call(call) => Some((*id, *call)),
            _ => None,
        });
        if let Some((id, number)) = call {
            self.truth.calls[number].is_cancelled = true;
            let call = sockeye_hub::CommandId(id);
            held.say(Pending::Other, Command::Cancel { call });
        }
    }

    pub(super) fn backend(&mut self, client: usize, worker: usize, what: u8, how: u16) {
        let channel = CHANNELS[usize::from(what >> 2) % CHANNELS.len()];
        let session = self.clients[client].session.map(|(session, _)| session);
        match (how % 16, session) {
            (0, _) => {
                let sessions = self.clients.iter().filter_map(|client| client.session);
                self.may_leave.extend(sessions.map(|(session, _)| (Some(channel), session)));
                self.truth.removed.insert(channel, self.step);
                self.request(worker, Request::Remove { channel: channel.into() });
            }
            (1, Some(session)) => {
                self.may_leave.insert((None, session));
                self.request(
                    worker,
                    Request::Disconnect {
                        target: Target::Session(session),
                        reason: "the test wants it".into(),
                        may_return: how >> 4 & 1 == 0,
                    },
                );
            }
            (2 | 3, Some(session)) => {
                self.may_leave.insert((Some(channel), session));
                let (target, channel) = (Target::Session(session), channel.into());
                self.request(worker, Request::Unsubscribe { target, channel });
            }
            (4, _) => {
                self.configured.insert(channel);
                let metadata = Some(Payload::json("{}"));
                self.request(worker, Request::Configure { channel: channel.into(), metadata });
            }
            _ => {
                let attempt = self.attempt(To::Channel(channel), None, how & !(3 << 10));
                self.truth.attempts[attempt].excludes_publisher = false;
                self.draw_ttl(attempt);
                self.publish_from_backend(worker, attempt);
            }
        }
    }

    pub(super) fn backend_answers(&mut self) {
        let Some((worker, session, call, method)) = self.backend_calls.pop() else {
            return;
        };
        let (number, _) = method.split_once(':').expect("of the test");
        let number: usize = number.parse().expect("a number");
        self.truth.calls[number].reply = Some(Ok(method.clone().into_bytes()));
        let answer = Ok(Payload::binary(method.as_bytes()));
        self.handle(worker, Input::CallAnswered { session, call, answer });
    }
}
