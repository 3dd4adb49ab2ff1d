//! The handler: what a connection is for follows from the path, and each is accounted for.

use sockeye::handler::Closed;
use sockeye::protocol::http::{BodyPart, Request, Response, Status};
use sockeye::protocol::{CloseCode, Message};
use sockeye::{ConnectionId, Context, Handler, Reply, RequestContext, WorkerContext};
use std::collections::BTreeMap;
use std::time::Duration;

/// Everybody who was let in, and how often that ended.
#[derive(Debug, Default)]
pub(super) struct Application {
    /// Requests that wait, and what was opened: whether it has ended.
    known: BTreeMap<u32, Known>,
    next: u32,
}

#[derive(Debug)]
struct Known {
    id: Option<ConnectionId>,
    is_pending: bool,
    has_opened: bool,
    has_closed: bool,
}

#[derive(Debug)]
pub(super) struct State {
    number: u32,
    is_subscriber: bool,
    body_size: usize,
}

impl Application {
    fn new_state(&mut self, is_pending: bool, is_subscriber: bool) -> State {
        self.next += 1;
        let known = Known { id: None, is_pending, has_opened: false, has_closed: false };
        self.known.insert(self.next, known);
        State { number: self.next, is_subscriber, body_size: 0 }
    }

    /// What the program around the worker does between two ticks.
    pub(super) fn act(&self, worker: &mut WorkerContext<'_, Self>, amount: u8) {
        let text = "n".repeat(usize::from(amount) * 4);
        let somebody = usize::from(amount) % self.known.len().max(1);
        let id = self.known.values().nth(somebody).and_then(|known| known.id);
        match (amount % 5, id.and_then(|id| worker.connection(id))) {
            (1, Some(mut connection)) => {
                let _already_closing = connection.close(CloseCode::GOING_AWAY, "go");
            }
            (2, Some(mut connection)) => connection.pause(),
            (3, Some(mut connection)) => connection.resume(),
            (4, Some(mut connection)) => _ = connection.ping(b"you there?"),
            _ => worker.publish("news", &text),
        }
    }

    pub(super) fn resume_all(&self, worker: &mut WorkerContext<'_, Self>) {
        for id in self.known.values().filter_map(|known| known.id) {
            if let Some(mut connection) = worker.connection(id) {
                connection.resume();
            }
        }
    }

    pub(super) fn check_end(&self) {
        for (number, known) in &self.known {
            let is_over = known.has_closed || !known.has_opened && !known.is_pending;
            assert!(is_over, "connection {number} was never closed: {known:?}");
        }
    }

    fn known(&mut self, connection: &mut Context<'_, Self>) -> &mut Known {
        let number = connection.state().number;
        self.known.get_mut(&number).expect("each is noted when it is let in")
    }
}

impl Handler for Application {
    type State = State;
    type Mail = ();

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<State> {
        match request.path() {
            "/echo" => Reply::upgrade(self.new_state(false, false)),
            "/news" => Reply::upgrade(self.new_state(false, true)),
            "/stream" => {
                let state = self.new_state(false, true);
                Reply::stream(state, Response::text(Status::OK, "first\n"))
            }
            "/later" => Reply::pending(self.new_state(true, false), Duration::from_secs(3)),
            _ => Response::text(Status::OK, "here\n").into(),
        }
    }

    fn on_body(&mut self, connection: &mut Context<'_, Self>, body: BodyPart<'_>) {
        match body {
            BodyPart::Data(data) => connection.state().body_size += data.len(),
            BodyPart::End => {
                let size = connection.state().body_size;
                // Some wait for good, and their time is up in the end.
                if size % 7 != 6 {
                    let response = Response::text(Status::OK, format!("{size} bytes\n"));
                    connection.reply(response).expect("there was no reply before");
                    self.known(connection).is_pending = false;
                }
            }
        }
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        let id = connection.id();
        let known = self.known(connection);
        assert!(!known.has_opened, "opened twice: {known:?}");
        known.has_opened = true;
        known.id = Some(id);
        if connection.state().is_subscriber {
            connection.subscribe("news");
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        let known = self.known(connection);
        assert!(known.has_opened && !known.has_closed, "a message outside: {known:?}");
        if connection.state().is_subscriber {
            connection.publish("news", message);
        } else {
            let _refused = connection.send(message);
        }
    }

    fn on_close(&mut self, connection: &mut Context<'_, Self>, closed: &Closed<'_>) {
        let known = self.known(connection);
        assert!(!known.has_closed, "closed twice: {known:?}, {closed:?}");
        assert!(known.has_opened || known.is_pending, "closed but never let in: {known:?}");
        known.has_closed = true;
    }
}
