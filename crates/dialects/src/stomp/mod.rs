//! STOMP 1.2 over WebSocket: a beginning, which the server does not offer yet.
//!
//! What is here is checked against <https://stomp.github.io/stomp-specification-1.2.html>. A destination is a channel, under
//! the same name. How it meets the hub:
//!
//! | frame | hub |
//! |---|---|
//! | `CONNECT`, `STOMP` | connect; `passcode` is the token |
//! | `SUBSCRIBE`, `UNSUBSCRIBE` | subscribe, with the `id` as what is put into each delivery; unsubscribe |
//! | `SEND` | publish; headers of its own go along |
//! | `ACK` | everything of that channel up to there has arrived |
//! | `receipt` of any of these | answered once the hub has |
//!
//! Whatever is refused ends the connection, as an `ERROR` has to.
//!
//! Missing: `NACK`, `ack:client-individual`, transactions, frames that are split over several messages of WebSocket, and
//! STOMP over plain TCP; two subscriptions to one destination, which the hub refuses; messages to a user or a session alone,
//! for which Spring has destinations of their own. Subscriptions that others end, and what is lost, are not told: there is no
//! frame for it.

mod frame;
mod heard;
mod heartbeat;
#[cfg(test)]
mod tests;
mod told;

use crate::dialect::{Commands, Dialect, DialectError, Incoming, SharedOptions};
use crate::encoded::{Encoded, Fill, FrameKind};
use heartbeat::Heartbeat;
use sockeye_hub::{CommandId, Own, Push};
use std::time::{Duration, Instant};

/// STOMP over WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Stomp;

/// What a client of [`Stomp`] has said.
#[derive(Debug, Default)]
pub struct StompState {
    phase: Phase,
    heartbeat: Heartbeat,
    subscriptions: Vec<Subscription>,
    /// Who awaits which: the name of the receipt.
    receipts: Vec<(CommandId, Box<str>)>,
    last_command: u64,
    /// When the last message came.
    heard_at: Option<Instant>,
}

/// ```text
///   New ──CONNECT──► Connected ──DISCONNECT──► Leaving, until its receipts are answered
///                        └──something was refused──► Failed
/// ```
#[derive(Debug, Default)]
enum Phase {
    /// Awaits `CONNECT`.
    #[default]
    New,
    Connected,
    /// It has said `DISCONNECT`, and awaits this receipt after all others. It closes the connection then.
    Leaving {
        receipt: Box<str>,
        until: Instant,
    },
    /// It is told this, and the connection ends.
    Failed {
        text: String,
        receipt: Option<Box<str>>,
    },
}

#[derive(Debug)]
struct Subscription {
    id: Box<str>,
    destination: Box<str>,
}

impl Stomp {
    /// What a client and a server agree on in the opening handshake.
    pub const SUBPROTOCOL: &str = "v12.stomp";
}

impl Dialect for Stomp {
    type State = StompState;

    fn handle_message(
        &self,
        state: &mut StompState,
        message: Incoming<'_>,
        now: Instant,
        commands: &mut impl Commands,
    ) -> Result<(), DialectError> {
        state.heard_at = Some(now);
        state.heartbeat.hear(now);
        let mut rest = match message {
            Incoming::Text(text) => text.as_bytes(),
            Incoming::Binary(bytes) => bytes,
        };
        while let Some((frame, after)) = frame::Frame::decode(rest)? {
            let is_last = heard::handle_frame(state, &frame, now, commands)?;
            if is_last && frame::Frame::decode(after)?.is_some() {
                return Err(DialectError::expected("expected nothing behind this frame"));
            }
            rest = after;
        }
        Ok(())
    }

    fn poll_timeout(&self, state: &StompState) -> Option<Instant> {
        match state.phase {
            // At once.
            Phase::Failed { .. } => state.heard_at,
            Phase::Leaving { until, .. } => Some(until),
            Phase::New | Phase::Connected => state.heartbeat.poll_timeout(),
        }
    }

    fn handle_timeout(
        &self,
        state: &mut StompState,
        now: Instant,
        encoded: &mut Encoded,
    ) -> Result<(), DialectError> {
        match &state.phase {
            Phase::Failed { text, .. } => return Err(DialectError::expected(text.clone())),
            Phase::Leaving { until, .. } if now >= *until => return Err(DialectError::Silent),
            _ => {}
        }
        if state.heartbeat.handle_timeout(now)? {
            encoded.bytes().push(b'\n');
            encoded.end_frame(FrameKind::Text);
        }
        Ok(())
    }

    fn encode_own(&self, state: &mut StompState, own: &Own<'_>, encoded: &mut Encoded) {
        told::encode_own(state, own, encoded);
    }

    fn encode_shared(&self, push: &Push<'_>, _: SharedOptions, encoded: &mut Encoded) {
        // There is no frame for presence and positions.
        if let Push::Publication { channel, publication, .. } = *push {
            told::message(channel, publication, encoded, |encoded| encoded.open_hole(Fill::Tag));
        }
    }
}

/// How long a client that has said `DISCONNECT` may keep the connection.
const LEAVING_TIMEOUT: Duration = Duration::from_secs(5);
