//! `cargo xtask bench`: what the parts cost, and how the whole compares with its peers.

mod generator;
mod idle;
mod installation;
mod kernel;
mod machine;
mod measure;
mod plan;
mod process;
mod record;
mod statistics;
mod targets;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::{Args, ValueEnum};
use xshell::cmd;

use self::generator::Generator;
use self::installation::{DRIVER_OPTION, Installation};
use self::kernel::Softirqd;
use self::machine::Surroundings;
use self::measure::{Entry, Measured, Pace, Run};
use self::plan::{Contender, Driver, IDLE, PRODUCT, Program, SCALING, Scenario, TABLES, Table};
use self::record::Findings;
use crate::project::Project;

/// Measure: the parts alone, or the server beside other people's.
///
/// Without options this is `cargo bench --bench engine`.
///
/// With --rivals it compares our server with other people's, and with a floor that does no WebSocket at all. It builds the
/// release server and the servers of crates/rivals/bench-peers, and installs what these need from package registries below
/// target/bench/. All servers of a table run at once on processor 0, the generator (`sockeye bench`) runs on processor 1, and
/// they take turns of half a second. The figure is the server's processor time per message, the kernel's included. It prints
/// tables and, with --record, keeps them; all windows are in target/bench/*.jsonl.
///
/// With --product it compares what hub and protocol make of a publication with what the engine alone does, in the same way;
/// that is two minutes. With --scaling it compares two workers with one, on the server's processor and on both; that is ten.
///
/// The machine should have nothing else to do. Everything takes about half an hour, not counting the builds: less with
/// --rounds, --only or --scenarios. Everything stays on 127.0.0.1, and every process ends with this one.
#[derive(Args)]
pub(crate) struct Options {
    /// Compare with the peers
    #[arg(long, group = "comparison")]
    rivals: bool,
    /// Compare the whole product with the engine inside it: what is published to 1,000 subscribers of a channel, in our own
    /// protocol, beside the engine's topics
    #[arg(long, group = "comparison")]
    product: bool,
    /// Compare two workers of ours with one: what it costs that they mail each other what is published
    #[arg(long, group = "comparison")]
    scaling: bool,
    /// Besides ours only these peers, such as uwebsockets,bun,floor
    #[arg(long, value_delimiter = ',', value_name = "PEERS", requires = "rivals")]
    only: Vec<String>,
    /// Only these tables or scenarios, such as echo/50x32,fan-out,idle
    #[arg(long, value_delimiter = ',', value_name = "SCENARIOS", requires = "rivals")]
    scenarios: Vec<String>,
    /// How many turns everybody has; peers that no target names have a fourth of them
    #[arg(long, value_name = "N", default_value = "30", requires = "comparison")]
    rounds: NonZeroUsize,
    /// With which of our drivers
    #[arg(long, value_enum, default_value = "both", requires = "comparison")]
    driver: Drivers,
    /// Keep the tables as benches/record/DATE-NAME.md
    #[arg(long, value_name = "NAME", requires = "comparison")]
    record: Option<String>,
    /// A generator with the command line of `sockeye bench`, instead of that
    #[arg(long, value_name = "PROGRAM", requires = "comparison")]
    generator: Option<PathBuf>,
    /// Only show that everything runs: one short turn each, peers as they are compiled for tests, few idle connections
    #[arg(long, requires = "comparison", conflicts_with_all = ["rounds", "record"])]
    smoke: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Drivers {
    Epoll,
    Uring,
    Both,
}

impl Options {
    /// What shows that the comparison runs.
    pub(crate) fn smoke() -> Self {
        Self {
            rivals: true,
            product: false,
            scaling: false,
            only: Vec::new(),
            scenarios: Vec::new(),
            rounds: NonZeroUsize::MIN,
            driver: Drivers::Both,
            record: None,
            generator: None,
            smoke: true,
        }
    }
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    if !options.rivals && !options.product && !options.scaling {
        return Ok(cmd!(project.shell, "cargo bench --package sockeye --bench engine").run()?);
    }
    check_names(options)?;
    let processors = thread::available_parallelism()?.get();
    ensure!(processors >= 2, "servers and generator have a processor each: this machine has one");
    let folder = project.target.join("bench");
    fs::create_dir_all(&folder)?;
    let installation = match options.rivals {
        true => Installation::prepare(project, &folder, !options.smoke)?,
        false => Installation::ours(project, &folder)?,
    };
    let (drivers, mut left_out) = drivers(options, &installation)?;
    let pace = match options.smoke {
        true => Pace::smoke(),
        false => Pace::whole(options.rounds.get()),
    };
    let run = Run {
        generator: generator(options, &installation, &folder),
        installation: &installation,
        folder: &folder,
        pace,
        deadline: Instant::now() + RUN_TIMEOUT,
    };

    if run.generator.softirqd.is_none() {
        left_out.push("the time of ksoftirqd, which cannot be seen here".to_owned());
    }
    let before = measure::load();
    let choice = Choice { options, drivers: &drivers, installation: &installation };
    let measured = measure(&run, &choice, &mut left_out)?;
    let idle = match choice.has_scenario("idle", "") {
        true => weigh(&run, &choice, &mut left_out)?,
        false => Vec::new(),
    };
    let load = (before, measure::load());
    let findings = Findings { measured, idle, pace, left_out, load };
    finish(project, options, &findings)
}

/// Prints the page, keeps it where that was asked for, and fails if a turn has.
fn finish(project: &Project, options: &Options, findings: &Findings) -> Result<()> {
    let surroundings = Surroundings::look(project, options.rivals)?;
    let page = record::page(findings, &surroundings, &command_line());
    let mut kept = project.target.join("bench").join("record.md");
    if let Some(name) = &options.record {
        let file = format!("{}-{name}.md", surroundings.date);
        kept = project.root.join("benches").join("record").join(file);
    }
    fs::write(&kept, &page)?;
    if !options.smoke {
        println!("\n{page}\nkept as {}", kept.display());
    }
    let failures: usize = findings.measured.iter().map(|measured| measured.failures.len()).sum();
    ensure!(
        failures == 0,
        "{failures} turns failed: they are listed at the end of {}",
        kept.display()
    );
    if options.smoke {
        println!("every server had its turns; their figures mean nothing");
    }
    Ok(())
}

/// What the user chose to see.
struct Choice<'a> {
    options: &'a Options,
    drivers: &'a [Driver],
    installation: &'a Installation,
}

impl Choice<'_> {
    fn has_scenario(&self, table: &str, scenario: &str) -> bool {
        let whole = format!("{table}/{scenario}");
        if self.options.product || self.options.scaling {
            let asked = if self.options.product { PRODUCT.name } else { SCALING.name };
            return table == asked;
        }
        let wanted = &self.options.scenarios;
        match wanted.is_empty() {
            // That is about nobody else.
            true => table != SCALING.name || self.options.smoke,
            false => wanted.iter().any(|wanted| *wanted == table || *wanted == whole),
        }
    }

    /// Those who take part: ours once for each driver.
    fn entries(&self, contenders: &'static [Contender], left_out: &mut Vec<String>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for contender in contenders {
            let Program::Sockeye(options) = contender.program else {
                if self.options.only.is_empty() || self.is_chosen(contender) {
                    entries.push(Entry { contender, driver: None });
                }
                continue;
            };
            let missing = options
                .iter()
                .find(|option| option.starts_with("--") && !self.installation.has_option(option));
            match missing {
                Some(option) => {
                    left_out.push(format!("{}: our server has no {option}", contender.title));
                }
                None => entries.extend(
                    self.drivers.iter().map(|driver| Entry { contender, driver: Some(*driver) }),
                ),
            }
        }
        entries
    }

    fn is_chosen(&self, contender: &Contender) -> bool {
        self.options.only.iter().any(|name| name == contender.name)
    }
}

fn measure(
    run: &Run<'_>,
    choice: &Choice<'_>,
    left_out: &mut Vec<String>,
) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for table in TABLES {
        let is_chosen = |scenario: &&Scenario| choice.has_scenario(table.name, scenario.name);
        let scenarios: Vec<&'static Scenario> = table.scenarios.iter().filter(is_chosen).collect();
        if !scenarios.is_empty() {
            let entries = choice.entries(table.contenders, left_out);
            measured.push(run.measure(table, scenarios, entries)?);
        }
    }
    Ok(measured)
}

fn weigh(
    run: &Run<'_>,
    choice: &Choice<'_>,
    left_out: &mut Vec<String>,
) -> Result<Vec<idle::Idle>> {
    let entries = choice.entries(IDLE, left_out);
    entries.into_iter().map(|entry| idle::weigh(run, entry, run.pace.idle_connections)).collect()
}

fn generator(options: &Options, installation: &Installation, folder: &Path) -> Generator {
    let program = options.generator.as_ref().unwrap_or(&installation.sockeye);
    let command = vec![program.clone().into(), OsString::from("bench")];
    Generator { command, log: folder.join("generator.log"), softirqd: Softirqd::find() }
}

/// Which drivers of ours are measured, and what is not for want of them.
fn drivers(options: &Options, installation: &Installation) -> Result<(Vec<Driver>, Vec<String>)> {
    let has_choice = installation.has_option(DRIVER_OPTION);
    Ok(match options.driver {
        Drivers::Epoll => (vec![Driver::Epoll], Vec::new()),
        Drivers::Uring if has_choice => (vec![Driver::Uring], Vec::new()),
        Drivers::Uring => bail!("our server has no {DRIVER_OPTION}: there is only epoll"),
        Drivers::Both if has_choice => (vec![Driver::Epoll, Driver::Uring], Vec::new()),
        Drivers::Both => {
            (vec![Driver::Epoll], vec![format!("io_uring: our server has no {DRIVER_OPTION}")])
        }
    })
}

/// A name that nobody has is a slip.
fn check_names(options: &Options) -> Result<()> {
    let contenders = TABLES.iter().flat_map(|table| table.contenders).chain(IDLE);
    let peers = contenders.filter(|one| !matches!(one.program, Program::Sockeye(_)));
    let names: BTreeSet<&str> = peers.map(|peer| peer.name).collect();
    for name in &options.only {
        let all = Vec::from_iter(names.iter().copied()).join(", ");
        ensure!(names.contains(name.as_str()), "--only {name}: there are {all}");
    }
    let scenarios = |table: &Table| -> Vec<String> {
        let whole = table.scenarios.iter().map(|one| format!("{}/{}", table.name, one.name));
        whole.chain([table.name.to_owned()]).collect()
    };
    let names: Vec<String> = TABLES.iter().flat_map(scenarios).chain(["idle".to_owned()]).collect();
    for name in &options.scenarios {
        ensure!(names.contains(name), "--scenarios {name}: there are {}", names.join(", "));
    }
    Ok(())
}

/// This run's, to be repeated.
fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask {}", arguments.join(" "))
}

const RUN_TIMEOUT: Duration = Duration::from_secs(2 * 3600);
