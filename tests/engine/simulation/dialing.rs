//! Connections that workers make, on the simulated network.

use super::world::{Pump, World};
use crate::support::Random;
use sockeye::client::{ClientConfig, ConnectError};
use sockeye::driver::{Answer, Network, Peer, Simulated, Stream, Weather};
use sockeye::handler::Closed;
use sockeye::protocol::handshake::accept_key;
use sockeye::protocol::http::{Request, Response, Status};
use sockeye::protocol::{CloseCode, Message};
use sockeye::{Config, Context, Handler, Reply, RequestContext, WorkerContext};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

#[test]
fn in_calm_weather_all_are_opened_talk_and_close() {
    let mut world = world(0, 10, &Weather::calm());
    let mut servers = [Servers::new(&world.networks[0], 0, false)];
    world.settle(&mut servers);
    let log = world.log.borrow();
    assert_eq!(log.len(), 10);
    for notes in log.values() {
        assert_eq!(notes, &["opened", "hello", "hello", "hello", "closed 1000 Local"]);
    }
    assert!(world.workers[0].holdings().is_nothing());
    // RFC 6455 7.1.1: the client waits for the server to end the stream.
    assert!(servers[0].peers.iter().all(|peer| peer.has_ended_first));
}

#[test]
fn a_server_that_does_not_end_its_stream_is_not_waited_for_for_ever() {
    let mut world = world(0, 1, &Weather::calm());
    let mut servers = [Servers::new(&world.networks[0], 0, false)];
    servers[0].ends_streams = false;
    world.settle(&mut servers);
    assert_eq!(world.connections(), 1);
    world.sleep(Config::default().close_timeout + Duration::from_secs(1), &mut servers);
    assert_eq!(world.connections(), 0);
}

#[test]
fn one_that_is_not_answered_fails_after_the_connect_timeout() {
    let mut world = world(0, 1, &Weather::calm());
    world.networks[0].answer(address(), Answer::Stall);
    let mut nobody: [Servers; 0] = [];
    world.sleep(Duration::from_secs(9), &mut nobody);
    assert!(world.log.borrow().is_empty());
    world.sleep(Duration::from_secs(2), &mut nobody);
    assert!(world.log.borrow()[&0][0].contains("longer than it may"));
    assert!(world.workers[0].holdings().is_nothing());
}

#[test]
fn one_that_is_refused_or_short_of_descriptors_fails_at_once() {
    for (answer, weather) in [
        (Answer::Refuse, Weather::calm()),
        (Answer::Accept, Weather { connect_failure_per_mille: 1000, ..Weather::calm() }),
    ] {
        let mut world = world(0, 3, &weather);
        world.networks[0].answer(address(), answer);
        let mut nobody: [Servers; 0] = [];
        world.settle(&mut nobody);
        assert_eq!(world.log.borrow().len(), 3);
        assert!(world.log.borrow().values().all(|notes| notes[0].starts_with("failed: ")));
        assert!(world.workers[0].holdings().is_nothing());
    }
}

#[test]
fn who_connects_again_at_once_has_one_try_in_each_tick() {
    let weather = Weather { connect_failure_per_mille: 1000, ..Weather::calm() };
    let (driver, network) = Simulated::new(0, weather);
    let log = Log::default();
    let mut world = World::start(vec![(driver, network)], &Config::default(), (), |_| Dialer {
        connections: 1,
        tries_again: true,
        log: Rc::clone(&log),
    });
    for ticks in 1..=10 {
        world.workers[0].tick(&world.clock).expect("the simulated driver can always wait");
        assert_eq!(log.borrow()[&0].len(), ticks);
    }
}

#[test]
fn in_a_storm_each_of_them_ends_once_and_leaves_nothing() {
    let mut opened = 0;
    for seed in 0..300 {
        let mut world = world(seed, 12, &Weather::stormy());
        let mut servers = [Servers::new(&world.networks[0], seed, true)];
        world.sleep(Duration::from_secs(120), &mut servers);
        let log = world.log.borrow();
        assert_eq!(log.len(), 12, "seed {seed}");
        for notes in log.values() {
            let ends = notes
                .iter()
                .filter(|note| note.starts_with("closed ") || note.starts_with("failed: "));
            assert_eq!(ends.count(), 1, "seed {seed}: {notes:?}");
            let is_open = notes[0] == "opened";
            assert_eq!(is_open, !notes[0].starts_with("failed: "), "seed {seed}: {notes:?}");
            opened += usize::from(is_open);
        }
        assert!(world.workers[0].holdings().is_nothing(), "seed {seed}");
    }
    assert!(opened > 1000, "a storm leaves some: {opened}");
}

type Log = Rc<RefCell<BTreeMap<usize, Vec<String>>>>;

fn world(seed: u64, connections: usize, weather: &Weather) -> World<Dialer, Log> {
    let (driver, network) = Simulated::new(seed, weather.clone());
    network.answer(address(), Answer::Accept);
    let log = Log::default();
    let drivers = vec![(driver, network)];
    World::start(drivers, &Config::default(), Rc::clone(&log), |_| Dialer {
        connections,
        tries_again: false,
        log: Rc::clone(&log),
    })
}

fn address() -> SocketAddr {
    ([127, 0, 0, 1], 8000).into()
}

/// Connects in its first turn, says hello three times over each connection, then closes it.
struct Dialer {
    connections: usize,
    tries_again: bool,
    log: Log,
}

impl Dialer {
    fn note(&self, connection: &mut Context<'_, Self>, note: String) {
        self.log.borrow_mut().entry(*connection.state()).or_default().push(note);
    }
}

impl Handler for Dialer {
    /// Which one it is.
    type State = usize;
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<usize> {
        Response::new(Status::NOT_FOUND).into()
    }

    fn on_tick(&mut self, worker: &mut WorkerContext<'_, Self>, _: Instant) -> Option<Instant> {
        let config = ClientConfig::new("ws://simulated/").expect("an address");
        for number in 0..self.connections {
            worker.connect(address(), &config, number).expect("there is room");
        }
        None
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        self.note(connection, "opened".to_owned());
        connection.send("hello").expect("it is open");
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        self.note(connection, String::from_utf8_lossy(message.as_bytes()).into_owned());
        let hellos = self.log.borrow()[connection.state()].len() - 1;
        if hellos < 3 {
            connection.send("hello").expect("it is open");
        } else {
            connection.close(CloseCode::NORMAL, "").expect("it is open");
        }
    }

    fn on_connect_failed(&mut self, connection: &mut Context<'_, Self>, error: &ConnectError) {
        self.note(connection, format!("failed: {error}"));
        if self.tries_again {
            let config = ClientConfig::new("ws://simulated/").expect("an address");
            let number = *connection.state();
            connection.worker().connect(address(), &config, number).expect("there is room");
        }
    }

    fn on_close(&mut self, connection: &mut Context<'_, Self>, closed: &Closed<'_>) {
        self.note(connection, format!("closed {} {:?}", closed.code.number(), closed.cause));
    }
}

/// All servers behind the address.
#[derive(Debug)]
struct Servers {
    network: Network,
    peers: Vec<Server>,
    random: Random,
    /// Some answer with something else, or not, or leave.
    are_moody: bool,
    ends_streams: bool,
}

#[derive(Debug)]
struct Server {
    peer: Peer,
    arrived: Vec<u8>,
    /// What the kernel has not taken.
    leaving: Vec<u8>,
    is_open: bool,
    has_closed: bool,
    has_ended: bool,
    has_ended_first: bool,
    patience: usize,
    mood: usize,
}

impl Servers {
    fn new(network: &Network, seed: u64, are_moody: bool) -> Self {
        let random = Random::new(seed);
        Self { network: network.clone(), peers: Vec::new(), random, are_moody, ends_streams: true }
    }
}

impl Pump for Servers {
    fn pump(&mut self) -> bool {
        let mut has_moved = false;
        while let Some(peer) = self.network.accept(address()) {
            let mood = if self.are_moody { self.random.range(0, 12) } else { 11 };
            self.peers.push(Server {
                peer,
                arrived: Vec::new(),
                leaving: Vec::new(),
                is_open: false,
                has_closed: false,
                has_ended: false,
                has_ended_first: false,
                patience: 5,
                mood,
            });
            has_moved = true;
        }
        for server in &mut self.peers {
            has_moved |= server.pump(self.ends_streams);
        }
        has_moved
    }
}

impl Server {
    fn pump(&mut self, ends_streams: bool) -> bool {
        let bytes = self.peer.read(usize::MAX);
        self.arrived.extend_from_slice(&bytes);
        let mut has_moved = !bytes.is_empty();
        if !self.is_open {
            self.answer();
        }
        while self.is_open && self.echo() {}
        let written = self.peer.write(&self.leaving);
        self.leaving.drain(..written);
        has_moved |= written > 0;
        if self.has_closed && self.leaving.is_empty() && ends_streams && !self.has_ended {
            // The other side has time to be the first.
            self.patience -= 1;
            has_moved = true;
            if self.patience == 0 {
                self.has_ended = true;
                self.has_ended_first = self.peer.incoming() == Stream::Open;
                self.peer.end();
            }
        }
        has_moved
    }

    fn answer(&mut self) {
        let Some(end) = self.arrived.windows(4).position(|four| four == b"\r\n\r\n") else {
            return;
        };
        let head: Vec<u8> = self.arrived.drain(..end + 4).collect();
        match self.mood {
            0 => self.peer.reset(),
            1 => self.peer.end(),
            2 => {}
            3 => self.leaving.extend_from_slice(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"),
            4 => self.leaving.extend_from_slice(&[0; 10]),
            _ => {
                let head = String::from_utf8(head).expect("a head is text");
                let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
                let accept = accept_key(key.expect("a key").as_bytes());
                self.leaving.extend_from_slice(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                      Connection: Upgrade\r\nSec-WebSocket-Accept: ",
                );
                self.leaving.extend_from_slice(&accept);
                self.leaving.extend_from_slice(b"\r\n\r\n");
                self.is_open = true;
            }
        }
    }

    /// Sends one frame back, without its mask. All of them are short.
    fn echo(&mut self) -> bool {
        let &[first, second, ..] = self.arrived.as_slice() else {
            return false;
        };
        assert!(second & 0x80 != 0, "a client masks");
        let size = usize::from(second & 0x7F);
        if self.arrived.len() < 6 + size {
            return false;
        }
        let frame: Vec<u8> = self.arrived.drain(..6 + size).collect();
        let payload = frame[6..].iter().enumerate().map(|(at, byte)| byte ^ frame[2 + at % 4]);
        self.leaving.extend_from_slice(&[first, size as u8]);
        self.leaving.extend(payload);
        self.has_closed |= first == 0x88;
        true
    }
}
