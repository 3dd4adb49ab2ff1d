//! A whole worker, where the input is what the kernel, the clock and the clients do.
//!
//! ```text
//!   byte 0        `count` bytes                      8 bytes      2 bytes each, `Raw` and more bytes
//!  +-------------+----------------------------------+------------+----------------------------------
//!  | count       | throws of the kernel's dice      | weather    | steps
//!  +-------------+----------------------------------+------------+----------------------------------
//! ```
//!
//! Short reads, sends that would block, resets, failing accepts and attaches, completions in any order: each is a throw of
//! the dice. The simulated driver panics when the worker breaks its contract.

mod application;
mod client;

use application::Application;
use client::Client;
use sockeye::driver::{Network, Simulated, Weather};
use sockeye::worker::{ManualClock, WorkerParts};
use sockeye::{Config, Remote};
use std::sync::LazyLock;
use std::time::Duration;

type Worker = sockeye::worker::Worker<Simulated, Application>;

/// Whatever happens, each connection that was opened is closed once; clients that keep the rules get what was sent to them,
/// in order and nothing else; queues stay within their bounds; and when the weather has calmed down and the clients have gone,
/// nothing is left, and the worker shuts down.
pub fn check(input: &[u8]) {
    let mut input = Input(input);
    let count = usize::from(input.byte());
    let throws = input.take(count);
    let weather = weather(&mut input);
    let mut run = Run::new(throws, weather);
    while let Some([step, amount]) = input.step() {
        run.step(step, amount, &mut input);
    }
    run.end();
}

/// What is left of the input.
struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    fn take(&mut self, size: usize) -> &'i [u8] {
        let (taken, rest) = self.0.split_at(size.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn step(&mut self) -> Option<[u8; 2]> {
        let (step, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*step)
    }
}

fn weather(input: &mut Input<'_>) -> Weather {
    let mut chance = |most: u32| u32::from(input.byte()) * most / 255;
    let short_per_mille = chance(600);
    let in_flight_per_mille = chance(600);
    let delay_per_mille = chance(600);
    let late_per_mille = chance(600);
    let breaks = chance(100);
    let fails = chance(300);
    let wake_per_mille = chance(100);
    let size = 1 << (input.byte() % 17);
    Weather {
        receive_bytes_max: size,
        kernel_bytes_max: 4 * size,
        short_per_mille,
        in_flight_per_mille,
        quiet_per_mille: in_flight_per_mille,
        delay_per_mille,
        late_per_mille,
        send_error_per_mille: breaks,
        reset_per_mille: breaks / 2,
        accept_failure_per_mille: fails,
        attach_failure_per_mille: fails,
        wake_per_mille,
        ..Weather::calm()
    }
}

struct Run {
    clock: ManualClock,
    network: Network,
    worker: Worker,
    remote: Remote<()>,
    clients: Vec<Client>,
}

impl Run {
    fn new(throws: &[u8], weather: Weather) -> Self {
        let (driver, network) = Simulated::new(1, weather);
        network.script(throws);
        let (mut parts, remote) = WorkerParts::new(vec![driver]);
        let clock = ManualClock::new();
        let part = parts.remove(0);
        let worker = part.into_worker(Application::default(), CONFIG.clone(), &clock);
        Self { clock, network, worker, remote, clients: Vec::new() }
    }

    fn step(&mut self, step: u8, amount: u8, input: &mut Input<'_>) {
        let index = usize::from(step >> 4);
        match step & 0x0F {
            0 if self.clients.len() < CLIENTS_MAX => {
                self.clients.push(Client::new(self.network.connect()));
            }
            1 => self.network.exhaust_descriptors(amount & 1 == 1),
            2 => self.advance(Duration::from_millis(u64::from(amount) * u64::from(amount))),
            3 => self.worker.with_handler(&self.clock, |handler, context| {
                handler.act(context, amount);
            }),
            4..7 => self.tick(1 + amount % 4),
            step => {
                let count = self.clients.len().max(1);
                if let Some(client) = self.clients.get_mut(index % count) {
                    client.step(step, amount, |size| input.take(size));
                }
            }
        }
        for client in &mut self.clients {
            client.flush();
        }
        self.tick(1);
    }

    fn tick(&mut self, times: u8) {
        for _ in 0..times {
            self.worker.tick(&self.clock).expect("the simulated driver can always wait");
        }
        let holdings = self.worker.holdings();
        assert!(holdings.backlog_bytes_max <= CONFIG.send_queue_bytes_max + SLACK, "{holdings:?}");
        assert!(holdings.held_bytes <= self.clients.len() * HELD_BYTES_MAX, "{holdings:?}");
        assert_eq!(holdings.undelivered, 0);
    }

    /// A worker that has nothing to do sleeps until its next deadline, and no longer.
    fn advance(&mut self, duration: Duration) {
        // What is in flight has left before time passes.
        for _ in 0..2 {
            self.worker.tick(&self.clock).expect("the simulated driver can always wait");
        }
        let wait = self.network.idle_wait().unwrap_or_default();
        self.clock.advance(duration.min(wait));
    }

    fn end(mut self) {
        self.network.script(&[]);
        self.network.set_weather(Weather::calm());
        self.network.exhaust_descriptors(false);
        // What a handler has paused waits for the handler alone.
        self.worker.with_handler(&self.clock, |handler, context| handler.resume_all(context));
        self.settle("in calm weather", |run| run.network.idle_wait().is_some());
        for client in &mut self.clients {
            client.read(usize::MAX);
            client.check();
            client.leave();
        }
        self.settle("when all have gone", |run| run.worker.connections() == 0);
        let holdings = self.worker.holdings();
        assert!(holdings.is_nothing(), "{holdings:?}");
        self.worker.with_handler(&self.clock, |handler, _| handler.check_end());
        self.remote.shut_down(Duration::from_secs(1));
        self.settle("after the shutdown", |run| run.worker.is_done());
    }

    fn settle(&mut self, when: &str, is_settled: impl Fn(&Self) -> bool) {
        for _ in 0..SETTLING_TICKS_MAX {
            for client in &mut self.clients {
                client.flush();
                client.read(usize::MAX);
            }
            self.worker.tick(&self.clock).expect("the simulated driver can always wait");
            if is_settled(self) {
                return;
            }
            self.advance(Duration::from_secs(120));
        }
        panic!("{when} the worker does not settle: {:?}", self.worker.holdings());
    }
}

/// Made once: the default asks the system how many processors there are.
static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let mut config = Config::default();
    config.message_bytes_max = 4096;
    config.body_bytes_max = 4096;
    config.send_queue_bytes_max = 16 * 1024;
    config.read_pause_bytes = 8 * 1024;
    config.cork_bytes = 4096;
    config.lag_bytes = 4096;
    #[cfg(feature = "deflate")]
    {
        use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};
        config.deflate = DeflateConfig::new(DeflateMode::Dedicated { bytes: 8 * 1024 });
    }
    config
});

const CLIENTS_MAX: usize = 6;
/// An empty queue takes any one message, and control frames and heads go past the bound.
const SLACK: usize = 8 * 1024;
/// Two receives of 64 KiB.
const HELD_BYTES_MAX: usize = 128 * 1024;
const SETTLING_TICKS_MAX: usize = 2000;
