//! Header lines: reading those of a checked head, and checking those that our caller wants to send.

use super::head::LINE_END;
use std::fmt;

/// The headers of a message, borrowed from its head. Names compare without case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Headers<'b> {
    /// Lines that were checked when they arrived: `name ":" value CR LF`.
    lines: &'b [u8],
}

impl<'b> Headers<'b> {
    pub(crate) const fn new(lines: &'b [u8]) -> Self {
        Self { lines }
    }

    /// Every header in the order of the message: its name as the peer wrote it, and its value without the space around it.
    #[must_use]
    pub const fn iter(self) -> HeadersIter<'b> {
        HeadersIter { rest: self.lines }
    }

    /// The value of the first header with this name.
    #[must_use]
    pub fn first(self, name: &str) -> Option<&'b [u8]> {
        self.all(name).next()
    }

    /// The values of all headers with this name.
    pub fn all(self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        self.iter()
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The elements of a comma-separated list, which may be spread over several headers (RFC 9110 section 5.6.1). Empty
    /// elements are skipped.
    pub fn list(self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        self.all(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|element| !element.is_empty())
    }

    /// Whether the list has this element, compared without case.
    #[must_use]
    pub fn list_contains(self, name: &str, element: &str) -> bool {
        self.list(name).any(|found| found.eq_ignore_ascii_case(element.as_bytes()))
    }

    /// The value of a header that may be there once at most.
    pub(crate) fn only(self, name: &str) -> Result<Option<&'b [u8]>, Repeated> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Repeated),
            (value, None) => Ok(value),
        }
    }
}

/// A header is there more than once.
pub(crate) struct Repeated;

impl<'b> IntoIterator for Headers<'b> {
    type Item = (&'b str, &'b [u8]);
    type IntoIter = HeadersIter<'b>;

    fn into_iter(self) -> HeadersIter<'b> {
        self.iter()
    }
}

/// Names only: values hold cookies and credentials, which do not belong into logs.
impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// See [`Headers::iter`].
#[derive(Clone)]
pub struct HeadersIter<'b> {
    rest: &'b [u8],
}

impl<'b> Iterator for HeadersIter<'b> {
    type Item = (&'b str, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let (line, rest) = self.rest.split_at(end + 1);
        self.rest = rest;
        let line = line.strip_suffix(LINE_END)?;
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = str::from_utf8(&line[..colon]).ok()?;
        Some((name, line[colon + 1..].trim_ascii()))
    }
}

impl fmt::Debug for HeadersIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Headers::new(self.rest).fmt(f)
    }
}

/// A header that our caller wants to send, and must not. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name is not a token (RFC 9110 section 5.1).
    NameInvalid,
    /// The value contains a control character; CR LF would begin a header of its own (RFC 9110 section 5.5).
    ValueInvalid,
    /// The engine writes this header itself.
    Reserved,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NameInvalid => "a header's name is letters, digits and !#$%&'*+-.^_`|~",
            Self::ValueInvalid => "a header's value must not contain control characters",
            Self::Reserved => "this header is written by the engine",
        })
    }
}

impl std::error::Error for HeaderError {}

/// Appends a header of our caller to `output`, unless it could be more than one header or is one of `reserved`.
pub(crate) fn encode_header(
    name: &str,
    value: &str,
    reserved: &[&str],
    output: &mut Vec<u8>,
) -> Result<(), HeaderError> {
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(HeaderError::NameInvalid);
    }
    if reserved.iter().any(|word| word.eq_ignore_ascii_case(name)) {
        return Err(HeaderError::Reserved);
    }
    if value.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
        return Err(HeaderError::ValueInvalid);
    }
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b": ");
    output.extend_from_slice(value.as_bytes());
    output.extend_from_slice(LINE_END);
    Ok(())
}

/// Whether a token may contain this byte (RFC 9110 section 5.6.2).
pub(crate) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
