//! Who is at fault when a client fails: the server, the proxy, the system, or our caller.

use super::ClientConfigError;
use crate::protocol::handshake::{ClientHandshakeError, ClientRequestError, TunnelError};
use crate::protocol::{ProtocolError, SendError};
#[cfg(feature = "tls")]
use crate::tls::{TlsError, rustls};
use std::{fmt, io};

/// Why no WebSocket was opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// Our caller's fault: a field of the configuration.
    Config(ClientConfigError),
    /// Our caller's fault: a request that must not be sent.
    Request(ClientRequestError),
    /// Our caller's fault: `wss` without TLS. It takes the feature `tls` and `ClientConfig::tls`, or a stream of your own
    /// that encrypts and [`WebSocket::handshake`](super::WebSocket::handshake).
    TlsMissing,
    /// Our caller's fault: a name that no certificate can be for.
    #[cfg(feature = "tls")]
    TlsConfig(TlsError),
    /// TLS could not be agreed on, or the server's certificate is not trusted.
    #[cfg(feature = "tls")]
    Tls(rustls::Error),
    /// The system: the name has no address, none of the addresses accepts a connection, the stream failed or ended, or
    /// the time was up.
    Io(io::Error),
    /// The proxy gave no tunnel.
    Tunnel(TunnelError),
    /// The server's answer does not open a WebSocket.
    Handshake(ClientHandshakeError),
}

impl From<ClientConfigError> for ConnectError {
    fn from(error: ClientConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<ClientRequestError> for ConnectError {
    fn from(error: ClientRequestError) -> Self {
        Self::Request(error)
    }
}

/// What the stream says. Where it is one of TLS, rustls may have spoken.
impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        #[cfg(feature = "tls")]
        let error = match error.downcast::<rustls::Error>() {
            Ok(error) => return Self::Tls(error),
            Err(error) => error,
        };
        Self::Io(error)
    }
}

impl From<TunnelError> for ConnectError {
    fn from(error: TunnelError) -> Self {
        Self::Tunnel(error)
    }
}

impl From<ClientHandshakeError> for ConnectError {
    fn from(error: ClientHandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::TlsMissing => f.write_str(TLS_MISSING),
            #[cfg(feature = "tls")]
            Self::TlsConfig(error) => error.fmt(f),
            #[cfg(feature = "tls")]
            Self::Tls(error) => write!(f, "TLS with the server: {error}"),
            Self::Io(error) => error.fmt(f),
            Self::Tunnel(error) => error.fmt(f),
            Self::Handshake(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::TlsMissing => None,
            #[cfg(feature = "tls")]
            Self::TlsConfig(error) => Some(error),
            #[cfg(feature = "tls")]
            Self::Tls(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Tunnel(error) => Some(error),
            Self::Handshake(error) => Some(error),
        }
    }
}

#[cfg(feature = "tls")]
const TLS_MISSING: &str =
    "wss:// needs TLS: say in `ClientConfig::tls` whose certificates to trust";

#[cfg(not(feature = "tls"))]
const TLS_MISSING: &str = "wss:// needs TLS: build sockeye with its feature `tls`, or open a TLS stream and do the handshake over it";

/// Why a call to an open [`WebSocket`](super::WebSocket) failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The server broke a rule of the protocol, or sent a message over the limit. It was told which; the connection has
    /// ended.
    Protocol(ProtocolError),
    /// The stream failed, or ended without a close frame. The connection has ended.
    Io(io::Error),
    /// Our caller's fault: nothing was sent, and the connection is as before.
    Send(SendError),
    /// Nothing arrived in the time that the stream waits. Nothing is lost: call again.
    TimedOut,
    /// The connection had ended before this call, or a close frame was sent.
    Closed,
}

impl From<SendError> for WebSocketError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Closing => Self::Closed,
            error => Self::Send(error),
        }
    }
}

impl fmt::Display for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => write!(f, "the server broke the protocol: {error}"),
            Self::Io(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::TimedOut => f.write_str("nothing arrived in time"),
            Self::Closed => f.write_str("the connection is closed"),
        }
    }
}

impl std::error::Error for WebSocketError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Protocol(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Send(error) => Some(error),
            Self::TimedOut | Self::Closed => None,
        }
    }
}
