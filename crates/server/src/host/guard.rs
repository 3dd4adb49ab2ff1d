//! A fault of ours in the hub ends the process.

/// The engine contains a panic of a handler: it closes that connection and goes on. A hub that was interrupted half way
/// through is not to go on, because what it promises to clients would not hold any more. Where this is dropped by a panic,
/// the process ends: another one starts afresh, and clients are told by their connections that end.
pub(super) struct EndOnPanic;

impl Drop for EndOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(
                "a fault in the hub, told of above: the process ends, as nothing half done may go on"
            );
            std::process::abort();
        }
    }
}
