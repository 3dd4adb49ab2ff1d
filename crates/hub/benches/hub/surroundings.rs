//! A hub alone in the world: what it wants done is not done, and what it says is heard only as far as it is needed to go on.

use sockeye_hub::{
    Answer, BackendCall, Backlog, Command, CommandId, ConnectionKey, Disconnect, Effects,
    FanOutBound, Hub, HubConfig, Identity, Input, Mail, Namespace, NamespaceIndex, Namespaces, Now,
    Own, Pattern, Payload, Push, Refusal, RequestKey, Resume, ResumeToken, SessionKey, TopicKey,
    WorkerIndex,
};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A hub, and what it has heard.
pub(crate) struct Surroundings {
    hub: Hub,
    now: Now,
    heard: Heard,
    connections: u64,
}

/// A session as its client knows it.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) key: SessionKey,
    token: ResumeToken,
}

#[derive(Default)]
struct Heard {
    attached: Option<SessionKey>,
    token: Option<ResumeToken>,
    wants_resume: bool,
    publications: u64,
    random: u64,
}

impl Surroundings {
    pub(crate) fn new() -> Self {
        let namespace = Namespace {
            history_size: HISTORY_SIZE,
            history_ttl: Duration::from_secs(1 << 20),
            ..Namespace::new(Pattern::new("*").expect("a pattern"))
        };
        let hub = Hub::new(HubConfig {
            node: 1,
            worker: WorkerIndex(0),
            workers: 1,
            namespaces: Arc::new(Namespaces::new(vec![namespace])),
            grace: Duration::from_secs(30),
            fan_out: FanOutBound::default(),
        });
        let now = Now { instant: now(), unix_ms: 1_795_867_200_000 };
        Self { hub, now, heard: Heard::default(), connections: 0 }
    }

    /// A new session.
    pub(crate) fn connect(&mut self) -> Session {
        self.connect_with(None)
    }

    /// The session on another connection, after it has got everything of a channel up to this number. Gives how many
    /// publications it gets.
    pub(crate) fn resume(&mut self, session: &mut Session, position: (&str, u64)) -> u64 {
        self.heard.publications = 0;
        let token = session.token;
        *session = self.connect_with(Some(Resume { token, positions: vec![position], message: 0 }));
        self.heard.publications
    }

    pub(crate) fn ask(&mut self, session: Session, command: Command<'_>) {
        self.handle(Input::Command { session: session.key, id: CommandId(1), command });
    }

    fn connect_with(&mut self, resume: Option<Resume<'_>>) -> Session {
        self.connections += 1;
        let connection = ConnectionKey(self.connections);
        let identity = Identity { is_unrestricted: true, ..Identity::default() };
        self.handle(Input::Connect { connection, id: CommandId(1), identity, resume });
        let key = self.heard.attached.expect("it was attached");
        Session { key, token: self.heard.token.expect("it was told") }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.hub.handle(self.now, input, &mut self.heard);
        while std::mem::take(&mut self.heard.wants_resume) {
            self.hub.resume(self.now, &mut self.heard);
        }
        self.hub.end_tick(self.now, &mut self.heard);
    }
}

impl Effects for Heard {
    fn mail(&mut self, _: WorkerIndex, _: Mail) {
        unreachable!("there is one worker");
    }

    fn attach(&mut self, _: ConnectionKey, session: SessionKey) {
        self.attached = Some(session);
    }

    fn tell(&mut self, _: ConnectionKey, own: &Own<'_>) -> Backlog {
        match own {
            Own::Connected { session, .. } => self.token = Some(session.resume),
            Own::Publication { .. } => self.publications += 1,
            Own::Refused { refusal, .. } => panic!("{refusal:?}"),
            _ => {}
        }
        black_box(own);
        Backlog::Bytes(0)
    }

    fn backlog(&mut self, _: ConnectionKey) -> Backlog {
        Backlog::Bytes(0)
    }

    fn publish(&mut self, _: TopicKey, _: u64, _: Option<ConnectionKey>, push: &Push<'_>) {
        black_box(push);
    }

    fn join(&mut self, _: ConnectionKey, _: TopicKey, _: &[u8]) {}

    fn leave(&mut self, _: ConnectionKey, _: TopicKey) {}

    fn disconnect(&mut self, _: ConnectionKey, _: &Disconnect) {}

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

    fn resume_soon(&mut self) {
        self.wants_resume = true;
    }

    fn random(&mut self) -> u64 {
        self.random += 1;
        self.random
    }
}

#[expect(clippy::disallowed_methods, reason = "the hub wants to know it, and it stands still")]
fn now() -> Instant {
    Instant::now()
}

/// More than any of the benchmarks misses.
const HISTORY_SIZE: usize = 2000;
