//! What a sound server is measured with, and what comes of it.

use super::wrong_servers::{self, Slow};
use super::{bench, number, sound};
use crate::sockeye::{Sockeye, fresh_file};
use crate::tls::Files;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

fn echo(server: &Sockeye) -> String {
    format!("ws://{}/echo", server.address)
}

#[test]
fn a_closed_loop_has_all_its_figures() {
    let server = Sockeye::start();
    let pid = server.pid().to_string();
    let result = sound(&echo(&server), &["--connections", "7", "--pid", &pid]);
    assert_eq!(number(&result, "bytes"), number(&result, "messages") * 32.0);
    let per_second = number(&result, "messages") / number(&result, "seconds");
    assert!((number(&result, "messages_per_second") - per_second).abs() < 1.0, "{result}");
    // Two bytes of header; messages that were under way at an edge of the window do not fit exactly.
    assert!((number(&result, "received_bytes_per_message") - 34.0).abs() < 2.0, "{result}");
    assert!(number(&result, "server_cpu_ns_per_message") > 0.0);
    assert!(number(&result, "client_cpu_ns_per_message") > 0.0);
    let latency = &result["latency_ns"];
    let rising = ["min", "p50", "p90", "p99", "p999", "max"].map(|name| number(latency, name));
    assert!(rising.is_sorted() && rising[0] > 0.0, "{result}");
    let mean = number(latency, "mean");
    assert!(rising[0] <= mean && mean <= rising[5], "{result}");
    assert_eq!((&result["connections"], &result["rate"]), (&7.into(), &Value::Null));
}

#[test]
fn without_a_process_there_is_no_time_of_the_server() {
    let server = Sockeye::start();
    let result = sound(&echo(&server), &[]);
    assert_eq!(result["server_cpu_ns_per_message"], Value::Null);
}

#[test]
fn messages_of_every_kind_and_size_come_back_by_the_batch_and_over_several_threads() {
    let server = Sockeye::start();
    for arguments in [
        &["--pipeline", "16"][..],
        &["--text", "--size", "200", "--workers", "3"],
        &["--json-payload", "--size", "1000", "--pipeline", "3"],
        &["--size", "100000", "--connections", "3"],
        &["--size", "1000000", "--connections", "2", "--pipeline", "2", "--text"],
        &["--spin", "--connections", "1"],
        &["--ramp", "0.2", "--connections", "20"],
    ] {
        sound(&echo(&server), arguments);
    }
}

#[test]
fn an_open_loop_sends_at_its_rate() {
    let server = Sockeye::start();
    let result = sound(&echo(&server), &["--rate", "500", "--workers", "2"]);
    assert_eq!(number(&result, "rate"), 500.0);
    // In 0.3 s 150 are due, whatever the server does. Those of the warm-up may arrive in the measured time, and a stall at its
    // end may hold back some.
    assert!((30.0..=225.0).contains(&number(&result, "messages")), "{result}");
}

/// The server stalls for half a second of the 0.8 that are measured. Whoever waits for answers before sending more sees one
/// slow message; here everything that was due meanwhile has waited.
#[test]
fn a_server_that_stalls_cannot_hide_it() {
    let server = wrong_servers::start(Slow::default());
    let url = format!("ws://{}/", server.local_addr());
    let arguments = ["--rate", "400", "--connections", "4", "--duration", "0.8"];
    let result = sound(&url, &arguments);
    assert!(number(&result["latency_ns"], "p90") >= 250e6, "{result}");
    server.remote().shut_down(std::time::Duration::ZERO);
}

#[test]
fn fan_out_counts_what_every_subscriber_gets() {
    let server = Sockeye::start();
    let topic = |name: &str| format!("ws://{}/topic/{name}", server.address);
    let one = topic("one");
    let result = sound(&one, &["--publish", &one, "--connections", "20", "--pipeline", "4"]);
    assert_eq!((&result["publish"], &result["publishers"]), (&one.into(), &1.into()));

    // Several publishers on one topic get each other's.
    let several = topic("several");
    let arguments = ["--publish", &several, "--publishers", "3", "--workers", "2"];
    sound(&several, &[&arguments[..], &["--publisher-subscribes"]].concat());
    let (code, result, _) = bench(&several, &arguments);
    assert_eq!(code, Some(1));
    assert!(number(&result["errors"], "unexpected") > 0.0, "{result}");

    let rate = topic("rate");
    sound(&rate, &["--publish", &rate, "--rate", "200", "--connections", "5"]);
}

#[test]
fn compressed_messages_are_checked_and_their_size_on_the_wire_is_told() {
    for mode in ["shared", "32KiB"] {
        let server = Sockeye::start_with(&["--deflate", mode]);
        let json = ["--deflate", "--json-payload", "--size", "1024"];
        let result = sound(&echo(&server), &json);
        let received = number(&result, "received_bytes_per_message");
        assert!((100.0..800.0).contains(&received), "{mode}: {received}");
        // So small that they are sent as they are.
        sound(&echo(&server), &["--deflate"]);
        let topic = format!("ws://{}/topic/a", server.address);
        sound(&topic, &[&json[..], &["--publish", &topic, "--connections", "5"]].concat());
    }
}

#[test]
fn tls_is_spoken_with_whom_the_command_line_trusts() {
    let files = Files::new();
    files.renew();
    let server = files.start();
    let url = format!("wss://localhost:{}/echo", server.address.port());
    let certificate = files.path("certificate.pem");
    sound(&url, &["--ca", &certificate, "--pipeline", "4"]);
    sound(&url, &["--insecure", "--size", "200000", "--connections", "3"]);
    let others = Files::new();
    others.renew();
    let (code, _, errors) = bench(&url, &["--ca", &others.path("certificate.pem")]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("--ca FILE") && errors.contains("--insecure"), "{errors}");
    // What openssl makes unless it is told otherwise.
    others.renew_as_authority();
    let server = others.start();
    let url = format!("wss://localhost:{}/echo", server.address.port());
    let (code, _, errors) = bench(&url, &["--ca", &others.path("certificate.pem")]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("basicConstraints=critical,CA:FALSE"), "{errors}");
}

#[test]
fn a_certificate_is_shown_to_who_wants_one() {
    let files = Files::new();
    files.renew();
    let server = files.start_for_certified();
    let url = format!("wss://localhost:{}/echo", server.address.port());
    let (certificate, key) = (files.path("certificate.pem"), files.path("key.pem"));
    let shown = ["--tls-cert", &*certificate, "--tls-key", &*key];
    for trust in [&["--ca", &*certificate][..], &["--insecure"]] {
        sound(&url, &[trust, &shown].concat());
        let (code, _, errors) = bench(&url, trust);
        assert_eq!(code, Some(1));
        assert!(errors.contains("--tls-cert FILE and --tls-key FILE"), "{errors}");
    }
    let others = Files::new();
    others.renew();
    let (certificate, other_key) = (others.path("certificate.pem"), others.path("key.pem"));
    let cases = [
        (&certificate, &other_key, "it does not take the certificate of --tls-cert"),
        (&certificate, &key, "key.pem: expected the private key of the certificate"),
        (&key, &key, "key.pem: expected a certificate in PEM"),
    ];
    for (certificate, key, expected) in cases {
        let shown = ["--insecure", "--tls-cert", certificate, "--tls-key", key];
        let (code, _, errors) = bench(&url, &shown);
        assert_eq!(code, Some(1));
        assert!(errors.contains(expected), "{errors}");
    }
}

#[test]
fn without_websocket_bytes_go_over_tcp_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}/", listener.local_addr().expect("it is bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            std::thread::spawn(move || {
                let mut bytes = [0; 50_000];
                while let Ok(size @ 1..) = stream.read(&mut bytes) {
                    let Ok(()) = stream.write_all(&bytes[..size]) else { break };
                }
            });
        }
    });
    let result = sound(&url, &["--raw-tcp", "--connections", "3"]);
    assert!((number(&result, "received_bytes_per_message") - 32.0).abs() < 1.0, "{result}");
    sound(&url, &["--raw-tcp", "--connections", "2", "--size", "70000", "--pipeline", "3"]);
}

#[test]
fn the_report_is_one_page_that_needs_nothing_else() {
    let server = Sockeye::start();
    let file = fresh_file("report.html");
    let path = file.to_str().expect("a path in UTF-8");
    let result = sound(&format!("{}?a=<b>", echo(&server)), &["--report", path]);
    let page = fs::read_to_string(&file).expect("it was written");
    let _gone = fs::remove_file(&file);
    assert_eq!(page.matches("<svg").count(), 3);
    assert!(page.contains("/echo?a=&lt;b&gt;") && !page.contains("<b>&"), "{page}");
    assert!(page.contains(&format!("&quot;messages&quot;: {}", result["messages"])));
    // The name of a format, which nobody fetches.
    let page = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for elsewhere in ["http://", "https://", "src=", "href=", "@import", "url(", "<script", "{{"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}
