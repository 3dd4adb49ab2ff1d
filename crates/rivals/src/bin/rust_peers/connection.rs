//! What is asked of a library: a connection that either side opens, and what goes over it.

use std::future::Future;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::SockRef;

/// `Err` says what was seen instead.
pub(crate) type Outcome = Result<(), String>;

/// A connection of one library.
pub(crate) trait Connection: Sized {
    /// It cuts messages into fragments of [`Options::fragment_size`], and sends no fragments that it is given.
    const FRAGMENTS_ITSELF: bool = false;

    /// Opens one at `url` as a client, and says which subprotocol was chosen.
    async fn open(
        stream: TcpStream,
        url: &str,
        options: &Options<'_>,
    ) -> Result<(Self, Option<String>), String>;

    /// Accepts one as a server, which chooses [`SUBPROTOCOL`] if it is offered; also gives the path.
    async fn accept(stream: TcpStream) -> Result<(Self, String), String>;

    /// Sends this and flushes it.
    async fn send(&mut self, outgoing: Outgoing<'_>) -> Outcome;

    /// What comes next, or [`Incoming::Silence`] if nothing does for that long.
    async fn receive(&mut self, patience: Duration) -> Result<Incoming, String>;
}

/// How a client opens a connection.
#[derive(Clone, Copy, Default)]
pub(crate) struct Options<'a> {
    pub(crate) subprotocols: &'a [&'a str],
    /// Only where [`Connection::FRAGMENTS_ITSELF`].
    pub(crate) fragment_size: Option<usize>,
    pub(crate) is_unmasked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Binary,
    Continuation,
}

pub(crate) enum Outgoing<'a> {
    /// A message, or a fragment of one.
    Data {
        kind: Kind,
        payload: &'a [u8],
        is_final: bool,
    },
    Ping(&'a [u8]),
    Close(Option<(u16, &'a str)>),
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Incoming {
    Text(String),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    /// A close frame, with its code if it has one.
    Close(Option<u16>),
    /// The end of the connection.
    End,
    Silence,
}

impl Incoming {
    /// In words, and short.
    pub(crate) fn brief(&self) -> String {
        match self {
            Self::Text(text) => {
                format!("text {:?}", text.chars().take(60).collect::<String>())
            }
            Self::Binary(data) => {
                format!("{} bytes {:?}", data.len(), &data[..data.len().min(20)])
            }
            Self::Pong(payload) => format!("a pong of {} bytes", payload.len()),
            Self::Close(code) => format!("a close with {code:?}"),
            Self::End => "the end".into(),
            Self::Silence => "nothing in time".into(),
        }
    }
}

pub(crate) fn text(text: &str) -> Outgoing<'_> {
    Outgoing::Data { kind: Kind::Text, payload: text.as_bytes(), is_final: true }
}

pub(crate) fn binary(payload: &[u8]) -> Outgoing<'_> {
    Outgoing::Data { kind: Kind::Binary, payload, is_final: true }
}

pub(crate) fn fragment(kind: Kind, payload: &[u8], is_final: bool) -> Outgoing<'_> {
    Outgoing::Data { kind, payload, is_final }
}

/// A client's connection, with its socket within reach.
pub(crate) struct Opened<C> {
    pub(crate) connection: C,
    pub(crate) subprotocol: Option<String>,
    stream: TcpStream,
}

impl<C: Connection> Opened<C> {
    pub(crate) async fn at(server: &str, path: &str) -> Result<Self, String> {
        Self::with(server, path, Options::default()).await
    }

    pub(crate) async fn with(
        server: &str,
        path: &str,
        options: Options<'_>,
    ) -> Result<Self, String> {
        let address: SocketAddr =
            server.trim_start_matches("ws://").parse().expect("an IP and a port");
        let stream = TcpStream::connect_timeout(&address, DEADLINE)
            .map_err(|error| format!("the connection: {error}"))?;
        let own = stream.try_clone().map_err(|error| format!("the connection: {error}"))?;
        let (connection, subprotocol) = C::open(own, &format!("{server}{path}"), &options).await?;
        Ok(Self { connection, subprotocol, stream })
    }

    pub(crate) async fn send(&mut self, outgoing: Outgoing<'_>) -> Outcome {
        self.connection.send(outgoing).await
    }

    pub(crate) async fn receive(&mut self) -> Result<Incoming, String> {
        self.connection.receive(DEADLINE).await
    }

    pub(crate) async fn expect(&mut self, expected: Incoming) -> Outcome {
        match self.receive().await {
            Ok(incoming) if incoming == expected => Ok(()),
            Ok(incoming) => Err(format!("{} instead of {}", incoming.brief(), expected.brief())),
            Err(error) => Err(format!("{error} instead of {}", expected.brief())),
        }
    }

    /// Closes with this code and reason, or with neither, and expects the same code back and the end after it.
    pub(crate) async fn end(mut self, code: Option<(u16, &str)>) -> Outcome {
        self.send(Outgoing::Close(code)).await?;
        self.expect_close(code.map(|(code, _)| code)).await
    }

    pub(crate) async fn expect_close(&mut self, code: Option<u16>) -> Outcome {
        self.expect(Incoming::Close(code)).await?;
        self.expect(Incoming::End).await
    }

    /// Has the kernel reset the connection.
    pub(crate) fn reset(self) -> Outcome {
        // Closing a socket that lingers for no time resets the connection.
        SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .map_err(|error| format!("SO_LINGER: {error}"))
    }
}

/// Runs one connection or more in this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(work)
}

/// The stream for libraries that are asynchronous.
pub(crate) fn asynchronous(stream: TcpStream) -> Result<tokio::net::TcpStream, String> {
    stream.set_nonblocking(true).map_err(|error| format!("O_NONBLOCK: {error}"))?;
    tokio::net::TcpStream::from_std(stream).map_err(|error| format!("the stream: {error}"))
}

/// Waits for what `receiving` gives, but not for longer than `patience`.
pub(crate) async fn within(
    patience: Duration,
    receiving: impl Future<Output = Result<Incoming, String>>,
) -> Result<Incoming, String> {
    tokio::time::timeout(patience, receiving).await.unwrap_or(Ok(Incoming::Silence))
}

/// A text message's payload.
pub(crate) fn incoming_text(payload: &[u8]) -> Result<Incoming, String> {
    match std::str::from_utf8(payload) {
        Ok(text) => Ok(Incoming::Text(text.to_owned())),
        Err(error) => Err(format!("the library gave a text that is none: {error}")),
    }
}

/// The code in a close frame's payload.
pub(crate) fn close_code(payload: &[u8]) -> Option<u16> {
    payload.first_chunk().map(|code| u16::from_be_bytes(*code))
}

/// Chosen by servers, if it is offered.
pub(crate) const SUBPROTOCOL: &str = "sockeye.test";
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
pub(crate) const MEBIBYTE: usize = 1 << 20;
/// What a client takes, and what a server does.
pub(crate) const MESSAGE_MAX: usize = 16 * MEBIBYTE;
