//! The load generator, which is `sockeye bench`: one window with it, and what it says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::kernel::{Softirqd, Spent};
use super::measure::Pace;
use super::plan::{Contender, Figure, NATIVE, Program, Scenario, Traffic};
use super::process::{GENERATOR_PROCESSOR, Process, Server};

/// A program with the command line of `sockeye bench`.
pub(super) struct Generator {
    /// The program, and what comes before the address.
    pub(super) command: Vec<OsString>,
    pub(super) log: PathBuf,
    /// Whose time is the servers' too.
    pub(super) softirqd: Option<Softirqd>,
}

/// What was measured in one turn.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Window {
    messages: u64,
    messages_per_second: f64,
    latency_ns: Latency,
    server_cpu_ns_per_message: f64,
    client_cpu_ns_per_message: f64,
    received_bytes_per_message: f64,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Latency {
    p50: f64,
    p99: f64,
}

impl Window {
    pub(super) fn figure(&self, figure: Figure) -> f64 {
        match figure {
            Figure::Cpu => self.server_cpu_ns_per_message,
            Figure::P50 => self.latency_ns.p50 / 1000.0,
            Figure::P99 => self.latency_ns.p99 / 1000.0,
            Figure::Bytes => self.received_bytes_per_message,
        }
    }
}

impl Generator {
    /// One turn of `server`.
    pub(super) fn run(
        &self,
        scenario: &Scenario,
        contender: &Contender,
        server: &Server,
        pace: &Pace,
    ) -> Result<Window> {
        let mut command = self.command.clone();
        command.extend(arguments(scenario, contender, server.port, pace));
        command.extend(["--pid".into(), server.id().to_string().into(), "--json".into()]);
        let timeout = Duration::from_secs_f64(scenario.warm_up + scenario.duration) + CONNECTING;
        let before = Spent::now(server.id(), self.softirqd.as_ref())?;
        let said = Process::start(&[GENERATOR_PROCESSOR], &command, &self.log)?.finish(timeout)?;
        let spent = Spent::now(server.id(), self.softirqd.as_ref())?;
        let mut window = parse(&said, &self.log)?;
        // Over the whole turn, connecting included: the generator does not know of that thread.
        window.server_cpu_ns_per_message *= spent.factor_since(&before);
        Ok(window)
    }
}

fn arguments(scenario: &Scenario, contender: &Contender, port: u16, pace: &Pace) -> Vec<OsString> {
    let scheme = if contender.is_secure() { "wss" } else { "ws" };
    let url = |path: &str| OsString::from(format!("{scheme}://127.0.0.1:{port}{path}"));
    let is_ours = matches!(contender.program, Program::Sockeye(_));
    let mut arguments = match scenario.traffic {
        Traffic::Echo => vec![url("/echo")],
        Traffic::FanOut if contender.arguments.contains(&NATIVE) => {
            vec![url("/connect"), "--publish".into(), url("/connect")]
        }
        // In a topic of ours everybody is a subscriber, and who publishes is left out.
        Traffic::FanOut if is_ours => {
            vec![url("/topic/bench"), "--publish".into(), url("/topic/bench")]
        }
        Traffic::FanOut if matches!(contender.program, Program::SocketIo(_)) => {
            let role = |role: &str| url(&format!("{SOCKET_IO_PATH}&role={role}"));
            vec![role("sub"), "--publish".into(), role("pub")]
        }
        Traffic::FanOut => vec![url("/sub"), "--publish".into(), url("/pub")],
    };
    let connections = scenario.connections.min(pace.connections_max);
    arguments.extend(["--connections".into(), connections.to_string().into()]);
    arguments.extend(scenario.arguments.iter().chain(contender.arguments).map(OsString::from));
    let seconds = |seconds: f64| OsString::from(format!("{:.3}", seconds * pace.length));
    arguments.extend(["--warm-up".into(), seconds(scenario.warm_up)]);
    arguments.extend(["--duration".into(), seconds(scenario.duration)]);
    arguments
}

fn parse(said: &str, log: &Path) -> Result<Window> {
    let start = said.find('{').with_context(|| format!("no JSON in {}", log.display()))?;
    let mut values = serde_json::Deserializer::from_str(&said[start..]).into_iter::<Window>();
    let window = values.next().context("the generator said nothing")?;
    let window = window.with_context(|| format!("{said:?} is not what a window says"))?;
    ensure!(window.messages > 0, "no message came back");
    ensure!(window.server_cpu_ns_per_message > 0.0, "the server took no time: is it another one?");
    Ok(window)
}

/// Where Socket.IO takes WebSockets.
const SOCKET_IO_PATH: &str = "/socket.io/?EIO=4&transport=websocket";
/// What ten thousand connections and the last messages of a window may take.
const CONNECTING: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::plan::TABLES;

    #[test]
    fn a_window_is_read_from_the_json() {
        let json = r#"{"messages":10,"seconds":0.5,"messages_per_second":20.0,"server_cpu_ns_per_message":6000.5,
            "latency_ns":{"p50":24000,"p90":25000,"p99":31000,"p999":40000},"client_cpu_ns_per_message":5000.0,
            "received_bytes_per_message":34.0,"errors":{}}"#;
        let window = parse(json, Path::new("log")).expect("it is complete");
        assert_eq!(window.figure(Figure::Cpu), 6000.5);
        assert_eq!(window.figure(Figure::P99), 31.0);
        assert_eq!(window.figure(Figure::Bytes), 34.0);
        let nothing = json.replace("\"messages\":10", "\"messages\":0");
        assert!(parse(&nothing, Path::new("log")).is_err());
        assert!(parse("no JSON", Path::new("log")).is_err());
    }

    #[test]
    fn subscribers_and_publishers_have_their_paths() {
        let table = TABLES.iter().find(|table| table.name == "fan-out").expect("it is there");
        let said = |name: &str| {
            let contender = table.contenders.iter().find(|one| one.name == name).expect("a row");
            let all = arguments(
                &table.scenarios[0],
                contender,
                80,
                &Pace { connections_max: 7, ..Pace::smoke() },
            );
            all.iter().map(|one| one.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        assert!(said("bun").starts_with("ws://127.0.0.1:80/sub --publish ws://127.0.0.1:80/pub"));
        assert!(said("sockeye").contains("/topic/bench --publish ws://127.0.0.1:80/topic/bench"));
        assert!(said("socket.io").contains("websocket&role=pub --connections 7"));
        assert!(said("socket.io").contains("--size 128 --socket-io"));
        assert!(said("bun").ends_with("--warm-up 0.030 --duration 0.120"));
        assert!(said("bun").contains("--connections 7 --size 128"));
    }
}
