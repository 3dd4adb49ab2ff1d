//! RFC 6455 section 8.1: text that is not UTF-8 fails, with its first bad byte.

use crate::support::{Frame, Outcome, OwnedEvent, Scenario, receive};
use sockeye::protocol::ProtocolError;

/// Sequences that are not UTF-8, each with how many of its bytes show it: `\xE2\x82` is fine until a byte follows that
/// is no continuation.
const INVALID: &[(&[u8], usize)] = &[
    (b"\x80", 1), // a continuation without a beginning
    (b"\xBF", 1),
    (b"\xC0\xAF", 1), // '/' in two bytes
    (b"\xC1\xBF", 1),
    (b"\xE0\x80\xAF", 2), // '/' in three
    (b"\xE0\x9F\xBF", 2),
    (b"\xF0\x80\x80\xAF", 2), // '/' in four
    (b"\xF0\x8F\xBF\xBF", 2),
    (b"\xED\xA0\x80", 2), // U+D800, half of a surrogate pair
    (b"\xED\xBF\xBF", 2),
    (b"\xF4\x90\x80\x80", 2), // U+110000, past the last character
    (b"\xF5\x80\x80\x80", 1),
    (b"\xF8\x88\x80\x80\x80", 1), // five and six bytes are history
    (b"\xFC\x84\x80\x80\x80\x80", 1),
    (b"\xFE", 1),
    (b"\xFF", 1),
    (b"\xC3(", 2), // characters cut short by another
    (b"\xE2\x82(", 3),
    (b"\xE2(\xA1", 2),
    (b"\xF0\x9F\x98(", 4),
    (b"\xC3\xC3", 2),
    (b"\xF0\x9F\xF0", 3),
];

/// The longest and shortest of each number of bytes, and the neighbours of what is forbidden.
const VALID: &[&str] = &[
    "\0",
    "\x7F",
    "\u{80}",
    "\u{7FF}",
    "\u{800}",
    "\u{FFF}",
    "\u{1000}",
    "\u{D7FF}",
    "\u{E000}",
    "\u{FFFD}",
    "\u{FFFF}",
    "\u{10000}",
    "\u{3FFFF}",
    "\u{40000}",
    "\u{FFFFF}",
    "\u{100000}",
    "\u{10FFFF}",
    "κόσμε",
    "日本語",
    "👩‍👩‍👧",
];

const PREFIXES: &[&str] =
    &["", "a", "sixteen bytes ok", "ü", "€uro and more of it, past one SIMD register"];

#[test]
fn text_at_every_edge_of_utf8_is_taken() {
    for scenario in Scenario::both() {
        for text in VALID {
            for prefix in PREFIXES {
                let text = format!("{prefix}{text}");
                let (first, last) = text.as_bytes().split_at(text.len() - 1);
                let frames = [
                    Frame::text(&text),
                    Frame::text(first).unfinished(),
                    Frame::continuation(last),
                ];
                assert_eq!(
                    scenario.receives(frames),
                    Outcome::events([OwnedEvent::text(&text), OwnedEvent::text(&text)])
                );
            }
        }
    }
}

#[test]
fn text_that_is_not_utf8_is_refused_whole_or_in_fragments() {
    let expected = Outcome::error(ProtocolError::Utf8Invalid);
    for scenario in Scenario::both() {
        for (bad, _) in INVALID {
            for prefix in PREFIXES {
                let text = [prefix.as_bytes(), bad, b"end"].concat();
                assert_eq!(scenario.receives([Frame::text(&text)]), expected);
                for cut in 0..=text.len() {
                    let (first, last) = text.split_at(cut);
                    let frames = [Frame::text(first).unfinished(), Frame::continuation(last)];
                    let bytes = scenario.incoming(frames);
                    assert_eq!(receive(&mut scenario.connect(), &[&bytes]), expected);
                    let single: Vec<_> = bytes.chunks(1).collect();
                    assert_eq!(receive(&mut scenario.connect(), &single), expected);
                }
            }
        }
    }
}

#[test]
fn the_first_bad_byte_fails_inside_a_frame_that_is_still_arriving() {
    for scenario in Scenario::both() {
        for (bad, shown) in INVALID {
            for prefix in PREFIXES {
                let text = [prefix.as_bytes(), bad].concat();
                let until_shown = prefix.len() + shown;
                let frame = |size: usize| Frame::text(&text[..size]).claiming(1000);
                assert_eq!(
                    scenario.receives([frame(until_shown)]),
                    Outcome::error(ProtocolError::Utf8Invalid),
                    "{}",
                    text.escape_ascii()
                );
                // Up to the byte before, a character may only be incomplete.
                assert_eq!(scenario.receives([frame(until_shown - 1)]), Outcome::nothing());
            }
        }
    }
}

#[test]
fn the_first_bad_byte_fails_inside_a_fragment_before_its_message_ends() {
    for scenario in Scenario::both() {
        for (bad, shown) in INVALID {
            let (first, last) = bad[..*shown].split_at(shown - 1);
            let first = Frame::text(first).unfinished();
            assert_eq!(scenario.receives([first.clone()]), Outcome::nothing());
            let last = Frame::continuation(last).unfinished();
            assert_eq!(
                scenario.receives([first, last]),
                Outcome::error(ProtocolError::Utf8Invalid)
            );
        }
    }
}

#[test]
fn a_character_cut_short_by_the_end_of_the_message_is_refused() {
    for scenario in Scenario::both() {
        for character in ["ü", "€", "😀"] {
            for kept in 1..character.len() {
                let cut = &character.as_bytes()[..kept];
                let expected = Outcome::error(ProtocolError::Utf8Invalid);
                assert_eq!(scenario.receives([Frame::text(cut)]), expected);
                let first = Frame::text(cut).unfinished();
                assert_eq!(scenario.receives([first.clone()]), Outcome::nothing());
                assert_eq!(scenario.receives([first.clone(), Frame::continuation("")]), expected);
                let other = Frame::continuation("a");
                assert_eq!(scenario.receives([first, other]), expected);
            }
        }
    }
}

#[test]
fn a_character_may_span_fragments_with_control_frames_between() {
    for scenario in Scenario::both() {
        let [one, two, three, four] = *"😀".as_bytes() else {
            panic!("four bytes");
        };
        let frames = [
            Frame::text([one]).unfinished(),
            Frame::ping([two, three]),
            Frame::continuation([two]).unfinished(),
            Frame::continuation("").unfinished(),
            Frame::pong("\u{FF}"),
            Frame::continuation([three, four]),
        ];
        assert_eq!(
            scenario.receives(frames),
            Outcome::events([
                OwnedEvent::ping([two, three]),
                OwnedEvent::pong("\u{FF}"),
                OwnedEvent::text("😀"),
            ])
        );
    }
}

#[test]
fn binary_messages_and_pings_need_not_be_utf8() {
    for scenario in Scenario::both() {
        for (bad, _) in INVALID {
            let frames = [Frame::binary(bad), Frame::ping(bad), Frame::pong(bad)];
            assert_eq!(
                scenario.receives(frames),
                Outcome::events([
                    OwnedEvent::binary(bad),
                    OwnedEvent::ping(bad),
                    OwnedEvent::pong(bad),
                ])
            );
        }
    }
}

#[test]
fn the_validation_of_one_message_does_not_carry_into_the_next() {
    for scenario in Scenario::both() {
        // Were the state kept, the continuation bytes would complete a character of the message before.
        let frames = [
            Frame::binary(b"\xF0\x9F").unfinished(),
            Frame::continuation(b"\x98"),
            Frame::text("").unfinished(),
            Frame::continuation(b"\x80"),
        ];
        assert_eq!(
            scenario.receives(frames),
            Outcome::events([OwnedEvent::binary(b"\xF0\x9F\x98")])
                .then_error(ProtocolError::Utf8Invalid)
        );
    }
}
