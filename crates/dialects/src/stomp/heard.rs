//! What a client says: frames to commands.

use super::frame::{Frame, escape};
use super::heartbeat::Heartbeat;
use super::{LEAVING_TIMEOUT, Phase, StompState, Subscription, told};
use crate::dialect::{Commands, Connect, DialectError};
use crate::limits::{
    STOMP_RECEIPT_SIZE_MAX, STOMP_RECEIPTS_MAX, STOMP_SUBSCRIPTIONS_MAX, TAG_SIZE_MAX,
};
use serde::de::IgnoredAny;
use sockeye_hub::{
    Acknowledge, Attributes, Command, CommandId, Payload, Publish, Subscribe, Target,
};
use std::time::Instant;

/// True: nothing may follow on it.
pub(super) fn handle_frame(
    state: &mut StompState,
    frame: &Frame<'_>,
    now: Instant,
    commands: &mut impl Commands,
) -> Result<bool, DialectError> {
    match (&state.phase, frame.command) {
        (Phase::New, "CONNECT" | "STOMP") => {
            return connect(state, frame, now, commands).map(|()| true);
        }
        (Phase::New, _) => {
            return Err(DialectError::expected("expected CONNECT or STOMP at first"));
        }
        (Phase::Connected, _) => {}
        (Phase::Leaving { .. } | Phase::Failed { .. }, _) => {
            return Err(DialectError::expected("expected nothing after the end"));
        }
    }
    if frame.header("transaction").is_some() {
        return Err(DialectError::expected("expected no transaction: there are none"));
    }
    match frame.command {
        "SEND" => send(state, frame, commands)?,
        "SUBSCRIBE" => subscribe(state, frame, commands)?,
        "UNSUBSCRIBE" => unsubscribe(state, frame, commands)?,
        "ACK" => ack(state, frame, commands)?,
        "DISCONNECT" => disconnect(state, frame, now, commands),
        other => {
            let text = format!("expected a frame that is known, not {}", other.escape_debug());
            return Err(DialectError::expected(text));
        }
    }
    Ok(frame.command == "DISCONNECT")
}

fn connect(
    state: &mut StompState,
    frame: &Frame<'_>,
    now: Instant,
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    let versions = frame.required("accept-version")?;
    if !versions.split(',').any(|version| version.trim() == VERSION) {
        return Err(DialectError::expected("expected a client of version 1.2"));
    }
    state.heartbeat = Heartbeat::agree(frame.header("heart-beat"), now)?;
    state.phase = Phase::Connected;
    state.last_command += 1;
    let token = frame.header("passcode").map(Into::into);
    commands.connect(CommandId(state.last_command), Connect { token, ..Connect::default() });
    Ok(())
}

/// The command that a frame becomes: 0 if it wants no receipt.
fn command_id(state: &mut StompState, frame: &Frame<'_>) -> Result<CommandId, DialectError> {
    let Some(receipt) = frame.header("receipt") else {
        return Ok(CommandId(0));
    };
    if state.receipts.len() == STOMP_RECEIPTS_MAX || receipt.len() > STOMP_RECEIPT_SIZE_MAX {
        let expected = "expected at most 256 receipts at once, with names of at most 256 bytes";
        return Err(DialectError::expected(expected));
    }
    state.last_command += 1;
    let id = CommandId(state.last_command);
    state.receipts.push((id, receipt.into()));
    Ok(id)
}

fn send(
    state: &mut StompState,
    frame: &Frame<'_>,
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    let channel = frame.required("destination")?;
    let id = command_id(state, frame)?;
    let content_type = frame.header("content-type");
    let headers: Vec<_> = frame.headers().filter(|(name, _)| !OWN_HEADERS.contains(name)).collect();
    let payload = match std::str::from_utf8(frame.body) {
        Ok(json) if content_type == Some(JSON) && is_json(json) => Payload::json(json),
        _ => Payload::binary(frame.body),
    };
    let publish = Publish {
        target: Target::Channel(channel.into()),
        payload,
        attributes: Attributes { content_type, headers: &headers, ..Attributes::default() },
        idempotency_key: None,
        expected_version: None,
        exclude_self: false,
    };
    commands.command(id, Command::Publish(publish));
    Ok(())
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn subscribe(
    state: &mut StompState,
    frame: &Frame<'_>,
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    let (id, destination) = (frame.required("id")?, frame.required("destination")?);
    if !matches!(frame.header("ack"), None | Some("auto" | "client")) {
        return Err(DialectError::expected("expected ack to be auto or client"));
    }
    let mut tag = Vec::new();
    escape(id, &mut tag);
    let is_known = state.subscriptions.iter().any(|subscription| *subscription.id == *id);
    if is_known || state.subscriptions.len() == STOMP_SUBSCRIPTIONS_MAX || tag.len() > TAG_SIZE_MAX
    {
        let expected = "expected at most 256 subscriptions, each with an id of at most 256 bytes";
        return Err(DialectError::expected(expected));
    }
    let command = command_id(state, frame)?;
    state.subscriptions.push(Subscription { id: id.into(), destination: destination.into() });
    let subscribe =
        Subscribe { channel: destination.into(), tag: tag.into(), ..Subscribe::default() };
    commands.command(command, Command::Subscribe(subscribe));
    Ok(())
}

fn unsubscribe(
    state: &mut StompState,
    frame: &Frame<'_>,
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    let id = frame.required("id")?;
    let index = state.subscriptions.iter().position(|subscription| *subscription.id == *id);
    let index = index.ok_or_else(|| DialectError::expected("expected the id of a subscription"))?;
    let command = command_id(state, frame)?;
    let channel = state.subscriptions.swap_remove(index).destination.into_string().into();
    commands.command(command, Command::Unsubscribe { channel });
    Ok(())
}

/// Says what `ack` of a message said: its number and its channel. It is cumulative, as mode `client` is.
fn ack(
    state: &mut StompState,
    frame: &Frame<'_>,
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    let parts = frame.required("id")?.split_once('@');
    let parts = parts.and_then(|(sequence, channel)| Some((sequence.parse().ok()?, channel)));
    let (sequence, channel) =
        parts.ok_or_else(|| DialectError::expected("expected what ack of a message said"))?;
    let id = command_id(state, frame)?;
    let channel = channel.into();
    commands.command(id, Command::Acknowledge(Acknowledge::Channel { channel, sequence }));
    Ok(())
}

/// "DISCONNECT": its receipt says that all frames before it have been received, so it comes after theirs.
fn disconnect(
    state: &mut StompState,
    frame: &Frame<'_>,
    now: Instant,
    commands: &mut impl Commands,
) {
    match frame.header("receipt") {
        Some(receipt) if !state.receipts.is_empty() => {
            let receipt = receipt.into();
            state.phase = Phase::Leaving { receipt, until: now + LEAVING_TIMEOUT };
            return;
        }
        Some(receipt) => commands.answer(|encoded| told::receipt(receipt, encoded)),
        None => {}
    }
    commands.disconnect();
}

const VERSION: &str = "1.2";

/// The media type of what other dialects take for JSON.
pub(super) const JSON: &str = "application/json";

/// Those that are not given on with a message, or are by themselves.
const OWN_HEADERS: [&str; 5] =
    ["destination", "content-type", "content-length", "receipt", "transaction"];
