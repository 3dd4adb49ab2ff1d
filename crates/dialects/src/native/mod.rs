//! The native dialect: one protocol in three encodings, for who writes a client for us. `docs/protocol.md` describes it.
//!
//! `schema` has every message once. `decode` reads commands and `answers` and `publications` write what is told, by a reader
//! and a writer that each encoding has of its own.

mod answers;
mod bodies;
mod commands;
mod decode;
mod json;
mod msgpack;
mod protobuf;
mod publications;
mod reader;
mod schema;
mod text;
mod writer;

pub use text::{is_shallow, shallow_expected};

use crate::dialect::{Commands, Dialect, DialectError, Incoming, SharedOptions};
use crate::encoded::{Encoded, FrameKind};
use answers::write_own;
use decode::decode;
use json::{JsonReader, JsonWriter};
use msgpack::{MsgpackReader, MsgpackWriter};
use protobuf::{ProtobufReader, ProtobufWriter};
use publications::write_push;
use sockeye_hub::{Own, Push};
use std::time::Instant;

/// The native dialect, in one of its encodings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Native {
    /// JSON in text frames, which can be typed by hand.
    #[default]
    Json,
    /// The same maps in MessagePack.
    Msgpack,
    /// Protocol Buffers.
    Protobuf,
}

impl Native {
    /// All of them, the preferred ones first.
    pub const ALL: [Self; 3] = [Self::Json, Self::Msgpack, Self::Protobuf];

    /// What a client and a server agree on in the opening handshake.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "sockeye.v1.json",
            Self::Msgpack => "sockeye.v1.msgpack",
            Self::Protobuf => "sockeye.v1.protobuf",
        }
    }

    /// The encoding of a subprotocol. Who offers none gets the default one, so that any console will do.
    #[must_use]
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|native| native.subprotocol() == name)
    }

    const fn frame_kind(self) -> FrameKind {
        match self {
            Self::Json => FrameKind::Text,
            Self::Msgpack | Self::Protobuf => FrameKind::Binary,
        }
    }
}

impl Dialect for Native {
    /// Each frame says all.
    type State = ();

    fn handle_message(
        &self,
        (): &mut (),
        message: Incoming<'_>,
        _: Instant,
        commands: &mut impl Commands,
    ) -> Result<(), DialectError> {
        match (self, message) {
            (Self::Json, Incoming::Text(text)) => decode(JsonReader::new(text), commands),
            (Self::Msgpack, Incoming::Binary(bytes)) => decode(MsgpackReader::new(bytes), commands),
            (Self::Protobuf, Incoming::Binary(bytes)) => {
                decode(ProtobufReader::new(bytes), commands)
            }
            (Self::Json, Incoming::Binary(_)) => {
                Err(DialectError::expected("expected text frames, with JSON"))
            }
            (Self::Msgpack | Self::Protobuf, Incoming::Text(_)) => {
                Err(DialectError::expected("expected binary frames"))
            }
        }
    }

    fn encode_own(&self, (): &mut (), own: &Own<'_>, encoded: &mut Encoded) {
        let bytes = encoded.bytes();
        match self {
            Self::Json => JsonWriter::object(bytes, |writer| write_own(writer, own)),
            Self::Msgpack => MsgpackWriter::object(bytes, |writer| write_own(writer, own)),
            Self::Protobuf => ProtobufWriter::object(bytes, |writer| write_own(writer, own)),
        }
        encoded.end_frame(self.frame_kind());
    }

    fn encode_shared(&self, push: &Push<'_>, _: SharedOptions, encoded: &mut Encoded) {
        let bytes = encoded.bytes();
        match self {
            Self::Json => JsonWriter::object(bytes, |writer| write_push(writer, push)),
            Self::Msgpack => MsgpackWriter::object(bytes, |writer| write_push(writer, push)),
            Self::Protobuf => ProtobufWriter::object(bytes, |writer| write_push(writer, push)),
        }
        encoded.end_frame(self.frame_kind());
    }
}
