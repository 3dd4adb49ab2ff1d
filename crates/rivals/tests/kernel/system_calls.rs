//! What messages cost in system calls, of the binary that is shipped: `docs/scaling.md` has the table that this prints
//! (`cargo test -p sockeye-rivals --test kernel -- --nocapture`). Nothing is counted but calls, so it is the same on a slow
//! machine, except where a message comes in pieces.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use sockeye::tls::rustls::crypto::ring;
use sockeye::tls::rustls::{ClientConfig, RootCertStore};

use crate::client::{Client, frame};
use crate::traced::{Calls, Traced};

/// One client that waits for each answer.
#[test]
fn an_echo_is_one_receive_and_one_send() {
    let small = frame(BINARY, &[7; 32]);
    for (name, server) in DRIVERS {
        let answers = Answers { messages: small.clone(), count: 1 };
        let counted = echoes(&format!("{name}-echo"), server, "", None, &answers);
        counted.print(name, "echo of 32 B");
        counted.expect(driver_calls(name, 1, 1));

        let answers = Answers { messages: small.repeat(16), count: 16 };
        let counted = echoes(&format!("{name}-pipelined"), server, "", None, &answers);
        counted.print(name, "sixteen echoes of 32 B, pipelined");
        counted.expect(driver_calls(name, 1, 1));

        let answers = Answers { messages: frame(BINARY, &[7; 16 * 1024]), count: 1 };
        let counted = echoes(&format!("{name}-16k"), server, "", None, &answers);
        counted.print(name, "echo of 16 KiB");
        counted.expect(driver_calls(name, 1, 1));
    }
}

#[test]
fn a_compressed_echo_costs_no_more() {
    let payload = miniz_oxide::deflate::compress_to_vec(&b"Hello".repeat(200), 6);
    for (name, server) in DRIVERS {
        let server = [server, &["--deflate", "shared"]].concat();
        let answers = Answers { messages: frame(0xC2, &payload), count: 1 };
        let counted = echoes(&format!("{name}-deflate"), &server, OFFER, None, &answers);
        counted.print(name, "echo of 1 KiB, compressed");
        counted.expect(driver_calls(name, 1, 1));
    }
}

#[test]
fn an_echo_over_tls_costs_no_more() {
    let (files, trust) = certificate();
    for (name, server) in DRIVERS {
        let files = files.each_ref().map(String::as_str);
        let server = [server, &["--tls-cert", files[0], "--tls-key", files[1]]].concat();
        let answers = Answers { messages: frame(BINARY, &[7; 32]), count: 1 };
        let counted = echoes(&format!("{name}-tls"), &server, "", Some(&trust), &answers);
        counted.print(name, "echo of 32 B over TLS");
        counted.expect(driver_calls(name, 1, 1));
    }
}

/// Each subscriber gets one send, however much is published in a tick; on io_uring one call takes all of them.
#[test]
fn what_is_published_is_one_send_for_each_subscriber() {
    for (name, server) in DRIVERS {
        for pipelined in [1, 16] {
            let counted = publications(&format!("{name}-topic-{pipelined}"), server, pipelined);
            counted.print(name, &format!("{pipelined} of 128 B to {SUBSCRIBERS} subscribers"));
            counted.expect(driver_calls(name, 1, SUBSCRIBERS));
        }
    }
}

/// It comes in as many pieces as the kernel makes of it. What is asked for is what has come, so nothing is asked for in vain
/// but where a piece filled what was left of a buffer.
#[test]
fn a_megabyte_comes_and_goes_in_few_calls() {
    for (name, server) in DRIVERS {
        let answers = Answers { messages: frame(BINARY, &vec![7; 1 << 20]), count: 1 };
        let server = [server, &["--message-max", "16MiB"]].concat();
        let counted = echoes(&format!("{name}-1m"), &server, "", None, &answers);
        counted.print(name, "echo of 1 MiB");
        let all: usize = counted.calls.values().sum();
        assert!(all < 30 * ROUNDS, "{:?}", counted.calls);
    }
}

/// What a client writes in one go, and how many messages come back.
struct Answers {
    messages: Vec<u8>,
    count: usize,
}

/// What a server asked of the kernel in [`ROUNDS`] rounds.
struct Counted {
    calls: Calls,
}

impl Counted {
    fn between(before: &Calls, after: &Calls) -> Self {
        let since = |(name, count): (&String, &usize)| {
            let count = count - before.get(name).unwrap_or(&0);
            (count > 0).then(|| (name.clone(), count))
        };
        Self { calls: after.iter().filter_map(since).collect() }
    }

    #[expect(clippy::print_stdout, reason = "a table for who asks for it")]
    fn print(&self, driver: &str, what: &str) {
        let calls: Vec<String> = self
            .calls
            .iter()
            .map(|(name, count)| format!("{name} {:.2}", *count as f64 / ROUNDS as f64))
            .collect();
        println!("| {driver} | {what} | {} |", calls.join(", "));
    }

    /// These and nothing else, so often in each round. The last wait may have begun or not when they were counted.
    #[track_caller]
    fn expect(&self, each: BTreeMap<&str, usize>) {
        let names: Vec<&str> = self.calls.keys().map(String::as_str).collect();
        let expected: Vec<&str> = each.keys().copied().collect();
        assert_eq!(names, expected, "{:?}", self.calls);
        for (name, each) in each {
            let count = self.calls[name];
            let rounds = each * ROUNDS;
            assert!(count.abs_diff(rounds) <= ROUNDS / 20, "{count} of {name}, not {rounds}");
        }
    }
}

fn driver_calls(driver: &str, receives: usize, sends: usize) -> BTreeMap<&'static str, usize> {
    match driver {
        "epoll" => [("epoll_wait", 1), ("recvfrom", receives), ("sendto", sends)].into(),
        _ => [("io_uring_enter", 1)].into(),
    }
}

fn echoes(
    name: &str,
    server: &[&str],
    lines: &str,
    tls: Option<&Arc<ClientConfig>>,
    answers: &Answers,
) -> Counted {
    let server = Traced::start(name, &[], server);
    let mut client = Client::open(server.address, "/echo", lines, tls);
    let mut round = || {
        client.write(&answers.messages);
        client.read(answers.count);
    };
    (0..WARM_UP).for_each(|_| round());
    let before = server.calls();
    (0..ROUNDS).for_each(|_| round());
    Counted::between(&before, &server.calls())
}

/// One client publishes so many at a time, when all have had those before.
fn publications(name: &str, server: &[&str], pipelined: usize) -> Counted {
    let server = Traced::start(name, &[], server);
    let open = || Client::open(server.address, "/topic/news", "", None);
    let (mut publisher, mut subscribers) =
        (open(), Vec::from_iter((0..SUBSCRIBERS).map(|_| open())));
    let messages = frame(BINARY, &[7; 128]).repeat(pipelined);
    let mut round = || {
        publisher.write(&messages);
        subscribers.iter_mut().for_each(|subscriber| subscriber.read(pipelined));
    };
    (0..WARM_UP).for_each(|_| round());
    let before = server.calls();
    (0..ROUNDS).for_each(|_| round());
    Counted::between(&before, &server.calls())
}

/// The files of a certificate and its key, and a client that trusts it.
fn certificate() -> ([String; 2], Arc<ClientConfig>) {
    let names = vec!["localhost".to_owned()];
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(names).expect("names of certificates");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let files = ["kernel-cert.pem", "kernel-key.pem"].map(|name| folder.join(name));
    fs::write(&files[0], cert.pem()).expect("a file of ours");
    fs::write(&files[1], signing_key.serialize_pem()).expect("a file of ours");
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).expect("it can be trusted");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has ciphers for them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    (files.map(|file| file.to_str().expect("a path of ours").to_owned()), Arc::new(config))
}

const DRIVERS: [(&str, &[&str]); 2] =
    [("epoll", &["--driver", "epoll"]), ("io_uring", &["--driver", "uring"])];
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
/// A final frame of a binary message.
const BINARY: u8 = 0x82;
const SUBSCRIBERS: usize = 100;
/// Rounds until everything has the size that it needs, and rounds that are counted.
const WARM_UP: usize = 20;
const ROUNDS: usize = 200;
