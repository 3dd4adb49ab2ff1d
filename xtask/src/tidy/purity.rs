//! What a module of the engine, the hub and the dialects do without, although the standard library or a dependency has it:
//! other people's sockets, threads, locks and clocks.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tokens::{for_each_level, group, is_ident, is_path_separator, is_punct, line};
use super::{Finding, TrackedFile};

pub(super) fn check(file: &TrackedFile, tokens: &TokenStream, findings: &mut Vec<Finding>) {
    for (place, forbidden) in FORBIDDEN {
        let is_there =
            file.path == format!("{place}.rs") || file.path.starts_with(&format!("{place}/"));
        if !is_there {
            continue;
        }
        for Path { line, name } in paths(tokens) {
            if forbidden.iter().copied().flatten().any(|word| touches(&name, word)) {
                let what = format!(
                    "`{place}` does without `{name}`: leave it to whose task it is; xtask/src/tidy/purity.rs has the list"
                );
                findings.push(file.finding(line, what));
            }
        }
    }
}

/// Clippy lets nobody read the clock; who asks it for an exception is a clock.
pub(super) fn check_clock(file: &TrackedFile, tokens: &TokenStream, findings: &mut Vec<Finding>) {
    let is_told_the_time = TOLD_THE_TIME.iter().any(|place| file.path.starts_with(place));
    if !is_told_the_time || file.path.ends_with("/clock.rs") {
        return;
    }
    for_each_level(tokens, &mut |tokens| {
        for token in tokens.iter().filter(|token| is_ident(Some(token), "disallowed_methods")) {
            let what = "only a clock.rs reads the clock: take the time as an argument";
            findings.push(file.finding(line(token), what));
        }
    });
}

/// Whether a path is the forbidden one, leads below it, or brings the whole of what it is in.
fn touches(path: &str, forbidden: &str) -> bool {
    let path = path.strip_suffix("::*").unwrap_or(path);
    let is_below = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    is_below(path, forbidden) || is_below(forbidden, path)
}

/// A path into another crate, in full, and where it ends.
struct Path {
    line: usize,
    name: String,
}

/// Every path that starts with the name of a crate that is on a list, with the braces of `use` taken apart.
fn paths(stream: &TokenStream) -> Vec<Path> {
    let mut found = Vec::new();
    for_each_level(stream, &mut |tokens| {
        for (index, token) in tokens.iter().enumerate() {
            let starts_a_path = index < 2 || !is_path_separator(tokens, index - 2);
            let is_crate = CRATES.iter().any(|name| is_ident(Some(token), name));
            if starts_a_path && is_crate && is_path_separator(tokens, index + 1) {
                follow(None, &tokens[index..], &mut found);
            }
        }
    });
    found
}

fn follow(before: Option<&str>, tokens: &[TokenTree], found: &mut Vec<Path>) {
    if let Some(list) = group(tokens.first(), Delimiter::Brace) {
        let tokens: Vec<_> = list.stream().into_iter().collect();
        for path in tokens.split(|token| is_punct(Some(token), ',')) {
            follow(before, path, found);
        }
    } else if let Some(token) = tokens.first() {
        let name = match before {
            None => token.to_string(),
            Some(before) if is_ident(Some(token), "self") => before.to_owned(),
            Some(before) => format!("{before}::{token}"),
        };
        if is_path_separator(tokens, 1) {
            follow(Some(&name), &tokens[3..], found);
        } else {
            found.push(Path { line: line(token), name });
        }
    }
}

/// Where nobody asks clippy for an exception, in tests neither.
const TOLD_THE_TIME: &[&str] = &["src/", "crates/dialects/src/"];

/// What each module or package does without.
const FORBIDDEN: &[(&str, &[&[&str]])] = &[
    ("src/protocol", &[SYSTEM, SOCKETS, LOCKS, TIME]),
    ("src/buffer", &[SYSTEM, SOCKETS, LOCKS, TIME]),
    // Time is an argument here too, which clippy holds; mail and shared memory are between workers.
    ("src/worker", &[SYSTEM, SOCKETS]),
    ("src/handler", &[SYSTEM, SOCKETS]),
    // Clippy holds it here too.
    ("crates/dialects/src", &[SYSTEM, SOCKETS, LOCKS]),
    ("crates/hub/src", &[SYSTEM, SOCKETS, LOCKS]),
];
const SYSTEM: &[&str] =
    &["std::env", "std::fs", "std::os", "std::process", "std::thread::spawn", "std::thread::sleep"];
/// Addresses are data.
const SOCKETS: &[&str] = &[
    "mio",
    "rustix",
    "socket2",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
];
/// Shared memory that nobody waits for is no lock.
const LOCKS: &[&str] = &[
    "crossbeam_channel",
    "std::sync::Barrier",
    "std::sync::Condvar",
    "std::sync::LazyLock",
    "std::sync::Mutex",
    "std::sync::OnceLock",
    "std::sync::RwLock",
    "std::sync::mpsc",
];
const TIME: &[&str] = &["std::time"];
/// Where the paths above start.
const CRATES: &[&str] = &["crossbeam_channel", "mio", "rustix", "socket2", "std"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{NOTHING, lines_found};

    #[test]
    fn a_protocol_that_reads_a_socket_or_takes_a_lock_is_found() {
        assert_eq!(found("src/protocol/frame.rs", "\nuse std::net::TcpStream;"), [2]);
        assert_eq!(found("src/protocol/http/mod.rs", "use std::sync::Mutex;"), [1]);
        assert_eq!(found("src/buffer/pool.rs", "fn f() {\n g(std::time::Instant::now()) }"), [2]);
        assert_eq!(found("src/worker/mod.rs", "use mio::net::TcpStream;"), [1]);
        assert_eq!(found("crates/hub/src/session.rs", "use std::sync::Mutex;"), [1]);
        assert_eq!(found("crates/dialects/src/native/mod.rs", "use std::fs;"), [1]);
    }

    #[test]
    fn every_name_of_nested_braces_is_judged() {
        let text = "use std::{\nfmt,\nsync::{Arc,\nMutex as Lock},\nfs::{self, File}};";
        assert_eq!(found("src/protocol/frame.rs", text), [4, 5, 5]);
    }

    #[test]
    fn what_is_in_a_module_is_not_brought_in_unseen() {
        for text in ["use std::sync;", "use std::sync::{self};", "use std::sync::*;", "use std::*;"]
        {
            assert_eq!(found("src/protocol/frame.rs", text), [1], "{text}");
        }
    }

    #[test]
    fn what_does_no_harm_passes() {
        let text =
            "use std::sync::Arc; use std::io::Write; use std::net::SocketAddr; use std::mem;";
        assert_eq!(found("src/protocol/frame.rs", text), NOTHING);
        assert_eq!(found("src/protocol/frame.rs", "use crate::std::time; // std::fs"), NOTHING);
        assert_eq!(found("src/driver/epoll.rs", "use mio::net::TcpStream;"), NOTHING);
        assert_eq!(found("src/protocols.rs", "use std::fs;"), NOTHING);
    }

    #[test]
    fn only_a_clock_reads_the_clock() {
        let text = "\n#[expect(clippy::disallowed_methods, reason = \"\")]\nfn f() {}";
        let check = |path| lines_found(path, text, check_clock);
        assert_eq!(check("src/worker/timers.rs"), [2]);
        assert_eq!(check("src/worker/clock.rs"), NOTHING);
        assert_eq!(check("crates/dialects/src/dialect.rs"), [2]);
        assert_eq!(check("xtask/src/main.rs"), NOTHING);
    }

    fn found(path: &str, text: &str) -> Vec<usize> {
        lines_found(path, text, check)
    }
}
