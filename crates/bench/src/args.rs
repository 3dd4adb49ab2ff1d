//! The command line of `sockeye bench`: what its `--help` says is written here.

use crate::tls::Trust;
use bytesize::ByteSize;
use clap::Args;
use std::path::PathBuf;

/// Measure a WebSocket server, this one or another: how many messages it moves, how long they take, what it costs.
///
/// By default every connection sends a message, waits for the same message to come back, and sends the next (closed
/// loop). Every answer is checked. With --rate messages leave at their times whatever the server does (open loop), and
/// latency counts from when a message was due, so that a server that stalls cannot hide it. With --publish the
/// connections subscribe, and others publish.
///
/// It ends with 0, with 1 when the server could not be measured or an answer was wrong, and with 2 for a command line that
/// cannot be. Ctrl-C ends it with what was measured so far.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::exhaustive_structs, reason = "a command line")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Bench {
    /// The WebSocket to measure: ws://HOST:PORT/PATH or wss://. It has to send every message back or, with --publish, to
    /// send what is published there.
    pub url: String,

    /// Connections to URL.
    #[arg(short, long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections: u32,

    /// Bytes of each message, as in 100 or 16KiB.
    #[arg(short, long, value_name = "BYTES", default_value = "32", value_parser = parse_size)]
    pub size: u32,

    /// Messages that a connection sends together; it waits for all of them before it sends the next ones.
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub pipeline: u32,

    /// Messages per second of all connections together (open loop), or publications with --publish.
    #[arg(short, long, value_name = "PER_SECOND", conflicts_with = "pipeline", value_parser = parse_rate)]
    pub rate: Option<f64>,

    /// Time over which the connections are opened, evenly; by default as fast as the server takes them.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_time)]
    pub ramp: f64,

    /// Time that is measured, as in 30s, 2m or 0.5; without a unit it is in seconds.
    #[arg(short, long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub duration: f64,

    /// Time before that, with the same load, which is not measured.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_time)]
    pub warm_up: f64,

    /// Send text.
    #[arg(long, group = "kind")]
    pub text: bool,

    /// Send bytes; this is the default.
    #[arg(long, group = "kind")]
    pub binary: bool,

    /// Send text that is JSON, varied like that of a feed of trades: the same in each run, and different in each message, so
    /// that compressing it means something.
    #[arg(long, group = "kind")]
    pub json_payload: bool,

    /// Send this header with each opening handshake, as in 'Authorization: Bearer TOKEN'. May be repeated.
    #[arg(long, value_name = "NAME: VALUE", conflicts_with = "raw_tcp", value_parser = parse_header)]
    pub header: Vec<(String, String)>,

    /// Offer compression (permessage-deflate), and send compressed messages. A server that declines ends the run.
    #[arg(long, conflicts_with = "raw_tcp")]
    pub deflate: bool,

    /// Measure fan-out: publish to this WebSocket and count what arrives at the connections of URL. In a closed loop
    /// --pipeline messages are published together, and the next ones when every subscriber has them.
    #[arg(long, value_name = "URL", conflicts_with = "raw_tcp")]
    pub publish: Option<String>,

    /// Connections that publish.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "publish", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub publishers: u32,

    /// The publishers get messages as well, their own or others': ignore them.
    #[arg(long, requires = "publish")]
    pub publisher_subscribes: bool,

    /// Speak Socket.IO 5 over Engine.IO 4, as its clients do: messages are events called m, each with one string of SIZE bytes.
    /// URLs are those of its WebSocket transport: ws://HOST:PORT/socket.io/?EIO=4&transport=websocket
    #[arg(long, conflicts_with_all = ["binary", "json_payload", "deflate", "raw_tcp"])]
    pub socket_io: bool,

    /// Speak the protocol of our own server, in JSON: URLs are ws://HOST:PORT/connect, and everybody publishes and subscribes to
    /// the channel "bench", with a string of SIZE bytes.
    #[arg(long, requires = "publish", conflicts_with_all = ["binary", "json_payload", "deflate", "raw_tcp", "socket_io", "publisher_subscribes"])]
    pub native: bool,

    /// Speak no WebSocket: SIZE bytes over TCP, to be sent back. It measures the floor that the machine sets.
    #[arg(long)]
    pub raw_tcp: bool,

    /// Poll without sleeping: a processor per worker is busy all the time, and latency has no waking up in it.
    #[arg(long)]
    pub spin: bool,

    /// A process of this machine, the server: report its processor time per message, that of its children included.
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,

    /// Threads that generate the load.
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: u16,

    /// Print the result as one JSON object, and nothing else, to standard output.
    #[arg(long)]
    pub json: bool,

    /// Write a report with plots to this file: one page of HTML that needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Whose certificates to trust.
    #[command(flatten)]
    pub trust: Trust,
}

fn parse_size(text: &str) -> Result<u32, String> {
    let size = text.parse().ok().map(|size: ByteSize| size.as_u64());
    size.filter(|size| (1..=SIZE_MAX).contains(size))
        .map(|size| size as u32)
        .ok_or_else(|| "expected 1 to 256MiB, such as 100 or 16KiB".to_owned())
}

fn parse_header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => {
            Err("expected a name, a colon and a value, as in 'Authorization: Bearer TOKEN'"
                .to_owned())
        }
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    parse(text.parse().ok(), "a number of messages per second, from 0.01 to 100000000", 0.01, 1e8)
}

fn parse_time(text: &str) -> Result<f64, String> {
    parse(seconds(text), "0 to 86400 seconds, such as 30s, 500ms or 0.5", 0.0, 86_400.0)
}

fn parse_duration(text: &str) -> Result<f64, String> {
    parse(seconds(text), "0.01 to 86400 seconds, such as 30s, 500ms or 0.5", 0.01, 86_400.0)
}

/// A time with a unit, or seconds.
fn seconds(text: &str) -> Option<f64> {
    let time = || humantime::parse_duration(text).ok();
    text.parse().ok().or_else(|| time().map(|time| time.as_secs_f64()))
}

fn parse(number: Option<f64>, expected: &str, least: f64, most: f64) -> Result<f64, String> {
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("expected {expected}"))
}

const SIZE_MAX: u64 = 256 << 20;

const EXAMPLES: &str = "\
Examples:
  sockeye bench ws://127.0.0.1:8000/echo
  sockeye bench ws://127.0.0.1:8000/echo --connections 500 --pipeline 16 --report report.html
  sockeye bench ws://127.0.0.1:8000/echo --rate 20000 --duration 30s
  sockeye bench ws://127.0.0.1:8000/topic/a --publish ws://127.0.0.1:8000/topic/a --connections 1000
  sockeye bench ws://127.0.0.1:8000/echo --json-payload --size 1KiB --deflate --pid $(pgrep -o -x my-server)
  sockeye bench wss://example.com/echo --ca /etc/ssl/certs/ca-certificates.crt --json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_bounded() {
        for (text, time) in
            [("0", 0.0), ("0.5", 0.5), ("500ms", 0.5), ("30s", 30.0), ("1m 30s", 90.0)]
        {
            assert_eq!(parse_time(text), Ok(time), "{text}");
        }
        assert_eq!(parse_rate("20000"), Ok(20_000.0));
        for wrong in ["", "-1", "-1s", "nan", "inf", "ten", "86401", "25h", "10 parsecs"] {
            assert!(parse_time(wrong).is_err_and(|error| error.contains("such as")), "{wrong}");
        }
        let header = ("Authorization".to_owned(), "Bearer a:b".to_owned());
        assert_eq!(parse_header("Authorization: Bearer a:b"), Ok(header));
        assert!(parse_header("no colon").is_err() && parse_header(": nameless").is_err());
        assert_eq!((parse_size("100"), parse_size("16KiB")), (Ok(100), Ok(16_384)));
        for wrong in ["0", "-1", "257MiB", "many", ""] {
            assert!(parse_size(wrong).is_err_and(|error| error.contains("such as")), "{wrong}");
        }
        assert!(parse_rate("0").is_err() && parse_duration("0s").is_err());
    }
}
