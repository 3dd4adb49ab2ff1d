//! The comparison itself: all servers of a table are up at once and take short turns.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::generator::{Generator, Window};
use super::installation::Installation;
use super::plan::{Contender, Driver, Figure, Program, Scenario, Table};
use super::process::{GENERATOR_PROCESSOR, SERVER_PROCESSOR, Server};
use super::statistics::Ratio;

/// A contender as it runs: one of ours once for each driver.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) contender: &'static Contender,
    /// Which driver, if it is ours.
    pub(super) driver: Option<Driver>,
}

impl Entry {
    /// Its row in tables.
    pub(super) fn label(&self) -> String {
        match self.driver {
            Some(Driver::Uring) => format!("{}, io_uring", self.contender.title),
            _ => self.contender.title.to_owned(),
        }
    }

    /// Its name in files.
    pub(super) fn name(&self) -> String {
        match self.driver {
            Some(driver) => format!("{}-{}", self.contender.name, driver.name()),
            None => self.contender.name.to_owned(),
        }
    }
}

/// What a table's turns said.
pub(super) struct Measured {
    pub(super) table: &'static Table,
    pub(super) scenarios: Vec<&'static Scenario>,
    pub(super) entries: Vec<Entry>,
    /// By scenario and name of the entry; each window with its round.
    windows: BTreeMap<(&'static str, String), Vec<(usize, Window)>>,
    /// Turns that went wrong.
    pub(super) failures: Vec<String>,
}

impl Measured {
    /// All values of a figure.
    pub(super) fn values(&self, scenario: &Scenario, entry: &Entry, figure: Figure) -> Vec<f64> {
        let windows = self.windows.get(&(scenario.name, entry.name()));
        windows.into_iter().flatten().map(|(_, window)| window.figure(figure)).collect()
    }

    /// How one compares with another, by the rounds in which both had a turn.
    pub(super) fn ratio(
        &self,
        scenario: &Scenario,
        one: &Entry,
        other: &Entry,
        figure: Figure,
    ) -> Option<Ratio> {
        Ratio::of(&self.pairs(scenario, one, other, figure))
    }

    /// How much more it is for one than for another, in the same way.
    pub(super) fn difference(
        &self,
        scenario: &Scenario,
        one: &Entry,
        other: &Entry,
        figure: Figure,
    ) -> Option<Ratio> {
        Ratio::of_differences(&self.pairs(scenario, one, other, figure))
    }

    fn pairs(
        &self,
        scenario: &Scenario,
        one: &Entry,
        other: &Entry,
        figure: Figure,
    ) -> Vec<(f64, f64)> {
        let windows = |entry: &Entry| self.windows.get(&(scenario.name, entry.name()));
        let (Some(one), Some(other)) = (windows(one), windows(other)) else {
            return Vec::new();
        };
        let pair = |(round, window): &(usize, Window)| {
            let (_, neighbour) = other.iter().find(|(its, _)| its == round)?;
            Some((window.figure(figure), neighbour.figure(figure)))
        };
        one.iter().filter_map(pair).collect()
    }
}

/// How a run is paced, and what it needs.
pub(super) struct Run<'a> {
    pub(super) installation: &'a Installation,
    pub(super) generator: Generator,
    /// For logs and windows.
    pub(super) folder: &'a Path,
    pub(super) pace: Pace,
    pub(super) deadline: Instant,
}

/// How much of the plan is done.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// Those that count.
    pub(super) rounds: usize,
    /// 0 to begin with one that does not, or else 1.
    pub(super) first_round: usize,
    /// What the lengths of all turns are multiplied with.
    pub(super) length: f64,
    /// Where the plan has more connections it is so many.
    pub(super) connections_max: usize,
    /// How many idle connections are weighed.
    pub(super) idle_connections: usize,
}

impl Pace {
    /// To measure.
    pub(super) fn whole(rounds: usize) -> Self {
        Self {
            rounds,
            first_round: 0,
            length: 1.0,
            connections_max: usize::MAX,
            idle_connections: 10_000,
        }
    }

    /// To see that everything runs.
    pub(super) fn smoke() -> Self {
        Self { rounds: 1, first_round: 1, length: 0.3, connections_max: 100, idle_connections: 100 }
    }
}

impl Run<'_> {
    /// Starts one server.
    pub(super) fn start(&self, entry: &Entry) -> Result<Server> {
        let ports = self.folder.join(format!("{}.ports", entry.name()));
        let log = self.folder.join(format!("{}.log", entry.name()));
        let driver = entry.driver.unwrap_or(Driver::Epoll);
        let command = self.installation.command(entry.contender, driver, &ports);
        let processors = match entry.contender.is_everywhere {
            true => &[SERVER_PROCESSOR, GENERATOR_PROCESSOR][..],
            false => &[SERVER_PROCESSOR],
        };
        let is_ours = matches!(entry.contender.program, Program::Sockeye(_));
        let server = Server::start(processors, &command, &log, is_ours.then_some(&ports))
            .with_context(|| {
                format!("{} does not start; its log is {}", entry.label(), log.display())
            })?;
        // It serves with epoll where the kernel has no io_uring for it, which would be measured in its place.
        if entry.driver == Some(Driver::Uring) && !has_ring(server.id())? {
            bail!(
                "the kernel refuses io_uring, so that {} serves with epoll: --driver epoll",
                entry.label()
            );
        }
        Ok(server)
    }

    /// All rounds of a table.
    pub(super) fn measure(
        &self,
        table: &'static Table,
        scenarios: Vec<&'static Scenario>,
        entries: Vec<Entry>,
    ) -> Result<Measured> {
        let mut servers =
            entries.iter().map(|entry| self.start(entry)).collect::<Result<Vec<_>>>()?;
        let mut file = File::create(self.folder.join(format!("{}.jsonl", table.name)))?;
        let (windows, failures) = (BTreeMap::new(), Vec::new());
        let mut measured = Measured { table, scenarios, entries, windows, failures };
        let mut failed = BTreeMap::new();
        for round in self.pace.first_round..=self.pace.rounds {
            println!("{}: round {round} of {}, load {}", table.name, self.pace.rounds, load());
            for (scenario, index) in turns(&measured, round) {
                let (entry, server) = (measured.entries[index], &mut servers[index]);
                let failures = failed.entry((scenario.name, index)).or_insert(0);
                if *failures >= FAILURES_MAX {
                    continue;
                }
                if Instant::now() > self.deadline {
                    bail!("this takes too long: fewer rounds, or --only and --scenarios");
                }
                let window = server.check().and_then(|()| {
                    self.generator.run(scenario, entry.contender, server, &self.pace)
                });
                match window {
                    Ok(window) => {
                        let line = json!({ "scenario": scenario.name, "server": entry.name(), "round": round, "window": window });
                        writeln!(file, "{line}")?;
                        if round > 0 {
                            let key = (scenario.name, entry.name());
                            measured.windows.entry(key).or_default().push((round, window));
                        }
                    }
                    Err(error) => {
                        *failures += 1;
                        let what = format!(
                            "{}, {}, round {round}: {error:#}",
                            entry.label(),
                            scenario.title
                        );
                        eprintln!("failed: {what}");
                        measured.failures.push(what);
                    }
                }
            }
        }
        Ok(measured)
    }
}

/// Whose turns it is in a round, in which order: from the last to the first in every other one, so that nobody is always the
/// first after somebody else.
fn turns(measured: &Measured, round: usize) -> Vec<(&'static Scenario, usize)> {
    let mut turns = Vec::new();
    for scenario in &measured.scenarios {
        let due = |index: &usize| {
            let every = scenario.every * measured.entries[*index].contender.every;
            round == 0 || (round - 1).is_multiple_of(every)
        };
        let mut indices: Vec<_> = (0..measured.entries.len()).filter(due).collect();
        if round % 2 == 1 {
            indices.reverse();
        }
        turns.extend(indices.into_iter().map(|index| (*scenario, index)));
    }
    turns
}

/// Whether a process has an io_uring, which its worker makes in a moment.
fn has_ring(process: u32) -> Result<bool> {
    for _ in 0..RING_LOOKS {
        if has_ring_now(process)? {
            return Ok(true);
        }
        thread::sleep(RING_LOOK);
    }
    Ok(false)
}

fn has_ring_now(process: u32) -> Result<bool> {
    for descriptor in fs::read_dir(format!("/proc/{process}/fd"))? {
        let target = fs::read_link(descriptor?.path());
        if target.is_ok_and(|target| target.to_string_lossy().contains("[io_uring]")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How busy the machine was over the last minute.
pub(super) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

/// How long a worker has to make its ring: looks, and the time between two.
const RING_LOOKS: u32 = 50;
const RING_LOOK: Duration = Duration::from_millis(100);

/// After so many failures a server has no more turns in that scenario.
const FAILURES_MAX: usize = 3;
