//! What an embedder writes: a [`Handler`], which the workers call.
//!
//! Each worker has a handler of its own, made in its thread, so nothing in one is shared or locked. A handler only
//! queues: what it sends leaves at the end of the worker's tick, all of it in one send. What blocks in a handler blocks
//! every connection of its worker. A panic in a handler closes the connection it was called for (1011) and nothing else;
//! one in [`Handler::on_mail`] loses that piece of mail, one in [`Handler::on_tick`] ends its ticks.

mod context;
mod reply;

pub use context::{Context, RequestContext, WorkerContext};
pub use reply::{NotPending, Pending, Reply, Stream, Upgrade};

use crate::client::ConnectError;
use crate::protocol::http::{BodyPart, Request};
use crate::protocol::{CloseCode, Message, ProtocolError, handshake};
use std::fmt;
use std::io;
use std::time::Instant;

/// Decides what connections are for.
pub trait Handler: Sized {
    /// What the handler keeps per connection. It lives in the worker's slab.
    type State;

    /// What handlers of different workers, and other threads, tell each other; `()` for those that do not.
    type Mail: Send + 'static;

    /// A request has arrived. It may become a WebSocket, or get a response now, piece by piece, or later.
    fn on_request(
        &mut self,
        connection: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<Self::State>;

    /// Some of the body of a request that you replied to with [`Reply::Pending`], and in the end [`BodyPart::End`], also
    /// when there is no body. It is lent: to keep it, copy it. Reply with [`Context::reply`], at any time; what has not
    /// arrived of the body is discarded then.
    ///
    /// A body over [`crate::Config::body_bytes_max`] is answered with 413 before this is called, or, where its size was
    /// not announced, as soon as it is over.
    fn on_body(&mut self, connection: &mut Context<'_, Self>, body: BodyPart<'_>) {
        let _ = (connection, body);
    }

    /// The connection is a WebSocket now, or a stream.
    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        let _ = connection;
    }

    /// The server that you connected to with [`WorkerContext::connect`] has agreed; [`Handler::on_open`] follows. The
    /// response says which subprotocol it chose.
    fn on_accepted(
        &mut self,
        connection: &mut Context<'_, Self>,
        response: &handshake::Accepted<'_>,
    ) {
        let _ = (connection, response);
    }

    /// No WebSocket came of a [`WorkerContext::connect`]. Nothing follows; to try again, connect again, and not at once.
    fn on_connect_failed(&mut self, connection: &mut Context<'_, Self>, error: &ConnectError) {
        let _ = (connection, error);
    }

    /// A message arrived. It is lent: to keep it, copy it.
    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>);

    /// A ping arrived; the pong is queued already.
    fn on_ping(&mut self, connection: &mut Context<'_, Self>, payload: &[u8]) {
        let _ = (connection, payload);
    }

    /// A pong arrived, asked for or not.
    fn on_pong(&mut self, connection: &mut Context<'_, Self>, payload: &[u8]) {
        let _ = (connection, payload);
    }

    /// The backlog is small again, at most 16 KiB, after more than that could not leave, after a send was refused, or as
    /// [`Context::await_drain`] asked.
    fn on_drain(&mut self, connection: &mut Context<'_, Self>) {
        let _ = connection;
    }

    /// The connection was too slow for a topic and has left it. It missed the publications from `mark` on; nothing of
    /// them is queued. Subscribe again in [`Handler::on_drain`], after having made up for them.
    ///
    /// Unless overridden, this closes the connection with 1013, so that its peer knows.
    fn on_lag(&mut self, connection: &mut Context<'_, Self>, topic: &[u8], mark: u64) {
        let _ = (topic, mark);
        let _already_closing =
            connection.close(CloseCode::TRY_AGAIN_LATER, "too slow for what it subscribes to");
    }

    /// The WebSocket or the stream has ended, one way or another, or a request that awaited its reply got none: its client
    /// is gone, or the time was up. Called once for each that was opened, and for each request that was pending and never
    /// replied to; nothing can be sent, and the subscriptions are gone.
    fn on_close(&mut self, connection: &mut Context<'_, Self>, closed: &Closed<'_>) {
        let _ = (connection, closed);
    }

    /// Mail arrived, from a handler of another worker or from another thread.
    fn on_mail(&mut self, worker: &mut WorkerContext<'_, Self>, mail: Self::Mail) {
        let _ = (worker, mail);
    }

    /// The process or the system is out of descriptors or memory, so that no connection can be accepted. The worker tries
    /// again every half second, and calls this each time that it fails.
    fn on_accept_failed(&mut self, error: &io::Error) {
        let _ = error;
    }

    /// Called when the worker starts, and whenever the moment comes that it answered last, or that
    /// [`WorkerContext::tick_by`] asked for. `None`: not again unless something asks for it.
    fn on_tick(&mut self, worker: &mut WorkerContext<'_, Self>, now: Instant) -> Option<Instant> {
        let _ = (worker, now);
        None
    }
}

/// How a WebSocket, a stream or a request that awaited its reply ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed<'a> {
    /// The code in the peer's close frame, [`CloseCode::NO_STATUS`] if it had none. Without such a frame: the code that
    /// told the peer of its fault, or [`CloseCode::ABNORMAL`].
    pub code: CloseCode,
    /// The text beside the code.
    pub reason: &'a str,
    /// Who or what ended it.
    pub cause: CloseCause,
}

/// Who or what ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseCause {
    /// The peer sent the first close frame.
    Peer,
    /// This side sent the first close frame, or ended the stream.
    Local,
    /// The peer broke a rule.
    Fault(ProtocolError),
    /// The stream ended or broke without a close frame.
    Lost,
    /// The peer did not answer a ping, did not end its message or its body, or took no bytes, for too long; or the handler
    /// did not reply in time.
    TimedOut,
}

/// A message was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a plain answer")]
pub struct Accepted {
    /// Bytes that wait to be sent on this connection, this message included.
    pub backlog: usize,
}

/// A message was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendRefused {
    /// The connection is closing or gone.
    Closed,
    /// Too much waits to be sent. [`Handler::on_drain`] says when it is little again; by default the connection closes
    /// instead ([`crate::WhenFull`]).
    Full,
}

impl fmt::Display for SendRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the connection is closing or gone",
            Self::Full => "too much waits to be sent: go on in on_drain",
        })
    }
}

impl std::error::Error for SendRefused {}
