//! Commands in Protocol Buffers, made from those that are JSON.

use prost::Message;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Message)]
pub(super) struct ClientFrame {
    #[prost(message, repeated, tag = "1")]
    pub(super) commands: Vec<Command>,
}

#[derive(Deserialize, Message)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Command {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, optional, tag = "2")]
    connect: Option<Connect>,
    #[prost(message, optional, tag = "4")]
    subscribe: Option<Subscribe>,
    #[prost(message, optional, tag = "5")]
    unsubscribe: Option<Subscribe>,
    #[prost(message, optional, tag = "6")]
    publish: Option<Publish>,
    #[prost(message, optional, tag = "11")]
    presence: Option<Subscribe>,
    #[prost(message, optional, tag = "13")]
    history: Option<Subscribe>,
    #[prost(message, optional, tag = "15")]
    disconnect: Option<Disconnect>,
}

#[derive(Deserialize, Message)]
#[serde(default, deny_unknown_fields)]
struct Connect {
    #[prost(string, optional, tag = "1")]
    token: Option<String>,
    #[prost(message, optional, tag = "2")]
    resume: Option<Resume>,
}

#[derive(Deserialize, Message)]
#[serde(default, deny_unknown_fields)]
struct Resume {
    #[prost(string, tag = "1")]
    token: String,
    #[prost(btree_map = "string, uint64", tag = "2")]
    positions: BTreeMap<String, u64>,
}

/// Also of what has nothing but a channel.
#[derive(Deserialize, Message)]
#[serde(default, deny_unknown_fields)]
struct Subscribe {
    #[prost(string, tag = "1")]
    channel: String,
    #[prost(message, optional, tag = "2")]
    position: Option<super::Position>,
    #[prost(string, optional, tag = "3")]
    slow: Option<String>,
}

#[derive(Deserialize, Message)]
#[serde(default, deny_unknown_fields)]
struct Publish {
    #[prost(string, tag = "1")]
    channel: String,
    #[prost(string, optional, tag = "5")]
    data: Option<String>,
    #[prost(string, optional, tag = "7")]
    key: Option<String>,
    #[prost(string, optional, tag = "13")]
    idempotency_key: Option<String>,
    #[prost(bool, tag = "15")]
    exclude_self: bool,
}

#[derive(Deserialize, Message)]
#[serde(deny_unknown_fields)]
struct Disconnect {}
