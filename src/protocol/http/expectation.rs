//! What a client waits for before it sends the body, RFC 9110 section 10.1.1.

use super::{BodySize, Headers, Request, RequestError};

impl Request<'_> {
    /// Whether the client waits for `100 Continue` before it sends the body. Who wants the body sends
    /// [`encode_continue`](super::encode_continue); who does not answers at once and ends the connection.
    #[must_use]
    pub fn expects_continue(&self) -> bool {
        // Who announces no body waits for nothing, whatever the header says.
        self.is_http_1_1()
            && self.body_size() != BodySize::Known(0)
            && self.header_map().list_contains("expect", CONTINUE)
    }
}

/// RFC 9110 10.1.1: 417 for an expectation that is not 100-continue, and no look at any in HTTP/1.0.
pub(super) fn check_expectation(
    headers: Headers<'_>,
    is_http_1_1: bool,
) -> Result<(), RequestError> {
    let is_known = |expected: &[u8]| expected.eq_ignore_ascii_case(CONTINUE.as_bytes());
    match !is_http_1_1 || headers.list("expect").all(is_known) {
        true => Ok(()),
        false => Err(RequestError::ExpectationUnknown),
    }
}

const CONTINUE: &str = "100-continue";
