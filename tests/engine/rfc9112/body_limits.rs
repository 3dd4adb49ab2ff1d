//! How much of a request's body is taken, whatever the client claims or hides between the chunks.

use super::body::{End, assert_complete, assert_refused, read_chunks, read_pieces};
use sockeye::limits::{CHUNK_LINE_SIZE_MAX, CHUNK_SURPLUS_MAX, HEADERS_MAX, TRAILERS_SIZE_MAX};
use sockeye::protocol::http::{BodyError, BodyReader, BodySize};

#[test]
fn a_known_size_over_the_bound_is_refused_at_once() {
    assert!(BodyReader::new(BodySize::Known(10), 10).is_ok());
    let refused = BodyReader::new(BodySize::Known(11), 10);
    assert_eq!(refused.unwrap_err(), BodyError::TooBig);
    let refused = BodyReader::new(BodySize::Known(u64::MAX), u64::MAX - 1);
    assert_eq!(refused.unwrap_err(), BodyError::TooBig);
    assert_eq!(BodyError::TooBig.status().number(), 413);
}

#[test]
fn a_chunk_size_over_the_bound_is_refused_with_the_digit_that_says_so() {
    assert_eq!(read_chunks(16, b"10").end, End::MoreNeeded);
    for (bytes_max, input) in [
        (0, "1"),
        (15, "10"),
        (16, "11"),
        (16, "f0"),
        // In total, and not for each chunk.
        (3, "2\r\nab\r\n2"),
        // RFC 9112 7.1: no overflow.
        (u64::MAX - 1, "ffffffffffffffff"),
        (u64::MAX, "10000000000000000"),
        (u64::MAX, "1\r\na\r\nffffffffffffffff"),
    ] {
        let body = read_chunks(bytes_max, input.as_bytes());
        assert_eq!(body.end, End::Refused(BodyError::TooBig), "{input} of {bytes_max}");
        assert_eq!(body.taken, input.len(), "{input} of {bytes_max}");
    }
    let largest = read_chunks(u64::MAX, b"ffffffffffffffff\r\nabc");
    assert_eq!((largest.data.as_slice(), largest.end), (b"abc".as_slice(), End::MoreNeeded));
}

#[test]
fn the_line_before_a_chunk_has_a_longest_size() {
    let line = |size: usize| [b"1;".as_slice(), &vec![b'a'; size - 4], b"\r\n"].concat();
    let rest = b"a\r\n0\r\n\r\n".as_slice();
    assert_complete(&[&line(CHUNK_LINE_SIZE_MAX), rest].concat(), b"a");
    let too_long = line(CHUNK_LINE_SIZE_MAX + 1);
    assert_refused(&too_long, BodyError::ChunkLineTooBig);
    let zeros = vec![b'0'; CHUNK_LINE_SIZE_MAX + 1];
    assert_refused(&zeros, BodyError::ChunkLineTooBig);
    let quoted = [b"1;\"".as_slice(), &vec![b'a'; CHUNK_LINE_SIZE_MAX - 2]].concat();
    assert_refused(&quoted, BodyError::ChunkLineTooBig);
    assert_eq!(BodyError::ChunkLineTooBig.status().number(), 413);
}

#[test]
fn many_small_chunks_with_long_lines_are_refused() {
    // Each line has 101 bytes that say nothing, and each chunk one byte that makes up for one of them.
    let chunk = [b"1;".as_slice(), &[b'a'; 100], b"\r\na\r\n"].concat();
    let count = CHUNK_SURPLUS_MAX as usize / 100 + 1;
    let accepted = read_pieces(BodySize::Chunked, 1000, &[&chunk.repeat(count - 2)]);
    assert_eq!(accepted.end, End::MoreNeeded);
    let refused = read_pieces(BodySize::Chunked, 1000, &[&chunk.repeat(count + 1)]);
    assert_eq!(refused.end, End::Refused(BodyError::ChunkSurplusTooBig));
    assert_eq!(BodyError::ChunkSurplusTooBig.status().number(), 413);
}

#[test]
fn exactly_so_many_bytes_may_say_nothing() {
    let surplus = CHUNK_SURPLUS_MAX as usize;
    let lines = [vec![b' '; 1000], vec![b'0'; 1000], [b";".as_slice(), &[b'a'; 999]].concat()];
    let mut input = Vec::new();
    let mut sent = 0;
    for number in 0..surplus / 1000 {
        let [space, zeros, extension] = &lines;
        input.extend_from_slice(&match number % 3 {
            0 => [b"1", &space[1..], b";\r\na\r\n"].concat(),
            1 => [zeros, b"1\r\na\r\n".as_slice()].concat(),
            _ => [b"1".as_slice(), extension, b"\r\na\r\n"].concat(),
        });
        sent += 1000;
    }
    let data = surplus / 1000;
    let rest = surplus + data - sent;
    let last = |rest: usize| [&vec![b'0'; rest], b"1\r\na\r\n".as_slice()].concat();
    let complete = [input.as_slice(), &last(rest), b"0\r\n\r\n"].concat();
    let read = |input: &[u8]| read_pieces(BodySize::Chunked, 1000, &[input]).end;
    assert_eq!(read(&complete), End::Complete);
    let over = [input.as_slice(), &last(rest + 1)].concat();
    assert_eq!(read(&over), End::Refused(BodyError::ChunkSurplusTooBig));
}

#[test]
fn long_lines_are_accepted_before_large_chunks() {
    let chunk = [b"3e8;".as_slice(), &[b'a'; 900], b"\r\n", &[b'd'; 1000], b"\r\n"].concat();
    let input = [chunk.repeat(100).as_slice(), b"0\r\n\r\n"].concat();
    let body = read_pieces(BodySize::Chunked, 100_000, &[&input]);
    assert_eq!((body.data.len(), body.end), (100_000, End::Complete));
}

#[test]
fn trailers_have_a_largest_size_and_number() {
    // The empty line counts as well.
    let trailer = |size: usize| [b"X:".as_slice(), &vec![b'a'; size - 6], b"\r\n\r\n"].concat();
    let last = b"0\r\n".as_slice();
    assert_complete(&[last, &trailer(TRAILERS_SIZE_MAX)].concat(), b"");
    let too_big = [last, &trailer(TRAILERS_SIZE_MAX + 1)].concat();
    assert_refused(&too_big, BodyError::TrailersTooBig);

    let many = |count: usize| [last, &b"x:\r\n".repeat(count)].concat();
    assert_complete(&[many(HEADERS_MAX).as_slice(), b"\r\n"].concat(), b"");
    assert_refused(&many(HEADERS_MAX + 1), BodyError::TrailersTooBig);
    assert_eq!(BodyError::TrailersTooBig.status().number(), 413);
}
