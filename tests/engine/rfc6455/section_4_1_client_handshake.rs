//! RFC 6455 section 4.1: the client's side of the opening handshake.

use crate::head_pieces::{assert_same, every_cut, first_answer};
use crate::support::some_of;
use sockeye::limits::{HEAD_SIZE_MAX, HEADERS_MAX};
use sockeye::protocol::handshake::{
    Accepted, ClientHandshake, ClientHandshakeError, ClientRequestError, check_upgrade,
    encode_switching_protocols,
};
use sockeye::protocol::http::{HeadError, HeaderError, Status, parse_head};

#[test]
fn the_request_has_what_the_rfc_demands() {
    let client = ClientHandshake::new(
        "server.example.com:8000",
        "/chat?room=1",
        &["chat", "superchat"],
        &[("Origin", "http://example.com")],
        *b"the sample nonce",
    );
    let client = client.unwrap().with_extensions("x-a; b=1, x-c").unwrap();
    let mut output = Vec::new();
    client.encode_request(&mut output);
    assert_eq!(
        String::from_utf8(output).unwrap(),
        "GET /chat?room=1 HTTP/1.1\r\nHost: server.example.com:8000\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
         Sec-WebSocket-Extensions: x-a; b=1, x-c\r\nOrigin: http://example.com\r\n\r\n"
    );
}

#[test]
fn our_client_and_our_server_open_a_websocket() {
    let mut client = client();
    let mut request = Vec::new();
    client.encode_request(&mut request);
    let (request, _) = parse_head(&request).unwrap().unwrap();
    let upgrade = check_upgrade(&request).unwrap();
    let mut response = Vec::new();
    let headers = [("X-Node", "7")];
    encode_switching_protocols(&upgrade, Some("superchat"), &headers, &mut response).unwrap();
    let size = response.len();
    response.extend_from_slice(b"\x81\x05hello");
    let accepted = client.handle_response(&response).unwrap().unwrap();
    assert_eq!(accepted.subprotocol(), Some("superchat"));
    assert_eq!(accepted.header_map().first("x-node"), Some(b"7".as_slice()));
    assert_eq!(accepted.header_map().iter().count(), 5);
    assert_eq!(accepted.size(), size);
}

#[test]
fn what_servers_write_differently_is_accepted() {
    for (name, value) in [
        ("Upgrade", "WebSocket"),
        ("Connection", "upgrade, keep-alive"),
        ("Sec-WebSocket-Extensions", ""),
        ("Sec-WebSocket-Extensions", "x-b; c=\"1\""),
        ("X-Bytes", "\u{e9}"),
    ] {
        let input = switching(&[(name, value)]);
        assert!(judge(&input).is_ok_and(|a| a.is_some()), "{name}: {value}");
    }
    let without_phrase = switching(&[]);
    let without_phrase = String::from_utf8(without_phrase).unwrap();
    let without_phrase = without_phrase.replacen(" Switching Protocols", " ", 1);
    assert!(judge(without_phrase.as_bytes()).is_ok_and(|a| a.is_some()));
}

#[test]
fn a_server_that_chooses_no_subprotocol_is_accepted() {
    let input = switching(&[]);
    let accepted = judge(&input).unwrap().unwrap();
    assert_eq!(accepted.subprotocol(), None);
    assert_eq!(accepted.extensions().count(), 0);
}

#[test]
fn accepted_extensions_are_read() {
    let input = switching(&[("Sec-WebSocket-Extensions", "x-b; c=1, x-a")]);
    let accepted = judge(&input).unwrap().unwrap();
    let names: Vec<_> = accepted.extensions().map(|e| e.name()).collect();
    assert_eq!(names, ["x-b", "x-a"]);
}

#[test]
fn each_rule_that_a_response_breaks_is_named() {
    let lower = switching(&[("Sec-WebSocket-Accept", &ACCEPT.to_lowercase())]);
    assert_eq!(judge(&lower), Err(ClientHandshakeError::AcceptInvalid));
    for &(name, values, error) in BROKEN_RESPONSES {
        let headers: Vec<_> = values.iter().map(|value| (name, *value)).collect();
        let input = match values {
            [] => without_header(name),
            _ => switching(&headers),
        };
        assert_eq!(judge(&input), Err(error), "{}", input.escape_ascii());
    }
}

const BROKEN_RESPONSES: &[(&str, &[&str], ClientHandshakeError)] = &[
    ("Upgrade", &[], ClientHandshakeError::UpgradeInvalid),
    ("Upgrade", &["h2c"], ClientHandshakeError::UpgradeInvalid),
    ("Upgrade", &["websocket, h2c"], ClientHandshakeError::UpgradeInvalid),
    ("Upgrade", &["websocket", "websocket"], ClientHandshakeError::UpgradeInvalid),
    ("Connection", &[], ClientHandshakeError::ConnectionInvalid),
    ("Connection", &["keep-alive"], ClientHandshakeError::ConnectionInvalid),
    ("Sec-WebSocket-Accept", &[], ClientHandshakeError::AcceptInvalid),
    ("Sec-WebSocket-Accept", &[""], ClientHandshakeError::AcceptInvalid),
    (
        "Sec-WebSocket-Accept",
        &["AAAAAAAAAAAAAAAAAAAAAAAAAAA="],
        ClientHandshakeError::AcceptInvalid,
    ),
    ("Sec-WebSocket-Accept", &[ACCEPT, ACCEPT], ClientHandshakeError::AcceptInvalid),
    ("Sec-WebSocket-Protocol", &["other"], ClientHandshakeError::SubprotocolNotOffered),
    ("Sec-WebSocket-Protocol", &["Chat"], ClientHandshakeError::SubprotocolNotOffered),
    ("Sec-WebSocket-Protocol", &["chat, superchat"], ClientHandshakeError::SubprotocolNotOffered),
    ("Sec-WebSocket-Protocol", &["chat", "chat"], ClientHandshakeError::SubprotocolNotOffered),
    ("Sec-WebSocket-Protocol", &[""], ClientHandshakeError::SubprotocolNotOffered),
    ("Sec-WebSocket-Extensions", &["x-a, x-z"], ClientHandshakeError::ExtensionNotOffered),
    ("Sec-WebSocket-Extensions", &["x-b;"], ClientHandshakeError::ExtensionsInvalid),
    ("Sec-WebSocket-Extensions", &["x-a", "x-b"], ClientHandshakeError::ExtensionRepeated),
    ("Sec-WebSocket-Extensions", &["x-a, x-b, x-a"], ClientHandshakeError::ExtensionRepeated),
];

#[test]
fn any_extension_is_refused_by_a_client_that_offered_none() {
    let mut client = ClientHandshake::new("a", "/", &[], &[], *NONCE).unwrap();
    let input = switching(&[("Sec-WebSocket-Extensions", "permessage-deflate")]);
    let answer = client.handle_response(&input);
    assert_eq!(answer, Err(ClientHandshakeError::ExtensionNotOffered));
}

#[test]
fn another_status_is_told_to_the_caller_before_the_head_ends() {
    for (line, number) in [
        ("HTTP/1.1 200 OK", 200),
        ("HTTP/1.1 401 Unauthorized", 401),
        ("HTTP/1.0 503 \u{e9}", 503),
        ("HTTP/1.1 302", 302),
    ] {
        let input = format!("{line}\r\n");
        let status = Status::new(number).unwrap();
        assert_eq!(judge(input.as_bytes()), Err(ClientHandshakeError::Refused(status)));
    }
    let error = ClientHandshakeError::Refused(Status::NOT_FOUND);
    let sentence = "the server answered 404 Not Found, not 101: there is no such path";
    assert_eq!(error.to_string(), sentence);
}

#[test]
fn what_is_no_http_1_1_response_is_refused_at_once() {
    for input in [
        "\0",
        "h",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n".trim_start_matches('H'),
        "\r\nHTTP/1.1 101 S\r\n",
        "SSH-2.0-x",
        "HTTP/1.0 101 Switching Protocols\r\n",
        "HTTP/2.0 101 Switching Protocols\r\n",
        "HTTP/1.1  101 Switching Protocols\r\n",
        "HTTP/1.1 1o1 Switching Protocols\r\n",
        "HTTP/1.1 1011 Switching Protocols\r\n",
        "HTTP/1.1 600 No\r\n",
        "HTTP/1.1 099 No\r\n",
        "HTTP/1.1\r\n",
    ] {
        let answer = judge(input.as_bytes());
        assert_eq!(answer, Err(ClientHandshakeError::StatusLineInvalid), "{input:?}");
    }
}

#[test]
fn a_response_head_is_read_as_strictly_as_a_request_head() {
    for (headers, error) in [
        ("X : a\r\n", HeadError::HeaderInvalid),
        ("X: a\r\n b\r\n", HeadError::HeaderFolded),
        ("X: a\nY: b\r\n", HeadError::LineEndInvalid),
        ("X: a\0\r\n", HeadError::ControlCharacter),
    ] {
        let input = format!("HTTP/1.1 101 Switching Protocols\r\n{headers}\r\n");
        assert_eq!(judge(input.as_bytes()), Err(ClientHandshakeError::Head(error)));
    }
    let many = [STATUS_LINE, &b"x:\r\n".repeat(HEADERS_MAX + 1)].concat();
    let error = ClientHandshakeError::Head(HeadError::TooManyHeaders);
    assert_eq!(judge(&many), Err(error));
    let long = [STATUS_LINE, b"x: ", &[b'a'; HEAD_SIZE_MAX]].concat();
    assert_eq!(judge(&long), Err(ClientHandshakeError::Head(HeadError::TooBig)));
}

#[test]
fn interim_responses_are_passed_over() {
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    let mut input = [interim.as_slice(), &switching(&[])].concat();
    let size = input.len();
    input.extend_from_slice(b"\x81\0");
    let accepted = judge(&input).unwrap().unwrap();
    assert_eq!(accepted.size(), size);
    assert_eq!(accepted.header_map().iter().count(), 3);

    let garbage = [interim.as_slice(), b"\r\nHTTP/1.1 101 S\r\n"].concat();
    assert_eq!(judge(&garbage), Err(ClientHandshakeError::StatusLineInvalid));
    let endless = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(HEAD_SIZE_MAX / 25 + 1);
    assert_eq!(judge(&endless), Err(ClientHandshakeError::Head(HeadError::TooBig)));
}

#[test]
fn a_response_with_any_one_byte_changed_is_answered_alike_in_every_piece() {
    let response = switching(&[("Sec-WebSocket-Protocol", "chat")]);
    for at in some_of(0..response.len()) {
        for byte in
            [0, b'\t', b'\n', b'\r', b' ', b'"', b',', b'0', b':', b';', b'A', b'z', 0x7F, 0xFF]
        {
            let mut changed = response.clone();
            changed[at] = byte;
            let _answer = judge(&changed);
        }
    }
}

#[test]
fn a_request_that_must_not_be_sent_is_not_made() {
    let with = |host, path, subprotocols: &[&str], header| {
        ClientHandshake::new(host, path, subprotocols, &[header], *NONCE).unwrap_err()
    };
    let header = ("X", "a");
    for host in ["", "a b", "a/b", "u@a", "a\r\nX: b", "a:b"] {
        assert_eq!(with(host, "/", &[], header), ClientRequestError::HostInvalid, "{host:?}");
    }
    for path in ["", "a", "/a b", "/a\r\n", "/a#b", "/\u{e9}", "http://a/", "*"] {
        assert_eq!(with("a", path, &[], header), ClientRequestError::PathInvalid, "{path:?}");
    }
    for names in [["a", "a"], ["a", ""], ["a", "b c"], ["a,b", "c"], ["a\r\n", "b"]] {
        assert_eq!(with("a", "/", &names, header), ClientRequestError::SubprotocolInvalid);
    }
    for (name, value, error) in [
        ("X", "a\r\nY: b", HeaderError::ValueInvalid),
        ("X Y", "a", HeaderError::NameInvalid),
        ("host", "a", HeaderError::Reserved),
        ("sec-websocket-key", "a", HeaderError::Reserved),
        ("Sec-WebSocket-Extensions", "a", HeaderError::Reserved),
    ] {
        let error = ClientRequestError::Header(error);
        assert_eq!(with("a", "/", &[], (name, value)), error);
    }
    for offer in ["a;", "a=b", "a b"] {
        let error = client().with_extensions(offer).unwrap_err();
        assert_eq!(error, ClientRequestError::ExtensionsInvalid, "{offer}");
    }
    let error = client().with_extensions("a;\r\nb").unwrap_err();
    assert_eq!(error, ClientRequestError::Header(HeaderError::ValueInvalid));
}

/// Judges a response whole, and demands the same answer from every cut of it.
fn judge(input: &[u8]) -> Result<Option<Accepted<'_>>, ClientHandshakeError> {
    let answer = client().handle_response(input);
    for cuts in every_cut(input.len()) {
        let mut client = client();
        let cut = first_answer(input, &cuts, |bytes| client.handle_response(bytes));
        assert_same(&answer, &cut, input, &cuts);
    }
    answer
}

fn client() -> ClientHandshake {
    let client = ClientHandshake::new("a", "/", &["chat", "superchat"], &[], *NONCE);
    client.unwrap().with_extensions("x-a, x-b; c").unwrap()
}

/// The RFC's example with these headers, which replace those of the same name.
fn switching(headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = STATUS_LINE.to_vec();
    let is_replaced = |usual: &str| headers.iter().any(|(name, _)| *name == usual);
    let kept = USUAL.iter().filter(|(name, _)| !is_replaced(name));
    for (name, value) in kept.chain(headers) {
        head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn without_header(missing: &str) -> Vec<u8> {
    let mut head = STATUS_LINE.to_vec();
    for (name, value) in USUAL.iter().filter(|(name, _)| *name != missing) {
        head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head
}

const STATUS_LINE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n";
const USUAL: [(&str, &str); 3] =
    [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", ACCEPT)];
const NONCE: &[u8; 16] = b"the sample nonce";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
