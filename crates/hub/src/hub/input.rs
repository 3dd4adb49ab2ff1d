//! What a hub is told of.

use crate::command::{Command, CommandId, Request};
use crate::effects::{ConnectionKey, RequestKey, SessionKey, TopicKey, WorkerIndex};
use crate::ending::Disconnect;
use crate::identity::Identity;
use crate::mail::Mail;
use crate::names::ResumeToken;
use crate::publication::Payload;
use crate::refusal::Refusal;

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// A client has shown who it is. [`crate::Effects::attach`] follows, at once or when another worker has given its session
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
        /// What [`crate::Effects::publish`] had for the first push that it missed.
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
    /// The backend asks for something. [`crate::Effects::answer`] follows.
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
