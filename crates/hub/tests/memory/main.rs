//! What sessions cost: bytes that the hub holds for each, with a hundred thousand of them.
//!
//! This is a test binary of its own because counting replaces the global allocator. What is counted is what the hub's calls
//! leave allocated, spare capacity of its tables included. With their connections, `crates/server/src/host/memory.rs` counts them.

use allocation_counter::measure;
use sockeye_hub::{
    Access, Answer, BackendCall, Backlog, Command, CommandId, ConnectionKey, Disconnect, Effects,
    FanOutBound, Hub, HubConfig, Identity, Input, Mail, Namespace, NamespaceIndex, Namespaces, Now,
    Own, Pattern, Payload, Push, Refusal, RequestKey, SessionKey, Subscribe, TopicKey, UserName,
    WorkerIndex,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn the_counter_counts() {
    let mut kept = Vec::new();
    assert_eq!(measure(|| kept = vec![0_u8; 1000]).bytes_current, 1000);
    assert_eq!(kept.len(), 1000);
}

#[test]
fn a_session_with_a_subscription_is_small() {
    let mut crowd = Crowd::new();
    let bytes = crowd.measure(|crowd| {
        crowd.connect();
        crowd.subscribe("plain", 0);
    });
    crowd.check(1);
    report("a session with one subscription, without its connection", bytes);
    assert!(bytes <= SESSION_BYTES_MAX - CONNECTION_BYTES, "{bytes} bytes");
}

#[test]
fn a_further_subscription_is_smaller() {
    let mut crowd = Crowd::new();
    crowd.connect();
    crowd.subscribe("plain", 0);
    let bytes = crowd.measure(|crowd| {
        (1..=FURTHER).for_each(|further| crowd.subscribe("plain", further));
    });
    crowd.check(1 + FURTHER);
    report("each of some further subscriptions", bytes / FURTHER);
    assert!(bytes / FURTHER <= SUBSCRIPTION_BYTES_MAX, "{} bytes", bytes / FURTHER);
}

#[test]
fn presence_costs_little() {
    let [without, with] = ["plain", "present"].map(|namespace| {
        let mut crowd = Crowd::new();
        crowd.connect();
        let bytes = crowd.measure(|crowd| crowd.subscribe(namespace, 0));
        crowd.check(1);
        bytes
    });
    let bytes = with - without;
    report("an entry in presence", bytes);
    assert!(bytes <= PRESENCE_BYTES_MAX, "{bytes} bytes");
}

/// A hub, and everybody in it.
struct Crowd {
    hub: Hub,
    sessions: Sessions,
    now: Now,
}

impl Crowd {
    #[expect(clippy::disallowed_methods, reason = "any moment will do")]
    fn new() -> Self {
        let namespace = |pattern: &str| Namespace {
            subscribe: Access::Everybody,
            ..Namespace::new(Pattern::new(pattern).expect("a pattern"))
        };
        let present = Namespace { presence: true, join_leave: true, ..namespace("present:*") };
        let config = HubConfig {
            node: 1,
            worker: WorkerIndex(0),
            workers: 1,
            namespaces: Arc::new(Namespaces::new(vec![namespace("plain:*"), present])),
            grace: Duration::from_secs(30),
            fan_out: FanOutBound::default(),
        };
        Self {
            hub: Hub::new(config),
            sessions: Sessions { keys: Vec::with_capacity(SESSIONS), told: 0, random: 0 },
            now: Now { instant: Instant::now(), unix_ms: 1_700_000_000_000 },
        }
    }

    /// Bytes for each session that something leaves.
    fn measure(&mut self, something: impl FnOnce(&mut Self)) -> usize {
        let left = measure(|| something(self)).bytes_current;
        usize::try_from(left).expect("it does not free what was there before") / SESSIONS
    }

    /// Everybody comes, each with a name.
    fn connect(&mut self) {
        for number in 0..SESSIONS {
            let user = UserName::new(&format!("user-{number:05}")).expect("a name");
            let identity = Identity { user: Some(user), has_token: true, ..Identity::default() };
            let input = Input::Connect {
                connection: ConnectionKey(number as u64),
                id: CommandId(1),
                identity,
                resume: None,
            };
            self.hub.handle(self.now, input, &mut self.sessions);
        }
        self.hub.end_tick(self.now, &mut self.sessions);
    }

    /// Everybody subscribes to one of the channels of that name; a hundred to each.
    fn subscribe(&mut self, namespace: &str, number: usize) {
        for place in 0..SESSIONS {
            let channel = format!("{namespace}:{number}-{}", place % CHANNELS);
            let subscribe = Subscribe { channel: channel.into(), ..Subscribe::default() };
            let input = Input::Command {
                session: self.sessions.keys[place],
                id: CommandId(2),
                command: Command::Subscribe(subscribe),
            };
            self.hub.handle(self.now, input, &mut self.sessions);
        }
        self.hub.end_tick(self.now, &mut self.sessions);
    }

    fn check(&self, subscriptions: usize) {
        let stats = self.hub.stats();
        assert_eq!(stats.sessions, SESSIONS as u64);
        assert_eq!(stats.subscriptions, (SESSIONS * subscriptions) as u64);
        assert_eq!(stats.subscriptions_behind, 0);
        assert_eq!(self.sessions.told, SESSIONS * (1 + subscriptions), "greeted and subscribed");
    }
}

/// Keeps the names of the sessions, and nothing else of what it is told.
struct Sessions {
    keys: Vec<SessionKey>,
    told: usize,
    random: u64,
}

impl Effects for Sessions {
    fn mail(&mut self, _: WorkerIndex, mail: Mail) {
        panic!("there is one worker: {mail:?}");
    }

    fn attach(&mut self, _: ConnectionKey, session: SessionKey) {
        self.keys.push(session);
    }

    fn tell(&mut self, _: ConnectionKey, _: &Own<'_>) -> Backlog {
        self.told += 1;
        Backlog::Bytes(0)
    }

    fn backlog(&mut self, _: ConnectionKey) -> Backlog {
        Backlog::Bytes(0)
    }

    fn publish(&mut self, _: TopicKey, _: u64, _: Option<ConnectionKey>, _: &Push<'_>) {}

    fn join(&mut self, _: ConnectionKey, _: TopicKey, _: &[u8]) {}

    fn leave(&mut self, _: ConnectionKey, _: TopicKey) {}

    fn disconnect(&mut self, _: ConnectionKey, disconnect: &Disconnect) {
        panic!("nobody goes: {disconnect}");
    }

    fn answer(&mut self, _: RequestKey, _: Answer) {}

    fn call_backend(&mut self, _: &BackendCall<'_>) -> bool {
        false
    }

    fn check_payload(
        &mut self,
        _: NamespaceIndex,
        _: Payload<'_>,
        _: Option<&str>,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    fn resume_soon(&mut self) {}

    fn random(&mut self) -> u64 {
        self.random += 1;
        self.random
    }
}

#[expect(clippy::print_stdout, reason = "figures for whoever measures")]
fn report(what: &str, bytes: usize) {
    println!("{what}: {bytes} bytes");
}

const SESSIONS: usize = 100_000;
const CHANNELS: usize = 1000;
const FURTHER: usize = 10;

/// What DESIGN.md, 5 aims at, and what of it is the engine's.
const SESSION_BYTES_MAX: usize = 640;
const CONNECTION_BYTES: usize = 156;
const SUBSCRIPTION_BYTES_MAX: usize = 96;
const PRESENCE_BYTES_MAX: usize = 200;
