//! Responses, RFC 9112 section 4: what everybody gets who is not upgraded.

use super::headers::{HeaderError, encode_header};
use super::{LINE_END, Persistence, Status, StreamCoding};
use std::borrow::Cow;
use std::fmt;
use std::io::Write;

/// A response to a request that is not upgraded.
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
        self.body = body.into();
        self.with_content_type(content_type)
    }

    /// Names the type of the body: for one that is streamed.
    ///
    /// # Errors
    ///
    /// A type that could smuggle in another header.
    pub fn with_content_type(mut self, content_type: &str) -> Result<Self, HeaderError> {
        self.content_type.clear();
        encode_header("Content-Type", content_type, &[], &mut self.content_type)?;
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
    ///
    /// The size of the body is always named, also when there is none: a connection that stays could not tell otherwise where
    /// the response ends.
    pub fn encode(&self, head_only: bool, persistence: Persistence, output: &mut Vec<u8>) {
        self.encode_fields(persistence, output);
        if !self.status.has_content() {
            output.extend_from_slice(LINE_END);
            return;
        }
        // RFC 9110 9.3.2: the answer to HEAD has the headers of the answer to GET.
        write!(output, "Content-Length: {}\r\n\r\n", self.body.len())
            .expect("a vector takes every byte");
        if !head_only {
            output.extend_from_slice(&self.body);
        }
    }

    /// Appends the head alone, for a body that follows in this coding. A body of this response's own is not sent.
    ///
    /// Returns the coding that holds: [`StreamCoding::None`] for a status without content, whatever was asked for. With
    /// [`StreamCoding::UntilClose`] the connection ends with the body, whatever `persistence` says.
    pub fn encode_stream_head(
        &self,
        coding: StreamCoding,
        persistence: Persistence,
        output: &mut Vec<u8>,
    ) -> StreamCoding {
        let coding = if self.status.has_content() { coding } else { StreamCoding::None };
        let persistence = match coding {
            StreamCoding::UntilClose => Persistence::Close,
            StreamCoding::Chunked | StreamCoding::None => persistence,
        };
        self.encode_fields(persistence, output);
        output.extend_from_slice(match coding {
            StreamCoding::Chunked => b"Transfer-Encoding: chunked\r\n\r\n",
            StreamCoding::UntilClose | StreamCoding::None => LINE_END,
        });
        coding
    }

    /// The status line and every header but those that say where the body ends.
    fn encode_fields(&self, persistence: Persistence, output: &mut Vec<u8>) {
        let number = self.status.number();
        write!(output, "HTTP/1.1 {number} {}\r\n", self.status.phrase())
            .expect("a vector takes every byte");
        output.extend_from_slice(&self.headers);
        output.extend_from_slice(&self.content_type);
        output.extend_from_slice(persistence.header(self.is_upgrade_named));
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

/// Appends `100 Continue`: the client may send the body that it announced (RFC 9110 section 15.2.1). The response follows.
pub fn encode_continue(output: &mut Vec<u8>) {
    output.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
}

const RESERVED: &[&str] = &["Connection", "Content-Length", "Content-Type", "Transfer-Encoding"];
