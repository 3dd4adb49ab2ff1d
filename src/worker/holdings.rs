//! What a worker holds: for tests that nothing is left over, and for whoever watches a server.

use super::Worker;
use super::phases::Phase;
use crate::driver::Driver;
use crate::handler::Handler;

/// What one worker holds at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holdings {
    /// Connections in any phase.
    pub connections: usize,
    /// Topics with a subscriber, or with something to deliver.
    pub topics: usize,
    /// Subscriptions of all connections.
    pub subscriptions: usize,
    /// Bytes that wait to be sent, on all connections. Shared ones count for each.
    pub backlog_bytes: usize,
    /// The largest backlog of one connection.
    pub backlog_bytes_max: usize,
    /// The most that was published in one tick, to all topics, in bytes.
    pub published_bytes_max: usize,
    /// Topics with something to deliver: none between two ticks.
    pub undelivered: usize,
    /// Pieces of mail that did not get away.
    pub mail: usize,
    /// Bytes of those, and of mail that arrived and was not taken.
    pub mail_bytes: usize,
    /// Bytes of memory for messages, request heads and answers that have not arrived whole. What the driver receives into at
    /// present is not among them.
    pub message_bytes: usize,
    /// Bytes of the contexts of connections that compress.
    pub context_bytes: usize,
    /// Bytes that were received and wait for their turn.
    pub held_bytes: usize,
    /// Connections on their way to other workers.
    pub handing_over: usize,
    /// Bytes of TLS records that have arrived or left in part.
    #[cfg(feature = "tls")]
    pub record_bytes: usize,
}

impl Holdings {
    /// Whether there is nothing at present.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        let Self { published_bytes_max, .. } = *self;
        *self == Self { published_bytes_max, ..Self::default() }
    }

    /// Bytes that the worker holds for its peers: what [`crate::Config::held_bytes_max`] bounds.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        let bytes = self.backlog_bytes + self.message_bytes + self.context_bytes + self.held_bytes;
        #[cfg(feature = "tls")]
        let bytes = bytes + self.record_bytes;
        bytes
    }
}

impl<D: Driver, H: Handler> Worker<D, H> {
    /// Counts what the worker holds. This looks at every connection.
    #[must_use]
    pub fn holdings(&self) -> Holdings {
        let mut holdings = Holdings {
            connections: self.core.connections(),
            topics: self.core.topics.len(),
            published_bytes_max: self.core.topics.published_bytes_max(),
            undelivered: self.core.topics.undelivered(),
            mail: self.core.outboxes.waiting(),
            mail_bytes: self.core.outboxes.bytes() + self.mailbox.bytes(),
            held_bytes: self.core.held.bytes(),
            handing_over: self.core.handing_over,
            ..Holdings::default()
        };
        for (slot, connection) in self.core.connections.iter() {
            #[cfg(feature = "tls")]
            if let Some(secure) = &connection.secure {
                holdings.record_bytes += secure.kept_bytes();
            }
            let backlog = self.core.connections.backlog(slot);
            holdings.subscriptions += connection.subscriptions.len();
            holdings.message_bytes += connection.phase.message_bytes();
            if let Phase::Open(open) = &connection.phase {
                holdings.context_bytes += open.protocol.context_bytes();
            }
            holdings.backlog_bytes += backlog;
            holdings.backlog_bytes_max = holdings.backlog_bytes_max.max(backlog);
        }
        holdings
    }
}
