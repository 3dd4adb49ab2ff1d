//! What must hold for the first bytes of a connection, whatever they are.

use sockeye::limits::{HEAD_SIZE_MAX, HEADERS_MAX};
use sockeye::protocol::handshake::{Upgrade, check_upgrade, encode_switching_protocols};
use sockeye::protocol::http::{
    Persistence, Request, RequestError, RequestParser, Response, StreamCoding, parse_head,
};

/// The answer does not depend on the pieces in which the head arrives, nor on what follows it; a head is within its limits;
/// what was accepted has no byte that could be taken for the end of a line; every answer can be written.
pub fn check(input: &[u8]) {
    let answer = parse_head(input);
    check_pieces(input, answer);
    match answer {
        Ok(None) => assert!(input.len() < HEAD_SIZE_MAX),
        Ok(Some((request, size))) => check_request(input, &request, size),
        Err(error) => check_response(&error.response()),
    }
}

type Answer<'b> = Result<Option<(Request<'b>, usize)>, RequestError>;

fn check_pieces<'b>(input: &'b [u8], whole: Answer<'b>) {
    // One piece size taken from the input, and each byte on its own.
    let size = 2 + input.iter().map(|byte| usize::from(*byte)).sum::<usize>() % 255;
    for size in [1, size] {
        let mut parser = RequestParser::new();
        let mut answer = parser.parse(&[]);
        for end in (1..=input.len()).filter(|end| end % size == 0 || *end == input.len()) {
            answer = parser.parse(&input[..end]);
            if answer != Ok(None) {
                break;
            }
        }
        assert_eq!(answer, whole, "in pieces of {size}");
    }
    // Starting over with a part gives that answer, or asks for more.
    let part = parse_head(&input[..input.len() / 2]);
    assert!(part == Ok(None) || part == whole);
}

fn check_request(input: &[u8], request: &Request<'_>, size: usize) {
    let head = &input[..size];
    assert!(size <= HEAD_SIZE_MAX);
    assert!(head.ends_with(b"\r\n\r\n"));
    assert_eq!(parse_head(head), Ok(Some((*request, size))));
    let line_ends = head.iter().filter(|byte| **byte == b'\n').count();
    let returns = head.iter().filter(|byte| **byte == b'\r').count();
    assert_eq!(line_ends, returns);

    assert!(!request.method().is_empty());
    assert_eq!(request.target().contains('?'), request.query().is_some());
    assert_eq!(request.keeps_alive(), request.persistence() != Persistence::Close);
    let is_streamed_plainly = request.stream_coding() == StreamCoding::UntilClose;
    assert!(!is_streamed_plainly || !request.is_http_1_1());
    assert!(request.path().starts_with('/') || request.path() == "*");
    assert!(request.host().is_some() || !request.is_http_1_1());
    let is_in_line = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    let mut count = 0;
    for (name, value) in request.headers() {
        count += 1;
        assert!(
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
        );
        assert!(value.iter().all(is_in_line));
        assert!(request.header(name).is_some());
    }
    assert!(count <= HEADERS_MAX);
    // The request line and the empty line; one more may come before them.
    let lines_beside = if head.starts_with(b"\r\n") { 3 } else { 2 };
    assert_eq!(count + lines_beside, line_ends);
    check_handshake(request);
}

fn check_handshake(request: &Request<'_>) {
    let upgrade = match check_upgrade(request) {
        Ok(upgrade) => upgrade,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return check_response(&error.response());
        }
    };
    assert!(request.is_upgrade());
    assert!(request.extensions().all(|extension| extension.is_ok()));
    let chosen = request.subprotocols().last();
    let mut output = Vec::new();
    encode_switching_protocols(&upgrade, chosen, &[], &mut output).expect("it was offered");
    assert!(output.ends_with(b"\r\n\r\n"));
    check_refusals(&upgrade);
}

/// What must not be sent is refused, and nothing of it is there.
fn check_refusals(upgrade: &Upgrade<'_>) {
    let mut output = Vec::new();
    let unheard_of = encode_switching_protocols(upgrade, Some("un heard"), &[], &mut output);
    let smuggled = encode_switching_protocols(upgrade, None, &[("A", "b\r\nC: d")], &mut output);
    for refusal in [unheard_of, smuggled] {
        assert!(!refusal.expect_err("it must not be sent").to_string().is_empty());
    }
    assert!(output.is_empty());
}

fn check_response(response: &Response) {
    let mut output = Vec::new();
    response.encode(false, Persistence::Close, &mut output);
    assert!((400..600).contains(&response.status().number()));
    assert!(output.starts_with(b"HTTP/1.1 "));
    assert!(output.ends_with(response.body()));
}
