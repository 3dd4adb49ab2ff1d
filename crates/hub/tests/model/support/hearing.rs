//! What a client makes of what it is told. Whatever cannot be is a failure.

use super::client::{Client, Pending, Said};
use super::heard::{Heard, Item};
use super::subscription::State;
use super::truth::{To, Truth};
use sockeye_hub::{Receipt, RefusalCode, ResumeToken, SessionId};
use std::rc::Rc;

impl Client {
    pub(crate) fn hear(&mut self, heard: &Rc<Heard>, truth: &mut Truth, step: u64) {
        self.log.push_back(Rc::clone(heard));
        if self.log.len() > LOG {
            self.log.pop_front();
        }
        if let Heard::Connected { id, session, token, is_resumed } = &**heard {
            return self.greet(*id, (*session, *token), *is_resumed, step);
        }
        if let Heard::Disconnected { may_return, .. } = **heard {
            self.lose_connection();
            if !may_return {
                self.forget_session();
            }
            return;
        }
        let is_greeted = self.is_greeted();
        assert!(is_greeted, "told before it was greeted: {heard:?}");
        match &**heard {
            Heard::Subscribed { id, subject, position, recovery } => {
                let is_resumed = *id == 0;
                let expected = Pending::Subscribe(self.subject(subject));
                assert!(is_resumed || self.answered(*id) == Some(expected), "{heard:?}");
                let link = self.link.as_ref().expect("it is connected");
                let said_where = link.said_where.contains(&**subject);
                assert!(!is_resumed || link.is_resumed, "not asked for: {heard:?}");
                let (key, who) = (link.key, self.who(step));
                let subscription = self.subscription(subject);
                assert_ne!(subscription.begun_on, key, "subscribed twice: {subscription:?}");
                let is_fresh = subscription.state == State::Pending;
                subscription.begun_on = if is_fresh && is_resumed { 0 } else { key };
                subscription.begin(*position, *recovery, (is_resumed, said_where), who);
            }
            Heard::Unsubscribed { id, subject } => {
                let subject = self.subject(subject);
                assert_eq!(self.answered(*id), Some(Pending::Unsubscribe(subject)));
                self.end(subject);
            }
            Heard::Revoked { subject } => self.end(self.subject(subject)),
            Heard::Published { id, receipt } => self.take_receipt(*id, receipt, truth),
            Heard::Refused { id, code, current } => self.take_refusal(*id, *code, *current, truth),
            Heard::Answered { id, answer } => {
                let Some(Pending::Call(call)) = self.answered(*id) else {
                    panic!("no call awaits {heard:?}");
                };
                let reply = truth.calls[call].reply.as_ref();
                let ends = ["timeout", "unavailable", "not_found"];
                let is_end = answer.as_ref().is_err_and(|code| ends.contains(&code.as_str()));
                assert!(is_end || Some(answer) == reply, "{answer:?} to {call}, not {reply:?}");
            }
            Heard::Done { id } | Heard::History { id, .. } => {
                let is_call = |pending: &Pending| matches!(pending, Pending::Call(_));
                let pending = self.answered(*id);
                assert!(pending.is_some_and(|pending| !is_call(&pending)), "{heard:?}");
            }
            Heard::Presence { id, page } => {
                let pending = self.answered(*id);
                assert!(*id == 0 || matches!(pending, Some(Pending::Presence(_))), "{heard:?}");
                if let Some(subscription) = self.subscriptions.get_mut(page.channel.as_str()) {
                    subscription.see(page);
                }
            }
            _ => self.hear_push(heard, truth, step),
        }
    }

    fn hear_push(&mut self, heard: &Heard, truth: &mut Truth, step: u64) {
        let who = self.who(step);
        match heard {
            Heard::Publication { subject, channel, item, previous, is_live } => {
                truth.check(channel, item);
                self.subscription(subject).hear(item, *previous, *is_live, who, truth);
            }
            Heard::Diff { channel, diff } => self.subscription(channel).change(diff),
            Heard::Heartbeat { channel, position } => {
                let subscription = self.subscription(channel);
                assert!(subscription.is_live, "a heartbeat while behind: {subscription:?}");
                subscription.learn_own(position.sequence, who, truth);
                assert!(!subscription.sees_loss(*position), "lost: {position:?} {subscription:?}");
                subscription.arrive_at(*position, who, truth);
            }
            Heard::Lost { subject, loss, is_live } => {
                self.subscription(subject).lose(*loss, *is_live, who);
            }
            Heard::CaughtUp { channel, position } => {
                self.subscription(channel).catch_up(*position, who, truth);
            }
            Heard::Message { number, item } => self.take_message(*number, item, truth),
            Heard::MessagesLost { from, to } => {
                let said = self.link.as_ref().expect("it hears by a connection").said_message;
                let is_next = said < *from && *from <= self.message + 1 && from <= to;
                assert!(is_next, "{heard:?} after {said} to {}", self.message);
                self.message = self.message.max(*to);
                self.has_lost_messages = true;
            }
            Heard::Called { call, method } => self.take_call(*call, method, truth),
            Heard::CallCancelled { call } => self.to_reply.retain(|(other, _)| other != call),
            Heard::PermissionsChanged => {}
            _ => unreachable!("the others are answers: {heard:?}"),
        }
    }

    fn greet(&mut self, id: u64, session: (SessionId, ResumeToken), is_resumed: bool, step: u64) {
        assert_eq!(self.answered(id), Some(Pending::Other), "the answer to its connect");
        match is_resumed {
            true => {
                let before = self.session.map(|(session, _)| session);
                assert_eq!(before, Some(session.0), "resumed, but another session");
            }
            false => {
                self.forget_session();
                self.session_since = step;
            }
        }
        self.session = Some(session);
        let link = self.link.as_mut().expect("it hears by a connection");
        assert!(!std::mem::replace(&mut link.is_greeted, true), "greeted twice");
        link.is_resumed = is_resumed;
        // What may have happened or not is undone, so that it is known again.
        let unknown = self.subscriptions.values().filter(|held| held.state == State::Unknown);
        for subject in unknown.map(|held| held.subject).collect::<Vec<_>>() {
            self.unsubscribe(subject);
        }
    }

    fn take_receipt(&mut self, id: u64, receipt: &Receipt, truth: &mut Truth) {
        let Some(Pending::Publish(number)) = self.answered(id) else {
            panic!("nothing was published as {id}: {receipt:?}");
        };
        truth.note_receipt(number, receipt);
        let attempt = &truth.attempts[number];
        let (To::Channel(channel), Some(position)) = (&attempt.to, receipt.position) else {
            return;
        };
        if attempt.excludes_publisher
            && attempt.publisher == self.session.map(|(session, _)| session)
            && let Some(subscription) = self.subscriptions.get_mut(channel)
        {
            subscription.own.insert((position.epoch.0, position.sequence));
        }
    }

    fn take_refusal(
        &mut self,
        id: u64,
        code: RefusalCode,
        current: Option<u64>,
        truth: &mut Truth,
    ) {
        match self.answered(id) {
            Some(Pending::Subscribe(subject)) => {
                let fits = [RefusalCode::Forbidden, RefusalCode::Unavailable].contains(&code);
                assert!(fits, "{subject}: {code:?}");
                self.end(subject);
            }
            Some(Pending::Unsubscribe(subject)) => {
                assert_eq!(code, RefusalCode::NotSubscribed, "{subject}");
                // It may be over already: revoked; and then it may have begun again.
                if self.subscriptions.get(subject).is_some_and(|held| held.state == State::Ending) {
                    self.end(subject);
                }
            }
            Some(Pending::Publish(number)) => {
                truth.attempts[number].is_refused |= code == RefusalCode::NotFound;
                let attempt = &truth.attempts[number];
                let fits = match code {
                    RefusalCode::Conflict => {
                        attempt.expected.is_some_and(|expected| expected != current.unwrap_or(0))
                    }
                    RefusalCode::Forbidden => attempt.to == To::Channel("private:a"),
                    RefusalCode::NotFound | RefusalCode::Unavailable => {
                        !matches!(attempt.to, To::Channel(_))
                    }
                    _ => false,
                };
                assert!(fits, "{code:?} {current:?}: {attempt:?}");
                assert!(
                    attempt.places.is_empty() || truth.may_be_refused_again(attempt, code),
                    "refused and published: {attempt:?}"
                );
            }
            Some(Pending::Call(_)) => {
                let ends = [RefusalCode::Timeout, RefusalCode::Unavailable, RefusalCode::NotFound];
                assert!(ends.contains(&code), "{code:?}");
            }
            Some(Pending::Presence(_) | Pending::Other) => {}
            // A reply that came too late; or a call that was cancelled.
            None => {}
        }
    }

    fn take_message(&mut self, number: u64, item: &Item, truth: &Truth) {
        truth.check_content(item);
        let attempt = &truth.attempts[item.attempt];
        let (session, _) = self.session.expect("it was greeted");
        let is_for_it = match attempt.to {
            To::Session(to) => to == session,
            To::User(user) => self.user == Some(user),
            To::All => true,
            To::Channel(_) => false,
        };
        let is_left_out = attempt.excludes_publisher && attempt.publisher == Some(session);
        assert!(is_for_it && !is_left_out, "not for client {}: {attempt:?}", self.number);
        let link = self.link.as_ref().expect("it hears by a connection");
        if number > 0 && number <= self.message {
            let again = link.is_resumed && number > link.said_message;
            assert!(again, "message {number} again, after {}", self.message);
            return;
        }
        assert!(number == 0 || number == self.message + 1, "{number} after {}", self.message);
        self.message = self.message.max(number);
        assert!(self.messages.insert(item.attempt), "twice: {item:?} {attempt:?}");
    }

    fn take_call(&mut self, call: u64, method: &str, truth: &mut Truth) {
        match method.split_once(':').expect("of the test").1 {
            "now" => self.reply(call, method, truth),
            "later" => self.to_reply.push((call, method.to_owned())),
            _ => {}
        }
    }

    pub(crate) fn reply(&mut self, call: u64, method: &str, truth: &mut Truth) {
        let answer = answer_to(method);
        let (number, _) = method.split_once(':').expect("of the test");
        let number: usize = number.parse().expect("a number");
        truth.calls[number].reply = Some(answer.clone());
        self.outbox.push_back(Said::Reply { call, answer });
    }
}

/// What whoever is called by this name says: the same each time.
fn answer_to(method: &str) -> Result<Vec<u8>, String> {
    match method.len() % 3 {
        0 => Err(method.into()),
        _ => Ok(method.into()),
    }
}

/// What is kept for whoever has to find a fault.
const LOG: usize = 60;
