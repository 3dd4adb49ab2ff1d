//! Processes on a processor of their own, none of which outlives the task.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The processor of the servers, and that of the generator.
pub(super) const SERVER_PROCESSOR: usize = 0;
pub(super) const GENERATOR_PROCESSOR: usize = 1;

/// A server of ours or of others. Dropping it ends it.
pub(super) struct Server {
    process: Process,
    pub(super) port: u16,
}

impl Server {
    /// Starts it and waits until it says which port it serves, in its log or, if there is one, in the ports file.
    pub(super) fn start(
        processors: &[usize],
        command: &[OsString],
        log: &Path,
        ports: Option<&Path>,
    ) -> Result<Self> {
        if let Some(ports) = ports {
            let _ = fs::remove_file(ports);
        }
        let mut process = Process::start(processors, command, log)?;
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            let said = fs::read_to_string(ports.unwrap_or(log)).unwrap_or_default();
            if let Some(port) = port_in(&said) {
                return Ok(Self { process, port });
            }
            process.check()?;
            if Instant::now() > deadline {
                bail!("it did not listen within {START_TIMEOUT:?}{}", process.last_words());
            }
            thread::sleep(STEP);
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.process.child.id()
    }

    /// An error if it has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        self.process.check()
    }
}

/// The port in `serving 1234` of a peer, or in `127.0.0.1:1234` of our ports file.
fn port_in(said: &str) -> Option<u16> {
    let line = said.lines().find(|line| line.starts_with("serving ") || line.starts_with("127."));
    line?.rsplit([' ', ':']).next()?.parse().ok()
}

/// A process whose output goes to a file. Dropping it ends it.
pub(super) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(super) fn start(processors: &[usize], command: &[OsString], log: &Path) -> Result<Self> {
        let processors: Vec<String> = processors.iter().map(usize::to_string).collect();
        let output = File::create(log).with_context(|| format!("{}", log.display()))?;
        // The kernel ends it with us, however we end; and it stays where it was put.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "prlimit", &format!("--nofile={DESCRIPTORS}:")])
            .args(["taskset", "--cpu-list", &processors.join(",")])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("setpriv of util-linux does not start")?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Waits for its success, and gives what it printed.
    pub(super) fn finish(mut self, timeout: Duration) -> Result<String> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(self.said()),
                Some(status) => bail!("{status}{}", self.last_words()),
                None if Instant::now() > deadline => {
                    bail!("not done within {timeout:?}{}", self.last_words())
                }
                None => thread::sleep(STEP),
            }
        }
    }

    /// Waits until it has printed this line so many times.
    pub(super) fn wait_for(&mut self, line: &str, times: usize, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout;
        while self.said().lines().filter(|said| *said == line).count() < times {
            self.check()?;
            if Instant::now() > deadline {
                bail!("no {line:?} within {timeout:?}{}", self.last_words());
            }
            thread::sleep(STEP);
        }
        Ok(())
    }

    /// Has it do the next thing.
    pub(super) fn send_line(&mut self) -> Result<()> {
        let input: &mut ChildStdin = self.child.stdin.as_mut().expect("standard input is piped");
        Ok(input.write_all(b"\n")?)
    }

    fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("it ended with {status}{}", self.last_words()),
            None => Ok(()),
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn last_words(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        last.iter().map(|line| format!("\n    | {line}")).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has ended and was waited for, which is what they are for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// For ten thousand connections, with room.
const DESCRIPTORS: u32 = 20_000;
const START_TIMEOUT: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(5);
const LAST_LINES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Vec<OsString> {
        ["sh", "-c", script].map(OsString::from).to_vec()
    }

    fn log(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("sockeye-bench-{}-{name}.log", std::process::id()))
    }

    #[test]
    fn the_port_is_found_in_either_form() {
        assert_eq!(port_in("warning\nserving 4711\n"), Some(4711));
        assert_eq!(port_in("127.0.0.1:80\n"), Some(80));
        assert_eq!(port_in("serving"), None);
        assert_eq!(port_in(""), None);
    }

    #[test]
    fn a_server_that_ends_at_once_is_an_error_with_its_last_words() {
        let log = log("ends");
        let error =
            Server::start(&[SERVER_PROCESSOR], &shell("echo why; exit 3"), &log, None).err();
        let error = error.expect("it ended").to_string();
        fs::remove_file(log).expect("it has a log");
        assert!(error.contains("exit status: 3") && error.ends_with("| why"), "{error}");
    }

    #[test]
    fn a_process_is_pinned_and_ends_when_it_is_dropped() {
        let log = log("pinned");
        let script = "echo $$; taskset -cp $$; echo done; exec sleep 600";
        let mut process = Process::start(&[0], &shell(script), &log).expect("sh starts");
        process.wait_for("done", 1, START_TIMEOUT).expect("it is said");
        let said = process.said();
        let id = said.lines().next().expect("a line").to_owned();
        assert!(said.contains("list: 0\n"), "{said}");
        assert!(Path::new(&format!("/proc/{id}")).exists());
        drop(process);
        fs::remove_file(log).expect("it has a log");
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn a_process_that_takes_too_long_is_ended() {
        let log = log("long");
        let process = Process::start(&[0], &shell("exec sleep 600"), &log).expect("sh starts");
        let error = process.finish(Duration::from_millis(50)).expect_err("it sleeps");
        fs::remove_file(log).expect("it has a log");
        assert!(error.to_string().contains("not done"), "{error}");
    }
}
