//! A worker that makes connections as it is told, and notes what becomes of them.

use crate::support;
use sockeye::client::{ClientConfig, ConnectError};
use sockeye::handler::{Closed, Reply};
use sockeye::protocol::handshake::Accepted;
use sockeye::protocol::http::{Request, Response, Status};
use sockeye::protocol::{CloseCode, Message};
use sockeye::worker::WorkerId;
use sockeye::{Config, ConnectionId, Context, Handler, RequestContext, WorkerContext};
use std::net::SocketAddr;
use std::sync::mpsc::Sender;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    Accepted(Option<String>),
    Opened(ConnectionId),
    Message(Vec<u8>),
    Pong(Vec<u8>),
    Failed(String),
    Closed(u16, String),
}

pub(super) enum Order {
    Connect(SocketAddr, Box<ClientConfig>),
    ConnectToItself(usize),
    Send(ConnectionId, Vec<u8>),
    Ping(ConnectionId),
    Close(ConnectionId),
}

/// A worker that accepts too: the connections of one worker may be of both kinds, and to itself.
pub(super) type Staged = support::Staged<Order, Noted>;

struct Stage {
    address: SocketAddr,
    noted: Sender<Noted>,
}

impl Staged {
    pub(super) fn start(configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = support::config();
        config.workers = 1;
        configure(&mut config);
        Self::serve(config, |address, noted| Stage { address, noted })
    }

    pub(super) fn order(&self, order: Order) {
        self.remote.mail(WorkerId(0), order).expect("the worker runs");
    }

    pub(super) fn connect(&self, address: SocketAddr, configure: impl FnOnce(&mut ClientConfig)) {
        let mut config =
            ClientConfig::new(&format!("ws://{address}/echo")).expect("a plain address");
        configure(&mut config);
        self.order(Order::Connect(address, Box::new(config)));
    }

    /// Connects, and gives the name of the connection.
    pub(super) fn open(&self, address: SocketAddr) -> ConnectionId {
        self.connect(address, |_| {});
        assert_eq!(self.noted(), Noted::Accepted(None));
        match self.noted() {
            Noted::Opened(id) => id,
            other => panic!("expected a connection to be opened, not {other:?}"),
        }
    }

    pub(super) fn failure(&self) -> String {
        match self.noted() {
            Noted::Failed(error) => error,
            other => panic!("expected a failure, not {other:?}"),
        }
    }
}

/// Whether the connection is one that we made.
type IsOurs = bool;

impl Handler for Stage {
    type State = IsOurs;
    type Mail = Order;

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<IsOurs> {
        match request.path() {
            "/echo" => Reply::upgrade(false),
            _ => Response::text(Status::UNAUTHORIZED, "not you\n").into(),
        }
    }

    fn on_accepted(&mut self, connection: &mut Context<'_, Self>, response: &Accepted<'_>) {
        assert!(*connection.state());
        self.note(Noted::Accepted(response.subprotocol().map(str::to_owned)));
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        if *connection.state() {
            assert!(!connection.subscribe("news"), "its frames are masked one by one");
            self.note(Noted::Opened(connection.id()));
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        if *connection.state() {
            self.note(Noted::Message(message.as_bytes().to_vec()));
        } else {
            connection.send(message).expect("the queue has room for an echo");
        }
    }

    fn on_pong(&mut self, _: &mut Context<'_, Self>, payload: &[u8]) {
        self.note(Noted::Pong(payload.to_vec()));
    }

    fn on_connect_failed(&mut self, connection: &mut Context<'_, Self>, error: &ConnectError) {
        assert!(*connection.state());
        assert!(connection.send("nobody is there").is_err());
        self.note(Noted::Failed(error.to_string()));
    }

    fn on_close(&mut self, connection: &mut Context<'_, Self>, closed: &Closed<'_>) {
        if *connection.state() {
            self.note(Noted::Closed(closed.code.number(), format!("{:?}", closed.cause)));
        }
    }

    fn on_mail(&mut self, worker: &mut WorkerContext<'_, Self>, order: Order) {
        match order {
            Order::Connect(address, config) => {
                if let Err(error) = worker.connect(address, &config, true) {
                    self.note(Noted::Failed(format!("at once: {error}")));
                }
            }
            Order::ConnectToItself(count) => {
                let address = format!("ws://{}/echo", self.address);
                let config = ClientConfig::new(&address).expect("a plain address");
                for _ in 0..count {
                    worker.connect(self.address, &config, true).expect("there is room");
                }
            }
            Order::Send(id, bytes) => {
                let mut connection = worker.connection(id).expect("it is open");
                connection.send(bytes.as_slice()).expect("the queue has room");
            }
            Order::Ping(id) => {
                let mut connection = worker.connection(id).expect("it is open");
                connection.ping(b"there?").expect("it is open");
            }
            Order::Close(id) => {
                let mut connection = worker.connection(id).expect("it is open");
                connection.close(CloseCode::NORMAL, "").expect("not closed yet");
            }
        }
    }
}

impl Stage {
    fn note(&self, noted: Noted) {
        // The test may be over.
        let _over = self.noted.send(noted);
    }
}
