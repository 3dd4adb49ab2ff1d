//! What the hub answers, as JSON.

use super::fault::Fault;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use sockeye_hub::{
    Answer, ChannelInfo, Format, HistoryPage, Member, Position, PresencePage, Publication, Receipt,
};
use std::collections::BTreeMap;

/// Writes an answer down.
pub(super) fn write(answer: Answer) -> Result<Box<str>, Fault> {
    Ok(match answer {
        Answer::Published(receipt) => to_json(&Published::of(&receipt)),
        Answer::Presence(page) => to_json(&Presence::of(&page)),
        Answer::History(page) => to_json(&History::of(&page)),
        Answer::Channel(info) => to_json(&Channel::of(&info)),
        Answer::Done => "{}".into(),
        Answer::Refused(refusal) => return Err(refusal.into()),
    })
}

/// Writes down what this module or its neighbours have made.
pub(super) fn to_json(value: &impl Serialize) -> Box<str> {
    serde_json::to_string(value).expect("maps have strings for keys").into()
}

/// A place in a channel's stream.
#[derive(Serialize)]
struct Place {
    epoch: String,
    sequence: u64,
}

impl From<Position> for Place {
    fn from(Position { epoch, sequence }: Position) -> Self {
        Self { epoch: epoch.to_string(), sequence }
    }
}

#[derive(Serialize)]
struct Published {
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Place>,
    #[serde(skip_serializing_if = "is_false")]
    duplicate: bool,
}

impl Published {
    fn of(receipt: &Receipt) -> Self {
        Self { position: receipt.position.map(Place::from), duplicate: receipt.is_duplicate }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[derive(Serialize)]
struct History<'p> {
    channel: &'p str,
    position: Place,
    publications: Vec<Item<'p>>,
    more: bool,
}

impl<'p> History<'p> {
    fn of(page: &'p HistoryPage) -> Self {
        Self {
            channel: page.channel.as_str(),
            position: page.top.into(),
            publications: page
                .publications
                .iter()
                .map(|publication| Item::of(publication))
                .collect(),
            more: page.has_more,
        }
    }
}

/// A publication.
#[derive(Serialize)]
pub(super) struct Item<'p> {
    sequence: u64,
    previous: u64,
    time_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'p str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'p str, &'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'p str>,
    priority: u8,
}

impl<'p> Item<'p> {
    pub(super) fn of(publication: &'p Publication) -> Self {
        // What says to be JSON was checked when it came in.
        let data = match publication.format {
            Format::Json => serde_json::from_slice(&publication.payload).ok(),
            Format::Binary => None,
        };
        let publisher = publication.publisher.as_ref();
        Self {
            sequence: publication.sequence,
            previous: publication.previous,
            time_ms: publication.time_ms,
            data_base64: data.is_none().then(|| BASE64_STANDARD.encode(&publication.payload)),
            data,
            priority: publication.priority,
            key: publication.key().map(|key| &**key),
            content_type: publication.content_type(),
            headers: publication.headers().collect(),
            session: publisher.map(|publisher| publisher.session.to_string()),
            user: publisher.and_then(|publisher| publisher.user.as_ref()).map(|user| user.as_str()),
        }
    }

    pub(super) fn into_value(self) -> serde_json::Value {
        serde_json::to_value(self).expect("maps have strings for keys")
    }
}

#[derive(Serialize)]
struct Presence<'p> {
    channel: &'p str,
    version: u64,
    sessions: usize,
    users: usize,
    members: Vec<Somebody<'p>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members_by_user: Vec<UserSessions<'p>>,
    more: bool,
}

impl<'p> Presence<'p> {
    fn of(page: &'p PresencePage) -> Self {
        Self {
            channel: page.channel.as_str(),
            version: page.version,
            sessions: page.sessions,
            users: page.users,
            members: page.members.iter().map(Somebody::of).collect(),
            members_by_user: page
                .members_by_user
                .iter()
                .map(|(user, sessions)| UserSessions { user: user.as_str(), sessions: *sessions })
                .collect(),
            more: page.has_more,
        }
    }
}

/// A user, and how many sessions that has.
#[derive(Serialize)]
struct UserSessions<'p> {
    user: &'p str,
    sessions: u32,
}

#[derive(Serialize)]
struct Somebody<'p> {
    session: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<&'p RawValue>,
}

impl<'p> Somebody<'p> {
    fn of(member: &'p Member) -> Self {
        Self {
            session: member.session.to_string(),
            user: member.user.as_ref().map(|user| user.as_str()),
            info: member.info.as_deref().and_then(raw),
        }
    }
}

#[derive(Serialize)]
struct Channel<'c> {
    position: Place,
    history: usize,
    keys: usize,
    sessions: usize,
    metadata: Option<&'c RawValue>,
}

impl<'c> Channel<'c> {
    fn of(info: &'c ChannelInfo) -> Self {
        Self {
            position: info.top.into(),
            history: info.history,
            keys: info.keys,
            sessions: info.sessions,
            metadata: info.metadata.as_deref().and_then(raw),
        }
    }
}

/// JSON that was checked when it came in.
fn raw(json: &str) -> Option<&RawValue> {
    serde_json::from_str(json).ok()
}
