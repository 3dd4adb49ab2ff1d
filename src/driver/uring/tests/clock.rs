//! The tests' time: whoever waits until a moment has to know the present one.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "the worker passes the time, and here is none")]
pub(super) fn now() -> Instant {
    Instant::now()
}
