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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    const IS_THE_ONE: &str = "SOCKEYE_TEST_END_ON_PANIC";
    const SIGABRT: i32 = 6;

    #[test]
    fn a_panic_that_is_caught_ends_the_process_all_the_same() {
        if std::env::var_os(IS_THE_ONE).is_some() {
            let _caught = std::panic::catch_unwind(|| {
                let _guard = EndOnPanic;
                panic!("a fault");
            });
            return;
        }
        let name = "host::guard::tests::a_panic_that_is_caught_ends_the_process_all_the_same";
        let status = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", name])
            .env(IS_THE_ONE, "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert_eq!(status.expect("it runs").signal(), Some(SIGABRT));
        drop(EndOnPanic);
    }
}
