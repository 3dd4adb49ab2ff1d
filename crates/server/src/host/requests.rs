//! Requests of backends that the hub has not answered.

use super::Host;
use crate::api::{Asking, Desk, Fault};
use crate::endpoints::Endpoints;
use sockeye::protocol::http::BodyPart;
use sockeye::{ConnectionId, Context, WorkerContext};
use sockeye_hub::{Answer, Input, Request, RequestKey};
use std::collections::HashMap;

/// Who awaits which answer.
#[derive(Debug, Default)]
pub(super) struct Requests {
    last: u64,
    waiting: HashMap<u64, (ConnectionId, usize)>,
}

impl Requests {
    /// A name for what a connection asks in this place.
    fn add(&mut self, id: ConnectionId, index: usize) -> RequestKey {
        self.last += 1;
        self.waiting.insert(self.last, (id, index));
        RequestKey(self.last)
    }

    /// Who had this name, which is good once.
    pub(super) fn take(&mut self, key: RequestKey) -> Option<(ConnectionId, usize)> {
        self.waiting.remove(&key.0)
    }
}

impl Host {
    /// Takes a part of the body of a request. When all is there, it is carried out.
    pub(crate) fn on_body(&mut self, connection: &mut Context<'_, Endpoints>, body: BodyPart<'_>) {
        let Some(exchange) = connection.state().api() else {
            return;
        };
        let result = match body {
            BodyPart::Data(part) => exchange.take(part),
            BodyPart::End => {
                let asking = exchange.end();
                let desk = |asking: Asking| asking.ask(&mut Asker { host: self, connection });
                asking.map_or(Ok(()), desk)
            }
        };
        if let Err(fault) = result {
            let _replied = connection.reply(fault.into_response());
        }
    }
}

/// A connection whose request is carried out.
struct Asker<'h, 'c, 'w> {
    host: &'h mut Host,
    connection: &'c mut Context<'w, Endpoints>,
}

impl Desk for Asker<'_, '_, '_> {
    fn expect(&mut self, items: usize, is_batch: bool) {
        if let Some(exchange) = self.connection.state().api() {
            exchange.expect(items, is_batch);
        }
    }

    fn ask(&mut self, index: usize, request: Result<Request<'_>, Fault>) {
        let id = self.connection.id();
        let mut worker = self.connection.worker();
        match request {
            Ok(request) => {
                let key = self.host.around.requests.add(id, index);
                self.host.drive(&mut worker, Input::Request { key, request });
            }
            Err(fault) => note(&mut worker, id, index, Err(fault)),
        }
    }
}

/// Notes an answer; the last one is the reply.
pub(super) fn note(
    worker: &mut WorkerContext<'_, Endpoints>,
    id: ConnectionId,
    index: usize,
    answer: Result<Answer, Fault>,
) {
    // Who asked may have gone.
    let Some(mut connection) = worker.connection(id) else {
        return;
    };
    let Some(exchange) = connection.state().api() else {
        return;
    };
    if let Some(response) = exchange.note(index, answer) {
        let _replied = connection.reply(response);
    }
}
