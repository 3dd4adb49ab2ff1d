//! RFC 6455 section 3: the address of a WebSocket.

use sockeye::protocol::handshake::{Uri, UriError};

#[test]
fn an_address_is_taken_apart() {
    for (text, host, port, resource, host_header) in [
        ("ws://example.com", "example.com", 80, "/", "example.com"),
        ("WS://example.com:80/", "example.com", 80, "/", "example.com"),
        ("ws://example.com:/chat", "example.com", 80, "/chat", "example.com"),
        ("ws://h:8000/a/b?c=d&e", "h", 8000, "/a/b?c=d&e", "h:8000"),
        // RFC 6455 3: "/" if the path is empty, and "?" if the query is not.
        ("ws://h?c=d/e:1", "h", 80, "/?c=d/e:1", "h"),
        ("ws://[::1]:8000/x", "::1", 8000, "/x", "[::1]:8000"),
        ("ws://[2001:db8::7]", "2001:db8::7", 80, "/", "[2001:db8::7]"),
        ("ws://127.0.0.1:1/@:[]", "127.0.0.1", 1, "/@:[]", "127.0.0.1:1"),
        ("wss://h/", "h", 443, "/", "h"),
        ("wss://h:80/%23", "h", 80, "/%23", "h:80"),
        ("ws://h:443", "h", 443, "/", "h:443"),
    ] {
        let uri = Uri::parse(text).unwrap();
        assert_eq!((uri.host(), uri.port(), uri.resource_name()), (host, port, resource), "{text}");
        assert_eq!(uri.host_header(), host_header, "{text}");
        assert_eq!(uri.is_secure(), text.starts_with("wss"), "{text}");
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        assert_eq!(uri.authority(), format!("{bracketed}:{port}"), "{text}");
        assert_eq!(Uri::parse(&uri.to_string()), Ok(uri), "{text}");
    }
}

#[test]
fn what_is_no_address_of_a_websocket_is_refused_with_its_reason() {
    for (text, error) in [
        ("", UriError::SchemeUnsupported),
        ("example.com", UriError::SchemeUnsupported),
        ("http://example.com/", UriError::SchemeUnsupported),
        ("ws:/example.com/", UriError::SchemeUnsupported),
        (" ws://example.com/", UriError::SchemeUnsupported),
        ("ws://h/#a", UriError::FragmentUnexpected),
        ("ws://h#", UriError::FragmentUnexpected),
        ("ws://me@h/", UriError::UserInformationUnexpected),
        ("ws://me:secret@h:80/", UriError::UserInformationUnexpected),
        ("ws://h/a b", UriError::CharacterInvalid),
        ("ws://h/\r\nX: y", UriError::CharacterInvalid),
        ("ws://h/\u{e4}", UriError::CharacterInvalid),
        ("ws://b\u{fc}cher.example/", UriError::CharacterInvalid),
        ("ws://", UriError::HostInvalid),
        ("ws:///chat", UriError::HostInvalid),
        ("ws://:80/", UriError::HostInvalid),
        ("ws://a\\b/", UriError::HostInvalid),
        ("ws://[::1/", UriError::HostInvalid),
        ("ws://[example]/", UriError::HostInvalid),
        ("ws://[]/", UriError::HostInvalid),
        ("ws://h:0/", UriError::PortInvalid),
        ("ws://h:65536/", UriError::PortInvalid),
        ("ws://h:+80/", UriError::PortInvalid),
        ("ws://h:8o/", UriError::PortInvalid),
        ("ws://::1/", UriError::HostInvalid),
        ("ws://[::1]80/", UriError::PortInvalid),
        ("ws://[::1]:+80/", UriError::PortInvalid),
    ] {
        assert_eq!(Uri::parse(text), Err(error), "{text:?}");
        assert!(!error.to_string().is_empty());
    }
}
