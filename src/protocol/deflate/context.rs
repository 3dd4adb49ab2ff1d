//! What one connection keeps of permessage-deflate.

#[cfg(feature = "net")]
use super::budget::compressor_bytes;
use super::compressor::{Compressor, Shape};
use super::inflater::Inflater;
use super::window::Window;
use super::{Agreement, DeflateConfig, WINDOW_BITS_MAX, WINDOW_BITS_MIN};
use crate::protocol::ProtocolError;
use std::fmt;
use zlib_rs::Deflate;

/// The contexts of both directions, and what they may do.
#[derive(Debug)]
pub(crate) struct Context {
    sending: Sending,
    /// `None` without context takeover.
    receiving: Option<Window>,
    shape: Shape,
    threshold_bytes: usize,
    inflated_bytes_max: usize,
}

/// What we send may refer to.
enum Sending {
    /// Nothing at all: we send nothing compressed. The other side wants a window of 256 bytes, which zlib has not.
    Never,
    /// Nothing before the message itself.
    Fresh,
    /// This, which is read again before each message.
    Window(Window),
    /// What a compressor of our own remembers. There is one from the first message on.
    Own {
        compressor: Option<Box<Deflate>>,
        /// It remembers what the other side has not, or not as the last: it begins anew with the next message.
        is_stale: bool,
    },
}

impl Context {
    /// The contexts of the side that is the client or not. Messages may have `message_size_max` bytes unless the
    /// configuration says how many an inflated one may have.
    pub(crate) fn new(
        is_client: bool,
        agreement: &Agreement,
        config: &DeflateConfig,
        message_size_max: usize,
    ) -> Self {
        let bits = |bits: u8| bits.min(WINDOW_BITS_MAX);
        let server = (agreement.server_no_context_takeover, bits(agreement.server_max_window_bits));
        let client = (agreement.client_no_context_takeover, bits(agreement.client_max_window_bits));
        let (sends, receives) = if is_client { (client, server) } else { (server, client) };
        let budget = config.budget();
        let sending_bits =
            budget.map_or(sends.1, |budget| sends.1.min(budget.sending_window_bits()));
        let own = budget.and_then(|budget| budget.own_memory_level());
        let mut shape = Shape::shared(config.level.clamp(1, 9), sending_bits);
        let sending = if sending_bits < WINDOW_BITS_MIN {
            Sending::Never
        } else if sends.0 || budget.is_none() {
            Sending::Fresh
        } else if let Some(memory_level) = own {
            shape.memory_level = memory_level;
            Sending::Own { compressor: None, is_stale: false }
        } else {
            Sending::Window(Window::new(sending_bits))
        };
        // zlib takes a window of 8 bits for one of 9, on the other side too.
        let receiving = (!receives.0).then(|| Window::new(receives.1.max(WINDOW_BITS_MIN)));
        let inflated_bytes_max = config.inflated_bytes_max.unwrap_or(message_size_max);
        Self {
            sending,
            receiving,
            shape,
            threshold_bytes: config.threshold_bytes.max(1),
            inflated_bytes_max,
        }
    }

    /// Compresses a message, if it is worth it and becomes smaller.
    pub(crate) fn compress<'c>(
        &mut self,
        message: &[u8],
        compressor: &'c mut Compressor,
    ) -> Option<&'c [u8]> {
        if message.len() < self.threshold_bytes {
            return None;
        }
        match &mut self.sending {
            Sending::Never => None,
            Sending::Fresh => {
                let compressed = compressor.compress(self.shape, &[], message);
                (compressed.len() < message.len()).then_some(compressed)
            }
            Sending::Window(window) => {
                let compressed = compressor.compress(self.shape, window.bytes(), message);
                if compressed.len() >= message.len() {
                    return None;
                }
                window.push(message);
                Some(compressed)
            }
            Sending::Own { compressor: own, is_stale } => {
                let own = own.get_or_insert_with(|| Box::new(self.shape.compressor()));
                if std::mem::take(is_stale) {
                    own.reset();
                }
                compressor.compress_with(own, message)
            }
        }
    }

    /// What a broadcast is compressed with for this connection; `None` if it takes none compressed. There are three windows
    /// for all connections, so that no choice of theirs makes a publication be compressed more often.
    #[cfg(feature = "net")]
    pub(crate) const fn broadcast_shape(&self) -> Option<Shape> {
        if let Sending::Never = self.sending {
            return None;
        }
        let window_bits = match self.shape.window_bits {
            WINDOW_BITS_MAX => WINDOW_BITS_MAX,
            12.. => 12,
            _ => WINDOW_BITS_MIN,
        };
        Some(Shape::shared(self.shape.level, window_bits))
    }

    #[cfg(feature = "net")]
    pub(crate) const fn threshold_bytes(&self) -> usize {
        self.threshold_bytes
    }

    /// A message was sent that was compressed elsewhere. The other side has it in its window and we have not: what follows
    /// must refer to nothing before it.
    #[cfg(feature = "net")]
    pub(crate) fn forget_sent(&mut self) {
        match &mut self.sending {
            Sending::Never | Sending::Fresh => {}
            Sending::Window(window) => window.clear(),
            Sending::Own { is_stale, .. } => *is_stale = true,
        }
    }

    /// Bytes that the contexts hold.
    #[cfg(feature = "net")]
    pub(crate) fn held_bytes(&self) -> usize {
        let receiving = self.receiving.as_ref().map_or(0, Window::held_bytes);
        receiving
            + match &self.sending {
                Sending::Window(window) => window.held_bytes(),
                Sending::Own { compressor: Some(_), .. } => {
                    compressor_bytes(self.shape.window_bits, self.shape.memory_level)
                }
                Sending::Never | Sending::Fresh | Sending::Own { .. } => 0,
            }
    }

    /// Appends the message that `payload` was compressed from.
    pub(crate) fn inflate(
        &mut self,
        payload: &[u8],
        inflater: &mut Inflater,
        output: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let start = output.len();
        let window = self.receiving.as_ref().map_or(&[][..], Window::bytes);
        inflater.inflate(window, payload, self.inflated_bytes_max, output)?;
        if let Some(window) = &mut self.receiving {
            window.push(&output[start..]);
        }
        Ok(())
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::Fresh => "Fresh",
            Self::Window(_) => "Window",
            Self::Own { .. } => "Own",
        })
    }
}
