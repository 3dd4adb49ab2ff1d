//! A client, as somebody would write one from the documentation: it remembers its session and where it is in each channel,
//! and takes nothing for granted. Whatever it is told that cannot be is a failure.

use super::heard::Heard;
use super::subscription::{State, Subscription, Who};
use sockeye_hub::{Command, CommandId, Payload, ResumeToken, SessionId, SlowPolicy};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) number: usize,
    pub(crate) user: Option<&'static str>,
    /// Whether its token lets it into what is private.
    pub(crate) is_granted: bool,
    pub(crate) link: Option<Link>,
    pub(crate) session: Option<(SessionId, ResumeToken)>,
    pub(crate) subscriptions: BTreeMap<&'static str, Subscription>,
    /// Those that are over.
    pub(crate) past: Vec<Subscription>,
    /// Where subscriptions were that ended with their session.
    pub(crate) positions: BTreeMap<&'static str, (u64, u64)>,
    pub(crate) message: u64,
    pub(crate) messages: BTreeSet<usize>,
    pub(crate) has_lost_messages: bool,
    pub(crate) pending: BTreeMap<u64, Pending>,
    /// What it asked for on connections before: the answer may still come, to its session.
    pub(super) late: BTreeMap<u64, Pending>,
    next_id: u64,
    /// Publications with an idempotency key that were never answered.
    pub(crate) retries: Vec<usize>,
    pub(crate) to_reply: Vec<(u64, String)>,
    pub(crate) outbox: VecDeque<Said>,
    pub(crate) log: VecDeque<Rc<Heard>>,
    /// Since when it is connected with this session, in the world's steps.
    pub(crate) session_since: u64,
}

/// A client's end of a connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) worker: usize,
    pub(crate) key: u64,
    pub(crate) is_greeted: bool,
    /// The channels of which it said where it was when it resumed.
    pub(crate) said_where: BTreeSet<&'static str>,
    pub(crate) said_message: u64,
    pub(super) is_resumed: bool,
}

/// A connection whose client is gone. Its worker does not know yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropped {
    pub(crate) worker: usize,
    pub(crate) key: u64,
    /// It has said goodbye.
    pub(crate) is_final: bool,
    /// Whose it was, if it was greeted.
    pub(crate) session: Option<SessionId>,
}

/// What it has asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    Subscribe(&'static str),
    Unsubscribe(&'static str),
    Publish(usize),
    Call(usize),
    Presence(&'static str),
    Other,
}

/// What it says, on its way to the hub.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Command(u64, Command<'static>),
    Publish(u64, usize),
    Call { id: u64, call: usize, to: Option<SessionId>, method: String, timeout: Duration },
    Reply { call: u64, answer: Result<Vec<u8>, String> },
    Refresh(u64),
}

impl Client {
    pub(crate) fn new(number: usize, user: Option<&'static str>) -> Self {
        Self {
            number,
            user,
            is_granted: true,
            link: None,
            session: None,
            subscriptions: BTreeMap::new(),
            past: Vec::new(),
            positions: BTreeMap::new(),
            message: 0,
            messages: BTreeSet::new(),
            has_lost_messages: false,
            pending: BTreeMap::new(),
            late: BTreeMap::new(),
            next_id: 0,
            retries: Vec::new(),
            to_reply: Vec::new(),
            outbox: VecDeque::new(),
            log: VecDeque::new(),
            session_since: 0,
        }
    }

    pub(crate) fn is_greeted(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.is_greeted)
    }

    pub(crate) fn connect(
        &mut self,
        worker: usize,
        key: u64,
        said_where: BTreeSet<&'static str>,
        message: u64,
    ) {
        self.link = Some(Link {
            worker,
            key,
            is_greeted: false,
            said_where,
            said_message: message,
            is_resumed: false,
        });
    }

    pub(crate) fn ask(&mut self, pending: Pending) -> u64 {
        self.next_id += 1;
        self.pending.insert(self.next_id, pending);
        self.next_id
    }

    pub(crate) fn say(&mut self, pending: Pending, command: Command<'static>) {
        let id = self.ask(pending);
        self.outbox.push_back(Said::Command(id, command));
    }

    /// Its connection is gone: what was not answered may have happened or not.
    pub(crate) fn lose_connection(&mut self) {
        self.link = None;
        self.outbox.clear();
        self.to_reply.clear();
        for (id, pending) in std::mem::take(&mut self.pending) {
            match pending {
                Pending::Subscribe(subject) | Pending::Unsubscribe(subject) => {
                    if let Some(subscription) = self.subscriptions.get_mut(subject) {
                        subscription.state = State::Unknown;
                    }
                }
                Pending::Publish(attempt) => {
                    self.retries.push(attempt);
                    self.late.insert(id, pending);
                }
                // A session's calls outlive its connection.
                Pending::Call(_) => drop(self.pending.insert(id, pending)),
                Pending::Presence(_) | Pending::Other => drop(self.late.insert(id, pending)),
            }
        }
    }

    pub(super) fn answered(&mut self, id: u64) -> Option<Pending> {
        self.pending.remove(&id).or_else(|| self.late.remove(&id))
    }

    /// Its session is gone.
    pub(crate) fn forget_session(&mut self) {
        self.session = None;
        for (subject, mut subscription) in std::mem::take(&mut self.subscriptions) {
            if let Some(seen) = subscription.seen {
                self.positions.insert(subject, (subscription.epoch, seen));
            }
            subscription.state = State::Ended;
            self.past.push(subscription);
        }
        self.message = 0;
        self.has_lost_messages = false;
        self.messages.clear();
        self.late.clear();
        self.pending.retain(|_, pending| !matches!(pending, Pending::Call(_)));
    }

    pub(crate) fn unsubscribe(&mut self, subject: &'static str) {
        self.subscription(subject).state = State::Ending;
        self.say(Pending::Unsubscribe(subject), Command::Unsubscribe { channel: subject.into() });
    }

    /// Those of which it did not say where it was, and of which it was told nothing, were ended while it was away.
    pub(crate) fn forget_the_untold(&mut self) {
        let Some(link) = &self.link else {
            return;
        };
        let is_untold = |held: &&Subscription| {
            held.begun_on != link.key && !link.said_where.contains(held.subject)
        };
        let untold = self.subscriptions.values().filter(is_untold);
        for subject in untold.map(|held| held.subject).collect::<Vec<_>>() {
            self.end(subject);
        }
    }

    pub(super) fn who(&self, step: u64) -> Who {
        let (session, _) = self.session.expect("it was greeted");
        Who { session, client: self.number, step }
    }

    pub(super) fn subject(&self, subject: &str) -> &'static str {
        let found = self.subscriptions.get_key_value(subject);
        found.map_or_else(
            || panic!("not subscribed to {subject}: {self:?}"),
            |(subject, _)| *subject,
        )
    }

    pub(super) fn subscription(&mut self, subject: &str) -> &mut Subscription {
        let number = self.number;
        let found = self.subscriptions.get_mut(subject);
        found.unwrap_or_else(|| panic!("{number} is not subscribed to {subject}"))
    }

    pub(super) fn end(&mut self, subject: &'static str) {
        let mut subscription = self.subscriptions.remove(subject).expect("it is subscribed");
        subscription.state = State::Ended;
        if let Some(seen) = subscription.seen {
            self.positions.insert(subject, (subscription.epoch, seen));
        }
        self.past.push(subscription);
    }

    /// Asks to subscribe. `goes_on`: where it was.
    pub(crate) fn subscribe(&mut self, mut subscription: Subscription, goes_on: bool) {
        let subject = subscription.subject;
        let position = self.positions.get(subject).copied().filter(|_| goes_on);
        if let Some((epoch, seen)) = position {
            (subscription.epoch, subscription.seen) = (epoch, Some(seen));
        }
        let filter = subscription.filter.map(|is| (Cow::from("topic"), Cow::from(is)));
        let command = Command::Subscribe(sockeye_hub::Subscribe {
            channel: subject.into(),
            position: position.map(|(epoch, sequence)| sockeye_hub::Position {
                epoch: sockeye_hub::Epoch(epoch),
                sequence,
            }),
            slow: Some(subscription.policy).filter(|policy| *policy != SlowPolicy::Replay),
            filter: filter.into_iter().collect(),
            snapshot: subscription.wants_snapshot,
            info: Some(Payload::json("{}")).filter(|_| self.number.is_multiple_of(2)),
            tag: super::surroundings::TAG.into(),
        });
        self.subscriptions.insert(subject, subscription);
        self.say(Pending::Subscribe(subject), command);
    }

    pub(crate) fn command_id(&mut self) -> CommandId {
        CommandId(self.ask(Pending::Other))
    }
}
