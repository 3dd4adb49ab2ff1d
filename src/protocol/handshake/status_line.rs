//! The first line of a response, RFC 9112 section 4.

use crate::protocol::http::Status;

/// What the first line of a response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatusLine {
    pub(super) status: Status,
    pub(super) is_http_1_1: bool,
}

impl StatusLine {
    /// Reads a line that ends in CR LF. `None` for what is no status line of HTTP/1.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let mut response = httparse::Response::new(&mut []);
        // The parser knows the whole line and asks for headers, which is `Partial`.
        let (Ok(_), Some(code), Some(version)) =
            (response.parse(line), response.code, response.version)
        else {
            return None;
        };
        Status::new(code).map(|status| Self { status, is_http_1_1: version == 1 })
    }
}

/// Whether this can still become an HTTP response: what is none is refused at its first byte.
pub(super) fn begins_response(input: &[u8]) -> bool {
    input.iter().zip(b"HTTP/").all(|(byte, want)| byte == want)
}
