//! What wrong servers do is noticed, counted once, and ends with 1.

use super::wrong_servers::{Counting, Deaf, Leaky, Wrong, start};
use super::{bench, number};
use crate::sockeye::{Sockeye, spawn, wait};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Runs three connections against a wrong server: its result, and what it says.
fn against(wrong: Wrong, arguments: &[&str]) -> (Value, String) {
    let server = start(wrong);
    let url = format!("ws://{}/", server.local_addr());
    let (code, result, errors) = bench(&url, &[&["--connections", "3"], arguments].concat());
    server.remote().shut_down(Duration::ZERO);
    assert_eq!(code, Some(1), "{wrong:?}: {errors} {result}");
    (result, errors)
}

/// The errors of three connections, those that are none left out.
fn errors(wrong: Wrong) -> Vec<(String, f64)> {
    // The tenth message is inside a batch of four.
    let (result, _) = against(wrong, &["--pipeline", "4"]);
    let errors = result["errors"].as_object().expect("an object").clone();
    let named = errors.into_iter().filter_map(|(name, count)| Some((name, count.as_f64()?)));
    named.filter(|(_, count)| *count > 0.0).collect()
}

#[test]
fn each_fault_is_counted_for_what_it_is() {
    let one = |name: &str| vec![(name.to_owned(), 3.0)];
    assert_eq!(errors(Wrong::Corrupts), one("corrupted"));
    assert_eq!(errors(Wrong::Cuts), one("corrupted"));
    assert_eq!(errors(Wrong::Renames), one("corrupted"));
    assert_eq!(errors(Wrong::Drops), one("missing"));
    assert_eq!(errors(Wrong::Doubles), one("repeated"));
    let late = vec![("missing".to_owned(), 3.0), ("repeated".to_owned(), 3.0)];
    assert_eq!(errors(Wrong::Swaps), late);
}

#[test]
fn what_is_never_answered_is_counted_at_the_end() {
    let (result, _) = against(Wrong::Stops, &[]);
    assert_eq!(number(&result["errors"], "unanswered"), 3.0);
}

#[test]
fn what_is_never_answered_counts_with_the_time_that_it_waited() {
    let (result, _) = against(Wrong::Stops, &["--rate", "200"]);
    let unanswered = number(&result["errors"], "unanswered");
    assert!(unanswered > number(&result, "messages"), "{result}");
    // Most of them are that: as long as was waited for answers at the end.
    assert!(number(&result["latency_ns"], "p50") >= 1e9, "{result}");
}

#[test]
fn what_was_due_and_found_no_room_counts_with_the_time_that_it_waited() {
    let server = start(Deaf);
    let url = format!("ws://{}/", server.local_addr());
    let arguments = ["--connections", "2", "--rate", "20000", "--size", "10000"];
    let (code, result, _) = bench(&url, &arguments);
    assert_eq!((code, &result["messages"]), (Some(1), &0.into()), "{result}");
    assert!(number(&result, "unsent") > 0.0 && number(&result["errors"], "unanswered") > 0.0);
    // Far more is due than may be under way.
    let arguments = ["--connections", "2", "--rate", "10000000", "--workers", "2"];
    let (code, result, _) = bench(&url, &arguments);
    server.remote().shut_down(Duration::ZERO);
    assert_eq!(code, Some(1), "{result}");
    assert!(number(&result, "unsent") > 1e6, "{result}");
    assert!(number(&result["latency_ns"], "p50") >= 50e6, "{result}");
}

#[test]
fn a_server_that_closes_is_named_with_its_code() {
    // It closes all of them before anything is measured, so that there is no result.
    let (_, errors) = against(Wrong::Closes, &[]);
    assert!(errors.contains("expected the connection to stay open"), "{errors}");
    assert!(errors.contains("1008") && errors.contains("enough"), "{errors}");
}

#[test]
fn a_publication_that_no_subscriber_gets_is_missing_at_each() {
    let server = start(Leaky::default());
    let url = format!("ws://{}/", server.local_addr());
    let arguments = ["--connections", "5", "--publish", &url, "--pipeline", "4"];
    let (code, result, _) = bench(&url, &arguments);
    server.remote().shut_down(Duration::ZERO);
    assert_eq!(code, Some(1));
    assert_eq!(number(&result["errors"], "missing"), 5.0, "{result}");
}

#[test]
fn a_server_that_ends_in_the_middle_ends_the_run() {
    let server = Sockeye::start();
    let url = format!("ws://{}/echo", server.address);
    let run = spawn(&["bench", &url, "--duration", "60", "--warm-up", "0"]);
    server.wait_until_busy();
    drop(server);
    let (code, output, errors) = wait(run);
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("expected the connection to stay open"), "{errors}");
    assert!(output.contains("of 60.00 s: ") && output.contains("to stay open"), "{output}");
}

#[test]
fn what_was_under_way_when_a_subscriber_is_lost_is_counted_once() {
    let server = Sockeye::start();
    let url = format!("ws://{}/topic/a", server.address);
    let lasting = ["--duration", "60", "--warm-up", "0", "--json"];
    let fan_out = ["--publish", &url, "--connections", "20"];
    let run = spawn(&[&["bench", &url], &lasting[..], &fan_out].concat());
    server.wait_until_busy();
    drop(server);
    let (code, output, errors) = wait(run);
    assert_eq!(code, Some(1), "{errors}");
    let result: Value = serde_json::from_str(&output).expect("JSON");
    assert!(number(&result["errors"], "lost_connections") > 0.0, "{result}");
    // One publication at a time, to twenty.
    assert!(number(&result["errors"], "unanswered") <= 20.0, "{result}");
    assert_eq!(number(&result, "duration"), 60.0);
    assert!(result["ended_by"].as_str().is_some_and(|why| why.contains("stay open")), "{result}");
}

#[test]
fn ctrl_c_ends_a_run_with_what_there_is() {
    let handler = Counting::default();
    let server = start(handler.clone());
    let url = format!("ws://{}/", server.local_addr());
    let run = spawn(&["bench", &url, "--duration", "60", "--warm-up", "0"]);
    crate::sockeye::wait_for(|| (handler.0.load(Ordering::Relaxed) > 1000).then_some(()));
    let killed =
        Command::new("kill").args(["-INT", &run.id().to_string()]).stdin(Stdio::null()).status();
    assert!(killed.expect("there is kill").success());
    let (code, output, errors) = wait(run);
    server.remote().shut_down(Duration::ZERO);
    assert_eq!(code, Some(0), "{errors}");
    assert!(output.contains("messages") && output.contains("p99.9"), "{output}");
    assert!(output.contains("of 60.00 s: it was interrupted"), "{output}");
    assert!(output.contains("every answer was checked: no errors"), "{output}");
}
