//! What a server answers to an opening handshake, or a proxy to `CONNECT`: which of the two, cuts, bytes of the answer.
//!
//! ```text
//!   byte 0                            cuts and content
//!  +---------------------------------+-----------------
//!  | lowest bits: proxy, offers none | see `pieces`
//!  +---------------------------------+-----------------
//! ```

use super::pieces::Cuts;
use sockeye::limits::{HEAD_SIZE_MAX, HEADERS_MAX};
use sockeye::protocol::handshake::{ClientHandshake, Tunnel, accept_key};

/// Checks that the verdict is the same for every chunking, that it comes with the first byte that settles it and stays,
/// and that whoever was accepted has answered this very request with nothing that was not offered.
pub fn check(input: &[u8]) {
    let (&[first], rest) = input.split_first_chunk().unwrap_or((&[0], input));
    let (cuts, answer) = Cuts::read(rest);
    if first & 1 == 1 {
        check_tunnel(cuts, answer);
    } else {
        check_handshake(first & 2 == 0, cuts, answer);
    }
}

fn check_handshake(has_offers: bool, cuts: Cuts<'_>, answer: &[u8]) {
    let run = |ends: &mut dyn Iterator<Item = usize>| {
        let mut handshake = handshake(has_offers);
        settle(ends, |end| handshake.handle_response(&answer[..end]).transpose())
    };
    let (_, whole) = run(&mut [answer.len()].into_iter());
    let (end, verdict) = run(&mut (0..=answer.len()));
    let (_, in_pieces) = run(&mut cuts.ranges(answer.len()).map(|range| range.end));
    assert_eq!((verdict, in_pieces), (whole, whole));
    match verdict {
        None => assert!(answer.len() < HEAD_SIZE_MAX),
        Some(Err(error)) => assert_is_sentence(&error.to_string()),
        Some(Ok(accepted)) => {
            assert_eq!(accepted.size(), end, "bytes behind the head were awaited");
            let offered = |name: &str| has_offers && OFFERED.contains(&name);
            assert!(accepted.subprotocol().is_none_or(offered));
            assert!(accepted.extensions().all(|extension| offered(extension.name())));
            let headers = accepted.header_map();
            assert!(headers.iter().count() <= HEADERS_MAX);
            assert_eq!(headers.first("sec-websocket-accept"), Some(&accept_key(KEY_TEXT)[..]));
            assert!(
                headers.first("UPGRADE").is_some_and(|to| to.eq_ignore_ascii_case(b"websocket"))
            );
            assert!(answer[..end].ends_with(b"\r\n\r\n"));
        }
    }
}

fn check_tunnel(cuts: Cuts<'_>, answer: &[u8]) {
    let run = |ends: &mut dyn Iterator<Item = usize>| {
        let mut tunnel = Tunnel::new("example.com:80").expect("a host and a port");
        settle(ends, |end| tunnel.handle_response(&answer[..end]).transpose())
    };
    let (_, whole) = run(&mut [answer.len()].into_iter());
    let (end, verdict) = run(&mut (0..=answer.len()));
    let (_, in_pieces) = run(&mut cuts.ranges(answer.len()).map(|range| range.end));
    assert_eq!((verdict, in_pieces), (whole, whole));
    match verdict {
        None => assert!(answer.len() < HEAD_SIZE_MAX),
        Some(Err(error)) => assert_is_sentence(&error.to_string()),
        Some(Ok(size)) => {
            assert_eq!(size, end, "bytes of the server were taken for the proxy's");
            assert!(answer[..end].ends_with(b"\r\n\r\n"));
        }
    }
}

/// The first verdict, and with how many bytes it came.
fn settle<V>(
    ends: &mut dyn Iterator<Item = usize>,
    mut judge: impl FnMut(usize) -> Option<V>,
) -> (usize, Option<V>) {
    let mut last = 0;
    for end in ends {
        last = end;
        if let Some(verdict) = judge(end) {
            return (end, Some(verdict));
        }
    }
    (last, None)
}

fn handshake(has_offers: bool) -> ClientHandshake {
    let subprotocols = if has_offers { OFFERED } else { &[] };
    let handshake =
        ClientHandshake::new("example.com", "/", subprotocols, &[], *b"the sample nonce");
    let handshake = handshake.expect("a host and a path");
    match has_offers {
        true => handshake.with_extensions(&OFFERED.join(", ")).expect("two names"),
        false => handshake,
    }
}

fn assert_is_sentence(text: &str) {
    assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
}

/// As subprotocols and as extensions.
const OFFERED: &[&str] = &["chat", "permessage-deflate"];
/// The key as the request has it. RFC 6455 section 1.3 has the same sample.
const KEY_TEXT: &[u8] = b"dGhlIHNhbXBsZSBub25jZQ==";
