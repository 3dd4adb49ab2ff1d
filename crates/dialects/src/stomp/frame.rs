//! Frames of STOMP (STOMP 1.2, "STOMP Frames" and "Augmented BNF").
//!
//! ```text
//!   COMMAND⏎
//!   name:value⏎      any number, escaped
//!   ⏎
//!   body␀            then any number of ⏎
//! ```

use crate::dialect::DialectError;
use crate::limits::{STOMP_HEADERS_MAX, STOMP_LINE_SIZE_MAX};
use std::borrow::Cow;

/// A frame as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) command: &'a str,
    headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the frame that `bytes` begin with, and says what follows on it. `None`: there are only ends of lines, which
    /// are heart-beats.
    pub(super) fn decode(mut bytes: &'a [u8]) -> Result<Option<(Self, &'a [u8])>, DialectError> {
        while let Some(rest) = bytes.strip_prefix(b"\n").or_else(|| bytes.strip_prefix(b"\r\n")) {
            bytes = rest;
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let (command, mut rest) = next_line(bytes)?;
        // "All frames except the CONNECT and CONNECTED frames will also escape".
        let is_escaped = command != "CONNECT";
        let mut headers = Vec::new();
        loop {
            let (line, after) = next_line(rest)?;
            rest = after;
            if line.is_empty() {
                break;
            }
            if headers.len() == STOMP_HEADERS_MAX {
                return Err(DialectError::expected("expected at most 32 headers"));
            }
            headers.push(decode_header(line, is_escaped)?);
        }
        let mut frame = Self { command, headers, body: &[] };
        let (body, rest) = split_body(rest, frame.header("content-length"))?;
        frame.body = body;
        Ok(Some((frame, rest)))
    }

    /// "Repeated Header Entries": the first one counts.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// One that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, DialectError> {
        let missing = || format!("expected a header {name} in {}", self.command);
        self.header(name).ok_or_else(|| DialectError::expected(missing()))
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }
}

fn next_line(bytes: &[u8]) -> Result<(&str, &[u8]), DialectError> {
    let end = bytes.iter().take(STOMP_LINE_SIZE_MAX).position(|byte| *byte == b'\n');
    let end = end.ok_or_else(|| DialectError::expected("expected lines of at most 4096 bytes"))?;
    let line = &bytes[..end];
    let line = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line));
    let line = line.map_err(|_| DialectError::expected("expected headers in UTF-8"))?;
    Ok((line, &bytes[end + 1..]))
}

fn decode_header(
    line: &str,
    is_escaped: bool,
) -> Result<(Cow<'_, str>, Cow<'_, str>), DialectError> {
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| DialectError::expected("expected name:value in a header"))?;
    match is_escaped {
        true => Ok((unescape(name)?, unescape(value)?)),
        false => Ok((name.into(), value.into())),
    }
}

fn split_body<'a>(
    rest: &'a [u8],
    size: Option<&str>,
) -> Result<(&'a [u8], &'a [u8]), DialectError> {
    let size = match size {
        Some(size) => size.parse().ok(),
        None => rest.iter().position(|byte| *byte == 0),
    };
    let parts = size.and_then(|size| rest.split_at_checked(size));
    let parts = parts.and_then(|(body, rest)| Some((body, rest.strip_prefix(b"\0")?)));
    parts.ok_or_else(|| DialectError::expected("expected a NUL after the body"))
}

/// "Value Encoding": four escapes, and no others.
fn unescape(text: &str) -> Result<Cow<'_, str>, DialectError> {
    if !text.contains('\\') {
        return Ok(text.into());
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('r') => '\r',
                Some('n') => '\n',
                Some('c') => ':',
                Some('\\') => '\\',
                _ => return Err(DialectError::expected(r"expected \r, \n, \c or \\ in a header")),
            },
            other => other,
        });
    }
    Ok(plain.into())
}

/// Writes what [`unescape`] reads.
pub(super) fn escape(text: &str, bytes: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\r' => bytes.extend_from_slice(b"\\r"),
            b'\n' => bytes.extend_from_slice(b"\\n"),
            b':' => bytes.extend_from_slice(b"\\c"),
            b'\\' => bytes.extend_from_slice(b"\\\\"),
            other => bytes.push(other),
        }
    }
}

/// Writes a header.
pub(super) fn header(bytes: &mut Vec<u8>, name: &str, value: &str) {
    escape(name, bytes);
    bytes.push(b':');
    escape(value, bytes);
    bytes.push(b'\n');
}

/// Writes the end of the headers, and a body that may have anything in it.
pub(super) fn body(bytes: &mut Vec<u8>, body: &[u8]) {
    header(bytes, "content-length", &body.len().to_string());
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    bytes.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(bytes: &[u8]) -> Frame<'_> {
        let (frame, rest) = Frame::decode(bytes).expect("a frame").expect("a frame");
        assert!(rest.is_empty());
        frame
    }

    /// "SEND", and "Repeated Header Entries".
    #[test]
    fn the_examples_of_the_specification_are_read() {
        let frame =
            decode(b"SEND\ndestination:/queue/a\ncontent-type:text/plain\n\nhello queue a\n\0");
        assert_eq!((frame.command, frame.body), ("SEND", b"hello queue a\n".as_slice()));
        assert_eq!(frame.header("destination"), Some("/queue/a"));
        let frame = decode(b"MESSAGE\nfoo:World\nfoo:Hello\n\n\0");
        assert_eq!(frame.header("foo"), Some("World"));
        assert!(frame.required("bar").is_err());
    }

    #[test]
    fn lines_end_in_either_way_and_bodies_may_have_nul() {
        let frame = decode(b"\r\n\nSEND\r\ncontent-length:3\r\n\r\n\0a\0\0");
        assert_eq!(frame.body, b"\0a\0");
        let two = b"SEND\n\na\0\n\nSEND\n\nb\0\n";
        let (first, rest) = Frame::decode(two).expect("a frame").expect("a frame");
        let (second, rest) = Frame::decode(rest).expect("a frame").expect("a frame");
        assert_eq!((first.body, second.body), (b"a".as_slice(), b"b".as_slice()));
        assert_eq!(Frame::decode(rest), Ok(None), "a heart-beat");
    }

    #[test]
    fn headers_are_escaped_but_in_connect() {
        let frame = decode(b"SEND\na\\cb:\\n\\r\\\\:x\n\n\0");
        assert_eq!(frame.header("a:b"), Some("\n\r\\:x"));
        let frame = decode(b"CONNECT\npasscode:a\\tb\n\n\0");
        assert_eq!(frame.header("passcode"), Some("a\\tb"));
        for wrong in [b"SEND\na:\\t\n\n\0".as_slice(), b"SEND\na:\\\n\n\0"] {
            assert!(Frame::decode(wrong).is_err(), "undefined escape sequences are fatal");
        }
    }

    #[test]
    fn what_is_cut_off_is_no_frame_and_headers_are_bounded() {
        let whole = b"SEND\ncontent-length:4\n\nbody\0";
        for end in 1..whole.len() {
            assert!(Frame::decode(&whole[..end]).is_err(), "{end}");
        }
        for size in ["5", "3", "x", "-1", "99999999999999999999"] {
            let frame = format!("SEND\ncontent-length:{size}\n\nbody\0");
            assert!(Frame::decode(frame.as_bytes()).is_err(), "{size}");
        }
        let many = |count| format!("SEND\n{}\n\0", "a:b\n".repeat(count));
        assert!(Frame::decode(many(STOMP_HEADERS_MAX).as_bytes()).is_ok());
        assert!(Frame::decode(many(STOMP_HEADERS_MAX + 1).as_bytes()).is_err());
        let long = format!("SEND\na:{}\n\n\0", "b".repeat(STOMP_LINE_SIZE_MAX));
        assert!(Frame::decode(long.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            headers in prop::collection::vec(("x[a:\\\\\n\r]{0,5}", "[b:\\\\\n\r]{0,5}"), 0..5),
            content in prop::collection::vec(any::<u8>(), 0..32),
        ) {
            let mut bytes = b"SEND\n".to_vec();
            for (name, value) in &headers {
                header(&mut bytes, name, value);
            }
            body(&mut bytes, &content);
            let frame = decode(&bytes);
            prop_assert_eq!(frame.body, content);
            let read: Vec<_> = frame.headers().take(headers.len()).collect();
            let written: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
            prop_assert_eq!(read, written);
        }

        #[test]
        fn any_bytes_are_a_frame_or_refused(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b':'), Just(b'\\')], 0..64)) {
            let _ = Frame::decode(&bytes);
        }
    }
}
