//! The driver on io_uring.
//!
//! Everything that is asked for in a tick goes to the kernel with the poll that ends it, in one system call for each
//! 1024 operations. Sockets are accepted into the ring's own table: they are no descriptors of the process and do not count
//! against its limit. A socket receives by one operation that goes on for ever, into buffers that the kernel picks.
//!
//! What is under way in the kernel keeps its memory ([`kernel`]), and its slot here: a connection's last word is told when
//! nothing of it is under way any more. So completions name slots, and none is ever another's.

mod accepting;
mod closing;
mod connecting;
mod kernel;
mod receiving;
mod sending;
mod sockets;
mod stopping;
mod telling;
#[cfg(test)]
mod tests;
mod watching;

pub use accepting::UringTransfer;

use super::alarm::Alarm;
use super::{Close, Completion, Driver, Receive, Sending, Token, Waker};
use crate::buffer::{MessageBuffer, SendQueue};
use crate::limits::CONNECTIONS_RESERVED;
use accepting::{Home, Listener};
use kernel::{Done, Kernel};
use slab::Slab;
use sockets::{Extra, News, Phase, Socket};
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stopping::Missed;
use telling::Loan;
use watching::Watch;

/// A ring, a listener if there is one, and the sockets of one worker.
#[derive(Debug)]
pub struct Uring {
    kernel: Kernel,
    home: Arc<Home>,
    alarm: Alarm,
    waker_watch: Watch,
    alarm_watch: Watch,
    listener: Option<Listener>,
    /// By slot.
    sockets: Vec<Option<Socket>>,
    extras: Slab<Extra>,
    /// Counts polls, so that nobody is lent bytes twice in one.
    polls: u32,
    /// Slots of sockets that are to receive from the next poll on.
    to_receive: Vec<u32>,
    /// What has arrived and may not be told before the next poll, and how many of these may be now.
    deferred: VecDeque<(u32, News)>,
    due: usize,
    last_words: VecDeque<LastWord>,
    /// Something is to be done when a send is over: the next poll does not wait.
    is_hurried: bool,
    /// What a cancel has missed since the last poll, and what is stopped again by the next.
    missed: Vec<Missed>,
    to_stop: Vec<Missed>,
    loan: Loan,
}

/// What ends a connection here.
#[derive(Debug)]
enum LastWord {
    Closed(Token, Option<io::Error>),
    Detached(Token, UringTransfer),
}

impl From<LastWord> for Told {
    fn from(word: LastWord) -> Self {
        Self::Completion(match word {
            LastWord::Closed(token, error) => Completion::Closed(token, error),
            LastWord::Detached(token, transfer) => Completion::Detached(token, transfer),
        })
    }
}

/// What a completion of the kernel's comes to.
#[derive(Debug)]
enum Told {
    Completion(Completion<'static, UringTransfer>),
    Received(Token, Loan),
}

impl Uring {
    /// A driver that accepts from `listener`, if there is one.
    ///
    /// # Errors
    ///
    /// The system's, when it has no more descriptors. The ring is made with the first poll, which fails where
    /// [`Uring::check`] does.
    pub fn new(listener: Option<TcpListener>) -> io::Result<Self> {
        if let Some(listener) = &listener {
            // The kernel waits in our place only for a socket that would wait itself.
            listener.set_nonblocking(false)?;
        }
        let listener = listener.map(Listener::new);
        Ok(Self {
            kernel: Kernel::new()?,
            home: Arc::new(Home::new(kernel::event()?)),
            alarm: Alarm::new()?,
            waker_watch: Watch::Due,
            alarm_watch: Watch::Unused,
            listener,
            sockets: Vec::with_capacity(CONNECTIONS_RESERVED),
            extras: Slab::new(),
            polls: 0,
            to_receive: Vec::new(),
            deferred: VecDeque::new(),
            due: 0,
            last_words: VecDeque::new(),
            is_hurried: false,
            missed: Vec::new(),
            to_stop: Vec::new(),
            loan: Loan::None,
        })
    }

    /// Looks whether there is an io_uring that can do what is needed, which is that of Linux 6.8, and whether it is allowed,
    /// which it is not in many containers.
    ///
    /// # Errors
    ///
    /// The system's reason why not.
    pub fn check() -> io::Result<()> {
        // The end of a ring interrupts system calls of its thread, so that is another one.
        let thread = std::thread::Builder::new().spawn(Kernel::check)?;
        thread.join().unwrap_or_else(|_| Err(io::Error::other("looking for io_uring panicked")))
    }

    #[inline]
    fn handle(&mut self, done: Done) -> Option<Told> {
        match done {
            Done::Received { slot, result, goes_on } => self.handle_received(slot, result, goes_on),
            Done::Sent { slot, queue, result } => self.handle_sent(slot, queue, result),
            Done::Filled { slot, buffer, result } => self.handle_filled(slot, buffer, result),
            Done::Accepted { name, result } => self.handle_accepted(name, result),
            Done::Polled { slot } => self.handle_polled(slot),
            Done::Fault { slot, error } => self.handle_fault(slot, error),
            Done::ShutDown { slot } => {
                self.at(slot).under_way -= 1;
                self.settle(slot);
                None
            }
            Done::Installed { slot, result } => self.handle_installed(slot, result),
            Done::Rung { bell, result, goes_on } => self.handle_rung(bell, &result, goes_on),
            Done::Listened => self.handle_listened(),
            Done::Stopped { slot } => self.handle_stopped(slot),
            Done::AcceptStopped => self.handle_accept_stopped(),
            Done::Other => None,
        }
    }

    /// Waits for completions; without a timeout until something happens, which may be the alarm.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.end_loan();
        self.polls = self.polls.wrapping_add(1);
        self.close_dropped();
        let has_missed = self.stop_missed();
        let is_blind = self.watch_bells();
        self.begin_receives();
        self.begin_accepts();
        let timeout = match has_missed || is_blind {
            true => Some(timeout.map_or(TRY_AGAIN, |timeout| timeout.min(TRY_AGAIN))),
            false => timeout,
        };
        self.due = self.deferred.len();
        let is_ready = std::mem::take(&mut self.is_hurried)
            || self.due > 0
            || !self.last_words.is_empty()
            || self.kernel.has_done();
        self.kernel.enter(if is_ready { Some(Duration::ZERO) } else { timeout })
    }

    #[inline]
    fn next_told(&mut self) -> Option<Told> {
        if let Some(word) = self.last_words.pop_front() {
            return Some(word.into());
        }
        if self.due > 0
            && let Some(told) = self.next_deferred()
        {
            return Some(told);
        }
        while let Some(done) = self.kernel.next() {
            if let Some(told) = self.handle(done) {
                return Some(told);
            }
        }
        self.last_words.pop_front().map(Told::from)
    }
}

impl Driver for Uring {
    type Transfer = UringTransfer;

    fn accept(&mut self, on: bool) {
        self.set_accepting(on);
    }

    fn end_accepting(&mut self) {
        self.stop_listening();
    }

    fn attach(&mut self, token: Token, transfer: UringTransfer) -> io::Result<()> {
        let handle = transfer.into_handle(&self.home)?;
        self.file(token, handle, Phase::Open);
        self.list(token.slot);
        Ok(())
    }

    fn connect(&mut self, token: Token, address: SocketAddr) -> io::Result<()> {
        self.begin_connect(token, address)
    }

    fn receive(&mut self, token: Token, receive: Receive) {
        if self.socket(token).is_some_and(|socket| socket.is_open()) {
            match receive {
                Receive::Pause => self.pause(token),
                Receive::Lend => self.go_on(token),
            }
        }
    }

    fn fill(&mut self, token: Token, buffer: MessageBuffer) {
        debug_assert!(buffer.missing() > 0, "receiving nothing would look like the end");
        if self.socket(token).is_some_and(|socket| socket.is_open()) {
            self.set_fill(token, buffer);
        }
    }

    #[inline]
    fn receive_into(&mut self, memory: Vec<u8>) {
        if let Loan::Piece(piece) = &mut self.loan {
            *piece.memory() = memory;
        }
    }

    #[inline]
    fn send(&mut self, token: Token, queue: &mut SendQueue) -> Sending {
        self.begin_send(token, queue)
    }

    fn shutdown_write(&mut self, token: Token) {
        if self.socket(token).is_some_and(|socket| socket.is_open()) {
            self.end_stream(token);
        }
    }

    fn detach(&mut self, token: Token) {
        if self.socket(token).is_some() {
            self.begin_detach(token);
        }
    }

    fn close(&mut self, token: Token, close: Close) {
        if self.socket(token).is_some() {
            self.begin_close(token, close);
        }
    }

    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.wait(Some(timeout.unwrap_or(WAIT_MAX).min(WAIT_MAX)))
    }

    fn poll_until(&mut self, moment: Instant, now: impl FnOnce() -> Instant) -> io::Result<()> {
        self.set_alarm(moment, now)?;
        self.wait(None)
    }

    #[inline]
    fn next(&mut self) -> Option<Completion<'_, UringTransfer>> {
        self.end_loan();
        match self.next_told()? {
            Told::Completion(completion) => Some(completion),
            Told::Received(token, loan) => {
                self.loan = loan;
                let bytes = match &mut self.loan {
                    Loan::Piece(piece) => piece.memory(),
                    Loan::Kept(bytes) => bytes,
                    Loan::None => return None,
                };
                Some(Completion::Received(token, bytes))
            }
        }
    }

    fn waker(&self) -> Waker {
        let home = Arc::clone(&self.home);
        Waker::new(move || home.wake())
    }
}

/// How long to wait at most before what has failed is tried again: a cancel that has missed, a watch.
const TRY_AGAIN: Duration = Duration::from_millis(10);

/// How long to wait at most for who knows no moment: whatever was overlooked is found then.
const WAIT_MAX: Duration = Duration::from_secs(60);
