//! One hub, and what it answers.

use sockeye_hub::{
    Answer, BackendCall, Backlog, Command, CommandId, ConnectionKey, Disconnect, Effects,
    FanOutBound, Hub, HubConfig, Identity, Input, Mail, Namespace, NamespaceIndex, Namespaces, Now,
    Own, Payload, Push, Receipt, Refusal, RefusalCode, Request, RequestKey, SessionId, SessionKey,
    TopicKey, WorkerIndex,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A hub with the sessions that talk to it.
pub(crate) struct Here {
    hub: Hub,
    around: Around,
    now: Now,
    last: u64,
}

/// What has become of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done; or is there, whatever it is.
    Done,
    Published(Receipt),
    Refused(RefusalCode, String),
    /// A call's answer: the code and the text of what went wrong.
    Failed(String, String),
    /// Nothing was told yet.
    Awaited,
}

impl Here {
    #[expect(clippy::disallowed_methods, reason = "any moment will do to begin with")]
    pub(crate) fn new(namespaces: Vec<Namespace>) -> Self {
        let config = HubConfig {
            node: 1,
            worker: WorkerIndex(0),
            workers: 1,
            namespaces: Arc::new(Namespaces::new(namespaces)),
            grace: Duration::from_secs(30),
            fan_out: FanOutBound::default(),
        };
        Self {
            hub: Hub::new(config),
            around: Around::default(),
            now: Now { instant: Instant::now(), unix_ms: 1_700_000_000_000 },
            last: 0,
        }
    }

    /// A new session.
    pub(crate) fn connect(&mut self, identity: Identity) -> (SessionKey, SessionId) {
        self.last += 1;
        let connection = ConnectionKey(self.last);
        let input = Input::Connect { connection, id: CommandId(self.last), identity, resume: None };
        self.hub.handle(self.now, input, &mut self.around);
        self.around.attached.expect("it is attached at once")
    }

    /// Has a session ask for something.
    pub(crate) fn ask(&mut self, session: SessionKey, command: Command<'_>) -> Outcome {
        self.last += 1;
        let id = CommandId(self.last);
        self.hub.handle(self.now, Input::Command { session, id, command }, &mut self.around);
        self.outcome_of(self.last)
    }

    /// Has the backend ask for something.
    pub(crate) fn request(&mut self, request: Request<'_>) -> Outcome {
        self.last += 1;
        let key = RequestKey(self.last);
        self.hub.handle(self.now, Input::Request { key, request }, &mut self.around);
        self.outcome_of(self.last)
    }

    fn outcome_of(&mut self, number: u64) -> Outcome {
        self.around.outcomes.remove(&number).unwrap_or(Outcome::Awaited)
    }

    /// The calls that sessions have got and have not been asked for here.
    pub(crate) fn calls(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.around.calls)
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.now.instant += by;
        self.now.unix_ms += by.as_millis() as u64;
        self.hub.handle_timeout(self.now, &mut self.around);
    }
}

/// Keeps answers, by what they are to. Everything that was asked has a number of its own.
#[derive(Default)]
struct Around {
    attached: Option<(SessionKey, SessionId)>,
    attaching: Option<SessionKey>,
    outcomes: HashMap<u64, Outcome>,
    calls: Vec<u64>,
    random: u64,
}

impl Around {
    fn note(&mut self, number: u64, outcome: Outcome) {
        let before = self.outcomes.insert(number, outcome);
        assert_eq!(before, None, "{number} is answered twice");
    }
}

impl Effects for Around {
    fn mail(&mut self, _: WorkerIndex, mail: Mail) {
        panic!("there is one worker: {mail:?}");
    }

    fn attach(&mut self, _: ConnectionKey, session: SessionKey) {
        self.attaching = Some(session);
    }

    fn tell(&mut self, _: ConnectionKey, own: &Own<'_>) -> Backlog {
        match *own {
            Own::Connected { session, .. } => {
                self.attached = self.attaching.map(|key| (key, session.session));
            }
            Own::Subscribed { id: CommandId(id), .. }
            | Own::Unsubscribed { id: CommandId(id), .. }
            | Own::History { id: CommandId(id), .. }
            | Own::Presence { id: CommandId(id), .. }
            | Own::Answered { id: CommandId(id), answer: Ok(_) }
            | Own::Done { id: CommandId(id) } => self.note(id, Outcome::Done),
            Own::Published { id, receipt } => self.note(id.0, Outcome::Published(*receipt)),
            Own::Refused { id, refusal } => {
                self.note(id.0, Outcome::Refused(refusal.code, refusal.text.to_string()));
            }
            Own::Answered { id, answer: Err((code, text)) } => {
                self.note(id.0, Outcome::Failed(code.into(), text.into()));
            }
            Own::Called { call, .. } => self.calls.push(call),
            _ => {}
        }
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

    fn answer(&mut self, request: RequestKey, answer: Answer) {
        let outcome = match answer {
            Answer::Published(receipt) => Outcome::Published(receipt),
            Answer::Refused(refusal) => Outcome::Refused(refusal.code, refusal.text.to_string()),
            _ => Outcome::Done,
        };
        self.note(request.0, outcome);
    }

    fn call_backend(&mut self, _: &BackendCall<'_>) -> bool {
        true
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
