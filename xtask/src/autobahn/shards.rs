//! Several fuzzing clients side by side, each with its share of the cases and a report of its own.

use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use super::verdicts::{self, CaseId, Outcomes};

/// One run of the suite against one server.
pub(super) struct Run<'a> {
    pub(super) python: &'a Path,
    pub(super) url: &'a str,
    pub(super) cases: Vec<&'a CaseId>,
    pub(super) report: &'a Path,
}

impl Run<'_> {
    /// Runs the cases to their end and gives what the reports say.
    pub(super) fn finish(&self, count: NonZeroUsize) -> Result<Outcomes> {
        let deadline = Instant::now() + RUN_TIMEOUT;
        let clients = deal(&self.cases, count)
            .iter()
            .enumerate()
            .map(|(index, cases)| self.start_client(index + 1, cases))
            .collect::<Result<Vec<_>>>()?;

        let mut outcomes = Outcomes::new();
        for mut client in clients {
            client.wait(deadline)?;
            for (case, outcome) in client.outcomes()? {
                ensure!(
                    outcomes.insert(case.clone(), outcome).is_none(),
                    "case {case} is in two reports"
                );
            }
        }
        Ok(outcomes)
    }

    fn start_client(&self, number: usize, cases: &[&CaseId]) -> Result<FuzzingClient> {
        let name = format!("shard-{number}");
        let specification = self.report.join(format!("{name}.json"));
        let log = self.report.join(format!("{name}.log"));
        let content = json!({
            "outdir": self.report.join(&name),
            "servers": [{ "agent": AGENT, "url": self.url }],
            "cases": cases.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "exclude-cases": [],
            "exclude-agent-cases": {},
        });
        fs::write(&specification, serde_json::to_string_pretty(&content)?)?;
        let output = File::create(&log)?;
        let process = Command::new(self.python)
            .args(["-W", "ignore", "-m", "autobahntestsuite", "-m", "fuzzingclient", "-s"])
            .arg(&specification)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        Ok(FuzzingClient { process, directory: self.report.join(&name), name, log })
    }
}

struct FuzzingClient {
    process: Child,
    name: String,
    directory: PathBuf,
    log: PathBuf,
}

impl FuzzingClient {
    fn wait(&mut self, deadline: Instant) -> Result<()> {
        while Instant::now() < deadline {
            match self.process.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    bail!("the fuzzing client failed: {status}; see {}", self.log.display())
                }
                None => thread::sleep(Duration::from_millis(50)),
            }
        }
        bail!(
            "the fuzzing client did not finish within {RUN_TIMEOUT:?}; see {}",
            self.log.display()
        )
    }

    fn outcomes(&self) -> Result<Outcomes> {
        let index = self.directory.join("index.json");
        let json = fs::read_to_string(&index).with_context(|| {
            format!("no report at {}; see {}", index.display(), self.log.display())
        })?;
        verdicts::parse_report(&json, &self.name)
            .with_context(|| format!("{} is unreadable", index.display()))
    }
}

impl Drop for FuzzingClient {
    fn drop(&mut self) {
        // Both fail only if the process has ended and was waited for, which is what they are for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Deals the cases out in turn: neighbours take about the same time, so the shards do too.
fn deal<T: Copy>(cases: &[T], count: NonZeroUsize) -> Vec<Vec<T>> {
    let mut shards = vec![Vec::new(); count.get().min(cases.len())];
    let count = shards.len();
    for (index, &case) in cases.iter().enumerate() {
        shards[index % count].push(case);
    }
    shards
}

/// What the HTML report calls the server.
const AGENT: &str = "server";
/// All 517 cases take some ten minutes; a run that needs this long hangs.
const RUN_TIMEOUT: Duration = Duration::from_secs(45 * 60);

#[cfg(test)]
mod tests {
    use super::deal;

    #[test]
    fn every_case_is_dealt_once_and_no_shard_is_empty() {
        let count = |number: usize| number.try_into().expect("not zero");
        assert_eq!(deal(&[1, 2, 3, 4, 5], count(2)), [vec![1, 3, 5], vec![2, 4]]);
        assert_eq!(deal(&[1], count(3)), [vec![1]]);
    }
}
