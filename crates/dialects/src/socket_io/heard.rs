//! What a client says: packets to commands.

use super::attachments::{Incomplete, split};
use super::event::{Event, is_array, text};
use super::namespaces::{Namespace, channel};
use super::packet::{Kind, Packet};
use super::{ATTACHMENTS_TIMEOUT, BINARY_CONTENT_TYPE, SocketIoState, told};
use crate::dialect::{Commands, Connect, DialectError};
use serde_json::value::RawValue;
use sockeye_hub::{
    Attributes, Call, Command, Payload, Publish, Refusal, RefusalCode, Subscribe, Target,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Instant;

/// A packet, as text.
pub(super) fn handle_packet(
    state: &mut SocketIoState,
    packet: &Packet<'_>,
    now: Instant,
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    match packet.kind {
        Kind::Connect => return connect(state, packet, commands),
        Kind::Disconnect => return disconnect(state, packet.namespace, commands),
        Kind::ConnectError => return Err(DialectError::expected("only a server says that")),
        _ => {}
    }
    let namespace = connected(state, packet.namespace)?;
    match packet.kind {
        Kind::Event => event(namespace, packet, commands),
        Kind::Ack => ack(packet, commands),
        _ => {
            let incomplete = begin(namespace, packet, now + ATTACHMENTS_TIMEOUT)?;
            state.incomplete = Some(incomplete);
            Ok(())
        }
    }
}

/// A packet that has attachments. For a room, what is sent there is kept, without whom it is sent to.
fn begin(
    namespace: &Namespace,
    packet: &Packet<'_>,
    deadline: Instant,
) -> Result<Incomplete, DialectError> {
    if packet.kind == Kind::BinaryAck {
        return match is_array(packet.data) {
            true => Incomplete::new(packet, deadline),
            false => Err(DialectError::expected("expected an array")),
        };
    }
    let event = Event::read(packet.data).ok_or_else(no_event)?;
    let sent = event.second.filter(|raw| event.name == TO && Event::read(raw.get()).is_some());
    let (Some(room), Some(sent)) = (event.room(), sent) else {
        return Incomplete::new(packet, deadline);
    };
    let mut incomplete = Incomplete::new(&Packet { data: sent.get(), ..*packet }, deadline)?;
    incomplete.channel = Some(channel(&namespace.name, &room).into());
    Ok(incomplete)
}

/// A frame of bytes: an attachment of the packet before.
pub(super) fn handle_attachment(
    state: &mut SocketIoState,
    bytes: &[u8],
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    let unexpected = || DialectError::expected("expected no attachment: none was announced");
    let mut packet = state.incomplete.take().ok_or_else(unexpected)?;
    if !packet.push(bytes)? {
        state.incomplete = Some(packet);
        return Ok(());
    }
    let namespace = connected(state, &packet.namespace)?;
    let payload = Payload::binary(packet.payload());
    if let (Kind::BinaryAck, Some(call)) = (packet.kind, packet.ack) {
        commands.command(Default::default(), Command::Reply { call, answer: Ok(payload) });
        return Ok(());
    }
    let id = namespace.command_id(packet.ack);
    let command = match packet.channel.as_deref() {
        Some(channel) => {
            let content_type = Some(BINARY_CONTENT_TYPE);
            publish(channel.into(), payload, Attributes { content_type, ..Attributes::default() })
        }
        None => {
            let event = split(packet.payload()).and_then(|(json, _)| Event::read(json));
            let method = event.ok_or_else(no_event)?.name;
            Command::Call(Call { session: None, method, payload, timeout: None })
        }
    };
    commands.command(id, command);
    Ok(())
}

fn publish<'a>(
    channel: Cow<'a, str>,
    payload: Payload<'a>,
    attributes: Attributes<'a>,
) -> Command<'a> {
    Command::Publish(Publish {
        target: Target::Channel(channel),
        payload,
        attributes,
        idempotency_key: None,
        expected_version: None,
        // As `socket.to` of its server does it.
        exclude_self: true,
    })
}

fn connected<'s>(
    state: &'s mut SocketIoState,
    name: &str,
) -> Result<&'s mut Namespace, DialectError> {
    let namespace = state.namespaces.find(name).filter(|namespace| namespace.is_connected);
    namespace.ok_or_else(|| DialectError::expected("expected a namespace that is connected"))
}

/// The first namespace begins the session. A later one shows its token, if it has one, as if it were a new one.
fn connect(
    state: &mut SocketIoState,
    packet: &Packet<'_>,
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    let auth: BTreeMap<Cow<'_, str>, &RawValue> = match packet.data {
        "" => BTreeMap::new(),
        json => serde_json::from_str(json)
            .map_err(|_| DialectError::expected("expected an object with what authenticates"))?,
    };
    let token = auth.get("token").and_then(|raw| text(raw.get()));
    let is_first = state.namespaces.iter().next().is_none();
    let sid = state.session;
    let namespace = state.namespaces.add(packet.namespace).ok_or_else(|| {
        DialectError::expected("expected at most 16 namespaces, connected to once each")
    })?;
    let id = namespace.connect_id();
    match (token, sid) {
        (token, _) if is_first && sid.is_none() => {
            commands.connect(id, Connect { token, ..Connect::default() });
        }
        (Some(token), _) => commands.refresh(id, &token),
        (None, Some(sid)) => {
            namespace.is_connected = true;
            commands.answer(|encoded| told::connected(packet.namespace, sid, encoded));
        }
        (None, None) => return Err(DialectError::expected("expected one namespace at first")),
    }
    Ok(())
}

fn disconnect(
    state: &mut SocketIoState,
    name: &str,
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    let namespace = state.namespaces.remove(name);
    let namespace = namespace
        .ok_or_else(|| DialectError::expected("expected a namespace that is connected"))?;
    for room in namespace.into_rooms() {
        let channel = Cow::Owned(room.into_string());
        commands.command(Default::default(), Command::Unsubscribe { channel });
    }
    Ok(())
}

fn ack(packet: &Packet<'_>, commands: &mut impl Commands) -> Result<(), DialectError> {
    let Some(call) = packet.ack.filter(|_| is_array(packet.data)) else {
        return Err(DialectError::expected("expected an array"));
    };
    let answer = Ok(Payload::json(packet.data));
    commands.command(Default::default(), Command::Reply { call, answer });
    Ok(())
}

/// `["join",room]`, `["leave",room]`, `["to",room,[event,..]]`; anything else is for the backend.
fn event(
    namespace: &mut Namespace,
    packet: &Packet<'_>,
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    let event = Event::read(packet.data).ok_or_else(no_event)?;
    let id = namespace.command_id(packet.ack);
    let method = &*event.name;
    if !matches!(method, JOIN | LEAVE | TO) {
        let payload = Payload::json(packet.data);
        let call = Call { session: None, method: event.name, payload, timeout: None };
        commands.command(id, Command::Call(call));
        return Ok(());
    }
    let Some(room) = event.room() else {
        commands.refuse(id, Refusal::new(RefusalCode::BadRequest, "expected the name of a room"));
        return Ok(());
    };
    let channel = channel(&namespace.name, &room);
    match (method, event.second.map(RawValue::get)) {
        (JOIN, _) if !namespace.join(&channel) => {
            commands.refuse(id, Refusal::new(RefusalCode::LimitExceeded, "too many rooms"));
        }
        (JOIN, _) => {
            let subscribe = Subscribe { channel, ..Subscribe::default() };
            commands.command(id, Command::Subscribe(subscribe));
        }
        (LEAVE, _) => {
            namespace.leave(&channel);
            commands.command(id, Command::Unsubscribe { channel });
        }
        (_, Some(sent)) if Event::read(sent).is_some() => {
            let payload = Payload::json(sent);
            commands.command(id, publish(channel, payload, Attributes::default()));
        }
        _ => commands.refuse(id, Refusal::new(RefusalCode::BadRequest, "expected an event")),
    }
    Ok(())
}

fn no_event() -> DialectError {
    DialectError::expected("expected an array that begins with the name of an event")
}

const JOIN: &str = "join";
const LEAVE: &str = "leave";
const TO: &str = "to";
