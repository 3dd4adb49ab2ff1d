//! RFC 9110 section 9.3.6: what a proxy is asked, and what opens a tunnel.

use crate::head_pieces::{assert_same, every_cut, first_answer};
use sockeye::limits::{HEAD_SIZE_MAX, HEADERS_MAX};
use sockeye::protocol::handshake::{ClientRequestError, Tunnel, TunnelError};
use sockeye::protocol::http::{HeadError, Status};

#[test]
fn the_request_names_host_and_port_twice() {
    assert_eq!(
        request(&tunnel()),
        "CONNECT server.example:80 HTTP/1.1\r\nHost: server.example:80\r\n\r\n"
    );
    let ipv6 = Tunnel::new("[::1]:8000").unwrap();
    assert_eq!(request(&ipv6), "CONNECT [::1]:8000 HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n");
}

#[test]
fn credentials_are_sent_as_rfc_7617_has_them() {
    let tunnel = tunnel().with_credentials("Aladdin", "open sesame").unwrap();
    let line = "\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
    assert!(request(&tunnel).ends_with(line));
    let tunnel = self::tunnel().with_credentials("test", "123\u{a3}").unwrap();
    assert!(request(&tunnel).ends_with(" Basic dGVzdDoxMjPCow==\r\n\r\n"));
}

#[test]
fn what_must_not_be_sent_is_refused() {
    for (user, password) in [("a:b", "c"), ("a\r\n", "b"), ("a", "b\0"), ("a", "\u{7f}")] {
        let error = tunnel().with_credentials(user, password).unwrap_err();
        assert_eq!(error, ClientRequestError::CredentialsInvalid);
    }
    for authority in [
        "",
        "host",
        "host:",
        ":80",
        "host:0",
        "host:65536",
        "host:x",
        "a b:80",
        "u@h:80",
        "h:80\r\nX: y",
    ] {
        let error = Tunnel::new(authority).unwrap_err();
        assert_eq!(error, ClientRequestError::HostInvalid, "{authority:?}");
    }
}

#[test]
fn any_2xx_opens_the_tunnel_and_what_follows_the_head_is_the_servers() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\n\r\n",
        "HTTP/1.1 299\r\nVia: x\r\n\r\n",
        // RFC 9110 9.3.6: "A client MUST ignore any Content-Length or Transfer-Encoding header fields".
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        for behind in ["", "\r\n", "HTTP/1.1 101", "\0"] {
            let answer = judge(format!("{head}{behind}").as_bytes());
            assert_eq!(answer, Ok(Some(head.len())), "{head:?} {behind:?}");
        }
    }
}

#[test]
fn any_other_status_is_told_before_the_head_ends() {
    for (line, number, sentence) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required",
            407,
            "the proxy answered 407: it wants a user and password, or others than these",
        ),
        (
            "HTTP/1.0 403 No",
            403,
            "the proxy answered 403: it does not let us reach this host and port",
        ),
        ("HTTP/1.1 502", 502, "the proxy answered 502: it does not reach the server"),
        ("HTTP/1.1 405 X", 405, "the proxy answered 405: it does not know CONNECT"),
        ("HTTP/1.1 302 Found", 302, "the proxy answered 302: it opens no tunnel"),
        ("HTTP/1.1 101 Switching Protocols", 101, "the proxy answered 101: it opens no tunnel"),
    ] {
        let error = judge(format!("{line}\r\n").as_bytes()).unwrap_err();
        assert_eq!(error, TunnelError::Refused(Status::new(number).unwrap()));
        assert_eq!(error.to_string(), sentence);
    }
}

#[test]
fn garbage_is_refused_at_once_and_heads_have_the_limits_of_all_heads() {
    for input in [
        "\0",
        "h",
        "\x05\0",
        "HTTP/2.0 200 OK\r\n",
        "HTTP/1.1 2oo OK\r\n",
        "\r\nHTTP/1.1 200 OK\r\n",
    ] {
        assert_eq!(judge(input.as_bytes()), Err(TunnelError::StatusLineInvalid), "{input:?}");
    }
    // What begins right behind an interim response is judged with it.
    for behind in ["x", "\r\n", "\0"] {
        let input = format!("HTTP/1.1 100 Continue\r\n\r\n{behind}");
        assert_eq!(judge(input.as_bytes()), Err(TunnelError::StatusLineInvalid), "{behind:?}");
    }
    for (headers, error) in [
        ("X : a\r\n", HeadError::HeaderInvalid),
        ("X: a\r\n b\r\n", HeadError::HeaderFolded),
        ("X: a\nY: b\r\n", HeadError::LineEndInvalid),
        ("X: a\0\r\n", HeadError::ControlCharacter),
    ] {
        let input = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
        assert_eq!(judge(input.as_bytes()), Err(TunnelError::Head(error)));
    }
    let status = b"HTTP/1.1 200 OK\r\n";
    let many = [status, &b"x:\r\n".repeat(HEADERS_MAX + 1)[..]].concat();
    assert_eq!(judge(&many), Err(TunnelError::Head(HeadError::TooManyHeaders)));
    let long = [status, b"x: ".as_slice(), &[b'a'; HEAD_SIZE_MAX]].concat();
    assert_eq!(judge(&long), Err(TunnelError::Head(HeadError::TooBig)));
    let endless = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(HEAD_SIZE_MAX / 25 + 1);
    assert_eq!(judge(&endless), Err(TunnelError::Head(HeadError::TooBig)));
}

#[test]
fn an_answer_that_has_not_ended_is_waited_for() {
    for input in
        ["", "H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 100 C\r\n\r\n"]
    {
        assert_eq!(judge(input.as_bytes()), Ok(None), "{input:?}");
    }
}

/// Judges an answer whole, and demands the same from every cut of it.
fn judge(input: &[u8]) -> Result<Option<usize>, TunnelError> {
    let answer = tunnel().handle_response(input);
    for cuts in every_cut(input.len()) {
        let mut tunnel = tunnel();
        let cut = first_answer(input, &cuts, |bytes| tunnel.handle_response(bytes));
        assert_same(&answer, &cut, input, &cuts);
    }
    answer
}

fn request(tunnel: &Tunnel) -> String {
    let mut request = Vec::new();
    tunnel.encode_request(&mut request);
    String::from_utf8(request).unwrap()
}

fn tunnel() -> Tunnel {
    Tunnel::new("server.example:80").unwrap()
}
