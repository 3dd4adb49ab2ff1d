//! What messages cost in system calls, of the binary that is shipped: `docs/scaling.md` has the table that this prints
//! (`cargo test -p sockeye-rivals --test kernel -- --nocapture`). Each client waits for its answers, so there is nothing to
//! count but what they cost, except where a message comes in pieces.

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
        let round = Round { written: small.clone(), answers: 1, first: BINARY };
        let counted = echoes(&format!("{name}-echo"), server, "", None, &round);
        counted.print(name, "echo of 32 B");
        counted.expect(driver_calls(name, 1, 1));

        let round = Round { written: small.repeat(16), answers: 16, first: BINARY };
        let counted = echoes(&format!("{name}-pipelined"), server, "", None, &round);
        counted.print(name, "sixteen echoes of 32 B, pipelined");
        counted.expect(driver_calls(name, 1, 1));

        let round = Round { written: frame(BINARY, &[7; 16 * 1024]), answers: 1, first: BINARY };
        let counted = echoes(&format!("{name}-16k"), server, "", None, &round);
        counted.print(name, "echo of 16 KiB");
        counted.expect(driver_calls(name, 1, 1));
    }
}

#[test]
fn a_compressed_echo_costs_no_more() {
    let payload = miniz_oxide::deflate::compress_to_vec(&b"Hello".repeat(200), 6);
    for (name, server) in DRIVERS {
        let server = [server, &["--deflate", "shared"]].concat();
        let round = Round { written: frame(COMPRESSED, &payload), answers: 1, first: COMPRESSED };
        let counted = echoes(&format!("{name}-deflate"), &server, OFFER, None, &round);
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
        let round = Round { written: frame(BINARY, &[7; 32]), answers: 1, first: BINARY };
        let counted = echoes(&format!("{name}-tls"), &server, "", Some(&trust), &round);
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
        let round = Round { written: frame(BINARY, &vec![7; 1 << 20]), answers: 1, first: BINARY };
        let server = [server, &["--message-max", "16MiB"]].concat();
        let counted = echoes(&format!("{name}-1m"), &server, "", None, &round);
        counted.print(name, "echo of 1 MiB");
        let of = |name: &str| counted.calls.get(name).unwrap_or(&0);
        let (waits, receives) = (of("epoll_wait"), of("recvfrom"));
        let sends = of("sendto") + of("sendmsg");
        assert!(*waits <= receives + sends + counted.rounds / 20, "{:?}", counted.calls);
        let all: usize = counted.calls.values().sum();
        assert!(all < 100 * counted.rounds, "{:?}", counted.calls);
    }
}

/// What a client writes in one go, how many messages come back, and how each begins.
struct Round {
    written: Vec<u8>,
    answers: usize,
    first: u8,
}

/// What a server asked of the kernel in so many rounds.
struct Counted {
    calls: Calls,
    rounds: usize,
}

impl Counted {
    fn of(server: &Traced, rounds: usize, mut go_round: impl FnMut()) -> Self {
        (0..WARM_UP).for_each(|_| go_round());
        let before = server.calls();
        (0..rounds).for_each(|_| go_round());
        let since = |(name, count): (String, usize)| {
            let count = count - before.get(&name).unwrap_or(&0);
            (count > 0).then_some((name, count))
        };
        Self { calls: server.calls().into_iter().filter_map(since).collect(), rounds }
    }

    #[expect(clippy::print_stdout, reason = "a table for who asks for it")]
    fn print(&self, driver: &str, what: &str) {
        let calls: Vec<String> = self
            .calls
            .iter()
            .map(|(name, count)| format!("{name} {:.2}", *count as f64 / self.rounds as f64))
            .collect();
        println!("| {driver} | {what} | {} |", calls.join(", "));
    }

    /// These and nothing else, so often in each round. The last wait may have begun or not when they were counted, and a
    /// deadline may have come near, for which the worker's timer is set.
    #[track_caller]
    fn expect(&self, each: BTreeMap<&str, usize>) {
        let is_seldom = |(name, count): &(&String, &usize)| {
            *name == "timerfd_settime" && **count <= self.rounds / 20
        };
        let others = self.calls.iter().filter(|call| !is_seldom(call));
        let names: Vec<&str> = others.map(|(name, _)| name.as_str()).collect();
        let expected: Vec<&str> = each.keys().copied().collect();
        assert_eq!(names, expected, "{:?}", self.calls);
        for (name, each) in each {
            let count = self.calls[name];
            let expected = each * self.rounds;
            assert!(
                count.abs_diff(expected) <= self.rounds / 20,
                "{count} of {name}, not {expected}"
            );
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
    round: &Round,
) -> Counted {
    let server = Traced::start(name, &[], server);
    let mut client = Client::open(server.address, "/echo", lines, tls);
    Counted::of(&server, 200, || {
        client.write(&round.written);
        client.read(round.answers, round.first);
    })
}

/// One client publishes so many at a time, when all have had those before.
fn publications(name: &str, server: &[&str], pipelined: usize) -> Counted {
    let server = Traced::start(name, &[], server);
    let open = || Client::open(server.address, "/topic/news", "", None);
    let (mut publisher, mut subscribers) =
        (open(), Vec::from_iter((0..SUBSCRIBERS).map(|_| open())));
    let messages = frame(BINARY, &[7; 128]).repeat(pipelined);
    // Few, so that it is over long before anybody is pinged.
    Counted::of(&server, 50, || {
        publisher.write(&messages);
        subscribers.iter_mut().for_each(|subscriber| subscriber.read(pipelined, BINARY));
    })
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
    [("epoll", &["--workers", "1"]), ("io_uring", &["--workers", "1", "--driver", "uring"])];
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
/// A final frame of a binary message, as it is and compressed.
const BINARY: u8 = 0x82;
const COMPRESSED: u8 = 0xC2;
const SUBSCRIBERS: usize = 100;
/// Rounds until everything has the size that it needs.
const WARM_UP: usize = 20;
