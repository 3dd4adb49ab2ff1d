//! Requests that do not end, or have too much of everything.

use super::tally;
use crate::client::{Client, request};
use crate::server::Server;
use std::thread::sleep;
use std::time::Duration;

/// The head has to be there in 10 s, however busily it arrives.
pub(super) fn slow(server: &Server) -> String {
    let mut clients: Vec<Client> = (0..500).map(|_| Client::dial(server.address)).collect();
    for byte in request("/echo").bytes().take(24) {
        for client in &mut clients {
            // In the end nobody reads it any more.
            let _is_taken = client.write_while_taken(&[byte]);
        }
        sleep(Duration::from_millis(500));
    }
    let statuses: Vec<u16> = clients.iter_mut().map(Client::status).collect();
    assert!(statuses.iter().all(|status| *status == 408), "{statuses:?}");
    tally(statuses)
}

pub(super) fn flood(server: &Server) -> String {
    let many = format!("GET /echo HTTP/1.1\r\n{}", "a: b\r\n".repeat(2000));
    let long = format!("GET /echo HTTP/1.1\r\na: {}", "b".repeat(1 << 20));
    let line = format!("GET /{}", "a".repeat(1 << 20));
    let heads = [(many, 431), (long, 431), (line, 414)];
    let mut clients = Vec::new();
    for _ in 0..50 {
        for (head, expected) in &heads {
            let mut client = Client::dial(server.address);
            // What is too much is not read.
            let _is_taken = client.write_while_taken(&head.as_bytes()[..head.len().min(20_000)]);
            clients.push((client, *expected));
        }
    }
    let statuses = clients.iter_mut().map(|(client, expected)| {
        let status = client.status();
        assert_eq!(status, *expected);
        status
    });
    tally(statuses)
}
