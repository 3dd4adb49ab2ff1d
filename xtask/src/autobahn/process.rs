//! One process of the suite, with the cases that it has to run and a report of its own.

use std::cmp::Reverse;
use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::verdicts::{self, CaseId, Outcomes};

/// What all processes of one run share.
pub(super) struct Run<'a> {
    pub(super) python: &'a Path,
    pub(super) cases: Vec<&'a CaseId>,
    /// The folder of the report.
    pub(super) report: &'a Path,
    pub(super) deadline: Instant,
}

impl Run<'_> {
    /// Starts the suite in this mode for some of the cases. `peers` is what its specification says besides.
    pub(super) fn start(
        &self,
        mode: &str,
        options: &[&str],
        number: usize,
        cases: &[&CaseId],
        peers: Value,
    ) -> Result<Suite> {
        let name = format!("shard-{number}");
        let specification = self.report.join(format!("{name}.json"));
        let log = self.report.join(format!("{name}.log"));
        let mut content = json!({
            "outdir": self.report.join(&name),
            "cases": cases.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "exclude-cases": [],
            "exclude-agent-cases": {},
        });
        if let (Value::Object(content), Value::Object(peers)) = (&mut content, peers) {
            content.extend(peers);
        }
        fs::write(&specification, serde_json::to_string_pretty(&content)?)?;
        let mut command = Command::new(self.python);
        command.args(["-W", "ignore", "-m", "autobahntestsuite", "-m", mode]).args(options);
        command.arg("-s").arg(&specification);
        let process = Process::start(command, format!("the {mode}"), &log)?;
        Ok(Suite { process, directory: self.report.join(&name), name })
    }
}

/// A running suite.
pub(super) struct Suite {
    pub(super) process: Process,
    name: String,
    directory: PathBuf,
}

impl Suite {
    /// What the report says, once it was written.
    pub(super) fn outcomes(&self) -> Result<Outcomes> {
        let index = self.directory.join("index.json");
        let log = self.process.log.display();
        let json = fs::read_to_string(&index)
            .with_context(|| format!("no report at {}; see {log}", index.display()))?;
        verdicts::parse_report(&json, &self.name)
            .with_context(|| format!("{} is unreadable", index.display()))
    }
}

/// A process whose output goes to a file. Dropping it ends it.
pub(super) struct Process {
    child: Child,
    /// What messages call it.
    title: String,
    log: PathBuf,
}

impl Process {
    pub(super) fn start(mut command: Command, title: String, log: &Path) -> Result<Self> {
        let output = File::create(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().with_context(|| format!("{title} does not start"))?;
        Ok(Self { child, title, log: log.to_owned() })
    }

    /// An error when it has ended.
    pub(super) fn check_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("{} ended: {status}; see {}", self.title, self.log.display()),
            None => Ok(()),
        }
    }

    pub(super) fn wait(&mut self, deadline: Instant) -> Result<()> {
        let Self { title, log, .. } = self;
        while Instant::now() < deadline {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("{title} failed: {status}; see {}", log.display()),
                None => thread::sleep(Duration::from_millis(50)),
            }
        }
        bail!("{title} did not finish in time; see {}", log.display())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has ended and was waited for, which is what they are for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Deals the cases out so that the shards take about the same time: the dearest first, each to whoever has least to do.
pub(super) fn deal<'c>(cases: &[&'c CaseId], count: NonZeroUsize) -> Vec<Vec<&'c CaseId>> {
    let mut shards = vec![(0, Vec::new()); count.get().min(cases.len())];
    let mut dearest_first = cases.to_vec();
    dearest_first.sort_by_key(|case| Reverse(case.cost()));
    for case in dearest_first {
        if let Some((cost, shard)) = shards.iter_mut().min_by_key(|(cost, _)| *cost) {
            *cost += case.cost();
            shard.push(case);
        }
    }
    shards.into_iter().map(|(_, shard)| shard).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dealt(numbers: &[&str], count: usize) -> Vec<Vec<String>> {
        let cases: Vec<CaseId> =
            numbers.iter().map(|number| number.parse().expect("a number")).collect();
        let shards = deal(&cases.iter().collect::<Vec<_>>(), count.try_into().expect("not zero"));
        shards.iter().map(|shard| shard.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn every_case_is_dealt_once_and_no_shard_is_empty() {
        assert_eq!(dealt(&["1.1.1", "1.1.2", "1.1.3"], 2), [vec!["1.1.1", "1.1.3"], vec!["1.1.2"]]);
        assert_eq!(dealt(&["1.1.1"], 3), [["1.1.1"]]);
    }

    #[test]
    fn who_has_a_case_that_takes_long_gets_few_others() {
        let numbers = ["1.1.1", "1.1.2", "12.2.15", "1.1.3"];
        assert_eq!(dealt(&numbers, 2), [vec!["12.2.15"], vec!["1.1.1", "1.1.2", "1.1.3"]]);
    }
}
