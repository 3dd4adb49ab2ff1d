//! Calls to the backend, which is a thread of the test here.

use crate::sockeye::{Sockeye, fresh_file};
use crate::talk::Client;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// A backend that answers each call as `answer` has it, or not at all.
fn backend(answer: impl Fn(&Value) -> Option<(u16, String)> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    // It ends with the process: the server that calls it is gone before.
    thread::spawn(move || {
        let mut unanswered = Vec::new();
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let Some((head, body)) = read_request(&stream) else {
                continue;
            };
            assert!(head.starts_with("POST /calls HTTP/1.1\r\n"), "{head}");
            match answer(&body) {
                Some((status, answer)) => {
                    let length = answer.len();
                    let head = format!(
                        "HTTP/1.1 {status} OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                    );
                    // A server that does not wait any more is what some tests are about.
                    let _gone = stream.write_all(head.as_bytes());
                    let _gone = stream.write_all(answer.as_bytes());
                }
                None => unanswered.push(stream),
            }
        }
    });
    address
}

fn read_request(stream: &TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(size) = lower.strip_prefix("content-length:") {
            length = size.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, serde_json::from_slice(&body).expect("a call is JSON")))
}

fn server(backend: SocketAddr) -> Sockeye {
    Sockeye::start_with(&["--backend", &format!("http://{backend}/calls")])
}

#[test]
fn a_call_without_a_session_is_the_backends() {
    let backend = backend(|call| {
        assert_eq!(call["method"], "price");
        let answer = json!({ "data": { "of": call["data"], "for": call["session"] } });
        Some((200, answer.to_string()))
    });
    let server = server(backend);
    let mut client = Client::connect(server.address);
    let answer = client.ask("call", &json!({ "method": "price", "data": ["tea", 1] }));
    assert_eq!(
        answer["answered"]["data"],
        json!({ "of": ["tea", 1], "for": client.session() }),
        "{answer}"
    );
}

#[test]
fn the_backend_may_be_named_in_the_configuration() {
    let backend = backend(|_| Some((200, json!({ "data": "here" }).to_string())));
    let file = fresh_file("backend.toml");
    let text =
        format!("[server]\nbackend = \"http://{backend}/calls\"\n[auth]\nanonymous = true\n");
    std::fs::write(&file, text).expect("a file of ours");
    let server = Sockeye::start_with(&["--config", file.to_str().expect("a path of ours")]);
    let mut client = Client::connect(server.address);
    let answer = client.ask("call", &json!({ "method": "where", "data": 1 }));
    assert_eq!(answer["answered"]["data"], "here", "{answer}");
}

#[test]
fn a_backend_that_fails_is_an_answer_too() {
    let backend = backend(|call| match call["method"].as_str() {
        Some("refuse") => Some((200, json!({ "error": { "message": "sold out" } }).to_string())),
        Some("fail") => Some((500, "oops".to_owned())),
        Some("babble") => Some((200, "<html>".to_owned())),
        _ => None,
    });
    let server = server(backend);
    let mut client = Client::connect(server.address);
    for (method, code, text) in [
        ("refuse", "unavailable", "sold out"),
        ("fail", "unavailable", "could not answer"),
        ("babble", "unavailable", "could not answer"),
    ] {
        let answer = client.ask("call", &json!({ "method": method, "data": 1 })).to_string();
        assert!(answer.contains(code) && answer.contains(text), "{method}: {answer}");
    }
    let never = json!({ "method": "never", "data": 1, "timeout_ms": 200 });
    let answer = client.ask("call", &never).to_string();
    assert!(answer.contains("timeout") || answer.contains("unavailable"), "{answer}");
}

#[test]
fn without_a_backend_there_is_nobody_to_call() {
    let server = Sockeye::start();
    let mut client = Client::connect(server.address);
    let answer = client.ask("call", &json!({ "method": "price", "data": 1 }));
    assert_eq!(answer["error"]["code"], "unavailable", "{answer}");
    let server = server_of_nobody();
    let mut client = Client::connect(server.address);
    let answer = client.ask("call", &json!({ "method": "price", "data": 1 })).to_string();
    assert!(answer.contains("could not be reached"), "{answer}");
}

/// A server whose backend does not listen.
fn server_of_nobody() -> Sockeye {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    server(address)
}
