//! What clients say, as their hubs hear it.

use super::client::Said;
use super::setting::identity;
use super::surroundings::End;
use super::truth::{Attempt, To};
use super::world::World;
use sockeye_hub::{
    Attributes, Call, Command, CommandId, Input, Payload, Publish, Request, SessionKey, Target,
};

impl World {
    /// The hub takes the next that a client has said.
    pub(super) fn listen(&mut self, worker: usize, client: usize) {
        let Some(link) = &self.clients[client].link else {
            return;
        };
        let Some(connection) = self.workers[worker].around.connections.get(&link.key) else {
            return;
        };
        // Until it is attached, what it says waits; and what has ended is not listened to.
        let (Some(session), End::None) = (connection.session, connection.end) else {
            return;
        };
        let key = link.key;
        let Some(said) = self.clients[client].outbox.pop_front() else {
            return;
        };
        match said {
            Said::Command(id, command) => {
                let id = CommandId(id);
                self.handle(worker, Input::Command { session, id, command });
            }
            Said::Publish(id, attempt) => self.publish(worker, session, id, attempt),
            Said::Call { id, call, to, method, timeout } => {
                self.truth.calls[call].is_made = true;
                let payload = Payload::json("{}");
                let timeout = Some(timeout);
                let call = Call { session: to, method: method.into(), payload, timeout };
                let command = Command::Call(call);
                self.handle(worker, Input::Command { session, id: CommandId(id), command });
            }
            Said::Reply { call, answer } => {
                let answer = match &answer {
                    Ok(bytes) => Ok(Payload::binary(bytes)),
                    Err(code) => Err((code.as_str().into(), "no".into())),
                };
                let command = Command::Reply { call, answer };
                self.handle(worker, Input::Command { session, id: CommandId(0), command });
            }
            Said::Refresh(id) => {
                let held = &self.clients[client];
                let identity = identity(held.user, held.is_granted, None);
                let connections = &mut self.workers[worker].around.connections;
                let connection = connections.get_mut(&key).expect("it is attached");
                let before = std::mem::replace(&mut connection.identity, identity.clone());
                connection.identity_before = Some(before);
                self.handle(worker, Input::Refresh { session, id: CommandId(id), identity });
                let connections = &mut self.workers[worker].around.connections;
                let connection = connections.get_mut(&key).expect("it is attached");
                connection.identity_before = None;
            }
        }
    }

    fn publish(&mut self, worker: usize, session: SessionKey, id: u64, number: usize) {
        let attempt = self.truth.attempts[number].clone();
        let (payload, key) = (payload(number, attempt.size), number.to_string());
        let headers = attempt.topic.map(|topic| ("topic", topic));
        let publish = to_publish(&attempt, &payload, headers.as_slice(), &key);
        let command = Command::Publish(publish);
        self.handle(worker, Input::Command { session, id: CommandId(id), command });
    }

    pub(crate) fn publish_from_backend(&mut self, worker: usize, number: usize) -> u64 {
        let attempt = self.truth.attempts[number].clone();
        let (payload, key) = (payload(number, attempt.size), number.to_string());
        let headers = attempt.topic.map(|topic| ("topic", topic));
        let publish = to_publish(&attempt, &payload, headers.as_slice(), &key);
        self.request(worker, Request::Publish(publish))
    }
}

fn payload(number: usize, size: usize) -> Vec<u8> {
    let mut payload = (number as u64).to_le_bytes().to_vec();
    payload.resize(size, b'.');
    payload
}

fn to_publish<'a>(
    attempt: &Attempt,
    payload: &'a [u8],
    headers: &'a [(&'a str, &'a str)],
    idempotency_key: &'a str,
) -> Publish<'a> {
    Publish {
        target: match &attempt.to {
            To::Channel(channel) => Target::Channel((*channel).into()),
            To::Session(session) => Target::Session(*session),
            To::User(user) => Target::User((*user).into()),
            To::All => Target::All { except: Vec::new() },
        },
        payload: Payload::binary(payload),
        attributes: Attributes {
            key: attempt.key,
            headers,
            ttl_ms: attempt.ttl.map(|ttl| ttl.as_millis() as u64),
            is_volatile: attempt.is_volatile,
            ..Attributes::default()
        },
        idempotency_key: attempt.is_idempotent.then_some(idempotency_key),
        expected_version: attempt.expected,
        exclude_self: attempt.excludes_publisher,
    }
}
