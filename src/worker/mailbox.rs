//! Mail: the only way in which workers, and other threads, talk to a worker.
//!
//! A worker collects what it has for another one and posts it once per tick, as one batch. Posting never blocks: a batch
//! that does not fit into the other's mailbox stays here until it does, and the connections that cause more mail are not
//! read from meanwhile. So nothing is lost and nothing grows without a bound, in pieces or in bytes.

use super::{ConnectionId, WorkerId};
use crate::driver::Waker;
use crate::limits::{MAILBOX_BATCHES_MAX, MAILBOX_BYTES_MAX, OUTBOX_BYTES_MAX, OUTBOX_MAIL_MAX};
use crate::protocol::http::Response;
use crate::protocol::{CloseCode, Prepared};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// One piece of mail. `M` is the handler's own kind.
#[derive(Debug)]
pub(crate) enum Envelope<M> {
    Mail(M),
    Send(ConnectionId, Prepared),
    Publish { topic: Arc<[u8]>, mark: u64, message: Prepared },
    Close(ConnectionId, CloseCode, String),
    Respond(ConnectionId, Response),
    ShutDown { grace: Duration },
}

impl<M> Envelope<M> {
    /// Bytes that it takes, but for what the handler's own mail refers to. A message that several pieces share counts for
    /// each of them.
    fn bytes(&self) -> usize {
        let content = match self {
            Self::Mail(_) | Self::ShutDown { .. } => 0,
            Self::Send(_, message) => message.as_frame().len(),
            Self::Publish { topic, message, .. } => topic.len() + message.as_frame().len(),
            Self::Close(_, _, reason) => reason.len(),
            Self::Respond(_, response) => response.body().len(),
        };
        size_of::<Self>() + content
    }
}

/// What is posted at once.
#[derive(Debug)]
pub(crate) struct MailBatch<M> {
    mail: Vec<Envelope<M>>,
    bytes: usize,
}

impl<M> MailBatch<M> {
    const fn new() -> Self {
        Self { mail: Vec::new(), bytes: 0 }
    }

    fn push(&mut self, envelope: Envelope<M>) {
        self.bytes += envelope.bytes();
        self.mail.push(envelope);
    }

    fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new())
    }
}

impl<M> From<Envelope<M>> for MailBatch<M> {
    fn from(envelope: Envelope<M>) -> Self {
        let mut batch = Self::new();
        batch.push(envelope);
        batch
    }
}

/// Where a worker's mail arrives.
#[derive(Debug)]
pub(crate) struct Mailbox<M> {
    batches: Receiver<MailBatch<M>>,
    state: Arc<State>,
}

/// Where to post mail for a worker.
#[derive(Debug)]
pub(crate) struct Address<M> {
    batches: Sender<MailBatch<M>>,
    state: Arc<State>,
    waker: Waker,
}

/// What both ends of a mailbox know.
#[derive(Debug, Default)]
struct State {
    has_mail: AtomicBool,
    /// Of all batches in the mailbox.
    bytes: AtomicUsize,
}

impl<M> Clone for Address<M> {
    fn clone(&self) -> Self {
        Self {
            batches: self.batches.clone(),
            state: Arc::clone(&self.state),
            waker: self.waker.clone(),
        }
    }
}

/// A mailbox and its address. `waker` ends the wait of the worker that owns the mailbox.
pub(crate) fn mailbox<M>(waker: Waker) -> (Address<M>, Mailbox<M>) {
    let (sender, batches) = bounded(MAILBOX_BATCHES_MAX);
    let state = Arc::<State>::default();
    let address = Address { batches: sender, state: Arc::clone(&state), waker };
    (address, Mailbox { batches, state })
}

impl<M> Address<M> {
    /// Posts a batch, and wakes the worker unless somebody did since it last looked. A batch that does not fit comes back;
    /// one of any size fits while what is there is within its bound.
    pub(crate) fn post(&self, batch: MailBatch<M>) -> Result<(), Unposted<M>> {
        let bytes = batch.bytes;
        // It is counted before it is there, so that who takes it never counts it off too early.
        if self.state.bytes.fetch_add(bytes, Ordering::Relaxed) > MAILBOX_BYTES_MAX {
            self.state.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Unposted::Full(batch));
        }
        if let Err(error) = self.batches.try_send(batch) {
            self.state.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(match error {
                TrySendError::Full(batch) => Unposted::Full(batch),
                TrySendError::Disconnected(_) => Unposted::Gone,
            });
        }
        self.announce();
        Ok(())
    }

    /// Has the worker look for what arrived.
    pub(crate) fn announce(&self) {
        if !self.state.has_mail.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    /// Posts a batch, and waits for room if need be: for what must not be lost, from threads that are no workers.
    pub(crate) fn post_waiting(&self, batch: MailBatch<M>) {
        let bytes = batch.bytes;
        self.state.bytes.fetch_add(bytes, Ordering::Relaxed);
        // A worker that takes no mail for so long is stuck, and will not hear of this either.
        if self.batches.send_timeout(batch, POST_TIMEOUT).is_ok() {
            self.announce();
        } else {
            self.state.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

/// Why a batch was not posted.
pub(crate) enum Unposted<M> {
    /// The mailbox is full; here is the batch again.
    Full(MailBatch<M>),
    /// The worker has ended.
    Gone,
}

impl<M> Mailbox<M> {
    /// Says whether there may be mail, and from now on lets the next post wake the worker again.
    pub(crate) fn has_mail(&self) -> bool {
        // The flag goes down before the mailbox is emptied, so that what comes in between raises it again.
        let has_mail = &self.state.has_mail;
        has_mail.load(Ordering::Acquire) && has_mail.swap(false, Ordering::AcqRel)
    }

    /// The next batch; `None` when the mailbox is empty.
    pub(crate) fn next(&self) -> Option<Vec<Envelope<M>>> {
        let MailBatch { mail, bytes } = self.batches.try_recv().ok()?;
        self.state.bytes.fetch_sub(bytes, Ordering::Relaxed);
        Some(mail)
    }

    /// Bytes of what is there.
    pub(crate) fn bytes(&self) -> usize {
        self.state.bytes.load(Ordering::Relaxed)
    }

    /// Leaves what there may still be for the next tick.
    pub(crate) fn leave_rest(&self) {
        self.state.has_mail.store(true, Ordering::Release);
    }

    /// Whether the worker must look again, and not wait for a waker.
    pub(crate) fn is_left(&self) -> bool {
        self.state.has_mail.load(Ordering::Acquire)
    }
}

/// What a worker has for the others, by worker. Its own entry holds mail to itself, which goes through no mailbox.
#[derive(Debug)]
pub(crate) struct Outboxes<M> {
    own: WorkerId,
    addresses: Vec<Address<M>>,
    waiting: Vec<MailBatch<M>>,
}

impl<M> Outboxes<M> {
    pub(crate) fn new(own: WorkerId, addresses: Vec<Address<M>>) -> Self {
        let waiting = addresses.iter().map(|_| MailBatch::new()).collect();
        Self { own, addresses, waiting }
    }

    pub(crate) const fn workers(&self) -> usize {
        self.addresses.len()
    }

    /// Has a worker look for what arrived.
    pub(crate) fn announce(&self, worker: WorkerId) {
        if let Some(address) = self.addresses.get(usize::from(worker.0)) {
            address.announce();
        }
    }

    /// Adds a piece of mail; a worker that there is not gets none.
    pub(crate) fn push(&mut self, worker: WorkerId, envelope: Envelope<M>) {
        if let Some(waiting) = self.waiting.get_mut(usize::from(worker.0)) {
            waiting.push(envelope);
        }
    }

    /// Whether more waits somewhere than should.
    pub(crate) fn is_over(&self) -> bool {
        self.waiting
            .iter()
            .any(|waiting| waiting.mail.len() > OUTBOX_MAIL_MAX || waiting.bytes > OUTBOX_BYTES_MAX)
    }

    /// Whether anything waits: the worker must come back soon.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.iter().any(|waiting| !waiting.mail.is_empty())
    }

    /// Pieces of mail that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.iter().map(|waiting| waiting.mail.len()).sum()
    }

    /// Their bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.waiting.iter().map(|waiting| waiting.bytes).sum()
    }

    /// Posts what can be posted, one batch per worker.
    pub(crate) fn dispatch(&mut self) {
        for (index, waiting) in self.waiting.iter_mut().enumerate() {
            if waiting.mail.is_empty() || index == usize::from(self.own.0) {
                continue;
            }
            if let Err(Unposted::Full(batch)) = self.addresses[index].post(waiting.take()) {
                *waiting = batch;
            }
        }
    }

    /// Whether there is mail to this worker itself.
    pub(crate) fn has_own(&self) -> bool {
        !self.waiting[usize::from(self.own.0)].mail.is_empty()
    }

    /// Mail to this worker itself.
    pub(crate) fn take_own(&mut self) -> Vec<Envelope<M>> {
        self.waiting[usize::from(self.own.0)].take().mail
    }
}

/// How long to wait for room in a mailbox.
const POST_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    fn counting_waker() -> (Arc<AtomicUsize>, Waker) {
        let wakes = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&wakes);
        let waker = Waker::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        (wakes, waker)
    }

    #[test]
    fn one_wake_up_serves_all_that_is_posted_before_the_worker_looks() {
        let (wakes, waker) = counting_waker();
        let (address, mailbox) = mailbox(waker);
        assert!(!mailbox.has_mail());
        for number in 0..3 {
            assert!(address.post(Envelope::Mail(number).into()).is_ok());
        }
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        assert!(mailbox.has_mail());
        assert_eq!(std::iter::from_fn(|| mailbox.next()).count(), 3);
        assert!(address.post(Envelope::Mail(4).into()).is_ok());
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_does_not_fit_waits_with_the_sender_and_keeps_its_order() {
        let (_, waker) = counting_waker();
        let (own, _own_mailbox) = mailbox(waker.clone());
        let (address, mailbox) = mailbox(waker);
        let mut outboxes = Outboxes::new(WorkerId(0), vec![own, address]);
        let count = MAILBOX_BATCHES_MAX + OUTBOX_MAIL_MAX + 1;
        for number in 0..count {
            outboxes.push(WorkerId(1), Envelope::Mail(number));
            outboxes.dispatch();
        }
        assert!(outboxes.is_waiting() && outboxes.is_over());
        let mut got = Vec::new();
        while got.len() < count {
            while let Some(batch) = mailbox.next() {
                got.extend(batch.into_iter().map(|envelope| match envelope {
                    Envelope::Mail(number) => number,
                    other => panic!("unexpected {other:?}"),
                }));
            }
            outboxes.dispatch();
        }
        assert!(got.into_iter().eq(0..count) && !outboxes.is_waiting());
    }

    #[test]
    fn mail_is_counted_in_bytes_too() {
        let (_, waker) = counting_waker();
        let (own, _own_mailbox) = mailbox::<()>(waker.clone());
        let (address, mailbox) = mailbox(waker);
        let mut outboxes = Outboxes::new(WorkerId(0), vec![own, address]);
        let message = Prepared::new(vec![7; OUTBOX_BYTES_MAX / 4].as_slice());
        let mut posted = 0;
        while !outboxes.is_over() {
            assert!(posted < 1000, "there is no end to it");
            let topic = b"large".as_slice().into();
            let message = message.clone();
            outboxes.push(WorkerId(1), Envelope::Publish { topic, mark: 0, message });
            outboxes.dispatch();
            posted += 1;
        }
        let piece = message.as_frame().len() + 200;
        assert!(mailbox.bytes() <= MAILBOX_BYTES_MAX + piece, "{}", mailbox.bytes());
        assert!(outboxes.bytes() <= OUTBOX_BYTES_MAX + piece, "{}", outboxes.bytes());
        let mut taken = 0;
        while taken < posted {
            taken += std::iter::from_fn(|| mailbox.next()).flatten().count();
            outboxes.dispatch();
        }
        assert_eq!((taken, mailbox.bytes(), outboxes.bytes()), (posted, 0, 0));
    }
}
