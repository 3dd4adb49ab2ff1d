//! All clients on one thread, and when they do what.

use crate::client::Client;
use crate::log::{Log, Place};
use crate::plan::{Act, Drop, Member, Plan};
use crate::server::PATIENCE;
use crate::tokens::Tokens;
use crate::wire::Wire;
use mio::{Events, Poll, Token};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A crowd of clients.
pub(crate) struct Crowd {
    plan: Plan,
    tokens: Tokens,
    address: SocketAddr,
    poll: Poll,
    clients: Vec<Client>,
    /// What is due when: whose, and which of the acts below.
    agenda: BinaryHeap<Reverse<(Instant, usize, usize)>>,
    acts: Vec<Act>,
    /// What clients have left lying, and until when.
    left: VecDeque<(Instant, Wire)>,
}

impl Crowd {
    pub(crate) fn new(plan: Plan, address: SocketAddr, tokens: Tokens) -> Self {
        let client = |number| {
            let Member { token, is_restricted, .. } = plan.members[number];
            Client::new(number, &plan, tokens.of(token, is_restricted))
        };
        let clients = (0..plan.members.len()).map(client).collect();
        Self {
            plan,
            tokens,
            address,
            poll: Poll::new().expect("an epoll"),
            clients,
            agenda: BinaryHeap::new(),
            acts: Vec::new(),
            left: VecDeque::new(),
        }
    }

    /// Has everybody come, and subscribe.
    pub(crate) fn gather(&mut self) {
        let now = Instant::now();
        for client in 0..self.clients.len() {
            let at = now + GATHERING * client as u32 / self.clients.len() as u32;
            self.at(at, client, Act::Connect);
        }
        self.run_until("everybody is there", |clients| clients.iter().all(Client::is_settled));
    }

    /// Begins what is planned.
    pub(crate) fn begin(&mut self) {
        let now = Instant::now();
        for client in 0..self.clients.len() {
            for (after, act) in self.clients[client].member.acts.clone() {
                self.at(now + after, client, act);
            }
        }
    }

    /// Goes on for a while.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.turn();
        }
    }

    /// Goes on until all that was planned has happened, and everybody is there and has its answers.
    pub(crate) fn finish(&mut self) {
        while !self.agenda.is_empty() {
            self.turn();
        }
        self.run_until("everybody has its answers", |clients| {
            clients.iter().all(Client::is_settled)
        });
    }

    /// Goes on until everybody has got everything. If that does not happen, the logs show what is missing.
    pub(crate) fn settle(&mut self, tops: &[Place]) {
        let deadline = Instant::now() + PATIENCE / 3;
        while !self.clients.iter().all(|client| client.has_reached(tops)) {
            if Instant::now() > deadline {
                return;
            }
            self.turn();
        }
    }

    pub(crate) const fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    pub(crate) fn into_logs(self) -> Vec<Log> {
        self.clients.into_iter().map(|client| client.log).collect()
    }

    fn run_until(&mut self, what: &str, is_so: impl Fn(&[Client]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.clients) {
            if Instant::now() > deadline {
                let is_late = |client: &&Client| !client.is_settled();
                let late: Vec<_> = self.clients.iter().filter(is_late).take(3).collect();
                panic!("it is not so in {PATIENCE:?} that {what}: {late:#?}");
            }
            self.turn();
        }
    }

    fn at(&mut self, at: Instant, client: usize, act: Act) {
        self.acts.push(act);
        self.agenda.push(Reverse((at, client, self.acts.len() - 1)));
    }

    /// Does what is due, and hands on what has arrived.
    fn turn(&mut self) {
        let mut events = Events::with_capacity(1024);
        match self.poll.poll(&mut events, Some(TURN)) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => panic!("{error}"),
            _ => {}
        }
        for event in &events {
            self.clients[event.token().0].note_readable();
        }
        let now = Instant::now();
        while let Some(Reverse((at, client, act))) = self.agenda.peek().copied()
            && at <= now
        {
            self.agenda.pop();
            self.act(now, client, self.acts[act]);
        }
        for client in 0..self.clients.len() {
            if !self.clients[client].go_on(now, &self.plan) {
                self.come_back(now, client);
            }
        }
        while self.left.front().is_some_and(|(until, _)| *until <= now) {
            self.left.pop_front();
        }
    }

    fn act(&mut self, now: Instant, number: usize, act: Act) {
        let (plan, registry) = (&self.plan, self.poll.registry());
        let client = &mut self.clients[number];
        match act {
            Act::Connect if client.is_away() => {
                if client.connect(self.address, registry, Token(number)).is_err() {
                    self.come_back(now, number);
                }
            }
            Act::Connect => {}
            Act::Publish { channel, size } => client.publish(channel, size, plan),
            Act::Pause(time) => client.pause(now + time),
            Act::Wander(place) => client.wander(place, plan),
            Act::Trespass(channel) => client.trespass(channel, plan),
            Act::Drop(how) => {
                if client.is_away() {
                    return;
                }
                if let Some(wire) = client.drop_connection(how, registry) {
                    let keep = if how == Drop::Silence { SILENCE } else { SILENCE / 10 };
                    self.left.push_back((now + keep, wire));
                }
                self.come_back(now, number);
            }
        }
    }

    fn come_back(&mut self, now: Instant, client: usize) {
        let patience = self.clients[client].patience();
        self.at(now + patience, client, Act::Connect);
    }
}

/// In which everybody connects.
const GATHERING: Duration = Duration::from_secs(2);
/// How long a turn waits for something to arrive.
const TURN: Duration = Duration::from_millis(5);
/// How long a connection that is silent stays.
const SILENCE: Duration = Duration::from_secs(2);
