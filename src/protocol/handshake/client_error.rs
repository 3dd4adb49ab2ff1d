//! Whose fault it is when a client's handshake fails: the server's, or our caller's.

use crate::protocol::http::{HeadError, HeaderError, Status};
use std::fmt;

/// Why a server's response does not open a WebSocket. The connection is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientHandshakeError {
    /// The server answered with another status than 101: it refuses, or speaks no WebSocket at this path.
    Refused(Status),
    /// A line, header or size that no response may have.
    Head(HeadError),
    /// The first line is not that of an HTTP/1.1 response: another protocol, or TLS.
    StatusLineInvalid,
    /// `Upgrade` is not `websocket`.
    UpgradeInvalid,
    /// `Connection` does not name `Upgrade`.
    ConnectionInvalid,
    /// `Sec-WebSocket-Accept` does not answer our key: something on the way answered from a cache.
    AcceptInvalid,
    /// `Sec-WebSocket-Protocol` is not one that we offered.
    SubprotocolNotOffered,
    /// `Sec-WebSocket-Extensions` breaks its grammar.
    ExtensionsInvalid,
    /// `Sec-WebSocket-Extensions` names one that we did not offer.
    ExtensionNotOffered,
    /// `Sec-WebSocket-Extensions` is there twice, or names one twice.
    ExtensionRepeated,
    /// The parameters of permessage-deflate are none, or not those that we offered (RFC 7692 section 7.1).
    DeflateAnswerInvalid,
}

impl From<HeadError> for ClientHandshakeError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl fmt::Display for ClientHandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(status) => return write_refused(*status, f),
            Self::Head(error) => return error.fmt(f),
            Self::StatusLineInvalid => "the server did not answer in HTTP/1.1",
            Self::UpgradeInvalid => "the server's Upgrade is not websocket",
            Self::ConnectionInvalid => "the server's Connection does not name Upgrade",
            Self::AcceptInvalid => "the server's Sec-WebSocket-Accept does not answer our key",
            Self::SubprotocolNotOffered => "the server chose a subprotocol that was not offered",
            Self::ExtensionsInvalid => {
                "the server's Sec-WebSocket-Extensions is against its grammar"
            }
            Self::ExtensionNotOffered => "the server accepted an extension that was not offered",
            Self::ExtensionRepeated => "the server accepted an extension twice",
            Self::DeflateAnswerInvalid => {
                "the server accepted permessage-deflate with parameters that were not offered"
            }
        })
    }
}

impl std::error::Error for ClientHandshakeError {}

/// What was answered, and what can be done about it.
fn write_refused(status: Status, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "the server answered {}, not 101", status.to_string().trim_end())?;
    f.write_str(match status.number() {
        200..300 => ": this path is no WebSocket",
        300..400 => ": it wants another address to be asked, and redirects are not followed",
        400 => ": it objects to the request, or speaks TLS there: then try wss://",
        401 => ": it wants credentials, or others than these",
        403 => ": it does not let us in, or not from this Origin",
        404 => ": there is no such path",
        405 | 426 => ": this path is no WebSocket, or not of version 13",
        429 | 503 => ": come back later",
        _ => "",
    })
}

/// Our caller's fault: a request that must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientRequestError {
    /// Not a host, with a port where it is not the default one.
    HostInvalid,
    /// Not a path in visible ASCII that starts with `/`, with a query or without.
    PathInvalid,
    /// A subprotocol that is not a token, or is there twice (RFC 6455 section 4.1).
    SubprotocolInvalid,
    /// Extensions against their grammar (RFC 6455 section 9.1).
    ExtensionsInvalid,
    /// A proxy's user with a colon, or a user or password with control characters (RFC 7617 section 2).
    CredentialsInvalid,
    /// A header that must not be sent.
    Header(HeaderError),
}

impl From<HeaderError> for ClientRequestError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl fmt::Display for ClientRequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostInvalid => "the host must be a name or address, perhaps with a port",
            Self::PathInvalid => "the path must be visible ASCII that starts with / and has no #",
            Self::SubprotocolInvalid => "a subprotocol is a name without spaces, offered once",
            Self::ExtensionsInvalid => "extensions are a list of name; parameter=value",
            Self::CredentialsInvalid => {
                "a proxy's user has no colon, and nothing control characters"
            }
            Self::Header(error) => return error.fmt(f),
        })
    }
}

impl std::error::Error for ClientRequestError {}
