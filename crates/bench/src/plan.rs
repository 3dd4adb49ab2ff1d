//! The command line, checked and looked up: what a run does.

use crate::args::Bench;
use crate::error::BenchError;
use crate::payload::{Framing, Kind};
use crate::stream::TlsTarget;
use crate::tls::Trust;
use rustls::pki_types::ServerName;
use sockeye::ClientConfig;
use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};
use sockeye::protocol::handshake::Uri;
use sockeye::tls::TlsClient;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

/// What a run does. Times are nanoseconds.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Where the connections go that answer or, in fan-out, subscribe.
    pub(crate) target: Target,
    /// Where publishers go; there are none without.
    pub(crate) publish: Option<Target>,
    pub(crate) connections: usize,
    pub(crate) publishers: usize,
    pub(crate) publisher_subscribes: bool,
    pub(crate) kind: Kind,
    pub(crate) size: usize,
    pub(crate) pipeline: usize,
    /// Messages or publications per second of all; `None` is a closed loop.
    pub(crate) rate: Option<f64>,
    pub(crate) is_raw: bool,
    pub(crate) deflate: bool,
    pub(crate) spin: bool,
    pub(crate) workers: usize,
    pub(crate) ramp: u64,
    pub(crate) warm_up: u64,
    pub(crate) duration: u64,
    pub(crate) pid: Option<u32>,
}

/// A WebSocket, where it is, and how it is asked for.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    pub(crate) config: ClientConfig,
    pub(crate) speech: Speech,
    pub(crate) tls: Option<TlsTarget>,
}

/// What is spoken over a WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Speech {
    /// The messages alone.
    #[default]
    Plain,
    /// Messages are events of Socket.IO.
    SocketIo,
    /// Messages are what is published in our own protocol.
    Native,
}

impl Plan {
    pub(crate) fn new(arguments: &Bench) -> Result<Self, BenchError> {
        let speech = match (arguments.socket_io, arguments.native) {
            (true, _) => Speech::SocketIo,
            (_, true) => Speech::Native,
            _ => Speech::Plain,
        };
        let kind = match (arguments.text || speech != Speech::Plain, arguments.json_payload) {
            (_, true) => Kind::Json,
            (true, _) => Kind::Text,
            _ => Kind::Binary,
        };
        let size = arguments.size as usize;
        if size < kind.size_min() {
            return Err(BenchError::Options(format!(
                "--size {size}: expected at least {} bytes for {}: each message carries what it is known again by",
                kind.size_min(),
                kind.name()
            )));
        }
        if size * arguments.pipeline as usize > PIPELINED_BYTES_MAX {
            return Err(BenchError::Options(
                "--size times --pipeline: expected at most 1 GiB under way on a connection"
                    .to_owned(),
            ));
        }
        let tls = arguments.trust.client().map_err(BenchError::Certificates)?;
        let target = |url: &str| {
            if arguments.socket_io {
                check_socket_io(url)?;
            }
            let mut target = Target::new(url, arguments.deflate, size, tls.as_ref())?;
            target.config.headers.clone_from(&arguments.header);
            target.speech = speech;
            Ok(target)
        };
        let publish = arguments.publish.as_deref().map(target).transpose()?;
        let publishers = publish.as_ref().map_or(0, |_| arguments.publishers as usize);
        let connections = arguments.connections as usize;
        Ok(Self {
            target: target(&arguments.url)?,
            publish,
            connections,
            publishers,
            publisher_subscribes: arguments.publisher_subscribes,
            kind,
            size,
            pipeline: arguments.pipeline as usize,
            rate: arguments.rate,
            is_raw: arguments.raw_tcp,
            deflate: arguments.deflate,
            spin: arguments.spin,
            workers: usize::from(arguments.workers).min(connections),
            ramp: nanoseconds(arguments.ramp),
            warm_up: nanoseconds(arguments.warm_up),
            duration: nanoseconds(arguments.duration),
            pid: arguments.pid,
        })
    }

    /// Connections of both kinds.
    pub(crate) const fn total(&self) -> usize {
        self.connections + self.publishers
    }

    pub(crate) const fn is_fan_out(&self) -> bool {
        self.publish.is_some()
    }

    /// How messages are framed where nothing has to be agreed on.
    pub(crate) const fn framing(&self) -> Framing {
        if self.is_raw { Framing::Raw } else { Framing::WebSocket }
    }
}

impl Target {
    fn new(
        url: &str,
        deflate: bool,
        size: usize,
        tls: Option<&TlsClient>,
    ) -> Result<Self, BenchError> {
        let mut config =
            ClientConfig::new(url).map_err(|error| BenchError::Address(url.to_owned(), error))?;
        config.message_bytes_max = config.message_bytes_max.max(2 * size);
        if deflate {
            // What most clients offer: all that the server likes.
            config.deflate = DeflateConfig::new(DeflateMode::Dedicated { bytes: 1 << 20 });
        }
        let tls = match (config.uri.is_secure(), tls) {
            (false, _) => None,
            (true, None) => {
                return Err(BenchError::Options(Trust::missing(url)));
            }
            (true, Some(tls)) => Some(TlsTarget {
                config: Arc::clone(tls.config()),
                server: ServerName::try_from(config.uri.host().to_owned()).map_err(|error| {
                    BenchError::Resolve(url.to_owned(), io::Error::other(error))
                })?,
            }),
        };
        let address =
            resolve(&config.uri).map_err(|error| BenchError::Resolve(url.to_owned(), error))?;
        Ok(Self { url: url.to_owned(), address, config, speech: Speech::Plain, tls })
    }
}

/// Its servers answer a URL without these with 400 alone.
fn check_socket_io(url: &str) -> Result<(), BenchError> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let has = |wanted: &str| query.split('&').any(|parameter| parameter == wanted);
    if has("EIO=4") && has("transport=websocket") {
        return Ok(());
    }
    Err(BenchError::Options(format!(
        "{url}: expected the WebSocket transport of Socket.IO with --socket-io, as in ws://127.0.0.1:3000/socket.io/?EIO=4&transport=websocket"
    )))
}

/// The first address of the host at which somebody listens, or the first of all.
fn resolve(uri: &Uri) -> io::Result<SocketAddr> {
    let addresses: Vec<_> = (uri.host(), uri.port()).to_socket_addrs()?.collect();
    let answers =
        |address: &&SocketAddr| TcpStream::connect_timeout(address, PROBE_TIMEOUT).is_ok();
    let found = match addresses.as_slice() {
        [] | [_] => addresses.first(),
        several => several.iter().find(answers).or_else(|| several.first()),
    };
    found.copied().ok_or_else(|| io::Error::new(ErrorKind::NotFound, "it has none"))
}

fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const PIPELINED_BYTES_MAX: usize = 1 << 30;
