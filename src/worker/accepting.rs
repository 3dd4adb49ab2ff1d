//! Connections as they come: whether there is room for more, and taking charge of one.

use super::Worker;
use super::phases::{Head, Phase};
use crate::driver::{Driver, Token};
use crate::handler::Handler;
use std::net::SocketAddr;

impl<D: Driver, H: Handler> Worker<D, H> {
    pub(super) fn handle_accepted(&mut self, transfer: D::Transfer, peer: SocketAddr) {
        if self.shut_down_by.is_some() {
            // It was under way when accepting ended.
            return;
        }
        let Some(token) = self.adopt(transfer, peer) else {
            return;
        };
        #[cfg(feature = "tls")]
        self.core.secure_accepted(token.slot);
        #[cfg(not(feature = "tls"))]
        let _plain = token;
        if self.core.connections() >= self.core.config.connections_per_worker_max {
            self.pause_accepting();
        }
    }

    /// Takes charge of a connection, whose request is awaited. `None`: the system cannot watch one more.
    pub(super) fn adopt(&mut self, transfer: D::Transfer, peer: SocketAddr) -> Option<Token> {
        let head = Phase::Head(Box::new(Head::new(peer)));
        let token = self.core.connections.insert(head, self.core.ticks);
        if self.driver.attach(token, transfer).is_err() {
            self.core.connections.remove(token.slot);
            return None;
        }
        self.core.schedule(token.slot);
        Some(token)
    }

    pub(super) fn pause_accepting(&mut self) {
        self.is_accepting = false;
        self.driver.accept(false);
    }

    /// Accepts again if there is room; if not, the next connection that ends makes some.
    pub(super) fn accept_again(&mut self) {
        self.accept_again_at = None;
        if self.core.connections() < self.core.config.connections_per_worker_max {
            self.is_accepting = true;
            self.driver.accept(true);
        }
    }
}
