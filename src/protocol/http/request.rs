//! The head of a request, RFC 9112 section 3.

use super::expectation::check_expectation;
use super::framing::check_host;
use super::{BodySize, HeadError, HeadLines, Headers, HeadersIter, Line, RequestError, Target};
use super::{LINE_END, is_token, split_first_line};
use crate::limits::METHOD_SIZE_MAX;

/// The head of a request, borrowed from the bytes it came in. Everything about it that HTTP demands was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'b> {
    method: &'b str,
    raw_target: &'b str,
    target: Target<'b>,
    is_http_1_1: bool,
    host: Option<&'b str>,
    headers: Headers<'b>,
    body_size: BodySize,
}

impl<'b> Request<'b> {
    /// Case-sensitive, as all methods are.
    #[must_use]
    pub const fn method(&self) -> &'b str {
        self.method
    }

    /// The target as the client wrote it: `/path?query`, or `http://host/path?query` from one that believes to talk to a
    /// proxy.
    #[must_use]
    pub const fn target(&self) -> &'b str {
        self.raw_target
    }

    /// The path without the query, not decoded; `*` for `OPTIONS *`.
    #[must_use]
    pub const fn path(&self) -> &'b str {
        self.target.path
    }

    /// What follows the question mark.
    #[must_use]
    pub const fn query(&self) -> Option<&'b str> {
        self.target.query
    }

    /// Whether the version is HTTP/1.1 and not HTTP/1.0.
    #[must_use]
    pub const fn is_http_1_1(&self) -> bool {
        self.is_http_1_1
    }

    /// The host that the client wants to reach, perhaps with a port. HTTP/1.0 may not say.
    #[must_use]
    pub fn host(&self) -> Option<&'b str> {
        // RFC 9112 3.2.2: with the absolute form, "the origin server MUST ignore the received Host header field".
        self.target.authority.or(self.host)
    }

    /// The web page that asks, as a browser vouches for it. Only browsers send it (RFC 6454 section 7).
    #[must_use]
    pub fn origin(&self) -> Option<&'b [u8]> {
        self.header("origin")
    }

    /// The value of the first header with this name, compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        self.headers.first(name)
    }

    /// Every header, as name and value, in the order of the request.
    #[must_use]
    pub const fn headers(&self) -> HeadersIter<'b> {
        self.headers.iter()
    }

    /// The headers to look further into: all of a name, the elements of a list.
    #[must_use]
    pub const fn header_map(&self) -> Headers<'b> {
        self.headers
    }

    /// The body that follows the head.
    #[must_use]
    pub const fn body_size(&self) -> BodySize {
        self.body_size
    }

    fn from_head(head: &'b [u8]) -> Result<Self, RequestError> {
        let (line, headers) = split_first_line(head);
        let line = RequestLine::parse(line)?;
        let headers = Headers::new(headers);
        let body_size = BodySize::of(headers, line.is_http_1_1)?;
        check_expectation(headers, line.is_http_1_1)?;
        Ok(Self {
            method: line.method,
            raw_target: line.raw_target,
            target: line.target,
            is_http_1_1: line.is_http_1_1,
            host: check_host(headers, line.is_http_1_1)?,
            headers,
            body_size,
        })
    }
}

/// Reads the head that `input` starts with, and says how many bytes it took; what follows is the caller's. `None` means
/// that the head is not complete.
///
/// Where a head arrives in pieces, a [`RequestParser`] gives the same answers without starting over at each.
///
/// # Errors
///
/// As soon as the bytes so far cannot become a request any more.
pub fn parse_head(input: &[u8]) -> Result<Option<(Request<'_>, usize)>, RequestError> {
    RequestParser::new().parse(input)
}

/// Reads request heads that arrive in pieces. One per connection, while its handshake lasts.
///
/// Call [`parse`](Self::parse) with all bytes of the request so far whenever some arrived. After a request it awaits the
/// next one, whose bytes then start where the size said; after an error the connection is to be answered and ended.
#[derive(Clone, Debug, Default)]
pub struct RequestParser {
    lines: HeadLines,
}

impl RequestParser {
    /// Awaits the first byte of a request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same as [`parse_head`], without looking again at what the last call saw.
    ///
    /// # Errors
    ///
    /// As soon as the bytes so far cannot become a request any more.
    pub fn parse<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Option<(Request<'b>, usize)>, RequestError> {
        if self.lines.is_in_first_line() {
            check_method(input)?;
        }
        while let Some(line) = self.next_line(input)? {
            match line {
                Line::First(line) => _ = RequestLine::parse(line)?,
                Line::End(size) => {
                    *self = Self::new();
                    return Ok(Some((Request::from_head(&input[..size])?, size)));
                }
            }
        }
        Ok(None)
    }

    fn next_line<'b>(&mut self, input: &'b [u8]) -> Result<Option<Line<'b>>, RequestError> {
        self.lines.next(input).map_err(|error| match error {
            HeadError::TooBig if self.lines.is_in_first_line() => RequestError::TargetTooLong,
            error => RequestError::Head(error),
        })
    }
}

/// Refuses what is no HTTP at its first byte and not only when a line ends, which TLS or garbage may never do.
fn check_method(input: &[u8]) -> Result<(), RequestError> {
    if input == b"\r" {
        return Ok(());
    }
    let line = input.strip_prefix(b"\r\n").unwrap_or(input);
    match line.iter().position(|byte| !is_token(*byte)) {
        Some(size) if size > METHOD_SIZE_MAX => Err(RequestError::MethodTooLong),
        Some(size) if size == 0 || line[size] != b' ' => Err(RequestError::MethodInvalid),
        None if line.len() > METHOD_SIZE_MAX => Err(RequestError::MethodTooLong),
        _ => Ok(()),
    }
}

struct RequestLine<'b> {
    method: &'b str,
    raw_target: &'b str,
    target: Target<'b>,
    is_http_1_1: bool,
}

impl<'b> RequestLine<'b> {
    /// Reads a line that ends in CR LF.
    fn parse(line: &'b [u8]) -> Result<Self, RequestError> {
        let mut request = httparse::Request::new(&mut []);
        let result = request.parse(line);
        if result == Err(httparse::Error::Version) && ends_in_version(line) {
            return Err(RequestError::VersionUnsupported);
        }
        // The parser knows the whole line and asks for headers, which is `Partial`.
        let (Ok(_), Some(method), Some(raw_target), Some(version)) =
            (result, request.method, request.path, request.version)
        else {
            return Err(RequestError::RequestLineInvalid);
        };
        Ok(Self {
            method,
            raw_target,
            target: Target::parse(method, raw_target).ok_or(RequestError::TargetInvalid)?,
            is_http_1_1: version == 1,
        })
    }
}

/// Whether the third word, which ends the line, is a version.
fn ends_in_version(line: &[u8]) -> bool {
    let line = line.strip_suffix(LINE_END).unwrap_or(line);
    let version = line.splitn(3, |byte| *byte == b' ').nth(2);
    // RFC 9112 2.3: `HTTP-name "/" DIGIT "." DIGIT`.
    let numbers = version.and_then(|version| version.strip_prefix(b"HTTP/"));
    matches!(numbers, Some([major, b'.', minor]) if major.is_ascii_digit() && minor.is_ascii_digit())
}
