//! `cargo xtask simulate`: storms on simulated networks, as many as time allows.

use anyhow::{Result, bail};
use clap::Args;
use xshell::cmd;

use crate::project::Project;

/// Run many storms on simulated networks, or one again.
///
/// A storm is whole workers, a crowd of clients of all tempers, and a network on which everything goes wrong that can; all
/// of it follows from one number, the seed. Half as many storms of requests come on top of those of WebSockets, and as many
/// around hubs, whose clients drop, resume and are slow. What must be true whatever happens is in tests/engine/simulation/ and
/// crates/hub/tests/model/.
///
/// When a promise is broken, the seed is printed, with the commit: together they bring back all that happened, with
/// `cargo xtask simulate --seed N`.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this seed, of all kinds
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// How many seeds, from 0 on
    #[arg(long, value_name = "N", default_value_t = SEEDS)]
    seeds: u64,
}

impl Options {
    /// As many as a change has to survive before it lands.
    pub(crate) const fn everything() -> Self {
        Self { seed: None, seeds: SEEDS }
    }
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let shell = &project.shell;
    let (variable, number) = match options.seed {
        Some(seed) => ("SOCKEYE_SEED", seed),
        None => ("SOCKEYE_SEEDS", options.seeds),
    };
    let _asked = shell.push_env(variable, number.to_string());
    // A little optimised, which saves more than it takes to build; more of it would not. Overflows and what is asserted while
    // debugging are still looked for.
    let engine = ["--config", "profile.test.package.sockeye.opt-level=1", "--package", "sockeye"];
    let hub =
        ["--config", "profile.test.package.sockeye-hub.opt-level=1", "--package", "sockeye-hub"];
    let storms = cmd!(shell, "cargo test {engine...} --all-features --test engine -- storms");
    let of_hubs = cmd!(shell, "cargo test {hub...} --test model -- storms");
    if storms.run().is_err() || of_hubs.run().is_err() {
        bail!("a storm broke a promise at {}; its seed is above", commit(project));
    }
    Ok(())
}

fn commit(project: &Project) -> String {
    let shell = &project.shell;
    let read =
        |arguments: &[&str]| cmd!(shell, "git {arguments...}").quiet().ignore_stderr().read();
    match (read(&["rev-parse", "HEAD"]), read(&["status", "--porcelain"])) {
        (Ok(commit), Ok(changes)) if changes.is_empty() => format!("commit {commit}"),
        (Ok(commit), _) => format!("commit {commit} with changes"),
        _ => "a commit that git does not know".to_owned(),
    }
}

/// A minute or two of one processor, and as much to build them.
const SEEDS: u64 = 10_000;
