//! WebSockets that speak a dialect, from their opening to their end.

use super::effects::Secrecy;
use super::state::Phase;
use super::waiting::{Waiting, message as waiting_message};
use super::{Host, Surroundings};
use crate::endpoints::{Endpoint, Endpoints};
use sockeye::handler::{CloseCause, Closed};
use sockeye::protocol::{CloseCode, Message};
use sockeye::{ConnectionId, Context, WorkerContext};
use sockeye_dialects::{Commands, Connect, Encoded, Incoming};
use sockeye_hub::{
    Command, CommandId, ConnectionKey, Disconnect, DisconnectCode, Input, Own, Refusal, SessionKey,
};
use std::time::{Duration, Instant};

impl Host {
    /// A WebSocket is open. It has so much time to show who it is.
    pub(crate) fn on_open(&mut self, connection: &mut Context<'_, Endpoints>) {
        let id = connection.id();
        let mut worker = connection.worker();
        let due = worker.now() + CONNECT_TIMEOUT;
        self.unknown.push_back((due, id));
        worker.tick_by(due);
    }

    /// A message has arrived.
    pub(crate) fn on_message(
        &mut self,
        connection: &mut Context<'_, Endpoints>,
        message: Message<'_>,
    ) {
        let now = connection.worker().now();
        let Some(native) = connection.state().native() else {
            return;
        };
        match &mut native.phase {
            Phase::Over => return,
            Phase::AwaitsSession(waiting) => {
                if !waiting.get_or_insert_default().push(message) {
                    self.end(connection, &bad_request("expected an answer to be awaited"));
                }
                return;
            }
            Phase::AwaitsConnect(_) | Phase::Session(_) => {}
        }
        let incoming = match message {
            Message::Text(text) => Incoming::Text(text),
            Message::Binary(bytes) => Incoming::Binary(bytes),
        };
        let mut speech = native.speech.take();
        let mut client = Client { host: self, connection };
        let result = speech.handle_message(incoming, now, &mut client);
        if let Some(native) = connection.state().native() {
            native.speech = speech;
        }
        if let Err(error) = result {
            self.end(connection, &error.disconnect());
        }
    }

    /// The connection was too slow for a topic. `false`: the topic is none of the hub's.
    pub(crate) fn on_lag(
        &mut self,
        connection: &mut Context<'_, Endpoints>,
        topic: &[u8],
        mark: u64,
    ) -> bool {
        let Some(topic) = super::effects::topic_key(topic) else {
            return false;
        };
        if let Some(session) = session(connection) {
            self.drive(&mut connection.worker(), Input::Lagged { session, topic, mark });
        }
        true
    }

    pub(crate) fn on_drain(&mut self, connection: &mut Context<'_, Endpoints>) {
        if let Some(session) = session(connection) {
            self.drive(&mut connection.worker(), Input::Drained { session });
        }
    }

    pub(crate) fn on_close(
        &mut self,
        connection: &mut Context<'_, Endpoints>,
        closed: &Closed<'_>,
    ) {
        let key = ConnectionKey(connection.id().number());
        let Some(native) = connection.state().native() else {
            return;
        };
        match std::mem::replace(&mut native.phase, Phase::Over) {
            Phase::AwaitsSession(_) => {
                let abandoned = Input::Abandoned { connection: key };
                self.drive(&mut connection.worker(), abandoned);
            }
            Phase::Session(session) => {
                let is_final = closed.cause == CloseCause::Peer && closed.code == CloseCode::NORMAL;
                let disconnected = Input::Disconnected { session, is_final };
                self.drive(&mut connection.worker(), disconnected);
            }
            Phase::AwaitsConnect(_) | Phase::Over => {}
        }
    }

    /// Closes connections that have not shown in time who they are.
    pub(super) fn close_unknown(
        &mut self,
        worker: &mut WorkerContext<'_, Endpoints>,
        now: Instant,
    ) {
        while let Some((due, id)) = self.unknown.front().copied() {
            let is_unknown = worker
                .state(id)
                .and_then(Endpoint::native)
                .is_some_and(|native| matches!(native.phase, Phase::AwaitsConnect(_)));
            if is_unknown && due > now {
                return;
            }
            self.unknown.pop_front();
            if is_unknown {
                let reason = format!("expected connect within {} s", CONNECT_TIMEOUT.as_secs());
                self.turn_away(worker, id, &unauthorized(reason));
            }
        }
    }

    /// A connection has its session: what it sent meanwhile has its turn.
    pub(super) fn go_on(
        &mut self,
        worker: &mut WorkerContext<'_, Endpoints>,
        id: ConnectionId,
        waiting: &mut Waiting,
    ) {
        for message in waiting.take() {
            let Some(mut connection) = worker.connection(id) else {
                return;
            };
            self.on_message(&mut connection, waiting_message(&message));
        }
    }

    /// Ends a connection, with its session if it has one.
    fn end(&mut self, connection: &mut Context<'_, Endpoints>, disconnect: &Disconnect) {
        let id = connection.id();
        let session = session(connection);
        let mut worker = connection.worker();
        match session {
            Some(session) => {
                let disconnect = disconnect.clone();
                self.drive(&mut worker, Input::Disconnect { session, disconnect });
            }
            None => self.turn_away(&mut worker, id, disconnect),
        }
    }

    /// Ends a connection that has no session.
    fn turn_away(
        &mut self,
        worker: &mut WorkerContext<'_, Endpoints>,
        id: ConnectionId,
        disconnect: &Disconnect,
    ) {
        let awaits_session = worker
            .state(id)
            .and_then(Endpoint::native)
            .is_some_and(|native| matches!(native.phase, Phase::AwaitsSession(_)));
        let mut surroundings = Surroundings { around: &mut self.around, worker };
        surroundings.tell_connection(id, &Own::Disconnected { disconnect });
        surroundings.close(id, disconnect);
        if awaits_session {
            self.drive(worker, Input::Abandoned { connection: ConnectionKey(id.number()) });
        }
    }
}

/// A client while it says what it wants.
struct Client<'h, 'c, 'w> {
    host: &'h mut Host,
    connection: &'c mut Context<'w, Endpoints>,
}

impl Client<'_, '_, '_> {
    fn tell(&mut self, own: &Own<'_>) {
        let id = self.connection.id();
        let worker = &mut self.connection.worker();
        Surroundings { around: &mut self.host.around, worker }.tell_connection(id, own);
    }

    /// Its session. Without one it is not to say what it has said.
    fn expect_session(&mut self) -> Option<SessionKey> {
        let session = session(self.connection);
        if session.is_none() {
            let disconnect = unauthorized("expected connect first".to_owned());
            self.host.end(self.connection, &disconnect);
        }
        session
    }

    /// The token that its request had, if it has not connected. `None`: it has, or is not to.
    fn begin_connecting(&mut self) -> Option<Option<Box<Box<str>>>> {
        let native = self.connection.state().native()?;
        match &mut native.phase {
            Phase::AwaitsConnect(token) => {
                let token = token.take();
                native.phase = Phase::AwaitsSession(None);
                Some(token)
            }
            Phase::AwaitsSession(_) | Phase::Session(_) => {
                let disconnect = unauthorized("expected connect only once".to_owned());
                self.host.end(self.connection, &disconnect);
                None
            }
            Phase::Over => None,
        }
    }

    fn authenticate(&mut self, token: Option<&str>) -> Result<sockeye_hub::Identity, Refusal> {
        let now = self.connection.worker().now();
        let unix_ms = self.host.clock.at(now).unix_ms;
        self.host.access().authenticate(token, unix_ms)
    }
}

impl Commands for Client<'_, '_, '_> {
    fn connect(&mut self, id: CommandId, connect: Connect<'_>) {
        let Some(of_request) = self.begin_connecting() else {
            return;
        };
        let token = connect.token.as_deref().or_else(|| of_request.as_ref().map(|token| &***token));
        let identity = match self.authenticate(token) {
            Ok(identity) => identity,
            Err(refusal) => {
                self.tell(&Own::Refused { id, refusal: &refusal });
                let disconnect = unauthorized(refusal.text.into_owned());
                let connection = self.connection.id();
                // The hub has not heard of it.
                self.forget();
                let worker = &mut self.connection.worker();
                return self.host.turn_away(worker, connection, &disconnect);
            }
        };
        let connection = ConnectionKey(self.connection.id().number());
        let resume = connect.resume.as_ref().and_then(|resume| resume.to_hub());
        let input = Input::Connect { connection, id, identity, resume };
        self.host.drive(&mut self.connection.worker(), input);
        if let Some(native) = self.connection.state().native()
            && let Phase::AwaitsSession(_) = native.phase
        {
            self.connection.pause();
        }
    }

    fn refresh(&mut self, id: CommandId, token: &str) {
        let Some(session) = self.expect_session() else {
            return;
        };
        match self.authenticate(Some(token)) {
            Ok(identity) => {
                let input = Input::Refresh { session, id, identity };
                self.host.drive(&mut self.connection.worker(), input);
            }
            Err(refusal) => self.tell(&Own::Refused { id, refusal: &refusal }),
        }
    }

    fn command(&mut self, id: CommandId, command: Command<'_>) {
        let Some(session) = self.expect_session() else {
            return;
        };
        let input = Input::Command { session, id, command };
        self.host.drive(&mut self.connection.worker(), input);
    }

    fn refuse(&mut self, id: CommandId, refusal: Refusal) {
        self.tell(&Own::Refused { id, refusal: &refusal });
    }

    fn answer(&mut self, encode: impl FnOnce(&mut Encoded)) {
        let id = self.connection.id();
        let worker = &mut self.connection.worker();
        Surroundings { around: &mut self.host.around, worker }.send(
            id,
            Secrecy::None,
            |_, encoded| encode(encoded),
        );
    }

    fn disconnect(&mut self) {
        let session = session(self.connection);
        self.forget();
        let _already_closing = self.connection.close(CloseCode::NORMAL, "");
        if let Some(session) = session {
            let input = Input::Disconnected { session, is_final: true };
            self.host.drive(&mut self.connection.worker(), input);
        }
    }
}

impl Client<'_, '_, '_> {
    /// Nothing of the connection concerns the hub any more.
    fn forget(&mut self) {
        if let Some(native) = self.connection.state().native() {
            native.phase = Phase::Over;
        }
    }
}

fn session(connection: &mut Context<'_, Endpoints>) -> Option<SessionKey> {
    match connection.state().native()?.phase {
        Phase::Session(session) => Some(session),
        _ => None,
    }
}

fn bad_request(reason: &str) -> Disconnect {
    let code = DisconnectCode::BadRequest;
    Disconnect { code, reason: reason.to_owned(), may_return: false }
}

const fn unauthorized(reason: String) -> Disconnect {
    Disconnect { code: DisconnectCode::Unauthorized, reason, may_return: false }
}

/// For a client to show who it is.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
