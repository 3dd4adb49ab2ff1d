//! The same over `wss://`.

use super::{Sub, sockeye, text};
use crate::sockeye::{Sockeye, fresh_file, wait_for};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::fs;
use std::path::PathBuf;

/// A server that speaks TLS as `localhost`, and the file with its certificate.
fn start() -> (Sockeye, PathBuf) {
    let names = vec!["localhost".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("names");
    let (certificate, key) = (fresh_file("certificate.pem"), fresh_file("key.pem"));
    fs::write(&certificate, cert.pem()).expect("a file of ours");
    fs::write(&key, signing_key.serialize_pem()).expect("a file of ours");
    let paths = [&certificate, &key].map(|path| path.to_str().expect("a path of ours"));
    let server = Sockeye::start_with(&["--tls-cert", paths[0], "--tls-key", paths[1]]);
    fs::remove_file(key).expect("it was there");
    (server, certificate)
}

#[test]
fn over_tls_both_trust_a_file_or_anybody() {
    let (server, certificate) = start();
    let certificate = certificate.to_str().expect("a path of ours");
    let named = format!("wss://localhost:{}/connect", server.address.port());
    let unnamed = format!("wss://{}/connect", server.address);
    for trust in [&["--ca", certificate][..], &["--insecure"]] {
        let mut sub = Sub::start(&[&["sub", &named, "news"], trust].concat());
        let publish = [&["pub", &named, "news", "7"], trust].concat();
        wait_for(|| {
            let published = sockeye(&publish).output().expect("the binary");
            assert!(published.status.success(), "{published:?}");
            (!fs::read(&sub.printed).expect("a file of ours").is_empty()).then_some(())
        });
        assert_eq!(sub.printed(1)[0], 7);
        sub.signal("INT");
        assert_eq!((sub.wait(), &*sub.noted()), (Some(0), "news: subscribed\n"));
    }
    let unnamed_and_trusted = ["--ca", certificate];
    let cases: [(&str, &[&str], &str); 4] = [
        (&named, &[], "expected to hear whom to trust: --ca FILE"),
        (&unnamed, &unnamed_and_trusted, "name the certificate to trust with --ca FILE"),
        (&named, &["--ca", "/no/such/file"], "/no/such/file: expected a file in PEM"),
        (&named.replace("wss", "ws"), &[], "ws://localhost"),
    ];
    for (url, trust, expected) in cases {
        let refused = sockeye(&[&["pub", url, "news", "7"], trust].concat()).output();
        let refused = refused.expect("the binary");
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = text(&refused).1;
        assert!(said.starts_with("error: ") && said.contains(expected), "{said}");
    }
    fs::remove_file(certificate).expect("it was there");
}

#[test]
fn a_server_without_tls_is_no_wss() {
    let server = Sockeye::start();
    let url = format!("wss://{}/connect", server.address);
    let refused = sockeye(&["sub", &url, "news", "--insecure"]).output().expect("the binary");
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(text(&refused).1.contains("does it speak wss:// there?"), "{refused:?}");
}
