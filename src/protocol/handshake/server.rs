//! The server's side: judging a request, and switching protocols. RFC 6455 section 4.2.

use super::accept::{accept_key, is_key};
use super::{Extension, ExtensionSyntaxError, HandshakeError, parse_extensions};
use crate::protocol::http::{BodySize, HeaderError, Request, encode_header, is_token};
use std::fmt;

/// A request that may be upgraded. [`encode_switching_protocols`] does it.
#[derive(Clone, Copy, Debug)]
pub struct Upgrade<'b> {
    request: Request<'b>,
    accept: [u8; 28],
    extensions: Option<&'b str>,
}

impl<'b> Upgrade<'b> {
    /// The request.
    #[must_use]
    pub const fn request(&self) -> &Request<'b> {
        &self.request
    }

    /// The same with extensions that were agreed on: the value of `Sec-WebSocket-Extensions`.
    #[must_use]
    pub const fn with_extensions(mut self, agreed: &'b str) -> Self {
        self.extensions = Some(agreed);
        self
    }

    /// The value of `Sec-WebSocket-Accept`.
    #[must_use]
    pub const fn accept(&self) -> &[u8; 28] {
        &self.accept
    }
}

/// Judges whether this request may be upgraded. The origin is left to the application ([`Request::origin`]).
///
/// # Errors
///
/// The first rule of RFC 6455 section 4.2.1 that the request breaks.
pub fn check_upgrade<'b>(request: &Request<'b>) -> Result<Upgrade<'b>, HandshakeError> {
    let headers = request.header_map();
    if request.method() != "GET" {
        return Err(HandshakeError::MethodNotAllowed);
    }
    if !request.is_http_1_1() {
        return Err(HandshakeError::HttpVersionTooOld);
    }
    if !headers.list_contains("upgrade", "websocket") {
        return Err(HandshakeError::UpgradeMissing);
    }
    if !headers.list_contains("connection", "upgrade") {
        return Err(HandshakeError::ConnectionInvalid);
    }
    match headers.only("sec-websocket-version") {
        Ok(Some(b"13")) => {}
        Ok(_) => return Err(HandshakeError::VersionUnsupported),
        Err(_) => return Err(HandshakeError::VersionRepeated),
    }
    let key = match headers.only("sec-websocket-key") {
        Ok(Some(key)) if is_key(key) => key,
        Ok(Some(_)) => return Err(HandshakeError::KeyInvalid),
        Ok(None) => return Err(HandshakeError::KeyMissing),
        Err(_) => return Err(HandshakeError::KeyRepeated),
    };
    check_offers(request)?;
    Ok(Upgrade { request: *request, accept: accept_key(key), extensions: None })
}

fn check_offers(request: &Request<'_>) -> Result<(), HandshakeError> {
    let headers = request.header_map();
    let mut subprotocols = headers.list("sec-websocket-protocol");
    if !subprotocols.all(|name| name.iter().copied().all(is_token)) {
        return Err(HandshakeError::SubprotocolInvalid);
    }
    // RFC 6455 9.1: who gets an extension list against the grammar fails the connection.
    if request.extensions().any(|extension| extension.is_err()) {
        return Err(HandshakeError::ExtensionsInvalid);
    }
    if headers.only("origin").is_err() {
        return Err(HandshakeError::OriginRepeated);
    }
    match request.body_size() {
        BodySize::Known(0) => Ok(()),
        _ => Err(HandshakeError::BodyUnexpected),
    }
}

/// What a request offers for a WebSocket.
impl<'b> Request<'b> {
    /// Whether the client asks for a WebSocket; [`check_upgrade`] judges whether it asks well.
    #[must_use]
    pub fn is_upgrade(&self) -> bool {
        // RFC 9110 7.8: "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request".
        self.is_http_1_1() && self.header_map().list_contains("upgrade", "websocket")
    }

    /// The subprotocols that the client offers, the one it prefers first.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'b str> {
        let names = self.header_map().list("sec-websocket-protocol");
        names
            .filter(|name| name.iter().copied().all(is_token))
            .filter_map(|name| str::from_utf8(name).ok())
    }

    /// The extensions that the client offers, the one it prefers first.
    pub fn extensions(&self) -> impl Iterator<Item = Result<Extension<'b>, ExtensionSyntaxError>> {
        let values = self.header_map().all("sec-websocket-extensions");
        values.flat_map(parse_extensions)
    }
}

/// Appends the response after which the connection speaks WebSocket (RFC 6455 section 4.2.2).
///
/// # Errors
///
/// Nothing is written for a subprotocol or an extension that was not offered, and for headers that could smuggle in others
/// or that the handshake writes itself.
pub fn encode_switching_protocols(
    upgrade: &Upgrade<'_>,
    subprotocol: Option<&str>,
    headers: &[(&str, &str)],
    output: &mut Vec<u8>,
) -> Result<(), SwitchError> {
    let start = output.len();
    let result = write_switching_protocols(upgrade, subprotocol, headers, output);
    if result.is_err() {
        output.truncate(start);
    }
    result
}

fn write_switching_protocols(
    upgrade: &Upgrade<'_>,
    subprotocol: Option<&str>,
    headers: &[(&str, &str)],
    output: &mut Vec<u8>,
) -> Result<(), SwitchError> {
    output.extend_from_slice(
        b"HTTP/1.1 101 Switching Protocols\r\n\
          Upgrade: websocket\r\n\
          Connection: Upgrade\r\n\
          Sec-WebSocket-Accept: ",
    );
    output.extend_from_slice(&upgrade.accept);
    output.extend_from_slice(b"\r\n");
    if let Some(chosen) = subprotocol {
        // RFC 6455 4.1: a client fails the connection over a subprotocol that it did not offer.
        if !upgrade.request.subprotocols().any(|name| name == chosen) {
            return Err(SwitchError::SubprotocolNotOffered);
        }
        encode_header("Sec-WebSocket-Protocol", chosen, &[], output)?;
    }
    if let Some(agreed) = upgrade.extensions {
        // RFC 6455 9.1: a client fails the connection over an extension that it did not offer.
        let is_offered = |extension: Extension<'_>| {
            let mut offers = upgrade.request.extensions().flatten();
            offers.any(|offer| offer.name() == extension.name())
        };
        if !parse_extensions(agreed.as_bytes()).all(|one| one.is_ok_and(is_offered)) {
            return Err(SwitchError::ExtensionNotOffered);
        }
        encode_header("Sec-WebSocket-Extensions", agreed, &[], output)?;
    }
    for (name, value) in headers {
        encode_header(name, value, RESERVED, output)?;
    }
    output.extend_from_slice(b"\r\n");
    Ok(())
}

/// Our caller's fault: what it wants to send would not be a valid answer. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SwitchError {
    /// A header that must not be sent.
    Header(HeaderError),
    /// A subprotocol that is not among those the client offered.
    SubprotocolNotOffered,
    /// An extension that is not among those the client offered, or no list of extensions.
    ExtensionNotOffered,
}

impl From<HeaderError> for SwitchError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl fmt::Display for SwitchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::SubprotocolNotOffered => {
                f.write_str("the subprotocol must be one of those that the client offered")
            }
            Self::ExtensionNotOffered => {
                f.write_str("the extensions must be among those that the client offered")
            }
        }
    }
}

impl std::error::Error for SwitchError {}

const RESERVED: &[&str] = &[
    "Connection",
    "Content-Length",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Protocol",
    "Transfer-Encoding",
    "Upgrade",
];
