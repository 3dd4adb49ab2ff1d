//! What clients say and hear, in the encodings of the native protocol.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which encoding a client has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Msgpack,
}

impl Encoding {
    pub(crate) const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "sockeye.v1.json",
            Self::Msgpack => "sockeye.v1.msgpack",
        }
    }

    /// A command.
    pub(crate) fn encode(self, command: &Value) -> Vec<u8> {
        match self {
            Self::Json => command.to_string().into_bytes(),
            Self::Msgpack => rmp_serde::to_vec(command).expect("maps, numbers and texts"),
        }
    }

    /// A message. What it has that is not asked for is left.
    pub(crate) fn decode(self, message: &[u8]) -> Result<Told, String> {
        match self {
            Self::Json => serde_json::from_slice(message).map_err(|error| error.to_string()),
            Self::Msgpack => rmp_serde::from_slice(message).map_err(|error| error.to_string()),
        }
    }

    /// `data` of a publication: a text that begins with its id, in JSON.
    pub(crate) fn data(self, id: u64, size: usize) -> Value {
        let text = format!("{id} {}", "x".repeat(size));
        match self {
            Self::Json => json!(text),
            // There it is a text that holds JSON.
            Self::Msgpack => json!(json!(text).to_string()),
        }
    }
}

/// The id that `data` begins with.
pub(crate) fn id_of(data: &str) -> Option<u64> {
    data.trim_start_matches('"').split(' ').next()?.parse().ok()
}

/// What a server says: one of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Told {
    pub(crate) id: u64,
    pub(crate) connected: Option<Connected>,
    pub(crate) subscribed: Option<Subscribed>,
    pub(crate) unsubscribed: Option<Named>,
    pub(crate) published: Option<Published>,
    pub(crate) error: Option<Refused>,
    pub(crate) publication: Option<Publication>,
    pub(crate) lost: Option<Lost>,
    pub(crate) caught_up: Option<At>,
    pub(crate) heartbeat: Option<At>,
    pub(crate) revoked: Option<Named>,
    pub(crate) history: Option<Named>,
    pub(crate) presence: Option<Named>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Connected {
    pub(crate) session: String,
    pub(crate) resume: String,
    pub(crate) resumed: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Position {
    pub(crate) epoch: String,
    pub(crate) sequence: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Subscribed {
    pub(crate) channel: String,
    pub(crate) position: Option<Position>,
    pub(crate) recovery: String,
    #[serde(default)]
    pub(crate) from: u64,
    #[serde(default)]
    pub(crate) to: u64,
}

/// Something about a channel.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) channel: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Published {
    pub(crate) position: Option<Position>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Refused {
    pub(crate) code: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Publication {
    pub(crate) channel: String,
    pub(crate) sequence: u64,
    pub(crate) previous: u64,
    pub(crate) data: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Lost {
    pub(crate) channel: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct At {
    pub(crate) channel: String,
    pub(crate) position: Position,
}

/// What resumes a session.
pub(crate) fn resume(token: &str, positions: &BTreeMap<String, u64>) -> Value {
    json!({ "token": token, "positions": positions })
}
