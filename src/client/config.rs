//! What a client asks for, and how long it waits.

use crate::limits;
#[cfg(feature = "deflate")]
use crate::protocol::deflate::DeflateConfig;
use crate::protocol::handshake::{ClientHandshake, ClientRequestError, Tunnel, Uri, UriError};
use crate::random::handshake_key;
#[cfg(feature = "tls")]
use crate::tls::TlsClient;
use std::fmt;
use std::time::Duration;

/// Which WebSocket to open, and the limits and times of the client.
///
/// ```
/// use sockeye::ClientConfig;
///
/// let mut config = ClientConfig::new("ws://example.com/chat")?;
/// config.subprotocols.push("chat.v2".to_owned());
/// config.headers.push(("Authorization".to_owned(), "Bearer …".to_owned()));
/// assert_eq!(config.check(), Ok(()));
/// # Ok::<(), sockeye::protocol::handshake::UriError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Where the WebSocket is.
    pub uri: Uri,
    /// Subprotocols to offer, the preferred one first. Default: none.
    pub subprotocols: Vec<String>,
    /// Headers of the request beyond those of the handshake: `Authorization`, `Origin`, `Cookie`. Default: none.
    pub headers: Vec<(String, String)>,
    /// The proxy to go through. Default: none; environment variables are not looked at.
    pub proxy: Option<Proxy>,
    /// Whether to offer compression, and with which memory. Default: off.
    #[cfg(feature = "deflate")]
    pub deflate: DeflateConfig,
    /// Bytes of the largest message taken; a larger one, and any of 4 GiB, closes the connection with 1009. Default: 1 MiB.
    pub message_bytes_max: usize,
    /// For all addresses of the server, or of the proxy, to be tried. Default: 10 s.
    pub connect_timeout: Duration,
    /// For the opening handshake, that with the proxy included. Default: 10 s.
    pub handshake_timeout: Duration,
    /// For anything to arrive while [`receive`](super::WebSocket::receive) waits; then it answers
    /// [`TimedOut`](super::WebSocketError::TimedOut) and can be called again. Default: none, so a server that is silent is
    /// waited for, and one that is gone without a word is not missed. Who wants to miss it sets a time, sends a ping when it
    /// has passed, and gives up when it passes again.
    pub read_timeout: Option<Duration>,
    /// For the kernel to take any of the bytes that are being sent; then the connection is lost. Default: 30 s.
    pub write_timeout: Duration,
    /// For the closing handshake and the end of the server's stream. Default: 5 s.
    pub close_timeout: Duration,
    #[cfg(feature = "tls")]
    /// Whose certificates to trust, for an address that starts with `wss://`. Default: none, and then such an address is
    /// an error: there is no list of authorities that suits everybody.
    pub tls: Option<TlsClient>,
}

impl ClientConfig {
    /// The defaults, for the WebSocket at this address: `ws://host:port/path?query`.
    ///
    /// # Errors
    ///
    /// What is wrong with the address.
    pub fn new(address: &str) -> Result<Self, UriError> {
        Ok(Self {
            uri: Uri::parse(address)?,
            subprotocols: Vec::new(),
            headers: Vec::new(),
            proxy: None,
            #[cfg(feature = "deflate")]
            deflate: DeflateConfig::default(),
            message_bytes_max: limits::MESSAGE_BYTES_MAX,
            connect_timeout: limits::CONNECT_TIMEOUT,
            handshake_timeout: limits::HANDSHAKE_TIMEOUT,
            read_timeout: None,
            write_timeout: limits::WRITE_STALL_TIMEOUT,
            close_timeout: limits::CLOSE_TIMEOUT,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    /// Checks the fields that do not check themselves.
    ///
    /// # Errors
    ///
    /// The first field that cannot be, and what it must be.
    pub fn check(&self) -> Result<(), ClientConfigError> {
        let fault = |field, expected| Err(ClientConfigError { field, expected });
        if self.message_bytes_max == 0 {
            return fault("message_bytes_max", "must be at least 1");
        }
        #[cfg(feature = "deflate")]
        if let Err(error) = self.deflate.check() {
            return fault(error.field, error.expected);
        }
        let times = [
            ("connect_timeout", Some(self.connect_timeout)),
            ("handshake_timeout", Some(self.handshake_timeout)),
            ("read_timeout", self.read_timeout),
            ("write_timeout", Some(self.write_timeout)),
            ("close_timeout", Some(self.close_timeout)),
        ];
        let is_wrong = |time: Duration| time.is_zero() || time > limits::TIMEOUT_MAX;
        match times.iter().find(|(_, time)| time.is_some_and(is_wrong)) {
            Some((field, _)) => fault(field, "must be over zero and at most 30 days"),
            None => Ok(()),
        }
    }

    /// The opening handshake that asks for this, with a fresh key.
    ///
    /// # Errors
    ///
    /// A subprotocol or header that must not be sent.
    pub fn client_handshake(&self) -> Result<ClientHandshake, ClientRequestError> {
        let subprotocols: Vec<_> = self.subprotocols.iter().map(String::as_str).collect();
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let handshake = ClientHandshake::new(
            &self.uri.host_header(),
            self.uri.resource_name(),
            &subprotocols,
            &headers,
            handshake_key(),
        )?;
        #[cfg(feature = "deflate")]
        if let Some(offer) = self.deflate.offer() {
            return handshake.with_extensions(&offer);
        }
        Ok(handshake)
    }
}

/// Without the values of headers, which hold credentials.
impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("ClientConfig")
            .field("uri", &self.uri.to_string())
            .field("subprotocols", &self.subprotocols)
            .field("headers", &names)
            .field("proxy", &self.proxy)
            .field("message_bytes_max", &self.message_bytes_max)
            .finish_non_exhaustive()
    }
}

/// A proxy that is asked for a tunnel with `CONNECT`.
#[derive(Clone)]
pub struct Proxy {
    host: String,
    port: u16,
    credentials: Option<(String, String)>,
}

impl Proxy {
    /// The proxy at this name or address; an IPv6 address has no brackets.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, credentials: None }
    }

    /// With a user and a password, which go to the proxy unencrypted.
    #[must_use]
    pub fn with_credentials(
        mut self,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// Where it is.
    #[must_use]
    pub fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// The request for a tunnel to the server of this address.
    ///
    /// # Errors
    ///
    /// A user or password that must not be sent.
    pub fn tunnel(&self, uri: &Uri) -> Result<Tunnel, ClientRequestError> {
        let tunnel = Tunnel::new(&uri.authority())?;
        match &self.credentials {
            Some((user, password)) => tunnel.with_credentials(user, password),
            None => Ok(tunnel),
        }
    }
}

/// Without the credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// A field of [`ClientConfig`] that cannot be as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientConfigError {
    /// Its name.
    pub field: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

impl fmt::Display for ClientConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.expected)
    }
}

impl std::error::Error for ClientConfigError {}
