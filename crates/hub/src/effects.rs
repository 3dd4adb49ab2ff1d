//! What the hub wants done: the doors out of it.

use crate::ending::Disconnect;
use crate::mail::Mail;
use crate::namespace::NamespaceIndex;
use crate::publication::{Payload, Publisher};
use crate::refusal::Refusal;
use crate::told::{HistoryPage, Own, PresencePage, Push, Receipt};
use std::sync::Arc;
use std::time::Instant;

/// A worker, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerIndex(pub u16);

/// A connection of this worker, as its driver names it. The hub only gives it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionKey(pub u64);

/// A session of this worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    /// Its place.
    pub slot: u32,
    /// How often that place was used before.
    pub generation: u32,
}

/// What subscribers are fanned out to by: one for each channel or pattern, and filter, on this worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicKey(pub u32);

/// Who waits for the answer to a [`crate::Request`], as the worker that was asked names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey(pub u64);

/// The time, read once for each call of the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For deadlines.
    pub instant: Instant,
    /// For what people read: milliseconds since 1970.
    pub unix_ms: u64,
}

/// What the hub has its surroundings do, in this order, before the call of the hub returns or right after it.
pub trait Effects {
    /// Sends mail to the hub of another worker: never to this one's. Mail between two workers arrives in order.
    fn mail(&mut self, to: WorkerIndex, mail: Mail);

    /// A connection is a session's from now on: what it asks for comes with this name. [`Own::Connected`] follows.
    fn attach(&mut self, connection: ConnectionKey, session: SessionKey);

    /// Tells a connection something, through its dialect, and says how much waits there for being sent.
    fn tell(&mut self, to: ConnectionKey, own: &Own<'_>) -> Backlog;

    /// How much waits for being sent.
    fn backlog(&mut self, connection: ConnectionKey) -> Backlog;

    /// Tells all subscribers of a topic but one something, encoded once for each variant. Whoever is too slow leaves the
    /// topic, and [`crate::Input::Lagged`] has the mark.
    fn publish(
        &mut self,
        topic: TopicKey,
        mark: u64,
        except: Option<ConnectionKey>,
        push: &Push<'_>,
    );

    /// Makes a connection a subscriber of a topic. `tag` is what its dialect puts into each delivery.
    fn join(&mut self, connection: ConnectionKey, topic: TopicKey, tag: &[u8]);

    /// Ends that.
    fn leave(&mut self, connection: ConnectionKey, topic: TopicKey);

    /// Ends a connection, after it was told why. [`crate::Input::Disconnected`] does not follow.
    fn disconnect(&mut self, connection: ConnectionKey, disconnect: &Disconnect);

    /// Answers a backend.
    fn answer(&mut self, request: RequestKey, answer: Answer);

    /// Asks the backend for the answer to a call; [`crate::Input::CallAnswered`] follows. `false`: there is no backend.
    fn call_backend(&mut self, call: &BackendCall<'_>) -> bool;

    /// Whether a payload, which is of this media type if its publisher said so, is what its namespace wants.
    ///
    /// # Errors
    ///
    /// [`crate::RefusalCode::InvalidPayload`], with the path of the fault.
    fn check_payload(
        &mut self,
        namespace: NamespaceIndex,
        payload: Payload<'_>,
        content_type: Option<&str>,
    ) -> Result<(), Refusal>;

    /// Calls [`crate::Hub::resume`] soon: when what was queued has had a chance to leave.
    fn resume_soon(&mut self);

    /// Random bits that nobody can guess.
    fn random(&mut self) -> u64;
}

/// How much waits on a connection for being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backlog {
    /// So many bytes.
    Bytes(usize),
    /// Too much: what was told is lost to this connection, which ends. Its session has to resume.
    Gone,
}

/// A call to the backend.
#[derive(Clone, Copy, Debug)]
pub struct BackendCall<'a> {
    /// Whose call it is, for [`crate::Input::CallAnswered`].
    pub session: SessionKey,
    /// Which of its calls it is, for [`crate::Input::CallAnswered`].
    pub call: u64,
    /// Who calls.
    pub caller: &'a Publisher,
    /// What is asked for.
    pub method: &'a str,
    /// With what.
    pub payload: Payload<'a>,
    /// Until when.
    pub deadline: Instant,
}

/// The answer to a [`crate::Request`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// It was published. For users and sessions: they were there.
    Published(Receipt),
    /// Who is there.
    Presence(PresencePage),
    /// What was published.
    History(HistoryPage),
    /// What a channel is.
    Channel(ChannelInfo),
    /// It was done.
    Done,
    /// It was not.
    Refused(Refusal),
}

/// What a channel is.
#[derive(Clone, Debug)]
pub struct ChannelInfo {
    /// Its top position.
    pub top: crate::publication::Position,
    /// Publications in its history.
    pub history: usize,
    /// Values in its state.
    pub keys: usize,
    /// Sessions in its presence, where that is kept.
    pub sessions: usize,
    /// What its creator says of it: JSON.
    pub metadata: Option<Arc<str>>,
}
