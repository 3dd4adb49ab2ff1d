//! Our client, tested by Autobahn|Testsuite: echoes in every case that its fuzzing server has.
//!
//! `cargo xtask autobahn` runs it and judges the verdicts. Against a fuzzing server of your own, with its messages of 16 MiB:
//!
//! ```text
//! cargo run --release --example autobahn_client -- --url ws://127.0.0.1:9001 --agent sockeye
//! ```
//!
//! With `--features deflate` it offers compression. With `--features tls` it goes to `wss://` addresses, and trusts the
//! certificates of the file in PEM that `--trust FILE` names.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to its user")]

use sockeye::client::WebSocketError;
#[cfg(feature = "deflate")]
use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};
use sockeye::protocol::{CloseCode, Message};
#[cfg(feature = "tls")]
use sockeye::tls::TlsClient;
use sockeye::{ClientConfig, WebSocket};
use std::error::Error;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::ExitCode;
#[cfg(feature = "tls")]
use std::sync::Arc;
use std::time::Duration;

fn main() -> ExitCode {
    let Some(options) = Options::parse(std::env::args().skip(1)) else {
        eprintln!("usage: autobahn_client --url ws[s]://HOST:PORT [--agent NAME] [--trust FILE]");
        return ExitCode::FAILURE;
    };
    match base_config(&options).and_then(|base| run(&options, &base)) {
        Ok(count) => {
            println!("{count} cases were run; the fuzzing server has written its report");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    url: String,
    /// What the report calls us.
    agent: String,
    /// The certificates that a server over TLS may have, in PEM.
    trust: Option<PathBuf>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let (mut url, mut agent, mut trust) = (None, "sockeye".to_owned(), None);
        while let Some(name) = arguments.next() {
            match name.as_str() {
                "--url" => url = Some(arguments.next()?),
                "--agent" => agent = arguments.next()?,
                "--trust" => trust = Some(arguments.next()?.into()),
                _ => return None,
            }
        }
        let url = url?.trim_end_matches('/').to_owned();
        Some(Self { url, agent, trust })
    }
}

/// What is the same for all connections.
fn base_config(options: &Options) -> Result<ClientConfig, Box<dyn Error>> {
    let mut config = ClientConfig::new(&options.url)?;
    config.message_bytes_max = 16 * 1024 * 1024;
    #[cfg(feature = "deflate")]
    {
        // With the largest windows, and whatever the size of a message.
        config.deflate = DeflateConfig::new(DeflateMode::Dedicated { bytes: 1024 * 1024 });
        config.deflate.threshold_bytes = 0;
    }
    // The longest case takes some seconds.
    config.read_timeout = Some(Duration::from_secs(120));
    if let Some(file) = &options.trust {
        #[cfg(feature = "tls")]
        {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            config.tls = Some(TlsClient::trusting(file, provider)?);
        }
        #[cfg(not(feature = "tls"))]
        return Err(format!("--trust {} takes --features tls", file.display()).into());
    }
    Ok(config)
}

fn run(options: &Options, base: &ClientConfig) -> Result<usize, Box<dyn Error>> {
    let Options { url, agent, .. } = options;
    let count = case_count(base, &format!("{url}/getCaseCount"))?;
    for case in 1..=count {
        let mut socket = open(base, &format!("{url}/runCase?case={case}&agent={agent}"))?;
        // Other errors are what the cases are about: most of them break a rule.
        if let Err(WebSocketError::TimedOut) = echo(&mut socket) {
            return Err(format!("case {case} hangs").into());
        }
    }
    let mut socket = open(base, &format!("{url}/updateReports?agent={agent}"))?;
    while socket.receive()?.is_some() {}
    Ok(count)
}

fn case_count(base: &ClientConfig, url: &str) -> Result<usize, Box<dyn Error>> {
    let mut socket = open(base, url)?;
    let count = match socket.receive()? {
        Some(Message::Text(count)) => count.parse()?,
        _ => return Err("the fuzzing server did not say how many cases there are".into()),
    };
    socket.close(CloseCode::NORMAL, "")?;
    Ok(count)
}

fn open(base: &ClientConfig, url: &str) -> Result<WebSocket<TcpStream>, Box<dyn Error>> {
    let mut config = base.clone();
    config.uri = url.parse()?;
    WebSocket::connect(&config).map_err(|error| format!("{url}: {error}").into())
}

/// Sends every message back, up to the end of the connection.
fn echo(socket: &mut WebSocket<TcpStream>) -> Result<(), WebSocketError> {
    let mut copy = Vec::new();
    loop {
        match socket.receive()? {
            None => return Ok(()),
            Some(Message::Text(text)) => {
                let text = text.to_owned();
                socket.send(text.as_str())?;
            }
            Some(Message::Binary(bytes)) => {
                copy.clear();
                copy.extend_from_slice(bytes);
                socket.send(copy.as_slice())?;
            }
        }
    }
}
