//! The lines of a message head as its bytes arrive, RFC 9112 section 2. Requests and responses share this.
//!
//! ```text
//!  first line CR LF ─► header CR LF (0 to HEADERS_MAX) ─► CR LF ─► what follows is the caller's
//! ```

use crate::limits::{HEAD_SIZE_MAX, HEADERS_MAX};
use std::fmt;

/// A rule for the head of a message that the peer broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadError {
    /// A control character, such as NUL (RFC 9110 section 5.5).
    ControlCharacter,
    /// A header continued on a second line (RFC 9112 section 5.2).
    HeaderFolded,
    /// A header line without a colon, without a name, or with a name that is not a token, such as one with a space before
    /// the colon (RFC 9112 section 5.1).
    HeaderInvalid,
    /// LF without CR, or CR without LF (RFC 9112 section 2.2).
    LineEndInvalid,
    /// [`HEAD_SIZE_MAX`] bytes and no end.
    TooBig,
    /// More than [`HEADERS_MAX`] headers.
    TooManyHeaders,
}

impl HeadError {
    /// A sentence that says what was expected.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::ControlCharacter => "the head must not contain control characters",
            Self::HeaderFolded => "a header must be on one line",
            Self::HeaderInvalid => "a header is a name, a colon right after it, and a value",
            Self::LineEndInvalid => "every line must end in CR LF",
            Self::TooBig => "the head must fit into 16384 bytes",
            Self::TooManyHeaders => "at most 100 headers are accepted",
        }
    }
}

// The sentences above name these numbers.
const _: () = assert!(HEAD_SIZE_MAX == 16384 && HEADERS_MAX == 100);

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for HeadError {}

/// Where the reading of a head stands. Each call continues where the last one stopped, so each byte is looked at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeadLines {
    scanned: usize,
    line_start: usize,
    /// Complete lines of this head; with none the first line is under way.
    lines: usize,
}

/// What [`HeadLines::next`] found.
pub(crate) enum Line<'b> {
    /// The request line or status line, with its CR LF.
    First(&'b [u8]),
    /// The empty line; the head, and what came before it, is this many bytes.
    End(usize),
}

impl HeadLines {
    /// The next step through `input`, which is all bytes so far: those of the last call and those that came after them.
    /// `None` means that more are needed. After [`Line::End`] the next head is expected.
    pub(crate) fn next<'b>(&mut self, input: &'b [u8]) -> Result<Option<Line<'b>>, HeadError> {
        let reachable = &input[..input.len().min(HEAD_SIZE_MAX)];
        while let Some(&byte) = reachable.get(self.scanned) {
            let previous = reachable[self.line_start..self.scanned].last().copied();
            check_byte(previous, byte)?;
            self.scanned += 1;
            if byte == b'\n' {
                let line = &reachable[self.line_start..self.scanned];
                let found = self.end_line(line)?;
                self.line_start = self.scanned;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        if reachable.len() < HEAD_SIZE_MAX { Ok(None) } else { Err(HeadError::TooBig) }
    }

    /// Whether the first line has not ended yet.
    pub(crate) const fn is_in_first_line(&self) -> bool {
        self.lines == 0
    }

    fn end_line<'b>(&mut self, line: &'b [u8]) -> Result<Option<Line<'b>>, HeadError> {
        let is_empty = line == LINE_END;
        if is_empty && self.lines > 0 {
            self.lines = 0;
            return Ok(Some(Line::End(self.scanned)));
        }
        if is_empty {
            // RFC 9112 2.2: a server ignores an empty line before the request line. One is enough.
            return match self.line_start {
                0 => Ok(None),
                _ => Err(HeadError::LineEndInvalid),
            };
        }
        self.lines += 1;
        if self.lines == 1 {
            return Ok(Some(Line::First(line)));
        }
        if self.lines > 1 + HEADERS_MAX {
            return Err(HeadError::TooManyHeaders);
        }
        check_header(line)?;
        Ok(None)
    }
}

/// The first line of a complete head, and the header lines after it without the empty one.
pub(crate) fn split_first_line(head: &[u8]) -> (&[u8], &[u8]) {
    let head = head.strip_prefix(LINE_END).unwrap_or(head);
    let headers = head.strip_suffix(LINE_END).unwrap_or(head);
    let end = headers.iter().position(|byte| *byte == b'\n');
    headers.split_at(end.map_or(headers.len(), |end| end + 1))
}

/// `previous` is the byte before on the same line.
pub(super) fn check_byte(previous: Option<u8>, byte: u8) -> Result<(), HeadError> {
    // RFC 9112 2.2 lets a recipient take a lone LF for a line end. We do not: others on the way may not.
    if (previous == Some(b'\r')) != (byte == b'\n') {
        return Err(HeadError::LineEndInvalid);
    }
    match byte {
        // RFC 9112 5.2: "A server that receives an obs-fold [...] MUST either reject the message [...]".
        b' ' | b'\t' if previous.is_none() => Err(HeadError::HeaderFolded),
        b'\r' | b'\n' | b'\t' => Ok(()),
        // RFC 9110 5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous".
        _ if byte.is_ascii_control() => Err(HeadError::ControlCharacter),
        _ => Ok(()),
    }
}

fn check_header(line: &[u8]) -> Result<(), HeadError> {
    // The parser waits for a line after this one, which is `Partial`; all that matters here is that it has no objection.
    let mut headers = [httparse::EMPTY_HEADER; 1];
    match httparse::parse_headers(line, &mut headers) {
        Ok(httparse::Status::Partial) => Ok(()),
        _ => Err(HeadError::HeaderInvalid),
    }
}

pub(crate) const LINE_END: &[u8] = b"\r\n";
