//! A client under test: several fuzzing servers side by side, each with its share of the cases and a client of its own.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::process::{Process, Run, Suite, deal};
use super::verdicts::{self, CaseId, Outcomes};
use crate::certificate::Certificate;

/// Runs the cases with clients that `command` starts, and gives what the reports say. With a certificate over TLS.
pub(super) fn run(
    run: &Run<'_>,
    command: &[String],
    certificate: Option<&Certificate>,
    count: NonZeroUsize,
) -> Result<Outcomes> {
    let mut pairs = deal(&run.cases, count)
        .iter()
        .enumerate()
        .map(|(index, cases)| Pair::start(run, command, certificate, index + 1, cases))
        .collect::<Result<Vec<_>>>()?;
    for pair in &mut pairs {
        pair.client.wait(run.deadline)?;
        pair.server.process.check_running()?;
    }
    verdicts::merge(pairs.iter().map(|pair| pair.server.outcomes()))
}

/// The client is first, so that it ends first.
struct Pair {
    client: Process,
    server: Suite,
}

impl Pair {
    fn start(
        run: &Run<'_>,
        command: &[String],
        certificate: Option<&Certificate>,
        number: usize,
        cases: &[&CaseId],
    ) -> Result<Self> {
        let address = free_address()?;
        let (program, arguments) =
            command.split_first().context("the client's command is empty")?;
        let mut client = Command::new(program);
        client.args(arguments);
        let specification = match certificate {
            None => {
                let url = format!("ws://{address}");
                client.args(["--url", &url]);
                json!({ "url": url })
            }
            Some(Certificate { file, key }) => {
                let url = format!("wss://{address}");
                client.args(["--url", &url, "--trust"]).arg(file);
                json!({ "url": url, "cert": file, "key": key })
            }
        };
        client.args(["--agent", AGENT]);

        let options = ["--webport", "0"];
        let mut server = run.start("fuzzingserver", &options, number, cases, specification)?;
        wait_until_listening(&mut server.process, address)?;
        let log = run.report.join(format!("client-{number}.log"));
        Ok(Self { client: Process::start(client, format!("the client {program}"), &log)?, server })
    }
}

/// The suite wants to be told its port. Nobody else takes one that was free a moment ago, as the kernel hands them out.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn wait_until_listening(server: &mut Process, address: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + START_TIMEOUT;
    while Instant::now() < deadline {
        // The suite takes a connection that says nothing for one that went away.
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        server.check_running()?;
        thread::sleep(Duration::from_millis(50));
    }
    bail!("the fuzzing server did not listen within {START_TIMEOUT:?}")
}

/// What the HTML report calls the client.
const AGENT: &str = "client";
const START_TIMEOUT: Duration = Duration::from_secs(60);
