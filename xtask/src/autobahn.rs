//! `cargo xtask autobahn`: the conformance suite against a server and a client, compared case by case with what is
//! expected.

mod client_side;
mod installation;
mod process;
mod server_side;
mod summary;
mod verdicts;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use self::process::Run;
use self::summary::SideResult;
use self::verdicts::{Outcomes, Verdicts};
use crate::project::Project;
use crate::server::ServerProcess;

/// Run Autobahn|Testsuite against both sides and compare every verdict.
///
/// Installs the suite below target/autobahn/suite/ (see autobahn/README.md). Then the server: builds the release server,
/// starts it on a free port of 127.0.0.1 with --message-max 16MiB, and runs the suite's fuzzing client against it. Then
/// the client: builds examples/autobahn_client.rs, and lets it meet the suite's fuzzing server. Each time it compares
/// behavior and behaviorClose of each case with autobahn/expected.json. Prints every difference. Fails on any, and also
/// when a case is missing from the report or is in it without being expected.
///
/// target/autobahn/report/summary.md is the result on one page. server/summary.md and client/summary.md beside it have every
/// difference, and the HTML reports with every byte on the wire, one for each shard.
#[derive(Args)]
pub(crate) struct Options {
    /// Test the server at this address, of whoever it is, instead of ours: ws://HOST:PORT/PATH, which has to echo. No
    /// client is tested then, unless there is --client
    #[arg(long)]
    url: Option<String>,
    /// Test the client that this command starts, of whoever it is, instead of ours. It is given two arguments more,
    /// --url ws://HOST:PORT and --agent NAME; it opens /getCaseCount, echoes in /runCase?case=N&agent=NAME from 1 to that
    /// count, opens /updateReports?agent=NAME and ends with 0. No server is tested then, unless there is --url
    #[arg(long, value_name = "COMMAND")]
    client: Option<String>,
    /// Only these cases: numbers, or beginnings with a star, such as 1.*,2.*,7.1.6
    #[arg(long, value_delimiter = ',', value_name = "CASES", default_value = "*")]
    cases: Vec<String>,
    /// How many processes of the suite share the cases
    #[arg(long, value_name = "N", default_value = "2")]
    shards: NonZeroUsize,
    /// Also keep the page with the result as autobahn/summary.md, which the README links
    #[arg(long)]
    record: bool,
}

impl Options {
    /// Our server and our client, all cases.
    pub(crate) fn everything() -> Self {
        let shards = NonZeroUsize::new(2).expect("two is not zero");
        Self { url: None, client: None, cases: vec!["*".to_owned()], shards, record: false }
    }
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let path = project.root.join("autobahn").join("expected.json");
    let json =
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let expected = verdicts::parse_expected(&json)
        .with_context(|| format!("{} is not as it should be", path.display()))?;
    let directory = project.target.join("autobahn");
    let bench = Bench {
        project,
        options,
        python: &installation::ensure(project, &directory.join("suite"))?,
        report: &directory.join("report"),
    };
    recreate(bench.report)?;

    let mut results = Vec::new();
    if options.url.is_some() || options.client.is_none() {
        results.push(bench.test_server(chosen(expected.server, &options.cases)?)?);
    }
    if options.client.is_some() || options.url.is_none() {
        results.push(bench.test_client(chosen(expected.client, &options.cases)?)?);
    }
    let page = summary::overview(&results);
    fs::write(bench.report.join("summary.md"), &page)?;
    if options.record {
        fs::write(project.root.join("autobahn").join("summary.md"), &page)?;
    }
    print!("{page}");
    let differences: usize = results.iter().map(|result| result.differences).sum();
    ensure!(differences == 0, "the verdicts differ from autobahn/expected.json");
    Ok(())
}

/// What both sides are tested with.
struct Bench<'a> {
    project: &'a Project,
    options: &'a Options,
    python: &'a Path,
    report: &'a Path,
}

impl Bench<'_> {
    /// Tests the server, and says what became of it.
    fn test_server(&self, expected: Verdicts) -> Result<SideResult> {
        let report = self.report.join("server");
        recreate(&report)?;
        let (url, server) = match &self.options.url {
            Some(url) => (url.clone(), None),
            None => {
                let binary = self.project.build_server()?;
                let server = ServerProcess::start(&binary, SERVER_OPTIONS, &report)?;
                (format!("ws://{}/echo", server.address()), Some(server))
            }
        };
        let subject = match server {
            Some(_) => "our server".to_owned(),
            None => format!("the server at `{url}`"),
        };
        println!("{} cases against the server at {url}", expected.len());
        let actual = server_side::run(&self.run(&expected, &report), &url, self.options.shards)?;
        if let Some(server) = server {
            server.stop()?;
        }
        ensure!(
            !actual.is_empty(),
            "no case was run: does a server listen at {url}? See the logs in {}",
            report.display()
        );
        judge(&subject, &expected, &actual, &report)
    }

    /// Tests the client, and says what became of it.
    fn test_client(&self, expected: Verdicts) -> Result<SideResult> {
        let report = self.report.join("client");
        recreate(&report)?;
        let command = match &self.options.client {
            Some(command) => command.split_whitespace().map(str::to_owned).collect(),
            None => {
                let example = self.project.build_example("autobahn_client", "deflate")?;
                vec![example.display().to_string()]
            }
        };
        let subject = match &self.options.client {
            Some(command) => format!("the client `{command}`"),
            None => "our client".to_owned(),
        };
        println!("{} cases against {subject}", expected.len());
        let run = self.run(&expected, &report);
        let actual = client_side::run(&run, &command, self.options.shards)?;
        judge(&subject, &expected, &actual, &report)
    }

    fn run<'r>(&'r self, expected: &'r Verdicts, report: &'r Path) -> Run<'r> {
        Run {
            python: self.python,
            cases: expected.keys().collect(),
            report,
            deadline: Instant::now() + RUN_TIMEOUT,
        }
    }
}

/// Prints and writes down how the verdicts differ, and sums up.
fn judge(
    subject: &str,
    expected: &Verdicts,
    actual: &Outcomes,
    report: &Path,
) -> Result<SideResult> {
    let differences = verdicts::compare(expected, actual);
    let summary = report.join("summary.md");
    fs::write(&summary, summary::markdown(subject, expected, actual, &differences))?;
    for difference in &differences {
        println!("{difference}");
    }
    println!("{} cases, {} differences: {}", actual.len(), differences.len(), summary.display());
    Ok(SideResult::new(subject, actual, differences.len()))
}

/// Those of the expected verdicts that the patterns mean.
fn chosen(all: Verdicts, patterns: &[String]) -> Result<Verdicts> {
    for pattern in patterns {
        if !all.keys().any(|case| case.matches(pattern)) {
            bail!("no case of autobahn/expected.json matches {pattern}");
        }
    }
    let is_chosen = |case: &verdicts::CaseId| patterns.iter().any(|pattern| case.matches(pattern));
    Ok(all.into_iter().filter(|(case, _)| is_chosen(case)).collect())
}

fn recreate(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    Ok(fs::create_dir_all(directory)?)
}

/// Section 9 sends messages of 16 MiB, above what the server takes unless it is told; sections 12 and 13 ask for compression
/// with every window there is.
const SERVER_OPTIONS: &[&str] = &["--workers", "2", "--message-max", "16MiB", "--deflate", "1MiB"];
/// All 517 cases take a few minutes; a run that needs this long hangs.
const RUN_TIMEOUT: Duration = Duration::from_secs(45 * 60);
