//! What server and client agree on, and who the other is.

use super::stage::{Client, Noted, client_config, serve};
use crate::support::certificates::{Authority, BOTH_VERSIONS, authority, provider};
use sockeye::tls::TlsServer;
use sockeye::tls::rustls::server::ResolvesServerCertUsingSni;
use sockeye::tls::rustls::sign::CertifiedKey;
use sockeye::tls::rustls::{
    AlertDescription, ClientConfig, Error, HandshakeKind, ServerConfig, version,
};
use std::io;
use std::sync::Arc;

#[test]
fn both_versions_are_spoken_and_a_session_is_resumed_in_each() {
    let server = serve(authority().server(&["localhost"]).tls_server(), |_| {});
    for version in [&version::TLS12, &version::TLS13] {
        let config = Arc::new(authority().client_config(&[version]));
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut client = Client::dial(server.address, &config, "localhost");
            let answer = client.get("/text").expect("an answer and the end of the stream");
            assert!(answer.ends_with("\r\n\r\nover TLS\n"), "{answer}");
            assert_eq!(client.0.conn.protocol_version(), Some(version.version));
            assert_eq!(client.0.conn.handshake_kind(), Some(kind), "{version:?}");
            assert_eq!(server.noted(), Noted::Asked(true, 0));
        }
    }
}

#[test]
fn http_1_1_is_agreed_on_and_who_speaks_only_another_is_told_so() {
    let server = serve(authority().server(&["localhost"]).tls_server(), |_| {});
    for (offered, agreed) in [(vec!["h2", "http/1.1"], Some("http/1.1")), (vec![], None)] {
        let mut client = client_with(&offered, server.address);
        client.get("/text").expect("an answer");
        assert_eq!(client.0.conn.alpn_protocol(), agreed.map(str::as_bytes));
    }
    let error = client_with(&["h2"], server.address).get("/text").expect_err("no common protocol");
    let expected = Error::AlertReceived(AlertDescription::NoApplicationProtocol);
    assert_eq!(tls_error(&error), &expected);
}

fn client_with(protocols: &[&str], address: std::net::SocketAddr) -> Client {
    let mut config = authority().client_config(BOTH_VERSIONS);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Client::dial(address, &Arc::new(config), "localhost")
}

#[test]
fn a_server_shows_the_certificate_for_the_name_that_it_is_asked_for() {
    let names = ["one.test", "two.test"];
    let identities = names.map(|name| authority().server(&[name]));
    let certificates = identities.each_ref().map(|identity| identity.chain()[0].clone());
    let tls = TlsServer::new(move || {
        let mut resolver = ResolvesServerCertUsingSni::new();
        for (name, identity) in names.iter().zip(&identities) {
            let key =
                CertifiedKey::from_der(identity.chain(), identity.private_key(), &provider())?;
            resolver.add(name, key)?;
        }
        Ok(ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver)))
    });
    let server = serve(tls.expect("certificates for these names"), |_| {});
    for (name, certificate) in names.iter().zip(certificates) {
        let mut client = Client::dial(server.address, &client_config(), name);
        client.get("/text").expect("an answer");
        assert_eq!(client.0.conn.peer_certificates(), Some(&[certificate][..]));
    }
    let mut client = Client::dial(server.address, &client_config(), "three.test");
    assert!(client.get("/text").is_err(), "there is no certificate for it");
}

#[test]
fn a_client_has_to_show_a_certificate_where_the_server_wants_one() {
    let clients = Authority::new();
    let tls = authority().server(&["localhost"]).tls_server_for(&clients);
    let server = serve(tls, |_| {});

    let known = authority().client_config_with(&clients.client("somebody"));
    let mut client = dial_with(known, server.address);
    client.get("/text").expect("an answer");
    assert_eq!(server.noted(), Noted::Asked(true, 1));

    let stranger = authority().client_config_with(&Authority::new().client("somebody"));
    let nobody = authority().client_config(BOTH_VERSIONS);
    let refusals =
        [(stranger, AlertDescription::UnknownCA), (nobody, AlertDescription::CertificateRequired)];
    for (config, alert) in refusals {
        let error = dial_with(config, server.address).get("/text").expect_err("not let in");
        assert_eq!(tls_error(&error), &Error::AlertReceived(alert));
    }
}

fn dial_with(config: ClientConfig, address: std::net::SocketAddr) -> Client {
    Client::dial(address, &Arc::new(config), "localhost")
}

/// What rustls says inside an error of a stream.
fn tls_error(error: &io::Error) -> &Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.unwrap_or_else(|| panic!("not an error of TLS: {error}"))
}
