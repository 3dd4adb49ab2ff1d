//! A server with TLS on the loopback interface, and clients that take their TLS from rustls.

use crate::support;
use crate::support::KEY;
use crate::support::certificates::{BOTH_VERSIONS, authority};
use sockeye::handler::{Closed, Reply};
use sockeye::protocol::Message;
use sockeye::protocol::http::{Request, Response, Status};
use sockeye::tls::TlsServer;
use sockeye::tls::rustls::{ClientConfig, ClientConnection, StreamOwned};
use sockeye::{Config, Context, Handler, RequestContext};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// What the handler was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// Of a request: whether it came over TLS, and how many certificates its client had shown.
    Asked(bool, usize),
    Opened,
    Closed(u16, String),
}

pub(super) type Served = support::Staged<String, Noted>;

/// Serves with one worker.
pub(super) fn serve(tls: TlsServer, edit: impl FnOnce(&mut Config)) -> Served {
    let mut config = support::config();
    config.workers = 1;
    config.tls = Some(tls);
    edit(&mut config);
    Served::serve(config, |_, noted| Stage { noted })
}

/// At `/text` it answers, at `/sink` it takes what comes, anywhere else it sends that back.
struct Stage {
    noted: Sender<Noted>,
}

impl Handler for Stage {
    type State = bool;
    type Mail = String;

    fn on_request(
        &mut self,
        context: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<bool> {
        let certificates = context.peer_certificates().map_or(0, <[_]>::len);
        self.note(Noted::Asked(context.is_secure(), certificates));
        match request.path() {
            "/text" => Response::text(Status::OK, "over TLS\n").into(),
            path => Reply::upgrade(path == "/sink"),
        }
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        self.note(Noted::Opened);
        connection.subscribe("news");
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        if !*connection.state() {
            connection.send(message).expect("the queue has room for an echo");
        }
    }

    fn on_close(&mut self, _: &mut Context<'_, Self>, closed: &Closed<'_>) {
        self.note(Noted::Closed(closed.code.number(), format!("{:?}", closed.cause)));
    }
}

impl Stage {
    fn note(&self, noted: Noted) {
        // The test may be over.
        let _over = self.noted.send(noted);
    }
}

/// A client: it writes and reads what a test says, over TLS.
pub(super) struct Client(pub(super) StreamOwned<ClientConnection, TcpStream>);

pub(super) fn client_config() -> Arc<ClientConfig> {
    Arc::new(authority().client_config(BOTH_VERSIONS))
}

impl Client {
    /// A client that does the handshake with its first byte.
    pub(super) fn dial(address: SocketAddr, config: &Arc<ClientConfig>, name: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let name = name.to_owned().try_into().expect("a name");
        let connection = ClientConnection::new(Arc::clone(config), name).expect("a configuration");
        Self(StreamOwned::new(connection, stream))
    }

    /// A client that trusts everything of the tests.
    pub(super) fn new(address: SocketAddr) -> Self {
        Self::dial(address, &client_config(), "localhost")
    }

    pub(super) fn get(&mut self, path: &str) -> io::Result<String> {
        write!(self.0, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        self.0.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// A client whose WebSocket is open.
    pub(super) fn open(mut self, path: &str) -> Self {
        write!(
            self.0,
            "GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .expect("the server takes it");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(self.take(1));
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        self
    }

    pub(super) fn send(&mut self, frame: &support::Frame) {
        self.0.write_all(&frame.encode(Some(KEY))).expect("the server takes it");
        self.0.flush().expect("the server takes it");
    }

    pub(super) fn take(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        self.0.read_exact(&mut bytes).expect("the server sends it");
        bytes
    }

    /// Sends a message and takes its echo.
    pub(super) fn echo(&mut self, payload: &[u8]) {
        let frame = support::Frame::binary(payload);
        self.send(&frame);
        let expected = frame.encode(None);
        assert!(self.take(expected.len()) == expected);
    }
}

/// How long to wait for what should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);
