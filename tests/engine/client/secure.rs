//! `wss://`: servers that take their TLS from rustls, on the loopback interface.

use crate::support::Frame;
use crate::support::certificates::{Authority, BOTH_VERSIONS, Identity, authority, provider};
use crate::support::secure::{frame, secure, upgrade};
use sockeye::client::{ConnectError, Proxy, WebSocketError};
use sockeye::protocol::{CloseCode, Message};
use sockeye::tls::rustls::{self, AlertDescription, CertificateError};
use sockeye::tls::{TlsClient, TlsIdentity};
use sockeye::{ClientConfig, WebSocket};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// Accepts one connection and plays a server.
fn serve<R: Send + 'static>(
    play: impl FnOnce(TcpStream) -> R + Send + 'static,
) -> (SocketAddr, JoinHandle<R>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let played = spawn(move || {
        let (stream, _) = listener.accept().expect("somebody connects");
        stream.set_read_timeout(Some(super::PATIENCE)).expect("a socket");
        play(stream)
    });
    (address, played)
}

fn identity() -> Identity {
    authority().server(&["127.0.0.1"])
}

fn config(address: SocketAddr) -> ClientConfig {
    let mut config = ClientConfig::new(&format!("wss://{address}/")).expect("an address");
    config.message_bytes_max = 4 << 20;
    config.tls = Some(TlsClient::new(authority().client_config(BOTH_VERSIONS)));
    config
}

#[test]
fn messages_go_both_ways_and_each_side_tells_the_end_of_its_stream() {
    let tls = identity().tls_server();
    let (address, played) = serve(move |stream| {
        let mut stream = secure(&tls, stream);
        upgrade(&mut stream);
        for _ in 0..3 {
            let payload = frame(&mut stream);
            stream.write_all(&Frame::binary(payload).encode(None)).expect("it is taken");
            stream.flush().expect("it is taken");
        }
        let close = frame(&mut stream);
        stream.write_all(&Frame::new(8, close).encode(None)).expect("it is taken");
        stream.conn.send_close_notify();
        stream.flush().expect("it is taken");
        let mut rest = Vec::new();
        // rustls answers an end without the alert with an error.
        stream.read_to_end(&mut rest).expect("the end was told");
        assert_eq!(rest, b"");
    });
    let mut socket = WebSocket::connect(&config(address)).expect("it opens");
    for size in [5, 70_000, 3 << 20] {
        let payload: Vec<u8> = (0..size).map(|index| (index * 7 % 251) as u8).collect();
        socket.send(&*payload).expect("it is taken");
        assert!(socket.receive().expect("the echo") == Some(Message::Binary(&payload)));
    }
    socket.close(CloseCode::NORMAL, "").expect("the server closes too");
    played.join().expect("the server is content");
}

#[test]
fn who_is_not_trusted_or_not_meant_is_refused_and_told_why() {
    let other = Authority::new();
    let cases = [
        (other.server(&["127.0.0.1"]), AlertDescription::UnknownCA),
        (authority().server(&["localhost"]), AlertDescription::BadCertificate),
    ];
    for (identity, expected) in cases {
        let tls = identity.tls_server();
        let (address, played) =
            serve(move |stream| secure(&tls, stream).read(&mut [0]).expect_err("not trusted"));
        let error = WebSocket::connect(&config(address)).expect_err("not trusted");
        let is_told = matches!(
            &error,
            ConnectError::Tls(rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::NotValidForNameContext { .. }
            ))
        );
        assert!(is_told, "{error:?}");
        let alert = played.join().expect("it waits for the alert").to_string();
        assert!(alert.contains(&format!("{expected:?}")), "{alert}");
    }
}

#[test]
fn a_certificate_is_shown_to_who_wants_one_and_who_shows_none_is_told() {
    let folder = std::env::temp_dir().join(format!("sockeye-shown-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a place for files");
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::write(&path, content).expect("a file");
        path
    };
    let clients = Authority::new();
    let tls = identity().tls_server_for(&clients);
    let somebody = clients.client("somebody");
    let shown = TlsIdentity::new(
        file("certificate.pem", &somebody.certificate.pem()),
        file("key.pem", &somebody.key.serialize_pem()),
    );
    let trusted = file("authority.pem", &authority().pem());

    let (address, played) = serve({
        let tls = tls.clone();
        move |stream| {
            let mut stream = secure(&tls, stream);
            upgrade(&mut stream);
            stream.conn.peer_certificates().map(|chain| chain[0].clone())
        }
    });
    let mut config = config(address);
    let client = TlsClient::trusting_as(&trusted, &shown, provider());
    config.tls = Some(client.expect("good files"));
    WebSocket::connect(&config).expect("it is let in");
    assert_eq!(played.join().expect("it opens"), Some(somebody.chain().remove(0)));

    let (address, played) = serve(move |stream| secure(&tls, stream).read(&mut [0]).map(drop));
    config.uri = ClientConfig::new(&format!("wss://{address}/")).expect("an address").uri;
    let client = TlsClient::trusting(&trusted, provider());
    config.tls = Some(client.expect("a good file"));
    let error = WebSocket::connect(&config).expect_err("not let in");
    // In TLS 1.3 it comes behind the handshake, in place of an answer to the request.
    let required = rustls::Error::AlertReceived(AlertDescription::CertificateRequired);
    assert!(matches!(&error, ConnectError::Tls(error) if *error == required), "{error:?}");
    played.join().expect("it refuses").expect_err("nobody was shown");

    let other =
        TlsIdentity::new(&shown.certificates, file("other.pem", &identity().key.serialize_pem()));
    let error = TlsClient::trusting_as(&trusted, &other, provider()).expect_err("another key");
    assert!(error.to_string().contains("other.pem: expected the private key"), "{error}");
    std::fs::remove_dir_all(folder).expect("it was there");
}

#[test]
fn whom_to_trust_has_to_be_said() {
    let mut config = config(([127, 0, 0, 1], 1).into());
    config.tls = None;
    let error = WebSocket::connect(&config).expect_err("nobody is trusted");
    assert!(matches!(error, ConnectError::TlsMissing));
    assert!(error.to_string().contains("ClientConfig::tls"), "{error}");
}

#[test]
fn an_end_that_tls_does_not_tell_is_a_loss() {
    let tls = identity().tls_server();
    let (address, played) = serve(move |stream| {
        let mut stream = secure(&tls, stream);
        upgrade(&mut stream);
    });
    let mut socket = WebSocket::connect(&config(address)).expect("it opens");
    played.join().expect("it has ended");
    let error = socket.receive().map(|_| ()).expect_err("no close frame");
    let is_end =
        matches!(&error, WebSocketError::Io(error) if error.kind() == ErrorKind::UnexpectedEof);
    assert!(is_end, "{error:?}");
}

#[test]
fn a_handshake_that_trickles_has_its_deadline() {
    let (address, played) = serve(|mut stream| {
        // The beginning of a record that never ends.
        for byte in b"\x16\x03\x03\x40\x00".iter().chain([0; 10_000].iter()) {
            std::thread::sleep(Duration::from_millis(10));
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
        }
        panic!("it waits for ever");
    });
    let mut config = config(address);
    config.handshake_timeout = Duration::from_millis(200);
    let error = WebSocket::connect(&config).expect_err("it does not end");
    assert!(
        matches!(&error, ConnectError::Io(error) if error.kind() == ErrorKind::TimedOut),
        "{error:?}"
    );
    played.join().expect("the client has gone");
}

#[test]
fn tls_begins_behind_the_proxy_and_nothing_before_it_counts() {
    for injects in [false, true] {
        let tls = identity().tls_server();
        let (address, played) = serve(move |mut stream| {
            let mut head = [0; 8];
            stream.read_exact(&mut head).expect("a request");
            assert_eq!(&head, b"CONNECT ");
            while !head.ends_with(b"\r\n\r\n") {
                head.rotate_left(1);
                stream.read_exact(&mut head[7..]).expect("a head");
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("it is taken");
            if injects {
                stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n").expect("it is taken");
            }
            let mut stream = secure(&tls, stream);
            if !injects {
                upgrade(&mut stream);
                assert_eq!(frame(&mut stream), b"hello");
            }
        });
        let mut config = config(([127, 0, 0, 1], 9).into());
        config.proxy = Some(Proxy::new("127.0.0.1", address.port()));
        match WebSocket::connect(&config) {
            Ok(mut socket) => socket.send("hello").expect("it is taken"),
            Err(error) => {
                let is_ours = matches!(&error, ConnectError::Io(error) if error.kind() == ErrorKind::InvalidData)
                    || matches!(error, ConnectError::Tls(_));
                assert!(injects && is_ours, "{error:?}");
            }
        }
        played.join().expect("the server is content");
    }
}
