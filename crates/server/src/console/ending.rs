//! Ctrl-C.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Whether somebody wants the program to end: at once where there is no connection, else when that has been closed.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    is_asked: AtomicBool,
    is_connected: AtomicBool,
}

impl Ending {
    /// Listens for SIGINT and SIGTERM.
    pub(super) fn on_signals() -> Self {
        let ending = Self::default();
        // Without them the signals do what they do to any program.
        if let Ok(signals) = Signals::new([SIGINT, SIGTERM]) {
            let listener = ending.clone();
            thread::spawn(move || listener.listen(signals));
        }
        ending
    }

    /// Whether to close and go.
    pub(super) fn is_asked(&self) -> bool {
        self.0.is_asked.load(Ordering::SeqCst)
    }

    /// There is a connection that wants to be closed first, or none any more.
    pub(super) fn set_connected(&self, is_connected: bool) {
        self.0.is_connected.store(is_connected, Ordering::SeqCst);
    }

    fn listen(&self, mut signals: Signals) {
        let mut signals = signals.forever();
        signals.next();
        // One of the two threads sees what the other has written.
        self.0.is_asked.store(true, Ordering::SeqCst);
        if !self.0.is_connected.load(Ordering::SeqCst) {
            process::exit(0);
        }
        // Whoever reads our output may have stopped to.
        thread::spawn(|| {
            thread::sleep(PATIENCE);
            process::exit(1);
        });
        signals.next();
        process::exit(1);
    }
}

/// For closing, which has a limit of its own, and for writing what has arrived.
const PATIENCE: Duration = Duration::from_secs(5);
