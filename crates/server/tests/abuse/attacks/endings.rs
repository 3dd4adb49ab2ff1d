//! Streams that end where they should not.

use super::tally;
use crate::client::{Client, header};
use crate::server::Server;

/// Who has asked and says no more may still want the answers.
pub(super) fn half_close(server: &Server) -> String {
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..50 {
        let mut client = Client::open(server.address, "/echo");
        for size in [100_000, 1, 200_000] {
            client.send(0x82, &vec![7; size]);
        }
        client.end();
        clients.push(client);
    }
    let mut requests: Vec<Client> = Vec::new();
    for _ in 0..50 {
        let mut client = Client::dial(server.address);
        client.write(&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3));
        client.end();
        requests.push(client);
    }
    for client in &mut clients {
        for size in [100_000, 1, 200_000] {
            assert_eq!(client.frame(), (0x82, vec![7; size]));
        }
        assert!(client.ends_in_order());
    }
    for client in &mut requests {
        assert_eq!(client.status(), 200);
        assert!(client.ends_in_order());
    }
    tally([vec!["three echoes and an end"; 50], vec!["200 and an end"; 50]].concat())
}

pub(super) fn reset_in_frame(server: &Server) -> String {
    for _ in 0..10 {
        let clients = (0..50).map(|_| {
            let mut client = Client::open(server.address, "/echo");
            client.write(&header(0x82, 1 << 20));
            client.write(&[7; 512 << 10]);
            client
        });
        let clients: Vec<Client> = clients.collect();
        clients.into_iter().for_each(Client::reset);
    }
    tally(["nothing"; 500])
}
