//! What a handler is called with: the connection that something happened to, and the worker around it.

use super::{Accepted, Handler, NotPending, Reply, SendRefused};
use crate::client::{ClientConfig, ConnectError};
use crate::protocol::{CloseCode, Message, Prepared, SendError};
#[cfg(feature = "tls")]
use crate::tls::rustls::pki_types::CertificateDer;
use crate::worker::{ConnectionId, Core, Variant, WorkerId};
use std::fmt;
use std::net::SocketAddr;
use std::time::Instant;

/// One connection, while its handler is called.
pub struct Context<'w, H: Handler> {
    core: &'w mut Core<H>,
    slot: u32,
}

impl<'w, H: Handler> Context<'w, H> {
    pub(crate) const fn new(core: &'w mut Core<H>, slot: u32) -> Self {
        Self { core, slot }
    }

    /// The connection's name, good for [`WorkerContext::send`] and [`crate::Remote::send`]. It is not used again until the
    /// worker has accepted four billion other connections.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.core.connection_id(self.slot)
    }

    /// What the handler keeps for this connection.
    pub fn state(&mut self) -> &mut H::State {
        self.core.state(self.slot)
    }

    /// The worker, to reach other connections.
    pub const fn worker(&mut self) -> WorkerContext<'_, H> {
        WorkerContext { core: self.core, cause: Some(self.slot) }
    }

    /// Replies to a request that waits for it. The reply is carried out when the handler has returned; until then, and not
    /// longer, [`Context::state`] is the one of [`super::Pending`].
    ///
    /// # Errors
    ///
    /// [`NotPending`]: this is a WebSocket or a stream, or there was a reply already.
    pub fn reply(&mut self, reply: impl Into<Reply<H::State>>) -> Result<(), NotPending> {
        self.core.reply(self.slot, reply.into())
    }

    /// Queues a message. To a stream it is a piece of the body, as it is, whether text or binary.
    ///
    /// # Errors
    ///
    /// Nothing was queued: the connection is closing, or its send queue is full. An empty queue takes any one message.
    #[inline]
    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<Accepted, SendRefused> {
        self.core.send(self.slot, message.into())
    }

    /// Queues a message that is not compressed, whatever was agreed on: because it is already, or because it has a secret
    /// beside what an attacker can choose. [`Prepared::uncompressed`] does the same for many.
    ///
    /// # Errors
    ///
    /// As [`Context::send`].
    pub fn send_uncompressed<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
    ) -> Result<Accepted, SendRefused> {
        self.core.send_uncompressed(self.slot, message.into())
    }

    /// Queues a message that was encoded before.
    ///
    /// # Errors
    ///
    /// As [`Context::send`].
    pub fn send_prepared(&mut self, message: &Prepared) -> Result<Accepted, SendRefused> {
        self.core.send_prepared(self.slot, message)
    }

    /// Queues a ping with at most 125 bytes of payload.
    ///
    /// # Errors
    ///
    /// [`SendError::Closing`], also for a stream, which has no pings; [`SendError::ControlPayloadTooBig`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.core.ping(self.slot, payload)
    }

    /// Begins the closing handshake. A reason over 123 bytes is cut.
    ///
    /// Ends a stream: with [`CloseCode::NORMAL`] or [`CloseCode::GOING_AWAY`] its body is complete; with any other code it
    /// is cut off, which is how a client of HTTP learns that something is missing.
    ///
    /// # Errors
    ///
    /// [`SendError::Closing`] when it has begun already, and for a request that awaits its reply;
    /// [`SendError::CloseCodeInvalid`].
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        self.core.close(self.slot, code, reason)
    }

    /// Makes the connection a live subscriber of a topic. `false`: it is one already, it is closing, or it is one that this
    /// worker has made ([`WorkerContext::connect`]).
    ///
    /// A stream gets the payload of what is published, as a piece of its body.
    pub fn subscribe(&mut self, topic: impl AsRef<[u8]>) -> bool {
        self.core.subscribe(self.slot, topic.as_ref(), None, None)
    }

    /// As [`Context::subscribe`], but it is too slow only when more than `lag_bytes` could not leave, whatever
    /// [`crate::Config::lag_bytes`] says. It counts up to [`crate::Config::send_queue_bytes_max`].
    pub fn subscribe_up_to(&mut self, topic: impl AsRef<[u8]>, lag_bytes: usize) -> bool {
        self.core.subscribe(self.slot, topic.as_ref(), None, Some(lag_bytes))
    }

    /// Makes the connection a live subscriber that gets this encoding of what is published with
    /// [`WorkerContext::publish_here`].
    pub fn subscribe_variant(&mut self, topic: impl AsRef<[u8]>, variant: Variant) -> bool {
        self.core.subscribe(self.slot, topic.as_ref(), Some(variant), None)
    }

    /// Ends a subscription. `false`: there is none.
    pub fn unsubscribe(&mut self, topic: impl AsRef<[u8]>) -> bool {
        self.core.unsubscribe(self.slot, topic.as_ref())
    }

    /// Publishes to the topic's subscribers on all workers, but not to this connection. Those on this worker see it in
    /// order with what else is published to the topic and with what this worker's handler sends to them alone; publications
    /// of one tick to different topics may be grouped by topic.
    pub fn publish<'m>(&mut self, topic: impl AsRef<[u8]>, message: impl Into<Message<'m>>) {
        self.core.publish(topic.as_ref(), message.into(), Some(self.slot), Some(self.slot));
    }

    /// Has [`Handler::on_drain`] called when little waits to be sent, at most 16 KiB, also if it never was more: in the next
    /// tick at the earliest.
    pub fn await_drain(&mut self) {
        self.core.await_drain(self.slot);
    }

    /// Bytes that wait to be sent.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.core.backlog(self.slot)
    }

    /// Reads no more from this connection, beyond what was read already, until [`Context::resume`]. Meanwhile nobody asks
    /// whether the peer is still there, and its end may go unseen: the pause has no deadline but the handler's.
    pub fn pause(&mut self) {
        self.core.pause(self.slot, true);
    }

    /// Goes on reading.
    pub fn resume(&mut self) {
        self.core.pause(self.slot, false);
    }
}

impl<H: Handler> fmt::Debug for Context<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// One connection, while its handler is asked what to do with a request.
pub struct RequestContext<'w, H: Handler> {
    core: &'w mut Core<H>,
    slot: u32,
    peer: SocketAddr,
}

impl<'w, H: Handler> RequestContext<'w, H> {
    pub(crate) const fn new(core: &'w mut Core<H>, slot: u32, peer: SocketAddr) -> Self {
        Self { core, slot, peer }
    }

    /// The connection's name; see [`Context::id`].
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.core.connection_id(self.slot)
    }

    /// The address at the other end: the client's, or that of the last proxy before this server.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether the connection speaks TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.core.is_slot_secure(self.slot)
    }

    /// The certificates that the client has shown, its own first; they were verified. `None`: it was not asked for any, or
    /// the connection does not speak TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn peer_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        self.core.peer_certificates(self.slot)
    }

    /// The worker, to reach other connections.
    pub const fn worker(&mut self) -> WorkerContext<'_, H> {
        WorkerContext { core: self.core, cause: Some(self.slot) }
    }
}

impl<H: Handler> fmt::Debug for RequestContext<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("slot", &self.slot)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// A worker, while its handler is called.
pub struct WorkerContext<'w, H: Handler> {
    core: &'w mut Core<H>,
    /// The connection whose doing this is; it pays if too much mail waits.
    cause: Option<u32>,
}

impl<'w, H: Handler> WorkerContext<'w, H> {
    pub(crate) const fn new(core: &'w mut Core<H>) -> Self {
        Self { core, cause: None }
    }

    /// This worker's number.
    #[must_use]
    pub const fn id(&self) -> WorkerId {
        self.core.worker_id()
    }

    /// How many workers there are; their numbers are 0 up to this.
    #[must_use]
    pub const fn workers(&self) -> usize {
        self.core.workers()
    }

    /// When this tick began.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.core.now()
    }

    /// Connections of this worker, those that are not open yet or any more included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.core.connections()
    }

    /// A connection of this worker: a WebSocket, a stream, or a request that awaits its reply. `None` when it is gone,
    /// closing, or another worker's.
    pub fn connection(&mut self, id: ConnectionId) -> Option<Context<'_, H>> {
        let slot = self.core.known_slot(id)?;
        Some(Context { core: self.core, slot })
    }

    /// What the handler keeps for a connection of this worker, from [`Handler::on_open`] to [`Handler::on_close`]: other than
    /// [`WorkerContext::connection`] it knows those that are closing, too.
    pub fn state(&mut self, id: ConnectionId) -> Option<&mut H::State> {
        self.core.state_of(id)
    }

    /// The names of all connections of this worker, those that are not open yet or any more included, in no order. This
    /// looks at every connection.
    #[must_use]
    pub fn connection_ids(&self) -> Vec<ConnectionId> {
        self.core.connection_ids()
    }

    /// Connects to a server and opens a WebSocket, on this worker: [`Handler::on_open`] or [`Handler::on_connect_failed`]
    /// follows. It is one of the worker's connections then, with the same calls, sends and limits.
    ///
    /// `address` is where the server is or, if there is one, the proxy; names are not resolved here, because that blocks.
    /// Of `config` everything counts but `read_timeout`, `write_timeout` and `close_timeout`: the worker asks silent servers
    /// whether they are there, and waits as its own [`crate::Config`] says. It cannot subscribe to topics, because each
    /// frame of a client is masked with a key of its own (RFC 6455 section 5.3).
    ///
    /// # Errors
    ///
    /// What can be known at once: a fault in `config`, a worker that is full ([`crate::Config::connections_per_worker_max`])
    /// or shuts down. Nothing follows then, and `state` is dropped.
    pub fn connect(
        &mut self,
        address: SocketAddr,
        config: &ClientConfig,
        state: H::State,
    ) -> Result<ConnectionId, ConnectError> {
        self.core.connect(address, config, state)
    }

    /// Sends to a connection of any worker. One that is gone or full gets nothing, and nobody hears of it; use
    /// [`WorkerContext::connection`] where that matters.
    pub fn send(&mut self, id: ConnectionId, message: &Prepared) {
        self.core.send_to(id, message, self.cause);
    }

    /// Publishes to the topic's subscribers on all workers.
    pub fn publish<'m>(&mut self, topic: impl AsRef<[u8]>, message: impl Into<Message<'m>>) {
        self.core.publish(topic.as_ref(), message.into(), None, self.cause);
    }

    /// Publishes a message that was encoded before to the topic's subscribers on all workers.
    pub fn publish_prepared(&mut self, topic: impl AsRef<[u8]>, message: &Prepared) {
        self.core.publish_prepared(topic.as_ref(), message, self.cause);
    }

    /// Publishes to the topic's subscribers on this worker, except one. `encode` is called once for each [`Variant`]
    /// among them and appends whole frames, with [`crate::protocol::encode_frame`]; they are shared. Whoever is too slow
    /// to get them hears of `mark` in [`Handler::on_lag`].
    pub fn publish_here(
        &mut self,
        topic: impl AsRef<[u8]>,
        mark: u64,
        except: Option<ConnectionId>,
        encode: impl FnMut(Variant, &mut Vec<u8>),
    ) {
        let except = except.and_then(|id| self.core.open_slot(id));
        self.core.publish_here(topic.as_ref(), mark, except, encode);
    }

    /// Has [`Handler::on_tick`] called at this moment, unless it is called earlier anyway. For the present moment that is
    /// later in this tick, or at once in the next one, after which what is queued now has left.
    pub fn tick_by(&mut self, at: Instant) {
        self.core.tick_by(at);
    }

    /// Sends mail to the handler of a worker, this one included; it arrives in [`Handler::on_mail`]. Mail is never lost
    /// while the server runs: when too much waits, the connections that cause it are not read from.
    pub fn mail(&mut self, worker: WorkerId, mail: H::Mail) {
        self.core.mail(worker, mail, self.cause);
    }
}

impl<H: Handler> fmt::Debug for WorkerContext<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerContext").field("id", &self.id()).finish_non_exhaustive()
    }
}
