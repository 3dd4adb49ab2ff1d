//! The body of a request, in any pieces: the bound on its data, cuts, what the client sends.
//!
//! ```text
//!   byte 0                    cuts and content
//!  +-------------------------+-----------------
//!  | bound, lowest bit: kind | see `pieces`
//!  +-------------------------+-----------------
//! ```

use super::pieces::Cuts;
use sockeye::protocol::http::{
    BodyError, BodyPart, BodyReader, BodySize, encode_chunk, encode_last_chunk,
};

/// The data, the bytes taken and the end are the same for every chunking; there is never more data than the bound; what is
/// encoded in chunks reads back the same, with nothing missing before its last byte.
pub fn check(input: &[u8]) {
    let (&[first], rest) = input.split_first_chunk().unwrap_or((&[0], input));
    let (cuts, content) = Cuts::read(rest);
    let bound = u64::from(first >> 1) * 8;
    let size = match first & 1 {
        0 => BodySize::Chunked,
        _ => BodySize::Known(bound),
    };

    let whole = Body::read(size, bound, [content]);
    let pieces = cuts.ranges(content.len()).map(|range| &content[range]);
    assert_eq!(Body::read(size, bound, pieces), whole);
    assert_eq!(Body::read(size, bound, content.chunks(1)), whole);

    assert!(whole.data.len() as u64 <= bound);
    assert!(whole.taken <= content.len());
    if size == BodySize::Known(bound) {
        assert_eq!(whole.data, &content[..content.len().min(bound as usize)]);
    }
    check_round_trip(cuts, content);
}

fn check_round_trip(cuts: Cuts<'_>, data: &[u8]) {
    let mut encoded = Vec::new();
    for range in cuts.ranges(data.len()) {
        encode_chunk(&data[range], &mut encoded);
    }
    encode_last_chunk(&mut encoded);
    let bound = data.len() as u64;
    let expected = Body { data: data.to_vec(), taken: encoded.len(), end: Ok(true) };
    let pieces = cuts.ranges(encoded.len()).map(|range| &encoded[range]);
    assert_eq!(Body::read(BodySize::Chunked, bound, pieces), expected);
    let unfinished = &encoded[..encoded.len() - 1];
    assert_eq!(Body::read(BodySize::Chunked, bound, [unfinished]).end, Ok(false));
}

#[derive(Debug, PartialEq, Eq)]
struct Body {
    data: Vec<u8>,
    taken: usize,
    /// Whether the body is complete.
    end: Result<bool, BodyError>,
}

impl Body {
    fn read<'p>(size: BodySize, bound: u64, pieces: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut reader = BodyReader::new(size, bound).expect("no known size is over the bound");
        let mut body = Self { data: Vec::new(), taken: 0, end: Ok(false) };
        // A body may end before its first byte.
        for piece in [&[] as &[u8]].into_iter().chain(pieces) {
            body.end = body.read_piece(&mut reader, piece);
            if body.end != Ok(false) {
                break;
            }
        }
        body
    }

    fn read_piece(&mut self, reader: &mut BodyReader, piece: &[u8]) -> Result<bool, BodyError> {
        let mut input = piece;
        let end = loop {
            match reader.handle_input(&mut input) {
                Ok(Some(BodyPart::Data(data))) => {
                    assert!(!data.is_empty());
                    self.data.extend_from_slice(data);
                }
                Ok(Some(BodyPart::End)) => break Ok(true),
                Ok(None) => break Ok(false),
                Err(error) => break Err(error),
            }
        };
        assert_eq!(reader.is_ended(), end == Ok(true));
        // Asking for more means that all is used up; afterwards nothing is taken, and the answer stays.
        let left = input;
        match end {
            Ok(false) => assert!(input.is_empty()),
            Ok(true) => assert_eq!(reader.handle_input(&mut input), Ok(Some(BodyPart::End))),
            Err(error) => {
                assert_eq!(reader.handle_input(&mut input), Err(error));
                assert!((400..500).contains(&error.response().status().number()));
            }
        }
        assert_eq!(input, left);
        self.taken += piece.len() - input.len();
        end
    }
}
