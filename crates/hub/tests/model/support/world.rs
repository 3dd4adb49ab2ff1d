//! Some workers with a hub each, the mail between them, and clients with connections to them. One thing happens after the
//! other, and the time is what the world says.

use super::client::{Client, Dropped};
use super::heard::Heard;
use super::random::{Random, trace};
use super::setting::{Setting, USERS, identity};
use super::surroundings::{Connection, End, Lag, Surroundings};
use super::truth::Truth;
use sockeye_hub::{
    Answer, ConnectionKey, Hub, HubConfig, Input, Mail, Now, Request, RequestKey, SessionId,
    SessionKey, WorkerIndex,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

pub(crate) struct World {
    pub(crate) setting: Setting,
    pub(crate) workers: Vec<Worker>,
    pub(crate) clients: Vec<Client>,
    pub(crate) truth: Truth,
    pub(crate) random: Random,
    /// By sender and receiver.
    mail: BTreeMap<(usize, usize), VecDeque<Mail>>,
    pub(crate) began: Instant,
    pub(crate) time: Duration,
    pub(crate) step: u64,
    next_connection: u64,
    pub(crate) owners: BTreeMap<u64, usize>,
    pub(crate) dropped: VecDeque<Dropped>,
    pub(crate) answers: BTreeMap<u64, Answer>,
    next_request: u64,
    /// Calls that the backend has got.
    pub(crate) backend_calls: Vec<(usize, SessionKey, u64, String)>,
    pub(crate) call_ids: BTreeMap<(usize, u64), usize>,
    /// Since when sessions are without a client.
    pub(crate) detached: BTreeMap<SessionId, Duration>,
    /// When a worker last learned that a client is gone.
    pub(crate) noticed: Duration,
    /// Members that may leave a channel, or all.
    pub(crate) may_leave: BTreeSet<(Option<&'static str>, SessionId)>,
    /// Channels that the backend has created.
    pub(crate) configured: BTreeSet<&'static str>,
    pub(crate) digest: u64,
}

pub(crate) struct Worker {
    pub(crate) hub: Hub,
    pub(crate) around: Surroundings,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "any moment will do to begin with")]
    pub(crate) fn new(setting: Setting, seed: u64) -> Self {
        let namespaces = setting.namespaces();
        let worker = |index: usize| {
            let config = HubConfig {
                node: 7,
                worker: WorkerIndex(index as u16),
                workers: setting.workers as u16,
                namespaces: namespaces.clone(),
                grace: setting.grace,
                fan_out: setting.fan_out,
            };
            let around = Surroundings {
                worker: config.worker,
                connections: BTreeMap::new(),
                topics: BTreeMap::new(),
                mail: Vec::new(),
                answers: Vec::new(),
                calls: Vec::new(),
                wants_resume: false,
                has_backend: setting.has_backend,
                unix_ms: 0,
                bounds: setting.bounds,
                told: Vec::new(),
                ended: Vec::new(),
                namespaces: namespaces.clone(),
                random: Random::new(seed ^ (index as u64 + 1)),
            };
            Worker { hub: Hub::new(config), around }
        };
        Self {
            workers: (0..setting.workers).map(worker).collect(),
            clients: (0..setting.clients).map(|n| Client::new(n, USERS[n % USERS.len()])).collect(),
            setting,
            truth: Truth::default(),
            random: Random::new(seed),
            mail: BTreeMap::new(),
            began: Instant::now(),
            time: Duration::ZERO,
            step: 0,
            next_connection: 0,
            owners: BTreeMap::new(),
            dropped: VecDeque::new(),
            answers: BTreeMap::new(),
            next_request: 0,
            backend_calls: Vec::new(),
            call_ids: BTreeMap::new(),
            detached: BTreeMap::new(),
            noticed: Duration::ZERO,
            may_leave: BTreeSet::new(),
            configured: BTreeSet::new(),
            digest: 0,
        }
    }

    fn now(&self) -> Now {
        Now { instant: self.began + self.time, unix_ms: self.unix_ms() }
    }

    pub(crate) fn unix_ms(&self) -> u64 {
        1_700_000_000_000 + self.time.as_millis() as u64
    }

    /// Has a hub do something, and takes what it wants done.
    fn run(&mut self, worker: usize, act: impl FnOnce(&mut Hub, Now, &mut Surroundings)) {
        let now = self.now();
        let Worker { hub, around } = &mut self.workers[worker];
        around.unix_ms = now.unix_ms;
        act(hub, now, around);
        for (to, mail) in around.mail.drain(..) {
            self.mail.entry((worker, usize::from(to.0))).or_default().push_back(mail);
        }
        self.check_under_way(worker);
        let around = &mut self.workers[worker].around;
        for (request, answer) in around.answers.drain(..) {
            assert!(self.answers.insert(request.0, answer).is_none(), "answered twice");
        }
        for (session, call, method) in around.calls.drain(..) {
            self.backend_calls.push((worker, session, call, method));
        }
        let ended = std::mem::take(&mut around.ended);
        for (connection, id) in around.told.drain(..) {
            let owner = self.owners[&connection];
            if let Some(call) = self.call_ids.get(&(owner, id)) {
                self.truth.calls[*call].times_told += 1;
            }
        }
        for connection in ended {
            let owner = self.owners[&connection];
            if self.clients[owner].link.as_ref().is_some_and(|link| link.key == connection) {
                self.detach(owner);
            }
        }
    }

    /// Of what can be left out, no more is sent than may be under way: a page of who is there goes along with the last of it.
    fn check_under_way(&self, worker: usize) {
        let under_way = self.workers[worker].hub.stats().fan_out_under_way as usize;
        let others = self.workers.len() - 1;
        assert!(under_way <= others * (self.setting.fan_out.letters + 1), "{under_way} letters");
    }

    pub(crate) fn handle(&mut self, worker: usize, input: Input<'_>) {
        trace(|| format!("{:?} worker {worker}: {input:?}", self.time));
        self.run(worker, |hub, now, around| hub.handle(now, input, around));
    }

    pub(crate) fn request(&mut self, worker: usize, request: Request<'_>) -> u64 {
        self.next_request += 1;
        let key = RequestKey(self.next_request);
        self.handle(worker, Input::Request { key, request });
        self.next_request
    }

    /// A client's new connection. It says who it is, and maybe who it was.
    pub(crate) fn connect(
        &mut self,
        client: usize,
        worker: usize,
        resume: Option<sockeye_hub::Resume<'_>>,
        expires_ms: Option<u64>,
    ) {
        self.next_connection += 1;
        let key = self.next_connection;
        let held = &mut self.clients[client];
        let identity = identity(held.user, held.is_granted, expires_ms);
        let all = resume.iter().flat_map(|resume| &resume.positions);
        let said_where = all.map(|(channel, _)| held.subscriptions[channel].subject).collect();
        let message = resume.as_ref().map_or(0, |resume| resume.message);
        held.connect(worker, key, said_where, message);
        let id = held.command_id();
        self.owners.insert(key, client);
        let connection = Connection::new(identity.clone());
        self.workers[worker].around.connections.insert(key, connection);
        let connection = ConnectionKey(key);
        self.handle(worker, Input::Connect { connection, id, identity, resume });
    }

    /// A client's end of its connection is gone.
    pub(crate) fn drop_link(&mut self, client: usize, is_final: bool) {
        let Some(link) = &self.clients[client].link else {
            return;
        };
        let greeted = self.clients[client].session.filter(|_| link.is_greeted);
        let session = greeted.map(|(session, _)| session);
        let (worker, key) = (link.worker, link.key);
        self.dropped.push_back(Dropped { worker, key, is_final, session });
        self.detach(client);
        self.clients[client].lose_connection();
    }

    fn detach(&mut self, client: usize) {
        self.noticed = self.time;
        if let Some((session, _)) = self.clients[client].session {
            self.detached.entry(session).or_insert(self.time);
            // What it was not told that it subscribes to ends with the connection.
            let held = self.clients[client].subscriptions.values();
            let pending = held.filter(|held| held.state == super::subscription::State::Pending);
            self.may_leave.extend(pending.map(|held| (Some(held.subject), session)));
        }
    }

    /// The worker learns of it.
    pub(crate) fn notice(&mut self, dropped: Dropped) {
        let Dropped { worker, key, is_final, session: name } = dropped;
        self.noticed = self.time;
        let around = &mut self.workers[worker].around;
        around.leave_all(key);
        // The hub may have ended it meanwhile.
        let Some(connection) = around.connections.remove(&key) else {
            return;
        };
        match (connection.end, connection.session) {
            (End::Ended, _) => {}
            (_, Some(session)) => {
                self.handle(worker, Input::Disconnected { session, is_final });
                self.truth.ended.extend(name.filter(|_| is_final).map(|name| (name, self.step)));
            }
            (_, None) => {
                self.handle(worker, Input::Abandoned { connection: ConnectionKey(key) });
            }
        }
    }

    /// A worker does some of what there is to do, and ends its tick.
    pub(crate) fn turn(&mut self, worker: usize) {
        let from: Vec<usize> = (0..self.workers.len())
            .filter(|from| self.mail.get(&(*from, worker)).is_some_and(|mail| !mail.is_empty()))
            .collect();
        if !from.is_empty() {
            let from = *self.random.one_of(&from);
            for _ in 0..=self.random.below(8) {
                let mail = self.mail.get_mut(&(from, worker)).and_then(VecDeque::pop_front);
                let Some(mail) = mail else {
                    break;
                };
                self.handle(worker, Input::Mail { from: WorkerIndex(from as u16), mail });
            }
        }
        let speaks = |client: &Client| {
            !client.outbox.is_empty()
                && client.link.as_ref().is_some_and(|link| link.worker == worker)
        };
        let speakers: Vec<usize> =
            (0..self.clients.len()).filter(|n| speaks(&self.clients[*n])).collect();
        if !speakers.is_empty() {
            let client = *self.random.one_of(&speakers);
            for _ in 0..=self.random.below(4) {
                self.listen(worker, client);
            }
        }
        self.end_tick(worker);
    }

    fn end_tick(&mut self, worker: usize) {
        self.run(worker, |hub, now, around| hub.end_tick(now, around));
        for Lag { session, topic, mark } in self.workers[worker].around.deliver() {
            self.handle(worker, Input::Lagged { session, topic, mark });
        }
        for session in self.workers[worker].around.flush() {
            self.handle(worker, Input::Drained { session });
        }
        let around = &mut self.workers[worker].around;
        if std::mem::take(&mut around.wants_resume) {
            self.run(worker, |hub, now, around| hub.resume(now, around));
        }
        let connections = self.workers[worker].around.connections.iter();
        let overflown = connections.filter(|(_, connection)| connection.end == End::Overflown);
        for key in overflown.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.notice(Dropped { worker, key, is_final: false, session: None });
            let owner = self.owners[&key];
            if self.clients[owner].link.as_ref().is_some_and(|link| link.key == key) {
                self.detach(owner);
                self.clients[owner].lose_connection();
            }
        }
    }

    /// A client reads some of what has arrived. `false`: there was nothing.
    pub(crate) fn read(&mut self, client: usize, count: usize) -> bool {
        for read in 0..count {
            let Some(link) = &self.clients[client].link else {
                return read > 0;
            };
            let (worker, key) = (link.worker, link.key);
            let connections = &mut self.workers[worker].around.connections;
            let connection = connections.get_mut(&key).expect("it is connected");
            let Some(heard) = connection.read() else {
                return read > 0;
            };
            let is_ended = connection.end == End::Ended;
            self.digest = self.digest.rotate_left(5) ^ ((client << 20) + heard.size()) as u64;
            trace(|| format!("{:?} client {client} hears {heard:?}", self.time));
            self.check_leaving(&heard);
            if matches!(*heard, Heard::Disconnected { .. }) {
                self.detach(client);
                connections_of(&mut self.workers[worker]).remove(&key);
            }
            self.clients[client].hear(&heard, &mut self.truth, self.step);
            if let (Heard::Connected { .. }, Some((session, _))) =
                (&*heard, self.clients[client].session)
            {
                // What it reads late may be of a connection that was ended meanwhile.
                if !is_ended {
                    self.detached.remove(&session);
                }
                // It unsubscribes where it does not know whether it has.
                let all = self.clients[client].subscriptions.values();
                let ending = all.filter(|held| held.state == super::subscription::State::Ending);
                self.may_leave.extend(ending.map(|held| (Some(held.subject), session)));
            }
        }
        count > 0
    }

    /// Nobody leaves who is there, or comes back in time.
    fn check_leaving(&self, heard: &Rc<Heard>) {
        let Heard::Diff { channel, diff } = &**heard else {
            return;
        };
        for member in &diff.left {
            let session = member.session;
            let is_late = |since: &Duration| self.time >= *since + self.setting.grace;
            let is_gone = self.detached.get(&session).is_some_and(is_late)
                || self.may_leave.contains(&(None, session))
                || self
                    .may_leave
                    .iter()
                    .any(|one| *one == (one.0, session) && one.0 == Some(channel));
            assert!(is_gone, "{session} leaves {channel} without a reason at {:?}", self.time);
        }
    }

    /// Time passes. Each hub is called when it wants.
    pub(crate) fn advance(&mut self, by: Duration) {
        // Mail takes moments, not seconds.
        while by >= Duration::from_secs(1) && self.mail.values().any(|mail| !mail.is_empty()) {
            (0..self.workers.len()).for_each(|worker| self.turn(worker));
        }
        let end = self.time + by;
        for _ in 0..SPINS {
            let due = |worker: &Worker| worker.hub.poll_timeout();
            let next =
                self.workers.iter().enumerate().filter_map(|(n, worker)| Some((due(worker)?, n)));
            let Some((at, worker)) = next.min().filter(|(at, _)| *at <= self.began + end) else {
                self.time = end;
                return;
            };
            self.time = self.time.max(at.saturating_duration_since(self.began));
            self.run(worker, |hub, now, around| hub.handle_timeout(now, around));
            self.end_tick(worker);
        }
        panic!("a hub always has something due");
    }

    /// Everything that was said arrives, and everybody reads.
    pub(crate) fn settle(&mut self) {
        for _ in 0..SPINS {
            while let Some(dropped) = self.dropped.pop_front() {
                self.notice(dropped);
            }
            for worker in 0..self.workers.len() {
                self.turn(worker);
            }
            let mut is_quiet = self.mail.values().all(VecDeque::is_empty);
            for client in 0..self.clients.len() {
                is_quiet &=
                    !self.read(client, usize::MAX) && self.clients[client].outbox.is_empty();
            }
            let mut all = self.workers.iter().flat_map(|worker| worker.around.connections.values());
            is_quiet &= all.all(Connection::is_empty) && self.dropped.is_empty();
            if is_quiet && self.workers.iter().all(|worker| !worker.around.wants_resume) {
                return;
            }
        }
        panic!("it never becomes quiet");
    }
}

fn connections_of(worker: &mut Worker) -> &mut BTreeMap<u64, Connection> {
    &mut worker.around.connections
}

/// More turns than anything needs that ends.
const SPINS: usize = 100_000;
