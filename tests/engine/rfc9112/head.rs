//! Request heads, RFC 9112: what is read from them, and what is refused.

use crate::head_pieces::{Answer, parse_request};
use sockeye::limits::{HEAD_SIZE_MAX, HEADERS_MAX, METHOD_SIZE_MAX};
use sockeye::protocol::http::{
    BodySize, HeadError, Request, RequestError, RequestParser, parse_head,
};

#[test]
fn a_head_is_read_into_its_parts() {
    let request = accepted(
        b"GET /chat/a%20b?room=1&x=? HTTP/1.1\r\nHost: example.com:8000\r\nX-Empty:\r\nx-twice: 1\r\n\
          Origin: https://example.com\r\nX-Twice:\t 2 \t\r\nX-Bytes: \xC3\xA9\xFF\r\n\r\n",
    );
    assert_eq!(request.method(), "GET");
    assert_eq!(request.target(), "/chat/a%20b?room=1&x=?");
    assert_eq!(request.path(), "/chat/a%20b");
    assert_eq!(request.query(), Some("room=1&x=?"));
    assert!(request.is_http_1_1());
    assert_eq!(request.host(), Some("example.com:8000"));
    assert_eq!(request.origin(), Some(b"https://example.com".as_slice()));
    assert_eq!(request.header("X-TWICE"), Some(b"1".as_slice()));
    assert_eq!(request.header("x-empty"), Some(b"".as_slice()));
    assert_eq!(request.header("x-absent"), None);
    assert_eq!(request.body_size(), BodySize::Known(0));
    let headers: Vec<_> = request.headers().collect();
    let expected: [(&str, &[u8]); 6] = [
        ("Host", b"example.com:8000"),
        ("X-Empty", b""),
        ("x-twice", b"1"),
        ("Origin", b"https://example.com"),
        ("X-Twice", b"2"),
        ("X-Bytes", b"\xC3\xA9\xFF"),
    ];
    assert_eq!(headers, expected);
    let twice: Vec<_> = request.header_map().all("x-twice").collect();
    assert_eq!(twice, [b"1", b"2"]);
}

#[test]
fn lists_are_read_across_headers_without_their_empty_elements() {
    let request = accepted(b"GET / HTTP/1.1\r\nHost: a\r\nL: a ,, b,\r\nl:\r\nL:\tC\r\n\r\n");
    let elements: Vec<_> = request.header_map().list("l").collect();
    assert_eq!(elements, [b"a", b"b", b"C"]);
    assert!(request.header_map().list_contains("L", "c"));
    assert!(!request.header_map().list_contains("L", "a b"));
}

#[test]
fn every_beginning_of_a_head_asks_for_more() {
    for size in 0..PLAIN.len() {
        assert_eq!(parse_head(&PLAIN[..size]), Ok(None), "{size} bytes");
    }
}

#[test]
fn the_bytes_after_a_head_are_left_to_the_caller() {
    let mut input = PLAIN.to_vec();
    input.extend_from_slice(b"\x81\x05hello\0\n\r");
    let (_, size) = parse_request(&input).unwrap().unwrap();
    assert_eq!(size, PLAIN.len());
}

#[test]
fn a_parser_reads_one_request_after_another() {
    let input = [PLAIN, b"GET /second HTTP/1.1\r\nHost: b\r\n\r\n"].concat();
    let mut parser = RequestParser::new();
    let (first, size) = parser.parse(&input).unwrap().unwrap();
    let (second, rest) = parser.parse(&input[size..]).unwrap().unwrap();
    assert_eq!((first.path(), second.path()), ("/", "/second"));
    assert_eq!(size + rest, input.len());
}

#[test]
fn what_was_read_once_is_not_read_again() {
    let mut input = b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n".to_vec();
    let mut parser = RequestParser::new();
    assert_eq!(parser.parse(&input), Ok(None));
    // Nobody may do this. Here it shows that the parser goes on from where it was, or it would complain about the NUL.
    let last = input.len() - 3;
    input[last] = 0;
    input.push(b'Y');
    assert_eq!(parser.parse(&input), Ok(None));
    assert!(parse_head(&input).is_err());
}

#[test]
fn one_empty_line_before_a_request_is_ignored() {
    let (request, size) = parse_request(b"\r\nGET / HTTP/1.0\r\n\r\n").unwrap().unwrap();
    assert_eq!((request.path(), size), ("/", 20));
    assert_refused(b"\r\n\r\nGET / HTTP/1.0\r\n\r\n", RequestError::MethodInvalid);
    assert_refused(b"\nGET / HTTP/1.0\r\n\r\n", RequestError::MethodInvalid);
}

#[test]
fn a_first_byte_that_cannot_start_a_method_is_refused_at_once() {
    for byte in 0..=u8::MAX {
        let is_method = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let expected = match is_method || byte == b'\r' {
            true => Ok(None),
            false => Err(RequestError::MethodInvalid),
        };
        assert_eq!(parse_head(&[byte]), expected, "{byte:#x}");
    }
}

#[test]
fn other_protocols_are_refused_before_the_head_would_end() {
    let refused: [(&[u8], RequestError); 6] = [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", RequestError::MethodInvalid),
        (b"SSH-2.0-OpenSSH_9.9\r", RequestError::MethodInvalid),
        (b"GET\0", RequestError::MethodInvalid),
        (b"PRI * HTTP/2.0\r\n", RequestError::VersionUnsupported),
        (b"EHLO example.com\r\n", RequestError::RequestLineInvalid),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01", RequestError::Head(HeadError::ControlCharacter)),
    ];
    for (input, error) in refused {
        assert_refused(input, error);
        // Not a byte earlier either: what is missing could still have been right.
        assert_eq!(parse_head(&input[..input.len() - 1]).is_err(), input[0] == 0x16);
    }
}

#[test]
fn a_method_has_a_longest_size() {
    let longest = "M".repeat(METHOD_SIZE_MAX);
    let request = format!("{longest} / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(accepted(request.as_bytes()).method(), longest);
    assert_eq!(parse_head(longest.as_bytes()), Ok(None));
    for end in ["", " / HTTP/1.1\r\n", "\0"] {
        let longer = format!("{longest}M{end}");
        assert_refused(longer.as_bytes(), RequestError::MethodTooLong);
    }
    assert_eq!(RequestError::MethodTooLong.status().number(), 501);
}

#[test]
fn a_request_line_that_does_not_end_is_414_and_a_head_that_does_not_end_431() {
    let line = b"GET / HTTP/1.1\r\nHost: a\r\n";
    let long_target = [b"GET /".as_slice(), &[b'a'; HEAD_SIZE_MAX]].concat();
    let long_header = [line.as_slice(), b"X: ", &[b'a'; HEAD_SIZE_MAX]].concat();
    for (input, error, status) in [
        (long_target, RequestError::TargetTooLong, 414),
        (long_header, RequestError::Head(HeadError::TooBig), 431),
    ] {
        assert_eq!(parse_head(&input[..HEAD_SIZE_MAX - 1]), Ok(None));
        assert_refused(&input[..HEAD_SIZE_MAX], error);
        assert_refused(&input, error);
        assert_eq!(error.status().number(), status);
    }
}

#[test]
fn a_head_of_exactly_the_limit_is_accepted() {
    let line = b"GET / HTTP/1.1\r\nHost: a\r\nX: ";
    let value = vec![b'a'; HEAD_SIZE_MAX - line.len() - 4];
    let mut head = [line, value.as_slice(), b"\r\n\r\n"].concat();
    assert_eq!(head.len(), HEAD_SIZE_MAX);
    assert_eq!(accepted(&head).header("x"), Some(value.as_slice()));
    head.insert(line.len(), b'a');
    assert_refused(&head, RequestError::Head(HeadError::TooBig));
}

#[test]
fn a_hundred_headers_are_accepted_and_one_more_is_431() {
    let mut head = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    head.extend_from_slice(b"x:\r\n".repeat(HEADERS_MAX - 1).as_slice());
    let complete = [head.as_slice(), b"\r\n"].concat();
    assert_eq!(accepted(&complete).headers().count(), HEADERS_MAX);
    head.extend_from_slice(b"x:\r\n");
    assert_refused(&head, RequestError::Head(HeadError::TooManyHeaders));
    let status = RequestError::Head(HeadError::TooManyHeaders).status();
    assert_eq!(status.number(), 431);
}

#[test]
fn only_http_1_1_and_1_0_are_spoken() {
    assert!(!accepted(b"GET / HTTP/1.0\r\n\r\n").is_http_1_1());
    for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.0"] {
        let head = format!("GET / {version}\r\n");
        assert_refused(head.as_bytes(), RequestError::VersionUnsupported);
    }
    assert_eq!(RequestError::VersionUnsupported.status().number(), 505);
}

#[test]
fn a_request_line_is_three_words_with_one_space_between_them() {
    for line in [
        "GET /",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /a b HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1",
        "GET / HTTP/11",
        "GET / HTTP/1.1.1",
        "GET / HTTP/2.0 x",
        "GET / XTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1",
        "GET HTTP/1.1",
        "GET ",
    ] {
        let head = format!("{line}\r\nHost: a\r\n\r\n");
        let error = parse_request(head.as_bytes()).unwrap_err();
        assert_eq!(error.status().number(), 400, "{line}");
    }
}

#[test]
fn a_target_is_a_path_or_the_address_of_one() {
    for (target, path, query, host) in [
        ("/", "/", None, "a"),
        ("/?", "/", Some(""), "a"),
        ("//b/c", "//b/c", None, "a"),
        ("/a?b?c", "/a", Some("b?c"), "a"),
        ("http://b", "/", None, "b"),
        ("http://b?c", "/", Some("c"), "b"),
        ("HTTPS://b:1/c?d", "/c", Some("d"), "b:1"),
        ("ws://[::1]:8000/c", "/c", None, "[::1]:8000"),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let request = accepted(head.as_bytes());
        assert_eq!(request.target(), target);
        assert_eq!((request.path(), request.query()), (path, query), "{target}");
        assert_eq!(request.host(), Some(host), "{target}");
    }
    let options = accepted(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(options.path(), "*");
    for target in [
        "*",
        "a",
        "a:443",
        "/a#b",
        "/\u{e9}",
        "ftp://a/",
        "http:///a",
        "http://u@a/",
        "http://a:b/",
        "://a/",
        "http://[::1/",
        "?a",
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_refused(head.as_bytes(), RequestError::TargetInvalid);
    }
}

#[test]
fn http_1_1_names_its_host_once() {
    for host in ["", "a", "A-b.example:80", "127.0.0.1:", "[::1]", "[::1]:8000", "a_b", "a%20b"] {
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(accepted(head.as_bytes()).host(), Some(host));
    }
    for host in [
        "a b", "a/b", "a:b", "a:1:2", "u@a", "[::1", "[]", "[::1]1", "::1", "a\u{e9}", "a?b",
        "a,\"b\"", "[a/b]",
    ] {
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_refused(head.as_bytes(), RequestError::HostInvalid);
    }
    assert_refused(b"GET / HTTP/1.1\r\n\r\n", RequestError::HostMissing);
    assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", RequestError::HostRepeated);
    // RFC 9112 3.2.2: the absolute form does not make up for it.
    assert_refused(b"GET http://a/ HTTP/1.1\r\n\r\n", RequestError::HostMissing);
    assert_eq!(accepted(b"GET / HTTP/1.0\r\n\r\n").host(), None);
}

#[test]
fn a_body_says_its_size() {
    for (headers, size) in [
        ("", BodySize::Known(0)),
        ("Content-Length: 0\r\n", BodySize::Known(0)),
        ("content-length:\t12 \r\n", BodySize::Known(12)),
        ("Content-Length: 007\r\n", BodySize::Known(7)),
        ("Content-Length: 18446744073709551615\r\n", BodySize::Known(u64::MAX)),
        ("Transfer-Encoding: Chunked\r\n", BodySize::Chunked),
    ] {
        assert_eq!(accepted(&post(headers)).body_size(), size, "{headers}");
    }
}

#[test]
fn a_line_end_without_cr_is_refused_in_the_request_line_too() {
    let error = RequestError::Head(HeadError::LineEndInvalid);
    assert_refused(b"GET / HTTP/1.1\nHost: a\n\n", error);
    assert_refused(b"GET / HTTP/1.1\rHost: a\r\r", error);
}

#[test]
fn a_head_with_any_one_byte_changed_is_answered_alike_in_every_piece() {
    let head = b"POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: y\r\n\r\n";
    let mut accepted = 0;
    for at in 0..head.len() {
        for byte in *b"\0\t\n\r \"#,/0:?AZz\x7F\xFF" {
            let mut changed = *head;
            changed[at] = byte;
            accepted += usize::from(matches!(parse_request(&changed), Ok(Some(_))));
        }
    }
    // Letters in names and values may change, line ends and the words of HTTP may not.
    assert!((100..500).contains(&accepted), "{accepted}");
}

fn accepted(input: &[u8]) -> Request<'_> {
    match parse_request(input) {
        Ok(Some((request, size))) if size == input.len() => request,
        answer => panic!("{}: {answer:?}", input.escape_ascii()),
    }
}

fn assert_refused(input: &[u8], error: RequestError) {
    let answer: Answer<'_> = parse_request(input);
    assert_eq!(answer, Err(error), "{}", input.escape_ascii());
}

fn post(headers: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n").into_bytes()
}

const PLAIN: &[u8] = b"GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n";
