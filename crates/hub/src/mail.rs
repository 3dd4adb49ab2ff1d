//! What the hubs of the workers tell each other.

use crate::command::{CommandId, PresenceView};
use crate::effects::{Answer, ConnectionKey, RequestKey, SessionKey, WorkerIndex};
use crate::ending::Disconnect;
use crate::names::{ChannelName, Pattern, SessionId, UserName};
use crate::publication::{Epoch, Format, Publication, Publisher};
use crate::relay::Subject;
use crate::session::{CallAnswer, Packed};
use crate::told::{Member, PresenceDiff, PresencePage, Receipt};
use crate::under_way::Load;
use std::sync::Arc;
use std::time::Instant;

/// A piece of mail. What is inside is the hub's own business.
#[derive(Debug)]
pub struct Mail(pub(crate) Letter);

impl Letter {
    /// What it counts as on its way, if it is fan-out: what can be left out when there is too much, and made up for later.
    /// All else is control, which always gets there.
    pub(crate) fn fan_out(&self) -> Option<Load> {
        let content = match self {
            Self::ToRelay { news, .. } => news.fan_out_size()?,
            Self::Watched { publication, .. } => publication.size(),
            Self::WatchedLost { .. } => 0,
            _ => return None,
        };
        Some(Load { letters: 1, size: size_of::<Self>() + content })
    }
}

/// To whom, and what.
#[derive(Debug)]
pub(crate) enum Letter {
    ToHome {
        channel: ChannelName,
        request: HomeRequest,
    },
    ToRelay {
        channel: ChannelName,
        news: RelayNews,
    },
    /// A page of history that a session asked for to catch up.
    Page(Box<Page>),
    ToSession {
        to: Addressee,
        news: SessionNews,
        /// Who hears whether the session was found, where it was or was not.
        reply: Option<ReplyTo>,
    },
    /// To where the sessions of a user are known.
    ToUser {
        user: UserName,
        news: UserNews,
    },
    /// To all sessions: the first worker numbers it.
    ForAll {
        message: Arc<Publication>,
        except: Arc<[SessionId]>,
    },
    /// To all sessions of this worker.
    ToAll {
        number: u64,
        message: Arc<Publication>,
        except: Arc<[SessionId]>,
    },
    /// What was asked for.
    Answer {
        to: ReplyTo,
        answer: Answer,
    },
    /// A worker's first subscription to a pattern, or its last one is gone.
    Watch {
        pattern: Pattern,
        worker: WorkerIndex,
        /// Which opening of the relay it is; `None`: its last subscription is gone.
        opening: Option<u32>,
    },
    /// It gets what is published to the pattern's channels here from now on.
    Watching {
        pattern: Pattern,
        opening: u32,
    },
    /// Something was published to a channel of a pattern.
    Watched {
        pattern: Pattern,
        channel: ChannelName,
        publication: Arc<Publication>,
    },
    /// Some of that was not sent, because too much was under way.
    WatchedLost {
        pattern: Pattern,
    },
    /// So much fan-out mail was taken, since this was said last.
    Taken {
        by: WorkerIndex,
        load: Load,
    },
    /// A session is wanted elsewhere.
    Take(Box<Take>),
    /// Here it is, or it is not.
    Given {
        connection: ConnectionKey,
        session: Option<Box<Packed>>,
    },
    /// A session that began here is on another worker now: after so many moves.
    Moved {
        session: SessionId,
        to: WorkerIndex,
        moves: u32,
    },
    /// A session that began here has ended, after so many moves.
    Ended {
        session: SessionId,
        moves: u32,
        user: Option<UserName>,
    },
}

/// A session, as who writes to it knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addressee {
    /// By its place on the worker that is written to.
    Key(SessionKey),
    /// By its name, to the worker where it began or was last.
    Id(SessionId),
}

/// Who awaits an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyTo {
    Session {
        worker: WorkerIndex,
        to: Addressee,
        id: CommandId,
        /// It wants to hear only of what goes wrong.
        is_quiet: bool,
    },
    Request {
        worker: WorkerIndex,
        key: RequestKey,
    },
}

/// What the home of a channel is asked for.
#[derive(Debug)]
pub(crate) enum HomeRequest {
    Open {
        worker: WorkerIndex,
        opening: u32,
    },
    Close {
        worker: WorkerIndex,
    },
    Publish(Box<PublishRequest>),
    Page(PageRequest),
    /// After so many moves of the session.
    Join {
        member: Member,
        moves: u32,
    },
    /// As [`HomeRequest::Join`].
    Leave {
        session: SessionId,
        moves: u32,
    },
    Presence {
        view: PresenceView<'static>,
        limit: usize,
        reply: ReplyTo,
    },
    History {
        request: HistoryRequest,
        reply: ReplyTo,
    },
    Describe {
        reply: ReplyTo,
    },
    Configure {
        metadata: Option<Arc<str>>,
        reply: ReplyTo,
    },
    Remove {
        reply: ReplyTo,
    },
}

/// What somebody wants to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistoryRequest {
    pub(crate) after: Option<u64>,
    pub(crate) before: Option<u64>,
    pub(crate) limit: usize,
    pub(crate) state: bool,
}

/// A publication before it is numbered.
#[derive(Debug)]
pub(crate) struct PublishRequest {
    pub(crate) draft: Publication,
    pub(crate) is_volatile: bool,
    pub(crate) ttl_ms: Option<u64>,
    pub(crate) idempotency_key: Option<Box<str>>,
    pub(crate) expected_version: Option<u64>,
    /// Whether who publishes may know the value that is there, if it has another version.
    pub(crate) shows_value: bool,
    pub(crate) reply: ReplyTo,
}

/// What a session that is behind asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageRequest {
    pub(crate) worker: WorkerIndex,
    pub(crate) session: SessionKey,
    pub(crate) after: u64,
    /// The latest of each key, up to this number, instead of all.
    pub(crate) state_until: Option<u64>,
}

/// See [`Letter::Page`].
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) channel: ChannelName,
    pub(crate) request: PageRequest,
    pub(crate) publications: Vec<Arc<Publication>>,
    /// What was asked for up to here is not there any more.
    pub(crate) lost_to: u64,
    /// Up to here the page is complete.
    pub(crate) to: u64,
    /// Where the channel is. A relay that is behind is not there yet.
    pub(crate) top: u64,
}

/// What a relay hears of the home of its channel.
#[derive(Debug)]
pub(crate) enum RelayNews {
    Opened {
        opening: u32,
        epoch: Epoch,
        top: u64,
        metadata: Option<Arc<str>>,
    },
    Published(Arc<Publication>),
    /// What it has missed: it was behind.
    Missed(Box<Missed>),
    Presence(Arc<PresenceDiff>),
    /// Who is there, in place of diffs that it has missed.
    Members(Box<PresencePage>),
    Metadata(Option<Arc<str>>),
    Removed,
}

impl RelayNews {
    /// Bytes of what it refers to, if it is fan-out.
    fn fan_out_size(&self) -> Option<usize> {
        match self {
            Self::Published(publication) => Some(publication.size()),
            Self::Missed(missed) => Some(missed.publications.iter().map(|one| one.size()).sum()),
            Self::Presence(diff) => {
                Some(diff.joined.iter().chain(&diff.left).map(Member::size).sum())
            }
            Self::Members(page) => Some(page.members.iter().map(Member::size).sum()),
            Self::Opened { .. } | Self::Metadata(_) | Self::Removed => None,
        }
    }
}

/// A part of what a relay has missed, which follows on what it has got.
#[derive(Debug)]
pub(crate) struct Missed {
    /// Up to here nothing is left. Not more than it has got: nothing is lost.
    pub(crate) lost_to: u64,
    pub(crate) publications: Vec<Arc<Publication>>,
    /// There is no more: what follows is live.
    pub(crate) is_all: bool,
}

/// What a session hears of others.
#[derive(Clone, Debug)]
pub(crate) enum SessionNews {
    Message(Arc<Publication>),
    /// Now or never.
    Volatile(Arc<Publication>),
    Called(Arc<IncomingCall>),
    CallCancelled {
        caller: CallRef,
    },
    Answered {
        call: u64,
        answer: CallAnswer,
    },
    Disconnect(Arc<Disconnect>),
    Unsubscribe(Subject),
}

impl SessionNews {
    /// What whoever sent it hears when somebody has got it.
    pub(crate) const fn answer(&self) -> Answer {
        match self {
            Self::Message(_) | Self::Volatile(_) => Answer::Published(Receipt::WITHOUT_POSITION),
            _ => Answer::Done,
        }
    }
}

/// A call of some session's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallRef {
    pub(crate) worker: WorkerIndex,
    pub(crate) session: SessionKey,
    /// Its number there.
    pub(crate) call: u64,
}

/// See [`SessionNews::Called`].
#[derive(Debug)]
pub(crate) struct IncomingCall {
    pub(crate) caller: CallRef,
    pub(crate) from: Publisher,
    pub(crate) method: Box<str>,
    pub(crate) format: Format,
    pub(crate) payload: Box<[u8]>,
    pub(crate) deadline: Instant,
}

/// What is known, or wanted, of a user's sessions.
#[derive(Debug)]
pub(crate) enum UserNews {
    /// One of them is there. Both come from where it began, wherever it is and ends: so they come in order.
    Came {
        session: SessionId,
    },
    Gone {
        session: SessionId,
    },
    /// For all of them.
    Tell {
        news: SessionNews,
        reply: ReplyTo,
    },
}

/// See [`Letter::Take`].
#[derive(Debug)]
pub(crate) struct Take {
    pub(crate) session: SessionId,
    pub(crate) nonce: u128,
    pub(crate) user: Option<UserName>,
    /// Where it is wanted, and by which connection.
    pub(crate) worker: WorkerIndex,
    pub(crate) connection: ConnectionKey,
}
