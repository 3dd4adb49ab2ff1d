//! How a request names its host and where it ends: the rules that request smuggling lives on, RFC 9112 sections 3.2 and 6.

use super::{Headers, RequestError, target::is_authority};

/// What follows the head of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9112 section 6 knows no other end of a request")]
pub enum BodySize {
    /// This many bytes; none when the request announces no body.
    Known(u64),
    /// Chunks, the last of which is empty (RFC 9112 section 7.1).
    Chunked,
}

impl BodySize {
    /// The size of the body that these headers announce.
    pub(super) fn of(headers: Headers<'_>, is_http_1_1: bool) -> Result<Self, RequestError> {
        let length =
            headers.only("content-length").map_err(|_| RequestError::ContentLengthRepeated)?;
        match (is_chunked(headers, is_http_1_1)?, length) {
            // RFC 9112 6.3: "Such a message might indicate an attempt to perform request smuggling".
            (true, Some(_)) => Err(RequestError::BodySizeAmbiguous),
            (true, None) => Ok(Self::Chunked),
            (false, Some(length)) => parse_length(length).map(Self::Known),
            (false, None) => Ok(Self::Known(0)),
        }
    }
}

fn is_chunked(headers: Headers<'_>, is_http_1_1: bool) -> Result<bool, RequestError> {
    let mut codings = headers.all("transfer-encoding");
    let (Some(coding), further) = (codings.next(), codings.next()) else {
        return Ok(false);
    };
    // RFC 9112 6.1: with HTTP/1.0, "treat the message as if the framing is faulty".
    if !is_http_1_1 {
        return Err(RequestError::TransferEncodingInvalid);
    }
    if further.is_none() && coding.eq_ignore_ascii_case(b"chunked") {
        return Ok(true);
    }
    // RFC 9112 6.3: without chunked at the end, "the message body length cannot be determined reliably".
    match headers.list("transfer-encoding").last() {
        Some(last) if last.eq_ignore_ascii_case(b"chunked") => {
            Err(RequestError::TransferEncodingUnsupported)
        }
        _ => Err(RequestError::TransferEncodingInvalid),
    }
}

fn parse_length(value: &[u8]) -> Result<u64, RequestError> {
    // RFC 9110 8.6: `1*DIGIT`. Parsing alone would let a plus sign through.
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(value).ok().filter(|_| is_number);
    text.and_then(|digits| digits.parse().ok()).ok_or(RequestError::ContentLengthInvalid)
}

/// RFC 9112 3.2: 400 for a request that lacks `Host`, has more than one, or an invalid one.
pub(super) fn check_host<'b>(
    headers: Headers<'b>,
    is_http_1_1: bool,
) -> Result<Option<&'b str>, RequestError> {
    let host = headers.only("host").map_err(|_| RequestError::HostRepeated)?;
    let Some(host) = host else {
        return match is_http_1_1 {
            true => Err(RequestError::HostMissing),
            false => Ok(None),
        };
    };
    match str::from_utf8(host) {
        Ok(host) if is_authority(host) => Ok(Some(host)),
        _ => Err(RequestError::HostInvalid),
    }
}
