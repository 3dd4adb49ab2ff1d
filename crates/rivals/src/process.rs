//! Runs a program to its end, unless it falls silent for too long.
//!
//! The deadline is on silence, not on the whole run: it restarts with every line the program prints, so that a slow
//! machine only fails a program that hangs.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// What a program printed, and how it ended.
#[derive(Debug, Default)]
pub struct Finished {
    /// The lines of its standard output.
    pub output: Vec<String>,
    /// The lines of its standard error.
    pub errors: Vec<String>,
    /// Why this was no success, if it was none: the exit status, or the silence that had it killed.
    pub problem: Option<String>,
}

impl Finished {
    /// The standard output of a success; of anything else the problem, with the end of what was printed.
    pub fn into_success(self) -> Result<Vec<String>, String> {
        match &self.problem {
            None => Ok(self.output),
            Some(problem) => Err(format!("{problem}{}", tail(&self.output, &self.errors))),
        }
    }
}

/// Runs `command`, and kills it when it has printed nothing for as long as `silence_max`.
pub fn run(command: &mut Command, silence_max: Duration) -> Result<Finished, String> {
    let (mut child, lines, name) = spawn(command)?;
    let mut finished = Finished::default();
    loop {
        match lines.recv_timeout(silence_max) {
            Ok(Line::Output(line)) => finished.output.push(line),
            Ok(Line::Error(line)) => finished.errors.push(line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                end(&mut child);
                finished.problem = Some(format!("{name} was silent for {silence_max:?}"));
                return Ok(finished);
            }
        }
    }
    finished.problem = wait(&mut child, &name);
    Ok(finished)
}

/// A program that runs until it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Kept, because a program whose words nobody takes may end.
    lines: Receiver<Line>,
}

impl Running {
    /// Starts `command` and waits for the first line that it prints, which comes back too.
    pub fn start(command: &mut Command, silence_max: Duration) -> Result<(Self, String), String> {
        let (child, lines, name) = spawn(command)?;
        let mut running = Self { child, lines };
        let mut errors = Vec::new();
        loop {
            match running.lines.recv_timeout(silence_max) {
                Ok(Line::Output(line)) => return Ok((running, line)),
                Ok(Line::Error(line)) => errors.push(line),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!(
                        "{name} was silent for {silence_max:?}{}",
                        tail(&[], &errors)
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let problem = wait(&mut running.child, &name);
                    let problem = problem.unwrap_or_else(|| format!("{name} ended"));
                    return Err(format!("{problem}{}", tail(&[], &errors)));
                }
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The last lines of what a program printed, to be put after a problem; its errors say more than its output.
pub fn tail(output: &[String], errors: &[String]) -> String {
    let lines = if errors.is_empty() { output } else { errors };
    let start = lines.len().saturating_sub(TAIL_LINES);
    lines[start..].iter().map(|line| format!("\n    | {line}")).collect()
}

/// Kills `child` and waits for its end.
pub fn end(child: &mut Child) {
    // It may have ended by itself, which is as good.
    let _ = child.kill();
    let _ = child.wait();
}

/// Starts `command`, whose lines come as they are printed; also gives its name.
fn spawn(command: &mut Command) -> Result<(Child, Receiver<Line>, String), String> {
    let name = format!("{:?}", command.get_program());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{name} did not start: {error}"))?;

    let (sender, lines) = mpsc::channel();
    let output = child.stdout.take().expect("standard output is piped");
    let errors = child.stderr.take().expect("standard error is piped");
    forward(output, Line::Output, sender.clone());
    forward(errors, Line::Error, sender);
    Ok((child, lines, name))
}

#[derive(Debug)]
enum Line {
    Output(String),
    Error(String),
}

fn forward(stream: impl Read + Send + 'static, wrap: fn(String) -> Line, sender: Sender<Line>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if sender.send(wrap(line)).is_err() {
                break;
            }
        }
    });
}

/// Waits for a program whose output has ended, which it may have closed without ending itself.
fn wait(child: &mut Child, name: &str) -> Option<String> {
    for _ in 0..ENDING_STEPS {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return None,
            Ok(Some(status)) => return Some(format!("{name} ended with {status}")),
            Ok(None) => thread::sleep(ENDING_STEP),
            Err(error) => return Some(format!("{name} cannot be waited for: {error}")),
        }
    }
    end(child);
    Some(format!("{name} closed its output and did not end"))
}

const TAIL_LINES: usize = 30;
const ENDING_STEP: Duration = Duration::from_millis(20);
const ENDING_STEPS: u32 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, silence_max: Duration) -> Finished {
        run(Command::new("sh").args(["-c", script]), silence_max).expect("sh starts")
    }

    #[test]
    fn a_success_gives_its_lines() {
        let finished = shell("echo one; echo two; echo aside >&2", Duration::from_secs(10));
        assert_eq!(finished.errors, ["aside"]);
        assert_eq!(finished.into_success(), Ok(vec!["one".into(), "two".into()]));
    }

    #[test]
    fn a_failure_names_status_and_last_words() {
        let failure = shell("echo why >&2; exit 3", Duration::from_secs(10)).into_success();
        let failure = failure.expect_err("status 3 is no success");
        assert!(failure.contains("exit status: 3") && failure.ends_with("| why"), "{failure}");
    }

    #[test]
    fn a_program_runs_until_it_is_dropped() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$; echo more; exec sleep 600"]);
        let started = Running::start(&mut command, Duration::from_secs(10));
        let (running, line) = started.expect("sh starts");
        let entry = format!("/proc/{line}");
        assert!(std::path::Path::new(&entry).exists());
        drop(running);
        assert!(!std::path::Path::new(&entry).exists());
    }

    #[test]
    fn a_program_that_ends_without_a_word_did_not_start() {
        let mut command = Command::new("sh");
        let failure = Running::start(command.args(["-c", "exit 3"]), Duration::from_secs(10));
        let failure = failure.expect_err("it said nothing");
        assert!(failure.contains("exit status: 3"), "{failure}");
    }

    #[test]
    fn a_silent_program_is_killed_and_keeps_what_it_said() {
        let finished = shell("echo one; exec sleep 600", Duration::from_millis(300));
        assert_eq!(finished.output, ["one"]);
        assert!(finished.problem.is_some_and(|problem| problem.contains("silent")));
    }
}
