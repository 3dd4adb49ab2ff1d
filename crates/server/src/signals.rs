//! What signals do: certificates are read again, or the server shuts down in an orderly way.

use crate::host::{Mail, Shared};
use crate::tls;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use sockeye::tls::TlsServer;
use sockeye::{Remote, WorkerId};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

/// How the server shuts down.
pub(crate) struct Shutdown {
    pub(crate) remote: Remote<Mail>,
    pub(crate) shared: Arc<Shared>,
    /// How long before everything is as ever, but for what `/readyz` says.
    pub(crate) drain: Duration,
    /// How long clients have for leaving then.
    pub(crate) grace: Duration,
}

/// SIGHUP reads certificates again; without them it shuts down like the others, as a terminal that is closed wants it.
///
/// # Errors
///
/// Signals cannot be had, or no thread for them.
pub(crate) fn obey(shutdown: Shutdown, tls: Option<TlsServer>) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    named("signals").spawn(move || {
        let mut shutdown = Some(shutdown);
        for signal in signals.forever() {
            match (&tls, signal, shutdown.take()) {
                (Some(tls), SIGHUP, untouched) => {
                    tls::reload(tls);
                    shutdown = untouched;
                }
                (_, _, None) => {
                    tracing::warn!("a second signal: ending at once");
                    std::process::exit(1);
                }
                (_, _, Some(shutdown)) => {
                    shutdown.announce();
                    // Another signal has to be heard meanwhile. Who has no thread for that does not drain.
                    let drain = shutdown.drain;
                    let begun = Arc::new(shutdown);
                    let later = Arc::clone(&begun);
                    let draining = named("drain").spawn(move || {
                        thread::sleep(drain);
                        later.begin();
                    });
                    if draining.is_err() {
                        begun.begin();
                    }
                }
            }
        }
    })?;
    Ok(())
}

impl Shutdown {
    /// Says on `/readyz` that nobody else should be sent here.
    fn announce(&self) {
        self.shared.is_draining.store(true, Ordering::Relaxed);
        if !self.drain.is_zero() {
            tracing::info!(
                "draining: /readyz says so for {} s, and all else is as ever",
                self.drain.as_secs()
            );
        }
    }

    fn begin(&self) {
        tracing::info!("shutting down: clients have {} s to leave", self.grace.as_secs());
        // Sessions are told to come back before their connections end.
        for worker in 0..self.remote.workers() as u16 {
            // A worker that has too much mail to take this has connections that learn of it by their end.
            let _not_told = self.remote.mail(WorkerId(worker), Mail::GoodBye);
        }
        self.remote.shut_down(self.grace);
    }
}
