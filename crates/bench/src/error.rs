//! Why a server was not measured: whose fault it is, and what to do.

use crate::native::NativeError;
use crate::socket_io::SocketIoError;
use crate::tls::what_to_do;
use sockeye::protocol::ProtocolError;
use sockeye::protocol::handshake::{ClientHandshakeError, ClientRequestError, UriError};
use sockeye::tls::TlsError;
use std::path::PathBuf;
use std::{fmt, io};

/// Why a run could not be made, or what ended it.
#[derive(Debug)]
#[non_exhaustive]
pub enum BenchError {
    /// Our caller's fault: the address is none of a WebSocket.
    Address(String, UriError),
    /// Our caller's fault: options that do not go together.
    Options(String),
    /// Our caller's fault: the file with the certificates to trust.
    Certificates(TlsError),
    /// The name of the server has no address.
    Resolve(String, io::Error),
    /// No connection to the server.
    Connect(String, io::Error),
    /// The server accepted the connection and opened no WebSocket.
    Open(String, OpenError),
    /// An open connection ended, or what arrived on it is no WebSocket.
    Lost(String, LostError),
    /// The process that `--pid` names cannot be looked at.
    Process(u32, io::Error),
    /// A file that should be written.
    Report(PathBuf, io::Error),
    /// The system.
    System(&'static str, io::Error),
}

/// Why no WebSocket was opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The stream ended or broke.
    Io(io::Error),
    /// The server did not answer in time.
    TimedOut,
    /// TLS could not be agreed on.
    Tls(rustls::Error),
    /// The server's answer.
    Handshake(ClientHandshakeError),
    /// The request must not be sent.
    Request(ClientRequestError),
    /// Compression was asked for, and the server does not compress.
    DeflateDeclined,
    /// The WebSocket opened, and its server let us into no Socket.IO in time.
    SocketIoTimedOut,
    /// The WebSocket opened, and was lost before its server let us into Socket.IO.
    SocketIo(LostError),
    /// The WebSocket opened, and its server let us be no subscriber or publisher in time.
    NativeTimedOut,
    /// The WebSocket opened, and was lost before its server let us be that.
    Native(LostError),
}

/// How an open connection ended that should not have.
#[derive(Debug)]
#[non_exhaustive]
pub enum LostError {
    /// The stream ended without a close frame.
    Ended,
    /// The server closed it, with this code and reason.
    Closed(u16, String),
    /// The stream broke.
    Io(io::Error),
    /// TLS broke.
    Tls(rustls::Error),
    /// The server broke a rule of WebSocket.
    Protocol(ProtocolError),
    /// The server sent what is no Socket.IO, or ended that.
    SocketIo(SocketIoError),
    /// The server sent what is none of our protocol, or not what subscribers and publishers are told.
    Native(NativeError),
    /// Nothing came back for too long.
    Silent,
}

impl BenchError {
    /// What the process should end with: 2 for a command line that cannot be, else 1.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Address(..) | Self::Options(_) => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(url, error) => {
                write!(f, "{url}: {error}, as in ws://127.0.0.1:8000/echo")
            }
            Self::Options(text) => f.write_str(text),
            Self::Certificates(error) => error.fmt(f),
            Self::Resolve(url, error) => {
                write!(f, "{url}: expected a host that has an address: {error}")
            }
            Self::Connect(url, error) => write_connect(url, error, f),
            Self::Open(url, error) => {
                write!(f, "{url}: expected a WebSocket to open: {error}")
            }
            Self::Lost(url, error) => {
                write!(f, "{url}: expected the connection to stay open: {error}")
            }
            Self::Process(pid, error) => write!(
                f,
                "--pid {pid}: expected a process of this machine whose times can be read: {error}"
            ),
            Self::Report(file, error) => {
                write!(f, "cannot write the report to {}: {error}", file.display())
            }
            Self::System(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

fn write_connect(url: &str, error: &io::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{url}: expected a server to accept the connection: {error}")?;
    f.write_str(match error.kind() {
        io::ErrorKind::ConnectionRefused => "; start it, or check host and port",
        io::ErrorKind::TimedOut => "; check host and port, or open fewer at once with --ramp",
        io::ErrorKind::AddrNotAvailable => {
            "; this machine has no port left for more connections to that address: see net.ipv4.ip_local_port_range"
        }
        _ if matches!(error.raw_os_error(), Some(EMFILE | ENFILE)) => {
            "; let this process have more descriptors with ulimit -n, or open fewer --connections"
        }
        _ => "",
    })
}

/// Too many descriptors in the process, and in the system.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("the server ended the connection before it answered")
            }
            Self::Io(error) => error.fmt(f),
            Self::TimedOut => f.write_str("the server did not answer within 10 s"),
            Self::Tls(error) => write!(f, "TLS with the server: {error}; {}", what_to_do(error)),
            Self::Handshake(error) => error.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::SocketIoTimedOut => {
                f.write_str("it did, but not to Socket.IO within 10 s; does the server speak that there?")
            }
            Self::SocketIo(error) => write!(f, "it did, but not to Socket.IO: {error}"),
            Self::NativeTimedOut => {
                f.write_str("it did, but not to our protocol within 10 s; does a server of ours serve that there?")
            }
            Self::Native(error) => write!(f, "it did, but not to our protocol: {error}"),
            Self::DeflateDeclined => f.write_str(
                "the server does not compress; turn permessage-deflate on there, or leave --deflate out",
            ),
        }
    }
}

impl fmt::Display for LostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the server ended it, and not with a close frame; see its log"),
            Self::Closed(code, reason) if reason.is_empty() => {
                write!(f, "the server closed it with code {code}; see its log")
            }
            Self::Closed(code, reason) => {
                write!(f, "the server closed it with code {code}, {reason:?}")
            }
            Self::Io(error) => write!(f, "{error}; did the server end?"),
            Self::Tls(error) => write!(f, "TLS broke: {error}"),
            Self::Protocol(error) => {
                write!(f, "what arrived is no WebSocket: {error}; is something else between?")
            }
            Self::SocketIo(error) => error.fmt(f),
            Self::Native(error) => error.fmt(f),
            Self::Silent => f.write_str(
                "nothing came back within 10 s; does this path send every message back, or to the subscribers?",
            ),
        }
    }
}

impl std::error::Error for BenchError {}
impl std::error::Error for OpenError {}
impl std::error::Error for LostError {}
