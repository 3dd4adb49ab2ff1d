//! What a client asks for, whatever it speaks.

use crate::names::SessionId;
use crate::publication::{Attributes, Payload, Position};
use std::borrow::Cow;
use std::time::Duration;

/// Which command an answer is for: a number that the client chose, or its dialect. 0: it wants no answer, unless it fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(pub u64);

/// What a session asks for, apart from what tokens are needed for: connecting and refreshing, which are the server's.
#[derive(Clone, Debug, PartialEq)]
pub enum Command<'a> {
    /// To get what is published to a channel.
    Subscribe(Subscribe<'a>),
    /// To get no more of it.
    Unsubscribe {
        /// A channel or pattern that is subscribed to.
        channel: Cow<'a, str>,
    },
    /// To publish.
    Publish(Publish<'a>),
    /// To ask another session, or the backend, and get an answer.
    Call(Call<'a>),
    /// To let a call be: its answer is not wanted any more.
    Cancel {
        /// The command that called.
        call: CommandId,
    },
    /// To answer a call that this session got.
    Reply {
        /// The call's number, as it came.
        call: u64,
        /// The answer, or the code and the text of what went wrong.
        answer: Result<Payload<'a>, (Cow<'a, str>, Cow<'a, str>)>,
    },
    /// To say what has arrived.
    Acknowledge(Acknowledge<'a>),
    /// Who is there.
    Presence {
        /// The channel.
        channel: Cow<'a, str>,
        /// Of what there is a page, and which.
        view: PresenceView<'a>,
        /// At most so many of them; [`crate::limits::PAGE_MEMBERS_MAX`] at most, and unless it says.
        limit: Option<usize>,
    },
    /// What this session shows of itself in a channel's presence from now on.
    UpdatePresence {
        /// The channel.
        channel: Cow<'a, str>,
        /// Any JSON.
        info: Payload<'a>,
    },
    /// What was published.
    History(History<'a>),
    /// Whether anybody is there.
    Ping,
}

/// See [`Command::Subscribe`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subscribe<'a> {
    /// A channel's name, or a pattern that ends in `*`.
    pub channel: Cow<'a, str>,
    /// Where to go on: what followed on this position is sent first.
    pub position: Option<Position>,
    /// What happens when this subscriber is too slow; the namespace's unless it says.
    pub slow: Option<SlowPolicy>,
    /// Only publications with all these headers.
    pub filter: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The channel's state first: the latest value of each key.
    pub snapshot: bool,
    /// What to show in presence, beside what the token says: any JSON.
    pub info: Option<Payload<'a>>,
    /// What the dialect puts into each delivery by itself. Empty unless its protocol needs that.
    pub tag: Cow<'a, [u8]>,
}

/// What happens to a subscription whose connection is too slow. It always hears of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SlowPolicy {
    /// It gets everything, later, from history.
    #[default]
    Replay,
    /// It hears what is lost, and gets what comes then.
    DropOldest,
    /// Of the publications with one key that it missed it gets the last one.
    Conflate,
    /// Its session is disconnected, and may come back.
    Disconnect,
}

impl SlowPolicy {
    /// By name, as in configuration and protocol.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Replay, Self::DropOldest, Self::Conflate, Self::Disconnect]
            .into_iter()
            .find(|policy| policy.name() == name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::DropOldest => "drop-oldest",
            Self::Conflate => "conflate",
            Self::Disconnect => "disconnect",
        }
    }
}

/// See [`Command::Publish`].
#[derive(Clone, Debug, PartialEq)]
pub struct Publish<'a> {
    /// To whom.
    pub target: Target<'a>,
    /// What.
    pub payload: Payload<'a>,
    /// And how.
    pub attributes: Attributes<'a>,
    /// The same publication twice has the same key, and is published once ([`crate::limits::IDEMPOTENCY_WINDOW`]).
    pub idempotency_key: Option<&'a str>,
    /// Publish only if the value of `key` has this version, which is a sequence number; 0: if there is none.
    pub expected_version: Option<u64>,
    /// The session that publishes it does not get it: what it publishes to itself alone, nobody gets.
    pub exclude_self: bool,
}

/// To whom something is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// The subscribers of a channel.
    Channel(Cow<'a, str>),
    /// All sessions of a user, as messages of their own.
    User(Cow<'a, str>),
    /// One session.
    Session(SessionId),
    /// All sessions that are connected, but for some.
    All {
        /// Those that do not get it.
        except: Vec<SessionId>,
    },
}

/// See [`Command::Call`].
#[derive(Clone, Debug, PartialEq)]
pub struct Call<'a> {
    /// Whom; `None` is the backend.
    pub session: Option<SessionId>,
    /// What is asked for.
    pub method: Cow<'a, str>,
    /// With what.
    pub payload: Payload<'a>,
    /// How long the answer may take: [`crate::limits::CALL_TIMEOUT`] unless it says.
    pub timeout: Option<Duration>,
}

/// See [`Command::Acknowledge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acknowledge<'a> {
    /// Everything of a channel up to this number has arrived: a resumed session goes on from there.
    Channel {
        /// The channel.
        channel: Cow<'a, str>,
        /// The number.
        sequence: u64,
    },
    /// Everything that was sent to the session itself up to this number has arrived: it is not sent again.
    Messages {
        /// The number.
        number: u64,
    },
}

/// See [`Command::History`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History<'a> {
    /// The channel.
    pub channel: Cow<'a, str>,
    /// Those after this number, oldest first; `None`: the last ones, oldest first.
    pub after: Option<u64>,
    /// Only those before this number: for going back, the oldest that is known.
    pub before: Option<u64>,
    /// At most so many; [`crate::limits::PAGE_PUBLICATIONS_MAX`] at most, and unless it says.
    pub limit: Option<usize>,
    /// The latest publication of each key instead.
    pub state: bool,
}

/// How presence is looked at. Numbers come with each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PresenceView<'a> {
    /// Numbers only.
    Counts,
    /// Sessions, with what they show of themselves.
    #[default]
    AllSessions,
    /// As [`PresenceView::AllSessions`], those after the last one of the page before.
    SessionsAfter(SessionId),
    /// Users, with how many sessions they have; the anonymous are not among them.
    AllUsers,
    /// As [`PresenceView::AllUsers`], those after the last one of the page before.
    UsersAfter(Cow<'a, str>),
}

impl PresenceView<'_> {
    pub(crate) fn into_owned(self) -> PresenceView<'static> {
        match self {
            Self::Counts => PresenceView::Counts,
            Self::AllSessions => PresenceView::AllSessions,
            Self::SessionsAfter(session) => PresenceView::SessionsAfter(session),
            Self::AllUsers => PresenceView::AllUsers,
            Self::UsersAfter(user) => PresenceView::UsersAfter(user.into_owned().into()),
        }
    }
}

/// What a backend asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request<'a> {
    /// As [`Command::Publish`]; nothing is forbidden.
    Publish(Publish<'a>),
    /// As [`Command::Presence`].
    Presence {
        /// The channel.
        channel: Cow<'a, str>,
        /// Of what there is a page, and which.
        view: PresenceView<'a>,
        /// At most so many of them.
        limit: Option<usize>,
    },
    /// As [`Command::History`].
    History(History<'a>),
    /// What a channel is.
    Channel {
        /// The channel.
        channel: Cow<'a, str>,
    },
    /// Creates a channel, which stays until it is removed, or changes its metadata.
    Configure {
        /// The channel.
        channel: Cow<'a, str>,
        /// Any JSON; `None` for none.
        metadata: Option<Payload<'a>>,
    },
    /// Ends a channel: its history and state are gone, its subscribers are told.
    Remove {
        /// The channel.
        channel: Cow<'a, str>,
    },
    /// Ends sessions of a user, or one session.
    Disconnect {
        /// Whose.
        target: Target<'a>,
        /// What they are told.
        reason: Cow<'a, str>,
        /// Whether they may come back.
        may_return: bool,
    },
    /// Ends a subscription of sessions of a user, or of one session.
    Unsubscribe {
        /// Whose.
        target: Target<'a>,
        /// To which channel or pattern.
        channel: Cow<'a, str>,
    },
}
