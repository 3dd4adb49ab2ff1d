//! One thread, one loop, its own connections.
//!
//! A tick, in this order:
//!
//! 1. wait for the driver, at most until the next deadline, or not at all while the worker spins; read the clock, once,
//! 2. tell the handler which backlogs are small again; handle input that waited; pull completions: feed connections, call
//!    the handler, send at once what is large; note what was in flight before the wait and still is,
//! 3. take mail, and connections that other workers hand over,
//! 4. fire timers,
//! 5. carry out replies to requests that waited for them; begin with connections that were asked for,
//! 6. deliver what was published: seal it, queue it for each subscriber, send it to those for whom nothing else is queued,
//! 7. flush every connection that queued something, once, and carry out what was decided about it,
//! 8. post mail, one batch per other worker; hand connections over; read again from those that mail had paused.
//!
//! A slot is freed when the driver has said its last word about it, in step 2 of some later tick.

mod accepting;
mod clock;
mod compression;
mod connecting;
mod connections;
mod core;
mod deadlines;
mod embedding;
mod flags;
mod flush;
mod frames;
mod handover;
mod held;
mod holdings;
mod mail;
mod mailbox;
mod messages;
mod parts;
mod phases;
mod queues;
mod receive;
mod remote;
mod replies;
mod requests;
#[cfg(feature = "tls")]
mod secure;
mod sender;
mod sending;
mod sharing;
mod shutdown;
mod spinning;
mod subscriptions;
mod ticking;
mod timers;
mod topics;

#[doc(hidden)]
pub use clock::Ticks;
pub use clock::{Clock, ManualClock, SystemClock};
pub use holdings::Holdings;
pub use parts::WorkerParts;
pub use remote::{Remote, RemoteError};
#[doc(hidden)]
pub use timers::TimerWheel;
pub use topics::Variant;

pub(crate) use self::core::Core;
use handover::Handovers;
use mailbox::Mailbox;

use crate::client::ConnectError;
use crate::driver::{Completion, Driver, Token};
use crate::handler::Handler;
use crate::limits::ACCEPT_RETRY;
use connecting::ended_early;
use phases::Phase;
use spinning::Spinning;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// A worker's number, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorkerId(pub u16);

/// A connection's name, good on all workers. It is not used again until its worker has accepted four billion others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId {
    pub(crate) worker: WorkerId,
    pub(crate) token: Token,
}

impl ConnectionId {
    /// The worker that the connection belongs to.
    #[must_use]
    pub const fn worker(&self) -> WorkerId {
        self.worker
    }

    /// The name as a number: no other connection of its worker has the same one, as long as the name is good.
    #[must_use]
    pub const fn number(&self) -> u64 {
        (self.token.generation as u64) << 32 | self.token.slot as u64
    }

    /// The name that has this [`ConnectionId::number`] on that worker. From any other number it is nobody's.
    #[must_use]
    pub const fn from_number(worker: WorkerId, number: u64) -> Self {
        let token = Token { slot: number as u32, generation: (number >> 32) as u32 };
        Self { worker, token }
    }
}

/// A driver, a handler, and the connections between them. [`Worker::tick`] does everything.
pub struct Worker<D: Driver, H: Handler> {
    driver: D,
    handler: H,
    core: Core<H>,
    mailbox: Mailbox<H::Mail>,
    handovers: Handovers<D::Transfer>,
    spinning: Spinning,
    /// When accepting is tried again, after it failed.
    accept_again_at: Option<Instant>,
    is_accepting: bool,
    /// While draining: when the last connections are reset.
    shut_down_by: Option<Instant>,
    fired: Vec<u32>,
    lagged: Vec<topics::Lagged>,
    /// Connections whose handlers wait to hear that their backlog is small again.
    drained: Vec<Token>,
    /// Connections with input that waited and can be handled now.
    resumable: Vec<Token>,
}

impl<D: Driver, H: Handler> Worker<D, H> {
    /// Connections, those that are not open yet or any more included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.core.connections()
    }

    /// Whether the worker was told to shut down and has nothing left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.shut_down_by.is_some() && self.core.connections() == 0 && self.handovers.is_empty()
    }

    /// Ticks until [`Worker::is_done`].
    ///
    /// # Errors
    ///
    /// Those of [`Worker::tick`].
    pub fn run(&mut self, clock: &impl Clock) -> io::Result<()> {
        while !self.is_done() {
            self.tick(clock)?;
        }
        Ok(())
    }

    /// One turn of the loop: waits until there is something to do, and does it.
    ///
    /// # Errors
    ///
    /// The driver cannot wait any more. Faults of connections are not among these.
    pub fn tick(&mut self, clock: &impl Clock) -> io::Result<()> {
        self.poll_driver(clock)?;
        self.core.begin_tick();
        self.core.now = clock.now();
        self.core.ticks = Ticks::at(self.core.now - self.core.started_at);
        self.tell_drained();
        self.resume_held();
        let was_busy = self.pull_completions();
        self.core.connections.note_still_in_flight();
        self.spinning.note(self.core.now, was_busy);
        self.take_mail();
        self.take_over();
        self.fire_timers();
        self.carry_out_replies();
        self.dial();
        self.deliver_all(Sends::AtOnce);
        self.flush_all();
        self.core.topics.end_tick();
        self.core.outboxes.dispatch();
        self.hand_over();
        self.resume_paused_by_mail();
        Ok(())
    }

    /// Waits for completions, for as long as there is nothing else to do.
    fn poll_driver(&mut self, clock: &impl Clock) -> io::Result<()> {
        let now = self.core.now;
        // A handler that was called late in the tick may have published, sent, or mailed to its own worker.
        let has_work = self.core.has_work()
            || self.mailbox.is_left()
            || !self.drained.is_empty()
            || !self.resumable.is_empty();
        if has_work || self.spinning.is_on(now) {
            return self.driver.poll(Some(Duration::ZERO));
        }
        if self.core.outboxes.is_waiting() || self.handovers.is_waiting() {
            return self.driver.poll(Some(MAIL_RETRY));
        }
        let timer = self.core.timers.poll_timeout().map(|due| self.core.started_at + due.elapsed());
        let first = sooner(timer, self.core.handler_tick_at);
        match sooner(first, sooner(self.accept_again_at, self.shut_down_by)) {
            Some(moment) if moment <= now => self.driver.poll(Some(Duration::ZERO)),
            Some(moment) => self.driver.poll_until(moment, || clock.now()),
            None => self.driver.poll(None),
        }
    }

    /// Whether there were any.
    fn pull_completions(&mut self) -> bool {
        let mut was_busy = false;
        while let Some(completion) = self.driver.next() {
            was_busy = true;
            match completion {
                #[cfg(feature = "tls")]
                Completion::Received(token, bytes) if self.core.is_secure(token) => {
                    let follow_up = self.core.receive_secure(&mut self.handler, token, bytes);
                    self.after_receive_secure(token, follow_up);
                }
                Completion::Received(token, bytes) => {
                    let small = self.core.handle_small_messages(&mut self.handler, token, bytes);
                    if small < bytes.len() {
                        let follow_up =
                            self.core.handle_lent(&mut self.handler, token, bytes, small);
                        self.after_receive(token, follow_up);
                    } else if self.core.has_asked_for_much() {
                        self.send_while_warm(token);
                    }
                }
                Completion::Filled(token, buffer, size) => {
                    let buffer = buffer.into_bytes();
                    let follow_up = self.core.handle_filled(&mut self.handler, token, buffer, size);
                    self.after_receive(token, follow_up);
                }
                Completion::EndOfStream(token) => {
                    self.core.handle_end_of_stream(&mut self.handler, token);
                }
                Completion::Writable(token) => self.handle_writable(token),
                Completion::Sent(token, queue) => self.handle_sent(token, queue),
                Completion::Accepted(transfer, peer) => self.handle_accepted(transfer, peer),
                Completion::AcceptFailed(error) => {
                    let handler = &mut self.handler;
                    let _panic =
                        catch_unwind(AssertUnwindSafe(|| handler.on_accept_failed(&error)));
                    self.is_accepting = false;
                    let again_at = self.core.now + ACCEPT_RETRY;
                    self.accept_again_at = self.shut_down_by.is_none().then_some(again_at);
                }
                Completion::Closed(token, error) => self.handle_closed(token, error),
                Completion::Detached(token, transfer) => self.handle_detached(token, transfer),
                Completion::Connected(token) => self.core.handle_connected(token),
                Completion::Woken => {}
            }
        }
        was_busy
    }

    /// The driver's last word about a connection.
    fn handle_closed(&mut self, token: Token, error: Option<io::Error>) {
        let Some(connection) = self.core.connections.get_mut(token) else {
            return;
        };
        if let Phase::Connecting(_) = connection.phase {
            let error = error.map_or_else(ended_early, ConnectError::Io);
            self.core.fail_to_connect(&mut self.handler, token.slot, &error);
        } else if connection.is_known() {
            self.core.finish_lost(&mut self.handler, token.slot);
        }
        if let Phase::HandingOver(_) = self.core.connections[token.slot].phase {
            self.core.handing_over -= 1;
        }
        self.free(token);
    }

    /// Frees the slot of a connection that the driver knows no more.
    fn free(&mut self, token: Token) {
        let _unwanted = self.core.release(token.slot);
        self.core.timers.cancel(token.slot);
        self.core.connections.remove(token.slot);
        if !self.is_accepting && self.shut_down_by.is_none() {
            self.accept_again();
        }
    }

    fn fire_timers(&mut self) {
        let now = self.core.now;
        self.core.timers.advance(self.core.ticks, &mut self.fired);
        if !self.fired.is_empty() {
            self.handle_fired();
        }
        if self.accept_again_at.is_some_and(|at| at <= now) {
            self.accept_again();
        }
        self.tick_handler();
        if self.shut_down_by.is_some_and(|by| by <= now) {
            self.end_grace();
        }
    }

    fn handle_fired(&mut self) {
        let mut fired = std::mem::take(&mut self.fired);
        for slot in fired.drain(..) {
            self.core.handle_timeout(&mut self.handler, slot);
        }
        self.fired = fired;
    }

    /// Carries out what handlers have replied since their requests were told of.
    fn carry_out_replies(&mut self) {
        if self.core.replied.is_empty() {
            return;
        }
        // What is replied meanwhile has its turn in the next tick.
        for token in std::mem::take(&mut self.core.replied) {
            if self.core.connections.get_mut(token).is_some() {
                self.core.carry_out_reply(&mut self.handler, token.slot);
            }
        }
    }

    /// Seals what was published in this tick and queues it for the subscribers.
    fn deliver(&mut self) {
        self.deliver_all(Sends::WithFlush);
    }

    /// A handler may publish again when it is told of a lag; that is delivered too, because nothing may be flushed before it is
    /// sealed. By then who was sent to at once may be late with what is in flight.
    fn deliver_all(&mut self, sends: Sends) {
        let mut lag_bytes = self.core.config.lag_bytes;
        for round in 0.. {
            if !self.core.topics.is_dirty() {
                return;
            }
            if round == DELIVERIES_MAX {
                // This handler has no end of it. Where nobody lags, none is called.
                lag_bytes = topics::NOBODY_LAGS;
            }
            self.deliver_once(lag_bytes, sends);
        }
    }

    fn deliver_once(&mut self, lag_bytes: usize, sends: Sends) {
        let mut lagged = std::mem::take(&mut self.lagged);
        let (mut sender, topics, connections) = self.sender();
        topics.deliver(connections, lag_bytes, &mut lagged, |connections, slot| {
            sends == Sends::AtOnce && sender.send_alone(connections, slot)
        });
        for topics::Lagged { slot, topic, mark } in lagged.drain(..) {
            self.core.want_drain(slot);
            let handler = &mut self.handler;
            self.core.call(slot, |connection| handler.on_lag(connection, &topic, mark));
        }
        self.lagged = lagged;
    }
}

impl<D: Driver, H: Handler> fmt::Debug for Worker<D, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("id", &self.core.id)
            .field("connections", &self.core.connections())
            .finish_non_exhaustive()
    }
}

/// The earlier of two moments, of which there may be none.
fn sooner(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// When what is delivered leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sends {
    /// With the flush: more may be queued until then.
    WithFlush,
    /// Where nothing else is queued for the connection, at once.
    AtOnce,
}

/// How often in a row lagging subscribers may cause new publications.
const DELIVERIES_MAX: usize = 8;

/// Mail that did not fit into a mailbox is tried again after this.
const MAIL_RETRY: Duration = Duration::from_millis(1);
