//! What can happen in a world, and how it comes about.

use super::client::{Pending, Said};
use super::random::Random;
use super::setting::{CHANNELS, SUBJECTS};
use super::subscription::State;
use super::world::World;
use sockeye_hub::{Command, Payload, PresenceView, Resume};
use std::time::Duration;

/// Something happens; then workers have some turns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) kind: Kind,
    /// To or by which client, on which worker.
    pub(crate) who: u8,
    /// To which channel.
    pub(crate) what: u8,
    /// The rest, bit by bit.
    pub(crate) how: u16,
    pub(crate) turns: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect,
    Read,
    Turn,
    Advance,
    Subscribe,
    Unsubscribe,
    Publish,
    Send,
    Burst,
    Retry,
    Acknowledge,
    AskPresence,
    UpdatePresence,
    Call,
    Cancel,
    Reply,
    Drop,
    Leave,
    Notice,
    Refresh,
    Backend,
    BackendAnswers,
}

/// More often what happens more often.
pub(crate) const KINDS: [Kind; 40] = [
    Kind::Connect,
    Kind::Connect,
    Kind::Connect,
    Kind::Read,
    Kind::Read,
    Kind::Read,
    Kind::Read,
    Kind::Read,
    Kind::Turn,
    Kind::Turn,
    Kind::Turn,
    Kind::Turn,
    Kind::Advance,
    Kind::Subscribe,
    Kind::Subscribe,
    Kind::Subscribe,
    Kind::Subscribe,
    Kind::Unsubscribe,
    Kind::Publish,
    Kind::Publish,
    Kind::Publish,
    Kind::Publish,
    Kind::Publish,
    Kind::Send,
    Kind::Burst,
    Kind::Retry,
    Kind::Retry,
    Kind::Acknowledge,
    Kind::AskPresence,
    Kind::UpdatePresence,
    Kind::Call,
    Kind::Cancel,
    Kind::Reply,
    Kind::Drop,
    Kind::Drop,
    Kind::Leave,
    Kind::Notice,
    Kind::Refresh,
    Kind::Backend,
    Kind::BackendAnswers,
];

impl Step {
    pub(crate) fn draw(random: &mut Random) -> Self {
        Self {
            kind: *random.one_of(&KINDS),
            who: random.number() as u8,
            what: random.number() as u8,
            how: random.number() as u16,
            turns: random.below(3) as u8,
        }
    }
}

impl World {
    pub(crate) fn apply(&mut self, step: Step) {
        self.step += 1;
        let Step { kind, who, what, how, turns } = step;
        let client = usize::from(who) % self.clients.len();
        let worker = usize::from(what) % self.workers.len();
        match kind {
            Kind::Connect => self.come(client, worker, how),
            Kind::Read => drop(self.read(client, 1 + usize::from(how % 20))),
            Kind::Turn => self.turn(worker),
            // Mostly moments; at times longer than a session lives without a connection, seldom than anything else.
            Kind::Advance => self.advance(match how % 16 {
                0 => Duration::from_secs(70),
                1 => Duration::from_secs(6),
                2 | 3 => Duration::from_secs(2),
                _ => Duration::from_millis(u64::from(how % 200)),
            }),
            Kind::Drop => self.drop_link(client, false),
            Kind::Notice => {
                if let Some(dropped) = self.dropped.pop_front() {
                    self.notice(dropped);
                }
            }
            Kind::Backend => self.backend(client, worker, what, how),
            Kind::BackendAnswers => self.backend_answers(),
            _ if self.clients[client].is_greeted() => self.act(kind, client, what, how),
            _ => {}
        }
        for _ in 0..turns {
            let worker = self.random.below(self.workers.len());
            self.turn(worker);
        }
    }

    /// A client connects, resumes, or finds that it has come too late.
    fn come(&mut self, client: usize, worker: usize, how: u16) {
        let held = &self.clients[client];
        if held.link.is_some() {
            return;
        }
        // It may come again before its worker knows that it is gone; what it sent has arrived before that.
        let expires = (how.is_multiple_of(32)).then(|| self.unix_ms() + 3_000);
        let Some((_, token)) = held.session.filter(|_| how % 8 != 1) else {
            self.clients[client].forget_session();
            return self.connect(client, worker, None, expires);
        };
        let says_where = |index: usize| how >> (index % 8) & 1 == 0 || how.is_multiple_of(3);
        let all = held.subscriptions.values().enumerate();
        let positions = all
            .filter(|(index, _)| says_where(*index))
            .filter_map(|(_, subscription)| match subscription.is_pattern() {
                true => Some((subscription.subject, 0)),
                false => Some((subscription.subject, subscription.seen?)),
            })
            .collect();
        let message = if how.is_multiple_of(5) { 0 } else { held.message };
        let resume = Resume { token, positions, message };
        self.connect(client, worker, Some(resume), expires);
    }

    fn act(&mut self, kind: Kind, client: usize, what: u8, how: u16) {
        let subject = SUBJECTS[usize::from(what) % SUBJECTS.len()];
        let channel = CHANNELS[usize::from(what) % CHANNELS.len()];
        let held = &mut self.clients[client];
        let is_active = |subject: &str| {
            held.subscriptions.get(subject).is_some_and(|held| held.state == State::Active)
        };
        match kind {
            Kind::Subscribe => self.subscribe(client, subject, how),
            Kind::Unsubscribe if is_active(subject) => {
                let session = held.session.expect("it was greeted").0;
                self.may_leave.insert((Some(subject), session));
                self.clients[client].unsubscribe(subject);
            }
            Kind::Publish => self.publish_some(client, channel, how),
            Kind::Burst => (0..how % 80).for_each(|one| {
                self.publish_some(client, channel, how.rotate_left(u32::from(one)) & !0b111);
            }),
            Kind::Send => self.send(client, how),
            Kind::Retry => {
                if let Some(attempt) = held.retries.pop()
                    && self.truth.attempts[attempt].is_idempotent
                {
                    self.say_publish(client, attempt);
                }
            }
            Kind::Acknowledge => self.acknowledge(client, channel, how),
            Kind::AskPresence => {
                let limit = (how.is_multiple_of(4)).then_some(2);
                let channel = channel.into();
                let command = Command::Presence { channel, view: PresenceView::AllSessions, limit };
                held.say(Pending::Presence(subject), command);
            }
            Kind::UpdatePresence => {
                let info = Payload::json(if how.is_multiple_of(2) { "1" } else { "2" });
                let command = Command::UpdatePresence { channel: channel.into(), info };
                held.say(Pending::Other, command);
            }
            Kind::Call => self.call(client, how),
            Kind::Cancel => self.cancel(client),
            Kind::Reply => {
                if let Some((call, method)) = held.to_reply.pop() {
                    held.reply(call, &method, &mut self.truth);
                }
            }
            Kind::Leave => {
                let session = held.session.expect("it was greeted").0;
                self.may_leave.insert((None, session));
                self.drop_link(client, true);
                self.clients[client].forget_session();
            }
            Kind::Refresh => {
                held.is_granted = how.is_multiple_of(2);
                let session = held.session.expect("it was greeted").0;
                self.may_leave.insert((Some("private:a"), session));
                let id = held.ask(Pending::Other);
                held.outbox.push_back(Said::Refresh(id));
            }
            _ => {}
        }
    }
}
