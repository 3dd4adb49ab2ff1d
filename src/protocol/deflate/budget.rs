//! What memory for a connection's contexts buys.

use super::{WINDOW_BITS_MAX, WINDOW_BITS_MIN};

/// How a connection with context takeover spends the bytes that it may hold ([`super::DeflateMode::Dedicated`]).
///
/// Each direction needs a window: the bytes that the next message may refer to. To compress with no more than that, the
/// thread's compressor reads the window again before each message, so that one is at most 4 KiB; from about 180 KiB on a
/// connection has a compressor of its own instead, which needs no reading but a hash table of 128 KiB whatever its window is.
///
/// More bytes make smaller messages, not always faster ones: compressors of many connections are in no cache of the processor.
/// Where fifty connections took turns, an echo of 1 KiB cost least with 8 KiB on one processor and with 192 KiB on another,
/// and there a third more with 512.
///
/// ```
/// use sockeye::protocol::deflate::Budget;
///
/// let small = Budget::new(4 * 1024);
/// assert_eq!((small.sending_window_bits(), small.receiving_window_bits()), (11, 11));
/// assert!(!small.has_own_compressor());
/// assert_eq!(small.bytes(), 4 * 1024);
///
/// let large = Budget::new(256 * 1024);
/// assert!(large.has_own_compressor() && large.bytes() <= 256 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    sending_window_bits: u8,
    receiving_window_bits: u8,
    /// zlib's measure of a compressor's memory beside its window, if the connection has its own.
    own_memory_level: Option<u8>,
}

impl Budget {
    /// The best that at most `bytes` can do; two windows of 512 bytes at least.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let bytes = bytes.max(2 << WINDOW_BITS_MIN);
        let own = (WINDOW_BITS_MIN..=WINDOW_BITS_MAX)
            .flat_map(|bits| (OWN_MEMORY_LEVEL_MIN..=8).map(move |level| Self::own(bits, level)))
            .filter(|budget| budget.bytes() <= bytes && budget.sending_window_bits >= OWN_BITS_MIN)
            // A larger window first: it finds more, while memory beside it helps only large messages.
            .max_by_key(|budget| (budget.sending_window_bits, budget.own_memory_level));
        own.unwrap_or_else(|| {
            let sending = window_bits(bytes / 2, READ_AGAIN_BITS_MAX);
            let receiving = window_bits(bytes - (1 << sending), WINDOW_BITS_MAX);
            Self {
                sending_window_bits: sending,
                receiving_window_bits: receiving,
                own_memory_level: None,
            }
        })
    }

    const fn own(bits: u8, memory_level: u8) -> Self {
        Self {
            sending_window_bits: bits,
            receiving_window_bits: bits,
            own_memory_level: Some(memory_level),
        }
    }

    /// The window for what we send, as a power of two: 9 to 15.
    #[must_use]
    pub const fn sending_window_bits(&self) -> u8 {
        self.sending_window_bits
    }

    /// The window for what we receive, as a power of two: 9 to 15.
    #[must_use]
    pub const fn receiving_window_bits(&self) -> u8 {
        self.receiving_window_bits
    }

    /// Whether the connection has a compressor of its own.
    #[must_use]
    pub const fn has_own_compressor(&self) -> bool {
        self.own_memory_level.is_some()
    }

    pub(super) const fn own_memory_level(&self) -> Option<u8> {
        self.own_memory_level
    }

    /// Bytes that a connection holds at most, when both windows are full.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        let receiving = 1 << self.receiving_window_bits;
        receiving
            + match self.own_memory_level {
                None => 1 << self.sending_window_bits,
                Some(level) => compressor_bytes(self.sending_window_bits, level),
            }
    }
}

/// What a compressor of zlib-rs holds.
pub(super) const fn compressor_bytes(window_bits: u8, memory_level: u8) -> usize {
    COMPRESSOR_BYTES + (4 << window_bits) + (7 << (memory_level + 6))
}

/// The largest window of at most `bytes`, as a power of two.
const fn window_bits(bytes: usize, bits_max: u8) -> u8 {
    let mut bits = bits_max;
    while bits > WINDOW_BITS_MIN && 1 << bits > bytes {
        bits -= 1;
    }
    bits
}

/// What a compressor of zlib-rs 0.6 holds whatever its window is: its hash table, and its other fields, rounded up.
const COMPRESSOR_BYTES: usize = (128 + 4) * 1024;

/// A window that is read again before each message is this large at most: twice as large costs 4 µs a message more, and
/// makes JSON of 1 KiB 3 % smaller. Inflating costs next to nothing more with a larger one.
const READ_AGAIN_BITS_MAX: u8 = 12;

/// A compressor of its own that has no larger window than that would be a waste.
const OWN_BITS_MIN: u8 = READ_AGAIN_BITS_MAX + 1;

/// With less, small messages become a tenth larger.
const OWN_MEMORY_LEVEL_MIN: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{DEFLATE_BUDGET_BYTES_MAX, DEFLATE_BUDGET_BYTES_MIN};

    #[test]
    fn no_budget_is_exceeded_and_more_never_buys_less() {
        let mut last = Budget::new(DEFLATE_BUDGET_BYTES_MIN);
        let mut bytes = DEFLATE_BUDGET_BYTES_MIN;
        while bytes <= DEFLATE_BUDGET_BYTES_MAX {
            let budget = Budget::new(bytes);
            assert!(budget.bytes() <= bytes, "{bytes}: {budget:?}");
            assert!(budget.bytes() >= last.bytes(), "{bytes}: {budget:?} after {last:?}");
            assert!((9..=15).contains(&budget.sending_window_bits()), "{budget:?}");
            (last, bytes) = (budget, bytes + 512);
        }
        assert_eq!((last.sending_window_bits, last.own_memory_level), (15, Some(8)));
    }
}
