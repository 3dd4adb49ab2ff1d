//! Connections that are held open, so that somebody else can look at what a server keeps for them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use sockeye::tls::TlsClient;
use sockeye::{ClientConfig, WebSocket};

/// Opens `count` connections and prints `open`. For each line that it reads then, every connection has 1 KiB echoed, and it
/// prints `echoed`; at the end of its input it ends. `authority` is the file with the certificate to trust, for `wss`.
pub(crate) fn run(url: &str, count: u64, authority: Option<&str>) {
    let mut config = ClientConfig::new(url).expect("a WebSocket's address");
    config.tls = authority.map(|file| {
        TlsClient::trusting(Path::new(file), Arc::new(default_provider()))
            .expect("a certificate in PEM")
    });
    let open = |number| match WebSocket::connect(&config) {
        Ok(socket) => socket,
        Err(error) => panic!("connection {number} of {count} to {url}: {error}"),
    };
    let mut sockets: Vec<_> = (1..=count).map(open).collect();
    println!("open");

    let payload: Vec<u8> = (0..1024_u32).map(|index| index as u8).collect();
    for line in io::stdin().lines() {
        line.expect("lines are text");
        for socket in &mut sockets {
            socket.send(&payload[..]).expect("the server listens");
            let echo = socket.receive().expect("the server answers");
            assert_eq!(echo, Some((&payload[..]).into()), "an echo");
        }
        println!("echoed");
    }
}
