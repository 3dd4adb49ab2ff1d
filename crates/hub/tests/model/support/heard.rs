//! What clients are told, owned, as a wire would carry it.

use sockeye_hub::{
    CommandId, HistoryPage, Loss, Member, Own, Position, PresenceDiff, PresencePage, Publication,
    Push, Receipt, Recovery, RefusalCode, ResumeToken, SessionId,
};

#[derive(Clone, Debug)]
pub(crate) enum Heard {
    Connected {
        id: u64,
        session: SessionId,
        token: ResumeToken,
        is_resumed: bool,
    },
    Subscribed {
        id: u64,
        subject: String,
        position: Option<Position>,
        recovery: Recovery,
    },
    Unsubscribed {
        id: u64,
        subject: String,
    },
    Published {
        id: u64,
        receipt: Receipt,
    },
    /// Whatever has nothing more to say: done, pong, refreshed.
    Done {
        id: u64,
    },
    Refused {
        id: u64,
        code: RefusalCode,
        current: Option<u64>,
    },
    History {
        id: u64,
        page: HistoryPage,
    },
    Presence {
        id: u64,
        page: PresencePage,
    },
    Answered {
        id: u64,
        answer: Result<Vec<u8>, String>,
    },
    /// From a topic or not.
    Publication {
        subject: String,
        channel: String,
        item: Item,
        previous: u64,
        is_live: bool,
    },
    Diff {
        channel: String,
        diff: PresenceDiff,
    },
    Heartbeat {
        channel: String,
        position: Position,
    },
    /// From a topic or not.
    Lost {
        subject: String,
        loss: Loss,
        is_live: bool,
    },
    CaughtUp {
        channel: String,
        position: Position,
    },
    Revoked {
        subject: String,
    },
    PermissionsChanged,
    Message {
        number: u64,
        item: Item,
    },
    MessagesLost {
        from: u64,
        to: u64,
    },
    Called {
        call: u64,
        method: String,
    },
    CallCancelled {
        call: u64,
    },
    Disconnected {
        may_return: bool,
    },
}

/// A publication. Its payload begins with the number of the attempt to publish it that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) sequence: u64,
    pub(crate) attempt: usize,
    pub(crate) key: Option<String>,
    pub(crate) topic: Option<String>,
    pub(crate) publisher: Option<SessionId>,
    pub(crate) excludes_publisher: bool,
    pub(crate) size: usize,
}

impl Item {
    pub(crate) fn of(publication: &Publication) -> Self {
        let attempt = publication.payload.first_chunk().expect("it begins with a number");
        Self {
            sequence: publication.sequence,
            attempt: u64::from_le_bytes(*attempt) as usize,
            key: publication.key().map(ToString::to_string),
            topic: publication
                .headers()
                .find(|(name, _)| *name == "topic")
                .map(|(_, is)| is.into()),
            publisher: publication.publisher.as_ref().map(|publisher| publisher.session),
            excludes_publisher: publication.excludes_publisher,
            size: publication.payload.len(),
        }
    }
}

impl Heard {
    pub(crate) fn push(push: &Push<'_>) -> Self {
        match *push {
            Push::Publication { subject, channel, publication, previous } => Self::Publication {
                subject: subject.into(),
                channel: channel.to_string(),
                item: Item::of(publication),
                previous,
                is_live: true,
            },
            Push::Presence { channel, diff } => {
                Self::Diff { channel: channel.to_string(), diff: diff.clone() }
            }
            Push::Heartbeat { channel, position } => {
                Self::Heartbeat { channel: channel.to_string(), position }
            }
            Push::Lost { subject, loss } => {
                Self::Lost { subject: subject.into(), loss, is_live: true }
            }
            Push::Members { page } => Self::Presence { id: 0, page: page.clone() },
        }
    }

    pub(crate) fn own(own: &Own<'_>) -> Self {
        match *own {
            Own::Connected { id: CommandId(id), session } => Self::Connected {
                id,
                session: session.session,
                token: session.resume,
                is_resumed: session.is_resumed,
            },
            Own::Subscribed { id: CommandId(id), subscription } => Self::Subscribed {
                id,
                subject: subscription.subject.into(),
                position: subscription.position,
                recovery: subscription.recovery,
            },
            Own::Unsubscribed { id: CommandId(id), subject } => {
                Self::Unsubscribed { id, subject: subject.into() }
            }
            Own::Published { id: CommandId(id), receipt } => {
                Self::Published { id, receipt: *receipt }
            }
            Own::Done { id } | Own::Pong { id } | Own::Refreshed { id, .. } => {
                Self::Done { id: id.0 }
            }
            Own::Refused { id: CommandId(id), refusal } => Self::Refused {
                id,
                code: refusal.code,
                current: refusal.current.as_ref().map(|current| current.sequence),
            },
            Own::History { id: CommandId(id), page } => Self::History { id, page: page.clone() },
            Own::Presence { id: CommandId(id), page } => Self::Presence { id, page: page.clone() },
            Own::Answered { id: CommandId(id), answer } => Self::Answered {
                id,
                answer: answer.map(|answer| answer.bytes.into()).map_err(|(code, _)| code.into()),
            },
            _ => Self::own_push(own),
        }
    }

    fn own_push(own: &Own<'_>) -> Self {
        match *own {
            Own::Publication { channel, publication, previous, .. } => Self::Publication {
                subject: channel.to_string(),
                channel: channel.to_string(),
                item: Item::of(publication),
                previous,
                is_live: false,
            },
            Own::Lost { subject, loss } => {
                Self::Lost { subject: subject.into(), loss, is_live: false }
            }
            Own::CaughtUp { channel, position } => {
                Self::CaughtUp { channel: channel.to_string(), position }
            }
            Own::Revoked { subject, .. } => Self::Revoked { subject: subject.into() },
            Own::Message { number, message } => Self::Message { number, item: Item::of(message) },
            Own::MessagesLost { from, to } => Self::MessagesLost { from, to },
            Own::Called { call, method, .. } => Self::Called { call, method: method.into() },
            Own::CallCancelled { call } => Self::CallCancelled { call },
            Own::Disconnected { disconnect } => {
                Self::Disconnected { may_return: disconnect.may_return }
            }
            _ => Self::PermissionsChanged,
        }
    }

    /// About how many bytes it takes on the wire.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Publication { item, .. } | Self::Message { item, .. } => 60 + item.size,
            Self::Presence { page, .. } => 60 + page.members.len() * size_of::<Member>(),
            Self::History { page, .. } => {
                60 + page.publications.iter().map(|one| one.payload.len()).sum::<usize>()
            }
            _ => 60,
        }
    }

    /// Of which channel or pattern it tells something that only those may hear who may subscribe to it.
    pub(crate) fn subject(&self) -> Option<&str> {
        match self {
            Self::Publication { subject, .. } | Self::Lost { subject, .. } => Some(subject),
            Self::Diff { channel, .. }
            | Self::Heartbeat { channel, .. }
            | Self::CaughtUp { channel, .. } => Some(channel),
            _ => None,
        }
    }
}
