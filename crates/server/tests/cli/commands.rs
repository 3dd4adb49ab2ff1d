//! Flags, sentences, exit codes, and what is served over HTTP.

use crate::client;
use crate::sockeye::{Sockeye, fresh_file, run};
use std::net::TcpListener;

#[test]
fn help_names_every_flag_and_every_endpoint() {
    for arguments in [&["--help"][..], &["serve", "--help"]] {
        let (code, help, _) = run(arguments);
        assert_eq!(code, Some(0));
        let flags =
            ["--bind", "--workers", "--message-max", "--grace", "--ports-file", "--tls-cert"];
        let endpoints = ["/connect", "/api/v1/", "/echo", "/topic/NAME", "/livez", "/metrics"];
        let rest = ["RUST_LOG", "127.0.0.1:8000", "1MiB"];
        for word in flags.iter().chain(&endpoints).chain(&rest) {
            assert!(help.contains(word), "{word} is missing in\n{help}");
        }
    }
}

#[test]
fn details_of_compression_without_compression_are_refused() {
    for flag in [["--deflate-level", "3"], ["--inflated-max", "1MiB"]] {
        let (code, _, errors) = run(&[&["serve", "--bind", "127.0.0.1:0"][..], &flag].concat());
        assert_eq!(code, Some(1));
        assert!(errors.contains("add --deflate shared"), "{errors}");
    }
}

#[test]
fn version_names_the_program() {
    let (code, version, _) = run(&["--version"]);
    assert_eq!(code, Some(0));
    assert_eq!(version, format!("sockeye {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_flag_ends_with_code_2_and_says_what_was_expected() {
    let cases: [(&[&str], &str); 8] = [
        (&["--bnd", "127.0.0.1:0"], "--bind"),
        (&["--bind", "localhost"], "expected an IP address and a port"),
        (&["--workers", "0"], "0 is not in 1..=1024"),
        (&["--workers", "many"], "invalid digit"),
        (&["--message-max", "2GiB"], "expected 1B to 1GiB"),
        (&["--message-max", "big"], "expected a size such as 64KiB or 1MiB"),
        (&["--grace", "3601"], "expected 0s to 1h, such as 30s"),
        (&["swim"], "swim"),
    ];
    for (arguments, expected) in cases {
        let (code, _, errors) = run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
}

#[test]
fn an_address_in_use_ends_with_code_1_and_a_sentence_that_helps() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let (code, _, errors) = run(&["--bind", &address]);
    assert_eq!(code, Some(1));
    let sentence =
        format!("{address} is in use: end what listens there, or choose another with --bind");
    assert!(errors.contains(&sentence), "{errors}");
    // So does one of its own kind, whose sockets could be joined.
    let server = Sockeye::start();
    let (code, _, errors) = run(&["--bind", &server.address.to_string()]);
    assert!(code == Some(1) && errors.contains("is in use"), "{errors}");
}

#[test]
fn a_ports_file_that_cannot_be_written_ends_with_code_1() {
    let file = fresh_file("no-such-directory").join("ports");
    let path = file.to_str().expect("a path in UTF-8");
    let (code, _, errors) = run(&["--bind", "127.0.0.1:0", "--ports-file", path]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("cannot write the ports file"), "{errors}");
    assert!(errors.contains(path), "{errors}");
}

#[test]
fn the_ports_file_is_whole_when_it_is_there() {
    // Waiting for the server parses the file as soon as there is one.
    let server = Sockeye::start();
    let text = std::fs::read_to_string(&server.ports_file).expect("it is there");
    assert_eq!(text, format!("{}\n", server.address));
    let draft = server.ports_file.with_extension("draft");
    assert!(!draft.exists(), "no draft is left");
    assert_eq!(client::get(server.address, "GET", "/livez").0, 200);
}

#[test]
fn paths_answer_with_their_status_and_a_sentence() {
    let server = Sockeye::start();
    let cases = [
        ("GET", "/livez", 200, "ok\n"),
        ("GET", "/", 200, "<title>Sockeye</title>"),
        ("HEAD", "/", 200, ""),
        ("GET", "/nothing", 404, "try /, /try, /connect, /api/v1/, /echo, /topic/NAME, /livez"),
        ("GET", "/connect", 426, "this address speaks WebSocket"),
        ("GET", "/readyz", 200, "ok\n"),
        ("GET", "/metrics", 200, "sockeye_connections 0"),
        ("POST", "/metrics", 405, "expected GET or HEAD"),
        ("GET", "/api/v1/nothing", 404, "\"code\":\"not_found\""),
        ("GET", "/topic/", 404, "a name of 1 to 255 bytes"),
        ("POST", "/", 405, "expected GET or HEAD"),
        ("DELETE", "/livez", 405, "expected GET or HEAD"),
        ("POST", "/echo", 405, "a WebSocket is opened with GET"),
        ("GET", "/echo", 426, "this address speaks WebSocket"),
        ("GET", "/topic/news", 426, "this address speaks WebSocket"),
    ];
    for (method, path, status, expected) in cases {
        let (got, _, body) = client::get(server.address, method, path);
        assert_eq!(got, status, "{method} {path}");
        assert!(body.contains(expected), "{method} {path}: {body}");
        assert!(method != "HEAD" || body.is_empty());
    }
    let (_, head, _) = client::get(server.address, "POST", "/");
    assert!(head.contains("\r\nAllow: GET, HEAD\r\n"), "{head}");
    for (path, methods) in [("publish", "POST"), ("channels/news", "GET, PUT, DELETE")] {
        let (status, head, _) = client::get(server.address, "PATCH", &format!("/api/v1/{path}"));
        assert_eq!(status, 405, "{path}");
        assert!(head.contains(&format!("\r\nAllow: {methods}\r\n")), "{head}");
    }
}

#[test]
fn the_pages_are_small_and_need_nothing_from_elsewhere() {
    let server = Sockeye::start();
    for (path, size_max) in [("/", 36 * 1024), ("/try", 16 * 1024)] {
        let (_, head, page) = client::get(server.address, "GET", path);
        assert!(head.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"), "{head}");
        // The page itself allows its own script and style, by their hashes, and this server to be connected to.
        assert!(page.contains("<meta http-equiv=\"Content-Security-Policy\""), "{page}");
        for header in [
            "Content-Security-Policy: frame-ancestors 'none'",
            "Cross-Origin-Opener-Policy: same-origin",
            "Referrer-Policy: no-referrer",
            "X-Content-Type-Options: nosniff",
        ] {
            assert!(head.contains(&format!("\r\n{header}\r\n")), "{header} is not in {head}");
        }
        assert!(page.len() < size_max, "{} bytes", page.len());
        // The name of a format, which nobody fetches.
        let page = page.replace("xmlns='http://www.w3.org/2000/svg'", "");
        for elsewhere in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(elsewhere), "{elsewhere}");
        }
    }
}
