//! What a handler answers to a request.

use crate::protocol::http::Response;
use crate::worker::WorkerId;
use std::fmt;
use std::time::Duration;

/// The answer to a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply<S> {
    /// Make it a WebSocket. A request that does not ask for one gets the status that says so, such as 426.
    Upgrade(Upgrade<S>),
    /// Send this response. A body of the request that has not arrived is discarded; the next request follows, unless
    /// the client or the size of that body is against it.
    Respond(Response),
    /// Begin a response whose body comes into being later: [`super::Handler::on_open`] follows, and each
    /// [`super::Context::send`] is a piece of it.
    Stream(Stream<S>),
    /// Reply later, with [`super::Context::reply`] or [`crate::Remote::respond`]. Until then [`super::Handler::on_body`] is
    /// called with the request's body.
    Pending(Pending<S>),
    /// Let the handler of another worker have the request: its `on_request` is called with it, as if the connection had
    /// been accepted there. Once per request; and only as the reply of `on_request` itself, before any of the body was
    /// read.
    HandOff(WorkerId),
}

impl<S> Reply<S> {
    /// A WebSocket without a subprotocol.
    pub const fn upgrade(state: S) -> Self {
        Self::Upgrade(Upgrade { state, subprotocol: None, headers: Vec::new() })
    }

    /// A response that is sent piece by piece. `response` is its head; what it has of a body goes first.
    pub const fn stream(state: S, response: Response) -> Self {
        Self::Stream(Stream { state, response })
    }

    /// A reply that comes later, but within `timeout`.
    pub const fn pending(state: S, timeout: Duration) -> Self {
        Self::Pending(Pending { state, timeout })
    }
}

impl<S> From<Response> for Reply<S> {
    fn from(response: Response) -> Self {
        Self::Respond(response)
    }
}

/// How a request becomes a WebSocket.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a plain bundle that callers make")]
pub struct Upgrade<S> {
    /// What the handler keeps for the connection.
    pub state: S,
    /// One of those that the client offered.
    pub subprotocol: Option<String>,
    /// More headers for the response: names and values.
    pub headers: Vec<(String, String)>,
}

/// How a request gets a response that is sent piece by piece.
///
/// To HTTP/1.1 each piece is a chunk (RFC 9112 section 7.1); to HTTP/1.0 the body is what comes until the connection ends.
/// A `HEAD` request, or a status without content, gets the head alone, and the state is dropped at once.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a plain bundle that callers make")]
pub struct Stream<S> {
    /// What the handler keeps while the stream lasts.
    pub state: S,
    /// The head of the response; what it has of a body goes first.
    pub response: Response,
}

/// How a request waits for its reply.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a plain bundle that callers make")]
pub struct Pending<S> {
    /// What the handler keeps until it has replied.
    pub state: S,
    /// From now until the reply; then the client gets 503, and the handler hears of it in
    /// [`super::Handler::on_close`]. Capped at [`crate::limits::TIMEOUT_MAX`].
    pub timeout: Duration,
}

/// A reply was not taken: nothing awaits one. The request was replied to before, or its connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotPending;

impl fmt::Display for NotPending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing awaits a reply: the request was replied to, or its connection is gone")
    }
}

impl std::error::Error for NotPending {}
