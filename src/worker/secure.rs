//! Connections that speak TLS. What arrives is decrypted before anybody sees it, into a buffer of the worker's; what leaves
//! is encrypted when it can leave, so that queues hold plaintext and a slow peer's waits unencrypted.

use super::Worker;
use super::connections::Connections;
use super::core::Core;
use super::flags::Flags;
use super::phases::Phase;
use super::receive::FollowUp;
use crate::buffer::SendQueue;
use crate::client::ConnectError;
use crate::driver::{Driver, Sending, Token};
use crate::handler::Handler;
use crate::limits::RECEIVE_SIZE;
use crate::protocol::http::{Persistence, Response, Status};
use crate::tls::rustls::pki_types::CertificateDer;
use crate::tls::{Fault, Session};

/// The TLS of one connection, and what it has encrypted.
#[derive(Debug)]
pub(crate) struct Secure {
    session: Box<Session>,
    /// Records that have not left: one batch, and what TLS itself says. `None` while there are none.
    pub(super) records: Option<Box<SendQueue>>,
    /// What the peer did wrong, until the connection ends for it.
    fault: Option<Fault>,
    /// That the peer has ended its stream was told.
    is_end_told: bool,
}

impl Secure {
    fn new(session: Box<Session>) -> Self {
        Self { session, records: None, fault: None, is_end_told: false }
    }

    pub(super) const fn session(&self) -> &Session {
        &self.session
    }

    /// The session alone, for another worker, when all records have left.
    pub(super) fn into_session(self) -> Box<Session> {
        self.session
    }

    /// Bytes that are kept of records, in both directions.
    pub(super) fn kept_bytes(&self) -> usize {
        self.session.kept_bytes() + self.records.as_ref().map_or(0, |records| records.bytes())
    }
}

/// Memory that all connections of a worker share.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// A connection of this worker speaks TLS, or did.
    is_used: bool,
    /// What was decrypted of one receive.
    plaintext: Vec<u8>,
    /// A batch of plaintext that lay in pieces.
    batch: Vec<u8>,
}

impl<H: Handler> Core<H> {
    /// Whether there is such a connection, and it speaks TLS. Where none ever did, that is not even looked up.
    #[inline]
    pub(super) fn is_secure(&mut self, token: Token) -> bool {
        self.scratch.is_used
            && self.connections.get_mut(token).is_some_and(|connection| connection.is_secure())
    }

    pub(crate) fn is_slot_secure(&self, slot: u32) -> bool {
        self.connections[slot].is_secure()
    }

    pub(crate) fn peer_certificates(&self, slot: u32) -> Option<&[CertificateDer<'static>]> {
        self.connections[slot].secure.as_ref()?.session.peer_certificates()
    }

    /// Has an accepted connection speak TLS, if the configuration says so.
    pub(super) fn secure_accepted(&mut self, slot: u32) {
        let Some(tls) = &self.config.tls else {
            return;
        };
        match Session::server(tls.config()) {
            Ok(session) => self.secure(slot, Box::new(session)),
            // A configuration that cannot begin even one: nobody can be told in a way that he understands.
            Err(_) => self.doom(slot),
        }
    }

    /// Has a connection speak TLS from now on.
    pub(super) fn secure(&mut self, slot: u32, session: Box<Session>) {
        self.scratch.is_used = true;
        self.connections[slot].secure = Some(Box::new(Secure::new(session)));
        self.connections.mark_dirty(slot);
    }

    /// Handles records that arrived. What they say besides plaintext is for [`Core::end_secure`], when that is handled.
    #[inline(never)]
    pub(super) fn receive_secure(
        &mut self,
        handler: &mut H,
        token: Token,
        bytes: &mut [u8],
    ) -> FollowUp {
        let slot = token.slot;
        let Some(secure) = &mut self.connections[slot].secure else {
            return FollowUp::None;
        };
        let was_ready = secure.session.is_ready();
        let mut plaintext = std::mem::take(&mut self.scratch.plaintext);
        if let Err(fault) = secure.session.receive(bytes, &mut plaintext) {
            secure.fault = Some(fault);
        }
        let is_between_records = !secure.session.is_receiving();
        if secure.session.has_output() || secure.session.is_ready() != was_ready {
            // What was queued may have waited for the handshake.
            self.connections.mark_dirty(slot);
        }
        let handled = self.handle_small_messages(handler, token, &mut plaintext);
        let is_all = handled > 0 && handled == plaintext.len();
        let follow_up = match is_all && is_between_records {
            true => FollowUp::None,
            false => self.handle_lent(handler, token, &mut plaintext, handled),
        };
        plaintext.clear();
        plaintext.shrink_to(2 * RECEIVE_SIZE);
        self.scratch.plaintext = plaintext;
        follow_up
    }

    /// Handles what records say besides plaintext: that the peer sends no more, and what it did wrong.
    #[inline(never)]
    pub(super) fn end_secure(&mut self, handler: &mut H, token: Token) {
        let Some(connection) = self.connections.get_mut(token) else {
            return;
        };
        // Of a connection that is handed over the next owner is told.
        let is_told_here = !matches!(connection.phase, Phase::HandingOver(_) | Phase::Closed);
        let Some(secure) = connection.secure.as_mut().filter(|_| is_told_here) else {
            return;
        };
        if let Some(fault) = secure.fault.take() {
            self.fail_secure(handler, token.slot, fault);
        } else if secure.session.is_ended_by_peer()
            && !std::mem::replace(&mut secure.is_end_told, true)
        {
            self.handle_end_of_stream(handler, token);
        }
    }

    /// Ends a connection over what its peer did wrong, and lets the alert leave.
    fn fail_secure(&mut self, handler: &mut H, slot: u32, fault: Fault) {
        self.connections.mark_dirty(slot);
        let fault = match (fault, &self.connections[slot].phase) {
            (_, Phase::Ending) => return,
            (Fault::Tls(error), _) => error,
            (Fault::PlainHttp, _) => return self.refuse_plaintext(slot),
        };
        if let Phase::Connecting(_) = self.connections[slot].phase {
            self.give_up(handler, slot, &ConnectError::Tls(fault));
        } else {
            self.finish_lost(handler, slot);
        }
    }

    /// Answers a peer that speaks HTTP where TLS is spoken, in its own language.
    fn refuse_plaintext(&mut self, slot: u32) {
        let text = "this port speaks TLS: use https:// or wss://\n";
        let response = Response::text(Status::BAD_REQUEST, text);
        if let Some(records) = self.connections.records(slot) {
            records.append(|output| response.encode(false, Persistence::Close, output));
        }
        self.end(slot);
    }

    /// What leaves next of a connection: records that wait or, if none do, the next batch. `None`: everything has left
    /// that can.
    fn next_records(&mut self, slot: u32) -> Option<&mut SendQueue> {
        let connection = &mut self.connections[slot];
        let is_ending = matches!(connection.phase, Phase::Ending);
        let is_stream_ended =
            connection.flags.has(Flags::SHUT) && !connection.flags.has(Flags::LEAVES_END_TO_PEER);
        let secure = connection.secure.as_mut()?;
        let session = &mut secure.session;
        let output = session.take_output();
        let has_records = secure.records.as_ref().is_some_and(|records| !records.is_empty());
        let (is_mute, is_ready) = (session.is_mute(), session.is_ready());
        if is_mute || is_ending && !is_ready {
            // It can never leave.
            if let Some(queue) = &mut connection.queue {
                queue.clear();
            }
        }
        let has_batch =
            is_ready && connection.queue.as_ref().is_some_and(|queue| !queue.is_empty());
        if !output.is_empty() && !is_stream_ended {
            let records = self.connections.records(slot)?;
            records.append(|bytes| bytes.extend_from_slice(&output));
        } else if !has_records && has_batch {
            self.encrypt_batch(slot);
        }
        let connection = &mut self.connections[slot];
        connection.secure.as_mut()?.records.as_deref_mut().filter(|records| !records.is_empty())
    }

    fn encrypt_batch(&mut self, slot: u32) {
        let Some((secure, queue, records)) = self.connections.with_records(slot) else {
            return;
        };
        if secure.encrypt(queue, &mut self.scratch.batch, records).is_err() {
            // Keys may encrypt only so much, and those of TLS 1.2 cannot be changed.
            queue.clear();
            self.doom(slot);
        }
    }
}

impl<S> Connections<S> {
    /// The records of a connection that speaks TLS, with a queue for them borrowed from the pool if there is none.
    fn records(&mut self, slot: u32) -> Option<&mut SendQueue> {
        let queues = &mut self.queues;
        let secure = self.slots[slot as usize].secure.as_mut()?;
        Some(secure.records.get_or_insert_with(|| queues.take()))
    }

    /// The session of a connection that speaks TLS, its plaintext, and its records.
    fn with_records(
        &mut self,
        slot: u32,
    ) -> Option<(&mut Session, &mut SendQueue, &mut SendQueue)> {
        let queues = &mut self.queues;
        let connection = &mut self.slots[slot as usize];
        let secure = connection.secure.as_mut()?;
        let records = secure.records.get_or_insert_with(|| queues.take());
        Some((&mut secure.session, connection.queue.as_mut()?, records))
    }

    /// Gives the empty queues of a connection that speaks TLS back to the pool.
    fn release_queues(&mut self, slot: u32) {
        self.release_queue(slot);
        if let Some(secure) = &mut self.slots[slot as usize].secure
            && let Some(records) = secure.records.take_if(|records| records.is_empty())
        {
            self.queues.give(records);
        }
    }
}

impl<D: Driver, H: Handler> Worker<D, H> {
    /// What was decrypted is handled: as [`Worker::after_receive`], but what was kept is not the driver's.
    pub(super) fn after_receive_secure(&mut self, token: Token, follow_up: FollowUp) {
        self.follow_up(token, follow_up);
        self.send_while_warm(token);
        if self.core.messages.has_kept_received() {
            let memory = self.core.messages.give_back_received();
            self.core.scratch.plaintext = memory.unwrap_or_default();
        }
        self.core.end_secure(&mut self.handler, token);
    }

    /// Sends what waits on a connection that speaks TLS, batch by batch for as long as the driver takes them.
    #[inline(never)]
    pub(super) fn send_secure(&mut self, token: Token) {
        let (slot, ticks) = (token.slot, self.core.ticks);
        let flags = &mut self.core.connections[slot].flags;
        let was_blocked = flags.has(Flags::BLOCKED);
        flags.set(Flags::BLOCKED.or(Flags::WRITABLE), false);
        let sending = loop {
            let Some(records) = self.core.next_records(slot) else {
                break Sending::Done;
            };
            let before = records.bytes();
            let sending = self.driver.send(token, records);
            let left = records.bytes();
            if sending == Sending::InFlight {
                self.core.connections.note_in_flight(slot, before);
            }
            let connection = &mut self.core.connections[slot];
            if sending != Sending::Blocked || left < before || !was_blocked {
                connection.progressed_at = ticks;
            }
            // To ask once more, where the queue is seen to be empty, would cost as much as all the rest.
            if sending != Sending::Done
                || connection.queue.as_ref().is_none_or(|queue| queue.is_empty())
            {
                break sending;
            }
        };
        let connection = &mut self.core.connections[slot];
        connection.flags.set(Flags::BLOCKED, sending == Sending::Blocked);
        if sending == Sending::Done {
            self.core.connections.release_queues(slot);
            return;
        }
        self.core.connections.note_left_over(slot);
        self.core.timers.schedule_earlier(slot, ticks + self.core.config.write_stall_timeout);
    }

    /// Says on a connection that is about to end that nothing follows, once. `true`: that has not left.
    pub(super) fn says_good_bye(&mut self, token: Token) -> bool {
        let connection = &mut self.core.connections[token.slot];
        let flags = connection.flags;
        let is_due = flags.has(Flags::AT_END)
            || !flags.has(Flags::SHUT) && !flags.has(Flags::LEAVES_END_TO_PEER);
        match &mut connection.secure {
            Some(secure) if is_due && secure.session.is_ready() => secure.session.end(),
            _ => return false,
        }
        self.send_secure(token);
        self.core.connections[token.slot].has_backlog()
    }

    /// Begins TLS on a connection that we make, when what the proxy was asked has left.
    pub(super) fn begin_secure(&mut self, token: Token) {
        let session = match &mut self.core.connections[token.slot].phase {
            Phase::Connecting(connecting) if connecting.awaits_tls() => connecting.session.take(),
            _ => None,
        };
        let Some(session) = session else {
            return;
        };
        self.core.secure(token.slot, session);
        let (phase, queue) = self.core.connections.with_queue(token.slot);
        if let Phase::Connecting(connecting) = phase {
            queue.append(|output| connecting.handshake.encode_request(output));
        }
    }
}
