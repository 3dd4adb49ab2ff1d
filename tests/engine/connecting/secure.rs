//! `wss://` on a worker's loop.

use super::{Noted, Order, Scripted, Staged};
use crate::support::certificates::{Authority, BOTH_VERSIONS, authority, provider};
use crate::support::secure::{frame, secure, upgrade};
use sockeye::ClientConfig;
use sockeye::client::Proxy;
use sockeye::tls::rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion, version};
use sockeye::tls::{TlsClient, TlsServer};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

/// A worker that speaks TLS in both directions.
fn worker() -> Staged {
    let tls = authority().server(&["127.0.0.1"]).tls_server();
    Staged::start(|config| {
        config.message_bytes_max = 2 << 20;
        config.tls = Some(tls);
    })
}

fn connect(worker: &Staged, address: SocketAddr, edit: impl FnOnce(&mut ClientConfig)) {
    worker.connect(address, |config| {
        config.uri = format!("wss://{address}/echo").parse().expect("an address");
        config.tls = Some(TlsClient::new(authority().client_config(BOTH_VERSIONS)));
        config.message_bytes_max = 2 << 20;
        edit(config);
    });
}

#[test]
fn messages_of_all_sizes_come_back_in_both_versions() {
    let worker = worker();
    let versions: [&[&SupportedProtocolVersion]; 2] = [&[&version::TLS12], &[&version::TLS13]];
    for versions in versions {
        connect(&worker, worker.address, |config| {
            config.tls = Some(TlsClient::new(authority().client_config(versions)));
        });
        assert_eq!(worker.noted(), Noted::Accepted(None));
        let Noted::Opened(id) = worker.noted() else { panic!("it is open") };
        for size in [0, 1, 125, 16_384, 65_536, 2 << 20] {
            let message: Vec<u8> = (0..size).map(|index| (index * 7 % 251) as u8).collect();
            worker.order(Order::Send(id, message.clone()));
            assert!(worker.noted() == Noted::Message(message), "{size}");
        }
        worker.order(Order::Close(id));
        assert_eq!(worker.noted(), Noted::Closed(1000, "Local".to_owned()));
    }
}

#[test]
fn who_is_not_trusted_or_speaks_no_tls_is_told_to_the_handler() {
    let worker = worker();
    let strangers = Authority::new().client_config(BOTH_VERSIONS);
    connect(&worker, worker.address, |config| config.tls = Some(TlsClient::new(strangers)));
    let failure = worker.failure();
    assert!(failure.starts_with("TLS with the server: invalid peer certificate"), "{failure}");
    connect(&worker, worker.address, |config| {
        config.uri = "wss://another.name/".parse().expect("an address");
    });
    let failure = worker.failure();
    assert!(failure.contains("invalid peer certificate"), "{failure}");

    let server = Scripted::listen();
    connect(&worker, server.address(), |_| {});
    let mut stream = server.accept().into_stream();
    stream.read_exact(&mut [0; 5]).expect("the beginning of a handshake");
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("it is taken");
    let failure = worker.failure();
    assert!(failure.starts_with("TLS with the server: "), "{failure}");

    connect(&worker, server.address(), |_| {});
    let stream = server.accept().into_stream();
    stream.shutdown(Shutdown::Write).expect("it is open");
    assert!(worker.failure().contains("ended before"));

    connect(&worker, server.address(), |config| {
        config.handshake_timeout = Duration::from_millis(50);
    });
    let _silent = server.accept();
    assert!(worker.failure().contains("longer than it may"));
}

#[test]
fn whom_to_trust_has_to_be_said() {
    let worker = worker();
    connect(&worker, worker.address, |config| config.tls = None);
    assert!(worker.failure().contains("at once: wss:// needs TLS: say in `ClientConfig::tls`"));
}

#[test]
fn tls_begins_behind_the_proxy_and_nothing_before_it_counts() {
    let worker = worker();
    let proxy = Scripted::listen();
    let tls = authority().server(&["far.test"]).tls_server();
    for injected in ["", "HTTP/1.1 101 Switching Protocols\r\n"] {
        connect(&worker, proxy.address(), |config| {
            config.uri = "wss://far.test/".parse().expect("an address");
            config.proxy = Some(Proxy::new("127.0.0.1", 1));
        });
        let mut peer = proxy.accept();
        assert!(peer.head().starts_with("CONNECT far.test:443 HTTP/1.1\r\n"));
        peer.write(format!("HTTP/1.1 200 OK\r\n\r\n{injected}"));
        if injected.is_empty() {
            let mut stream = secure(&tls, peer.into_stream());
            upgrade(&mut stream);
            assert_eq!(worker.noted(), Noted::Accepted(None));
            let Noted::Opened(id) = worker.noted() else { panic!("it is open") };
            worker.order(Order::Send(id, b"hello".to_vec()));
            assert_eq!(frame(&mut stream), b"hello");
            drop(stream);
            assert!(matches!(worker.noted(), Noted::Closed(1006, _)));
        } else {
            let failure = worker.failure();
            assert!(failure.contains("before TLS had begun"), "{failure}");
        }
    }
}

/// rustls panics if it is shown less of such a message than before, and something is written meanwhile: the end.
#[test]
fn a_message_of_tls_that_has_arrived_in_part_hinders_nobody() {
    let worker = worker();
    let server = Scripted::listen();
    let identity = authority().server(&["127.0.0.1"]);
    let tls = TlsServer::new(move || {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&version::TLS13])?
            .with_no_client_auth();
        let mut config = builder.with_single_cert(identity.chain(), identity.private_key())?;
        // Tickets come in many records.
        config.max_fragment_size = Some(64);
        Ok(config)
    });
    let tls = tls.expect("the key is the certificate's");
    connect(&worker, server.address(), |config| {
        config.handshake_timeout = Duration::from_millis(300);
    });
    let mut stream = server.accept().into_stream();
    let mut connection = ServerConnection::new(tls.config()).expect("a configuration");
    while connection.is_handshaking() {
        while connection.wants_write() {
            connection.write_tls(&mut stream).expect("it is taken");
        }
        connection.read_tls(&mut stream).expect("the client's part");
        connection.process_new_packets().expect("the client keeps the rules");
    }
    let mut tickets = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut tickets).expect("a vector takes all");
    }
    assert!(tickets.len() > 200, "{}", tickets.len());
    stream.write_all(&tickets[..100]).expect("it is taken");
    assert!(worker.failure().contains("longer than it may"));
    // The worker lives.
    connect(&worker, worker.address, |_| {});
    assert_eq!(worker.noted(), Noted::Accepted(None));
}
