//! A handle to a server's workers, for other threads.

use super::mailbox::{Address, Envelope, Unposted};
use super::{ConnectionId, WorkerId};
use crate::protocol::http::Response;
use crate::protocol::{CloseCode, Prepared};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Reaches all workers of a server, from any thread; cheap to clone. Nothing here blocks, except shutting down.
#[derive(Debug)]
pub struct Remote<M> {
    addresses: Arc<[Address<M>]>,
}

impl<M> Clone for Remote<M> {
    fn clone(&self) -> Self {
        Self { addresses: Arc::clone(&self.addresses) }
    }
}

impl<M> Remote<M> {
    pub(super) fn new(addresses: Vec<Address<M>>) -> Self {
        Self { addresses: addresses.into() }
    }

    /// How many workers there are; their numbers are 0 up to this.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.addresses.len()
    }

    /// Sends to one connection. If it is gone or its send queue full by the time the worker looks, it gets nothing.
    ///
    /// # Errors
    ///
    /// The worker's mailbox is full, or the server has shut down.
    pub fn send(&self, id: ConnectionId, message: &Prepared) -> Result<(), RemoteError> {
        self.post(id.worker, Envelope::Send(id, message.clone()))
    }

    /// Publishes to the topic's subscribers on all workers.
    ///
    /// # Errors
    ///
    /// A worker's mailbox is full, or the server has shut down. The other workers' subscribers may have got it.
    pub fn publish(&self, topic: impl AsRef<[u8]>, message: &Prepared) -> Result<(), RemoteError> {
        let topic: Arc<[u8]> = topic.as_ref().into();
        let results = (0..self.workers() as u16).map(|worker| {
            let (topic, message) = (Arc::clone(&topic), message.clone());
            self.post(WorkerId(worker), Envelope::Publish { topic, mark: 0, message })
        });
        // Each worker is tried, whatever became of the one before.
        results.fold(Ok(()), Result::and)
    }

    /// Begins the closing handshake with one connection.
    ///
    /// # Errors
    ///
    /// The worker's mailbox is full, or the server has shut down.
    pub fn close(
        &self,
        id: ConnectionId,
        code: CloseCode,
        reason: &str,
    ) -> Result<(), RemoteError> {
        self.post(id.worker, Envelope::Close(id, code, reason.to_owned()))
    }

    /// Answers a request that waits for its reply ([`crate::handler::Reply::Pending`]). If it is gone, or was replied to by
    /// the time the worker looks, nothing happens.
    ///
    /// # Errors
    ///
    /// The worker's mailbox is full, or the server has shut down.
    pub fn respond(&self, id: ConnectionId, response: Response) -> Result<(), RemoteError> {
        self.post(id.worker, Envelope::Respond(id, response))
    }

    /// Sends mail to the handler of a worker.
    ///
    /// # Errors
    ///
    /// The worker's mailbox is full, or the server has shut down.
    pub fn mail(&self, worker: WorkerId, mail: M) -> Result<(), RemoteError> {
        self.post(worker, Envelope::Mail(mail))
    }

    /// Has all workers stop accepting and close every connection with 1001; whoever is still there after `grace`,
    /// which is 30 days at most, is reset. Said again, it can only shorten the grace. Waits for room in a mailbox if need
    /// be, up to 5 s: a worker that takes no mail for so long is stuck and would not hear of this either.
    pub fn shut_down(&self, grace: Duration) {
        for address in &*self.addresses {
            address.post_waiting(Envelope::ShutDown { grace }.into());
        }
    }

    fn post(&self, worker: WorkerId, envelope: Envelope<M>) -> Result<(), RemoteError> {
        let address = self.addresses.get(usize::from(worker.0)).ok_or(RemoteError::Gone)?;
        address.post(envelope.into()).map_err(|unposted| match unposted {
            Unposted::Full(_) => RemoteError::Full,
            Unposted::Gone => RemoteError::Gone,
        })
    }
}

/// Why something did not reach a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteError {
    /// Its mailbox is full: try again later.
    Full,
    /// The server has shut down, or there is no such worker.
    Gone,
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the worker's mailbox is full: try again later",
            Self::Gone => "there is no such worker, or the server has shut down",
        })
    }
}

impl std::error::Error for RemoteError {}
