//! What the hub wants done, as the engine does it.

use super::requests::{Requests, note};
use super::state::Phase;
use super::{Afterwards, Mail, Shared};
use crate::dialect::{Speech, encode_shared};
use crate::endpoints::Endpoints;
use sockeye::limits::DRAINED_BYTES;
use sockeye::protocol::{CloseCode, Message, Opcode, encode_frame};
use sockeye::{ConnectionId, WorkerContext, WorkerId};
use sockeye_dialects::{Encoded, FrameKind};
use sockeye_hub::{
    Answer, BackendCall, Backlog, ConnectionKey, Disconnect, Effects, NamespaceIndex, Own, Payload,
    Push, Refusal, RequestKey, SessionKey, TopicKey, WorkerIndex,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// What a hub's surroundings keep between its calls.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) worker: WorkerId,
    pub(super) shared: Arc<Shared>,
    pub(super) requests: Requests,
    pub(super) afterwards: VecDeque<Afterwards>,
    /// When the hub asked to be called when what is queued has left.
    pub(super) resume_asked_at: Option<Instant>,
    /// For what is encoded, to be used again.
    encoded: Encoded,
}

impl Around {
    pub(super) fn new(worker: WorkerId, shared: Arc<Shared>) -> Self {
        Self {
            worker,
            shared,
            requests: Requests::default(),
            afterwards: VecDeque::new(),
            resume_asked_at: None,
            encoded: Encoded::new(),
        }
    }
}

/// Whether what is sent has a secret.
#[derive(Clone, Copy, Debug)]
pub(super) enum Secrecy {
    None,
    Secret,
}

/// A hub's surroundings, while it is called.
pub(super) struct Surroundings<'h, 'w> {
    pub(super) around: &'h mut Around,
    pub(super) worker: &'h mut WorkerContext<'w, Endpoints>,
}

impl Surroundings<'_, '_> {
    fn id(&self, connection: ConnectionKey) -> ConnectionId {
        ConnectionId::from_number(self.around.worker, connection.0)
    }

    fn phase(&mut self, id: ConnectionId) -> Option<&mut Phase> {
        Some(&mut self.worker.state(id)?.native()?.phase)
    }

    /// Whether the connection is a session's.
    pub(super) fn has_session(&mut self, id: ConnectionId) -> bool {
        matches!(self.phase(id), Some(Phase::Session(_)))
    }

    /// Tells a connection something, in its own language.
    pub(super) fn tell_connection(&mut self, id: ConnectionId, own: &Own<'_>) -> Backlog {
        let secrecy = match own {
            // It has the secret to resume with. Compressed beside what others choose, its length would tell of it.
            Own::Connected { .. } => Secrecy::Secret,
            _ => Secrecy::None,
        };
        self.send(id, secrecy, |speech, encoded| speech.encode_own(own, encoded))
    }

    /// Sends what is encoded for one connection.
    pub(super) fn send(
        &mut self,
        id: ConnectionId,
        secrecy: Secrecy,
        encode: impl FnOnce(&mut Speech, &mut Encoded),
    ) -> Backlog {
        let Some(mut connection) = self.worker.connection(id) else {
            return self.lose(id);
        };
        let Some(native) = connection.state().native() else {
            return self.lose(id);
        };
        let encoded = &mut self.around.encoded;
        encoded.clear();
        encode(&mut native.speech, encoded);
        let is_sent = encoded.frames(b"").all(|frame| {
            // Only what is shared has holes.
            let [payload, ..] = frame.parts;
            let message = match (frame.kind, str::from_utf8(payload)) {
                (FrameKind::Text, Ok(text)) => Message::Text(text),
                _ => Message::Binary(payload),
            };
            match secrecy {
                Secrecy::None => connection.send(message).is_ok(),
                Secrecy::Secret => connection.send_uncompressed(message).is_ok(),
            }
        });
        if !is_sent {
            return self.lose(id);
        }
        let backlog = connection.backlog();
        if backlog > DRAINED_BYTES {
            connection.await_drain();
        }
        Backlog::Bytes(backlog)
    }

    /// Notes that a connection takes nothing any more: its session hears of its end right after this call, and not only when
    /// the engine is through with it.
    fn lose(&mut self, id: ConnectionId) -> Backlog {
        if let Some(phase) = self.phase(id)
            && let Phase::Session(session) = *phase
        {
            *phase = Phase::Over;
            let key = ConnectionKey(id.number());
            self.around.afterwards.push_back(Afterwards::Gone(key, session));
        }
        Backlog::Gone
    }

    /// Ends a connection of which the hub knows nothing any more.
    pub(super) fn close(&mut self, id: ConnectionId, disconnect: &Disconnect) {
        tracing::debug!("a client is disconnected: {disconnect}");
        if let Some(phase) = self.phase(id) {
            *phase = Phase::Over;
        }
        if let Some(mut connection) = self.worker.connection(id) {
            let code = CloseCode::new(disconnect.code.close_code());
            let _already_closing = connection.close(code, &disconnect.reason);
        }
    }

    /// A number below this, at random.
    pub(super) fn random_below(&mut self, bound: u64) -> u64 {
        self.random() % bound
    }
}

impl Effects for Surroundings<'_, '_> {
    fn mail(&mut self, to: WorkerIndex, mail: sockeye_hub::Mail) {
        let from = WorkerIndex(self.around.worker.0);
        self.worker.mail(WorkerId(to.0), Mail::Hub { from, mail });
    }

    fn attach(&mut self, connection: ConnectionKey, session: SessionKey) {
        let id = self.id(connection);
        let Some(phase) = self.phase(id) else {
            return self.around.afterwards.push_back(Afterwards::Gone(connection, session));
        };
        if let Phase::AwaitsSession(waiting) = std::mem::replace(phase, Phase::Session(session)) {
            let attached = waiting.map(|waiting| Afterwards::Attached(id, waiting));
            self.around.afterwards.extend(attached);
            if let Some(mut connection) = self.worker.connection(id) {
                connection.resume();
            }
        }
    }

    fn tell(&mut self, to: ConnectionKey, own: &Own<'_>) -> Backlog {
        self.tell_connection(self.id(to), own)
    }

    fn backlog(&mut self, connection: ConnectionKey) -> Backlog {
        let id = self.id(connection);
        match self.worker.connection(id) {
            Some(mut connection) => {
                let backlog = connection.backlog();
                if backlog > DRAINED_BYTES {
                    connection.await_drain();
                }
                Backlog::Bytes(backlog)
            }
            None => self.lose(id),
        }
    }

    fn publish(
        &mut self,
        topic: TopicKey,
        mark: u64,
        except: Option<ConnectionKey>,
        push: &Push<'_>,
    ) {
        let except = except.map(|connection| self.id(connection));
        let encoded = &mut self.around.encoded;
        self.worker.publish_here(topic_name(topic), mark, except, |variant, output| {
            encoded.clear();
            encode_shared(variant, push, encoded);
            for frame in encoded.frames(b"") {
                let opcode = match frame.kind {
                    FrameKind::Text => Opcode::Text,
                    FrameKind::Binary => Opcode::Binary,
                };
                encode_frame(opcode, frame.parts[0], output);
            }
        });
    }

    fn join(&mut self, connection: ConnectionKey, topic: TopicKey, _tag: &[u8]) {
        if let Some(mut connection) = self.worker.connection(self.id(connection))
            && let Some(native) = connection.state().native()
        {
            let variant = native.speech.variant();
            connection.subscribe_variant(topic_name(topic), variant);
        }
    }

    fn leave(&mut self, connection: ConnectionKey, topic: TopicKey) {
        if let Some(mut connection) = self.worker.connection(self.id(connection)) {
            connection.unsubscribe(topic_name(topic));
        }
    }

    fn disconnect(&mut self, connection: ConnectionKey, disconnect: &Disconnect) {
        let is_other = |afterwards: &Afterwards| !matches!(afterwards, Afterwards::Gone(gone, _) if *gone == connection);
        self.around.afterwards.retain(is_other);
        self.close(self.id(connection), disconnect);
    }

    fn answer(&mut self, request: RequestKey, answer: Answer) {
        if let Some((id, index)) = self.around.requests.take(request) {
            note(self.worker, id, index, Ok(answer));
        }
    }

    fn call_backend(&mut self, call: &BackendCall<'_>) -> bool {
        let backend = self.around.shared.backend.get();
        backend.is_some_and(|backend| backend.call(self.around.worker, call))
    }

    fn check_payload(
        &mut self,
        namespace: NamespaceIndex,
        payload: Payload<'_>,
        content_type: Option<&str>,
    ) -> Result<(), Refusal> {
        self.around.shared.schemas.check(namespace, payload, content_type)
    }

    fn resume_soon(&mut self) {
        let now = self.worker.now();
        self.around.resume_asked_at.get_or_insert(now);
        self.worker.tick_by(now);
    }

    fn random(&mut self) -> u64 {
        getrandom::u64().expect("the system has random numbers")
    }
}

/// A topic of the hub's among the engine's. The names of `/topic/NAME` come from paths, in which there is no zero.
fn topic_name(topic: TopicKey) -> [u8; 5] {
    let [a, b, c, d] = topic.0.to_be_bytes();
    [0, a, b, c, d]
}

/// The topic of the hub's that has this name.
pub(super) fn topic_key(name: &[u8]) -> Option<TopicKey> {
    match *name {
        [0, a, b, c, d] => Some(TopicKey(u32::from_be_bytes([a, b, c, d]))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_known_by_its_name_and_no_path_has_it() {
        for number in [0, 1, 0x6e65_7773, u32::MAX] {
            let name = topic_name(TopicKey(number));
            assert_eq!(topic_key(&name), Some(TopicKey(number)));
            assert_ne!(name[1..], name, "not that of /topic/news");
        }
        assert_eq!(topic_key(b"news"), None);
        assert_eq!(topic_key(b"\0news and more"), None);
    }
}
