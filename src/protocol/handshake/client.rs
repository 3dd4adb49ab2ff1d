//! The client's side: asking for a WebSocket, and judging the answer. RFC 6455 section 4.1.

use super::accept::{accept_key, encode_key};
use super::status_line::{StatusLine, begins_response};
use super::{ClientHandshakeError, ClientRequestError, Extension, parse_extensions};
use crate::protocol::http::{HeadLines, Headers, Line, Status, Target};
use crate::protocol::http::{encode_header, is_authority, is_token, split_first_line};

/// One opening handshake of a client.
///
/// Send what [`encode_request`](Self::encode_request) writes, then call [`handle_response`](Self::handle_response) with
/// all bytes of the response so far whenever some arrived, until it gives an answer.
#[derive(Clone, Debug)]
pub struct ClientHandshake {
    host: String,
    path: String,
    key: String,
    subprotocols: Vec<String>,
    extensions: Option<String>,
    /// Encoded lines of headers that were checked.
    headers: Vec<u8>,
    lines: HeadLines,
    /// Where the response head under way starts: after those of interim responses.
    head_start: usize,
}

impl ClientHandshake {
    /// A handshake with the server at `host`, such as `example.com` or `[::1]:8000`, for `path`, such as `/chat?room=1`.
    /// `key` must come from a source that cannot be predicted (RFC 6455 section 10.3), and be new each time.
    ///
    /// # Errors
    ///
    /// What is not what it should be, or could smuggle in a header.
    pub fn new(
        host: &str,
        path: &str,
        subprotocols: &[&str],
        headers: &[(&str, &str)],
        key: [u8; 16],
    ) -> Result<Self, ClientRequestError> {
        if host.is_empty() || !is_authority(host) {
            return Err(ClientRequestError::HostInvalid);
        }
        if !path.starts_with('/') || Target::parse("GET", path).is_none() {
            return Err(ClientRequestError::PathInvalid);
        }
        for (position, name) in subprotocols.iter().enumerate() {
            let is_name = !name.is_empty() && name.bytes().all(is_token);
            // RFC 6455 4.1: the names "MUST all be unique strings".
            if !is_name || subprotocols[..position].contains(name) {
                return Err(ClientRequestError::SubprotocolInvalid);
            }
        }
        let mut encoded = Vec::new();
        for (name, value) in headers {
            encode_header(name, value, RESERVED, &mut encoded)?;
        }
        Ok(Self {
            host: host.to_owned(),
            path: path.to_owned(),
            key: encode_key(key),
            subprotocols: subprotocols.iter().map(ToString::to_string).collect(),
            extensions: None,
            headers: encoded,
            lines: HeadLines::default(),
            head_start: 0,
        })
    }

    /// Offers extensions, written as in `Sec-WebSocket-Extensions`.
    ///
    /// # Errors
    ///
    /// [`ClientRequestError::ExtensionsInvalid`] for what is against the grammar.
    pub fn with_extensions(mut self, offer: &str) -> Result<Self, ClientRequestError> {
        if !parse_extensions(offer.as_bytes()).all(|extension| extension.is_ok()) {
            return Err(ClientRequestError::ExtensionsInvalid);
        }
        // A line end counts as space in the grammar, and would not be one in a header.
        encode_header(EXTENSIONS, offer, &[], &mut Vec::new())?;
        self.extensions = Some(offer.to_owned());
        Ok(self)
    }

    /// Appends the request to `output`.
    pub fn encode_request(&self, output: &mut Vec<u8>) {
        let Self { host, path, key, .. } = self;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        );
        output.extend_from_slice(head.as_bytes());
        if !self.subprotocols.is_empty() {
            let line = format!("{SUBPROTOCOL}: {}\r\n", self.subprotocols.join(", "));
            output.extend_from_slice(line.as_bytes());
        }
        if let Some(offer) = &self.extensions {
            output.extend_from_slice(format!("{EXTENSIONS}: {offer}\r\n").as_bytes());
        }
        output.extend_from_slice(&self.headers);
        output.extend_from_slice(b"\r\n");
    }

    /// Judges the response, of which `input` is all bytes so far. `None` means that more are needed.
    ///
    /// # Errors
    ///
    /// As soon as the bytes so far cannot become a response that opens this WebSocket.
    pub fn handle_response<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Option<Accepted<'b>>, ClientHandshakeError> {
        if self.lines.is_in_first_line() {
            check_start(input.get(self.head_start..).unwrap_or_default())?;
        }
        while let Some(line) = self.lines.next(input)? {
            match line {
                Line::First(line) => _ = parse_status(line)?,
                Line::End(size) => {
                    let head = input.get(self.head_start..size).unwrap_or_default();
                    self.head_start = size;
                    let (line, headers) = split_first_line(head);
                    if parse_status(line)? == Status::SWITCHING_PROTOCOLS {
                        return self.accept(Headers::new(headers), size).map(Some);
                    }
                    // RFC 9110 15.2: a client must expect interim responses. The next head may have begun already.
                    check_start(&input[size..])?;
                }
            }
        }
        Ok(None)
    }

    fn accept<'b>(
        &self,
        headers: Headers<'b>,
        size: usize,
    ) -> Result<Accepted<'b>, ClientHandshakeError> {
        let is_websocket = |value: &[u8]| value.eq_ignore_ascii_case(b"websocket");
        if !headers.only("upgrade").is_ok_and(|v| v.is_some_and(is_websocket)) {
            return Err(ClientHandshakeError::UpgradeInvalid);
        }
        if !headers.list_contains("connection", "upgrade") {
            return Err(ClientHandshakeError::ConnectionInvalid);
        }
        let accept = accept_key(self.key.as_bytes());
        if !matches!(headers.only("sec-websocket-accept"), Ok(Some(value)) if value == accept) {
            return Err(ClientHandshakeError::AcceptInvalid);
        }
        self.check_extensions(headers)?;
        Ok(Accepted { subprotocol: self.chosen_subprotocol(headers)?, headers, size })
    }

    fn chosen_subprotocol<'b>(
        &self,
        headers: Headers<'b>,
    ) -> Result<Option<&'b str>, ClientHandshakeError> {
        let is_offered = |chosen: &&str| self.subprotocols.iter().any(|name| name == chosen);
        let Ok(chosen) = headers.only(SUBPROTOCOL) else {
            return Err(ClientHandshakeError::SubprotocolNotOffered);
        };
        let Some(chosen) = chosen else {
            return Ok(None);
        };
        match str::from_utf8(chosen).ok().filter(is_offered) {
            Some(name) => Ok(Some(name)),
            None => Err(ClientHandshakeError::SubprotocolNotOffered),
        }
    }

    fn check_extensions(&self, headers: Headers<'_>) -> Result<(), ClientHandshakeError> {
        // RFC 6455 11.3.2: the header "MUST NOT appear more than once in an HTTP response".
        let Ok(accepted) = headers.only(EXTENSIONS) else {
            return Err(ClientHandshakeError::ExtensionRepeated);
        };
        let offered = self.extensions.as_deref().unwrap_or_default();
        let mut names = Vec::new();
        for extension in parse_extensions(accepted.unwrap_or_default()) {
            let extension = extension.map_err(|_| ClientHandshakeError::ExtensionsInvalid)?;
            let mut offers = parse_extensions(offered.as_bytes()).flatten();
            if !offers.any(|offer| offer.name() == extension.name()) {
                return Err(ClientHandshakeError::ExtensionNotOffered);
            }
            // An offer may name alternatives; an answer has one of them.
            if names.contains(&extension.name()) {
                return Err(ClientHandshakeError::ExtensionRepeated);
            }
            names.push(extension.name());
        }
        Ok(())
    }
}

/// The response that opened the WebSocket, borrowed from the bytes it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted<'b> {
    subprotocol: Option<&'b str>,
    headers: Headers<'b>,
    size: usize,
}

impl<'b> Accepted<'b> {
    /// The subprotocol that the server chose among those offered; none if it chose none.
    #[must_use]
    pub const fn subprotocol(&self) -> Option<&'b str> {
        self.subprotocol
    }

    /// The extensions that the server accepted, in their order; their parameters are still to be judged.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'b>> {
        let values = self.headers.all(EXTENSIONS);
        values.flat_map(parse_extensions).filter_map(Result::ok)
    }

    /// The headers of the response.
    #[must_use]
    pub const fn header_map(&self) -> Headers<'b> {
        self.headers
    }

    /// How many bytes the response took. The first frame may follow them.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }
}

/// Refuses what is no HTTP response at its first byte.
fn check_start(input: &[u8]) -> Result<(), ClientHandshakeError> {
    match begins_response(input) {
        true => Ok(()),
        false => Err(ClientHandshakeError::StatusLineInvalid),
    }
}

/// Reads a line that ends in CR LF. A status that ends the handshake is an error.
fn parse_status(line: &[u8]) -> Result<Status, ClientHandshakeError> {
    match StatusLine::parse(line) {
        Some(StatusLine { status, .. }) if status.number() >= 200 => {
            Err(ClientHandshakeError::Refused(status))
        }
        // RFC 9110 7.8: HTTP/1.0 knows no upgrade.
        Some(StatusLine { status, is_http_1_1: true }) => Ok(status),
        _ => Err(ClientHandshakeError::StatusLineInvalid),
    }
}

const EXTENSIONS: &str = "Sec-WebSocket-Extensions";
const SUBPROTOCOL: &str = "Sec-WebSocket-Protocol";

const RESERVED: &[&str] = &[
    "Connection",
    "Content-Length",
    "Host",
    EXTENSIONS,
    "Sec-WebSocket-Key",
    SUBPROTOCOL,
    "Sec-WebSocket-Version",
    "Transfer-Encoding",
    "Upgrade",
];
