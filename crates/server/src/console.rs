//! `sockeye sub` and `sockeye pub`: a client on the console, which speaks the native dialect in JSON.

mod channels;
mod connection;
mod ending;
mod pauses;
mod publish;
mod subscribe;

pub(crate) use publish::Publish;
pub(crate) use subscribe::Subscribe;

use clap::Args;
use sockeye_bench::Trust;
use std::fmt;

/// Which server, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct Server {
    /// Where the server is: ws://HOST:PORT/connect or wss://.
    #[arg(value_name = "URL")]
    url: String,

    /// The token to show.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,

    /// Whose certificates to trust.
    #[command(flatten)]
    trust: Trust,
}

/// Why the command ends.
#[derive(Debug)]
pub(crate) enum ConsoleError {
    /// There is no server, or it went away.
    Lost(String),
    /// It has said no; trying again is no use.
    Refused(String),
}

impl fmt::Display for ConsoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(text) | Self::Refused(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ConsoleError {}
