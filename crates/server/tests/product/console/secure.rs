//! The same over `wss://`.

use super::{Sub, sockeye, text};
use crate::sockeye::{Sockeye, fresh_file, wait_for};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::fs;
use std::path::PathBuf;

/// The files with a certificate for `localhost` and its key.
struct Files([PathBuf; 2]);

impl Files {
    fn new() -> Self {
        let names = vec!["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("names");
        let files = Self([fresh_file("certificate.pem"), fresh_file("key.pem")]);
        fs::write(&files.0[0], cert.pem()).expect("a file of ours");
        fs::write(&files.0[1], signing_key.serialize_pem()).expect("a file of ours");
        files
    }

    fn paths(&self) -> [&str; 2] {
        self.0.each_ref().map(|path| path.to_str().expect("a path of ours"))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for file in &self.0 {
            let _gone = fs::remove_file(file);
        }
    }
}

#[test]
fn over_tls_both_trust_a_file_or_anybody() {
    let files = Files::new();
    let [certificate, key] = files.paths();
    let server = Sockeye::start_with(&["--tls-cert", certificate, "--tls-key", key]);
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
}

#[test]
fn both_show_a_certificate_to_a_server_that_wants_one() {
    let (files, others) = (Files::new(), Files::new());
    let [certificate, key] = files.paths();
    let server = Sockeye::start_with(&[
        "--tls-cert",
        certificate,
        "--tls-key",
        key,
        "--tls-client-ca",
        certificate,
    ]);
    let url = format!("wss://localhost:{}/connect", server.address.port());
    let shown = |[certificate, key]: [&str; 2]| {
        ["--insecure", "--tls-cert", certificate, "--tls-key", key].map(str::to_owned)
    };
    for (shown, expected) in [
        (&shown(files.paths())[..], None),
        (&["--insecure".to_owned()], Some("--tls-cert FILE and --tls-key FILE")),
        (&shown(others.paths()), Some("it does not take the certificate of --tls-cert")),
    ] {
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        let published = sockeye(&[&["pub", &*url, "news", "7"], &*shown].concat()).output();
        let published = published.expect("the binary");
        assert_eq!(published.status.success(), expected.is_none(), "{published:?}");
        assert!(text(&published).1.contains(expected.unwrap_or_default()), "{published:?}");
        let mut sub = Sub::start(&[&["sub", &*url, "news"], &*shown].concat());
        match expected {
            None => sub.wait_until_noted("news: subscribed\n"),
            Some(expected) => {
                assert_eq!(sub.wait(), Some(1));
                assert!(sub.noted().contains(expected), "{}", sub.noted());
            }
        }
    }
}

#[test]
fn a_server_without_tls_is_no_wss() {
    let server = Sockeye::start();
    let url = format!("wss://{}/connect", server.address);
    let refused = sockeye(&["sub", &url, "news", "--insecure"]).output().expect("the binary");
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(text(&refused).1.contains("does it speak wss:// there?"), "{refused:?}");
}
