//! What a handler answers to a request.

use crate::protocol::http::Response;

/// The answer to a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply<S> {
    /// Make it a WebSocket. A request that does not ask for one gets the status that says so, such as 426.
    Upgrade(Upgrade<S>),
    /// Send this response and end the connection.
    Respond(Response),
}

impl<S> Reply<S> {
    /// A WebSocket without a subprotocol.
    pub const fn upgrade(state: S) -> Self {
        Self::Upgrade(Upgrade { state, subprotocol: None, headers: Vec::new() })
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
