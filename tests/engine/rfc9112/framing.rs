//! Requests whose end could be disputed, RFC 9112 section 11.2: each is refused, alone and behind a good one.

use crate::head_pieces::{every_cut, parse_request};
use sockeye::protocol::http::{
    BodyError, BodyPart, BodyReader, HeadError, RequestError, RequestParser,
};

/// RFC 9112 6.3: such a message "ought to be handled as an error".
#[test]
fn a_length_and_a_coding_together_are_refused() {
    let error = RequestError::BodySizeAmbiguous;
    assert_refused("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", error);
    assert_refused("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", error);
    assert_refused("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", error);
    assert_refused("transfer-encoding: CHUNKED\r\nX: y\r\nCONTENT-LENGTH: 5\r\n", error);
}

/// RFC 9112 6.3: several lengths are an "unrecoverable error"; equal ones may be refused, and are.
#[test]
fn two_lengths_are_refused() {
    let error = RequestError::ContentLengthRepeated;
    assert_refused("Content-Length: 5\r\nContent-Length: 6\r\n", error);
    assert_refused("Content-Length: 5\r\ncontent-length: 5\r\n", error);
    assert_refused("Content-Length: 5\r\nX: y\r\nContent-Length:\r\n", error);
    assert_refused("Content-Length: 5, 5\r\n", RequestError::ContentLengthInvalid);
    assert_refused("Content-Length: 5,6\r\n", RequestError::ContentLengthInvalid);
}

/// RFC 9112 6.3 and RFC 9110 8.6: `Content-Length = 1*DIGIT`.
#[test]
fn a_length_that_is_no_plain_number_is_refused() {
    for length in [
        "",
        "+5",
        "-5",
        "-0",
        "0x5",
        "5 5",
        "5.0",
        "5e0",
        "5;",
        "\"5\"",
        "five",
        "\u{665}",
        "5_0",
        "18446744073709551616",
        "99999999999999999999999",
    ] {
        let headers = format!("Content-Length: {length}\r\n");
        assert_refused(&headers, RequestError::ContentLengthInvalid);
    }
}

/// RFC 9112 6.3: without chunked at the end "the message body length cannot be determined reliably".
#[test]
fn a_coding_that_leaves_the_end_open_is_refused() {
    for coding in [
        "",
        "identity",
        "gzip",
        "chunked, gzip",
        "xchunked",
        "\"chunked\"",
        "chunked;q=1",
        "chunked x",
        "'chunked'",
    ] {
        let headers = format!("Transfer-Encoding: {coding}\r\n");
        assert_refused(&headers, RequestError::TransferEncodingInvalid);
    }
    let headers = "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n";
    assert_refused(headers, RequestError::TransferEncodingInvalid);
}

/// RFC 9112 6.1: 501 for a coding that the server does not understand, and chunked "MUST NOT" be applied twice.
#[test]
fn a_coding_under_the_chunks_is_refused() {
    for headers in [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: identity, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
    ] {
        assert_refused(headers, RequestError::TransferEncodingUnsupported);
    }
    assert_eq!(RequestError::TransferEncodingUnsupported.status().number(), 501);
}

/// RFC 9112 6.1: with HTTP/1.0, "treat the message as if the framing is faulty".
#[test]
fn http_1_0_has_no_coding() {
    let request = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_request_refused(request, RequestError::TransferEncodingInvalid);
}

/// RFC 9112 5.2: "MUST either reject the message [...] or replace".
#[test]
fn a_header_on_two_lines_is_refused() {
    let error = RequestError::Head(HeadError::HeaderFolded);
    for headers in [
        "X: a\r\n b\r\n",
        "X: a\r\n\tb\r\n",
        "X: a\r\n \r\n",
        "Content-Length:\r\n 5\r\n",
        "Transfer-Encoding:\r\n\tchunked\r\n",
        // RFC 9112 2.2: space before the first header, where it belongs to nothing.
        " Content-Length: 5\r\n",
    ] {
        assert_refused(headers, error);
    }
    assert_request_refused(b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", error);
}

/// RFC 9112 5.1: "A server MUST reject [...] any received request message that contains whitespace between a header
/// field name and colon".
#[test]
fn space_before_a_colon_is_refused() {
    let error = RequestError::Head(HeadError::HeaderInvalid);
    for headers in [
        "Content-Length : 5\r\n",
        "Content-Length\t: 5\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X Y: a\r\n",
        "X\r\n",
        ": a\r\n",
        "X(: a\r\n",
        "X\u{e9}: a\r\n",
    ] {
        assert_refused(headers, error);
    }
}

/// RFC 9110 5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous".
#[test]
fn nul_and_other_control_characters_are_refused() {
    let error = RequestError::Head(HeadError::ControlCharacter);
    for headers in [
        "X: a\0b\r\n",
        "X: a\0\r\n",
        "X\0: a\r\n",
        "Content-Length: 5\0\r\n",
        "Transfer-Encoding: chunked\0\r\n",
        "Transfer-Encoding: \x0bchunked\r\n",
        "X: a\x0bb\r\n",
        "X: a\x7fb\r\n",
    ] {
        assert_refused(headers, error);
    }
}

/// RFC 9112 2.2: "A sender MUST NOT generate a bare CR"; LF alone may be taken for a line end, and is not.
#[test]
fn a_line_end_that_is_not_cr_lf_is_refused() {
    let error = RequestError::Head(HeadError::LineEndInvalid);
    for headers in [
        "X: a\rb\r\n",
        "X: a\r\r\n",
        "\rX: a\r\n",
        "X: a\nY: b\r\n",
        "X: a\n\r\n",
        "\n",
        "X: a\nContent-Length: 5\r\n",
        "X: a\rContent-Length: 5\r\n",
    ] {
        assert_refused(headers, error);
    }
    assert_request_refused(b"GET / HTTP/1.1\nHost: a\n\n", error);
    assert_request_refused(b"GET / HTTP/1.1\rHost: a\r\r", error);
}

/// RFC 9112 3.2: a request with two hosts is for whom?
#[test]
fn two_hosts_are_refused() {
    assert_refused("Host: a\r\n", RequestError::HostRepeated);
    assert_refused("host: b\r\n", RequestError::HostRepeated);
}

#[test]
fn good_requests_are_read_one_behind_the_other() {
    let input = GOOD.concat();
    let expected: Vec<_> = ["/none", "/known", "/chunks", "/old"]
        .into_iter()
        .zip([b"".as_slice(), b"hello", b"hello, world", b"x"])
        .map(|(path, body)| (path.to_owned(), body.to_vec()))
        .collect();
    for cuts in every_cut(input.len()) {
        assert_eq!(read_requests(&input, &cuts), (expected.clone(), None), "cut at {cuts:?}");
    }
}

#[test]
fn a_fault_in_a_body_ends_the_requests() {
    let input = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n";
    for cuts in every_cut(input.len()) {
        let (requests, fault) = read_requests(input, &cuts);
        assert_eq!(fault, Some(Fault::Body(BodyError::ChunkSizeInvalid)), "cut at {cuts:?}");
        assert_eq!(requests, []);
    }
}

/// Demands that a request with these headers is refused.
fn assert_refused(headers: &str, error: RequestError) {
    let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    assert_request_refused(request.as_bytes(), error);
}

fn assert_request_refused(request: &[u8], error: RequestError) {
    let shown = request.escape_ascii();
    assert_eq!(parse_request(request), Err(error), "{shown}");
    assert!([400, 501].contains(&error.status().number()));
    for good in GOOD {
        let input = [*good, request].concat();
        for cuts in every_cut(input.len()) {
            let (requests, fault) = read_requests(&input, &cuts);
            assert_eq!(requests.len(), 1, "{shown} cut at {cuts:?}");
            assert_eq!(fault, Some(Fault::Head(error)), "{shown} cut at {cuts:?}");
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Head(RequestError),
    Body(BodyError),
}

/// Reads requests one behind the other, as a server does: complete ones with path and body, and the fault that ended it.
fn read_requests(input: &[u8], cuts: &[usize]) -> (Vec<(String, Vec<u8>)>, Option<Fault>) {
    let mut requests = Vec::new();
    let mut connection = Pipeline::default();
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([input.len()]);
    for (start, end) in starts.zip(ends) {
        connection.unread.extend_from_slice(&input[start..end]);
        loop {
            match connection.next_request() {
                Ok(Some(request)) => requests.push(request),
                Ok(None) => break,
                Err(fault) => return (requests, Some(fault)),
            }
        }
    }
    (requests, None)
}

#[derive(Default)]
struct Pipeline {
    parser: RequestParser,
    unread: Vec<u8>,
    under_way: Option<(String, Vec<u8>, BodyReader)>,
}

impl Pipeline {
    fn next_request(&mut self) -> Result<Option<(String, Vec<u8>)>, Fault> {
        if self.under_way.is_none() {
            let Some((request, size)) = self.parser.parse(&self.unread).map_err(Fault::Head)?
            else {
                return Ok(None);
            };
            let reader = BodyReader::new(request.body_size(), 1000).map_err(Fault::Body)?;
            self.under_way = Some((request.path().to_owned(), Vec::new(), reader));
            self.unread.drain(..size);
        }
        let (_, body, reader) = self.under_way.as_mut().expect("it was set if it was not there");
        let mut input = self.unread.as_slice();
        while let Some(BodyPart::Data(data)) =
            reader.handle_input(&mut input).map_err(Fault::Body)?
        {
            body.extend_from_slice(data);
        }
        let taken = self.unread.len() - input.len();
        self.unread.drain(..taken);
        let ended = self.under_way.take_if(|(.., reader)| reader.is_ended());
        Ok(ended.map(|(path, body, _)| (path, body)))
    }
}

const GOOD: &[&[u8]] = &[
    b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /known HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n7\r\n, world\r\n0\r\nX: y\r\n\r\n",
    b"POST /old HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
];
