//! All dialects behind one name: which one a connection speaks, with what that keeps of it.

use sockeye::protocol::http::Request;
use sockeye::worker::Variant;
use sockeye_dialects::{Commands, Dialect, DialectError, Encoded, Incoming, Native, SharedOptions};
use sockeye_hub::{Own, Push};
use std::time::Instant;

/// What one client speaks.
#[derive(Debug)]
pub(crate) enum Speech {
    /// It keeps nothing.
    Native(Native),
}

impl Speech {
    /// What somebody wants to speak who asks for a WebSocket, and the subprotocol to agree on if any is offered. `None`:
    /// nothing that is offered is known here.
    pub(crate) fn negotiate(request: &Request<'_>) -> Option<(Self, Option<&'static str>)> {
        let mut offered = request.subprotocols().peekable();
        if offered.peek().is_none() {
            return Some((Self::Native(Native::default()), None));
        }
        let native = offered.find_map(Native::from_subprotocol)?;
        Some((Self::Native(native), Some(native.subprotocol())))
    }

    /// This, leaving one in its place that has kept nothing so far.
    pub(crate) const fn take(&mut self) -> Self {
        match self {
            Self::Native(native) => Self::Native(*native),
        }
    }

    /// Takes a message.
    pub(crate) fn handle_message(
        &mut self,
        message: Incoming<'_>,
        now: Instant,
        commands: &mut impl Commands,
    ) -> Result<(), DialectError> {
        match self {
            Self::Native(native) => native.handle_message(&mut (), message, now, commands),
        }
    }

    /// Encodes what one client is told.
    pub(crate) fn encode_own(&mut self, own: &Own<'_>, encoded: &mut Encoded) {
        match self {
            Self::Native(native) => native.encode_own(&mut (), own, encoded),
        }
    }

    /// The number of what is encoded once for all who speak alike: the dialect, and its options.
    pub(crate) fn variant(&self) -> Variant {
        let (dialect, SharedOptions(options)) = match self {
            Self::Native(native) => (*native as u8, native.shared_options(&())),
        };
        Variant(u16::from_be_bytes([dialect, options]))
    }
}

/// Encodes what all are told who speak alike.
pub(crate) fn encode_shared(variant: Variant, push: &Push<'_>, encoded: &mut Encoded) {
    let [dialect, options] = variant.0.to_be_bytes();
    // There are no variants but those that are made above.
    let native = Native::ALL.get(usize::from(dialect)).expect("the variant of a dialect");
    native.encode_shared(push, SharedOptions(options), encoded);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_leads_back_to_its_dialect() {
        for (number, native) in Native::ALL.into_iter().enumerate() {
            let variant = Speech::Native(native).variant();
            assert_eq!(usize::from(variant.0.to_be_bytes()[0]), number);
            assert_eq!(Native::ALL[number], native);
        }
    }
}
