//! Workers, their networks and one clock.

use super::application::Application;
use super::client::Client;
use super::notes::Log;
use crate::support::Line;
#[cfg(feature = "tls")]
use crate::support::certificates::{BOTH_VERSIONS, authority};
use sockeye::driver::{Network, Simulated, Weather};
use sockeye::limits::{MAILBOX_BYTES_MAX, OUTBOX_BYTES_MAX};
#[cfg(feature = "tls")]
use sockeye::tls::rustls::ClientConfig;
use sockeye::worker::{Holdings, ManualClock, Worker, WorkerParts};
use sockeye::{Config, Handler, Remote};
#[cfg(feature = "tls")]
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct World<H: Handler = Application, L = Log> {
    pub(crate) clock: ManualClock,
    pub(crate) workers: Vec<Worker<Simulated, H>>,
    pub(crate) networks: Vec<Network>,
    pub(crate) remote: Remote<H::Mail>,
    /// What the handlers of all workers note down.
    pub(crate) log: L,
    config: Config,
    /// The largest message or response of the handler, where that is more than a send queue may hold.
    pub(crate) answer_bytes_max: usize,
    /// Ticks of each worker, one after the other, that did not wait and moved nothing.
    spins: Vec<usize>,
    elapsed: Duration,
    /// How clients speak TLS, where the workers do.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// Somebody on the far side of a network.
pub(crate) trait Pump {
    /// Writes and reads as much as goes; `false` if that is nothing.
    fn pump(&mut self) -> bool;
}

impl World {
    pub(crate) fn new(seed: u64, workers: usize, weather: &Weather, config: &Config) -> Self {
        // One network, so that a worker can hand a connection to another one.
        let first = Simulated::new(seed, weather.clone());
        let network = first.1.clone();
        let others = (1..workers).map(|_| network.add_driver());
        let drivers = std::iter::once(first).chain(others);
        let log = Log::default();
        Self::start(drivers.collect(), config, log.clone(), |_| Application::new(&log))
    }

    /// One worker in calm weather.
    pub(crate) fn calm(config: &Config) -> Self {
        Self::new(0, 1, &Weather::calm(), config)
    }

    /// A client of the first worker that has asked for `path` and was answered.
    pub(crate) fn client(&mut self, path: &str) -> Client {
        let mut client = Client::over(self.line(0));
        client.request(path);
        self.settle(std::slice::from_mut(&mut client));
        client
    }
}

impl<H: Handler, L> World<H, L> {
    /// Workers on these drivers. `make_handler` gets the way to all of them.
    pub(crate) fn start(
        drivers: Vec<(Simulated, Network)>,
        config: &Config,
        log: L,
        make_handler: impl Fn(&Remote<H::Mail>) -> H,
    ) -> Self {
        let clock = ManualClock::new();
        let (drivers, networks): (Vec<_>, Vec<_>) = drivers.into_iter().unzip();
        let (parts, remote) = WorkerParts::new(drivers);
        let started = parts
            .into_iter()
            .map(|part| part.into_worker(make_handler(&remote), config.clone(), &clock));
        Self {
            workers: started.collect(),
            spins: vec![0; networks.len()],
            networks,
            remote,
            log,
            clock,
            config: config.clone(),
            answer_bytes_max: 0,
            elapsed: Duration::ZERO,
            #[cfg(feature = "tls")]
            tls: config.tls.as_ref().map(|_| Arc::new(authority().client_config(BOTH_VERSIONS))),
        }
    }

    /// A connection to a worker, with TLS if that speaks it.
    pub(crate) fn line(&self, worker: usize) -> Line {
        #[cfg(feature = "tls")]
        if let Some(config) = &self.tls {
            return Line::secure(&self.networks[worker], config);
        }
        Line::plain(&self.networks[worker])
    }

    /// Time since the start.
    pub(crate) const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    pub(crate) fn tick(&mut self, worker: usize) {
        let before = self.networks[worker].trace();
        self.workers[worker].tick(&self.clock).expect("the simulated driver can always wait");
        let (network, spins) = (&self.networks[worker], &mut self.spins[worker]);
        let is_idle = network.trace() == before;
        if is_idle && network.idle_wait() == Some(Duration::ZERO) {
            *spins += 1;
            assert!(*spins < 4, "the worker spins");
        } else {
            *spins = 0;
        }
        self.check_holdings(worker);
    }

    /// What may be true at no moment, whatever the clients do.
    fn check_holdings(&self, worker: usize) {
        let Self { config, .. } = self;
        let holdings = self.workers[worker].holdings();
        assert_eq!(holdings.undelivered, 0, "forgotten at the end of the tick");
        let Holdings { connections, published_bytes_max, .. } = holdings;
        // Answers that are handled together, until something is flushed, and what is published on top of a full queue.
        let corked = config.read_pause_bytes + config.cork_bytes + 2 * self.answer_bytes_max;
        let answers = if self.answer_bytes_max > 0 { corked } else { 0 };
        let queued_max = config.send_queue_bytes_max.max(answers) + published_bytes_max;
        let backlog_max = holdings.backlog_bytes_max;
        assert!(backlog_max <= queued_max + CONTROL, "{backlog_max} bytes wait, of {queued_max}");
        let beyond = queued_max + CONTROL - config.send_queue_bytes_max;
        let held_max = config.held_bytes_max(connections) + connections * beyond;
        let held = holdings.bytes() + self.networks[worker].filling_bytes();
        assert!(held <= held_max, "{held} bytes are held, of {held_max}: {holdings:?}");
        let mail_max = (self.workers.len() - 1) * OUTBOX_BYTES_MAX + MAILBOX_BYTES_MAX;
        assert!(holdings.mail_bytes <= mail_max, "{holdings:?}");
    }

    pub(crate) fn advance(&mut self, time: Duration) {
        self.elapsed += time;
        self.clock.advance(time);
    }

    /// Whether no worker has anything to do before time passes.
    fn is_idle(&self) -> bool {
        self.networks.iter().all(|network| network.idle_wait().is_some_and(|wait| !wait.is_zero()))
    }

    /// Lets everybody do what can be done at this moment.
    pub(crate) fn settle(&mut self, clients: &mut [impl Pump]) {
        for _ in 0..ROUNDS_MAX {
            let mut has_moved = false;
            for client in &mut *clients {
                has_moved |= client.pump();
            }
            for worker in 0..self.workers.len() {
                self.tick(worker);
            }
            // Two rounds, because a worker may have mail from one that was ticked after it.
            if !has_moved && self.is_idle() {
                for worker in 0..self.workers.len() {
                    self.tick(worker);
                }
                if self.is_idle() && !clients.iter_mut().any(Pump::pump) {
                    return;
                }
            }
        }
        panic!("there is no end to what is done at one moment");
    }

    /// Lets time pass as fast as nothing happens.
    pub(crate) fn sleep(&mut self, time: Duration, clients: &mut [impl Pump]) {
        let end = self.elapsed + time;
        loop {
            self.settle(clients);
            let Some(left) = end.checked_sub(self.elapsed).filter(|left| !left.is_zero()) else {
                return;
            };
            let waits = self.networks.iter().filter_map(Network::idle_wait);
            self.advance(waits.min().unwrap_or(left).min(left));
        }
    }

    /// Sleeps until `is_done`, and says how long that took.
    pub(crate) fn sleep_until<C: Pump + std::fmt::Debug>(
        &mut self,
        client: &mut C,
        is_done: impl Fn(&C) -> bool,
    ) -> Duration {
        let start = self.elapsed;
        self.settle(std::slice::from_mut(client));
        while !is_done(client) {
            assert!(self.elapsed - start < PATIENCE, "waited in vain: {client:?}");
            let waits = self.networks.iter().filter_map(Network::idle_wait);
            self.advance(waits.min().unwrap_or_default().min(PATIENCE));
            self.settle(std::slice::from_mut(client));
        }
        self.elapsed - start
    }

    pub(crate) fn connections(&self) -> usize {
        self.workers.iter().map(Worker::connections).sum()
    }
}

/// Control frames of one tick have room in any send queue.
const CONTROL: usize = 1024;

/// Rounds at one moment; more would be a loop.
const ROUNDS_MAX: usize = 20_000;

/// Longer than any deadline.
const PATIENCE: Duration = Duration::from_secs(120);
