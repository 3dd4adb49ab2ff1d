//! The command line: what `sockeye --help` says is written here.

use crate::console::{Publish, Subscribe};
use crate::token::Token;
use bytesize::ByteSize;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use sockeye::DriverKind;
use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};
use sockeye_bench::Bench;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A server in which real-time clients meet.
///
/// `sockeye` alone is `sockeye serve`: it serves WebSocket clients on one port until it gets SIGTERM or SIGINT, or SIGHUP when it has no certificate to read again. Then it
/// tells every client that it goes away (close code 1001), waits for them, and ends; a second signal ends it at once.
#[derive(Debug, Parser)]
#[command(name = "sockeye", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

impl Arguments {
    /// What the command line asks for. If that is not clear, it ends the program with a hint.
    pub(crate) fn read() -> Command {
        let read = Self::try_read(std::env::args_os());
        read.unwrap_or_else(|error| error.exit())
    }

    pub(crate) fn try_read<A: Into<OsString> + Clone>(
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Command, clap::Error> {
        let matches = <Self as CommandFactory>::command().try_get_matches_from(arguments)?;
        let read = Self::from_arg_matches(&matches)?;
        let mut command = read.command.unwrap_or(Command::Serve(read.serve));
        if let Command::Serve(serve) = &mut command {
            let matches = matches.subcommand_matches("serve").unwrap_or(&matches);
            let is_given = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
            serve.given =
                matches.ids().map(clap::Id::as_str).filter(is_given).map(str::to_owned).collect();
        }
        Ok(command)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve clients. This is what happens without a command, too.
    #[command(after_help = EXAMPLES)]
    Serve(Serve),
    /// Check a configuration file, and say what it was understood to mean.
    CheckConfig(CheckConfig),
    Token(Token),
    Sub(Subscribe),
    Pub(Publish),
    Bench(Bench),
}

#[derive(Args, Debug)]
pub(crate) struct CheckConfig {
    /// The file, as for `sockeye serve --config`.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Read namespaces, keys and other settings from this file (TOML; docs/configuration.md). Flags win over it. Without it
    /// everybody may do anything, which is for development.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The flags that were given, by the names of their fields.
    #[arg(skip)]
    pub(crate) given: Vec<String>,

    /// Address and port to listen on. Port 0 picks a free one.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8000",
        value_parser = parse_bind
    )]
    pub(crate) bind: SocketAddr,

    /// Threads that serve connections [default: one per processor].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) workers: Option<u16>,

    /// What moves bytes: `epoll`, or `uring`, with which connections need no file descriptors (Linux 6.8; where it is not there or
    /// not allowed, epoll serves after a warning). `auto` is epoll, which is proven for longer; `uring` is ahead in fan-out on some
    /// processors, and behind with large messages on some.
    #[arg(long, value_name = "auto|epoll|uring", default_value = "auto", value_parser = parse_driver)]
    pub(crate) driver: DriverKind,

    /// Largest message to accept; a larger one closes its connection with 1009. As in 64KiB, 1MiB.
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_message_max)]
    pub(crate) message_max: ByteSize,

    /// Compress messages (permessage-deflate): `off`; `shared`, each message by itself, with no memory per connection; or bytes
    /// that a connection may hold so that a message can refer to those before it, as in 8KiB, from 1KiB to 1MiB.
    #[arg(long, value_name = "off|shared|SIZE", default_value = "off", value_parser = parse_deflate)]
    pub(crate) deflate: DeflateMode,

    /// How hard to compress, from 1, the fastest, to 9 [default: 1].
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(crate) deflate_level: Option<u8>,

    /// Largest message to accept once it is inflated [default: as --message-max].
    #[arg(long, value_name = "SIZE", value_parser = parse_message_max)]
    pub(crate) inflated_max: Option<ByteSize>,

    /// How long a worker that had something to do looks for more without sleeping, as in 50us, up to 1s. The lowest latency, for
    /// the price of a busy processor per worker; off where nothing comes of it.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_busy_poll)]
    pub(crate) busy_poll: Duration,

    /// Time between the signal to shut down and doing it, in which everything is as ever but /readyz answers 503: time for
    /// a load balancer to send nobody else here.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_time)]
    pub(crate) drain: Duration,

    /// Time that clients have for leaving when the server shuts down, as in 30s or 2m; without a unit it is in seconds. Whoever
    /// stays longer is cut off.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_time)]
    pub(crate) grace: Duration,

    /// Speak TLS (https and wss) and nothing else, with the certificate of this file in PEM, followed by those that lead to its
    /// authority. SIGHUP reads it again.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key of that certificate, in PEM, without a password.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Let in only clients with a certificate that one of the authorities of this file, in PEM, has signed.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_client_ca: Option<PathBuf>,

    /// Whom clients reach with the command `call`: an address that takes POST with JSON, as docs/http-api.md has it. What it is to
    /// know this server by is in SOCKEYE_BACKEND_SECRET.
    #[arg(long, value_name = "URL", value_parser = parse_backend)]
    pub(crate) backend: Option<String>,

    /// Write the address that was bound to this file, once clients can connect: for scripts that use port 0.
    #[arg(long, value_name = "FILE")]
    pub(crate) ports_file: Option<PathBuf>,
}

pub(crate) fn parse_bind(text: &str) -> Result<SocketAddr, String> {
    let expected = "expected an IP address and a port, such as 127.0.0.1:8000 or [::]:80";
    text.parse().map_err(|_| expected.to_owned())
}

pub(crate) fn parse_driver(text: &str) -> Result<DriverKind, String> {
    match text {
        "auto" => Ok(DriverKind::Auto),
        "epoll" => Ok(DriverKind::Epoll),
        "uring" => Ok(DriverKind::Uring),
        _ => Err("expected auto, epoll or uring".to_owned()),
    }
}

pub(crate) fn parse_backend(text: &str) -> Result<String, String> {
    let is_sound = ["http://", "https://"]
        .iter()
        .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    match is_sound && !text.contains(char::is_whitespace) {
        true => Ok(text.to_owned()),
        false => Err("expected an address such as http://127.0.0.1:3000/calls".to_owned()),
    }
}

pub(crate) fn parse_message_max(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize =
        text.parse().map_err(|_| "expected a size such as 64KiB or 1MiB".to_owned())?;
    if !(1..=MESSAGE_MAX).contains(&size.as_u64()) {
        return Err("expected 1B to 1GiB".to_owned());
    }
    Ok(size)
}

pub(crate) fn parse_deflate(text: &str) -> Result<DeflateMode, String> {
    let expected = "expected off, shared, or a size from 1KiB to 1MiB";
    let mode = match text {
        "off" => DeflateMode::Off,
        "shared" => DeflateMode::Shared,
        size => match size.parse::<ByteSize>() {
            Ok(size) => DeflateMode::Dedicated { bytes: size.as_u64() as usize },
            Err(_) => return Err(expected.to_owned()),
        },
    };
    match DeflateConfig::new(mode).check() {
        Ok(()) => Ok(mode),
        Err(_) => Err(expected.to_owned()),
    }
}

/// A time with a unit, or seconds.
fn parse_time(text: &str) -> Result<Duration, String> {
    let time = text.parse().map(Duration::from_secs).ok();
    time.or_else(|| humantime::parse_duration(text).ok())
        .filter(|time| *time <= TIME_MAX)
        .ok_or_else(|| "expected 0s to 1h, such as 30s".to_owned())
}

pub(crate) fn parse_busy_poll(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).ok();
    time.filter(|time| *time <= BUSY_POLL_MAX)
        .ok_or_else(|| "expected 0s to 1s, such as 50us".to_owned())
}

const BUSY_POLL_MAX: Duration = Duration::from_secs(1);
const MESSAGE_MAX: u64 = 1 << 30;
const TIME_MAX: Duration = Duration::from_secs(3600);

const EXAMPLES: &str = "\
Endpoints:
  /              a chat in the browser, on channels named chat:NAME
  /connect       WebSockets with channels, presence, history and recovery (subprotocols
                 sockeye.v1.json, sockeye.v1.msgpack, sockeye.v1.protobuf); also at /
  /api/v1/       the HTTP API for backends: publish, history, presence, channels
  /livez         answers 200 while the server lives; so does /readyz, until it is to shut down (--drain)
  /metrics       figures for Prometheus
  /echo          sends every message back as it came
  /topic/NAME    what one client sends, all others on that name receive
  /try           a page to try these two by hand
  The last three are open to everybody; with a configuration they need playground = true.

Examples:
  sockeye
  sockeye serve --bind 0.0.0.0:80 --workers 4
  sockeye serve --config sockeye.toml
  sockeye serve --deflate shared
  sockeye bench ws://127.0.0.1:8000/echo
  sockeye serve --bind 127.0.0.1:0 --ports-file /run/sockeye.ports
  sockeye serve --bind 0.0.0.0:443 --tls-cert chain.pem --tls-key key.pem

Environment:
  RUST_LOG                what to log, such as debug or sockeye=trace [default: info]
  SOCKEYE_BACKEND_SECRET  what the backend knows this server by: sent as Authorization: Bearer";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        <Arguments as CommandFactory>::command().debug_assert();
    }

    #[test]
    fn no_command_is_serve() {
        for line in [&["sockeye", "--workers", "3"][..], &["sockeye", "serve", "--workers", "3"]] {
            let Ok(Command::Serve(serve)) = Arguments::try_read(line) else {
                panic!("it is another command");
            };
            assert_eq!((serve.workers, serve.bind.port()), (Some(3), 8000));
            let is_given = |flag: &str| serve.given.iter().any(|given| given == flag);
            assert!(is_given("workers") && !is_given("bind"), "defaults were not given");
        }
    }

    #[test]
    fn an_address_needs_its_port() {
        assert!(parse_bind("[::1]:0").is_ok());
        assert!(parse_bind("127.0.0.1").is_err_and(|error| error.contains("such as")));
    }

    #[test]
    fn sizes_are_read_and_bounded() {
        assert_eq!(parse_message_max("16MiB"), Ok(ByteSize::mib(16)));
        for wrong in ["0", "2GiB", "many", "-1", ""] {
            assert!(parse_message_max(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_driver_is_one_of_three() {
        assert_eq!(parse_driver("auto"), Ok(DriverKind::Auto));
        assert_eq!(parse_driver("epoll"), Ok(DriverKind::Epoll));
        assert_eq!(parse_driver("uring"), Ok(DriverKind::Uring));
        assert!(parse_driver("io_uring").is_err_and(|error| error.contains("uring")));
    }

    #[test]
    fn compression_is_off_shared_or_a_budget() {
        let kept = |bytes| Ok(DeflateMode::Dedicated { bytes });
        assert_eq!(parse_deflate("off"), Ok(DeflateMode::Off));
        assert_eq!(parse_deflate("shared"), Ok(DeflateMode::Shared));
        assert_eq!(parse_deflate("8KiB"), kept(8192));
        assert_eq!(parse_deflate("1MiB"), kept(1 << 20));
        for wrong in ["on", "", "1000", "2MiB", "-1"] {
            let error = parse_deflate(wrong).expect_err("it is none of them");
            assert!(error.contains("from 1KiB to 1MiB"), "{wrong}: {error}");
        }
    }

    #[test]
    fn busy_polling_has_a_unit_and_a_bound() {
        assert_eq!(parse_busy_poll("50us"), Ok(Duration::from_micros(50)));
        assert_eq!(parse_busy_poll("0s"), Ok(Duration::ZERO));
        for wrong in ["50", "2s", "soon", "-1us", ""] {
            assert!(parse_busy_poll(wrong).is_err_and(|error| error.contains("50us")), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_and_bounded() {
        for (text, seconds) in [("0", 0), ("10", 10), ("30s", 30), ("1m 30s", 90), ("1h", 3600)] {
            assert_eq!(parse_time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "3601", "61m", "-1", "ten", "1.5"] {
            assert!(parse_time(wrong).is_err_and(|error| error.contains("such as")), "{wrong}");
        }
    }
}
