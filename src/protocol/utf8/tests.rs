//! Validation of texts cut in every way, compared with the table of the Unicode standard.

use super::{ProtocolError, Utf8Validator, from_utf8};
use std::ops::RangeInclusive;

/// What may still follow inside a character: a range for each byte awaited. Empty between characters.
type Awaited = &'static [RangeInclusive<u8>];

/// Table 3-7 of the Unicode standard, "Well-Formed UTF-8 Byte Sequences", one byte at a time.
fn step(awaited: Awaited, byte: u8) -> Option<Awaited> {
    match awaited {
        [range, rest @ ..] => range.contains(&byte).then_some(rest),
        [] => match byte {
            0x00..=0x7F => Some(&[]),
            0xC2..=0xDF => Some(&[0x80..=0xBF]),
            0xE0 => Some(&[0xA0..=0xBF, 0x80..=0xBF]),
            0xE1..=0xEC | 0xEE..=0xEF => Some(&[0x80..=0xBF, 0x80..=0xBF]),
            0xED => Some(&[0x80..=0x9F, 0x80..=0xBF]),
            0xF0 => Some(&[0x90..=0xBF, 0x80..=0xBF, 0x80..=0xBF]),
            0xF1..=0xF3 => Some(&[0x80..=0xBF, 0x80..=0xBF, 0x80..=0xBF]),
            0xF4 => Some(&[0x80..=0x8F, 0x80..=0xBF, 0x80..=0xBF]),
            _ => None,
        },
    }
}

/// What the table says of a text.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Valid,
    EndsInsideCharacter,
    FaultAt(usize),
}

fn judge(text: &[u8]) -> Verdict {
    let mut awaited: Awaited = &[];
    for (index, &byte) in text.iter().enumerate() {
        let Some(next) = step(awaited, byte) else {
            return Verdict::FaultAt(index);
        };
        awaited = next;
    }
    if awaited.is_empty() { Verdict::Valid } else { Verdict::EndsInsideCharacter }
}

/// Cuts `text` at `cuts` (sorted), and checks that the piece with the fault is the one that fails.
fn assert_pieces(text: &[u8], cuts: &[usize], verdict: &Verdict) {
    let mut validator = Utf8Validator::default();
    let mut start = 0;
    for &end in cuts.iter().chain([&text.len()]) {
        let result = validator.validate(&text[start..end]);
        if matches!(*verdict, Verdict::FaultAt(index) if index < end) {
            let expected = Err(ProtocolError::Utf8Invalid);
            assert_eq!(result, expected, "{text:02X?} cut at {cuts:?}, up to {end}");
            return;
        }
        assert_eq!(result, Ok(()), "{text:02X?} cut at {cuts:?}, up to {end}");
        start = end;
    }
    let is_valid = *verdict == Verdict::Valid;
    assert_eq!(validator.is_complete(), is_valid, "{text:02X?} cut at {cuts:?}");
    assert_eq!(validator.finish().is_ok(), is_valid, "{text:02X?} cut at {cuts:?}");
}

/// Checks a short text against std, then cut in every way that makes a difference.
fn assert_all_cuts(text: &[u8]) {
    let verdict = judge(text);
    assert_eq!(from_utf8(text).is_ok(), verdict == Verdict::Valid, "{text:02X?}");
    for cuts in ALL_CUTS {
        let Some(&last) = cuts.last() else {
            assert_pieces(text, cuts, &verdict);
            continue;
        };
        // A piece behind the fault is never looked at: the same text without it was checked already.
        let is_reached = !matches!(verdict, Verdict::FaultAt(index) if index < last);
        if last < text.len() && is_reached {
            assert_pieces(text, cuts, &verdict);
        }
    }
}

/// Every way to cut a text of up to four bytes.
const ALL_CUTS: [&[usize]; 8] = [&[], &[1], &[2], &[1, 2], &[3], &[1, 3], &[2, 3], &[1, 2, 3]];

#[test]
fn all_sequences_of_one_and_two_bytes_are_judged_like_std_does_however_they_are_cut() {
    assert_all_cuts(&[]);
    for first in 0..=255 {
        assert_all_cuts(&[first]);
        for second in 0..=255 {
            assert_all_cuts(&[first, second]);
        }
    }
}

#[test]
fn all_sequences_of_three_bytes_are_judged_like_std_does_however_they_are_cut() {
    // Behind an ASCII byte, or a first byte that is wrong, come the shorter sequences again: two leads stand for those.
    for first in [0x41, 0x80].into_iter().chain(0xC0..=0xFF) {
        for second in 0..=255 {
            for third in 0..=255 {
                assert_all_cuts(&[first, second, third]);
            }
        }
    }
}

#[test]
fn sequences_of_four_bytes_at_the_edges_of_each_range_are_judged_like_std_does() {
    let leads = [0x41, 0xC3, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF];
    let edges = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xE2, 0xF0, 0xFF];
    for lead in leads {
        for second in edges {
            for third in edges {
                for fourth in edges {
                    assert_all_cuts(&[lead, second, third, fourth]);
                }
            }
        }
    }
}

#[test]
fn the_error_comes_with_the_very_byte_at_which_no_text_continues() {
    for first in 0..=255 {
        for second in 0..=255 {
            let text = [b"ok \xF0\x9F\x90\x9F", &[first, second][..], b"\x80\x80 end"].concat();
            let every_byte: Vec<usize> = (1..text.len()).collect();
            assert_pieces(&text, &every_byte, &judge(&text));
        }
    }
}

#[test]
fn a_long_text_is_valid_wherever_it_is_cut_in_three() {
    let text =
        "plain, żółć, κόσμε, 漢字, 🐟🐟 and plain again: a bit more than std looks at in one go";
    let text = text.as_bytes();
    for first in 0..=text.len() {
        for second in first..=text.len() {
            assert_pieces(text, &[first, second], &Verdict::Valid);
        }
    }
}

#[test]
fn a_long_text_with_one_bad_byte_fails_in_the_piece_that_has_it() {
    let good = "plain, żółć, κόσμε, 漢字, 🐟🐟 and plain again".as_bytes();
    for place in 0..good.len() {
        for bad in [0x80, 0xC0, 0xED, 0xFF] {
            let mut text = good.to_vec();
            text[place] = bad;
            let verdict = judge(&text);
            for cut in 0..=text.len() {
                assert_pieces(&text, &[cut], &verdict);
            }
        }
    }
}

#[test]
fn empty_pieces_change_nothing_also_inside_a_character() {
    let mut validator = Utf8Validator::default();
    for byte in "🐟".bytes() {
        assert_eq!(validator.validate(&[]), Ok(()));
        assert_eq!(validator.validate(&[byte]), Ok(()));
        assert_eq!(validator.validate(&[]), Ok(()));
    }
    assert_eq!(validator.finish(), Ok(()));
}

#[test]
fn a_text_that_ends_inside_a_character_is_invalid() {
    let fish = "🐟".as_bytes();
    for size in 1..fish.len() {
        let mut validator = Utf8Validator::default();
        assert_eq!(validator.validate(&fish[..size]), Ok(()));
        assert!(!validator.is_complete());
        assert_eq!(validator.finish(), Err(ProtocolError::Utf8Invalid));
    }
}
