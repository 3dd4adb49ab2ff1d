//! One worker's hub, and what drives it: connections of dialects, requests of backends, mail, deadlines.
//!
//! ```text
//!   engine ── message ──► dialect ── command ──► Hub::handle ── Effects ──► dialect ── frames ──► engine
//!      │                                            ▲                └──► mail, topics, answers
//!      └── lag, drain, end, mail, request, tick ────┘
//! ```
//!
//! The hub is called with whatever happens, and what it wants done is done at once ([`effects`]). What can not be done
//! within its call, because it would call it again, is done right after it ([`Afterwards`]). Once in each tick in which it was
//! called, it is told that the tick ends, late enough to have everything of it.

mod effects;
mod guard;
#[cfg(test)]
mod memory;
mod native;
mod requests;
mod state;
mod waiting;

pub(crate) use state::Native;

use crate::access::Access;
use crate::backend::{self, Backend, BackendAnswer};
use crate::clock::Clock;
use crate::endpoints::Endpoints;
use crate::metrics::{Figures, Metrics};
use crate::schemas::Schemas;
use effects::{Around, Surroundings};
use guard::EndOnPanic;
use sockeye::limits::{OUTBOX_BYTES_MAX, OUTBOX_MAIL_MAX};
use sockeye::{ConnectionId, WorkerContext, WorkerId};
use sockeye_hub::limits::FAN_OUT_LETTERS_MAX;
use sockeye_hub::{
    ConnectionKey, FanOutBound, Hub, HubConfig, Input, Namespaces, Now, Own, SessionKey,
    WorkerIndex,
};
use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use waiting::Waiting;

/// What all workers of a server share: nothing of it changes, but for counters and whether it drains.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) access: Access,
    pub(crate) namespaces: Arc<Namespaces>,
    /// What payloads have to be.
    pub(crate) schemas: Schemas,
    /// This process: a random number.
    pub(crate) node: u32,
    /// How long sessions outlive their connections.
    pub(crate) grace: Duration,
    /// Whether the engine alone answers at `/echo` and `/topic/NAME`, to everybody.
    pub(crate) has_playground: bool,
    /// Whom clients can call, once the workers run that take the answers. `None`: nobody.
    pub(crate) backend: OnceLock<Backend>,
    /// What each worker counts.
    pub(crate) metrics: Metrics,
    /// Whether the server is to shut down soon, and nobody else should be sent to it.
    pub(crate) is_draining: AtomicBool,
}

/// What the workers tell each other.
#[derive(Debug)]
pub(crate) enum Mail {
    /// From hub to hub.
    Hub { from: WorkerIndex, mail: sockeye_hub::Mail },
    /// The backend has answered a call, or could not.
    CallAnswered { session: SessionKey, call: u64, answer: BackendAnswer },
    /// The server shuts down: clients are to hear of it before their connections end.
    GoodBye,
}

/// A hub and its surroundings.
#[derive(Debug)]
pub(crate) struct Host {
    hub: Hub,
    around: Around,
    clock: Clock,
    /// Connections that have to show who they are, and until when. Those that have done so are among them for a while.
    unknown: VecDeque<(Instant, ConnectionId)>,
    /// The hub was called, and has not heard that the tick ends.
    is_in_tick: bool,
    is_settling: bool,
}

/// What is done when the hub has returned.
#[derive(Debug)]
enum Afterwards {
    /// A session's connection turned out to be gone.
    Gone(ConnectionKey, SessionKey),
    /// A connection has its session, and what it sent meanwhile has its turn.
    Attached(ConnectionId, Box<Waiting>),
}

impl Host {
    pub(crate) fn new(worker: WorkerId, shared: Arc<Shared>) -> Self {
        let hub = Hub::new(HubConfig {
            node: shared.node,
            worker: WorkerIndex(worker.0),
            workers: shared.metrics.workers() as u16,
            namespaces: Arc::clone(&shared.namespaces),
            grace: shared.grace,
            fan_out: FanOutBound::default(),
        });
        Self {
            hub,
            around: Around::new(worker, shared),
            clock: Clock::default(),
            unknown: VecDeque::new(),
            is_in_tick: false,
            is_settling: false,
        }
    }

    pub(crate) fn access(&self) -> &Access {
        &self.around.shared.access
    }

    pub(crate) fn figures(&self) -> &Figures {
        self.around.shared.metrics.of(self.around.worker)
    }

    /// Takes mail of another worker, or of whoever ends the server.
    pub(crate) fn on_mail(&mut self, worker: &mut WorkerContext<'_, Endpoints>, mail: Mail) {
        match mail {
            Mail::Hub { from, mail } => self.drive(worker, Input::Mail { from, mail }),
            Mail::CallAnswered { session, call, answer } => {
                let answer = backend::as_answer(&answer);
                self.drive(worker, Input::CallAnswered { session, call, answer });
            }
            Mail::GoodBye => self.say_good_bye(worker),
        }
    }

    /// Does what is due, and says when something will be.
    pub(crate) fn on_tick(
        &mut self,
        worker: &mut WorkerContext<'_, Endpoints>,
        now: Instant,
    ) -> Option<Instant> {
        self.close_unknown(worker, now);
        if self.hub.poll_timeout().is_some_and(|at| at <= now) {
            self.call(worker, |hub, now, effects| hub.handle_timeout(now, effects));
        }
        // What was queued when it asked has been flushed only if that was in another tick.
        if self.around.resume_asked_at.take_if(|at| *at < now).is_some() {
            self.call(worker, |hub, now, effects| hub.resume(now, effects));
        }
        if std::mem::take(&mut self.is_in_tick) {
            self.call(worker, |hub, now, effects| hub.end_tick(now, effects));
            // What it has done then needs no other end, but what happened afterwards does.
        }
        self.figures().note(&self.hub.stats());
        let again = self.is_in_tick || self.around.resume_asked_at.is_some();
        let moments = [
            self.hub.poll_timeout(),
            self.unknown.front().map(|(at, _)| *at),
            again.then_some(now),
        ];
        moments.into_iter().flatten().min()
    }

    /// Tells the hub what happened.
    fn drive(&mut self, worker: &mut WorkerContext<'_, Endpoints>, input: Input<'_>) {
        if !std::mem::replace(&mut self.is_in_tick, true) {
            worker.tick_by(worker.now());
        }
        self.call(worker, |hub, now, effects| hub.handle(now, input, effects));
    }

    fn call(
        &mut self,
        worker: &mut WorkerContext<'_, Endpoints>,
        act: impl FnOnce(&mut Hub, Now, &mut Surroundings<'_, '_>),
    ) {
        let guard = EndOnPanic;
        let now = self.clock.at(worker.now());
        act(&mut self.hub, now, &mut Surroundings { around: &mut self.around, worker });
        drop(guard);
        self.settle(worker);
    }

    /// Does what the calls of the hub have left to do. That may call it again, and leave more.
    fn settle(&mut self, worker: &mut WorkerContext<'_, Endpoints>) {
        if std::mem::replace(&mut self.is_settling, true) {
            return;
        }
        while let Some(next) = self.around.afterwards.pop_front() {
            match next {
                Afterwards::Gone(_, session) => {
                    self.drive(worker, Input::Disconnected { session, is_final: false });
                }
                Afterwards::Attached(id, mut waiting) => self.go_on(worker, id, &mut waiting),
            }
        }
        self.is_settling = false;
    }

    /// Tells sessions to come back elsewhere, each after another time, so that they do not all come at once.
    fn say_good_bye(&mut self, worker: &mut WorkerContext<'_, Endpoints>) {
        for id in worker.connection_ids() {
            let mut surroundings = Surroundings { around: &mut self.around, worker };
            if surroundings.has_session(id) {
                let after = Duration::from_millis(surroundings.random_below(RECONNECT_WITHIN_MS));
                surroundings.tell_connection(id, &Own::Reconnect { after, to: None });
            }
        }
    }
}

/// Clients of a server that shuts down come back within this time.
const RECONNECT_WITHIN_MS: u64 = 3000;

// Fan-out mail, which is left out when there is too much, never makes an outbox pause those who publish.
const _: () = assert!(FAN_OUT_LETTERS_MAX < OUTBOX_MAIL_MAX);
const _: () = assert!(2 * FAN_OUT_LETTERS_MAX * size_of::<Mail>() < OUTBOX_BYTES_MAX);
