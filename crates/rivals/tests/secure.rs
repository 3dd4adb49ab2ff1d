//! TLS, as others see it: sslscan, which looks for what is weak, OpenSSL's client, and Python's.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use sockeye_rivals::process::{self, Running};
use sockeye_rivals::server;

/// A server with TLS, and the file with the certificate that it shows.
struct Secure {
    address: String,
    certificate: PathBuf,
    _running: Running,
}

impl Secure {
    fn start(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("secure-{name}"));
        fs::create_dir_all(&folder).expect("a folder of ours");
        let names = vec!["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("names of certificates");
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        fs::write(&certificate, cert.pem()).expect("a file of ours");
        fs::write(&key, signing_key.serialize_pem()).expect("a file of ours");

        let binary = server::binary().unwrap_or_else(|problem| panic!("{problem}"));
        let mut command = Command::new(binary);
        command.args(["--bind", "127.0.0.1:0", "--workers", "1"]);
        command.arg("--tls-cert").arg(&certificate).arg("--tls-key").arg(&key);
        let (running, line) =
            Running::start(&mut command, PATIENCE).unwrap_or_else(|problem| panic!("{problem}"));
        let address = line.split("https://").nth(1).and_then(|rest| rest.split(' ').next());
        let address = address.unwrap_or_else(|| panic!("no address: {line}")).to_owned();
        Self { address, certificate, _running: running }
    }
}

#[test]
fn sslscan_finds_nothing_weak() {
    let server = Secure::start("sslscan");
    let mut scan = Command::new("sslscan");
    scan.args(["--xml=-", "--sni-name=localhost", &server.address]);
    let report = process::run(&mut scan, PATIENCE).and_then(process::Finished::into_success);
    let report = report.unwrap_or_else(|problem| panic!("{problem}"));
    let elements = |name: &str| -> Vec<&String> {
        let start = format!("<{name} ");
        report.iter().filter(|line| line.trim_start().starts_with(&start)).collect()
    };

    let enabled: Vec<_> = elements("protocol")
        .into_iter()
        .map(|line| {
            let is_enabled = attribute(line, "enabled") == "1";
            (attribute(line, "type"), attribute(line, "version"), is_enabled)
        })
        .collect();
    let expected = [
        ("ssl", "2", false),
        ("ssl", "3", false),
        ("tls", "1.0", false),
        ("tls", "1.1", false),
        ("tls", "1.2", true),
        ("tls", "1.3", true),
    ];
    assert_eq!(enabled, expected, "{report:#?}");

    let ciphers = elements("cipher");
    assert!(ciphers.len() >= 6, "{report:#?}");
    for cipher in ciphers {
        // "acceptable" is what sslscan calls all that TLS 1.3 has.
        assert!(["strong", "acceptable"].contains(&attribute(cipher, "strength")), "{cipher}");
        let name = attribute(cipher, "cipher");
        assert!(
            name.starts_with("TLS_") || name.starts_with("ECDHE-"),
            "no forward secrecy: {name}"
        );
        assert!(name.contains("GCM") || name.contains("POLY1305"), "not authenticated: {name}");
    }
    for group in elements("group") {
        let bits = attribute(group, "bits").parse::<u32>();
        assert!(bits.is_ok_and(|bits| bits >= 128), "{group}");
    }
    let heartbleeds = elements("heartbleed");
    assert_eq!(heartbleeds.len(), 2, "{report:#?}");
    assert!(heartbleeds.iter().all(|line| attribute(line, "vulnerable") == "0"), "{report:#?}");
    assert!(elements("compression").iter().all(|line| attribute(line, "supported") == "0"));
    let renegotiations = elements("renegotiation");
    assert!(renegotiations.iter().all(|line| attribute(line, "supported") == "0"), "{report:#?}");
}

/// The value of an attribute; sslscan writes one element in a line.
fn attribute<'l>(line: &'l str, name: &str) -> &'l str {
    let value = line.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
    value.unwrap_or_else(|| panic!("no {name} in {line}")).0
}

#[test]
fn openssl_resumes_its_sessions_and_agrees_on_http_1_1() {
    let server = Secure::start("openssl");
    let session = server.certificate.with_file_name("session");
    for version in ["-tls1_2", "-tls1_3"] {
        for (option, expected) in [("-sess_out", "New, TLSv1"), ("-sess_in", "Reused, TLSv1")] {
            let mut client = Command::new("openssl");
            client.args(["s_client", version, "-connect", &server.address, "-alpn", "http/1.1"]);
            client.args(["-servername", "localhost", "-verify_return_error", "-ign_eof"]);
            client.arg("-CAfile").arg(&server.certificate).arg(option).arg(&session);
            let output = ask(client, "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            assert!(output.contains(expected), "{version} {option}: {output}");
            assert!(output.contains("ALPN protocol: http/1.1"), "{output}");
            assert!(
                output.contains("HTTP/1.1 200 OK") && output.contains("\r\n\r\nok"),
                "{output}"
            );
        }
    }
}

/// Runs a program with this input, and gives all that it prints.
fn ask(mut command: Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it is installed");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("a child");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn python_talks_over_it_and_is_told_of_the_end() {
    let server = Secure::start("python");
    let mut python = Command::new("python3");
    python.args(["-c", SCRIPT, &server.address]).arg(&server.certificate);
    let lines = process::run(&mut python, PATIENCE).and_then(process::Finished::into_success);
    assert_eq!(lines, Ok(vec!["TLSv1.2 ok".to_owned(), "TLSv1.3 ok".to_owned()]));
}

/// A megabyte there and back, and a close frame, with either version.
const SCRIPT: &str = r#"
import socket, ssl, sys
host, port = sys.argv[1].split(":")
for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(cafile=sys.argv[2])
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["http/1.1"])
    plain = socket.create_connection((host, int(port)), timeout=20)
    stream = context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False)
    assert stream.selected_alpn_protocol() == "http/1.1"
    stream.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    reader = stream.makefile("rb")
    assert reader.readline().startswith(b"HTTP/1.1 101")
    while reader.readline() != b"\r\n":
        pass
    payload = bytes(range(256)) * 4096
    size = len(payload).to_bytes(8, "big")
    stream.sendall(b"\x82\xff" + size + bytes(4) + payload)
    assert reader.read(10) == b"\x82\x7f" + size
    assert reader.read(len(payload)) == payload
    stream.sendall(b"\x88\x80" + bytes(4))
    assert reader.read() == b"\x88\x00"
    print(stream.version(), "ok", flush=True)
"#;

const PATIENCE: Duration = Duration::from_secs(60);
