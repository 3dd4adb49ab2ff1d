//! What a client is told: packets with `4` of Engine.IO before them.

use super::attachments::split;
use super::event::{Event, is_array};
use super::namespaces::{ack_of, namespace_of};
use super::packet::{Kind, MAIN, Packet};
use super::{BINARY_CONTENT_TYPE, SocketIoState};
use crate::encoded::{Encoded, FrameKind};
use sockeye_hub::{CommandId, Format, Own, Payload, Publication, Refusal, SessionId};

pub(super) fn encode_own(state: &mut SocketIoState, own: &Own<'_>, encoded: &mut Encoded) {
    match *own {
        Own::Connected { id, session } => {
            state.session = Some(session.session);
            connect_answer(state, id, encoded);
        }
        Own::Refreshed { id, .. } => connect_answer(state, id, encoded),
        Own::Subscribed { id, .. }
        | Own::Unsubscribed { id, .. }
        | Own::Published { id, .. }
        | Own::Done { id } => ack(state, id, Answer::Ok, encoded),
        Own::Refused { id, refusal } => refused(state, id, refusal, encoded),
        Own::Answered { id, answer: Ok(payload) } => {
            ack(state, id, Answer::Payload(payload), encoded);
        }
        Own::Answered { id, answer: Err((code, text)) } => {
            ack(state, id, Answer::Fault(code, text), encoded);
        }
        Own::Publication { channel, publication, .. } => {
            publication_of(namespace_of(channel.as_str()), publication, encoded);
        }
        Own::Message { message, .. } => publication_of(first(state), message, encoded),
        Own::Called { call, method, payload, .. } => {
            let namespace = first(state).to_owned();
            event(&namespace, Some(call), Named { name: method, payload }, encoded);
        }
        Own::Disconnected { disconnect } => disconnected(state, &disconnect.reason, encoded),
        // There is no word for these: a client of Socket.IO knows neither positions nor pages.
        Own::Lost { .. }
        | Own::CaughtUp { .. }
        | Own::Revoked { .. }
        | Own::PermissionsChanged { .. }
        | Own::MessagesLost { .. }
        | Own::CallCancelled { .. }
        | Own::Reconnect { .. }
        | Own::History { .. }
        | Own::Presence { .. }
        | Own::Pong { .. } => {}
    }
}

/// A publication in a room: the event that it is, or what it is as the event `message`.
pub(super) fn publication_of(namespace: &str, publication: &Publication, encoded: &mut Encoded) {
    let payload = publication.payload();
    let is_packet = publication.content_type() == Some(BINARY_CONTENT_TYPE);
    // Whoever published it: what is written has to be an event.
    if let Some((json, attachments)) = is_packet.then(|| split(payload.bytes)).flatten()
        && Event::read(json).is_some()
    {
        return binary(Kind::BinaryEvent, namespace, None, (json, &attachments), encoded);
    }
    event(namespace, None, Named { name: "message", payload }, encoded);
}

/// A namespace is connected: `40/admin,{"sid":".."}`.
pub(super) fn connected(namespace: &str, session: SessionId, encoded: &mut Encoded) {
    let data = serde_json::json!({ "sid": session.to_string() }).to_string();
    text(Kind::Connect, namespace, None, &data, encoded);
}

fn connect_answer(state: &mut SocketIoState, id: CommandId, encoded: &mut Encoded) {
    if let (Some(namespace), Some(session)) = (state.namespaces.of_command(id), state.session) {
        namespace.is_connected = true;
        connected(&namespace.name, session, encoded);
    }
}

fn refused(state: &mut SocketIoState, id: CommandId, refusal: &Refusal, encoded: &mut Encoded) {
    let is_connect = ack_of(id).is_none() && id != CommandId(0);
    if !is_connect {
        return ack(state, id, Answer::Fault(refusal.code.name(), &refusal.text), encoded);
    }
    let name = state.namespaces.of_command(id).map(|namespace| namespace.name.clone());
    if let Some(name) = name {
        state.namespaces.remove(&name);
        let data = serde_json::json!({ "message": refusal.text }).to_string();
        text(Kind::ConnectError, &name, None, &data, encoded);
    }
}

/// Each namespace ends; one that was being connected has an error.
fn disconnected(state: &SocketIoState, reason: &str, encoded: &mut Encoded) {
    for namespace in state.namespaces.iter() {
        if namespace.is_connected {
            text(Kind::Disconnect, &namespace.name, None, "", encoded);
        } else {
            let data = serde_json::json!({ "message": reason }).to_string();
            text(Kind::ConnectError, &namespace.name, None, &data, encoded);
        }
    }
}

/// What an acknowledgement says.
enum Answer<'a> {
    Ok,
    Payload(Payload<'a>),
    Fault(&'a str, &'a str),
}

fn ack(state: &mut SocketIoState, id: CommandId, answer: Answer<'_>, encoded: &mut Encoded) {
    let (Some(ack), Some(namespace)) = (ack_of(id), state.namespaces.of_command(id)) else {
        return;
    };
    let (name, ack) = (&*namespace.name, Some(ack));
    let data = match answer {
        Answer::Ok => r#"[{"ok":true}]"#.into(),
        Answer::Fault(code, text) => {
            serde_json::json!([{ "ok": false, "code": code, "text": text }]).to_string()
        }
        Answer::Payload(Payload { format: Format::Binary, bytes }) => {
            let parts = split(bytes);
            let parts = parts.unwrap_or_else(|| (ONE_PLACEHOLDER, vec![bytes]));
            return binary(Kind::BinaryAck, name, ack, (parts.0, &parts.1), encoded);
        }
        Answer::Payload(Payload { bytes, .. }) => {
            let json = std::str::from_utf8(bytes).expect("JSON is UTF-8");
            if is_array(json) { json.to_owned() } else { format!("[{json}]") }
        }
    };
    text(Kind::Ack, name, ack, &data, encoded);
}

/// What becomes an event of this name, unless it is one already.
struct Named<'a> {
    name: &'a str,
    payload: Payload<'a>,
}

fn event(namespace: &str, ack: Option<u64>, event: Named<'_>, encoded: &mut Encoded) {
    let Named { name, payload: Payload { format, bytes } } = event;
    if format == Format::Binary {
        let name = serde_json::json!(name);
        let json = format!(r#"[{name},{{"_placeholder":true,"num":0}}]"#);
        return binary(Kind::BinaryEvent, namespace, ack, (&json, &[bytes]), encoded);
    }
    let json = std::str::from_utf8(bytes).expect("JSON is UTF-8");
    if Event::read(json).is_some() {
        return text(Kind::Event, namespace, ack, json, encoded);
    }
    let json = format!("[{},{json}]", serde_json::json!(name));
    text(Kind::Event, namespace, ack, &json, encoded);
}

fn text(kind: Kind, namespace: &str, ack: Option<u64>, data: &str, encoded: &mut Encoded) {
    Packet { kind, attachments: 0, namespace, ack, data }.encode(encoded.bytes());
    encoded.end_frame(FrameKind::Text);
}

fn binary(
    kind: Kind,
    namespace: &str,
    ack: Option<u64>,
    (data, attachments): (&str, &[&[u8]]),
    encoded: &mut Encoded,
) {
    let count = attachments.len();
    Packet { kind, attachments: count, namespace, ack, data }.encode(encoded.bytes());
    encoded.end_frame(FrameKind::Text);
    for attachment in attachments {
        encoded.bytes().extend_from_slice(attachment);
        encoded.end_frame(FrameKind::Binary);
    }
}

fn first(state: &SocketIoState) -> &str {
    state.namespaces.iter().next().map_or(MAIN, |namespace| &namespace.name)
}

const ONE_PLACEHOLDER: &str = r#"[{"_placeholder":true,"num":0}]"#;
