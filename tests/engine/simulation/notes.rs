//! What the handlers of the simulated workers note down about their clients, for the checks.

use super::post::PostOffice;
use sockeye::ConnectionId;
use sockeye::handler::CloseCause;
use sockeye::worker::Variant;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::time::Instant;

/// What the handlers of all workers note down.
pub(crate) type Log = Rc<RefCell<Notes>>;

/// Notes of each client, by number, and of the mail between the workers.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    clients: BTreeMap<usize, Record>,
    pub(crate) post: PostOffice,
}

impl Deref for Notes {
    type Target = BTreeMap<usize, Record>;

    fn deref(&self) -> &Self::Target {
        &self.clients
    }
}

impl DerefMut for Notes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.clients
    }
}

/// What became of one client's connection.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) id: Option<ConnectionId>,
    pub(crate) opened: usize,
    pub(crate) closed: Vec<(u16, CloseCause)>,
    /// What the client is to get, in this order. A publication has a mark.
    pub(crate) owed: Vec<(Option<u64>, String)>,
    pub(crate) lags: usize,
    pub(crate) refused: usize,
    pub(crate) drains: usize,
    pub(crate) backlog_max: usize,
    /// Messages of this client that were published on the topic.
    pub(crate) published: usize,
    /// All of them, where some are not published.
    pub(crate) said: usize,
    /// It is one of those that mail.
    pub(crate) is_mailed: bool,
    /// When a worker's clock was called last.
    pub(crate) ticked_at: Option<Instant>,
    /// How many of each other client's had been published when this one subscribed.
    pub(crate) joined_at: BTreeMap<usize, usize>,
    /// It is subscribed to what its worker publishes.
    pub(crate) is_live: Option<Variant>,
}

/// Short enough for a panic's message.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &String| text.chars().take(12).collect::<String>();
        let owed: Vec<String> = self.owed.iter().map(|(_, text)| short(text)).collect();
        f.debug_struct("Record")
            .field("id", &self.id)
            .field("opened", &self.opened)
            .field("closed", &self.closed)
            .field("owed", &owed)
            .field("lags", &self.lags)
            .field("refused", &self.refused)
            .field("drains", &self.drains)
            .field("published", &self.published)
            .field("joined_at", &self.joined_at)
            .finish_non_exhaustive()
    }
}

impl Notes {
    /// The open connections of clients that mail, but for one.
    pub(crate) fn mailed_but(&self, client: usize) -> Vec<ConnectionId> {
        let others = self.iter().filter(|(number, record)| **number != client && record.is_mailed);
        others.filter(|(_, record)| record.closed.is_empty()).filter_map(|(_, r)| r.id).collect()
    }
}
