//! A server whose handler replies as the path says, and what it notes meanwhile.

use crate::support;
use sockeye::handler::{Closed, Reply, Upgrade};
use sockeye::protocol::http::{BodyPart, Request, Response, Status};
use sockeye::protocol::{CloseCode, Message};
use sockeye::worker::WorkerId;
use sockeye::{Config, ConnectionId, Context, Handler, RequestContext, WorkerContext};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// What the handler saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// A request to `/wait…` awaits a reply.
    Waits(ConnectionId),
    Opened(ConnectionId),
    Body(Vec<u8>),
    Message(Vec<u8>),
    Drained,
    /// Whether a send that the test asked for was accepted.
    Sent(bool),
    Closed(String),
}

pub(super) type Staged = support::Staged<Mail, Noted>;

/// What a test has the handler do.
pub(super) enum Mail {
    Reply(ConnectionId, fn() -> Reply<Kept>),
    Send(ConnectionId, Vec<u8>),
    Close(ConnectionId, CloseCode),
    Publish(Vec<u8>),
}

/// What the handler keeps: the body so far.
#[derive(Debug, Default)]
pub(super) struct Kept {
    path: String,
    body: Vec<u8>,
}

impl Kept {
    pub(super) fn at(path: &str) -> Self {
        Self { path: path.to_owned(), body: Vec::new() }
    }
}

struct Stage {
    noted: Sender<Noted>,
}

impl Staged {
    pub(super) fn start(configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = support::config();
        config.workers = 2;
        configure(&mut config);
        Self::serve(config, |_, noted| Stage { noted })
    }

    /// The connection whose request begins to wait next.
    pub(super) fn waiting(&self) -> ConnectionId {
        match self.noted() {
            Noted::Waits(id) => id,
            other => panic!("expected a request that waits, not {other:?}"),
        }
    }

    /// The connection that is opened next.
    pub(super) fn opened(&self) -> ConnectionId {
        match self.noted() {
            Noted::Opened(id) => id,
            other => panic!("expected a connection to be opened, not {other:?}"),
        }
    }

    /// Has a stream send; whether it was accepted.
    pub(super) fn send(&self, id: ConnectionId, bytes: impl Into<Vec<u8>>) -> bool {
        self.mail(id, Mail::Send(id, bytes.into()));
        match self.noted() {
            Noted::Sent(is_accepted) => is_accepted,
            other => panic!("expected a send, not {other:?}"),
        }
    }

    pub(super) fn mail(&self, id: ConnectionId, mail: Mail) {
        self.remote.mail(id.worker(), mail).expect("the server runs");
    }
}

impl Handler for Stage {
    type State = Kept;
    type Mail = Mail;

    fn on_request(
        &mut self,
        connection: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<Kept> {
        let path = request.path();
        let state = Kept::at(path);
        let patience = super::PATIENCE;
        match path {
            "/worker" => {
                let worker = connection.worker().id();
                Response::text(Status::OK, format!("worker {}\n", worker.0)).into()
            }
            "/other" if connection.worker().id() == WorkerId(0) => Reply::HandOff(WorkerId(1)),
            "/other" => Response::text(Status::OK, "worker 1\n").into(),
            "/other-echo" if connection.worker().id() == WorkerId(0) => Reply::HandOff(WorkerId(1)),
            "/nowhere" => Reply::HandOff(WorkerId(7)),
            "/ping-pong" => Reply::HandOff(WorkerId(1 - connection.worker().id().0)),
            "/wait" => {
                self.note(Noted::Waits(connection.id()));
                Reply::pending(state, patience)
            }
            "/wait-briefly" => {
                self.note(Noted::Waits(connection.id()));
                Reply::pending(state, Duration::from_millis(50))
            }
            "/body" | "/count" | "/panic" | "/hasty" => Reply::pending(state, patience),
            "/stream" | "/topic" => {
                let response = Response::new(Status::OK)
                    .with_content_type("text/plain")
                    .expect("a plain type");
                Reply::stream(state, response)
            }
            "/echo" | "/other-echo" => {
                Reply::Upgrade(Upgrade { state, subprotocol: None, headers: Vec::new() })
            }
            "/early" => {
                let status = Status::new(103).expect("a status");
                Response::new(status).into()
            }
            "/empty" => Response::new(Status::NO_CONTENT).into(),
            path if path.starts_with("/size/") => {
                let size = path["/size/".len()..].parse().expect("a size");
                let body = vec![b'x'; size];
                let response = Response::new(Status::OK).with_body("text/plain", body);
                response.expect("a plain type").into()
            }
            path => Response::text(Status::OK, format!("this is {path}\n")).into(),
        }
    }

    fn on_body(&mut self, connection: &mut Context<'_, Self>, body: BodyPart<'_>) {
        let state = connection.state();
        let (path, size) = (state.path.clone(), state.body.len());
        match (path.as_str(), body) {
            ("/panic", _) => std::panic::resume_unwind(Box::new("on_body")),
            ("/hasty", _) => {
                let reply = connection.reply(Response::text(Status::OK, "enough\n"));
                reply.expect("asked for the first time");
            }
            ("/count", BodyPart::Data(data)) => self.note(Noted::Body(data.to_vec())),
            (_, BodyPart::Data(data)) => state.body.extend_from_slice(data),
            ("/body", BodyPart::End) => {
                let body = std::mem::take(&mut state.body);
                let response = Response::new(Status::OK).with_body("text/plain", body);
                connection.reply(response.expect("a plain type")).expect("it waits");
                assert!(connection.reply(Response::new(Status::OK)).is_err(), "replied already");
            }
            (_, BodyPart::End) => {
                if path == "/count" {
                    self.note(Noted::Body(size.to_string().into_bytes()));
                    connection.reply(Response::new(Status::OK)).expect("it waits");
                }
            }
        }
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        if connection.state().path == "/topic" {
            assert!(connection.subscribe("news"));
        }
        self.note(Noted::Opened(connection.id()));
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        self.note(Noted::Message(message.as_bytes().to_vec()));
        let _full = connection.send(message);
    }

    fn on_drain(&mut self, _: &mut Context<'_, Self>) {
        self.note(Noted::Drained);
    }

    fn on_close(&mut self, connection: &mut Context<'_, Self>, closed: &Closed<'_>) {
        assert!(
            connection.send("late").is_err()
                && connection.reply(Response::new(Status::OK)).is_err()
        );
        let path = connection.state().path.clone();
        self.note(Noted::Closed(format!("{path} {} {:?}", closed.code.number(), closed.cause)));
    }

    fn on_mail(&mut self, worker: &mut WorkerContext<'_, Self>, mail: Mail) {
        match mail {
            Mail::Reply(id, reply) => {
                if let Some(mut connection) = worker.connection(id) {
                    connection.reply(reply()).expect("it waits");
                }
            }
            Mail::Send(id, bytes) => {
                let mut connection = worker.connection(id).expect("it is open");
                let sent = connection.send(bytes.as_slice());
                self.note(Noted::Sent(sent.is_ok()));
            }
            Mail::Close(id, code) => {
                let mut connection = worker.connection(id).expect("it is open");
                connection.close(code, "").expect("not closed yet");
                assert!(connection.send("late").is_err());
            }
            Mail::Publish(bytes) => worker.publish("news", bytes.as_slice()),
        }
    }
}

impl Stage {
    fn note(&self, noted: Noted) {
        // The test may be over.
        let _over = self.noted.send(noted);
    }
}
