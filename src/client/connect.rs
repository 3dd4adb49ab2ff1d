//! Over TCP: finding the server, or the proxy, and connecting to it.

use super::clock::Deadline;
use super::opening::Opening;
#[cfg(feature = "tls")]
use super::secure::Secure;
use super::wire::{Controls, Wire, deadline_error};
use super::{ClientConfig, ConnectError, WebSocket};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};

impl WebSocket<TcpStream> {
    /// Connects over TCP, through the proxy if there is one, and opens the WebSocket; for an address that starts with
    /// `wss://` over TLS (`ClientConfig::tls`, which comes with the feature `tls`).
    ///
    /// # Errors
    ///
    /// Whose fault it was, as an error says it. Nothing is left of the connection then.
    pub fn connect(config: &ClientConfig) -> Result<Self, ConnectError> {
        config.check()?;
        #[cfg(feature = "tls")]
        let secure = Secure::wanted(config)?;
        #[cfg(not(feature = "tls"))]
        if config.uri.is_secure() {
            return Err(ConnectError::TlsMissing);
        }
        let target = match &config.proxy {
            Some(proxy) => proxy.host_and_port(),
            None => (config.uri.host(), config.uri.port()),
        };
        let stream = dial(target, Deadline::after(config.connect_timeout))?;
        // Without it a small message waits for the acknowledgement of the one before.
        stream.set_nodelay(true)?;
        let mut opening = Opening::new(Wire::new(stream, Some(Controls::tcp())), config);
        opening.pass_proxy(config)?;
        #[cfg(feature = "tls")]
        if let Some(secure) = secure {
            opening.begin_tls(secure)?;
        }
        Self::open(opening, config)
    }
}

impl<S: Read + Write> WebSocket<S> {
    /// Opens the WebSocket over a stream that is connected to the server: one of TLS, a tunnel, a pair in memory. The
    /// stream has to block. `config` says what to ask for; its proxy was passed already if there is one.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::connect`].
    pub fn handshake(stream: S, config: &ClientConfig) -> Result<Self, ConnectError> {
        Self::over(Wire::new(stream, None), config)
    }

    /// The same over a stream with controls, so that its waits have limits.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::connect`].
    pub fn handshake_with_controls(
        stream: S,
        controls: Controls<S>,
        config: &ClientConfig,
    ) -> Result<Self, ConnectError> {
        Self::over(Wire::new(stream, Some(controls)), config)
    }

    fn over(wire: Wire<S>, config: &ClientConfig) -> Result<Self, ConnectError> {
        config.check()?;
        Self::open(Opening::new(wire, config), config)
    }

    fn open(mut opening: Opening<S>, config: &ClientConfig) -> Result<Self, ConnectError> {
        let (subprotocol, connection) = opening.upgrade(config)?;
        opening.wire.set_timeouts(config.read_timeout, Some(config.write_timeout))?;
        Ok(Self::new(opening, subprotocol, connection, config))
    }
}

/// Tries the addresses one after the other. Each gets its share of the time, so that one that never answers leaves some
/// for those after it.
fn dial(target: (&str, u16), deadline: Deadline) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = target.to_socket_addrs()?.collect();
    let mut failure = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for (index, address) in addresses.iter().enumerate() {
        let untried = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = deadline.left().ok_or_else(deadline_error)? / untried;
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
