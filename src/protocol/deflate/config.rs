//! What an endpoint wants of permessage-deflate.

use super::budget::Budget;
use crate::limits::{DEFLATE_BUDGET_BYTES_MAX, DEFLATE_BUDGET_BYTES_MIN, DEFLATE_THRESHOLD_BYTES};
use std::fmt;

/// Whether and how an endpoint compresses.
///
/// Compressing what an attacker can add to, beside a secret, in one message or with context takeover, lets the size of it
/// tell the secret (the attacks CRIME and BREACH). Send such messages uncompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateConfig {
    /// Who keeps what. Default: [`DeflateMode::Off`].
    pub mode: DeflateMode,
    /// How hard to try, from 1, the fastest, to 9. On JSON of 1 KiB level 1 takes a third of level 2's time, and its output
    /// is a third larger. Default: 1.
    pub level: u8,
    /// Messages of fewer bytes are sent as they are. Default: 128.
    pub threshold_bytes: usize,
    /// Bytes of the largest message taken, inflated; a larger one closes the connection with 1009, and is not inflated
    /// further than that. Default: none, which means as many as a message may have that is not compressed.
    pub inflated_bytes_max: Option<usize>,
}

/// Whether a connection keeps a context from one message to the next (RFC 7692 section 7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeflateMode {
    /// No message is compressed, in either direction.
    Off,
    /// Every message by itself, by what all connections of a thread share. A connection costs no memory.
    Shared,
    /// With a context of its own for each connection, so that a message may refer to those before it: small messages that
    /// resemble each other become much smaller.
    Dedicated {
        /// Bytes that one connection's contexts may hold, both directions together: from 1 KiB to 1 MiB. [`Budget`] says
        /// what they buy.
        bytes: usize,
    },
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self {
            mode: DeflateMode::Off,
            level: 1,
            threshold_bytes: DEFLATE_THRESHOLD_BYTES,
            inflated_bytes_max: None,
        }
    }
}

impl DeflateConfig {
    /// The defaults, in this mode.
    #[must_use]
    pub fn new(mode: DeflateMode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// The first field that cannot be, and what it must be.
    pub fn check(&self) -> Result<(), DeflateConfigError> {
        let fault = |field, expected| Err(DeflateConfigError { field, expected });
        if !(1..=9).contains(&self.level) {
            return fault("deflate.level", "must be 1 to 9");
        }
        if self.inflated_bytes_max == Some(0) {
            return fault("deflate.inflated_bytes_max", "must be at least 1");
        }
        match self.mode {
            DeflateMode::Dedicated { bytes }
                if !(DEFLATE_BUDGET_BYTES_MIN..=DEFLATE_BUDGET_BYTES_MAX).contains(&bytes) =>
            {
                fault("deflate.mode", "must have a budget of 1 KiB to 1 MiB")
            }
            _ => Ok(()),
        }
    }

    /// What the connections' contexts are made of; `None` without takeover.
    pub(super) fn budget(&self) -> Option<Budget> {
        match self.mode {
            DeflateMode::Dedicated { bytes } => Some(Budget::new(bytes)),
            _ => None,
        }
    }
}

/// A field of [`DeflateConfig`] that cannot be as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateConfigError {
    /// Its name.
    pub field: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

impl fmt::Display for DeflateConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.expected)
    }
}

impl std::error::Error for DeflateConfigError {}
