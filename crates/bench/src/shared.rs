//! What the workers of a run and the one that leads them tell each other.

use crate::error::BenchError;
use crate::payload::{Framing, Payloads};
use crate::plan::Plan;
use crate::statistics::Window;
use rustix::event::{EventfdFlags, eventfd};
use sockeye::worker::{Clock, SystemClock};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// Times are nanoseconds since the run's beginning.
#[derive(Debug)]
pub(crate) struct Shared {
    epoch: Instant,
    /// When messages begin to flow, once it is known.
    start: OnceLock<Start>,
    /// When no more are sent.
    end: AtomicU64,
    /// Connections that are open, or were.
    pub(crate) opened: AtomicUsize,
    pub(crate) finished_workers: AtomicUsize,
    pub(crate) counters: Box<[Counters]>,
    /// Of each publisher, deliveries that have not happened.
    outstanding: Box<[AtomicI64]>,
    wakers: Box<[OwnedFd]>,
    payloads: OnceLock<Payloads>,
    fault: Mutex<Option<BenchError>>,
    is_fatal: AtomicBool,
}

/// When messages begin to flow, and when is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) at: u64,
    pub(crate) window: Window,
}

/// How far one worker is. Only that worker writes it.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Counters {
    /// Messages that arrived and were right.
    pub(crate) messages: AtomicU64,
    /// Bytes that arrived over the wire.
    pub(crate) received: AtomicU64,
    pub(crate) errors: AtomicU64,
}

impl Shared {
    pub(crate) fn new(plan: &Plan) -> io::Result<Self> {
        let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
        let wakers: Result<Vec<_>, _> = (0..plan.workers).map(|_| eventfd(0, flags)).collect();
        Ok(Self {
            epoch: SystemClock.now(),
            start: OnceLock::new(),
            end: AtomicU64::new(u64::MAX),
            opened: AtomicUsize::new(0),
            finished_workers: AtomicUsize::new(0),
            counters: (0..plan.workers).map(|_| Counters::default()).collect(),
            outstanding: (0..plan.publishers).map(|_| AtomicI64::new(0)).collect(),
            wakers: wakers?.into(),
            payloads: OnceLock::new(),
            fault: Mutex::new(None),
            is_fatal: AtomicBool::new(false),
        })
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        (SystemClock.now() - self.epoch).as_nanos() as u64
    }

    /// Messages flow from then on, and beyond the window: until the counters have been looked at, and [`Shared::end_at`].
    pub(crate) fn begin(&self, start: Start) {
        let _said_once = self.start.set(start);
        self.wake_all();
    }

    pub(crate) fn start(&self) -> Option<Start> {
        self.start.get().copied()
    }

    /// Nothing is sent from `now` on.
    pub(crate) fn end_at(&self, now: u64) {
        self.end.fetch_min(now, Ordering::Relaxed);
        self.wake_all();
    }

    #[inline]
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// The messages, made when the first connection knows how they are framed.
    pub(crate) fn make_payloads(&self, plan: &Plan, framing: &Framing) -> &Payloads {
        self.payloads.get_or_init(|| Payloads::new(plan.kind, plan.size, framing))
    }

    pub(crate) fn payloads(&self) -> Option<&Payloads> {
        self.payloads.get()
    }

    /// Notes why a connection is lost; the first reason is kept.
    pub(crate) fn note(&self, fault: BenchError) {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
    }

    /// Ends the run for this reason.
    pub(crate) fn fail(&self, fault: BenchError) {
        self.note(fault);
        self.is_fatal.store(true, Ordering::Release);
        self.wake_all();
    }

    #[inline]
    pub(crate) fn is_fatal(&self) -> bool {
        self.is_fatal.load(Ordering::Acquire)
    }

    pub(crate) fn take_fault(&self) -> Option<BenchError> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// This publisher has published to so many subscribers.
    pub(crate) fn add_outstanding(&self, publisher: usize, count: usize) {
        self.outstanding[publisher].fetch_add(count as i64, Ordering::Relaxed);
    }

    /// So many deliveries of this publisher have happened; `true` if they were the last.
    #[inline]
    pub(crate) fn deliver(&self, publisher: usize, count: u64) -> bool {
        let count = count as i64;
        self.outstanding[publisher].fetch_sub(count, Ordering::AcqRel) == count
    }

    pub(crate) fn outstanding(&self, publisher: usize) -> u64 {
        self.outstanding[publisher].load(Ordering::Acquire).max(0) as u64
    }

    pub(crate) fn waker(&self, worker: usize) -> &OwnedFd {
        &self.wakers[worker]
    }

    /// Ends the worker's wait.
    pub(crate) fn wake(&self, worker: usize) {
        // One that is full wakes all the same.
        let _full = rustix::io::write(&self.wakers[worker], &1_u64.to_ne_bytes());
    }

    fn wake_all(&self) {
        (0..self.wakers.len()).for_each(|worker| self.wake(worker));
    }
}
