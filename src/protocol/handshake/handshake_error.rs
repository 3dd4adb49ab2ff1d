//! Why a request was not upgraded, and the response that says so.

use crate::protocol::http::{Response, Status};
use std::fmt;

/// A rule of the opening handshake that a client's request broke (RFC 6455 section 4.2.1). It is answered with
/// [`HandshakeError::response`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Another method than `GET`.
    MethodNotAllowed,
    /// HTTP/1.0, which cannot be upgraded.
    HttpVersionTooOld,
    /// No `Upgrade: websocket`: a browser's address line, or curl.
    UpgradeMissing,
    /// `Connection` does not name `Upgrade`; often a proxy that was not told to pass it on.
    ConnectionInvalid,
    /// `Sec-WebSocket-Version` is not 13.
    VersionUnsupported,
    /// More than one `Sec-WebSocket-Version`.
    VersionRepeated,
    /// No `Sec-WebSocket-Key`.
    KeyMissing,
    /// More than one `Sec-WebSocket-Key`.
    KeyRepeated,
    /// A `Sec-WebSocket-Key` that is not base64 of 16 bytes.
    KeyInvalid,
    /// A `Sec-WebSocket-Protocol` with something else than tokens in it.
    SubprotocolInvalid,
    /// A `Sec-WebSocket-Extensions` against its grammar.
    ExtensionsInvalid,
    /// More than one `Origin`: which one would be checked?
    OriginRepeated,
    /// A body, which would be taken for frames.
    BodyUnexpected,
}

impl HandshakeError {
    /// The one place that maps a client's fault to the status it gets.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::MethodNotAllowed => Status::METHOD_NOT_ALLOWED,
            // RFC 6455 4.2.2 names 426 for the version; RFC 9110 15.5.22 for a resource that needs the upgrade.
            Self::UpgradeMissing | Self::VersionUnsupported => Status::UPGRADE_REQUIRED,
            // RFC 6455 4.2.1: "an appropriate error code (such as 400 Bad Request)".
            _ => Status::BAD_REQUEST,
        }
    }

    /// A sentence that says what was expected.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::MethodNotAllowed => "a WebSocket is opened with GET",
            Self::HttpVersionTooOld => "a WebSocket is opened with HTTP/1.1, not HTTP/1.0",
            Self::UpgradeMissing => {
                "this address speaks WebSocket: connect with a WebSocket client, which sends Upgrade: websocket"
            }
            Self::ConnectionInvalid => {
                "expected Connection: Upgrade; a proxy on the way must pass on Upgrade and Connection"
            }
            Self::VersionUnsupported => "expected Sec-WebSocket-Version: 13 (RFC 6455)",
            Self::VersionRepeated => "Sec-WebSocket-Version must be there once",
            Self::KeyMissing => "expected Sec-WebSocket-Key: 16 random bytes in base64",
            Self::KeyRepeated => "Sec-WebSocket-Key must be there once",
            Self::KeyInvalid => "Sec-WebSocket-Key must be 16 bytes in base64",
            Self::SubprotocolInvalid => {
                "Sec-WebSocket-Protocol must be a comma-separated list of names without spaces or quotes"
            }
            Self::ExtensionsInvalid => {
                "Sec-WebSocket-Extensions must be a list of name; parameter=value"
            }
            Self::OriginRepeated => "Origin must be there once",
            Self::BodyUnexpected => "a request that opens a WebSocket has no body",
        }
    }

    /// The answer to the request, with the headers that say what would be accepted.
    #[must_use]
    pub fn response(self) -> Response {
        let response = Response::text(self.status(), format!("{}\n", self.reason()));
        let headers: &[(&str, &str)] = match self {
            Self::MethodNotAllowed => &[("Allow", "GET")],
            Self::UpgradeMissing | Self::VersionUnsupported => {
                &[("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
            }
            _ => &[],
        };
        headers.iter().fold(response, |response, (name, value)| {
            response
                .with_header(name, value)
                .expect("a header written in this file is one that may be sent")
        })
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for HandshakeError {}
