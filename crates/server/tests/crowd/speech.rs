//! What clients say and hear, in the encodings of the native protocol.
//!
//! One description serves all of them: serde's for JSON and MessagePack, prost's for Protocol Buffers, with the numbers of
//! `docs/protocol.md`.

mod commands;

use commands::{ClientFrame, Command};
use prost::Message;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which encoding a client has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Msgpack,
    Protobuf,
}

impl Encoding {
    pub(crate) const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "sockeye.v1.json",
            Self::Msgpack => "sockeye.v1.msgpack",
            Self::Protobuf => "sockeye.v1.protobuf",
        }
    }

    /// A command.
    pub(crate) fn encode(self, command: Value) -> Vec<u8> {
        match self {
            Self::Json => command.to_string().into_bytes(),
            Self::Msgpack => rmp_serde::to_vec(&command).expect("maps, numbers and texts"),
            Self::Protobuf => {
                let command: Command = serde_json::from_value(command).expect("a known command");
                ClientFrame { commands: vec![command] }.encode_to_vec()
            }
        }
    }

    /// A message. What it has that is not asked for is left.
    pub(crate) fn decode(self, message: &[u8]) -> Result<Told, String> {
        match self {
            Self::Json => serde_json::from_slice(message).map_err(|error| error.to_string()),
            Self::Msgpack => rmp_serde::from_slice(message).map_err(|error| error.to_string()),
            Self::Protobuf => Told::decode(message).map_err(|error| error.to_string()),
        }
    }

    /// `data` of a publication: a text that begins with its id, in JSON.
    pub(crate) fn data(self, id: u64, size: usize) -> Value {
        let text = format!("{id} {}", "x".repeat(size));
        match self {
            Self::Json => json!(text),
            // There it is a text that holds JSON.
            Self::Msgpack | Self::Protobuf => json!(json!(text).to_string()),
        }
    }
}

/// The id that `data` begins with.
pub(crate) fn id_of(data: &str) -> Option<u64> {
    data.trim_start_matches('"').split(' ').next()?.parse().ok()
}

/// What a server says: one of these.
#[derive(Deserialize, Message)]
#[serde(default)]
pub(crate) struct Told {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    #[prost(message, optional, tag = "2")]
    pub(crate) connected: Option<Connected>,
    #[prost(message, optional, tag = "4")]
    pub(crate) subscribed: Option<Subscribed>,
    #[prost(message, optional, tag = "5")]
    pub(crate) unsubscribed: Option<Named>,
    #[prost(message, optional, tag = "6")]
    pub(crate) published: Option<Published>,
    #[prost(message, optional, tag = "8")]
    pub(crate) error: Option<Refused>,
    #[prost(message, optional, tag = "9")]
    pub(crate) history: Option<Named>,
    #[prost(message, optional, tag = "10")]
    pub(crate) presence: Option<Named>,
    #[prost(message, optional, tag = "13")]
    pub(crate) publication: Option<Publication>,
    #[prost(message, optional, tag = "14")]
    pub(crate) heartbeat: Option<At>,
    #[prost(message, optional, tag = "16")]
    pub(crate) lost: Option<Lost>,
    #[prost(message, optional, tag = "17")]
    pub(crate) caught_up: Option<At>,
    #[prost(message, optional, tag = "18")]
    pub(crate) revoked: Option<Named>,
}

#[derive(Deserialize, Message)]
pub(crate) struct Connected {
    #[prost(string, tag = "1")]
    pub(crate) session: String,
    #[prost(string, tag = "2")]
    pub(crate) resume: String,
    #[prost(bool, tag = "4")]
    pub(crate) resumed: bool,
}

#[derive(Clone, Deserialize, Message)]
pub(crate) struct Position {
    #[prost(string, tag = "1")]
    pub(crate) epoch: String,
    #[prost(uint64, tag = "2")]
    pub(crate) sequence: u64,
}

#[derive(Deserialize, Message)]
pub(crate) struct Subscribed {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) position: Option<Position>,
    #[prost(string, tag = "3")]
    pub(crate) recovery: String,
    #[prost(uint64, tag = "4")]
    #[serde(default)]
    pub(crate) from: u64,
    #[prost(uint64, tag = "5")]
    #[serde(default)]
    pub(crate) to: u64,
}

/// Something about a channel.
#[derive(Deserialize, Message)]
pub(crate) struct Named {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
}

#[derive(Deserialize, Message)]
pub(crate) struct Published {
    #[prost(message, optional, tag = "1")]
    pub(crate) position: Option<Position>,
}

#[derive(Deserialize, Message)]
pub(crate) struct Refused {
    #[prost(string, tag = "1")]
    pub(crate) code: String,
}

#[derive(Deserialize, Message)]
pub(crate) struct Publication {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
    #[prost(uint64, tag = "2")]
    #[serde(default)]
    pub(crate) sequence: u64,
    #[prost(uint64, tag = "3")]
    #[serde(default)]
    pub(crate) previous: u64,
    #[prost(string, tag = "4")]
    pub(crate) data: String,
    #[prost(string, optional, tag = "13")]
    pub(crate) pattern: Option<String>,
}

#[derive(Deserialize, Message)]
pub(crate) struct Lost {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
    #[prost(uint64, tag = "2")]
    #[serde(default)]
    pub(crate) from: u64,
    #[prost(uint64, tag = "3")]
    #[serde(default)]
    pub(crate) to: u64,
}

#[derive(Deserialize, Message)]
pub(crate) struct At {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
    #[prost(message, required, tag = "2")]
    pub(crate) position: Position,
}

/// What resumes a session.
pub(crate) fn resume(token: &str, positions: &BTreeMap<String, u64>) -> Value {
    json!({ "token": token, "positions": positions })
}
