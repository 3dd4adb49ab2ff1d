//! What is around one worker's hub, as the server and the engine are: connections with their send queues, topics, mail.
//!
//! Topics behave like the engine's (src/worker/topics.rs there): what is published is delivered at the end of the tick, and
//! to a connection that is told something of its own before that; who has too much waiting then leaves the topic.

use super::heard::Heard;
use super::random::{Random, trace};
use sockeye_hub::{
    Answer, BackendCall, Backlog, ChannelName, ConnectionKey, Disconnect, Effects, Identity, Mail,
    NamespaceIndex, Namespaces, Own, Pattern, Payload, Permissions, Push, Refusal, RequestKey,
    SessionKey, TopicKey, WorkerIndex,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

pub(crate) struct Surroundings {
    pub(crate) worker: WorkerIndex,
    pub(crate) connections: BTreeMap<u64, Connection>,
    pub(crate) topics: BTreeMap<TopicKey, Topic>,
    pub(crate) mail: Vec<(WorkerIndex, Mail)>,
    pub(crate) answers: Vec<(RequestKey, Answer)>,
    pub(crate) calls: Vec<(SessionKey, u64, String)>,
    pub(crate) wants_resume: bool,
    pub(crate) has_backend: bool,
    pub(crate) unix_ms: u64,
    pub(crate) bounds: Bounds,
    /// Sessions that were told the end of a call: exactly once each.
    pub(crate) told: Vec<(u64, u64)>,
    /// Connections that the hub has ended.
    pub(crate) ended: Vec<u64>,
    pub(crate) namespaces: Arc<Namespaces>,
    pub(crate) random: Random,
}

/// Bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// A connection with more than this waiting leaves a topic.
    pub(crate) lag: usize,
    /// A connection with more than this waiting ends.
    pub(crate) queue_max: usize,
    /// What is under way.
    pub(crate) wire: usize,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) session: Option<SessionKey>,
    pub(crate) identity: Identity,
    /// While a new one is being handed over, the hub may still go by the old one.
    pub(crate) identity_before: Option<Identity>,
    queue: VecDeque<Rc<Heard>>,
    queue_size: usize,
    pub(crate) wire: VecDeque<Rc<Heard>>,
    wire_size: usize,
    wants_drain: bool,
    /// It was ended by the hub, or was lost for having too much waiting.
    pub(crate) end: End,
    pub(crate) topics: BTreeSet<TopicKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    None,
    /// The hub is to be told.
    Overflown,
    /// The hub wanted it.
    Ended,
}

#[derive(Debug, Default)]
pub(crate) struct Topic {
    members: BTreeMap<u64, usize>,
    batch: Vec<Batched>,
}

#[derive(Debug)]
struct Batched {
    mark: u64,
    except: Option<u64>,
    heard: Rc<Heard>,
}

/// A connection has left a topic.
#[derive(Debug)]
pub(crate) struct Lag {
    pub(crate) session: SessionKey,
    pub(crate) topic: TopicKey,
    pub(crate) mark: u64,
}

impl Connection {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            session: None,
            identity,
            identity_before: None,
            queue: VecDeque::new(),
            queue_size: 0,
            wire: VecDeque::new(),
            wire_size: 0,
            wants_drain: false,
            end: End::None,
            topics: BTreeSet::new(),
        }
    }

    fn queue(&mut self, heard: Rc<Heard>) {
        self.queue_size += heard.size();
        self.queue.push_back(heard);
        self.wants_drain |= self.queue_size > DRAINED;
    }

    /// What the client reads next.
    pub(crate) fn read(&mut self) -> Option<Rc<Heard>> {
        let heard = self.wire.pop_front()?;
        self.wire_size -= heard.size();
        Some(heard)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.wire.is_empty()
    }

    /// Sends what fits. `true`: what had gathered is small again.
    fn flush(&mut self, wire: usize) -> bool {
        while self.wire_size < wire
            && let Some(heard) = self.queue.pop_front()
        {
            self.queue_size -= heard.size();
            self.wire_size += heard.size();
            self.wire.push_back(heard);
        }
        let is_drained = self.wants_drain && self.queue_size <= DRAINED;
        self.wants_drain &= !is_drained;
        is_drained && self.end == End::None
    }

    /// Whether a session may be told of a channel or a pattern.
    fn may_hear(&self, subject: &str, namespaces: &Namespaces, unix_ms: u64) -> bool {
        let may = |identity: &Identity| {
            let is_good = identity.expires_ms.is_none_or(|expires| unix_ms <= expires);
            is_good && may_subscribe(identity, subject, namespaces)
        };
        may(&self.identity) || self.identity_before.as_ref().is_some_and(may)
    }
}

pub(crate) fn may_subscribe(identity: &Identity, subject: &str, namespaces: &Namespaces) -> bool {
    if subject.ends_with('*') {
        let pattern = Pattern::new(subject).expect("a pattern");
        let (_, namespace) = namespaces.of_pattern(&pattern).expect("it is in a namespace");
        return identity.may_subscribe_to_all(&pattern, namespace);
    }
    let channel = ChannelName::new(subject).expect("a name");
    let (_, namespace) = namespaces.of(&channel).expect("it is in a namespace");
    identity.may(Permissions::SUBSCRIBE, &channel, namespace)
}

impl Surroundings {
    fn connection(&mut self, key: ConnectionKey) -> &mut Connection {
        let worker = self.worker;
        let connection = self.connections.get_mut(&key.0);
        connection.unwrap_or_else(|| panic!("{worker:?} has no connection {key:?}"))
    }

    /// Queues what was published to a connection so far in this tick.
    fn bring_up(&mut self, key: u64) {
        let Some(connection) = self.connections.get_mut(&key) else {
            return;
        };
        for topic in &connection.topics.clone() {
            let Topic { members, batch } = self.topics.get_mut(topic).expect("it is a member");
            let seen = members.get_mut(&key).expect("it is a member");
            for batched in &batch[*seen..] {
                if batched.except != Some(key) {
                    connection.queue(Rc::clone(&batched.heard));
                }
            }
            *seen = batch.len();
        }
    }

    fn leave_topic(&mut self, key: u64, topic: TopicKey) {
        if let Some(connection) = self.connections.get_mut(&key) {
            connection.topics.remove(&topic);
        }
        if let Some(Topic { members, .. }) = self.topics.get_mut(&topic) {
            members.remove(&key);
        }
    }

    /// What becomes of a connection that is gone for the server.
    pub(crate) fn leave_all(&mut self, key: u64) {
        let topics = self.connections.get(&key).map(|connection| connection.topics.clone());
        for topic in topics.unwrap_or_default() {
            self.leave_topic(key, topic);
        }
    }

    /// Ends the tick: delivers, and says who was too slow.
    pub(crate) fn deliver(&mut self) -> Vec<Lag> {
        let mut lags = Vec::new();
        for topic in self.topics.keys().copied().collect::<Vec<_>>() {
            let Topic { members, batch } = &self.topics[&topic];
            for (key, seen) in members.clone() {
                let connection = self.connections.get(&key).expect("members are connected");
                let missed = batch[seen..].iter().find(|batched| batched.except != Some(key));
                if let Some(missed) = missed.filter(|_| connection.queue_size > self.bounds.lag) {
                    let session = connection.session.expect("only sessions join topics");
                    lags.push(Lag { session, topic, mark: missed.mark });
                }
            }
            let left = lags.iter().filter(|lag| lag.topic == topic).map(|lag| lag.session);
            for session in left.collect::<Vec<_>>() {
                let is_it = |connection: &Connection| {
                    connection.session == Some(session) && connection.topics.contains(&topic)
                };
                let mut all = self.connections.iter();
                let key = all.find(|(_, one)| is_it(one)).map(|(key, _)| *key);
                let key = key.expect("who lags is a member");
                self.connections.get_mut(&key).expect("it is there").wants_drain = true;
                self.leave_topic(key, topic);
            }
            for key in self.topics[&topic].members.keys().copied().collect::<Vec<_>>() {
                self.bring_up(key);
            }
            let topic = self.topics.get_mut(&topic).expect("it is there");
            topic.batch.clear();
            topic.members.values_mut().for_each(|seen| *seen = 0);
        }
        self.topics.retain(|_, topic| !topic.members.is_empty());
        lags
    }

    /// Sends what fits, and answers the sessions whose backlog has become small.
    pub(crate) fn flush(&mut self) -> Vec<SessionKey> {
        let wire = self.bounds.wire;
        let mut drained = Vec::new();
        for connection in self.connections.values_mut() {
            if connection.flush(wire) {
                drained.extend(connection.session);
            }
        }
        drained
    }

    fn check_permission(&self, key: u64, heard: &Heard) {
        let connection = &self.connections[&key];
        if let Some(subject) = heard.subject() {
            assert!(
                connection.may_hear(subject, &self.namespaces, self.unix_ms),
                "{key} is told of {subject} without permission: {heard:?} to {:?} at {}",
                connection.identity,
                self.unix_ms
            );
        }
    }
}

impl Effects for Surroundings {
    fn mail(&mut self, to: WorkerIndex, mail: Mail) {
        assert_ne!(to, self.worker, "mail to oneself is a local queue");
        self.mail.push((to, mail));
    }

    fn attach(&mut self, connection: ConnectionKey, session: SessionKey) {
        let held = self.connection(connection);
        assert_eq!(held.session, None, "attached twice");
        held.session = Some(session);
    }

    fn tell(&mut self, to: ConnectionKey, own: &Own<'_>) -> Backlog {
        self.bring_up(to.0);
        let queue_max = self.bounds.queue_max;
        let heard = Heard::own(own);
        trace(|| format!("    tell {}: {heard:?}", to.0));
        let connection = self.connection(to);
        assert_ne!(connection.end, End::Ended, "told after its end: {heard:?}");
        if connection.end == End::Overflown {
            return Backlog::Gone;
        }
        assert!(connection.session.is_some(), "told before it was attached: {heard:?}");
        if !connection.queue.is_empty() && connection.queue_size + heard.size() > queue_max {
            connection.end = End::Overflown;
            return Backlog::Gone;
        }
        if let Heard::Answered { id, .. } | Heard::Refused { id, .. } = heard {
            self.told.push((to.0, id));
        }
        self.check_permission(to.0, &heard);
        let connection = self.connection(to);
        connection.queue(Rc::new(heard));
        Backlog::Bytes(connection.queue_size)
    }

    fn backlog(&mut self, connection: ConnectionKey) -> Backlog {
        let connection = self.connection(connection);
        match connection.end {
            End::None => Backlog::Bytes(connection.queue_size),
            _ => Backlog::Gone,
        }
    }

    fn publish(
        &mut self,
        topic: TopicKey,
        mark: u64,
        except: Option<ConnectionKey>,
        push: &Push<'_>,
    ) {
        let Some(members) = self.topics.get(&topic).map(|topic| &topic.members) else {
            return;
        };
        let heard = Rc::new(Heard::push(push));
        trace(|| format!("    publish {topic:?} after {mark}: {heard:?}"));
        let except = except.map(|connection| connection.0);
        for key in members.keys().filter(|key| Some(**key) != except) {
            self.check_permission(*key, &heard);
        }
        let topic = self.topics.get_mut(&topic).expect("it was just there");
        topic.batch.push(Batched { mark, except, heard });
    }

    fn join(&mut self, connection: ConnectionKey, topic: TopicKey, tag: &[u8]) {
        trace(|| format!("    {} joins {topic:?}", connection.0));
        assert_eq!(tag, TAG, "the tag of the subscription");
        let held = self.connection(connection);
        assert_ne!(held.end, End::Ended, "a connection that has ended joins");
        assert!(held.topics.insert(topic), "joined twice");
        let topic = self.topics.entry(topic).or_default();
        topic.members.insert(connection.0, topic.batch.len());
    }

    fn leave(&mut self, connection: ConnectionKey, topic: TopicKey) {
        trace(|| format!("    {} leaves {topic:?}", connection.0));
        assert!(self.connection(connection).topics.contains(&topic), "it is not in the topic");
        self.bring_up(connection.0);
        self.leave_topic(connection.0, topic);
    }

    fn disconnect(&mut self, connection: ConnectionKey, disconnect: &Disconnect) {
        self.bring_up(connection.0);
        let held = self.connection(connection);
        assert_ne!(held.end, End::Ended, "ended twice");
        held.end = End::Ended;
        self.ended.push(connection.0);
        let held = self.connection(connection);
        if !held.queue.back().is_some_and(|last| matches!(**last, Heard::Disconnected { .. })) {
            held.queue(Rc::new(Heard::own(&Own::Disconnected { disconnect })));
        }
        self.leave_all(connection.0);
    }

    fn answer(&mut self, request: RequestKey, answer: Answer) {
        self.answers.push((request, answer));
    }

    fn call_backend(&mut self, call: &BackendCall<'_>) -> bool {
        if self.has_backend {
            self.calls.push((call.session, call.call, call.method.into()));
        }
        self.has_backend
    }

    fn check_payload(
        &mut self,
        _: NamespaceIndex,
        _: Payload<'_>,
        _: Option<&str>,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    fn resume_soon(&mut self) {
        self.wants_resume = true;
    }

    fn random(&mut self) -> u64 {
        self.random.number()
    }
}

/// What every subscription has for its dialect.
pub(crate) const TAG: &[u8] = b"tag";

/// As the engine's.
const DRAINED: usize = 16 * 1024;
