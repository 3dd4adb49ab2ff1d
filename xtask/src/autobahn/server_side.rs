//! A server under test: several fuzzing clients side by side, each with its share of the cases.

use std::num::NonZeroUsize;

use anyhow::Result;
use serde_json::json;

use super::process::{Run, Suite, deal};
use super::verdicts::{self, Outcomes};

/// Runs the cases against the server at `url` and gives what the reports say.
pub(super) fn run(run: &Run<'_>, url: &str, count: NonZeroUsize) -> Result<Outcomes> {
    let mut clients = deal(&run.cases, count)
        .iter()
        .enumerate()
        .map(|(index, cases)| {
            let server = json!({ "servers": [{ "agent": AGENT, "url": url }] });
            run.start("fuzzingclient", &[], index + 1, cases, server)
        })
        .collect::<Result<Vec<Suite>>>()?;
    for client in &mut clients {
        client.process.wait(run.deadline)?;
    }
    verdicts::merge(clients.iter().map(Suite::outcomes))
}

/// What the HTML report calls the server.
const AGENT: &str = "server";
