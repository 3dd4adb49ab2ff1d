//! Socket.IO, version 5 of its protocol over version 4 of Engine.IO: a beginning, which the server does not offer yet.
//!
//! What is here is checked against the documents (<https://socket.io/docs/v4/socket-io-protocol/>,
//! <https://socket.io/docs/v4/engine-io-protocol/>): packets, namespaces, events, acknowledgements, binary attachments, and
//! the heartbeat. How it meets the hub:
//!
//! | packet | hub |
//! |---|---|
//! | `40{"token":".."}`, the first one | connect |
//! | `40/admin,{"token":".."}`, a later one | refresh; without a token it is connected at once |
//! | `42["join","room"]`, `42["leave","room"]` | subscribe, unsubscribe |
//! | `42["to","room",["event",..]]` | publish `["event",..]`, as it came; with attachments all in one payload |
//! | another event | a call to the backend; the answer is the acknowledgement |
//! | `43..` | the answer to a call |
//!
//! Missing: long-polling and the upgrade from it (`2probe`); `connectionStateRecovery`; what is lost because a client was too
//! slow is not told, as there is no word for it; one session has one token, so namespaces are not told apart by permissions,
//! only by the names of their channels. A room with several attachments is one opaque payload for who speaks another
//! language. Whether placeholders and attachments match has to be checked before this is offered: a client that gets others
//! ends its connection.

mod attachments;
mod event;
mod heard;
mod namespaces;
mod packet;
#[cfg(test)]
mod tests;
mod told;

use crate::dialect::{Commands, Dialect, DialectError, Incoming, SharedOptions};
use crate::encoded::{Encoded, FrameKind};
use crate::limits::SOCKET_IO_PACKET_SIZE_MAX;
use attachments::Incomplete;
use namespaces::{Namespaces, namespace_of};
use packet::Packet;
use sockeye_hub::{Own, Push, SessionId};
use std::time::{Duration, Instant};

/// Socket.IO over WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SocketIo;

/// What a client of [`SocketIo`] has said.
#[derive(Debug, Default)]
pub struct SocketIoState {
    session: Option<SessionId>,
    namespaces: Namespaces,
    incomplete: Option<Incomplete>,
    heartbeat: Heartbeat,
}

/// Engine.IO 4, "Heartbeat": the server asks.
///
/// ```text
///   Closed ──open──► Quiet ──interval──► Asked ──pong──► Quiet
///                                          └──timeout──► silent
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Heartbeat {
    #[default]
    Closed,
    /// Ask then.
    Quiet(Instant),
    /// It has to answer until then.
    Asked(Instant),
}

impl Dialect for SocketIo {
    type State = SocketIoState;

    fn handle_open(
        &self,
        state: &mut SocketIoState,
        connection: &str,
        now: Instant,
        encoded: &mut Encoded,
    ) {
        state.heartbeat = Heartbeat::Quiet(now + PING_INTERVAL);
        let open = serde_json::json!({
            "sid": connection,
            "upgrades": [],
            "pingInterval": PING_INTERVAL.as_millis() as u64,
            "pingTimeout": PING_TIMEOUT.as_millis() as u64,
            "maxPayload": SOCKET_IO_PACKET_SIZE_MAX,
        });
        encoded.bytes().extend_from_slice(format!("0{open}").as_bytes());
        encoded.end_frame(FrameKind::Text);
    }

    fn handle_message(
        &self,
        state: &mut SocketIoState,
        message: Incoming<'_>,
        now: Instant,
        commands: &mut impl Commands,
    ) -> Result<(), DialectError> {
        let text = match message {
            Incoming::Binary(bytes) => return heard::handle_attachment(state, bytes, commands),
            Incoming::Text(text) => text,
        };
        match text.split_at_checked(1) {
            Some(("4", _)) if state.incomplete.is_some() => {
                Err(DialectError::expected("expected an attachment"))
            }
            Some(("4", packet)) => {
                heard::handle_packet(state, &Packet::decode(packet)?, now, commands)
            }
            Some(("3", "")) => {
                if let Heartbeat::Asked(_) = state.heartbeat {
                    state.heartbeat = Heartbeat::Quiet(now + PING_INTERVAL);
                }
                Ok(())
            }
            Some(("1", "")) => {
                commands.disconnect();
                Ok(())
            }
            _ => Err(DialectError::expected("expected a packet of Engine.IO, version 4")),
        }
    }

    fn poll_timeout(&self, state: &SocketIoState) -> Option<Instant> {
        let heartbeat = match state.heartbeat {
            Heartbeat::Closed => None,
            Heartbeat::Quiet(until) | Heartbeat::Asked(until) => Some(until),
        };
        let attachments = state.incomplete.as_ref().map(|packet| packet.deadline);
        heartbeat.into_iter().chain(attachments).min()
    }

    fn handle_timeout(
        &self,
        state: &mut SocketIoState,
        now: Instant,
        encoded: &mut Encoded,
    ) -> Result<(), DialectError> {
        if state.incomplete.as_ref().is_some_and(|packet| now >= packet.deadline) {
            return Err(DialectError::Silent);
        }
        match state.heartbeat {
            Heartbeat::Quiet(until) if now >= until => {
                state.heartbeat = Heartbeat::Asked(now + PING_TIMEOUT);
                encoded.bytes().push(b'2');
                encoded.end_frame(FrameKind::Text);
                Ok(())
            }
            Heartbeat::Asked(until) if now >= until => Err(DialectError::Silent),
            _ => Ok(()),
        }
    }

    fn encode_own(&self, state: &mut SocketIoState, own: &Own<'_>, encoded: &mut Encoded) {
        told::encode_own(state, own, encoded);
    }

    fn encode_shared(&self, push: &Push<'_>, _: SharedOptions, encoded: &mut Encoded) {
        // There is no word for presence and positions.
        if let Push::Publication { channel, publication, .. } = *push {
            told::publication_of(namespace_of(channel.as_str()), publication, encoded);
        }
    }
}

/// As in the example of Engine.IO 4, "Handshake".
const PING_INTERVAL: Duration = Duration::from_secs(25);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Attachments follow right on their packet.
const ATTACHMENTS_TIMEOUT: Duration = Duration::from_secs(20);

/// The media type of a payload that has an event's JSON and its attachments.
const BINARY_CONTENT_TYPE: &str = "application/vnd.sockeye.socket-io";
