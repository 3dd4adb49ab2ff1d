//! The crowd, and the worker that serves it.

use super::CHANNELS;
use super::uncounted::Uncounted;
use crate::auth::{Algorithm, Anonymous, Authentication, Claims, SigningKey, TokenKey};
use crate::cli::{Arguments, Command};
use crate::endpoints::Endpoints;
use crate::host::Shared;
use crate::serve;
use crate::settings::Settings;
use allocation_counter::measure;
use sockeye::WorkerId;
use sockeye::driver::{Network, Peer, Simulated, Weather};
use sockeye::limits::ACCEPTS_PER_TICK_MAX;
use sockeye::worker::{ManualClock, Worker, WorkerParts};
use sockeye_hub::{Access, Namespace, Namespaces, Pattern};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Everybody, and what serves them.
pub(super) struct Crowd {
    worker: Worker<Uncounted, Endpoints>,
    network: Network,
    clock: ManualClock,
    shared: Arc<Shared>,
    key: SigningKey,
    clients: Vec<Peer>,
    /// What the worker has allocated and not freed.
    bytes: i64,
}

impl Crowd {
    /// A worker as `sockeye serve` makes it, without a client.
    pub(super) fn new() -> Self {
        let Ok(Command::Serve(arguments)) = Arguments::try_read(["sockeye"]) else {
            panic!("without a command it serves");
        };
        let shared = Arc::new(serve::shared(1, settings()).expect("random bytes"));
        let (driver, network) = Simulated::new(0, Weather::calm());
        let (mut parts, _remote) = WorkerParts::new(vec![Uncounted(driver)]);
        let part = parts.remove(0);
        let (clock, config) = (ManualClock::new(), serve::config(&arguments));
        let mut worker = None;
        let counted = measure(|| {
            let handler = Endpoints::new(WorkerId(0), &shared);
            worker = Some(part.into_worker(handler, config, &clock));
        });
        let worker = worker.expect("it was made");
        let key = SigningKey::new(Algorithm::Hs256, SECRET).expect("a secret");
        let (clients, bytes) = (Vec::new(), counted.bytes_current);
        Self { worker, network, clock, shared, key, clients, bytes }
    }

    /// Everybody comes, as many at a time as are accepted in a tick: upgrades, connects with a token, and subscribes, each when
    /// the step before is answered.
    pub(super) fn come(&mut self) {
        let mut steps = Vec::with_capacity(CLIENTS);
        let mut done = 0;
        while done < CLIENTS {
            for _ in 0..ACCEPTS_PER_TICK_MAX.min(CLIENTS - self.clients.len()) {
                self.clients.push(self.network.connect());
                self.say(steps.len(), REQUEST);
                steps.push(Step::Upgrades);
            }
            self.tick();
            for (client, step) in steps.iter_mut().enumerate().skip(done) {
                let heard = self.clients[client].read(usize::MAX);
                if !heard.is_empty() {
                    *step = self.go_on(client, *step, &heard);
                }
            }
            done += steps[done..].iter().take_while(|step| **step == Step::Done).count();
        }
    }

    /// The client was answered: it takes the next step.
    fn go_on(&self, client: usize, step: Step, heard: &[u8]) -> Step {
        match step {
            Step::Upgrades => {
                assert!(heard.starts_with(b"HTTP/1.1 101"), "{}", heard.escape_ascii());
                let claims = Claims {
                    sub: Some(format!("user-{client:05}")),
                    exp: IN_THE_FUTURE,
                    ..Claims::default()
                };
                let token = self.key.sign(&claims, None).expect("a key that signs");
                self.say(client, &frame(&format!(r#"{{"id":1,"connect":{{"token":"{token}"}}}}"#)));
                Step::Connects
            }
            Step::Connects => {
                expect(heard, b"\"connected\"", 1);
                self.say(client, &subscribe("plain", 0..=0, client));
                Step::Subscribes
            }
            Step::Subscribes => {
                expect(heard, b"\"subscribed\"", 1);
                Step::Done
            }
            Step::Done => panic!("nobody talks to it: {}", heard.escape_ascii()),
        }
    }

    /// Everybody subscribes to the channels of that name with these numbers.
    pub(super) fn subscribe(&mut self, name: &str, numbers: RangeInclusive<usize>) {
        for first in (0..CLIENTS).step_by(CHANNELS) {
            let some = first..first + CHANNELS;
            for client in some.clone() {
                self.say(client, &subscribe(name, numbers.clone(), client));
            }
            self.settle();
            for client in some {
                expect(
                    &self.clients[client].read(usize::MAX),
                    b"\"subscribed\"",
                    numbers.clone().count(),
                );
            }
        }
    }

    /// Everybody sends a message of which a half arrives first. Then something is published in each channel, and arrives in
    /// pieces, because nobody's kernel takes as much at once.
    pub(super) fn talk(&mut self) {
        let ping = frame(r#"{"id":9,"ping":{}}"#);
        for half in [&ping[..9], &ping[9..]] {
            (0..CLIENTS).for_each(|client| self.say(client, half));
            self.settle();
        }
        self.clients.iter().for_each(|client| expect(&client.read(usize::MAX), b"\"pong\"", 1));
        for channel in 0..CHANNELS {
            let publish = r#"{"publish":{"channel":"plain:0-"#;
            self.say(channel, &frame(&format!(r#"{publish}{channel}","data":"{NEWS}"}}}}"#)));
        }
        self.network.set_weather(Weather { kernel_bytes_max: 64, ..Weather::calm() });
        self.settle();
        let mut heard = vec![Vec::new(); CLIENTS];
        while self.clients.iter().any(|client| client.readable() > 0) {
            for (client, heard) in self.clients.iter().zip(&mut heard) {
                heard.extend(client.read(usize::MAX));
            }
            self.settle();
        }
        self.network.set_weather(Weather::calm());
        heard.iter().for_each(|heard| expect(heard, NEWS.as_bytes(), 1));
    }

    /// That everybody is there, with so many subscriptions, and that so much was published.
    pub(super) fn check(&self, subscriptions: usize, published: usize) {
        let response = self.shared.metrics.response();
        let text = str::from_utf8(response.body()).expect("text");
        for line in [
            format!("sockeye_connections {CLIENTS}"),
            format!("sockeye_sessions {CLIENTS}"),
            format!("sockeye_subscriptions {}", CLIENTS * subscriptions),
            "sockeye_subscriptions_behind 0".to_owned(),
            format!("sockeye_published_total {published}"),
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is missing in\n{text}");
        }
    }

    /// What the worker has allocated.
    pub(super) fn bytes(&self) -> usize {
        usize::try_from(self.bytes).expect("it frees only what it has allocated")
    }

    /// Bytes for each client that something leaves.
    pub(super) fn cost(&mut self, something: impl FnOnce(&mut Self)) -> usize {
        let before = self.bytes();
        something(self);
        (self.bytes() - before) / CLIENTS
    }

    fn say(&self, client: usize, bytes: &[u8]) {
        assert_eq!(self.clients[client].write(bytes), bytes.len(), "there is room");
    }

    fn tick(&mut self) {
        let Self { worker, clock, .. } = self;
        let counted = measure(|| worker.tick(clock).expect("the simulated driver can wait"));
        self.bytes += counted.bytes_current;
    }

    /// Lets the worker do all that there is to do.
    fn settle(&mut self) {
        self.tick();
        while self.network.idle_wait().is_none_or(|wait| wait.is_zero()) {
            self.tick();
        }
    }
}

/// What a client awaits the answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Upgrades,
    Connects,
    Subscribes,
    Done,
}

/// Who has a token of ours may do everything in two kinds of channels.
fn settings() -> Settings {
    let namespace = |pattern: &str| Namespace {
        subscribe: Access::Everybody,
        publish: Access::Everybody,
        ..Namespace::new(Pattern::new(pattern).expect("a pattern"))
    };
    // Nobody is told who joins: that costs bytes on the wire, and nothing that is kept.
    let present = Namespace { presence: true, ..namespace("present:*") };
    let key = TokenKey::new(Algorithm::Hs256, SECRET).expect("a secret");
    Settings {
        authentication: Authentication::new(vec![key], Anonymous::Refused),
        namespaces: Arc::new(Namespaces::new(vec![namespace("plain:*"), present])),
        ..Settings::development()
    }
}

/// Subscribes to a channel of each number, all in one frame.
fn subscribe(name: &str, numbers: RangeInclusive<usize>, client: usize) -> Vec<u8> {
    let channel = client % CHANNELS;
    let command =
        |number| format!(r#"{{"id":2,"subscribe":{{"channel":"{name}:{number}-{channel}"}}}}"#);
    frame(&numbers.map(command).collect::<String>())
}

/// That something is said so many times.
#[track_caller]
fn expect(heard: &[u8], what: &[u8], times: usize) {
    let found = heard.windows(what.len()).filter(|window| *window == what).count();
    assert_eq!(found, times, "{} in {}", what.escape_ascii(), heard.escape_ascii());
}

/// A final text frame, masked with zeros.
fn frame(payload: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match payload.len() {
        size @ 0..126 => frame.push(0x80 | size as u8),
        size => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(size as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload.as_bytes());
    frame
}

pub(super) const CLIENTS: usize = 100_000;

const REQUEST: &[u8] =
    b"GET /connect HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const SECRET: &[u8] = b"thirty-two bytes or more of a secret";

/// Seconds since 1970: in 2096.
const IN_THE_FUTURE: u64 = 4_000_000_000;

const NEWS: &str = "the news, which are long enough to be cut";
