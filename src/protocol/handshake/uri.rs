//! Where a WebSocket is to be found: `ws://host:port/path?query`. RFC 6455 section 3.

use crate::protocol::http::{Target, is_authority};
use std::fmt;
use std::str::FromStr;

/// The address of a WebSocket, taken apart and checked.
///
/// ```
/// use sockeye::protocol::handshake::Uri;
///
/// let uri: Uri = "ws://[::1]:8000/chat?room=1".parse()?;
/// assert_eq!((uri.host(), uri.port()), ("::1", 8000));
/// assert_eq!(uri.resource_name(), "/chat?room=1");
/// # Ok::<(), sockeye::protocol::handshake::UriError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Uri {
    is_secure: bool,
    /// A name, or an address; one of IPv6 without its brackets.
    host: String,
    port: u16,
    resource_name: String,
}

impl Uri {
    /// Takes an address apart.
    ///
    /// # Errors
    ///
    /// The first thing about it that no address of a WebSocket has.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let (scheme, rest) = text.split_once("://").ok_or(UriError::SchemeUnsupported)?;
        let is_secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("ws") => false,
            _ if scheme.eq_ignore_ascii_case("wss") => true,
            _ => return Err(UriError::SchemeUnsupported),
        };
        // RFC 6455 3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
        if rest.contains('#') {
            return Err(UriError::FragmentUnexpected);
        }
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UriError::CharacterInvalid);
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // RFC 6455 3 has a host and a port there, and nothing before them.
        if authority.contains('@') {
            return Err(UriError::UserInformationUnexpected);
        }
        let (host, port) = split_authority(authority)?;
        let port = match port {
            // RFC 3986 3.2.3: an empty port is the default one.
            None | Some("") => default_port(is_secure),
            Some(digits) => parse_port(digits).ok_or(UriError::PortInvalid)?,
        };
        // RFC 6455 3: "/" when the path is empty.
        let slash = if path.starts_with('/') { "" } else { "/" };
        let resource_name = format!("{slash}{path}");
        if Target::parse("GET", &resource_name).is_none() {
            return Err(UriError::CharacterInvalid);
        }
        Ok(Self { is_secure, host: host.to_owned(), port, resource_name })
    }

    /// Whether this is `wss`: WebSocket over TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The name or address to connect to; an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port to connect to: 80 for `ws` and 443 for `wss` unless the address names another.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Host and port, as a `CONNECT` names them (RFC 9110 section 9.3.6).
    #[must_use]
    pub fn authority(&self) -> String {
        format!("{}:{}", self.bracketed_host(), self.port)
    }

    /// The value of `Host`: with the port where it is not the default one.
    #[must_use]
    pub fn host_header(&self) -> String {
        if self.port == default_port(self.is_secure) {
            self.bracketed_host()
        } else {
            self.authority()
        }
    }

    /// What to ask the host for: path and query.
    #[must_use]
    pub fn resource_name(&self) -> &str {
        &self.resource_name
    }

    fn bracketed_host(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        }
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::parse(text)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.host_header(), self.resource_name)
    }
}

/// The host without brackets, and what follows its colon.
fn split_authority(authority: &str) -> Result<(&str, Option<&str>), UriError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(UriError::HostInvalid)?;
        // RFC 3986 3.2.2: brackets are for IPv6.
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(UriError::HostInvalid);
        }
        return match port.strip_prefix(':') {
            Some(digits) => Ok((address, Some(digits))),
            None if port.is_empty() => Ok((address, None)),
            None => Err(UriError::PortInvalid),
        };
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if host.is_empty() || !is_authority(host) {
        return Err(UriError::HostInvalid);
    }
    Ok((host, port))
}

/// Parsing alone would let a plus sign through.
fn parse_port(digits: &str) -> Option<u16> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| is_number && *port > 0)
}

/// RFC 6455 3: 80, and 443 over TLS.
const fn default_port(is_secure: bool) -> u16 {
    if is_secure { 443 } else { 80 }
}

/// Our caller's fault: what is no address of a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriError {
    /// It does not start with `ws://` or `wss://`.
    SchemeUnsupported,
    /// A fragment, which starts with `#`.
    FragmentUnexpected,
    /// A user's name or password before the host.
    UserInformationUnexpected,
    /// A space, or something else than visible ASCII.
    CharacterInvalid,
    /// No host, or one that is no name and no address.
    HostInvalid,
    /// A port that is not a number from 1 to 65535.
    PortInvalid,
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SchemeUnsupported => "the address of a WebSocket starts with ws:// or wss://",
            Self::FragmentUnexpected => {
                "the address of a WebSocket has no fragment: write # as %23, or leave it out"
            }
            Self::UserInformationUnexpected => {
                "the address of a WebSocket has no user and password: send an Authorization header"
            }
            Self::CharacterInvalid => {
                "the address of a WebSocket is visible ASCII: encode the rest with %"
            }
            Self::HostInvalid => {
                "the host must be a name or an address; one of IPv6 stands in brackets"
            }
            Self::PortInvalid => "the port must be a number from 1 to 65535",
        })
    }
}

impl std::error::Error for UriError {}
