//! A clock for tests, which have no driver that has one.

use std::time::Instant;

/// Some instant to begin at.
#[expect(clippy::disallowed_methods, reason = "tests have no driver that has a clock")]
pub(crate) fn start() -> Instant {
    Instant::now()
}
