//! RFC 6455 sections 3 and 11.1: what of a WebSocket URI a client sends and a server takes.

use crate::head_pieces::parse_request;
use sockeye::protocol::handshake::{ClientHandshake, ClientRequestError};
use sockeye::protocol::http::{RequestError, parse_head};

#[test]
fn a_fragment_is_refused_by_clients_and_servers() {
    for path in ["/#", "/chat#room", "/chat?a=1#room", "/chat#%23"] {
        let client = ClientHandshake::new("example.com", path, &[], &[], NONCE);
        assert_eq!(client.unwrap_err(), ClientRequestError::PathInvalid, "{path}");
        for target in [path.to_owned(), format!("http://example.com{path}")] {
            let head = format!("GET {target} HTTP/1.1\r\nHost: example.com\r\n\r\n");
            let answer = parse_request(head.as_bytes());
            assert_eq!(answer.unwrap_err(), RequestError::TargetInvalid, "{target}");
        }
    }
}

#[test]
fn an_escaped_number_sign_is_part_of_the_path() {
    let client = ClientHandshake::new("example.com", "/%23chat?room=%231", &[], &[], NONCE);
    let mut request = Vec::new();
    client.unwrap().encode_request(&mut request);
    let (request, _) = parse_head(&request).unwrap().unwrap();
    assert_eq!((request.path(), request.query()), ("/%23chat", Some("room=%231")));
}

#[test]
fn characters_beyond_ascii_are_refused_before_they_are_sent() {
    let error = |host, path| ClientHandshake::new(host, path, &[], &[], NONCE).unwrap_err();
    for host in ["b\u{fc}cher.example", "\u{2603}", "[::\u{e9}]", "example.com\u{ff1a}80"] {
        assert_eq!(error(host, "/"), ClientRequestError::HostInvalid, "{host}");
    }
    for path in ["/\u{fc}", "/a?b=\u{2603}", "/\u{ff0f}"] {
        assert_eq!(error("example.com", path), ClientRequestError::PathInvalid, "{path}");
    }
    let converted = ClientHandshake::new("xn--bcher-kva.example", "/%C3%BC", &[], &[], NONCE);
    assert!(converted.is_ok());
}

const NONCE: [u8; 16] = *b"the sample nonce";
