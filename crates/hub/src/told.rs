//! What clients are told: all subscribers alike ([`Push`]), or one session ([`Own`]).

use crate::command::CommandId;
use crate::ending::{Disconnect, Revocation};
use crate::names::{ChannelName, ResumeToken, SessionId, UserName};
use crate::publication::{Payload, Position, Publication, Publisher};
use crate::refusal::Refusal;
use std::sync::Arc;
use std::time::Duration;

/// What all subscribers of a channel are told alike: encoded once for each variant.
#[derive(Clone, Copy, Debug)]
pub enum Push<'a> {
    /// Something was published.
    Publication {
        /// What was subscribed to: the channel, or the pattern that has it.
        subject: &'a str,
        /// The channel.
        channel: &'a ChannelName,
        /// It.
        publication: &'a Publication,
        /// The number of the publication before it that these subscribers have got.
        previous: u64,
    },
    /// Sessions have come, gone, or changed what they show.
    Presence {
        /// The channel.
        channel: &'a ChannelName,
        /// The changes since the version before.
        diff: &'a PresenceDiff,
    },
    /// Where the channel is: who has less has lost something.
    Heartbeat {
        /// The channel.
        channel: &'a ChannelName,
        /// Its last publication, or the last one that passes the subscribers' filter.
        position: Position,
    },
    /// They did not get, and will not get, what is in between: their worker was too slow. They stay live.
    Lost {
        /// The channel, or the pattern.
        subject: &'a str,
        /// What, and why.
        loss: Loss,
    },
    /// Who is there, in place of changes that their worker was too slow for, where everybody may know.
    Members {
        /// A page of it.
        page: &'a PresencePage,
    },
}

/// What one session is told: answers, and what only it is to know.
#[derive(Clone, Copy, Debug)]
pub enum Own<'a> {
    /// It is connected. The first that it is told.
    Connected {
        /// The command.
        id: CommandId,
        /// What it is.
        session: &'a SessionGreeting<'a>,
    },
    /// Its token was replaced.
    Refreshed {
        /// The command.
        id: CommandId,
        /// Until when the new one is good, in milliseconds since 1970. `None`: it does not end.
        expires_ms: Option<u64>,
    },
    /// It is subscribed. What it catches up with follows.
    Subscribed {
        /// The command; 0 for those that come with a session that resumed.
        id: CommandId,
        /// To what, and from where.
        subscription: &'a Subscribed<'a>,
    },
    /// It is not subscribed any more, as it wanted.
    Unsubscribed {
        /// The command.
        id: CommandId,
        /// To what.
        subject: &'a str,
    },
    /// It was published.
    Published {
        /// The command.
        id: CommandId,
        /// As what.
        receipt: &'a Receipt,
    },
    /// A command was carried out, and there is nothing to say about it.
    Done {
        /// The command.
        id: CommandId,
    },
    /// A command was not carried out.
    Refused {
        /// The command.
        id: CommandId,
        /// Why.
        refusal: &'a Refusal,
    },
    /// What was published.
    History {
        /// The command.
        id: CommandId,
        /// A page of it.
        page: &'a HistoryPage,
    },
    /// Who is there.
    Presence {
        /// The command; 0: nobody asked, but changes may have been missed by who has just caught up, or whose worker was too
        /// slow. Only to who might ask.
        id: CommandId,
        /// A page of it.
        page: &'a PresencePage,
    },
    /// The answer to its call.
    Answered {
        /// The command that called.
        id: CommandId,
        /// The answer, or the code and the text of what went wrong there.
        answer: Result<Payload<'a>, (&'a str, &'a str)>,
    },
    /// Here we are.
    Pong {
        /// The command.
        id: CommandId,
    },
    /// Something that it catches up with.
    Publication {
        /// The channel.
        channel: &'a ChannelName,
        /// It.
        publication: &'a Publication,
        /// The number of the publication before it that this session has got of the channel.
        previous: u64,
        /// What the subscription's dialect puts into each delivery.
        tag: &'a [u8],
    },
    /// It did not get, and will not get, what is in between.
    Lost {
        /// The channel, or the pattern.
        subject: &'a str,
        /// What, and why.
        loss: Loss,
    },
    /// It has caught up: what comes now is live.
    CaughtUp {
        /// The channel.
        channel: &'a ChannelName,
        /// Where it is.
        position: Position,
    },
    /// A subscription was ended by somebody else.
    Revoked {
        /// To what.
        subject: &'a str,
        /// Why.
        reason: Revocation,
    },
    /// What it may do has changed.
    PermissionsChanged {
        /// Until when the token is good, in milliseconds since 1970. `None`: it does not end.
        expires_ms: Option<u64>,
    },
    /// Something for this session, or its user, alone.
    Message {
        /// Its number among those; 0: it need not be acknowledged, and comes at most once.
        number: u64,
        /// It. The sequence number means nothing.
        message: &'a Publication,
    },
    /// Messages to this session that it never acknowledged are gone: there were too many.
    MessagesLost {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// Somebody asks this session, and awaits a [`crate::Command::Reply`].
    Called {
        /// The call's number, for the reply.
        call: u64,
        /// Who asks.
        caller: &'a Publisher,
        /// For what.
        method: &'a str,
        /// With what.
        payload: Payload<'a>,
        /// How long an answer is awaited.
        timeout: Duration,
    },
    /// Nobody awaits that reply any more.
    CallCancelled {
        /// The call's number.
        call: u64,
    },
    /// It should come back later, or elsewhere: the server goes away.
    Reconnect {
        /// After how long.
        after: Duration,
        /// The address of another server, if it knows one.
        to: Option<&'a str>,
    },
    /// The connection ends now.
    Disconnected {
        /// Why.
        disconnect: &'a Disconnect,
    },
}

/// See [`Own::Connected`].
#[derive(Clone, Copy, Debug)]
pub struct SessionGreeting<'a> {
    /// The session.
    pub session: SessionId,
    /// What it resumes with, from now on.
    pub resume: ResumeToken,
    /// How long it outlives its connection.
    pub grace: Duration,
    /// It is the session that was asked for. If not, nothing of that is left: subscriptions have to be made again.
    pub is_resumed: bool,
    /// Its user, unless anonymous.
    pub user: Option<&'a UserName>,
    /// Until when the token is good, in milliseconds since 1970. `None`: it does not end.
    pub expires_ms: Option<u64>,
}

/// See [`Own::Subscribed`].
#[derive(Clone, Copy, Debug)]
pub struct Subscribed<'a> {
    /// The channel or pattern.
    pub subject: &'a str,
    /// Where the subscription is: the client resumes with it even if it gets nothing. `None` for a pattern, which is live
    /// only.
    pub position: Option<Position>,
    /// What becomes of what the subscriber has missed.
    pub recovery: Recovery,
    /// What the channel is: any JSON.
    pub metadata: Option<&'a str>,
}

/// What becomes of what a subscriber has missed: one of these, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It asked for nothing: it is live from the position on.
    Live,
    /// Everything after its position follows, up to this number, then [`Own::CaughtUp`].
    Recovered {
        /// The last one. The position itself: it has missed nothing.
        to: u64,
    },
    /// The latest value of each key follows, up to this number, then what came after, then [`Own::CaughtUp`]. The chain of
    /// `previous` starts at this number: the values are no part of it.
    Snapshot {
        /// What the snapshot is of.
        sequence: u64,
    },
    /// What is in between is not there any more. What is left follows, then [`Own::CaughtUp`].
    Lost {
        /// The position that it had asked for: what was after it is lost,
        from: u64,
        /// up to this number. The numbers of another epoch say nothing; then `from` is 0.
        to: u64,
    },
}

/// See [`Own::Lost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What was after this number is lost,
    pub from: u64,
    /// up to this one.
    pub to: u64,
    /// Why.
    pub reason: LossReason,
}

/// Why a subscriber did not get something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossReason {
    /// It was too slow, or its worker, and history does not reach back so far.
    Trimmed,
    /// It was too slow, and its subscription drops the oldest.
    Dropped,
    /// It was too slow, and gets the latest of each key.
    Conflated,
    /// It was too slow, or its worker, for a pattern, which has no history. The numbers say nothing.
    NoHistory,
}

impl LossReason {
    /// Its name, as protocols have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trimmed => "trimmed",
            Self::Dropped => "dropped",
            Self::Conflated => "conflated",
            Self::NoHistory => "no_history",
        }
    }
}

/// What became of a publication.
///
/// A publisher that is left out knows from this where its publication is. It takes it for got if it has got `previous`; if it
/// is still behind that, what it catches up with goes over it without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where it is in its channel's stream. `None`: it is volatile, or was for sessions.
    pub position: Option<Position>,
    /// The number of the publication before it, so that a publisher that is left out sees no gap.
    pub previous: u64,
    /// It was published before, with the same idempotency key; this is where.
    pub is_duplicate: bool,
}

impl Receipt {
    /// That of what was for sessions.
    pub(crate) const WITHOUT_POSITION: Self =
        Self { position: None, previous: 0, is_duplicate: false };
}

/// A page of what was published.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// The channel.
    pub channel: ChannelName,
    /// Its top position.
    pub top: Position,
    /// The publications, oldest first.
    pub publications: Vec<Arc<Publication>>,
    /// There are more: after the last one, or, if the last ones were asked for, before the first.
    pub has_more: bool,
}

/// Somebody who is there: one of a user's sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The session.
    pub session: SessionId,
    /// Its user, unless anonymous.
    pub user: Option<UserName>,
    /// What it shows of itself: JSON.
    pub info: Option<Arc<str>>,
}

impl Member {
    /// Bytes that it takes, with what it refers to.
    pub(crate) fn size(&self) -> usize {
        let user = self.user.as_ref().map_or(0, |user| user.as_str().len());
        size_of::<Self>() + user + self.info.as_ref().map_or(0, |info| info.len())
    }
}

/// A page of who is there.
#[derive(Clone, Debug)]
pub struct PresencePage {
    /// The channel.
    pub channel: ChannelName,
    /// How often presence has changed: the diffs from the next version on are to be applied to this.
    pub version: u64,
    /// How many sessions there are.
    pub sessions: usize,
    /// Of how many users, the anonymous not counted.
    pub users: usize,
    /// The members of this page, by session, if that is how it was looked at.
    pub members: Vec<Member>,
    /// The users of this page and how many sessions each has, if that is how it was looked at.
    pub members_by_user: Vec<(UserName, u32)>,
    /// There are more after the last one.
    pub has_more: bool,
}

/// What has changed in a channel's presence in a tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PresenceDiff {
    /// The version that these changes make. The one before is smaller by 1.
    pub version: u64,
    /// Who has come, or shows something else.
    pub joined: Vec<Member>,
    /// Who has gone.
    pub left: Vec<Member>,
}
