//! What `compressed.rs` has, for an engine without permessage-deflate.

use super::{Connection, Event, Input};
use crate::protocol::error::ProtocolError;

impl Connection {
    /// Whether permessage-deflate was agreed on, so that messages may come compressed.
    #[expect(clippy::unused_self, reason = "the same call as with permessage-deflate")]
    pub(crate) const fn is_deflating(&self) -> bool {
        false
    }

    /// Bytes that are kept from one message to the next.
    #[cfg(feature = "net")]
    #[expect(clippy::unused_self, reason = "the same call as with permessage-deflate")]
    pub(crate) const fn context_bytes(&self) -> usize {
        0
    }

    /// Never called, because no compressed frame passes.
    #[expect(clippy::unused_self, reason = "the same call as with permessage-deflate")]
    #[expect(clippy::needless_pass_by_ref_mut, reason = "the same call as with permessage-deflate")]
    pub(super) const fn inflate<'b>(
        &mut self,
        _is_text: bool,
        _payload: &[u8],
        _input: &mut Input<'_>,
    ) -> Result<Event<'b>, ProtocolError> {
        Err(ProtocolError::ReservedBitSet)
    }
}
