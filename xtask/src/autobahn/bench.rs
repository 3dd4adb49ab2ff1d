//! Testing one side over one transport: starting what is ours of it, and judging what the suite says.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::process::Run;
use super::summary::{self, SideResult};
use super::transport::Transport;
use super::verdicts::{self, Outcomes, Verdicts};
use super::{Options, client_side, recreate, server_side};
use crate::certificate::Certificate;
use crate::project::Project;
use crate::server::ServerProcess;

/// What both sides are tested with.
pub(super) struct Bench<'a> {
    pub(super) project: &'a Project,
    pub(super) options: &'a Options,
    pub(super) python: &'a Path,
    pub(super) report: &'a Path,
    pub(super) transport: Transport,
    /// What our server runs on.
    pub(super) driver: &'static str,
}

impl Bench<'_> {
    /// Tests the server, and says what became of it.
    pub(super) fn test_server(&self, expected: Verdicts) -> Result<SideResult> {
        let report = self.report.join("server");
        recreate(&report)?;
        let (url, server) = match &self.options.url {
            Some(url) => (url.clone(), None),
            None => {
                let server = self.start_server(&report)?;
                let scheme = self.transport.scheme();
                (format!("{scheme}://{}/echo", server.address()), Some(server))
            }
        };
        let subject = match server {
            Some(_) => format!("our server on {}", self.driver),
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
        self.judge(&subject, &expected, &actual, &report)
    }

    /// Tests the client, and says what became of it.
    pub(super) fn test_client(&self, expected: Verdicts) -> Result<SideResult> {
        let report = self.report.join("client");
        recreate(&report)?;
        let command = match &self.options.client {
            Some(command) => command.split_whitespace().map(str::to_owned).collect(),
            None => {
                let example = self.project.build_example(
                    "autobahn_client",
                    "deflate,tls",
                    !self.options.is_short,
                )?;
                vec![example.display().to_string()]
            }
        };
        let subject = match &self.options.client {
            Some(command) => format!("the client `{command}`"),
            None => "our client".to_owned(),
        };
        println!("{} cases against {subject} over {}", expected.len(), self.transport.scheme());
        let certificate = self.certificate(&report)?;
        let run = self.run(&expected, &report);
        let actual = client_side::run(&run, &command, certificate.as_ref(), self.options.shards)?;
        self.judge(&subject, &expected, &actual, &report)
    }

    fn start_server(&self, report: &Path) -> Result<ServerProcess> {
        let binary = self.project.build_server()?;
        let mut options = SERVER_OPTIONS.map(OsString::from).to_vec();
        options.extend(["--driver".into(), self.driver.into()]);
        if let Some(Certificate { file, key }) = self.certificate(report)? {
            options.extend(["--tls-cert".into(), file.into(), "--tls-key".into(), key.into()]);
        }
        ServerProcess::start(&binary, &options, report)
    }

    /// One for a server of the run, where TLS is spoken.
    fn certificate(&self, report: &Path) -> Result<Option<Certificate>> {
        match self.transport {
            Transport::Ws => Ok(None),
            Transport::Wss => Certificate::make(&self.project.shell, report).map(Some),
        }
    }

    fn run<'r>(&'r self, expected: &'r Verdicts, report: &'r Path) -> Run<'r> {
        Run {
            python: self.python,
            cases: expected.keys().collect(),
            report,
            deadline: Instant::now() + RUN_TIMEOUT,
        }
    }

    /// Prints and writes down how the verdicts differ, and sums up.
    fn judge(
        &self,
        subject: &str,
        expected: &Verdicts,
        actual: &Outcomes,
        report: &Path,
    ) -> Result<SideResult> {
        let differences = verdicts::compare(expected, actual);
        let transport = self.transport.scheme();
        let summary = report.join("summary.md");
        let tested = format!("{subject} over {transport}");
        fs::write(&summary, summary::markdown(&tested, expected, actual, &differences))?;
        for difference in &differences {
            println!("{difference}");
        }
        println!(
            "{} cases, {} differences: {}",
            actual.len(),
            differences.len(),
            summary.display()
        );
        Ok(SideResult::new(subject, transport, actual, differences.len()))
    }
}

/// Section 9 sends messages of 16 MiB, above what the server takes unless it is told; sections 12 and 13 ask for compression
/// with every window there is.
const SERVER_OPTIONS: [&str; 6] = ["--workers", "2", "--message-max", "16MiB", "--deflate", "1MiB"];
/// All 517 cases take a few minutes; a run that needs this long hangs.
const RUN_TIMEOUT: Duration = Duration::from_secs(45 * 60);
