//! What documents print works.

use crate::sockeye::Sockeye;
use serde_json::Value;
use std::process::Command;

#[test]
fn the_commands_of_the_http_api_work_as_printed() {
    let text = include_str!("../../../../docs/http-api.md");
    // They are printed with the default address, which may be taken here.
    let server = Sockeye::start();
    let address = server.address.to_string();
    let commands: Vec<&str> = blocks(text, "sh").flat_map(str::lines).collect();
    assert!(commands.len() >= 13, "{commands:?}");
    for command in commands {
        assert!(command.contains("127.0.0.1:8000"), "{command}");
        let command = command.replace("127.0.0.1:8000", &address);
        let output = Command::new("sh").args(["-c", &command]).output().expect("there is a shell");
        let answer = String::from_utf8_lossy(&output.stdout);
        let json: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{command}: {answer:?}: {error}"));
        let is_somebody_there = !command.contains(r#""user":"ada""#);
        assert_eq!(json["error"].is_null(), is_somebody_there, "{command}: {answer}");
    }
    for example in blocks(text, "json") {
        let example: Value = serde_json::from_str(example).expect("examples are JSON");
        assert!(example.is_object() || example.is_array());
    }
}

#[test]
fn the_curl_lines_of_the_readme_work_as_printed() {
    let text = include_str!("../../../../README.md");
    let server = Sockeye::start();
    let address = server.address.to_string();
    let commands: Vec<&str> =
        blocks(text, "sh").flat_map(str::lines).filter(|line| line.starts_with("curl ")).collect();
    assert!(commands.len() >= 3, "{commands:?}");
    let mut answers = String::new();
    for command in commands {
        let command = command.replace("127.0.0.1:8000", &address).replacen("curl", "curl -f", 1);
        let output = Command::new("sh").args(["-c", &command]).output().expect("there is a shell");
        assert!(output.status.success() && !output.stdout.is_empty(), "{command}: {output:?}");
        answers.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    for expected in [r#""sequence":1"#, r#""data":"hello""#, "sockeye_published_total 1"] {
        assert!(answers.contains(expected), "{expected} in {answers}");
    }
}

/// The contents of all blocks of code in this language.
fn blocks<'t>(text: &'t str, language: &str) -> impl Iterator<Item = &'t str> {
    let begin = format!("```{language}\n");
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&begin)?;
        let (block, after) = after.split_once("```").expect("blocks end");
        rest = after;
        Some(block.trim_end())
    })
}
