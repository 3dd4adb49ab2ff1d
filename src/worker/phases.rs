//! What a connection is in the middle of. Each phase is named for what it awaits, and owns what it needs for that.

use super::WorkerId;
use super::clock::Ticks;
use super::requests::Asked;
use crate::handler::Reply;
use crate::protocol;
use crate::protocol::handshake::{ClientHandshake, Tunnel};
use crate::protocol::http::{BodyReader, Persistence, RequestParser, StreamCoding};
#[cfg(feature = "tls")]
use crate::tls::Session;
use std::net::SocketAddr;
use std::time::Duration;

/// ```text
///              ┌────────── kept alive: the next request ◄─────────┐
///   Head ──────┼─► Exchange ── reply ──┬─► Discarding ────────────┤
///    │         │                       └─► Streaming ─────────────┘
///    ├─► HandingOver ──► the Head of another worker's connection
///    └─► Open (at once, or from Exchange)
///          ▲
///   Connecting
///   any of them ── the last response, close frames passed, the stream ended, or a rule was broken ──► Ending ──► Closed
/// ```
#[derive(Debug)]
pub(crate) enum Phase<S> {
    /// Awaits a request head, or the rest of one.
    Head(Box<Head>),
    /// Awaits the body of a request, or the handler's reply to it, or both.
    Exchange(Box<Exchange<S>>),
    /// Awaits the rest of a body that the handler has replied to without it.
    Discarding(Box<Discarding>),
    /// Awaits what the handler adds to a response, and its end.
    Streaming(Box<Streaming<S>>),
    /// Awaits that what is queued leaves, then the driver's leave to give the connection to another worker.
    HandingOver(Box<HandingOver>),
    /// Awaits the other side of a connection that we make, then its answer to our opening handshake.
    Connecting(Box<Connecting<S>>),
    /// Awaits frames.
    Open(Open<S>),
    /// Awaits that what is queued leaves, then the end of the peer's stream. What arrives is discarded.
    Ending,
    /// Awaits the driver's last word.
    Closed,
}

impl<S> Phase<S> {
    /// What the handler keeps for a connection whose WebSocket is not open, while there is such a thing.
    pub(super) fn state_unless_open(&mut self) -> Option<&mut S> {
        match self {
            Self::Exchange(exchange) => Some(&mut exchange.state),
            Self::Streaming(stream) => Some(&mut stream.state),
            Self::Connecting(connecting) => Some(&mut connecting.state),
            _ => None,
        }
    }

    /// Bytes of memory for what has not arrived whole, or waits to be given on as it came.
    pub(super) fn message_bytes(&self) -> usize {
        match self {
            Self::Open(open) => open.protocol.assembled_capacity(),
            Self::Head(head) => head.bytes.capacity(),
            Self::Exchange(exchange) => exchange.request.head.bytes.capacity(),
            Self::Discarding(discarding) => discarding.head.bytes.capacity(),
            Self::Streaming(stream) => stream.head.bytes.capacity(),
            Self::HandingOver(handing_over) => handing_over.bytes.capacity(),
            Self::Connecting(connecting) => connecting.bytes.capacity(),
            Self::Ending | Self::Closed => 0,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) parser: RequestParser,
    /// What has arrived of a head that did not arrive whole.
    pub(crate) bytes: Vec<u8>,
    pub(crate) peer: SocketAddr,
    /// Some of this head has arrived.
    pub(crate) has_begun: bool,
    /// A request of this connection was answered before.
    pub(crate) is_kept_alive: bool,
    /// Another worker's handler handed the request over.
    pub(crate) was_handed_over: bool,
}

impl Head {
    pub(crate) fn new(peer: SocketAddr) -> Self {
        Self {
            parser: RequestParser::new(),
            bytes: Vec::new(),
            peer,
            has_begun: false,
            is_kept_alive: false,
            was_handed_over: false,
        }
    }
}

/// A request that was not answered.
#[derive(Debug)]
pub(crate) struct Unanswered {
    /// For the next request. Its bytes are the head of this one if that asks for a WebSocket, which may be granted later.
    pub(crate) head: Box<Head>,
    pub(crate) asked: Asked,
    pub(crate) body: BodyReader,
    /// When the body began.
    pub(crate) body_since: Ticks,
}

/// A request that the handler has not replied to.
#[derive(Debug)]
pub(crate) struct Exchange<S> {
    pub(crate) request: Unanswered,
    pub(crate) state: S,
    /// When the handler must have replied.
    pub(crate) due: Ticks,
    /// What the handler has replied, until it is carried out.
    pub(crate) reply: Option<Reply<S>>,
    /// The handler is being told of its end.
    pub(crate) is_over: bool,
}

/// A request that was answered before its body had arrived.
#[derive(Debug)]
pub(crate) struct Discarding {
    pub(crate) head: Box<Head>,
    pub(crate) body: BodyReader,
    /// Bytes that were discarded.
    pub(crate) discarded: usize,
}

/// A response whose body the handler sends while it comes into being.
#[derive(Debug)]
pub(crate) struct Streaming<S> {
    /// For the next request.
    pub(crate) head: Box<Head>,
    pub(crate) state: S,
    pub(crate) coding: StreamCoding,
    pub(crate) persistence: Persistence,
    pub(crate) ending: StreamEnding,
}

/// How far the end of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamEnding {
    /// It goes on.
    None,
    /// The handler has ended it, and is told with the next flush.
    Complete,
    /// The handler has cut it off: the peer sees that something is missing.
    Cut,
    /// The handler is being told of its end, or was.
    Told,
}

/// A connection on its way to another worker, with its unread bytes: the request's head and what came after it.
#[derive(Debug)]
pub(crate) struct HandingOver {
    pub(crate) to: WorkerId,
    pub(crate) bytes: Vec<u8>,
    pub(crate) peer: SocketAddr,
    /// The request is a `HEAD`.
    pub(crate) is_head_only: bool,
    /// The driver was asked to give it up.
    pub(crate) is_detaching: bool,
}

/// A connection that we make.
#[derive(Debug)]
pub(crate) struct Connecting<S> {
    pub(crate) step: Step,
    pub(crate) tunnel: Option<Tunnel>,
    pub(crate) handshake: ClientHandshake,
    /// The TLS that is to begin, until it does.
    #[cfg(feature = "tls")]
    pub(crate) session: Option<Box<Session>>,
    /// What has arrived of an answer that did not arrive whole.
    pub(crate) bytes: Vec<u8>,
    pub(crate) state: S,
    /// When the present step must be done; the handshake and the tunnel share one.
    pub(crate) due: Ticks,
    pub(crate) handshake_timeout: Duration,
    pub(crate) message_bytes_max: usize,
    #[cfg(feature = "deflate")]
    pub(crate) deflate: protocol::deflate::DeflateConfig,
    /// The handler is being told of its end.
    pub(crate) is_over: bool,
}

impl<S> Connecting<S> {
    /// Whether TLS begins next, so that nothing that arrived before can be an answer.
    pub(crate) const fn awaits_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return matches!(self.step, Step::Handshake) && self.session.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }
}

/// What a connection that we make awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The other side of the connection.
    Dialing,
    /// The proxy's answer.
    Tunnel,
    /// The server's answer.
    Handshake,
}

#[derive(Debug)]
pub(crate) struct Open<S> {
    pub(crate) protocol: protocol::Connection,
    pub(crate) state: S,
}
