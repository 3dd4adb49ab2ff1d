//! Connections that stay, RFC 9112 section 9.3, and clients that wait before they send a body, RFC 9110 section 10.1.1.

use crate::head_pieces::parse_request;
use sockeye::protocol::http::{
    Persistence, RequestError, Response, Status, StreamCoding, encode_chunk, encode_continue,
    encode_last_chunk, parse_head,
};

#[test]
fn http_1_1_stays_unless_it_says_close() {
    for (headers, persistence) in [
        ("", Persistence::KeepAlive),
        ("Connection: keep-alive\r\n", Persistence::KeepAlive),
        ("Connection: Upgrade\r\n", Persistence::KeepAlive),
        ("Connection: closed\r\n", Persistence::KeepAlive),
        ("X: close\r\n", Persistence::KeepAlive),
        ("Connection: close\r\n", Persistence::Close),
        ("connection:\tCLOSE \r\n", Persistence::Close),
        ("Connection: keep-alive, close\r\n", Persistence::Close),
        ("Connection: close, keep-alive\r\n", Persistence::Close),
        ("Connection: Upgrade\r\nConnection: ,close\r\n", Persistence::Close),
    ] {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
        assert_persistence(&head, persistence);
    }
}

#[test]
fn http_1_0_stays_only_if_it_asks_for_it() {
    for (headers, persistence) in [
        ("", Persistence::Close),
        ("Connection: Upgrade\r\n", Persistence::Close),
        ("Connection: close\r\n", Persistence::Close),
        ("Connection: keep-alive, close\r\n", Persistence::Close),
        ("Connection: Keep-Alive\r\nConnection: close\r\n", Persistence::Close),
        ("Connection: keep-alive\r\n", Persistence::KeepAliveHttp10),
        ("Connection: a, Keep-Alive\r\n", Persistence::KeepAliveHttp10),
    ] {
        let head = format!("GET / HTTP/1.0\r\n{headers}\r\n");
        assert_persistence(&head, persistence);
    }
}

fn assert_persistence(head: &str, persistence: Persistence) {
    let (request, _) = parse_head(head.as_bytes()).unwrap().unwrap();
    assert_eq!(request.persistence(), persistence, "{head}");
    assert_eq!(request.keeps_alive(), persistence != Persistence::Close, "{head}");
}

#[test]
fn a_response_says_about_the_connection_what_the_client_does_not_take_for_granted() {
    let plain = Response::new(Status::OK);
    let upgrade = || Response::new(Status::UPGRADE_REQUIRED).with_header("Upgrade", "websocket");
    for (persistence, plainly, with_upgrade) in [
        (Persistence::KeepAlive, None, "Upgrade"),
        (Persistence::KeepAliveHttp10, Some("keep-alive"), "keep-alive, Upgrade"),
        (Persistence::Close, Some("close"), "close, Upgrade"),
    ] {
        assert_eq!(connection_of(&plain, persistence).as_deref(), plainly);
        let found = connection_of(&upgrade().unwrap(), persistence);
        assert_eq!(found.as_deref(), Some(with_upgrade));
    }
}

fn connection_of(response: &Response, persistence: Persistence) -> Option<String> {
    let mut output = Vec::new();
    response.encode(false, persistence, &mut output);
    let text = String::from_utf8(output).unwrap();
    let mut values = text.lines().filter_map(|line| line.strip_prefix("Connection: "));
    let value = values.next().map(str::to_owned);
    assert_eq!(values.next(), None, "{text}");
    value
}

#[test]
fn a_response_that_keeps_the_connection_says_where_it_ends() {
    for (response, head_only, expected) in [
        (Response::new(Status::OK), false, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (Response::new(Status::OK), true, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (Response::new(Status::NO_CONTENT), false, "HTTP/1.1 204 No Content\r\n\r\n"),
        (Response::new(Status::NOT_MODIFIED), false, "HTTP/1.1 304 Not Modified\r\n\r\n"),
    ] {
        let mut output = Vec::new();
        response.encode(head_only, Persistence::KeepAlive, &mut output);
        assert_eq!(String::from_utf8(output).unwrap(), expected);
    }
}

#[test]
fn a_stream_is_sent_in_chunks() {
    let response = Response::new(Status::OK).with_content_type("text/event-stream").unwrap();
    let mut output = Vec::new();
    let coding =
        response.encode_stream_head(StreamCoding::Chunked, Persistence::KeepAlive, &mut output);
    assert_eq!(coding, StreamCoding::Chunked);
    encode_chunk(b"data: 1\n\n", &mut output);
    encode_chunk(b"", &mut output);
    encode_chunk(&[b'a'; 17], &mut output);
    encode_last_chunk(&mut output);
    assert_eq!(
        String::from_utf8(output).unwrap(),
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
         9\r\ndata: 1\n\n\r\n11\r\naaaaaaaaaaaaaaaaa\r\n0\r\n\r\n"
    );
}

#[test]
fn a_stream_up_to_the_end_of_the_connection_says_that_it_ends() {
    let ok = Response::new(Status::OK);
    let wanted = Persistence::KeepAliveHttp10;
    let (head, coding) = stream_head(&ok, StreamCoding::UntilClose, wanted);
    assert_eq!(head, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    assert_eq!(coding, StreamCoding::UntilClose);
}

#[test]
fn a_stream_that_must_not_be_leaves_the_connection_as_it_is() {
    let ok = Response::text(Status::OK, "not sent");
    let (head, coding) = stream_head(&ok, StreamCoding::None, Persistence::KeepAlive);
    assert!(head.ends_with("charset=utf-8\r\n\r\n"), "{head}");
    assert!(!head.contains("Transfer-Encoding") && !head.contains("Connection"), "{head}");
    assert_eq!(coding, StreamCoding::None);
    // RFC 9112 6.1: "A server MUST NOT send a Transfer-Encoding header field in any response with a status code of [...]
    // 204 (No Content)".
    for asked in [StreamCoding::Chunked, StreamCoding::UntilClose] {
        for status in [Status::NO_CONTENT, Status::NOT_MODIFIED] {
            let (head, coding) = stream_head(&Response::new(status), asked, Persistence::KeepAlive);
            assert_eq!(head, format!("HTTP/1.1 {status}\r\n\r\n"));
            assert_eq!(coding, StreamCoding::None);
        }
    }
}

fn stream_head(
    response: &Response,
    coding: StreamCoding,
    persistence: Persistence,
) -> (String, StreamCoding) {
    let mut output = Vec::new();
    let coding = response.encode_stream_head(coding, persistence, &mut output);
    (String::from_utf8(output).unwrap(), coding)
}

#[test]
fn the_request_says_how_a_stream_may_be_sent() {
    for (head, coding) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", StreamCoding::Chunked),
        ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", StreamCoding::Chunked),
        ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", StreamCoding::None),
        ("HEAD / HTTP/1.0\r\n\r\n", StreamCoding::None),
        ("GET / HTTP/1.0\r\n\r\n", StreamCoding::UntilClose),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", StreamCoding::UntilClose),
    ] {
        let (request, _) = parse_head(head.as_bytes()).unwrap().unwrap();
        assert_eq!(request.stream_coding(), coding, "{head}");
    }
}

#[test]
fn a_client_that_waits_before_it_sends_the_body_says_so() {
    for (version, headers, expects) in [
        ("1.1", "Content-Length: 1\r\nExpect: 100-continue\r\n", true),
        ("1.1", "Expect:100-Continue\r\nTransfer-Encoding: chunked\r\n", true),
        ("1.1", "Content-Length: 1\r\nExpect: ,100-continue, 100-continue\r\n", true),
        ("1.1", "Content-Length: 1\r\nExpect:\r\n", false),
        ("1.1", "Content-Length: 1\r\n", false),
        // Nothing is to be sent.
        ("1.1", "Content-Length: 0\r\nExpect: 100-continue\r\n", false),
        ("1.1", "Expect: 100-continue\r\n", false),
        // RFC 9110 10.1.1: "MUST ignore that expectation".
        ("1.0", "Content-Length: 1\r\nExpect: 100-continue\r\n", false),
        ("1.0", "Content-Length: 1\r\nExpect: the-impossible\r\n", false),
    ] {
        let head = format!("POST / HTTP/{version}\r\nHost: a\r\n{headers}\r\n");
        let (request, _) = parse_request(head.as_bytes()).unwrap().unwrap();
        assert_eq!(request.expects_continue(), expects, "{head}");
    }
    let mut output = Vec::new();
    encode_continue(&mut output);
    assert_eq!(output, b"HTTP/1.1 100 Continue\r\n\r\n");
}

#[test]
fn an_expectation_that_nobody_can_meet_is_417() {
    for expectation in
        ["the-impossible", "100-continue, x", "100-continue=1", "100", "\"100-continue\""]
    {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\nExpect: {expectation}\r\n\r\n");
        let error = parse_request(head.as_bytes()).unwrap_err();
        assert_eq!(error, RequestError::ExpectationUnknown, "{expectation}");
        assert_eq!(error.response().status(), Status::EXPECTATION_FAILED);
    }
}

#[test]
fn every_named_status_has_its_words() {
    for (status, words) in [
        (Status::CONTINUE, "100 Continue"),
        (Status::CREATED, "201 Created"),
        (Status::ACCEPTED, "202 Accepted"),
        (Status::NO_CONTENT, "204 No Content"),
        (Status::UNAUTHORIZED, "401 Unauthorized"),
        (Status::FORBIDDEN, "403 Forbidden"),
        (Status::NOT_ACCEPTABLE, "406 Not Acceptable"),
        (Status::CONFLICT, "409 Conflict"),
        (Status::GONE, "410 Gone"),
        (Status::LENGTH_REQUIRED, "411 Length Required"),
        (Status::PRECONDITION_FAILED, "412 Precondition Failed"),
        (Status::CONTENT_TOO_LARGE, "413 Content Too Large"),
        (Status::UNSUPPORTED_MEDIA_TYPE, "415 Unsupported Media Type"),
        (Status::EXPECTATION_FAILED, "417 Expectation Failed"),
        (Status::UNPROCESSABLE_CONTENT, "422 Unprocessable Content"),
        (Status::BAD_GATEWAY, "502 Bad Gateway"),
        (Status::SERVICE_UNAVAILABLE, "503 Service Unavailable"),
        (Status::GATEWAY_TIMEOUT, "504 Gateway Timeout"),
    ] {
        assert_eq!(status.to_string(), words);
    }
}
