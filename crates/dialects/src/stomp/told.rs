//! What a client is told: frames.

use super::frame::{body, header};
use super::heard::JSON;
use super::heartbeat::INTERVAL;
use super::{Phase, StompState};
use crate::encoded::{Encoded, FrameKind};
use sockeye_hub::{ChannelName, CommandId, Format, Own, Publication, Refusal, SessionGreeting};

pub(super) fn encode_own(state: &mut StompState, own: &Own<'_>, encoded: &mut Encoded) {
    match *own {
        Own::Connected { session, .. } => connected(session, encoded),
        Own::Refreshed { id, .. }
        | Own::Subscribed { id, .. }
        | Own::Unsubscribed { id, .. }
        | Own::Published { id, .. }
        | Own::Done { id }
        | Own::History { id, .. }
        | Own::Presence { id, .. }
        | Own::Answered { id, .. }
        | Own::Pong { id } => done(state, id, encoded),
        Own::Refused { id, refusal } => refused(state, id, refusal),
        Own::Publication { channel, publication, tag, .. } => {
            message(channel, publication, encoded, |encoded| {
                encoded.bytes().extend_from_slice(tag);
            });
        }
        Own::Disconnected { disconnect } => error(state, &disconnect.reason, encoded),
        // There is no frame for these.
        Own::Lost { .. }
        | Own::CaughtUp { .. }
        | Own::Revoked { .. }
        | Own::PermissionsChanged { .. }
        | Own::Message { .. }
        | Own::MessagesLost { .. }
        | Own::Called { .. }
        | Own::CallCancelled { .. }
        | Own::Reconnect { .. } => {}
    }
}

/// A message, with the subscription that `subscription` writes or leaves open. What is unique and what an `ACK` says are
/// the same for all subscribers: number and channel.
pub(super) fn message(
    channel: &ChannelName,
    publication: &Publication,
    encoded: &mut Encoded,
    subscription: impl FnOnce(&mut Encoded),
) {
    encoded.bytes().extend_from_slice(b"MESSAGE\nsubscription:");
    subscription(encoded);
    let bytes = encoded.bytes();
    bytes.push(b'\n');
    let place = format!("{}@{channel}", publication.sequence);
    header(bytes, "message-id", &place);
    header(bytes, "ack", &place);
    header(bytes, "destination", channel.as_str());
    let json = (publication.format == Format::Json).then_some(JSON);
    if let Some(content_type) = publication.content_type().or(json) {
        header(bytes, "content-type", content_type);
    }
    // Of repeated headers the first one counts: these cannot replace those above. One that comes before its own is left out.
    for (name, value) in publication.headers().filter(|(name, _)| *name != "content-length") {
        header(bytes, name, value);
    }
    body(bytes, &publication.payload);
    // The hole is filled with a part of a text.
    let kind = match std::str::from_utf8(&publication.payload) {
        Ok(_) => FrameKind::Text,
        Err(_) => FrameKind::Binary,
    };
    encoded.end_frame(kind);
}

pub(super) fn receipt(id: &str, encoded: &mut Encoded) {
    encoded.bytes().extend_from_slice(b"RECEIPT\n");
    header(encoded.bytes(), "receipt-id", id);
    encoded.bytes().extend_from_slice(b"\n\0");
    encoded.end_frame(FrameKind::Text);
}

/// "CONNECTED Frame": nothing in it is escaped, and nothing in it has to be.
fn connected(session: &SessionGreeting<'_>, encoded: &mut Encoded) {
    let interval = INTERVAL.as_millis();
    let text = format!(
        "CONNECTED\nversion:1.2\nheart-beat:{interval},{interval}\nsession:{}\nserver:sockeye\n\n\0",
        session.session
    );
    encoded.bytes().extend_from_slice(text.as_bytes());
    encoded.end_frame(FrameKind::Text);
}

fn done(state: &mut StompState, id: CommandId, encoded: &mut Encoded) {
    if let Some(name) = take_receipt(state, id) {
        receipt(&name, encoded);
    }
    if let Phase::Leaving { receipt: last, .. } = &mut state.phase
        && state.receipts.is_empty()
        && !last.is_empty()
    {
        receipt(&std::mem::take(last), encoded);
    }
}

/// "ERROR": the connection has to end after it, so it is told when that does.
fn refused(state: &mut StompState, id: CommandId, refusal: &Refusal) {
    let receipt = take_receipt(state, id);
    if !matches!(state.phase, Phase::Failed { .. }) {
        state.phase = Phase::Failed { text: refusal.to_string(), receipt };
    }
}

fn error(state: &StompState, reason: &str, encoded: &mut Encoded) {
    let bytes = encoded.bytes();
    bytes.extend_from_slice(b"ERROR\nversion:1.2\n");
    header(bytes, "message", reason);
    if let Phase::Failed { receipt: Some(receipt), .. } = &state.phase {
        header(bytes, "receipt-id", receipt);
    }
    bytes.extend_from_slice(b"\n\0");
    encoded.end_frame(FrameKind::Text);
}

fn take_receipt(state: &mut StompState, id: CommandId) -> Option<Box<str>> {
    let index = state.receipts.iter().position(|(other, _)| *other == id)?;
    Some(state.receipts.remove(index).1)
}
