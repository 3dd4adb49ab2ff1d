//! The UTF-8 validator, fed in any pieces, against the standard library's look at the whole: cuts, text.

use super::pieces::Cuts;
use sockeye::protocol::{ProtocolError, Utf8Validator};
use std::str::from_utf8;

/// Checks that the piece with the first faulty byte fails, that no earlier one does, and that the end is judged.
pub fn check(input: &[u8]) {
    let (cuts, text) = Cuts::read(input);
    let fault = first_fault(text);
    let mut validator = Utf8Validator::default();
    for range in cuts.ranges(text.len()) {
        let end = range.end;
        let result = validator.validate(&text[range]);
        if fault.is_some_and(|fault| fault < end) {
            assert_eq!(result, Err(ProtocolError::Utf8Invalid), "up to {end}, fault at {fault:?}");
            return;
        }
        assert_eq!(result, Ok(()), "up to {end}, fault at {fault:?}");
    }
    assert_eq!(validator.is_complete(), from_utf8(text).is_ok());
    assert_eq!(validator.finish().is_ok(), from_utf8(text).is_ok());
}

/// The first byte with which no valid text goes on. The standard library reports where the character began: the
/// shortest beginning of it that is an error, and not merely incomplete, ends with the byte in question.
fn first_fault(text: &[u8]) -> Option<usize> {
    let error = from_utf8(text).err()?;
    error.error_len()?;
    let start = error.valid_up_to();
    (start..text.len()).find(|&last| {
        from_utf8(&text[start..=last]).is_err_and(|error| error.error_len().is_some())
    })
}
