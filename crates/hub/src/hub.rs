//! One worker's part of it all.

use crate::command::{Command, CommandId, Request};
use crate::effects::{ConnectionKey, Effects, Now, RequestKey, SessionKey, TopicKey, WorkerIndex};
use crate::identity::Identity;
use crate::mail::Mail;
use crate::names::ResumeToken;
use crate::namespace::Namespaces;
use crate::publication::Payload;
use crate::refusal::Refusal;
use crate::told::Disconnect;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
}

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// A client has shown who it is. [`Effects::attach`] follows, at once or when another worker has given its session
    /// away; until then what else comes of this connection has to wait, but for its end: [`Input::Abandoned`].
    Connect {
        /// Its connection.
        connection: ConnectionKey,
        /// The command.
        id: CommandId,
        /// Who it is.
        identity: Identity,
        /// The session that it was.
        resume: Option<Resume<'a>>,
    },
    /// A connection is gone that was never attached.
    Abandoned {
        /// Which.
        connection: ConnectionKey,
    },
    /// A session asks for something.
    Command {
        /// Which.
        session: SessionKey,
        /// What the answer is for.
        id: CommandId,
        /// What.
        command: Command<'a>,
    },
    /// A session has shown a new token.
    Refresh {
        /// Which.
        session: SessionKey,
        /// What the answer is for.
        id: CommandId,
        /// Who it is now: the same user, or the session is disconnected.
        identity: Identity,
    },
    /// A session's connection was too slow for a topic and has left it.
    Lagged {
        /// Which.
        session: SessionKey,
        /// The topic.
        topic: TopicKey,
        /// What [`Effects::publish`] had for the first push that it missed.
        mark: u64,
    },
    /// A session's backlog is small again.
    Drained {
        /// Which.
        session: SessionKey,
    },
    /// A session's connection is gone; its subscriptions to topics are gone with it.
    Disconnected {
        /// Which.
        session: SessionKey,
        /// It said that it would not come back.
        is_final: bool,
    },
    /// This side ends a session.
    Disconnect {
        /// Which.
        session: SessionKey,
        /// Why.
        disconnect: Disconnect,
    },
    /// The backend has answered a call, or failed to.
    CallAnswered {
        /// What [`crate::BackendCall`] had.
        session: SessionKey,
        /// What [`crate::BackendCall`] had.
        call: u64,
        /// The answer.
        answer: Result<Payload<'a>, Refusal>,
    },
    /// The backend asks for something. [`Effects::answer`] follows.
    Request {
        /// What the answer is for.
        key: RequestKey,
        /// What.
        request: Request<'a>,
    },
    /// Mail from the hub of another worker.
    Mail {
        /// Whose.
        from: WorkerIndex,
        /// It.
        mail: Mail,
    },
}

/// With what a client resumes.
#[derive(Clone, Debug)]
pub struct Resume<'a> {
    /// Which session, and that it is its.
    pub token: ResumeToken,
    /// The last sequence number that it has got of some of its channels. The others go on from what it acknowledged.
    pub positions: Vec<(&'a str, u64)>,
    /// The last message to itself that it has got.
    pub message: u64,
}

/// One worker's sessions, and the homes and relays of its channels.
///
/// Call [`Hub::handle`] with all that happens; [`Hub::handle_timeout`] when [`Hub::poll_timeout`] says; [`Hub::resume`] when
/// [`Effects::resume_soon`] asked for it; [`Hub::end_tick`] once after each batch of inputs.
#[derive(Debug)]
pub struct Hub {
    config: HubConfig,
}

impl Hub {
    /// A hub without sessions or channels.
    #[must_use]
    pub const fn new(config: HubConfig) -> Self {
        Self { config }
    }

    /// Takes what happened.
    pub fn handle(&mut self, now: Now, input: Input<'_>, effects: &mut impl Effects) {
        let _ = (now, input, effects, &self.config);
    }

    /// Has sessions that are behind catch up further.
    pub fn resume(&mut self, now: Now, effects: &mut impl Effects) {
        let _ = (now, effects, &self.config);
    }

    /// Tells what has gathered in a tick: changes of presence.
    pub fn end_tick(&mut self, now: Now, effects: &mut impl Effects) {
        let _ = (now, effects, &self.config);
    }

    /// When [`Hub::handle_timeout`] is to be called. `None`: there is nothing to wait for.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Now, effects: &mut impl Effects) {
        let _ = (now, effects, &self.config);
    }

    /// What has happened so far, and what is there.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::default()
    }
}

/// Counters since the start (`*_total` in metrics), and what is there now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sessions of this worker, those without a connection included.
    pub sessions: u64,
    /// Those that have none.
    pub sessions_detached: u64,
    /// Subscriptions of them.
    pub subscriptions: u64,
    /// Those that are behind.
    pub subscriptions_behind: u64,
    /// Channels that have their home here.
    pub channels: u64,
    /// Publications that were numbered here, since the start.
    pub published: u64,
    /// Publications that were volatile, since the start.
    pub published_volatile: u64,
    /// Publications that came twice, since the start.
    pub duplicates: u64,
    /// Commands that were refused, since the start.
    pub refused: u64,
    /// How often subscribers became too slow, since the start.
    pub lagged: u64,
    /// Publications that were sent to subscribers that were behind, since the start.
    pub caught_up: u64,
    /// How often subscribers were told that something was lost, since the start.
    pub lost: u64,
    /// Sessions that resumed, since the start.
    pub resumed: u64,
    /// Sessions that did not come back in time, since the start.
    pub expired: u64,
}
