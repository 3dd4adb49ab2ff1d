//! `sockeye sub` and `sockeye pub` against a server.

use crate::sockeye::{Sockeye, wait_for};
use crate::talk::Client;
use std::process::{Command, Output, Stdio};

fn sockeye(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn text(output: &Output) -> (&str, &str) {
    let read = |bytes| str::from_utf8(bytes).expect("UTF-8");
    (read(&output.stdout), read(&output.stderr))
}

#[test]
fn what_one_publishes_the_other_prints() {
    let server = Sockeye::start();
    let url = format!("ws://{}/connect", server.address);
    let sub = sockeye(&["sub", &url, "news", "--count", "1"]).spawn().expect("the binary");
    let mut client = Client::connect(server.address);
    wait_for(|| {
        let ask = serde_json::json!({ "channel": "news", "counts_only": true });
        (client.ask_for("presence", &ask, "presence")["sessions"] == 1).then_some(())
    });
    let published = sockeye(&["pub", &url, "news", r#"{"n":1}"#]).output().expect("the binary");
    assert!(published.status.success(), "{published:?}");
    assert!(text(&published).0.contains("\"sequence\":1"), "{published:?}");
    let printed = sub.wait_with_output().expect("a child");
    assert_eq!(printed.status.code(), Some(0), "{printed:?}");
    let (lines, errors) = text(&printed);
    assert!(lines.ends_with("}\n") && lines.lines().count() == 1 && errors.is_empty());
    assert!(lines.contains(r#""data":{"n":1}"#), "{lines}");
}

#[test]
fn a_refusal_ends_with_code_1_and_its_text() {
    let server = Sockeye::start();
    let url = format!("ws://{}/connect", server.address);
    let refused = sockeye(&["pub", &url, "a*b", "1"]).output().expect("the binary");
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused).1.starts_with("error: bad_request: expected a channel's name"),
        "{refused:?}"
    );
}
