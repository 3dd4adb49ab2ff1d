//! What is wrong with a request, and the status that says so.

use super::{HeadError, Response, Status};
use std::fmt;

/// A rule of HTTP that a client's request broke. It is answered with [`RequestError::response`]; then the connection ends,
/// because where the next request would start is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// A line, header or size that no message may have.
    Head(HeadError),
    /// The first bytes are not a method: perhaps TLS, or another protocol.
    MethodInvalid,
    /// A method longer than any that exists.
    MethodTooLong,
    /// The first line is not a method, a target and a version with one space between them.
    RequestLineInvalid,
    /// The target is not a path or the address of one.
    TargetInvalid,
    /// The head reached its limit before the request line ended.
    TargetTooLong,
    /// A version other than HTTP/1.1 and HTTP/1.0.
    VersionUnsupported,
    /// HTTP/1.1 without `Host`.
    HostMissing,
    /// More than one `Host`.
    HostRepeated,
    /// A `Host` that is not a host and perhaps a port.
    HostInvalid,
    /// A `Content-Length` that is not a number, or a number beyond any body.
    ContentLengthInvalid,
    /// More than one `Content-Length`.
    ContentLengthRepeated,
    /// Both `Content-Length` and `Transfer-Encoding`.
    BodySizeAmbiguous,
    /// A `Transfer-Encoding` that leaves open where the body ends.
    TransferEncodingInvalid,
    /// A coding under the chunks.
    TransferEncodingUnsupported,
    /// An `Expect` of something else than 100-continue (RFC 9110 section 10.1.1).
    ExpectationUnknown,
}

impl RequestError {
    /// The one place that maps a client's fault to the status it gets.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Head(HeadError::TooBig | HeadError::TooManyHeaders) => Status::HEAD_TOO_BIG,
            Self::TargetTooLong => Status::TARGET_TOO_LONG,
            // RFC 9112 3: a method longer than any that the server knows "SHOULD" get 501; so a coding that it does not know.
            Self::MethodTooLong | Self::TransferEncodingUnsupported => Status::NOT_IMPLEMENTED,
            Self::ExpectationUnknown => Status::EXPECTATION_FAILED,
            Self::VersionUnsupported => Status::VERSION_UNSUPPORTED,
            _ => Status::BAD_REQUEST,
        }
    }

    /// A sentence that says what was expected.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Head(error) => error.reason(),
            Self::MethodInvalid => {
                "expected an HTTP/1.1 request, without TLS, that starts with a method"
            }
            Self::MethodTooLong => "the method is longer than any that is known",
            Self::RequestLineInvalid => {
                "the first line must read: method, space, target, space, HTTP/1.1"
            }
            Self::TargetInvalid => {
                "the target must be a path in visible ASCII that starts with / and has no #"
            }
            Self::TargetTooLong => "the target must fit into a head of 16384 bytes",
            Self::VersionUnsupported => "the version must be HTTP/1.1",
            Self::HostMissing => "HTTP/1.1 needs a Host header",
            Self::HostRepeated => "the Host header must be there once",
            Self::HostInvalid => "the Host header must be a host name and perhaps a port",
            Self::ContentLengthInvalid => "Content-Length must be a decimal number",
            Self::ContentLengthRepeated => "Content-Length must be there once",
            Self::BodySizeAmbiguous => "send Content-Length or Transfer-Encoding, not both",
            Self::TransferEncodingInvalid => "Transfer-Encoding must be chunked, in HTTP/1.1",
            Self::TransferEncodingUnsupported => "no Transfer-Encoding but chunked is understood",
            Self::ExpectationUnknown => "nothing but 100-continue can be expected",
        }
    }

    /// The answer to the request.
    #[must_use]
    pub fn response(self) -> Response {
        Response::text(self.status(), format!("{}\n", self.reason()))
    }
}

impl From<HeadError> for RequestError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for RequestError {}
