//! What the paths of the server are for.

mod page;
mod topics;

use crate::api;
use crate::dialect::Speech;
use crate::host::{Host, Mail, Native, Shared};
use sockeye::handler::{Closed, Upgrade};
use sockeye::protocol::http::{BodyPart, Request, Response, Status};
use sockeye::protocol::{CloseCode, Message};
use sockeye::{Context, Handler, Reply, RequestContext, WorkerContext, WorkerId};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use topics::{Name, Names};

/// Serves the hub's sessions and backends, the page, `/echo`, `/topic/NAME`, and what watches a server.
#[derive(Debug)]
pub(crate) struct Endpoints {
    shared: Arc<Shared>,
    host: Host,
    names: Names,
}

/// What a connection is for. One that only echoes has nothing on the heap.
#[derive(Debug)]
pub(crate) enum Endpoint {
    Echo,
    Other(Box<Purpose>),
}

/// What a connection is for that has something of its own.
#[derive(Debug)]
pub(crate) enum Purpose {
    Topic(Name),
    /// A session of the hub's, or what is to become one.
    Native(Native),
    /// A request of a backend that awaits its answer.
    Api(Box<api::Exchange>),
}

// Every connection has one in the engine's table, where a pointer is what an idle one has room for.
const _: () = assert!(size_of::<Endpoint>() <= size_of::<usize>());

impl Endpoint {
    fn purpose(&mut self) -> Option<&mut Purpose> {
        match self {
            Self::Echo => None,
            Self::Other(purpose) => Some(purpose),
        }
    }

    fn topic(&mut self) -> Option<&mut Name> {
        match self.purpose()? {
            Purpose::Topic(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn native(&mut self) -> Option<&mut Native> {
        match self.purpose()? {
            Purpose::Native(native) => Some(native),
            _ => None,
        }
    }

    pub(crate) fn api(&mut self) -> Option<&mut api::Exchange> {
        match self.purpose()? {
            Purpose::Api(exchange) => Some(exchange),
            _ => None,
        }
    }
}

impl From<Purpose> for Endpoint {
    fn from(purpose: Purpose) -> Self {
        Self::Other(Box::new(purpose))
    }
}

impl Endpoints {
    pub(crate) fn new(worker: WorkerId, shared: &Arc<Shared>) -> Self {
        let host = Host::new(worker, Arc::clone(shared));
        Self { shared: Arc::clone(shared), host, names: Names::default() }
    }

    /// A WebSocket that speaks a dialect.
    fn connect(&self, request: &Request<'_>) -> Reply<Endpoint> {
        if let Err(fault) = self.shared.access.check_origin(request) {
            return fault.into_response().into();
        }
        let Some((speech, subprotocol)) = Speech::negotiate(request) else {
            return Response::text(Status::BAD_REQUEST, SUBPROTOCOL_EXPECTED).into();
        };
        let state = Purpose::Native(Native::new(speech, api::token(request))).into();
        let subprotocol = subprotocol.map(str::to_owned);
        Reply::Upgrade(Upgrade { state, subprotocol, headers: Vec::new() })
    }

    fn readiness(&self) -> Response {
        match self.shared.is_draining.load(Ordering::Relaxed) {
            true => Response::text(Status::SERVICE_UNAVAILABLE, "shutting down\n"),
            false => Response::text(Status::OK, "ok\n"),
        }
    }

    /// What a backend asks for.
    fn api(&self, request: &Request<'_>, rest: &str) -> Reply<Endpoint> {
        match api::Exchange::begin(request, rest, &self.shared.access) {
            Ok(exchange) => Reply::pending(Purpose::Api(Box::new(exchange)).into(), api::TIMEOUT),
            Err(fault) => fault.into_response().into(),
        }
    }
}

impl Handler for Endpoints {
    type State = Endpoint;
    type Mail = Mail;

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<Endpoint> {
        match request.path() {
            "/" if request.is_upgrade() => self.connect(request),
            "/" => page::page(request, page::CHAT).into(),
            "/connect" => self.connect(request),
            "/livez" => page::plain(request, || Response::text(Status::OK, "ok\n")).into(),
            "/readyz" => page::plain(request, || self.readiness()).into(),
            "/metrics" => page::plain(request, || self.shared.metrics.response()).into(),
            path => match path.strip_prefix("/api/v1/") {
                Some(rest) => self.api(request, rest),
                None if self.shared.has_playground => playground(request),
                None => Response::text(Status::NOT_FOUND, NOT_FOUND).into(),
            },
        }
    }

    fn on_body(&mut self, connection: &mut Context<'_, Self>, body: BodyPart<'_>) {
        self.host.on_body(connection, body);
    }

    fn on_accept_failed(&mut self, error: &io::Error) {
        tracing::warn!("no connection can be accepted, trying again: {error}");
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        self.host.figures().count_opened();
        match connection.state().purpose() {
            Some(Purpose::Topic(_)) => self.names.join(connection),
            Some(Purpose::Native(_)) => self.host.on_open(connection),
            None | Some(Purpose::Api(_)) => {}
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        match connection.state().purpose() {
            None => {
                // One that does not read what it gets is closed by the engine, with 1013.
                let _refused = connection.send(message);
            }
            Some(Purpose::Topic(name)) => {
                let name = name.clone();
                connection.publish(&**name, message);
            }
            Some(Purpose::Native(_)) => self.host.on_message(connection, message),
            Some(Purpose::Api(_)) => {}
        }
    }

    fn on_drain(&mut self, connection: &mut Context<'_, Self>) {
        self.host.on_drain(connection);
    }

    fn on_lag(&mut self, connection: &mut Context<'_, Self>, topic: &[u8], mark: u64) {
        if !self.host.on_lag(connection, topic, mark) {
            let reason = "too slow for what it subscribes to";
            let _already_closing = connection.close(CloseCode::TRY_AGAIN_LATER, reason);
        }
    }

    fn on_close(&mut self, connection: &mut Context<'_, Self>, closed: &Closed<'_>) {
        match connection.state().purpose() {
            // Its answers, when they come, find nobody.
            Some(Purpose::Api(_)) => return,
            Some(Purpose::Topic(name)) => self.names.leave(name),
            Some(Purpose::Native(_)) => self.host.on_close(connection, closed),
            None => {}
        }
        self.host.figures().count_closed();
    }

    fn on_mail(&mut self, worker: &mut WorkerContext<'_, Self>, mail: Mail) {
        self.host.on_mail(worker, mail);
    }

    fn on_tick(&mut self, worker: &mut WorkerContext<'_, Self>, now: Instant) -> Option<Instant> {
        self.host.on_tick(worker, now)
    }
}

/// Where the engine alone answers: everybody may talk to everybody.
fn playground(request: &Request<'_>) -> Reply<Endpoint> {
    match request.path() {
        "/try" => page::page(request, page::TRY).into(),
        "/echo" => upgrade(request, Endpoint::Echo),
        path => match path.strip_prefix("/topic/").map(Names::check) {
            Some(Some(name)) => upgrade(request, Purpose::Topic(name).into()),
            Some(None) => Response::text(Status::NOT_FOUND, topics::NAME_EXPECTED).into(),
            None => Response::text(Status::NOT_FOUND, NOT_FOUND_IN_PLAYGROUND).into(),
        },
    }
}

/// Takes the first subprotocol that the client offers: none of them means anything at these addresses, and many clients
/// insist on one being chosen.
fn upgrade(request: &Request<'_>, state: Endpoint) -> Reply<Endpoint> {
    let subprotocol = request.subprotocols().next().map(str::to_owned);
    Reply::Upgrade(Upgrade { state, subprotocol, headers: Vec::new() })
}

const SUBPROTOCOL_EXPECTED: &str = "expected one of the subprotocols sockeye.v1.json, sockeye.v1.msgpack and \
    sockeye.v1.protobuf, or none, which is the first\n";

const NOT_FOUND: &str = "there is nothing here: try /, /connect, /api/v1/, /livez, /readyz or /metrics; \
    /try, /echo and /topic/NAME are there with playground = true in the configuration\n";
const NOT_FOUND_IN_PLAYGROUND: &str = "there is nothing here: try /, /try, /connect, /api/v1/, /echo, /topic/NAME, /livez, /readyz or /metrics\n";
