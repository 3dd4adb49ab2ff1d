//! A response whose body is sent while it comes into being, RFC 9112 sections 6.1 and 7.1.
//!
//! ```text
//!  Response::encode_stream_head ─► encode_chunk (any number) ─► encode_last_chunk      Chunked
//!                               ─► bytes as they are ─► end of the connection          UntilClose
//!                               ─► the next response                                   None
//! ```

use super::Request;
use std::io::Write;

/// How a body whose size nobody knows yet is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9112 section 6.3 knows no other")]
pub enum StreamCoding {
    /// In chunks: [`encode_chunk`] for each piece, [`encode_last_chunk`] at the end. HTTP/1.1 only.
    Chunked,
    /// As it is, up to the end of the connection: for HTTP/1.0.
    UntilClose,
    /// Not at all: the request was a `HEAD`, or the status is one without content.
    None,
}

impl Request<'_> {
    /// How a body of unknown size may be sent to this client.
    #[must_use]
    pub fn stream_coding(&self) -> StreamCoding {
        match (self.method(), self.is_http_1_1()) {
            ("HEAD", _) => StreamCoding::None,
            (_, true) => StreamCoding::Chunked,
            // RFC 9112 6.1: "A server MUST NOT send a response containing Transfer-Encoding unless the corresponding
            // request indicates HTTP/1.1".
            (_, false) => StreamCoding::UntilClose,
        }
    }
}

/// Appends a piece of a body that is sent in chunks. Nothing for no data: a chunk of size 0 would end the body.
pub fn encode_chunk(data: &[u8], output: &mut Vec<u8>) {
    if data.is_empty() {
        return;
    }
    write!(output, "{:x}\r\n", data.len()).expect("a vector takes every byte");
    output.extend_from_slice(data);
    output.extend_from_slice(b"\r\n");
}

/// Appends the end of a body that was sent in chunks.
pub fn encode_last_chunk(output: &mut Vec<u8>) {
    output.extend_from_slice(b"0\r\n\r\n");
}
