//! `https://` and `wss://`.

use crate::client;
use crate::sockeye::{PATIENCE, Sockeye, fresh_file, run};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedKey, IsCa, KeyPair, generate_simple_self_signed,
};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

/// A certificate that has signed itself, and its key, in files.
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(crate) fn new() -> Self {
        let folder = fresh_file("certificates");
        fs::create_dir_all(&folder).expect("a folder of ours");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("a file of ours");
        path
    }

    /// Writes a new certificate and its key, and gives the certificate.
    pub(crate) fn renew(&self) -> CertificateDer<'static> {
        let names = vec!["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("names of certificates");
        self.write("certificate.pem", &cert.pem());
        self.write("key.pem", &signing_key.serialize_pem());
        cert.der().clone()
    }

    /// Writes a new certificate that may sign others, and its key.
    pub(crate) fn renew_as_authority(&self) {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("the system has randomness");
        let certificate = params.self_signed(&key).expect("a key that can sign");
        self.write("certificate.pem", &certificate.pem());
        self.write("key.pem", &key.serialize_pem());
    }

    pub(crate) fn start(&self) -> Sockeye {
        let (certificate, key) = (self.path("certificate.pem"), self.path("key.pem"));
        Sockeye::start_with(&["--tls-cert", &certificate, "--tls-key", &key])
    }

    /// A server for which clients need the certificate that it shows itself.
    pub(crate) fn start_for_certified(&self) -> Sockeye {
        let (certificate, key) = (self.path("certificate.pem"), self.path("key.pem"));
        let files =
            ["--tls-cert", &certificate, "--tls-key", &key, "--tls-client-ca", &certificate];
        Sockeye::start_with(&files)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

/// A client that trusts this certificate.
fn dial(
    address: SocketAddr,
    certificate: &CertificateDer<'static>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("it can be trusted");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a configuration");
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("an open socket");
    StreamOwned::new(connection, stream)
}

fn get(mut client: impl Read + Write, path: &str) -> String {
    write!(client, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("the server takes it");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer, and the end of the stream");
    answer
}

#[test]
fn two_flags_make_it_https_and_wss() {
    let files = Files::new();
    let certificate = files.renew();
    let server = files.start();
    server.wait_until_said(&format!("wscat -c  wss://{}/echo", server.address));
    server.wait_until_said(&format!("Sockeye serves on https://{}", server.address));
    let answer = get(dial(server.address, &certificate), "/livez");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");

    let mut client = dial(server.address, &certificate);
    write!(
        client,
        "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .expect("the server takes it");
    client.write_all(b"\x81\x82\0\0\0\0hi\x88\x80\0\0\0\0").expect("the server takes it");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).expect("an answer, and the end of the stream");
    assert!(answer.starts_with(b"HTTP/1.1 101 ") && answer.ends_with(b"\x81\x02hi\x88\0"));
}

#[test]
fn plain_http_is_told_what_is_spoken_here() {
    let files = Files::new();
    files.renew();
    let server = files.start();
    let (status, _, body) = client::get(server.address, "GET", "/");
    assert_eq!((status, &*body), (400, "this port speaks TLS: use https:// or wss://\n"));
}

#[test]
fn sighup_reads_the_certificate_again_and_a_broken_one_changes_nothing() {
    let files = Files::new();
    files.renew();
    let mut server = files.start();
    let renewed = files.renew();
    server.signal("HUP");
    server.wait_until_said("the certificate was read again");
    get(dial(server.address, &renewed), "/livez");

    files.write("certificate.pem", "nothing");
    server.signal("HUP");
    server.wait_until_said("the certificate of before stays in use");
    server.wait_until_said("certificate.pem: expected a certificate in PEM");
    get(dial(server.address, &renewed), "/livez");
    assert!(server.is_running());
}

#[test]
fn what_is_wrong_with_certificates_is_said_before_anything_is_served() {
    let files = Files::new();
    files.renew();
    let (certificate, key) = (files.path("certificate.pem"), files.path("key.pem"));
    let missing = files.path("missing.pem");
    let other = Files::new();
    other.renew();
    let other_key = other.path("key.pem");
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--tls-cert", &certificate], 2, "--tls-key <FILE>"),
        (&["--tls-key", &key], 2, "--tls-cert <FILE>"),
        (&["--tls-client-ca", &certificate], 2, "--tls-cert <FILE>"),
        (
            &["--tls-cert", &missing, "--tls-key", &key],
            1,
            "missing.pem: expected a certificate in PEM",
        ),
        (
            &["--tls-cert", &certificate, "--tls-key", &certificate],
            1,
            "certificate.pem: expected the private key in PEM",
        ),
        (
            &["--tls-cert", &certificate, "--tls-key", &other_key],
            1,
            "key.pem: expected the private key of the certificate",
        ),
    ];
    for (arguments, expected_code, expected) in cases {
        let (code, _, errors) = run(&[&["--bind", "127.0.0.1:0"], arguments].concat());
        assert_eq!(code, Some(expected_code), "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
}

#[test]
fn who_shows_no_certificate_is_not_let_in_where_one_is_wanted() {
    let files = Files::new();
    let certificate = files.renew();
    let server = files.start_for_certified();
    let mut client = dial(server.address, &certificate);
    write!(client, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it is not read");
    let error = client.read(&mut [0]).expect_err("not let in").to_string();
    assert!(error.contains("CertificateRequired"), "{error}");
}
