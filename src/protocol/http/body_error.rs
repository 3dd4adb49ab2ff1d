//! What is wrong with the body of a request, and the status that says so.

use super::{Response, Status};
use crate::limits::{CHUNK_LINE_SIZE_MAX, CHUNK_SURPLUS_MAX, HEADERS_MAX, TRAILERS_SIZE_MAX};
use std::fmt;

/// A rule for the body of a request that the client broke. It is answered with [`BodyError::response`], if no answer is
/// under way; then the connection ends, because where the next request would start is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// More data than the bound allows, announced or sent.
    TooBig,
    /// A chunk whose size is not a plain hexadecimal number.
    ChunkSizeInvalid,
    /// Something else than extensions between a chunk's size and the end of the line, or a quote that does not end there.
    ChunkExtensionInvalid,
    /// The line before a chunk is longer than [`CHUNK_LINE_SIZE_MAX`].
    ChunkLineTooBig,
    /// All chunk lines together carry more than [`CHUNK_SURPLUS_MAX`] bytes, and more than there is data, that say nothing.
    ChunkSurplusTooBig,
    /// A chunk that goes on after its size.
    ChunkEndInvalid,
    /// LF without CR, or CR without LF.
    LineEndInvalid,
    /// A trailer that would not do as a header either.
    TrailerInvalid,
    /// More than [`TRAILERS_SIZE_MAX`] bytes of trailers, or more than [`HEADERS_MAX`] of them.
    TrailersTooBig,
}

impl BodyError {
    /// The status that the client gets.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            // RFC 9112 7.1.1: a server limits extensions and answers "an appropriate 4xx (Client Error)" beyond.
            Self::TooBig
            | Self::ChunkLineTooBig
            | Self::ChunkSurplusTooBig
            | Self::TrailersTooBig => Status::CONTENT_TOO_LARGE,
            _ => Status::BAD_REQUEST,
        }
    }

    /// A sentence that says what was expected.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooBig => "the body is larger than this server takes here",
            Self::ChunkSizeInvalid => "a chunk must begin with its size in hexadecimal digits",
            Self::ChunkExtensionInvalid => {
                "after a chunk's size there may be extensions, each after a semicolon, and CR LF"
            }
            Self::ChunkLineTooBig => "the line before a chunk must fit into 1024 bytes",
            Self::ChunkSurplusTooBig => {
                "chunk extensions must not take more than 16384 bytes on top of the size of the data"
            }
            Self::ChunkEndInvalid => {
                "a chunk must end in CR LF after as many bytes as it announced"
            }
            Self::LineEndInvalid => "every line between chunks must end in CR LF",
            Self::TrailerInvalid => {
                "a trailer is one line with a name, a colon right after it, and a value"
            }
            Self::TrailersTooBig => "the trailers must be at most 100 and fit into 8192 bytes",
        }
    }

    /// The answer to the request.
    #[must_use]
    pub fn response(self) -> Response {
        Response::text(self.status(), format!("{}\n", self.reason()))
    }
}

// The sentences above name these numbers.
const _: () = assert!(CHUNK_LINE_SIZE_MAX == 1024 && CHUNK_SURPLUS_MAX == 16384);
const _: () = assert!(TRAILERS_SIZE_MAX == 8192 && HEADERS_MAX == 100);

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for BodyError {}
