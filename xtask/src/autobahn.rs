//! `cargo xtask autobahn`: the conformance suite against a server, compared case by case with what is expected.

mod installation;
mod shards;
mod summary;
mod verdicts;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use self::shards::Run;
use self::verdicts::Verdicts;
use crate::project::Project;
use crate::server::ServerProcess;

/// Run Autobahn|Testsuite against a server and compare every verdict.
///
/// Installs the suite below target/autobahn/suite/ (see autobahn/README.md), builds the release server and starts it on a
/// free port of 127.0.0.1 with --message-max 16MiB, runs the fuzzing client, and compares behavior and behaviorClose
/// of each case with autobahn/expected.json. Prints every difference. Fails on any, and also when a case is
/// missing from the report or is in it without being expected.
///
/// target/autobahn/report/summary.md is the result on one page; the HTML reports with every byte on the wire are beside
/// it, one for each shard.
#[derive(Args)]
pub(crate) struct Options {
    /// Test the server at this address, of whoever it is, instead of ours: ws://HOST:PORT/PATH, which has to echo
    #[arg(long)]
    url: Option<String>,
    /// Only these cases: numbers, or beginnings with a star, such as 1.*,2.*,7.1.6
    #[arg(long, value_delimiter = ',', value_name = "CASES", default_value = "*")]
    cases: Vec<String>,
    /// How many fuzzing clients share the cases
    #[arg(long, value_name = "N", default_value = "2")]
    shards: NonZeroUsize,
}

impl Options {
    /// Our server, all cases.
    pub(crate) fn everything() -> Self {
        let shards = NonZeroUsize::new(2).expect("two is not zero");
        Self { url: None, cases: vec!["*".to_owned()], shards }
    }
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let expected = expected(&project.root.join("autobahn").join("expected.json"), &options.cases)?;
    let directory = project.target.join("autobahn");
    let python = installation::ensure(project, &directory.join("suite"))?;
    let report = directory.join("report");
    recreate(&report)?;

    let server = match options.url {
        Some(_) => None,
        None => Some(ServerProcess::start(&project.build_server()?, SERVER_OPTIONS, &report)?),
    };
    let url = match (&options.url, &server) {
        (Some(url), _) => url.clone(),
        (None, Some(server)) => format!("ws://{}/echo", server.address()),
        (None, None) => unreachable!("without an address there is a server of ours"),
    };
    println!("{} cases against {url}", expected.len());
    let run = Run { python: &python, url: &url, cases: expected.keys().collect(), report: &report };
    let actual = run.finish(options.shards)?;
    if let Some(server) = server {
        server.stop()?;
    }
    ensure!(
        !actual.is_empty(),
        "no case was run: does a server listen at {url}? See the logs in {}",
        report.display()
    );

    let differences = verdicts::compare(&expected, &actual);
    let summary = report.join("summary.md");
    fs::write(&summary, summary::markdown(&url, &expected, &actual, &differences))?;
    for difference in &differences {
        println!("{difference}");
    }
    println!("{} cases, {} differences: {}", actual.len(), differences.len(), summary.display());
    ensure!(differences.is_empty(), "the verdicts differ from autobahn/expected.json");
    Ok(())
}

fn expected(path: &Path, patterns: &[String]) -> Result<Verdicts> {
    let json =
        fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let all = verdicts::parse_expected(&json)
        .with_context(|| format!("{} is not as it should be", path.display()))?;
    for pattern in patterns {
        if !all.keys().any(|case| case.matches(pattern)) {
            bail!("no case of {} matches {pattern}", path.display());
        }
    }
    Ok(all
        .into_iter()
        .filter(|(case, _)| patterns.iter().any(|pattern| case.matches(pattern)))
        .collect())
}

fn recreate(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    Ok(fs::create_dir_all(directory)?)
}

/// Section 9 sends messages of 16 MiB, above what the server takes unless it is told.
const SERVER_OPTIONS: &[&str] = &["--workers", "2", "--message-max", "16MiB"];
