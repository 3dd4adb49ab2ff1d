//! Frame headers: the input is one, or its beginning, or none at all.

use sockeye::limits::HEADER_SIZE_MAX;
use sockeye::protocol::FrameHeader;

/// Checks that decoding never panics, that encoding what was decoded gives the same bytes, and that no beginning of
/// the input says anything but "more bytes" or the same.
pub fn check(input: &[u8]) {
    let result = FrameHeader::decode(input);
    match result {
        Ok(Some((header, size))) => {
            let mut encoded = [0; HEADER_SIZE_MAX];
            assert_eq!(header.encode(&mut encoded), size, "{header:?}");
            assert_eq!(encoded[..size], input[..size], "{header:?}");
        }
        Ok(None) => assert!(input.len() < HEADER_SIZE_MAX, "a whole header is not enough"),
        Err(_) => {}
    }

    let mut previous = Ok(None);
    for size in 0..=input.len().min(HEADER_SIZE_MAX) {
        let truncated = FrameHeader::decode(&input[..size]);
        let is_settled = truncated == result;
        assert!(is_settled || truncated == Ok(None), "{truncated:?} at {size}, then {result:?}");
        assert!(is_settled || previous == Ok(None), "{previous:?} before {size}, then nothing");
        previous = truncated;
    }
    assert_eq!(previous, result, "bytes behind the longest header made a difference");
}
