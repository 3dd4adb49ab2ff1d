//! The target of a request, RFC 9112 section 3.2.

/// A request target in one of the forms that a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target<'b> {
    pub(crate) authority: Option<&'b str>,
    pub(crate) path: &'b str,
    pub(crate) query: Option<&'b str>,
}

impl<'b> Target<'b> {
    /// Takes a target apart: `/path?query`, `http://host/path?query`, or `*` of an `OPTIONS`. `None` for any other.
    pub(crate) fn parse(method: &str, target: &'b str) -> Option<Self> {
        // RFC 3986: visible ASCII. RFC 6455 3: "Fragment identifiers [...] MUST NOT be used on these URIs".
        if !target.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            return None;
        }
        if target.starts_with('/') {
            return Some(Self::from_parts(None, target));
        }
        if target == "*" {
            return (method == "OPTIONS").then(|| Self::from_parts(None, target));
        }
        // RFC 9112 3.2.2: "a server MUST accept the absolute-form in requests".
        let (scheme, rest) = target.split_once("://")?;
        let schemes = ["http", "https", "ws", "wss"];
        if !schemes.iter().any(|s| s.eq_ignore_ascii_case(scheme)) {
            return None;
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let is_host = !authority.is_empty() && is_authority(authority);
        is_host.then(|| Self::from_parts(Some(authority), path))
    }

    fn from_parts(authority: Option<&'b str>, path_and_query: &'b str) -> Self {
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path_and_query, None),
        };
        // RFC 9112 3.2.1: an empty path is sent as "/".
        let path = if path.is_empty() { "/" } else { path };
        Self { authority, path, query }
    }
}

/// Whether this is a host, which may be empty, and perhaps a port (RFC 3986 section 3.2), without user information.
pub(crate) fn is_authority(text: &str) -> bool {
    let host_end = if text.starts_with('[') {
        text.find(']').map(|end| end + 1)
    } else {
        Some(text.find(':').unwrap_or(text.len()))
    };
    let Some((host, port)) = host_end.map(|end| text.split_at(end)) else {
        return false;
    };
    let inside = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let is_host = match inside {
        Some(address) => !address.is_empty() && address.bytes().all(|b| b == b':' || is_name(b)),
        None => host.bytes().all(is_name),
    };
    let is_port = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()),
        None => port.is_empty(),
    };
    is_host && is_port
}

/// RFC 3986 3.2.2: `unreserved / pct-encoded / sub-delims`.
const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&')
        || matches!(byte, b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}
