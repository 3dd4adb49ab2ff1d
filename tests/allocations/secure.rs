//! What an idle connection costs that speaks TLS.

use super::{Bench, COUNTED, WARM_UP};
use allocation_counter::measure;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use sockeye::tls::TlsServer;
use sockeye::tls::rustls::crypto::ring::{self, Ticketer};
use sockeye::tls::rustls::pki_types::PrivatePkcs8KeyDer;
use sockeye::tls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned,
    SupportedProtocolVersion, version,
};
use sockeye::worker::SystemClock;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::spawn;

#[test]
fn an_idle_connection_costs_at_most_12_kib() {
    for version in [&version::TLS12, &version::TLS13] {
        let (tls, roots) = server();
        let mut bench = Bench::with(|config| config.tls = Some(tls));
        let address = bench.address;
        let (done, wait) = channel::<()>();
        let clients = spawn(move || {
            let config = client(version, roots);
            // One that makes the worker take what all of them share.
            let first = talk(address, &config);
            let rest: Vec<_> = (0..CONNECTIONS).map(|_| talk(address, &config)).collect();
            // They stay until they were counted.
            let _counted = wait.recv();
            drop((first, rest));
        });
        bench.serve(1);
        let allocations = measure(|| bench.serve(1 + CONNECTIONS));
        let bytes = allocations.bytes_current / CONNECTIONS as i64;
        assert_eq!(bench.worker.connections(), 1 + CONNECTIONS);
        assert_eq!(bench.worker.holdings().record_bytes, 0);
        writeln!(io::stdout(), "{version:?}: {bytes} bytes").expect("it takes a line");
        assert!((1..=12 * 1024).contains(&bytes), "{version:?}: {bytes} bytes");
        drop(done);
        clients.join().expect("all of them were answered");
    }
}

/// rustls gives a record that leaves memory of its own, and nothing of this crate's adds to that: one for the record that
/// arrives, if that is what it takes, and one for the one that leaves.
#[test]
fn a_message_costs_what_rustls_takes_for_its_records_and_nothing_else() {
    // A header and 16 KiB do not fit into one record.
    let kinds = [&version::TLS12, &version::TLS13]
        .into_iter()
        .flat_map(|version| [(version, 32, 1), (version, 16 * 1024, 2)]);
    for (version, size, records) in kinds {
        let (tls, roots) = server();
        let mut bench = Bench::with(|config| config.tls = Some(tls));
        let address = bench.address;
        let client = spawn(move || {
            let mut stream = talk(address, &client(version, roots));
            let message = super::frame(&vec![7; size]);
            let mut echo = vec![0; message.len() - 4];
            for _ in 0..WARM_UP + COUNTED {
                stream.write_all(&message).expect("it is taken");
                stream.flush().expect("it is taken");
                stream.read_exact(&mut echo).expect("its echo");
            }
        });
        bench.serve(1 + WARM_UP);
        let allocations = measure(|| bench.serve(1 + WARM_UP + COUNTED));
        writeln!(io::stdout(), "{version:?}, {size}: {allocations:?}").expect("it takes a line");
        assert!(
            allocations.count_total as usize <= ALLOCATIONS_PER_RECORD * records * COUNTED,
            "{version:?}: {allocations:?}"
        );
        while bench.worker.connections() > 0 {
            bench.worker.tick(&SystemClock).expect("epoll works");
        }
        client.join().expect("all messages arrive");
    }
}

/// A server as the binary makes it, and who trusts it.
fn server() -> (TlsServer, RootCertStore) {
    let names = vec!["localhost".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("names");
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).expect("it can be trusted");
    let tls = TlsServer::new(move || {
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())?;
        config.ticketer = Ticketer::new()?;
        Ok(config)
    });
    (tls.expect("the key is the certificate's"), roots)
}

fn client(version: &'static SupportedProtocolVersion, roots: RootCertStore) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .expect("the provider has ciphers for it")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Opens a WebSocket, and has a message sent back.
fn talk(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let name = "localhost".try_into().expect("a name");
    let connection = ClientConnection::new(Arc::clone(config), name).expect("a configuration");
    let stream = TcpStream::connect(address).expect("the worker listens");
    let mut stream = StreamOwned::new(connection, stream);
    stream
        .write_all(
            b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .expect("it is taken");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        head.push(byte[0]);
    }
    stream.write_all(&super::frame(&[7; 20_000])).expect("it is taken");
    stream.flush().expect("it is taken");
    let mut echo = vec![0; 4 + 20_000];
    stream.read_exact(&mut echo).expect("its echo");
    stream
}

const CONNECTIONS: usize = 100;

/// One that arrives and one that leaves.
const ALLOCATIONS_PER_RECORD: usize = 2;
