//! One worker's part of it all.

mod calling;
mod catching_up;
mod commands;
mod departures;
mod fanning_out;
mod homes;
mod input;
mod messaging;
mod moving;
mod patterns;
mod permissions;
mod relays;
mod requests;
mod resuming;
mod sending;
mod sessions;
mod stats;
mod subscribing;
mod timers;
mod unsubscribing;

pub use input::{Input, Resume};
pub use stats::Stats;

use crate::effects::{Backlog, ConnectionKey, Effects, Now, SessionKey, WorkerIndex};
use crate::home::Home;
use crate::mail::{Addressee, Letter, Mail, ReplyTo};
use crate::names::{ChannelName, Pattern, SessionId, UserName};
use crate::namespace::Namespaces;
use crate::relay::{Relay, Subject};
use crate::session::Session;
use crate::told::Own;
use crate::under_way::{FanOutBound, Pair};
use departures::Departure;
use patterns::Watcher;
use resuming::Arrival;
use smallvec::SmallVec;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};
use timers::Timers;

/// What a hub is made with.
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// This process: a random number.
    pub node: u32,
    /// This worker.
    pub worker: WorkerIndex,
    /// How many workers there are.
    pub workers: u16,
    /// What channels are like.
    pub namespaces: Arc<Namespaces>,
    /// How long sessions outlive their connections.
    pub grace: Duration,
    /// How much fan-out mail may be under way to each other worker.
    pub fan_out: FanOutBound,
}

/// One worker's sessions, and the homes and relays of its channels.
///
/// Call [`Hub::handle`] with all that happens; [`Hub::handle_timeout`] when [`Hub::poll_timeout`] says; [`Hub::resume`] when
/// [`Effects::resume_soon`] asked for it; [`Hub::end_tick`] once after each batch of inputs.
#[derive(Debug)]
pub struct Hub {
    config: HubConfig,
    sessions: slab::Slab<Session>,
    /// How often each place was used.
    generations: Vec<u32>,
    /// Sessions that began on other workers.
    arrived: HashMap<SessionId, SessionKey>,
    /// Where sessions have gone that began here, or were here lately.
    departed: HashMap<SessionId, Departure>,
    /// The names of those that only were here.
    departed_keys: HashMap<SessionKey, SessionId>,
    /// Connections that await their sessions from other workers.
    arrivals: HashMap<ConnectionKey, Arrival>,
    relays: slab::Slab<Relay>,
    relays_by_subject: HashMap<Subject, u32>,
    /// How often a relay was opened.
    openings: u32,
    /// Which relay a topic is of.
    topics: slab::Slab<u32>,
    homes: slab::Slab<Home>,
    homes_by_channel: HashMap<ChannelName, u32>,
    /// Larger than all versions of presence in homes that are gone: a channel that begins anew begins with it, so that what
    /// comes late from before is known by its version.
    presence_version: u64,
    /// Homes in whose presence something has changed in this tick.
    presence_changed: Vec<ChannelName>,
    /// The workers with subscribers to a pattern.
    watchers: HashMap<Pattern, Vec<Watcher>>,
    /// What is under way to each worker; to this one, nothing.
    pairs: Vec<Pair>,
    /// How many messages to all there were, where they are numbered; and the last one that this worker has told.
    for_all: u64,
    told_all: u64,
    /// Where the sessions of users are who are known here.
    users: HashMap<UserName, SmallVec<[SessionId; 1]>>,
    /// Sessions that catch up further when what was queued has had a chance to leave.
    resuming: Vec<SessionKey>,
    timers: Timers,
    /// Mail to oneself.
    local: VecDeque<Letter>,
    stats: Stats,
}

impl Hub {
    /// A hub without sessions or channels.
    #[must_use]
    pub fn new(config: HubConfig) -> Self {
        Self {
            pairs: (0..config.workers).map(|_| Pair::default()).collect(),
            config,
            sessions: slab::Slab::new(),
            generations: Vec::new(),
            arrived: HashMap::new(),
            departed: HashMap::new(),
            departed_keys: HashMap::new(),
            arrivals: HashMap::new(),
            relays: slab::Slab::new(),
            relays_by_subject: HashMap::new(),
            openings: 0,
            topics: slab::Slab::new(),
            homes: slab::Slab::new(),
            homes_by_channel: HashMap::new(),
            presence_version: 0,
            presence_changed: Vec::new(),
            watchers: HashMap::new(),
            for_all: 0,
            told_all: 0,
            users: HashMap::new(),
            resuming: Vec::new(),
            timers: Timers::default(),
            local: VecDeque::new(),
            stats: Stats::default(),
        }
    }

    /// Takes what happened.
    pub fn handle(&mut self, now: Now, input: Input<'_>, effects: &mut impl Effects) {
        match input {
            Input::Connect { connection, id, identity, resume } => {
                self.connect(now, connection, (id, identity, resume), effects);
            }
            Input::Abandoned { connection } => drop(self.arrivals.remove(&connection)),
            Input::Command { session, id, command } => {
                self.command(now, (session, id), command, effects);
            }
            Input::Refresh { session, id, identity } => {
                self.refresh(now, (session, id), identity, effects);
            }
            Input::Lagged { session, topic, mark } => {
                self.lagged(now, session, (topic, mark), effects);
            }
            Input::Drained { session } => self.catch_up(now, session, effects),
            Input::Disconnected { session, is_final } => {
                self.detach(now, session, is_final, effects);
            }
            Input::Disconnect { session, disconnect } => {
                self.disconnect(now, session, &disconnect, effects);
            }
            Input::CallAnswered { session, call, answer } => {
                self.backend_answered(now, session, call, answer, effects);
            }
            Input::Request { key, request } => self.request(now, key, request, effects),
            Input::Mail { from, mail } => self.take_mail(now, from, mail.0, effects),
        }
        self.take_local_mail(now, effects);
    }

    /// Has sessions that are behind catch up further.
    pub fn resume(&mut self, now: Now, effects: &mut impl Effects) {
        for key in std::mem::take(&mut self.resuming) {
            if let Some(session) = self.session_mut(key) {
                session.is_resuming = false;
                self.catch_up_when_flushed(now, key, effects);
            }
        }
        self.take_local_mail(now, effects);
    }

    /// Tells what has gathered in a tick: changes of presence.
    pub fn end_tick(&mut self, now: Now, effects: &mut impl Effects) {
        for channel in std::mem::take(&mut self.presence_changed) {
            self.tell_presence(&channel, effects);
        }
        self.take_local_mail(now, effects);
    }

    /// When [`Hub::handle_timeout`] is to be called. `None`: there is nothing to wait for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// What has happened so far, and what is there.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let sessions = self.sessions.len() as u64;
        let channels = self.homes.len() as u64;
        Stats { sessions, channels, ..self.stats }
    }

    /// Sends a letter to a worker, this one included.
    fn post(&mut self, to: WorkerIndex, letter: Letter, effects: &mut impl Effects) {
        if to == self.config.worker {
            return self.local.push_back(letter);
        }
        if let Some(load) = letter.fan_out() {
            self.pairs[usize::from(to.0)].send(load);
            self.stats.fan_out_under_way += load.letters as u64;
        }
        effects.mail(to, Mail(letter));
    }

    fn take_mail(
        &mut self,
        now: Now,
        from: WorkerIndex,
        letter: Letter,
        effects: &mut impl Effects,
    ) {
        let load = letter.fan_out();
        self.take_letter(now, letter, effects);
        let bound = self.config.fan_out;
        let said = load.and_then(|load| self.pairs[usize::from(from.0)].take(load, bound));
        if let Some(load) = said {
            self.post(from, Letter::Taken { by: self.config.worker, load }, effects);
        }
    }

    fn take_local_mail(&mut self, now: Now, effects: &mut impl Effects) {
        while let Some(letter) = self.local.pop_front() {
            self.take_letter(now, letter, effects);
        }
    }

    fn take_letter(&mut self, now: Now, letter: Letter, effects: &mut impl Effects) {
        match letter {
            Letter::ToHome { channel, request } => {
                self.home_request(now, channel, request, effects)
            }
            Letter::ToRelay { channel, news } => self.relay_news(now, &channel, news, effects),
            Letter::Page(page) => self.take_page(now, *page, effects),
            Letter::ToSession { to, news, reply } => {
                self.session_news(now, to, (news, reply), effects);
            }
            Letter::ToUser { user, news } => self.user_news(user, news, effects),
            Letter::ForAll { message, except } => self.number_for_all(&message, &except, effects),
            Letter::ToAll { number, message, except } => {
                self.tell_all(number, &message, &except, effects);
            }
            Letter::Answer { to, answer } => self.take_answer(to, answer, effects),
            Letter::Watch { pattern, worker, opening } => {
                self.watch(pattern, worker, opening, effects);
            }
            Letter::Watching { pattern, opening } => self.watching(now, pattern, opening, effects),
            Letter::Watched { pattern, channel, publication } => {
                self.watched(pattern, &channel, &publication, effects);
            }
            Letter::WatchedLost { pattern } => self.watched_lost(pattern, effects),
            Letter::Taken { by, load } => self.taken(now, by, load, effects),
            Letter::Take(take) => self.give(now, *take, effects),
            Letter::Given { connection, session } => self.given(now, connection, session, effects),
            Letter::Moved { session, to, moves } => self.moved(session, to, moves),
            Letter::Ended { session, moves, user } => self.ended(session, moves, user, effects),
        }
    }

    /// Where something lives that has this name.
    fn worker_of(&self, name: &impl Hash) -> WorkerIndex {
        // Its keys are fixed, so that all workers agree.
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        WorkerIndex((hasher.finish() % u64::from(self.config.workers)) as u16)
    }

    fn session(&self, key: SessionKey) -> Option<&Session> {
        let is_current = self.generations.get(key.slot as usize) == Some(&key.generation);
        self.sessions.get(key.slot as usize).filter(|_| is_current)
    }

    fn session_mut(&mut self, key: SessionKey) -> Option<&mut Session> {
        let is_current = self.generations.get(key.slot as usize) == Some(&key.generation);
        self.sessions.get_mut(key.slot as usize).filter(|_| is_current)
    }

    /// Tells a session something. `false`: it has no connection, or that is gone and its end follows.
    fn tell(&self, key: SessionKey, own: &Own<'_>, effects: &mut impl Effects) -> bool {
        let connection = self.session(key).and_then(|session| session.connection);
        connection.is_some_and(|connection| effects.tell(connection, own) != Backlog::Gone)
    }

    const fn reply_to(&self, key: SessionKey, id: crate::CommandId) -> ReplyTo {
        let (worker, to) = (self.config.worker, Addressee::Key(key));
        ReplyTo::Session { worker, to, id, is_quiet: false }
    }
}
