//! RFC 6455 section 4.2: the server's side of the opening handshake.

use crate::head_pieces::parse_request;
use sockeye::protocol::handshake::{
    HandshakeError, SwitchError, accept_key, check_upgrade, encode_switching_protocols,
};
use sockeye::protocol::http::{HeaderError, Persistence, Request, parse_head};

#[test]
fn the_accept_value_of_the_rfc_s_example_is_right() {
    // RFC 6455 1.3.
    let accept = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(&accept, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn the_rfc_s_example_is_upgraded() {
    let input = handshake(&[
        ("Host", "server.example.com"),
        ("Origin", "http://example.com"),
        ("Sec-WebSocket-Protocol", "chat, superchat"),
    ]);
    let request = parse(&input);
    assert!(request.is_upgrade());
    assert_eq!(request.origin(), Some(b"http://example.com".as_slice()));
    let upgrade = check_upgrade(&request).unwrap();
    assert_eq!(upgrade.request(), &request);
    assert_eq!(upgrade.accept(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    let mut output = b"before".to_vec();
    encode_switching_protocols(&upgrade, Some("chat"), &[("Server", "x")], &mut output).unwrap();
    assert_eq!(
        String::from_utf8(output).unwrap(),
        "beforeHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\
         Server: x\r\n\r\n"
    );
}

#[test]
fn what_browsers_and_proxies_write_differently_is_upgraded() {
    for (name, value) in [
        ("Connection", "keep-alive, Upgrade"),
        ("Connection", "UPGRADE"),
        ("Upgrade", "WebSocket"),
        ("Upgrade", "h2c, websocket"),
        ("Sec-WebSocket-Version", "\t13 "),
        ("Content-Length", "0"),
        ("Sec-WebSocket-Key", "  AQIDBAUGBwgJCgsMDQ4PEC==\t"),
        ("Sec-WebSocket-Protocol", ", a,,b ,"),
        ("Sec-WebSocket-Extensions", ""),
    ] {
        let input = handshake(&[(name, value)]);
        let request = parse(&input);
        assert!(check_upgrade(&request).is_ok(), "{name}: {value}");
    }
}

#[test]
fn a_key_whose_unused_bits_are_set_is_answered_as_it_is() {
    // 22 random digits and two equal signs: what clients send that draw digits and not bytes.
    let input = handshake(&[("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEH==")]);
    let upgrade = check_upgrade(&parse(&input)).map(|upgrade| *upgrade.accept());
    assert_eq!(upgrade, Ok(accept_key(b"AQIDBAUGBwgJCgsMDQ4PEH==")));
}

#[test]
fn each_rule_that_a_request_breaks_has_its_answer() {
    for &(name, values, error, status) in BROKEN_REQUESTS {
        let headers: Vec<_> = values.iter().map(|value| (name, *value)).collect();
        let mut input = handshake(&headers);
        if values.is_empty() {
            input = handshake(&[(name, "absent")]);
            input = without_line(&input, name);
        }
        assert_refused(&input, error, status);
    }
}

const BROKEN_REQUESTS: &[(&str, &[&str], HandshakeError, u16)] = &[
    ("Upgrade", &[], HandshakeError::UpgradeMissing, 426),
    ("Upgrade", &["h2c"], HandshakeError::UpgradeMissing, 426),
    ("Upgrade", &["websocket/13"], HandshakeError::UpgradeMissing, 426),
    ("Connection", &[], HandshakeError::ConnectionInvalid, 400),
    ("Connection", &["keep-alive"], HandshakeError::ConnectionInvalid, 400),
    ("Sec-WebSocket-Version", &[], HandshakeError::VersionUnsupported, 426),
    ("Sec-WebSocket-Version", &["8"], HandshakeError::VersionUnsupported, 426),
    ("Sec-WebSocket-Version", &["013"], HandshakeError::VersionUnsupported, 426),
    ("Sec-WebSocket-Version", &["13, 8"], HandshakeError::VersionUnsupported, 426),
    ("Sec-WebSocket-Version", &["13", "13"], HandshakeError::VersionRepeated, 400),
    ("Sec-WebSocket-Key", &[], HandshakeError::KeyMissing, 400),
    ("Sec-WebSocket-Key", &[KEY, KEY], HandshakeError::KeyRepeated, 400),
    ("Sec-WebSocket-Key", &[KEY, ""], HandshakeError::KeyRepeated, 400),
    ("Sec-WebSocket-Protocol", &["a b"], HandshakeError::SubprotocolInvalid, 400),
    ("Sec-WebSocket-Protocol", &["a", "\u{e9}"], HandshakeError::SubprotocolInvalid, 400),
    ("Sec-WebSocket-Extensions", &["a;"], HandshakeError::ExtensionsInvalid, 400),
    ("Sec-WebSocket-Extensions", &["a", "=b"], HandshakeError::ExtensionsInvalid, 400),
    ("Origin", &["http://a", "http://b"], HandshakeError::OriginRepeated, 400),
    ("Content-Length", &["1"], HandshakeError::BodyUnexpected, 400),
    ("Transfer-Encoding", &["chunked"], HandshakeError::BodyUnexpected, 400),
];

#[test]
fn a_key_is_base64_of_sixteen_bytes() {
    for key in [
        "",
        "AQIDBAUGBwgJCgsMDQ4P",
        "AQIDBAUGBwgJCgsMDQ4PEBE=",
        "AQIDBAUGBwgJCgsMDQ4PEBES",
        "AQIDBAUGBwgJCgsMDQ4PEA",
        "AQIDBAUGBwgJCgsMDQ4PEA=",
        "AQIDBAUGBwgJCgsMDQ4PEA===",
        "AQIDBAUGBwgJCgsMDQ4P-A==",
        "AQIDBAUGBwgJ CgsMDQ4PEA==",
        "AQIDBAUGBwgJCgsMDQ4PEA==AQIDBAUGBwgJCgsMDQ4PEA==",
        "\u{e9}QIDBAUGBwgJCgsMDQ4PE==",
    ] {
        let input = handshake(&[("Sec-WebSocket-Key", key)]);
        assert_refused(&input, HandshakeError::KeyInvalid, 400);
    }
    let long = "A".repeat(10_000);
    assert_refused(&handshake(&[("Sec-WebSocket-Key", &long)]), HandshakeError::KeyInvalid, 400);
}

#[test]
fn other_methods_are_told_that_get_is_allowed() {
    for method in ["POST", "HEAD", "get", "OPTIONS"] {
        let input = String::from_utf8(handshake(&[])).unwrap();
        let input = input.replacen("GET", method, 1).into_bytes();
        let response = assert_refused(&input, HandshakeError::MethodNotAllowed, 405);
        assert!(response.contains("\r\nAllow: GET\r\n"), "{response}");
    }
}

#[test]
fn http_1_0_cannot_be_upgraded() {
    let input = String::from_utf8(handshake(&[])).unwrap();
    let input = input.replacen("HTTP/1.1", "HTTP/1.0", 1).into_bytes();
    assert!(!parse(&input).is_upgrade());
    assert_refused(&input, HandshakeError::HttpVersionTooOld, 400);
}

#[test]
fn a_plain_request_is_told_how_to_come_back() {
    let input = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert!(!parse(input).is_upgrade());
    let response = assert_refused(input, HandshakeError::UpgradeMissing, 426);
    for line in ["Upgrade: websocket", "Connection: close, Upgrade", "Sec-WebSocket-Version: 13"] {
        assert!(response.contains(&format!("\r\n{line}\r\n")), "{response}");
    }
    assert!(response.contains("connect with a WebSocket client"), "{response}");
}

#[test]
fn subprotocols_are_offered_in_order_across_headers() {
    let input = handshake(&[
        ("Sec-WebSocket-Protocol", "b, a"),
        ("sec-websocket-protocol", ""),
        ("SEC-WEBSOCKET-PROTOCOL", "v12.stomp,b"),
    ]);
    let request = parse(&input);
    let offered: Vec<_> = request.subprotocols().collect();
    assert_eq!(offered, ["b", "a", "v12.stomp", "b"]);
}

#[test]
fn a_subprotocol_that_was_not_offered_cannot_be_chosen() {
    let input = handshake(&[("Sec-WebSocket-Protocol", "chat, superchat")]);
    let request = parse(&input);
    let upgrade = check_upgrade(&request).unwrap();
    for chosen in ["Chat", "", "chat, superchat", "chat\r\nX: y", "other"] {
        let mut output = b"before".to_vec();
        let result = encode_switching_protocols(&upgrade, Some(chosen), &[], &mut output);
        assert_eq!(result, Err(SwitchError::SubprotocolNotOffered), "{chosen:?}");
        assert_eq!(output, b"before");
    }
}

#[test]
fn what_is_not_chosen_is_not_named_in_the_answer() {
    let input = handshake(&[
        ("Sec-WebSocket-Protocol", "chat, superchat"),
        ("Sec-WebSocket-Extensions", "permessage-deflate, x-other; a=1"),
    ]);
    let request = parse(&input);
    let upgrade = check_upgrade(&request).unwrap();
    let mut output = Vec::new();
    encode_switching_protocols(&upgrade, None, &[], &mut output).unwrap();
    assert_eq!(
        String::from_utf8(output).unwrap(),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
}

#[test]
fn a_request_without_an_origin_has_none() {
    let input = handshake(&[("Referer", "http://example.com/page")]);
    let request = parse(&input);
    assert_eq!(request.origin(), None);
    assert!(check_upgrade(&request).is_ok());
}

#[test]
fn a_header_of_the_caller_cannot_break_the_response() {
    let input = handshake(&[]);
    let request = parse(&input);
    let upgrade = check_upgrade(&request).unwrap();
    for (name, value, error) in [
        ("X", "a\r\nY: b", HeaderError::ValueInvalid),
        ("X\r\n", "a", HeaderError::NameInvalid),
        ("sec-websocket-accept", "a", HeaderError::Reserved),
        ("Sec-WebSocket-Protocol", "a", HeaderError::Reserved),
        ("Sec-WebSocket-Extensions", "a", HeaderError::Reserved),
        ("upgrade", "a", HeaderError::Reserved),
        ("Connection", "a", HeaderError::Reserved),
        ("Content-Length", "0", HeaderError::Reserved),
    ] {
        let mut output = b"before".to_vec();
        let headers = [("Set-Cookie", "a=b"), (name, value)];
        let result = encode_switching_protocols(&upgrade, None, &headers, &mut output);
        assert_eq!(result, Err(SwitchError::Header(error)), "{name}");
        assert_eq!(output, b"before");
    }
}

/// Demands the error, and returns the response to it.
fn assert_refused(input: &[u8], error: HandshakeError, status: u16) -> String {
    let request = parse(input);
    let refused = check_upgrade(&request).unwrap_err();
    assert_eq!(refused, error, "{}", input.escape_ascii());
    let mut output = Vec::new();
    refused.response().encode(false, Persistence::Close, &mut output);
    let response = String::from_utf8(output).unwrap();
    assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
    assert!(response.ends_with(&format!("{}\n", error.reason())), "{response}");
    if status == 426 {
        assert!(response.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{response}");
    }
    response
}

fn parse(input: &[u8]) -> Request<'_> {
    let (request, size) = parse_request(input).unwrap().unwrap();
    assert_eq!(size, input.len());
    request
}

/// The RFC's example with these headers, which replace those of the same name.
fn handshake(headers: &[(&str, &str)]) -> Vec<u8> {
    let usual = [
        ("Host", "example.com"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13"),
    ];
    let is_replaced =
        |usual: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(usual));
    let kept = usual.iter().filter(|(name, _)| !is_replaced(name));
    let mut head = "GET /chat HTTP/1.1\r\n".to_owned();
    for (name, value) in kept.chain(headers) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    assert!(!matches!(parse_head(head.as_bytes()), Ok(None)));
    head.into_bytes()
}

fn without_line(head: &[u8], name: &str) -> Vec<u8> {
    let head = str::from_utf8(head).unwrap();
    let lines = head.split_inclusive("\r\n");
    let kept: String = lines.filter(|line| !line.starts_with(name)).collect();
    assert!(kept.len() < head.len());
    kept.into_bytes()
}

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
