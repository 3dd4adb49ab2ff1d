//! The echo example: what is sent comes back, until somebody closes.

use super::client::{Client, Told, get};
use super::program::Program;
use sockeye::protocol::CloseCode;

#[test]
fn every_message_comes_back() {
    let program = Program::run("echo");
    let mut client = Client::open(program.address, "/");
    client.send("hello");
    client.send(&[1, 2, 3]);
    let large = "large ".repeat(100_000);
    client.send(&large);
    assert_eq!(client.told(), Told::Text("hello".to_owned()));
    assert_eq!(client.told(), Told::Binary(vec![1, 2, 3]));
    assert_eq!(client.told(), Told::Text(large));
    client.close(CloseCode::NORMAL);
    assert_eq!(client.told(), Told::Close(1000, String::new()));
    assert_eq!(client.told(), Told::End);
}

#[test]
fn a_plain_request_gets_a_sentence() {
    let program = Program::run("echo");
    let answer = get(program.address, "/");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("connect with a WebSocket, and it echoes\n"), "{answer}");
}
