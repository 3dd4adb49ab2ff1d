//! The bodies of requests, RFC 9112 sections 6 and 7.1: what is read from them, and what is refused.

use crate::support::every_chunking;
use sockeye::protocol::http::{BodyError, BodyPart, BodyReader, BodySize};

/// What was read from a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) data: Vec<u8>,
    /// The bytes that were taken from the input.
    pub(crate) taken: usize,
    pub(crate) end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Complete,
    MoreNeeded,
    Refused(BodyError),
}

/// Reads a body that arrives in these pieces.
pub(crate) fn read_pieces(size: BodySize, bytes_max: u64, pieces: &[&[u8]]) -> Body {
    let mut body = Body { data: Vec::new(), taken: 0, end: End::MoreNeeded };
    let mut reader = match BodyReader::new(size, bytes_max) {
        Ok(reader) => reader,
        Err(error) => return Body { end: End::Refused(error), ..body },
    };
    for piece in pieces {
        let mut input = *piece;
        body.end = read_piece(&mut reader, &mut input, &mut body.data);
        body.taken += piece.len() - input.len();
        assert_eq!(reader.is_ended(), body.end == End::Complete);
        if body.end != End::MoreNeeded {
            assert_stays(&mut reader, body.end);
            break;
        }
        assert_eq!(input, b"", "asking for more means that all is used up");
    }
    body
}

fn read_piece(reader: &mut BodyReader, input: &mut &[u8], data: &mut Vec<u8>) -> End {
    loop {
        match reader.handle_input(input) {
            Ok(Some(BodyPart::Data(part))) => {
                assert!(!part.is_empty());
                data.extend_from_slice(part);
            }
            Ok(Some(BodyPart::End)) => return End::Complete,
            Ok(None) => return End::MoreNeeded,
            Err(error) => return End::Refused(error),
        }
    }
}

fn assert_stays(reader: &mut BodyReader, end: End) {
    let mut further = b"1\r\na\r\n".as_slice();
    assert_eq!(read_piece(reader, &mut further, &mut Vec::new()), end);
    assert_eq!(further.len(), 6, "what follows is not the body's");
}

/// Reads a chunked body in every way to cut it.
pub(crate) fn read_chunks(bytes_max: u64, input: &[u8]) -> Body {
    every_chunking(input, |pieces| read_pieces(BodySize::Chunked, bytes_max, pieces))
}

pub(crate) fn assert_complete(input: &[u8], data: &[u8]) {
    let expected = Body { data: data.to_vec(), taken: input.len(), end: End::Complete };
    assert_eq!(read_chunks(data.len() as u64, input), expected, "{}", input.escape_ascii());
}

/// Demands that the last byte of this input is the one that is refused.
pub(crate) fn assert_refused(input: &[u8], error: BodyError) {
    let body = read_chunks(1000, input);
    assert_eq!(body.end, End::Refused(error), "{}", input.escape_ascii());
    assert_eq!(body.taken, input.len(), "{}", input.escape_ascii());
}

#[test]
fn a_body_of_known_size_ends_after_so_many_bytes() {
    let input = b"hello, worldGET / HTTP/1.1\r\n";
    let size = BodySize::Known(12);
    let body = every_chunking(input, |pieces| read_pieces(size, 12, pieces));
    let expected = Body { data: b"hello, world".to_vec(), taken: 12, end: End::Complete };
    assert_eq!(body, expected);
    let part = read_pieces(size, 12, &[b"hello", b""]);
    assert_eq!((part.data.as_slice(), part.end), (b"hello".as_slice(), End::MoreNeeded));
}

#[test]
fn a_body_without_data_ends_before_its_first_byte() {
    for input in [b"".as_slice(), b"GET / HTTP/1.1\r\n"] {
        let body = read_pieces(BodySize::Known(0), 0, &[input]);
        assert_eq!(body, Body { data: Vec::new(), taken: 0, end: End::Complete });
    }
}

#[test]
fn a_reader_ends_when_it_has_said_so() {
    let mut reader = BodyReader::new(BodySize::Known(1), 1).unwrap();
    let mut input = b"ab".as_slice();
    assert_eq!(reader.handle_input(&mut input), Ok(Some(BodyPart::Data(b"a"))));
    assert!(!reader.is_ended());
    assert_eq!(reader.handle_input(&mut input), Ok(Some(BodyPart::End)));
    assert!(reader.is_ended());
    assert_eq!(input, b"b");
}

#[test]
fn data_is_lent_and_not_copied() {
    let bytes = b"5\r\nhello\r\n0\r\n\r\n";
    let mut input = bytes.as_slice();
    let mut reader = BodyReader::new(BodySize::Chunked, 5).unwrap();
    match reader.handle_input(&mut input) {
        Ok(Some(BodyPart::Data(data))) => assert!(std::ptr::eq(data, &raw const bytes[3..8])),
        answer => panic!("{answer:?}"),
    }
}

#[test]
fn chunks_are_read_up_to_the_one_without_data() {
    assert_complete(b"0\r\n\r\n", b"");
    assert_complete(b"5\r\nhello\r\n0\r\n\r\n", b"hello");
    assert_complete(b"5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n", b"hello, world");
    // What looks like a line end or a chunk is data when the size says so.
    assert_complete(b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", b"\r\n0\r\n\r\n");
    let tens = b"0123456789abcdef".repeat(0xab);
    let chunk = [b"aB0\r\n".as_slice(), &tens, b"\r\n000\r\n\r\n"].concat();
    assert_complete(&chunk, &tens);
}

#[test]
fn what_follows_the_last_chunk_is_the_next_requests() {
    let body = read_chunks(5, b"5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
    assert_eq!((body.taken, body.end), (15, End::Complete));
    let body = read_chunks(5, b"0\r\n\r\n\r\n");
    assert_eq!((body.taken, body.end), (5, End::Complete));
}

#[test]
fn every_beginning_of_a_chunked_body_asks_for_more() {
    let input = b"5 ;a=\"\\\"\"\r\nhello\r\n00\r\nX: y\r\n\r\n";
    for size in 0..input.len() {
        let body = read_chunks(5, &input[..size]);
        assert_eq!((body.end, body.taken), (End::MoreNeeded, size));
    }
}

/// RFC 9112 7.1: `chunk-size = 1*HEXDIG`, then CRLF or extensions.
#[test]
fn a_chunk_size_is_a_plain_hexadecimal_number() {
    for input in [
        "\r",
        "\n",
        ";",
        " ",
        "\t",
        "+",
        "-",
        "g",
        "x",
        "\0",
        "\"",
        "\u{665}",
        "0x",
        "0X",
        "1_",
        "1.",
        "5,",
        "5:",
        "5\0",
        "5h",
        "5\u{b2}",
        "1\r\na\r\n\r",
        "1\r\na\r\n\n",
        "1\r\na\r\n ",
    ] {
        // Of a character with several bytes the first one is refused.
        let end = input.find(|c: char| !c.is_ascii()).map_or(input.len(), |at| at + 1);
        assert_refused(&input.as_bytes()[..end], BodyError::ChunkSizeInvalid);
    }
}

/// RFC 9112 7.1.1, and 5.6.3 of RFC 9110 for the space around the semicolon.
#[test]
fn extensions_are_read_over() {
    for extension in [
        ";a",
        ";a=b",
        ";a=\"b\"",
        " ; a = b",
        "\t;a\t=\tb;c",
        ";a=\"b;\tc\u{e9}=\\\\\"",
        ";chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    ] {
        let input = format!("1{extension}\r\na\r\n0{extension}\r\n\r\n");
        assert_complete(input.as_bytes(), b"a");
    }
}

/// Readers disagree about where such a line ends, and what one takes for an extension is a chunk to another.
#[test]
fn nothing_hides_in_an_extension() {
    for (input, error) in [
        ("5;a\n", BodyError::LineEndInvalid),
        ("5\n", BodyError::LineEndInvalid),
        ("5 \n", BodyError::LineEndInvalid),
        ("5;a=\"\n", BodyError::LineEndInvalid),
        ("5;a\r5", BodyError::LineEndInvalid),
        ("5\r\r", BodyError::LineEndInvalid),
        ("5\r0", BodyError::LineEndInvalid),
        ("5;a=\"\r", BodyError::ChunkExtensionInvalid),
        ("5;a=\"\\\r", BodyError::ChunkExtensionInvalid),
        ("5;a\0", BodyError::ChunkExtensionInvalid),
        ("5;a=\"\0", BodyError::ChunkExtensionInvalid),
        ("5;a=\"\x7f", BodyError::ChunkExtensionInvalid),
        ("5;(", BodyError::ChunkExtensionInvalid),
        ("5;a:", BodyError::ChunkExtensionInvalid),
        ("5 \r", BodyError::ChunkExtensionInvalid),
        ("5 5", BodyError::ChunkExtensionInvalid),
        ("5\t\r", BodyError::ChunkExtensionInvalid),
    ] {
        assert_refused(input.as_bytes(), error);
    }
}

#[test]
fn a_chunk_ends_where_its_size_says() {
    for input in ["1\r\nab", "1\r\na\n", "1\r\na0", "2\r\n\r\n5", "1\r\na\ra", "1\r\na\r\r"] {
        assert_refused(input.as_bytes(), BodyError::ChunkEndInvalid);
    }
}

/// RFC 9112 7.1.2: `trailer-section = *( field-line CRLF )`.
#[test]
fn trailers_are_checked_and_discarded() {
    for trailers in ["X: y\r\n", "X:\r\n", "X:\ty \r\nContent-Length: 5\r\n", "!:\u{e9}:\r\n"] {
        let input = format!("1\r\na\r\n0\r\n{trailers}\r\n");
        assert_complete(input.as_bytes(), b"a");
    }
}

#[test]
fn a_trailer_that_would_not_do_as_a_header_is_refused() {
    for (trailers, error) in [
        ("X ", BodyError::TrailerInvalid),
        ("X\t", BodyError::TrailerInvalid),
        ("X\r", BodyError::TrailerInvalid),
        (":", BodyError::TrailerInvalid),
        (" ", BodyError::TrailerInvalid),
        ("X: a\r\n ", BodyError::TrailerInvalid),
        ("X: a\r\n\t", BodyError::TrailerInvalid),
        ("X: \0", BodyError::TrailerInvalid),
        ("X: \x7f", BodyError::TrailerInvalid),
        ("X\0", BodyError::TrailerInvalid),
        ("X(", BodyError::TrailerInvalid),
        ("X: a\n", BodyError::LineEndInvalid),
        ("X: a\ra", BodyError::LineEndInvalid),
        ("X\n", BodyError::LineEndInvalid),
        ("\n", BodyError::LineEndInvalid),
        ("\rX", BodyError::LineEndInvalid),
        ("\r\r", BodyError::LineEndInvalid),
    ] {
        let input = format!("1\r\na\r\n0\r\n{trailers}");
        assert_refused(input.as_bytes(), error);
    }
}

#[test]
fn a_faulty_body_is_told_what_was_expected() {
    let error = BodyError::ChunkSizeInvalid;
    let response = error.response();
    assert_eq!(response.status().number(), 400);
    assert_eq!(response.body(), format!("{error}\n").as_bytes());
    assert_eq!(BodyError::TrailerInvalid.status().number(), 400);
}
