//! What the handlers were told of each request, and what they did.

use sockeye::ConnectionId;
use sockeye::handler::CloseCause;
use std::cell::{Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the handlers of all workers note down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Rc<RefCell<Notes>>);

#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// By the key of the request.
    pub(crate) records: BTreeMap<String, Record>,
    /// Publications so far, by client.
    pub(crate) published: BTreeMap<String, usize>,
}

/// What became of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) id: Option<ConnectionId>,
    /// How often `on_request` was called with it.
    pub(crate) asked: usize,
    /// It was kept waiting.
    pub(crate) has_waited: bool,
    /// Replies that were taken, but for those that ask for more time.
    pub(crate) replied: usize,
    /// Another thread was asked to answer: whether that came in time, nobody hears.
    pub(crate) is_answered_from_afar: bool,
    pub(crate) opened: usize,
    pub(crate) closed: Vec<(u16, CloseCause)>,
    /// Its handler panicked, and the worker answered.
    pub(crate) has_panicked: bool,
    pub(crate) drains: usize,
    pub(crate) lags: usize,
    /// Of the request.
    pub(crate) body: Vec<u8>,
    pub(crate) body_ends: usize,
    /// What a stream has taken.
    pub(crate) sent: Vec<u8>,
    /// Publications before a stream subscribed.
    pub(crate) joined_at: BTreeMap<String, usize>,
}

impl Ledger {
    pub(crate) fn note<R>(&self, key: &str, note: impl FnOnce(&mut Record) -> R) -> R {
        note(self.0.borrow_mut().records.entry(key.to_owned()).or_default())
    }

    pub(crate) fn record(&self, key: &str) -> Record {
        self.0.borrow().records.get(key).cloned().unwrap_or_default()
    }

    pub(crate) fn id(&self, key: &str) -> ConnectionId {
        self.record(key).id.expect("the request has arrived")
    }

    pub(crate) fn notes(&self) -> Ref<'_, Notes> {
        self.0.borrow()
    }

    pub(crate) fn notes_mut(&self) -> RefMut<'_, Notes> {
        self.0.borrow_mut()
    }
}
