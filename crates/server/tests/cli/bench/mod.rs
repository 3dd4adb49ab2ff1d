//! `sockeye bench`, against this server and against some that are wrong.

mod faults;
mod load;
mod native;
mod refusals;
mod socket_io;
mod wrong_servers;

use crate::sockeye::run;
use serde_json::Value;

/// Runs it for a moment: its exit code, its result as JSON, and what it wrote to standard error.
fn bench(url: &str, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let mut all = vec!["bench", url, "--warm-up", "0.1", "--json"];
    if !arguments.contains(&"--duration") {
        all.extend(["--duration", "0.3"]);
    }
    all.extend(arguments);
    let (code, output, errors) = run(&all);
    let result = serde_json::from_str(&output).unwrap_or(Value::Null);
    (code, result, errors)
}

/// Runs it, and it finds nothing wrong.
fn sound(url: &str, arguments: &[&str]) -> Value {
    let (code, result, errors) = bench(url, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {errors} {result}");
    for (name, count) in result["errors"].as_object().expect("an object") {
        assert_eq!(count, 0, "{arguments:?}: {name}");
    }
    assert!(number(&result, "messages") > 0.0, "{arguments:?}: {result}");
    result
}

fn number(result: &Value, name: &str) -> f64 {
    result[name].as_f64().unwrap_or_else(|| panic!("{name} is no number in {result}"))
}
