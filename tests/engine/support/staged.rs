//! A server on the loopback interface whose handlers note what they see.

use sockeye::{Config, Handler, Remote, Running, Server};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// A running server; it ends with the test, and no worker may have failed.
pub(crate) struct Staged<M, N> {
    pub(crate) address: SocketAddr,
    pub(crate) remote: Remote<M>,
    noted: Receiver<N>,
    running: Option<Running<M>>,
}

impl<M: Send + 'static, N: Send + 'static> Staged<M, N> {
    /// Serves with handlers that get the server's address, and where to note what they see.
    pub(crate) fn serve<H: Handler<Mail = M> + 'static>(
        config: Config,
        make_handler: impl Fn(SocketAddr, Sender<N>) -> H + Send + Sync + 'static,
    ) -> Self {
        let server = Server::bind("127.0.0.1:0", config).expect("a free port");
        let address = server.local_addr();
        let (sender, noted) = channel();
        let running = server.start(move |_| make_handler(address, sender.clone()));
        let running = running.expect("descriptors and threads");
        assert!(running.fallback().is_none(), "the driver is not to be had here");
        Self { address, remote: running.remote(), noted, running: Some(running) }
    }

    /// The next thing that a handler notes.
    pub(crate) fn noted(&self) -> N {
        self.noted.recv_timeout(PATIENCE).expect("something happens")
    }
}

impl<M, N> Drop for Staged<M, N> {
    fn drop(&mut self) {
        self.remote.shut_down(Duration::ZERO);
        let result = self.running.take().map(Running::join);
        if !std::thread::panicking() {
            result.expect("dropped once").expect("no worker fails");
        }
    }
}

/// How long to wait for what should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);
