//! The way through a proxy: `CONNECT host:port`, after which its bytes are the server's. RFC 9110 section 9.3.6.

use super::ClientRequestError;
use super::status_line::{StatusLine, begins_response};
use crate::protocol::http::{HeadError, HeadLines, Line, Status, is_authority, split_first_line};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::fmt;

/// One request to a proxy for a tunnel.
///
/// Send what [`encode_request`](Self::encode_request) writes, then call [`handle_response`](Self::handle_response) with
/// all bytes of the response so far whenever some arrived, until it gives an answer. What is sent and received from
/// there on is between us and the server.
#[derive(Clone)]
pub struct Tunnel {
    authority: String,
    /// The value of `Proxy-Authorization`.
    authorization: Option<String>,
    lines: HeadLines,
    /// Where the response head under way starts: after those of interim responses.
    head_start: usize,
}

impl Tunnel {
    /// A tunnel to the server at `authority`, such as `example.com:80` or `[::1]:8000`, always with its port.
    ///
    /// # Errors
    ///
    /// [`ClientRequestError::HostInvalid`].
    pub fn new(authority: &str) -> Result<Self, ClientRequestError> {
        // RFC 9112 3.2.3: "uri-host and port"; a proxy guesses no default.
        let port = authority.rsplit_once(':').map(|(_, port)| port.parse());
        if !is_authority(authority)
            || authority.starts_with(':')
            || !matches!(port, Some(Ok(1..=u16::MAX)))
        {
            return Err(ClientRequestError::HostInvalid);
        }
        Ok(Self {
            authority: authority.to_owned(),
            authorization: None,
            lines: HeadLines::default(),
            head_start: 0,
        })
    }

    /// Sends a user's name and password along, which the proxy and everybody on the way to it can read (RFC 7617).
    ///
    /// # Errors
    ///
    /// [`ClientRequestError::CredentialsInvalid`] for a name with a colon, and for control characters in either.
    pub fn with_credentials(
        mut self,
        user: &str,
        password: &str,
    ) -> Result<Self, ClientRequestError> {
        // RFC 7617 2: "a user-id containing a colon character is invalid"; "MUST NOT contain any control characters".
        let has_control = |text: &str| text.chars().any(char::is_control);
        if user.contains(':') || has_control(user) || has_control(password) {
            return Err(ClientRequestError::CredentialsInvalid);
        }
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.authorization = Some(format!("Basic {pair}"));
        Ok(self)
    }

    /// Appends the request to `output`.
    pub fn encode_request(&self, output: &mut Vec<u8>) {
        let authority = &self.authority;
        let head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        output.extend_from_slice(head.as_bytes());
        if let Some(authorization) = &self.authorization {
            let line = format!("Proxy-Authorization: {authorization}\r\n");
            output.extend_from_slice(line.as_bytes());
        }
        output.extend_from_slice(b"\r\n");
    }

    /// Judges the response, of which `input` is all bytes so far. `None` means that more are needed; else the tunnel is
    /// open, and the server's bytes start after this many.
    ///
    /// # Errors
    ///
    /// As soon as the bytes so far cannot become a response that opens the tunnel.
    pub fn handle_response(&mut self, input: &[u8]) -> Result<Option<usize>, TunnelError> {
        if self.lines.is_in_first_line() {
            check_start(input.get(self.head_start..).unwrap_or_default())?;
        }
        while let Some(line) = self.lines.next(input)? {
            match line {
                Line::First(line) => _ = parse_status(line)?,
                Line::End(size) => {
                    let head = input.get(self.head_start..size).unwrap_or_default();
                    self.head_start = size;
                    // RFC 9110 9.3.6: "A client MUST ignore any Content-Length or Transfer-Encoding header fields".
                    let (line, _headers) = split_first_line(head);
                    if parse_status(line)?.number() >= 200 {
                        return Ok(Some(size));
                    }
                    // RFC 9110 15.2: a client must expect interim responses. The next head may have begun already.
                    check_start(&input[size..])?;
                }
            }
        }
        Ok(None)
    }
}

/// Without the credentials.
impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel").field("authority", &self.authority).finish_non_exhaustive()
    }
}

fn check_start(input: &[u8]) -> Result<(), TunnelError> {
    match begins_response(input) {
        true => Ok(()),
        false => Err(TunnelError::StatusLineInvalid),
    }
}

/// Reads the status of an interim response, or of one that opens the tunnel. Proxies still say HTTP/1.0.
fn parse_status(line: &[u8]) -> Result<Status, TunnelError> {
    let status = StatusLine::parse(line).ok_or(TunnelError::StatusLineInvalid)?.status;
    match status.number() {
        // RFC 9110 7.8: who has not asked for an upgrade is not switched.
        101 | 300.. => Err(TunnelError::Refused(status)),
        _ => Ok(status),
    }
}

/// Why a proxy did not open a tunnel. The connection to it is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TunnelError {
    /// The proxy answered with another status than 2xx. With 407 it wants credentials, or others.
    Refused(Status),
    /// A line, header or size that no response may have.
    Head(HeadError),
    /// The first line is not that of an HTTP/1 response: this is no proxy, or one that wants TLS.
    StatusLineInvalid,
}

impl From<HeadError> for TunnelError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl fmt::Display for TunnelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => {
                let hint = match status.number() {
                    407 => "it wants a user and password, or others than these",
                    403 => "it does not let us reach this host and port",
                    405 | 501 => "it does not know CONNECT",
                    502..=504 => "it does not reach the server",
                    _ => "it opens no tunnel",
                };
                write!(f, "the proxy answered {}: {hint}", status.number())
            }
            Self::Head(error) => error.fmt(f),
            Self::StatusLineInvalid => f.write_str("the proxy did not answer in HTTP/1"),
        }
    }
}

impl std::error::Error for TunnelError {}
