//! The project's tooling: `cargo xtask <task>`. Each task is one file, and `cargo xtask help` is its manual.

#![deny(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a command-line tool on wall-clock time"
)]

mod autobahn;
mod bench;
mod certificate;
mod dependencies;
mod fuzz;
mod prerequisites;
mod project;
mod server;
mod simulate;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::project::Project;

/// The tooling of Sockeye.
///
/// Whatever a task needs that the machine lacks, it installs: packages of the system by apt-get (which takes root),
/// everything else below target/. Nothing is skipped silently, and every task exits with an error when something is
/// not as it should be.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    arg_required_else_help = true,
    disable_version_flag = true,
    after_help = "`cargo xtask help TASK` is the manual of one task.",
    after_long_help = MANUAL
)]
struct CommandLine {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Test(test::Options),
    Tidy(tidy::Options),
    Autobahn(autobahn::Options),
    Fuzz(fuzz::Options),
    Simulate(simulate::Options),
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match run(CommandLine::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    let project = Project::open()?;
    match task {
        Task::Test(options) => test::run(&project, &options),
        Task::Tidy(options) => tidy::run(&project, &options),
        Task::Autobahn(options) => autobahn::run(&project, &options),
        Task::Fuzz(options) => fuzz::run(&project, &options),
        Task::Simulate(options) => simulate::run(&project, &options),
        Task::Bench(options) => bench::run(&project, &options),
    }
}

const MANUAL: &str = "\
EXAMPLES
  cargo xtask test                              everything, as it runs before a change lands
  cargo xtask tidy                              the rules of the house, in a second
  cargo xtask autobahn                          our server and our client against the conformance suite
  cargo xtask autobahn --cases 6.*,7.1.6        a part of it
  cargo xtask autobahn --tls                    over wss:// alone, all cases
  cargo xtask autobahn --url ws://127.0.0.1:9001/   somebody else's server
  cargo xtask autobahn --client 'node client.js'    somebody else's client
  cargo xtask fuzz --seconds 60                 every fuzz target, a minute each
  cargo xtask fuzz utf8 --seconds 600           one of them, longer
  cargo xtask fuzz --coverage                   the lines of src/protocol that their seeds reach
  cargo xtask simulate                          ten thousand storms on simulated networks
  cargo xtask simulate --seed 4711              one of them again
  cargo xtask bench                             what the engine's parts cost
  cargo xtask bench --rivals                    our server beside other people's, in half an hour
  cargo xtask bench --rivals --only uwebsockets --scenarios echo/50x32,fan-out

FILES
  target/autobahn/suite/       the installed conformance suite
  target/autobahn/report/      the last reports: summary.md, and below ws/ and wss/ one HTML report per side and shard
  target/bench/                what is measured beside ours, logs, and every window of the last run
  target/fuzz/                 corpora that fuzzing has grown; crashes are in fuzz/artifacts/
  target/tools/                programs installed with cargo install

`cargo xtask help TASK` is the manual of one task.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::CommandLine;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
