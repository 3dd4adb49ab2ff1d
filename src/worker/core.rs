//! A worker's own things, apart from its driver and its handler: what a handler's context works on.

use super::clock::Ticks;
use super::compression::{Coding, Compression};
use super::connections::{Connection, Connections};
use super::flags::Flags;
use super::held::Held;
use super::mailbox::{Envelope, Outboxes};
use super::messages::Messages;
use super::phases::Phase;
use super::receive::WARM_BYTES;
#[cfg(feature = "tls")]
use super::secure::Scratch;
use super::timers::TimerWheel;
use super::topics::{Taking, Topics, Variant};
use super::{ConnectionId, WorkerId};
use crate::config::Config;
use crate::driver::Token;
use crate::handler::Handler;
use crate::protocol::http::encode_chunk;
use crate::protocol::{CloseCode, CloseFrame, Message, Prepared, SendError, encode_frame};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections, topics, timers and mail of one worker.
pub(crate) struct Core<H: Handler> {
    pub(super) config: Config,
    /// For the peer's close frame: as configured, or the grace of a shutdown.
    pub(super) close_frame_timeout: Duration,
    pub(super) id: WorkerId,
    pub(super) connections: Connections<H::State>,
    pub(super) topics: Topics,
    pub(super) timers: TimerWheel,
    pub(super) outboxes: Outboxes<H::Mail>,
    pub(super) messages: Messages,
    pub(super) compression: Compression,
    /// Bytes that handlers have asked to be sent, to whomever, since the last receive began, and before they are compressed.
    pub(super) asked_bytes: usize,
    /// How many of these make it worth to look whether they should be sent at once.
    pub(super) much_bytes: usize,
    /// Connections that are not read from until mail gets away.
    pub(super) paused_by_mail: Vec<Token>,
    /// Input that was received and cannot be handled yet.
    pub(super) held: Held,
    /// Connections whose handler has replied, and whose reply was not carried out.
    pub(super) replied: Vec<Token>,
    /// Connections that the handler has asked for, and that the driver has not heard of.
    pub(super) dialing: Vec<(Token, SocketAddr)>,
    /// Connections on their way to other workers.
    pub(super) handing_over: usize,
    #[cfg(feature = "tls")]
    pub(super) scratch: Scratch,
    pub(super) is_shutting_down: bool,
    /// A connection has [`Connections::awaits_sent`] since the last poll.
    pub(super) awaits_sent: bool,
    /// When the handler wants to be called.
    pub(super) handler_tick_at: Option<Instant>,
    pub(super) started_at: Instant,
    pub(super) now: Instant,
    pub(super) ticks: Ticks,
}

impl<H: Handler> Core<H> {
    pub(super) fn new(
        id: WorkerId,
        mut config: Config,
        outboxes: Outboxes<H::Mail>,
        now: Instant,
    ) -> Self {
        config.cork_bytes = config.cork_bytes.min(config.send_queue_bytes_max);
        config.read_pause_bytes = config.read_pause_bytes.min(config.send_queue_bytes_max);
        Self {
            close_frame_timeout: config.close_timeout,
            much_bytes: config.cork_bytes.min(WARM_BYTES),
            config,
            id,
            connections: Connections::new(),
            topics: Topics::default(),
            timers: TimerWheel::default(),
            outboxes,
            messages: Messages::new(),
            compression: Compression::default(),
            asked_bytes: 0,
            paused_by_mail: Vec::new(),
            held: Held::default(),
            replied: Vec::new(),
            dialing: Vec::new(),
            handing_over: 0,
            #[cfg(feature = "tls")]
            scratch: Scratch::default(),
            is_shutting_down: false,
            awaits_sent: false,
            handler_tick_at: Some(now),
            started_at: now,
            now,
            ticks: Ticks::default(),
        }
    }

    /// What was in flight and has left at once is told in this tick.
    pub(super) fn begin_tick(&mut self) {
        self.awaits_sent = false;
        self.connections.polls = self.connections.polls.wrapping_add(1);
    }

    /// Whether something is left for the next tick, which must not wait.
    pub(super) fn has_work(&self) -> bool {
        self.awaits_sent
            || self.topics.is_dirty()
            || self.connections.is_dirty()
            || self.outboxes.has_own()
            || !self.replied.is_empty()
            || !self.dialing.is_empty()
    }

    pub(crate) const fn worker_id(&self) -> WorkerId {
        self.id
    }

    pub(crate) const fn workers(&self) -> usize {
        self.outboxes.workers()
    }

    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }

    pub(crate) fn connection_id(&self, slot: u32) -> ConnectionId {
        ConnectionId { worker: self.id, token: self.connections.token(slot) }
    }

    pub(crate) fn state(&mut self, slot: u32) -> &mut H::State {
        let state = self.connections[slot].state_mut();
        state.expect("a context is made for connections that the handler knows")
    }

    pub(crate) fn backlog(&self, slot: u32) -> usize {
        self.connections.backlog(slot)
    }

    /// The slot of a connection of this worker that can be sent to.
    pub(crate) fn open_slot(&mut self, id: ConnectionId) -> Option<u32> {
        let connection = self.own(id)?;
        connection.is_sendable().then_some(id.token.slot)
    }

    /// The slot of a connection of this worker that can be sent to, or that awaits a reply.
    pub(crate) fn known_slot(&mut self, id: ConnectionId) -> Option<u32> {
        let connection = self.own(id)?;
        let is_known = connection.is_sendable() || connection.exchange_mut().is_some();
        is_known.then_some(id.token.slot)
    }

    /// What the handler keeps for a connection of this worker, from its opening to its end.
    pub(crate) fn state_of(&mut self, id: ConnectionId) -> Option<&mut H::State> {
        self.own(id)?.state_mut()
    }

    pub(crate) fn connection_ids(&self) -> Vec<ConnectionId> {
        let tokens = self.connections.tokens().into_iter();
        tokens.map(|token| ConnectionId { worker: self.id, token }).collect()
    }

    fn own(&mut self, id: ConnectionId) -> Option<&mut Connection<H::State>> {
        if id.worker == self.id { self.connections.get_mut(id.token) } else { None }
    }

    pub(crate) fn ping(&mut self, slot: u32, payload: &[u8]) -> Result<(), SendError> {
        self.control(slot, |protocol, output| protocol.send_ping(payload, output))
    }

    pub(super) fn pong(&mut self, slot: u32, payload: &[u8]) {
        // A connection that is closing answers no pings any more.
        let _closing = self.control(slot, |protocol, output| protocol.send_pong(payload, output));
    }

    pub(crate) fn close(
        &mut self,
        slot: u32,
        code: CloseCode,
        reason: &str,
    ) -> Result<(), SendError> {
        let frame = CloseFrame::new(code, reason);
        self.topics.catch_up(&mut self.connections, slot);
        if matches!(self.connections[slot].phase, Phase::Streaming(_)) {
            return self.end_stream(slot, code);
        }
        self.control(slot, |protocol, output| protocol.send_close(Some(&frame), output))?;
        self.topics.unsubscribe_all(&mut self.connections, slot);
        self.connections[slot].since = self.ticks;
        self.timers.schedule_earlier(slot, self.ticks + self.close_frame_timeout);
        Ok(())
    }

    /// Lets the protocol queue a frame of its own. Control frames have room in any queue: there is at most one answer per
    /// frame that arrived, and reading pauses when a backlog grows.
    pub(super) fn control(
        &mut self,
        slot: u32,
        write: impl FnOnce(&mut crate::protocol::Connection, &mut Vec<u8>) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        let is_over = self.connections[slot].flags.has(Flags::OVER);
        match self.connections.with_queue(slot) {
            (Phase::Open(open), queue) if !is_over => {
                queue.append(|output| write(&mut open.protocol, output))
            }
            _ => Err(SendError::Closing),
        }
    }

    /// Has the handler hear when less waits than now, of which the last may be in flight.
    pub(super) fn want_drain(&mut self, slot: u32) {
        self.connections[slot].flags.set(Flags::WANTS_DRAIN, true);
        self.awaits_sent |= self.connections.awaits_sent(slot);
    }

    /// Has the handler hear when little waits, and be it now.
    pub(crate) fn await_drain(&mut self, slot: u32) {
        self.connections[slot].flags.set(Flags::WANTS_DRAIN, true);
        self.connections.mark_dirty(slot);
    }

    pub(crate) fn pause(&mut self, slot: u32, is_paused: bool) {
        self.connections[slot].flags.set(Flags::PAUSED_BY_HANDLER, is_paused);
        self.connections.mark_dirty(slot);
    }

    /// Without a variant it is the one that the engine encodes for this kind of connection.
    pub(crate) fn subscribe(
        &mut self,
        slot: u32,
        topic: &[u8],
        variant: Option<Variant>,
        lag_bytes: Option<usize>,
    ) -> bool {
        let connection = &self.connections[slot];
        let (variant, coding, is_client) = match &connection.phase {
            Phase::Streaming(stream) => {
                (variant.unwrap_or_else(|| stream.variant()), Coding::default(), false)
            }
            Phase::Open(open) => {
                let coding = Coding::of(&open.protocol);
                (variant.unwrap_or_default(), coding, open.protocol.is_client())
            }
            _ => (Variant::default(), Coding::default(), false),
        };
        let lag_bytes = lag_bytes.map(|bytes| bytes.min(self.config.send_queue_bytes_max));
        // RFC 6455 5.3: a client masks each frame with a key of its own, so it can share none.
        connection.is_sendable()
            && !is_client
            && self.topics.subscribe(
                &mut self.connections,
                slot,
                topic,
                Taking { variant, coding, lag_bytes },
            )
    }

    pub(crate) fn unsubscribe(&mut self, slot: u32, topic: &[u8]) -> bool {
        self.topics.unsubscribe(&mut self.connections, slot, topic)
    }

    pub(crate) fn publish(
        &mut self,
        topic: &[u8],
        message: Message<'_>,
        except: Option<u32>,
        cause: Option<u32>,
    ) {
        let encode = |variant, output: &mut Vec<u8>| match variant {
            Variant::CHUNK => encode_chunk(message.as_bytes(), output),
            Variant::BYTES => output.extend_from_slice(message.as_bytes()),
            _ => encode_frame(message.opcode(), message.as_bytes(), output),
        };
        self.publish_here(topic, 0, except, encode);
        self.publish_elsewhere(topic, || Prepared::new(message), cause);
    }

    pub(crate) fn publish_prepared(
        &mut self,
        topic: &[u8],
        message: &Prepared,
        cause: Option<u32>,
    ) {
        self.deliver_prepared(topic, 0, message);
        self.publish_elsewhere(topic, || message.clone(), cause);
    }

    /// Publishes on this worker what was encoded before.
    pub(super) fn deliver_prepared(&mut self, topic: &[u8], mark: u64, message: &Prepared) {
        let compression = message.is_compressible().then_some(&mut self.compression);
        self.topics.publish(topic, (mark, None), compression, |variant, output| match variant {
            Variant::CHUNK => encode_chunk(message.as_payload(), output),
            Variant::BYTES => output.extend_from_slice(message.as_payload()),
            _ => output.extend_from_slice(message.as_frame()),
        });
    }

    /// Mails a publication to all other workers; with one worker it is not even prepared.
    fn publish_elsewhere(
        &mut self,
        topic: &[u8],
        prepare: impl FnOnce() -> Prepared,
        cause: Option<u32>,
    ) {
        if self.outboxes.workers() == 1 {
            return;
        }
        let (topic, message): (Arc<[u8]>, _) = (topic.into(), prepare());
        for worker in self.others() {
            let (topic, message) = (Arc::clone(&topic), message.clone());
            self.outboxes.push(worker, Envelope::Publish { topic, mark: 0, message });
        }
        self.charge(cause);
    }

    pub(crate) fn publish_here(
        &mut self,
        topic: &[u8],
        mark: u64,
        except: Option<u32>,
        encode: impl FnMut(Variant, &mut Vec<u8>),
    ) {
        self.topics.publish(topic, (mark, except), Some(&mut self.compression), encode);
    }

    pub(crate) fn send_to(&mut self, id: ConnectionId, message: &Prepared, cause: Option<u32>) {
        if id.worker != self.id {
            self.outboxes.push(id.worker, Envelope::Send(id, message.clone()));
            self.charge(cause);
        } else if let Some(slot) = self.open_slot(id) {
            let _gone_or_full = self.send_prepared(slot, message);
        }
    }

    pub(crate) fn mail(&mut self, worker: WorkerId, mail: H::Mail, cause: Option<u32>) {
        self.outboxes.push(worker, Envelope::Mail(mail));
        self.charge(cause);
    }

    /// Stops reading from the connection that caused mail, if too much mail waits.
    fn charge(&mut self, cause: Option<u32>) {
        if let Some(slot) = cause
            && self.outboxes.is_over()
            && !self.connections[slot].flags.has(Flags::PAUSED_BY_MAIL)
        {
            self.connections[slot].flags.set(Flags::PAUSED_BY_MAIL, true);
            self.connections.mark_dirty(slot);
            self.paused_by_mail.push(self.connections.token(slot));
        }
    }

    fn others(&self) -> impl Iterator<Item = WorkerId> + use<H> {
        let own = self.id;
        (0..self.outboxes.workers() as u16).map(WorkerId).filter(move |worker| *worker != own)
    }
}
