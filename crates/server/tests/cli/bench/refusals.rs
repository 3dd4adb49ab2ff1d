//! What cannot be measured: a sentence that says what was expected and what to do.

use super::bench;
use super::wrong_servers::{Closed, start};
use crate::sockeye::{Sockeye, fresh_file};
use crate::tls::Files;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// A server that answers everybody with these bytes, and ends the connection.
fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = [0; 4096];
            // Whatever was asked for, and whether the answer is wanted or not.
            let _asked = stream.read(&mut request);
            let _gone = stream.write_all(answer);
        }
    });
    address
}

fn fails(url: &str, arguments: &[&str], expected_code: i32, expected: &[&str]) {
    let (code, result, errors) = bench(url, arguments);
    assert_eq!(code, Some(expected_code), "{url} {arguments:?}: {errors}");
    assert!(result.is_null(), "{result}");
    for text in expected {
        assert!(errors.contains(text), "{url} {arguments:?}: {errors}");
    }
}

#[test]
fn headers_are_sent_with_the_opening_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = [0; 4096];
        let size = stream.read(&mut request).expect("a request");
        String::from_utf8_lossy(&request[..size]).into_owned()
    });
    let header = ["--header", "Authorization: Bearer a.b.c", "--header", "X-Id: 7"];
    let arguments = [&["--connections", "1"], &header[..]].concat();
    fails(&format!("ws://{address}/"), &arguments, 1, &["before it answered"]);
    let request = asked.join().expect("it is read");
    assert!(request.contains("\r\nAuthorization: Bearer a.b.c\r\nX-Id: 7\r\n"), "{request}");
}

#[test]
fn a_command_line_that_cannot_be_ends_with_2() {
    let url = "ws://127.0.0.1:9/";
    fails("http://127.0.0.1:9/", &[], 2, &["ws:// or wss://", "as in ws://"]);
    fails("127.0.0.1:9", &[], 2, &["ws:// or wss://"]);
    fails(url, &["--publish", "tcp://a/"], 2, &["tcp://a/", "ws:// or wss://"]);
    fails(url, &["--size", "15"], 2, &["at least 16 bytes for binary"]);
    fails(url, &["--size", "31", "--text"], 2, &["at least 32 bytes for text"]);
    fails(url, &["--connections", "0"], 2, &["1..=1000000"]);
    fails(url, &["--header", "Authorization"], 2, &["a name, a colon and a value"]);
    fails(url, &["--rate", "fast"], 2, &["a number of messages per second"]);
    fails(url, &["--rate", "9", "--pipeline", "2"], 2, &["cannot be used with"]);
    fails(url, &["--publishers", "2"], 2, &["--publish <URL>"]);
    fails(url, &["--text", "--binary"], 2, &["cannot be used with"]);
    fails("wss://127.0.0.1:9/", &[], 2, &["--ca FILE", "--insecure"]);
}

#[test]
fn nobody_there_nobody_let_in_and_something_else_there_end_with_1() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let url = format!("ws://{}/", free.expect("a free port"));
    fails(&url, &[], 1, &["expected a server to accept", "refused", "start it, or check"]);
    fails(&url, &["--raw-tcp"], 1, &["expected a server to accept"]);

    let server = start(Closed);
    let url = format!("ws://{}/", server.local_addr());
    fails(&url, &[], 1, &["expected a WebSocket to open", "403 Forbidden", "does not let us in"]);
    server.remote().shut_down(Duration::ZERO);

    let url = format!("ws://{}/", answering(b"SSH-2.0-OpenSSH_9.9\r\n"));
    fails(&url, &[], 1, &["expected a WebSocket to open", "did not answer in HTTP/1.1"]);
    let url = format!("ws://{}/", answering(b""));
    fails(&url, &[], 1, &["ended the connection before it answered"]);
    let url = format!("wss://{}/", answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    fails(&url, &["--insecure"], 1, &["does it speak wss:// there?"]);
}

#[test]
fn what_the_options_ask_for_and_is_not_there_ends_with_1() {
    let server = Sockeye::start();
    let url = format!("ws://{}/echo", server.address);
    fails(&url, &["--deflate"], 1, &["the server does not compress", "leave --deflate out"]);
    fails(&url, &["--pid", "4294967295"], 1, &["--pid 4294967295: expected a process"]);
    let wss = format!("wss://{}/echo", server.address);
    let missing = Files::new().path("missing.pem");
    fails(&wss, &["--ca", &missing], 1, &["missing.pem", "a file in PEM"]);
    let report = fresh_file("no-such-directory").join("report.html");
    let report = report.to_str().expect("a path in UTF-8");
    // Before anything is measured: there is no result.
    fails(&url, &["--report", report], 1, &["cannot write the report", report]);
}
