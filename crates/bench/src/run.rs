//! A run: starts the workers, says when what begins, and looks at the counters when the measured time begins and ends.

use crate::args::Bench;
use crate::error::BenchError;
use crate::errors::Errors;
use crate::plan::Plan;
use crate::processor;
use crate::shared::{Shared, Start};
use crate::statistics::{Statistics, Window};
use crate::summary::Summary;
use crate::worker::{Tally, Worker};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// Connections are being opened.
    Opening {
        /// Those that are open.
        opened: usize,
        /// All.
        total: usize,
    },
    /// Messages flow and are not measured yet.
    WarmingUp,
    /// Messages are measured.
    Measuring {
        /// Seconds so far.
        elapsed: f64,
        /// Seconds of all.
        duration: f64,
        /// Messages per second since it was told last.
        rate: f64,
        /// What was wrong so far.
        errors: u64,
    },
}

/// What a run came to.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "both may be there")]
pub struct Outcome {
    /// What was measured.
    pub summary: Summary,
    /// What ended the run or a connection, if anything did.
    pub fault: Option<BenchError>,
}

/// Measures a server as the arguments say. `interrupted` ends it early; `tell` is called some times a second.
///
/// # Errors
///
/// Why nothing could be measured.
pub fn run(
    arguments: &Bench,
    interrupted: &AtomicBool,
    tell: &mut dyn FnMut(Progress),
) -> Result<Outcome, BenchError> {
    let plan = Plan::new(arguments)?;
    if let Some(pid) = plan.pid {
        processor::time_of(pid).map_err(|error| BenchError::Process(pid, error))?;
    }
    allow_descriptors(plan.total());
    let shared = Shared::new(&plan).map_err(|error| BenchError::System("eventfd", error))?;
    let (edges, tallies) = thread::scope(|scope| {
        let workers = (0..plan.workers)
            .map(|number| {
                let (plan, shared) = (&plan, &shared);
                thread::Builder::new()
                    .name(format!("bench-{number}"))
                    .spawn_scoped(scope, move || work(plan, shared, number))
            })
            .collect::<io::Result<Vec<_>>>();
        let workers = workers.map_err(|error| {
            shared.end_at(0);
            BenchError::System("cannot start a thread", error)
        })?;
        let edges = Leader { plan: &plan, shared: &shared, interrupted, tell }.lead();
        Ok((edges, workers.into_iter().map(join).collect::<Vec<_>>()))
    })?;
    let fault = shared.take_fault();
    let Some((first, last)) = edges.transpose()? else {
        return Err(fault.unwrap_or_else(|| {
            BenchError::Options("it was interrupted before anything was measured".to_owned())
        }));
    };
    let mut summary = summarize(&plan, &first, &last, tallies);
    if last.at + TELL_INTERVAL < first.at + plan.duration {
        // Who interrupts a run may do so because a connection was lost before.
        let reason = match &fault {
            Some(fault) if !interrupted.load(Ordering::Relaxed) => fault.to_string(),
            _ => "it was interrupted".to_owned(),
        };
        summary = summary.with_end(reason);
    }
    if summary.messages() == 0
        && summary.errors().is_empty()
        && let Some(fault) = fault
    {
        return Err(fault);
    }
    Ok(Outcome { summary, fault })
}

fn work(plan: &Plan, shared: &Shared, number: usize) -> Option<Tally> {
    let tally = Worker::new(plan, shared, number).and_then(Worker::run);
    shared.finished_workers.fetch_add(1, Ordering::Release);
    tally.map_err(|error| shared.fail(BenchError::System("epoll", error))).ok()
}

fn join(worker: ScopedJoinHandle<'_, Option<Tally>>) -> Option<Tally> {
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The thread that says when what begins.
struct Leader<'r> {
    plan: &'r Plan,
    shared: &'r Shared,
    interrupted: &'r AtomicBool,
    tell: &'r mut dyn FnMut(Progress),
}

/// What the counters say at one end of the measured time.
#[derive(Clone, Copy, Debug)]
struct Edge {
    at: u64,
    messages: u64,
    received: u64,
    server_time: Option<u64>,
    own_time: u64,
}

impl Leader<'_> {
    /// `None`: it never came to measuring.
    fn lead(&mut self) -> Option<Result<(Edge, Edge), BenchError>> {
        let edges = self.measure();
        self.shared.end_at(self.shared.now());
        edges.transpose()
    }

    fn measure(&mut self) -> Result<Option<(Edge, Edge)>, BenchError> {
        let total = self.plan.total();
        while self.shared.opened.load(Ordering::Relaxed) < total {
            if self.is_over() {
                return Ok(None);
            }
            let opened = self.shared.opened.load(Ordering::Relaxed);
            (self.tell)(Progress::Opening { opened, total });
            thread::sleep(STEP_OPENING);
        }
        let settle = if self.plan.is_fan_out() { SETTLE_TIME } else { 0 };
        let at = self.shared.now() + settle + START_TIME;
        let window = Window::new(at + self.plan.warm_up, self.plan.duration);
        self.shared.begin(Start { at, window });
        (self.tell)(Progress::WarmingUp);
        if !self.wait_until(window.start, None) {
            return Ok(None);
        }
        let first = self.look()?;
        self.wait_until(window.end, Some(first));
        Ok(Some((first, self.look()?)))
    }

    /// `false`: the run is over before that.
    fn wait_until(&mut self, moment: u64, first: Option<Edge>) -> bool {
        let mut told = first.map_or(0, |edge| edge.messages);
        let mut told_at = self.shared.now();
        loop {
            let now = self.shared.now();
            if now >= moment {
                return true;
            }
            if self.is_over() {
                return false;
            }
            if let Some(first) = first
                && now >= told_at + TELL_INTERVAL
            {
                let messages = self.messages();
                let errors = self.sum(|counters| counters.errors.load(Ordering::Relaxed));
                (self.tell)(Progress::Measuring {
                    elapsed: (now - first.at) as f64 / 1e9,
                    duration: self.plan.duration as f64 / 1e9,
                    rate: (messages - told) as f64 * 1e9 / (now - told_at) as f64,
                    errors,
                });
                (told, told_at) = (messages, now);
            }
            thread::sleep(STEP.min(Duration::from_nanos(moment - now)));
        }
    }

    fn is_over(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
            || self.shared.is_fatal()
            || self.shared.finished_workers.load(Ordering::Acquire) == self.plan.workers
    }

    fn look(&self) -> Result<Edge, BenchError> {
        let server_time = self
            .plan
            .pid
            .map(|pid| processor::time_of(pid).map_err(|error| BenchError::Process(pid, error)));
        Ok(Edge {
            server_time: server_time.transpose()?,
            own_time: processor::own_time(),
            at: self.shared.now(),
            messages: self.messages(),
            received: self.sum(|counters| counters.received.load(Ordering::Relaxed)),
        })
    }

    fn messages(&self) -> u64 {
        self.sum(|counters| counters.messages.load(Ordering::Relaxed))
    }

    fn sum(&self, of: impl Fn(&crate::shared::Counters) -> u64) -> u64 {
        self.shared.counters.iter().map(of).sum()
    }
}

fn summarize(plan: &Plan, first: &Edge, last: &Edge, tallies: Vec<Option<Tally>>) -> Summary {
    let mut errors = Errors::default();
    let mut all: Option<Statistics> = None;
    let mut unsent = 0;
    for tally in tallies.into_iter().flatten() {
        errors += tally.errors;
        unsent += tally.unsent;
        match (&mut all, tally.statistics) {
            (Some(all), Some(more)) => all.add(more),
            (None, some) => all = some,
            (Some(_), None) => {}
        }
    }
    let window = || Window::new(first.at, last.at - first.at);
    let mut statistics = all.unwrap_or_else(|| Statistics::new(window()));
    statistics.cut(last.at);
    let messages = last.messages - first.messages;
    let per_message = |amount: u64| amount as f64 / messages.max(1) as f64;
    let server_time = last.server_time.zip(first.server_time);
    Summary::new(plan, statistics, errors)
        .with_messages(messages, last.at - first.at)
        .with_costs(
            per_message(last.received - first.received),
            per_message(last.own_time - first.own_time),
            server_time.map(|(last, first)| per_message(last.saturating_sub(first))),
        )
        .with_unsent(unsent)
}

/// Asks for as many descriptors as the system lets this process have, if it needs them.
fn allow_descriptors(connections: usize) {
    let limit = getrlimit(Resource::Nofile);
    let needed = (connections + SPARE_DESCRIPTORS) as u64;
    if limit.current.is_some_and(|current| current < needed) {
        // Connecting says what is wrong if that is not enough.
        let _refused = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
}

const STEP: Duration = Duration::from_millis(50);
const STEP_OPENING: Duration = Duration::from_millis(2);
const TELL_INTERVAL: u64 = 200_000_000;
/// For what servers do after they have let a subscriber in.
const SETTLE_TIME: u64 = 200_000_000;
/// For all workers to hear of the beginning.
const START_TIME: u64 = 20_000_000;
const SPARE_DESCRIPTORS: usize = 64;
