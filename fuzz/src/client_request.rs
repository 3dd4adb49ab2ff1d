//! What a client of ours asks for: a line each for the address, subprotocols, extensions, a header's name and its value, and
//! the user and the password for a proxy.

use sockeye::limits::HEAD_SIZE_MAX;
use sockeye::protocol::handshake::{
    ClientHandshake, ClientRequestError, Tunnel, Uri, check_upgrade, encode_switching_protocols,
};
use sockeye::protocol::http::{Request, parse_head};

/// Whatever the words are, they are refused with a reason, or the server reads of them what was meant and not a line more;
/// what it answers is accepted.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let uri = match next().parse::<Uri>() {
        Ok(uri) => uri,
        Err(error) => return assert_is_sentence(&error.to_string()),
    };
    check_address(&uri);
    let subprotocols: Vec<_> = next().split(' ').filter(|name| !name.is_empty()).collect();
    let (extensions, header, credentials) = (next(), (next(), next()), (next(), next()));
    // What is left may be written with any line ends: it is one more value.
    let header = (header.0, if header.1 == "rest" { text } else { header.1 });
    match handshake(&uri, &subprotocols, extensions, header) {
        Ok(handshake) => check_handshake(handshake, &uri, &subprotocols, extensions, header),
        Err(error) => assert_is_sentence(&error.to_string()),
    }
    check_tunnel(&uri, credentials);
}

fn check_address(uri: &Uri) {
    assert_eq!(uri.to_string().parse().as_ref(), Ok(uri));
    assert!(uri.port() > 0 && !uri.host().is_empty());
    assert!(uri.resource_name().starts_with('/'));
    let scheme = if uri.is_secure() { "wss" } else { "ws" };
    let spelled_out = format!("{scheme}://{}{}", uri.authority(), uri.resource_name());
    assert_eq!(spelled_out.parse().as_ref(), Ok(uri));
}

fn handshake(
    uri: &Uri,
    subprotocols: &[&str],
    extensions: &str,
    header: (&str, &str),
) -> Result<ClientHandshake, ClientRequestError> {
    let headers: &[_] = if header.0.is_empty() { &[] } else { &[header] };
    let (host, path) = (uri.host_header(), uri.resource_name());
    let handshake = ClientHandshake::new(&host, path, subprotocols, headers, [7; 16])?;
    match extensions {
        "" => Ok(handshake),
        offer => handshake.with_extensions(offer),
    }
}

fn check_handshake(
    mut handshake: ClientHandshake,
    uri: &Uri,
    subprotocols: &[&str],
    extensions: &str,
    header: (&str, &str),
) {
    let mut written = Vec::new();
    handshake.encode_request(&mut written);
    // A server may refuse a head for its size, and an expectation that it does not know.
    if written.len() > HEAD_SIZE_MAX || header.0.eq_ignore_ascii_case("expect") {
        return;
    }
    let parsed = parse_head(&written).expect("our own server reads it");
    let (request, size) = parsed.expect("the request is complete");
    assert_eq!(size, written.len());
    assert_eq!(request.target(), uri.resource_name());
    assert_eq!(request.host(), Some(uri.host_header().as_str()));
    assert!(request.subprotocols().eq(subprotocols.iter().copied()));
    let offered = request.header("Sec-WebSocket-Extensions").unwrap_or_default();
    assert_eq!(offered, extensions.trim_ascii().as_bytes());
    let (own, listed) = (!header.0.is_empty(), !subprotocols.is_empty());
    let lines = 5 + usize::from(own) + usize::from(listed) + usize::from(!extensions.is_empty());
    assert_eq!(request.headers().count(), lines, "a header was smuggled in, or is missing");
    if own {
        let last = request.headers().last();
        assert_eq!(last, Some((header.0, header.1.trim_ascii().as_bytes())));
    }
    answer(&mut handshake, &request);
}

fn answer(handshake: &mut ClientHandshake, request: &Request<'_>) {
    let upgrade = match check_upgrade(request) {
        Ok(upgrade) => upgrade,
        Err(error) => panic!("our own server refuses: {error}"),
    };
    let chosen = request.subprotocols().last();
    let mut output = Vec::new();
    encode_switching_protocols(&upgrade, chosen, &[("Server", "x")], &mut output).expect("offered");
    let accepted = handshake.handle_response(&output).expect("our own client accepts it");
    let accepted = accepted.expect("the answer is complete");
    assert_eq!((accepted.subprotocol(), accepted.size()), (chosen, output.len()));
}

fn check_tunnel(uri: &Uri, (user, password): (&str, &str)) {
    let tunnel = Tunnel::new(&uri.authority()).expect("a host and a port");
    let tunnel = match tunnel.with_credentials(user, password) {
        Ok(tunnel) => tunnel,
        Err(error) => return assert_is_sentence(&error.to_string()),
    };
    let mut written = Vec::new();
    tunnel.encode_request(&mut written);
    let written = String::from_utf8(written).expect("a request of text");
    assert_eq!(written.matches("\r\n").count(), 4);
    assert_eq!(written.matches('\n').count(), 4);
    assert!(written.starts_with(&format!("CONNECT {} HTTP/1.1\r\n", uri.authority())));
    // Credentials are not for logs.
    let without = Tunnel::new(&uri.authority()).expect("a host and a port");
    assert_eq!(format!("{tunnel:?}"), format!("{without:?}"));
}

fn assert_is_sentence(text: &str) {
    assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
}
