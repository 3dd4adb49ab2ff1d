//! The body of a request as its bytes arrive, RFC 9112 section 6.
//!
//! ```text
//!  Known(n)  ─ Data … ─► n bytes ─► End
//!  Chunked   ─ Data … ─► a chunk of size 0, trailers, an empty line ─► End
//! ```

use super::chunks::Chunks;
use super::{BodyError, BodySize};

/// Reads the body that follows a request's head, without copying or keeping any of it. One per body.
///
/// Call [`handle_input`](Self::handle_input) with what arrived until it answers `None` (call it again with what arrives
/// next) or [`BodyPart::End`] (what is left is the next request's). How the body is cut into pieces changes how the data is
/// divided, and nothing else. That the stream ends before the body does is the caller's to notice.
#[derive(Clone, Debug)]
pub struct BodyReader {
    state: State,
}

/// What [`BodyReader::handle_input`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "trailers are discarded, and there is nothing else")]
pub enum BodyPart<'b> {
    /// Some of the body; never empty.
    Data(&'b [u8]),
    /// The body is complete.
    End,
}

#[derive(Clone, Debug)]
enum State {
    /// So many bytes are missing.
    Known(u64),
    Chunked(Chunks),
    Ended,
    Failed(BodyError),
}

impl BodyReader {
    /// Awaits a body of this size, with no more than `bytes_max` bytes of data.
    ///
    /// # Errors
    ///
    /// [`BodyError::TooBig`] when more is announced; nothing of the body has to be awaited then.
    pub const fn new(size: BodySize, bytes_max: u64) -> Result<Self, BodyError> {
        let state = match size {
            BodySize::Known(size) if size > bytes_max => return Err(BodyError::TooBig),
            BodySize::Known(size) => State::Known(size),
            BodySize::Chunked => State::Chunked(Chunks::new(bytes_max)),
        };
        Ok(Self { state })
    }

    /// Takes the next part of the body off the beginning of `input`. `None`: all of it is used up, and more is needed.
    ///
    /// A body without data ends at the first call, also of an empty `input`. After the end nothing is taken and the answer
    /// is the end again; so with an error.
    ///
    /// # Errors
    ///
    /// As soon as the bytes so far cannot become a body within its limits any more.
    pub fn handle_input<'b>(
        &mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<BodyPart<'b>>, BodyError> {
        let part = match &mut self.state {
            State::Known(0) | State::Ended => Ok(Some(BodyPart::End)),
            State::Known(missing) => Ok(take_data(missing, input).map(BodyPart::Data)),
            State::Chunked(chunks) => chunks.handle_input(input),
            State::Failed(error) => Err(*error),
        };
        match part {
            Ok(Some(BodyPart::End)) => self.state = State::Ended,
            Err(error) => self.state = State::Failed(error),
            Ok(_) => {}
        }
        part
    }

    /// Whether [`BodyPart::End`] was given.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

/// Takes as much of what is missing as there is; `None` if there is nothing.
pub(super) fn take_data<'b>(missing: &mut u64, input: &mut &'b [u8]) -> Option<&'b [u8]> {
    let size = usize::try_from(*missing).map_or(input.len(), |missing| missing.min(input.len()));
    let (data, rest) = input.split_at(size);
    *input = rest;
    *missing -= size as u64;
    (!data.is_empty()).then_some(data)
}
