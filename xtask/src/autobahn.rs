//! `cargo xtask autobahn`: the conformance suite against a server and a client, compared case by case with what is
//! expected.

mod bench;
mod client_side;
mod installation;
mod process;
mod server_side;
mod summary;
mod transport;
mod verdicts;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use xshell::cmd;

use self::bench::Bench;
use self::transport::Transport;
use self::verdicts::{CaseId, Verdicts};
use crate::project::Project;

/// Run Autobahn|Testsuite against both sides and compare every verdict.
///
/// Installs the suite below target/autobahn/suite/ (see autobahn/README.md). Then the server: builds the release server,
/// starts it on a free port of 127.0.0.1 with --message-max 16MiB, and runs the suite's fuzzing client against it. Then
/// the client: builds examples/autobahn_client.rs, and lets it meet the suite's fuzzing server. Each time it compares
/// behavior and behaviorClose of each case with autobahn/expected.json. Prints every difference. Fails on any, and also
/// when a case is missing from the report or is in it without being expected.
///
/// First all cases over ws://. Then those without compression, all but 12.* and 13.*, over wss:// with a certificate that
/// openssl makes for the run: TLS does not know what it encrypts, and compression is most of the time.
///
/// Last the server on io_uring over ws://, with those without compression and 24 of the others, for a driver does not know
/// what it moves; with all of them when the result is kept, and on demand (--driver uring).
///
/// target/autobahn/report/summary.md is the result on one page. ws/server/, ws/client/, wss/server/, wss/client/ and uring/server/ beside
/// it have a summary.md with every difference, and the HTML reports with every byte on the wire, one for each shard.
#[derive(Args)]
pub(crate) struct Options {
    /// Test the server at this address, of whoever it is, instead of ours: ws://HOST:PORT/PATH, which has to echo, or
    /// wss:// with whatever certificate. No client is tested then, unless there is --client
    #[arg(long)]
    url: Option<String>,
    /// Test the client that this command starts, of whoever it is, instead of ours. It is given more arguments,
    /// --url ws://HOST:PORT and --agent NAME; it opens /getCaseCount, echoes in /runCase?case=N&agent=NAME from 1 to that
    /// count, opens /updateReports?agent=NAME and ends with 0. No server is tested then, unless there is --url
    #[arg(long, value_name = "COMMAND")]
    client: Option<String>,
    /// Only over wss://, and all cases. The command of --client is given --trust FILE as well: the server's certificate
    #[arg(long, conflicts_with = "url")]
    tls: bool,
    /// Only our server, on this driver, all cases over ws://
    #[arg(long, conflicts_with_all = ["url", "client", "tls"], value_name = "epoll|uring", value_parser = ["epoll", "uring"])]
    driver: Option<String>,
    /// Only these cases: numbers, or beginnings with a star, such as 1.*,2.*,7.1.6
    #[arg(long, value_delimiter = ',', value_name = "CASES")]
    cases: Vec<String>,
    /// How many processes of the suite share the cases
    #[arg(long, value_name = "N", default_value = "2")]
    shards: NonZeroUsize,
    /// Also keep the page with the result as autobahn/summary.md, which the README links: with everything on it
    #[arg(long, conflicts_with_all = ["url", "client", "tls", "driver", "cases"])]
    record: bool,
    /// Of the cases with compression our client, too, meets as few as the server on io_uring: it compresses with what the
    /// server does. And it is built quickly, for a release of it is built for nothing else
    #[arg(skip)]
    is_short: bool,
}

impl Options {
    /// Our server, all cases over ws:// and those without compression over wss://; our client and the server on io_uring, few
    /// of those with compression.
    pub(crate) fn for_tests() -> Self {
        let shards = NonZeroUsize::new(2).expect("two is not zero");
        let (cases, driver) = (Vec::new(), None);
        Self {
            url: None,
            client: None,
            tls: false,
            driver,
            cases,
            shards,
            record: false,
            is_short: true,
        }
    }

    /// What is run, one after the other.
    fn passes(&self) -> Vec<Pass> {
        let all = |transport| Pass::new(transport, Compressed::All);
        if let Some(driver) = &self.driver {
            let driver = if driver == URING { URING } else { EPOLL };
            return vec![Pass { driver, ..all(Transport::Ws) }];
        }
        match &self.url {
            _ if self.tls => vec![all(Transport::Wss)],
            Some(url) => vec![all(Transport::of(url))],
            None if self.client.is_some() => vec![all(Transport::Ws)],
            None => {
                let some = if self.record { Compressed::All } else { Compressed::Few };
                let by_client = if self.is_short { some } else { Compressed::All };
                let ws = Pass { by_client, ..all(Transport::Ws) };
                let uring = Pass { driver: URING, ..Pass::new(Transport::Ws, some) };
                vec![ws, Pass::new(Transport::Wss, Compressed::None), uring]
            }
        }
    }
}

/// Which cases go over what, when nobody asks for others.
#[derive(Debug, PartialEq, Eq)]
struct Pass {
    transport: Transport,
    by_server: Compressed,
    by_client: Compressed,
    /// What our server runs on.
    driver: &'static str,
}

/// How many of the cases with compression, which take most of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compressed {
    All,
    /// Of each combination of parameters one with small messages and one with messages in frames.
    Few,
    None,
}

impl Compressed {
    fn has(self, case: &CaseId) -> bool {
        match self {
            Self::All => true,
            Self::Few => !case.is_compressed() || case.is_one_of_few(),
            Self::None => !case.is_compressed(),
        }
    }
}

impl Pass {
    /// As many for the server, on epoll, as for the client.
    const fn new(transport: Transport, compressed: Compressed) -> Self {
        Self { transport, by_server: compressed, by_client: compressed, driver: EPOLL }
    }

    /// The directory of its reports.
    fn name(&self) -> &'static str {
        if self.driver == URING { URING } else { self.transport.scheme() }
    }
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let path = project.root.join("autobahn").join("expected.json");
    let json =
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let expected = verdicts::parse_expected(&json)
        .with_context(|| format!("{} is not as it should be", path.display()))?;
    let directory = project.target.join("autobahn");
    let python = &installation::ensure(project, &directory.join("suite"))?;
    let reports = directory.join("report");

    let mut results = Vec::new();
    for pass in options.passes() {
        let report = &reports.join(pass.name());
        let (transport, driver) = (pass.transport, pass.driver);
        let bench = Bench { project, options, python, report, transport, driver };
        if options.url.is_some() || options.client.is_none() {
            let cases = chosen(&expected.server, &options.cases, pass.by_server)?;
            results.push(bench.test_server(cases)?);
        }
        let is_server_only = pass.driver == URING || options.driver.is_some();
        if options.client.is_some() || (options.url.is_none() && !is_server_only) {
            let cases = chosen(&expected.client, &options.cases, pass.by_client)?;
            results.push(bench.test_client(cases)?);
        }
    }
    let is_ours = options.url.is_none() && options.client.is_none();
    let page = summary::overview(&about(project, is_ours)?, &results);
    fs::write(reports.join("summary.md"), &page)?;
    print!("{page}");
    let differences: usize = results.iter().map(|result| result.differences).sum();
    ensure!(differences == 0, "the verdicts differ from autobahn/expected.json");
    if options.record {
        fs::write(project.root.join("autobahn").join("summary.md"), &page)?;
    }
    Ok(())
}

/// When, and what, for the head of the page with the result.
fn about(project: &Project, is_ours: bool) -> Result<String> {
    let shell = &project.shell;
    let date = cmd!(shell, "date -u +%F").quiet().read()?;
    if !is_ours {
        return Ok(date);
    }
    let compiler = cmd!(shell, "rustc --version").quiet().read()?;
    let version = env!("CARGO_PKG_VERSION");
    Ok(format!("{date}, Sockeye {version}, {compiler}\n\n{DRIVERS}"))
}

/// Those of the expected verdicts that the patterns mean; without patterns so many.
fn chosen(all: &Verdicts, patterns: &[String], compressed: Compressed) -> Result<Verdicts> {
    for pattern in patterns {
        if !all.keys().any(|case| case.matches(pattern)) {
            bail!("no case of autobahn/expected.json matches {pattern}");
        }
    }
    let is_chosen = |case: &CaseId| match patterns {
        [] => compressed.has(case),
        _ => patterns.iter().any(|pattern| case.matches(pattern)),
    };
    let of_it = all.iter().filter(|(case, _)| is_chosen(case));
    Ok(of_it.map(|(case, verdict)| (case.clone(), verdict.clone())).collect())
}

fn recreate(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    Ok(fs::create_dir_all(directory)?)
}

const EPOLL: &str = "epoll";

const URING: &str = "uring";

/// What drivers there are: each has to be run.
const DRIVERS: &str = "Our server runs on the drivers epoll and io_uring; our client is the one that blocks, which needs none.";

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Compressed = Compressed::All;

    #[test]
    fn everything_is_all_over_ws_and_less_over_wss_on_io_uring_and_in_tests_by_the_client() {
        const FEW: Compressed = Compressed::Few;
        let passes = |by_client, on_uring| {
            let ws = Pass { by_client, ..Pass::new(Transport::Ws, ALL) };
            let uring = Pass { driver: URING, ..Pass::new(Transport::Ws, on_uring) };
            [ws, Pass::new(Transport::Wss, Compressed::None), uring]
        };
        assert_eq!(Options::for_tests().passes(), passes(FEW, FEW));
        let by_hand = || Options { is_short: false, ..Options::for_tests() };
        assert_eq!(by_hand().passes(), passes(ALL, FEW));
        let kept = Options { record: true, ..by_hand() };
        assert_eq!(kept.passes(), passes(ALL, ALL), "all are in what is kept");
    }

    #[test]
    fn who_asks_for_a_driver_gets_all_cases_on_it() {
        let options = Options { driver: Some(URING.to_owned()), ..Options::for_tests() };
        assert_eq!(options.passes(), [Pass { driver: URING, ..Pass::new(Transport::Ws, ALL) }]);
    }

    #[test]
    fn who_asks_for_one_transport_gets_all_cases_over_it() {
        let all = Options::for_tests;
        let secure = Options { tls: true, ..all() };
        assert_eq!(secure.passes(), [Pass::new(Transport::Wss, ALL)]);
        let client = Options { client: Some("node client.js".to_owned()), ..all() };
        assert_eq!(client.passes(), [Pass::new(Transport::Ws, ALL)]);
        assert_eq!(Options { tls: true, ..client }.passes(), [Pass::new(Transport::Wss, ALL)]);
        let server = |url: &str| Options { url: Some(url.to_owned()), ..all() };
        assert_eq!(server("wss://[::1]/").passes(), [Pass::new(Transport::Wss, ALL)]);
        assert_eq!(server("ws://wss/").passes(), [Pass::new(Transport::Ws, ALL)]);
    }

    #[test]
    fn the_cases_of_a_pass_are_chosen_unless_others_are_asked_for() {
        let json = r#"{"client": {}, "server": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK"},
            "12.1.1": {"behavior": "OK", "behaviorClose": "OK"},
            "12.1.2": {"behavior": "OK", "behaviorClose": "OK"},
            "13.1.11": {"behavior": "OK", "behaviorClose": "OK"}}}"#;
        let all = verdicts::parse_expected(json).expect("valid").server;
        let numbers = |patterns: &[&str], compressed| {
            let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
            let chosen = chosen(&all, &patterns, compressed).expect("patterns that mean some");
            chosen.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&[], ALL), ["1.1.1", "12.1.1", "12.1.2", "13.1.11"]);
        assert_eq!(numbers(&[], Compressed::Few), ["1.1.1", "12.1.1", "13.1.11"]);
        assert_eq!(numbers(&[], Compressed::None), ["1.1.1"]);
        assert_eq!(numbers(&["12.1.1"], Compressed::None), ["12.1.1"]);
    }
}
