//! Plain responses, RFC 9112 section 4: what everybody gets who is not upgraded. Each ends its connection.

use super::Status;
use super::headers::{HeaderError, encode_header};
use std::borrow::Cow;
use std::fmt;

/// A response to a request that is not upgraded. The connection ends with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    status: Status,
    /// Encoded lines of headers that were checked.
    headers: Vec<u8>,
    content_type: Vec<u8>,
    is_upgrade_named: bool,
    body: Cow<'static, [u8]>,
}

impl Response {
    /// A response without headers of its own and without a body.
    #[must_use]
    pub const fn new(status: Status) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: Vec::new(),
            is_upgrade_named: false,
            body: Cow::Borrowed(&[]),
        }
    }

    /// A response that people can read.
    #[must_use]
    pub fn text(status: Status, text: impl Into<Cow<'static, str>>) -> Self {
        let body = match text.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        Self::new(status).with_known_body("text/plain; charset=utf-8", body)
    }

    /// Adds a header after those that are there.
    ///
    /// # Errors
    ///
    /// A name or value that could smuggle in another header, or one of those that [`encode`](Self::encode) writes.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        encode_header(name, value, RESERVED, &mut self.headers)?;
        self.is_upgrade_named |= name.eq_ignore_ascii_case("upgrade");
        Ok(self)
    }

    /// Sets the body and names its type.
    ///
    /// # Errors
    ///
    /// A type that could smuggle in another header.
    pub fn with_body(
        mut self,
        content_type: &str,
        body: impl Into<Cow<'static, [u8]>>,
    ) -> Result<Self, HeaderError> {
        self.content_type.clear();
        encode_header("Content-Type", content_type, &[], &mut self.content_type)?;
        self.body = body.into();
        Ok(self)
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Appends the response to `output`, without its body when the request was a `HEAD`.
    pub fn encode(&self, head_only: bool, output: &mut Vec<u8>) {
        let number = self.status.number();
        let head = format!("HTTP/1.1 {number} {}\r\n", self.status.phrase());
        output.extend_from_slice(head.as_bytes());
        output.extend_from_slice(&self.headers);
        output.extend_from_slice(&self.content_type);
        // RFC 9110 7.8: who sends Upgrade names it in Connection as well.
        output.extend_from_slice(match self.is_upgrade_named {
            true => b"Connection: close, Upgrade\r\n".as_slice(),
            false => b"Connection: close\r\n",
        });
        let has_content = self.status.has_content();
        if has_content {
            let length = format!("Content-Length: {}\r\n", self.body.len());
            output.extend_from_slice(length.as_bytes());
        }
        output.extend_from_slice(b"\r\n");
        if has_content && !head_only {
            output.extend_from_slice(&self.body);
        }
    }

    fn with_known_body(self, content_type: &'static str, body: Cow<'static, [u8]>) -> Self {
        self.with_body(content_type, body)
            .expect("a content type written in this file has no control characters")
    }
}

/// Status and names: values and body may hold what does not belong into logs.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &super::Headers::new(&self.headers))
            .field("body_size", &self.body.len())
            .finish()
    }
}

const RESERVED: &[&str] = &["Connection", "Content-Length", "Content-Type", "Transfer-Encoding"];
