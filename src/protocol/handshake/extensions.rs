//! `Sec-WebSocket-Extensions`, RFC 6455 section 9.1.
//!
//! ```text
//!  permessage-deflate; client_max_window_bits; server_max_window_bits="10", x-other
//!  └─ name ─────────┘  └─ parameter ────────┘  └─ parameter ── = ─ value ┘  └ name ┘
//! ```
//!
//! Nothing is allocated, but for a quoted value with backslashes.

use crate::protocol::http::is_token;
use std::borrow::Cow;
use std::fmt;

/// An extension that a client offers or a server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'b> {
    name: &'b str,
    /// From the first semicolon to the end of the last parameter; read once without complaint.
    parameters: &'b [u8],
}

impl<'b> Extension<'b> {
    /// Its registered name.
    #[must_use]
    pub const fn name(&self) -> &'b str {
        self.name
    }

    /// Its parameters in their order; the same name may be there twice, which the extension judges.
    pub fn parameters(&self) -> impl Iterator<Item = ExtensionParameter<'b>> {
        let mut cursor = Cursor(self.parameters);
        std::iter::from_fn(move || cursor.parameter().ok().flatten())
    }
}

/// A parameter of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "RFC 6455 section 9.1 fixes the grammar")]
pub struct ExtensionParameter<'b> {
    /// A token.
    pub name: &'b str,
    /// A token, which may have been quoted; none for a parameter that is there or not.
    pub value: Option<Cow<'b, str>>,
}

/// A `Sec-WebSocket-Extensions` that is not a list of extensions. RFC 6455 section 9.1: the connection is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionSyntaxError;

impl fmt::Display for ExtensionSyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sec-WebSocket-Extensions must be a list of name; parameter=value")
    }
}

impl std::error::Error for ExtensionSyntaxError {}

/// The extensions in one header's value, in their order, which is the order of preference. An error is the last item.
pub fn parse_extensions(
    value: &[u8],
) -> impl Iterator<Item = Result<Extension<'_>, ExtensionSyntaxError>> {
    let mut cursor = Cursor(value);
    std::iter::from_fn(move || {
        let extension = cursor.extension();
        if extension.is_err() {
            cursor = Cursor(&[]);
        }
        extension.transpose()
    })
}

/// What is left to read. Each method takes what it names from the front, and the space around it.
struct Cursor<'b>(&'b [u8]);

impl<'b> Cursor<'b> {
    /// The next extension and the comma after it; `None` at the end.
    fn extension(&mut self) -> Result<Option<Extension<'b>>, ExtensionSyntaxError> {
        // RFC 9110 5.6.1: "A recipient MUST parse and ignore a reasonable number of empty list elements".
        while self.take(b',') {}
        if self.0.is_empty() {
            return Ok(None);
        }
        let name = self.token()?;
        let start = self.0;
        while self.parameter()?.is_some() {}
        let parameters = &start[..start.len() - self.0.len()];
        if self.0.is_empty() || self.take(b',') {
            Ok(Some(Extension { name, parameters }))
        } else {
            Err(ExtensionSyntaxError)
        }
    }

    /// The next parameter and the semicolon before it; `None` where there is no semicolon.
    fn parameter(&mut self) -> Result<Option<ExtensionParameter<'b>>, ExtensionSyntaxError> {
        if !self.take(b';') {
            return Ok(None);
        }
        let name = self.token()?;
        let value = match self.take(b'=') {
            true => Some(self.value()?),
            false => None,
        };
        Ok(Some(ExtensionParameter { name, value }))
    }

    fn value(&mut self) -> Result<Cow<'b, str>, ExtensionSyntaxError> {
        match self.0.strip_prefix(b"\"") {
            Some(quoted) => self.quoted(quoted),
            None => self.token().map(Cow::Borrowed),
        }
    }

    /// RFC 6455 9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF".
    fn quoted(&mut self, quoted: &'b [u8]) -> Result<Cow<'b, str>, ExtensionSyntaxError> {
        // No token contains a quote, so an escaped one is an error wherever it is.
        let end = quoted.iter().position(|byte| *byte == b'"');
        let (inside, rest) = quoted.split_at(end.ok_or(ExtensionSyntaxError)?);
        let value = if inside.contains(&b'\\') {
            Cow::Owned(unescape(inside)?)
        } else {
            Cow::Borrowed(Cursor(inside).whole_token()?)
        };
        self.0 = rest[1..].trim_ascii_start();
        Ok(value)
    }

    fn token(&mut self) -> Result<&'b str, ExtensionSyntaxError> {
        self.0 = self.0.trim_ascii_start();
        let size = self.0.iter().take_while(|byte| is_token(**byte)).count();
        let (token, rest) = self.0.split_at(size);
        self.0 = rest.trim_ascii_start();
        match str::from_utf8(token) {
            Ok(token) if !token.is_empty() => Ok(token),
            _ => Err(ExtensionSyntaxError),
        }
    }

    /// A token with nothing around it.
    fn whole_token(&mut self) -> Result<&'b str, ExtensionSyntaxError> {
        let size = self.0.len();
        self.token().and_then(|token| match token.len() == size {
            true => Ok(token),
            false => Err(ExtensionSyntaxError),
        })
    }

    fn take(&mut self, byte: u8) -> bool {
        let trimmed = self.0.trim_ascii_start();
        match trimmed.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest.trim_ascii_start();
                true
            }
            _ => {
                self.0 = trimmed;
                false
            }
        }
    }
}

fn unescape(quoted: &[u8]) -> Result<String, ExtensionSyntaxError> {
    let mut bytes = quoted.iter().copied();
    let mut value = String::with_capacity(quoted.len());
    while let Some(byte) = bytes.next() {
        let meant = if byte == b'\\' { bytes.next() } else { Some(byte) };
        match meant {
            Some(byte) if is_token(byte) => value.push(char::from(byte)),
            _ => return Err(ExtensionSyntaxError),
        }
    }
    Ok(value)
}
