//! A program that makes checks with one client library.
//!
//! ```text
//! PROGRAM SERVER check NAME...            makes these checks, in this order
//! PROGRAM SERVER meet TOPIC SELF PEER     meets PEER in a topic (README.md)
//! PROGRAM SERVER stall TOPIC              joins a topic, says so, and neither reads nor ends
//! ```
//!
//! `SERVER` is `ws://127.0.0.1:PORT`. The program prints one line of JSON per check, `{"check", "ok", "detail"}`; a
//! meeting is the check `meet`, joining is `stall`. It ends with status 0 also when checks failed.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::process::{self, Running};

/// What each check that was asked for came to: `Err` says what was seen instead.
pub type Results = BTreeMap<String, Result<(), String>>;

/// Has the program that `command` names make `checks`.
///
/// A check that the program did not report is an error which says how the program ended.
pub fn check(mut command: Command, server: &str, checks: &[&str]) -> Results {
    ask(command.arg(server).arg("check").args(checks), checks)
}

/// Has the program that `command` names meet `peer` in `topic`.
pub fn meet(
    mut command: Command,
    server: &str,
    topic: &str,
    name: &str,
    peer: &str,
) -> Result<(), String> {
    let mut results = ask(command.args([server, "meet", topic, name, peer]), &["meet"]);
    results.remove("meet").expect("every check asked for has a result")
}

/// Has the program that `command` names join `topic` and read nothing from then on. Ending it is the caller's.
pub fn stall(mut command: Command, server: &str, topic: &str) -> Result<Running, String> {
    let (running, line) = Running::start(command.args([server, "stall", topic]), SILENCE_MAX)?;
    match parse(&line) {
        Some((check, Ok(()))) if check == "stall" => Ok(running),
        Some((_, Err(problem))) => Err(problem),
        _ => Err(format!("it said {line:?}")),
    }
}

fn ask(command: &mut Command, checks: &[&str]) -> Results {
    let (mut results, rest) = match process::run(command, SILENCE_MAX) {
        Err(problem) => (Results::new(), problem),
        Ok(finished) => {
            let problem = finished.problem.as_deref().unwrap_or("the program said nothing of it");
            let unclear = finished.output.iter().filter(|line| parse(line).is_none()).cloned();
            let rest = format!(
                "{problem}{}",
                process::tail(&unclear.collect::<Vec<_>>(), &finished.errors)
            );
            (finished.output.iter().filter_map(|line| parse(line)).collect(), rest)
        }
    };
    for &check in checks {
        results.entry(check.to_owned()).or_insert_with(|| Err(format!("no result: {rest}")));
    }
    results
}

fn parse(line: &str) -> Option<(String, Result<(), String>)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let check = line["check"].as_str()?.to_owned();
    let detail = line["detail"].as_str()?.to_owned();
    Some((check, if line["ok"].as_bool()? { Ok(()) } else { Err(detail) }))
}

/// Longer than the programs' own deadlines, which say more about what was waited for: a check that resets ten connections
/// has twenty of 10 s each.
const SILENCE_MAX: Duration = Duration::from_secs(240);

#[cfg(test)]
mod tests {
    use super::*;

    fn ask_shell(script: &str) -> Results {
        ask(Command::new("sh").args(["-c", script]), &["text", "ping"])
    }

    #[test]
    fn lines_become_results() {
        let results = ask_shell(
            r#"echo '{"check":"text","ok":true,"detail":""}'; echo '{"check":"ping","ok":false,"detail":"closed"}'"#,
        );
        assert_eq!(results["text"], Ok(()));
        assert_eq!(results["ping"], Err("closed".into()));
    }

    #[test]
    fn a_check_without_a_line_is_an_error_that_says_how_the_program_ended() {
        let results =
            ask_shell(r#"echo '{"check":"text","ok":true,"detail":""}'; echo oh >&2; exit 7"#);
        assert_eq!(results["text"], Ok(()));
        let failure = results["ping"].clone().expect_err("ping was not reported");
        assert!(failure.contains("exit status: 7") && failure.contains("| oh"), "{failure}");
    }
}
