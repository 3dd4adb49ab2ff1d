//! Certificates that change while the server runs.

use super::stage::{Client, client_config, serve};
use crate::support::certificates::{Identity, authority, provider};
use sockeye::tls::rustls::HandshakeKind;
use sockeye::tls::{TlsFiles, TlsServer};
use std::fs;
use std::path::{Path, PathBuf};

/// Files that go with the test.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("sockeye-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a place for files");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("a file");
    }

    fn write_identity(&self, identity: &Identity) {
        self.write("certificate.pem", &identity.certificate.pem());
        self.write("key.pem", &identity.key.serialize_pem());
    }

    fn tls(&self) -> TlsFiles {
        TlsFiles::new(self.path("certificate.pem"), self.path("key.pem"), provider())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _gone_already = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_new_certificate_is_shown_to_who_comes_next_and_nobody_is_disturbed() {
    let files = Files::new("reload");
    let [before, after] = [(), ()].map(|()| authority().common_server(&["localhost"]));
    files.write_identity(&before);
    let tls = TlsServer::from_files(files.tls()).expect("good files");
    let server = serve(tls.clone(), |_| {});
    let config = client_config();
    let mut open = Client::dial(server.address, &config, "localhost").open("/");
    assert_eq!(open.0.conn.peer_certificates(), Some(&*before.chain()));

    files.write_identity(&after);
    tls.reload().expect("good files");
    open.echo(b"undisturbed");
    let mut next = Client::dial(server.address, &config, "localhost").open("/");
    assert_eq!(next.0.conn.peer_certificates(), Some(&*after.chain()));
    assert_eq!(next.0.conn.handshake_kind(), Some(HandshakeKind::Full), "old sessions are over");
    next.echo(b"new");

    files.write("key.pem", "no key");
    let error = tls.reload().expect_err("a broken file").to_string();
    assert!(error.contains("key.pem: expected the private key in PEM"), "{error}");
    let mut last = Client::dial(server.address, &config, "localhost").open("/");
    assert_eq!(last.0.conn.peer_certificates(), Some(&*after.chain()), "the last good one stays");
    last.echo(b"still there");
    open.echo(b"undisturbed");
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_what_it_must_be() {
    let files = Files::new("faults");
    let identity = authority().server(&["localhost"]);
    let other = authority().server(&["localhost"]);
    let certificate = identity.certificate.pem();
    let key = identity.key.serialize_pem();
    let faults = [
        (None, Some(&*key), "certificate.pem: expected a certificate in PEM"),
        (Some("no PEM"), Some(&*key), "certificate.pem: expected a certificate in PEM"),
        (Some(&*certificate), None, "key.pem: expected the private key in PEM"),
        (Some(&*certificate), Some(&*certificate), "key.pem: expected the private key in PEM"),
    ];
    for (certificate, key, expected) in faults {
        for (name, content) in [("certificate.pem", certificate), ("key.pem", key)] {
            match content {
                Some(content) => files.write(name, content),
                None => drop(fs::remove_file(files.path(name))),
            }
        }
        let error = TlsServer::from_files(files.tls()).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    files.write("certificate.pem", &certificate);
    files.write("key.pem", &other.key.serialize_pem());
    let error = TlsServer::from_files(files.tls()).expect_err("another key").to_string();
    assert!(error.contains("key.pem: expected the private key of the certificate"), "{error}");

    files.write_identity(&identity);
    let mut tls = files.tls();
    tls.client_authorities = Some(files.path("authorities.pem"));
    let error = TlsServer::from_files(tls.clone()).expect_err("no such file").to_string();
    assert!(error.contains("authorities.pem: expected"), "{error}");
    files.write("authorities.pem", &authority().pem());
    TlsServer::from_files(tls).expect("good files");
    assert!(Path::new(&files.path("key.pem")).exists());
}
