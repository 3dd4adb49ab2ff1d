//! The only module that makes system calls on sockets. A driver moves bytes and does not know what they mean.
//!
//! Completions are *pulled*: [`Driver::poll`] waits, then [`Driver::next`] is called until it answers `None`. So one
//! receive buffer serves all connections: epoll receives lazily inside `next` and lends the buffer until the following
//! call, io_uring lends the buffer that the kernel picked, and the simulated driver lends what its seed says. What is lent may
//! be taken instead, for other memory ([`Driver::receive_into`]).
//!
//! The contract, which every driver keeps and the worker relies on:
//!
//! - A token has one last completion, and only after it may the token's slot be used again. [`Completion::Closed`] follows
//!   every [`Driver::close`], and comes unasked when the socket failed; not always in the next poll, because the kernel
//!   has to be through with the token's buffers. [`Completion::Detached`] follows [`Driver::detach`], if the socket has
//!   not failed meanwhile.
//! - After [`Driver::connect`], [`Completion::Connected`] comes first of all, or `Closed` in its place. Until then the
//!   worker may ask nothing about the connection but to close it, and then it is not told `Connected` any more.
//! - [`Completion::EndOfStream`] comes at most once for a token; nothing is received after it. That the connection breaks
//!   later is told all the same, also while nothing is sent.
//! - After [`Sending::Blocked`], [`Completion::Writable`] (or `Closed`) follows. After [`Sending::InFlight`] the queue's
//!   content is the driver's until [`Completion::Sent`] gives back what has not left (or `Closed` drops it); nothing else
//!   may be sent meanwhile. That all of it has left need end no wait: who has something to do then polls once with a
//!   timeout of zero.
//! - What was under way when the worker paused receiving, turned accepting off or closed a connection may still be
//!   told: bytes, a queue, a few connections more. A connection that was closed is told nothing more than that, and the
//!   worker asks nothing more about it. The same is true of one that was detached, and nothing of it is lost: what the
//!   driver has received is told before `Detached`, and all that comes behind it is received by whoever attaches the
//!   connection next.
//! - Between two calls of `poll`, a token gets at most one `Received` or `Filled`: nobody starves.
//! - A driver may be moved to its worker's thread before its first poll, and stays there; only wakers leave it.

use crate::buffer::{MessageBuffer, SendQueue};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

mod alarm;
mod connecting;
mod epoll;
mod options;
mod simulated;
#[cfg(feature = "uring")]
mod uring;

pub use epoll::Epoll;
pub(crate) use options::set_options;
pub use simulated::{Answer, Network, Peer, Simulated, SimulatedTransfer, Stream, Weather};
#[cfg(feature = "uring")]
pub use uring::{Uring, UringTransfer};

/// Moves bytes between sockets and buffers.
pub trait Driver {
    /// A connection between being accepted or detached and being attached. One that was detached may go to another thread,
    /// and be attached there to another driver of this kind; one that was accepted is the accepting driver's.
    type Transfer: Send;

    /// Starts or stops accepting. What waits in the kernel's backlog stays there; what the driver has taken from it
    /// still comes.
    fn accept(&mut self, on: bool);

    /// Stops accepting for ever, and refuses who waits: the address is free for a successor where the driver can do that.
    fn end_accepting(&mut self) {
        self.accept(false);
    }

    /// Takes charge of a connection under the name `token`, and begins to receive.
    ///
    /// # Errors
    ///
    /// The system's, when it cannot watch one more descriptor; the connection is closed then.
    fn attach(&mut self, token: Token, transfer: Self::Transfer) -> io::Result<()>;

    /// Begins to connect to `address`, without waiting, under the name `token`. Then [`Completion::Connected`] follows, from
    /// which on the connection is as one that was just attached; or [`Completion::Closed`] with the fault. There is no
    /// deadline but the kernel's own, which may be minutes.
    ///
    /// # Errors
    ///
    /// The system's, when it cannot even begin, such as for want of a descriptor; nothing follows then.
    fn connect(&mut self, token: Token, address: SocketAddr) -> io::Result<()>;

    /// Pauses receiving, or goes on with it. A paused connection's end or failure may be found only when it goes on.
    fn receive(&mut self, token: Token, receive: Receive);

    /// The next bytes received go into this buffer, of which something must be missing. Each receive gives it back
    /// ([`Completion::Filled`]); to go on filling, call this again. Where the stream ends or fails first, it is freed.
    fn fill(&mut self, token: Token, buffer: MessageBuffer);

    /// Gives memory to receive into, in place of what was taken from the last [`Completion::Received`]: before the next call of
    /// [`Driver::next`] or [`Driver::poll`]. Without it the driver allocates.
    fn receive_into(&mut self, memory: Vec<u8>);

    /// Sends what it can of the queue at once, without waiting.
    fn send(&mut self, token: Token, queue: &mut SendQueue) -> Sending;

    /// Ends the outgoing stream, after all that was sent or is in flight.
    fn shutdown_write(&mut self, token: Token);

    /// Gives the connection away, open as it is. [`Completion::Detached`] follows, with what another driver can attach; or
    /// `Closed`, if the socket failed meanwhile.
    ///
    /// Nothing may be queued or in flight or being filled, and the connection must be there: attached, or `Connected`. An
    /// end of the peer's stream that was told is told again to the next owner. For a token that is closed, detached, or
    /// unknown this does nothing.
    fn detach(&mut self, token: Token);

    /// Gives the connection up, with what is in flight. [`Completion::Closed`] follows.
    fn close(&mut self, token: Token, close: Close);

    /// Waits for completions, at most for `timeout`; `None` waits until something happens, or as long as the driver likes.
    ///
    /// # Errors
    ///
    /// The system's; a driver that cannot wait cannot go on.
    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Waits until this moment at most: [`Driver::poll`] for who knows one. `now` tells the time, which runs as the system's.
    ///
    /// A driver may keep a timer from one wait to the next, so that this may end early and tell nothing.
    ///
    /// # Errors
    ///
    /// As [`Driver::poll`].
    fn poll_until(&mut self, moment: Instant, now: impl FnOnce() -> Instant) -> io::Result<()> {
        self.poll(Some(moment.saturating_duration_since(now())))
    }

    /// The next completion of this poll.
    fn next(&mut self) -> Option<Completion<'_, Self::Transfer>>;

    /// A handle that ends [`Driver::poll`] from any thread.
    fn waker(&self) -> Waker;
}

/// A connection's name between worker and driver: a slot, and how often the worker has named something before, so that
/// a late completion is not taken for a new connection's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "drivers and workers make them")]
pub struct Token {
    /// Index into the worker's slab.
    pub slot: u32,
    /// Different for every connection that had this slot.
    pub generation: u32,
}

/// Whether to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "every driver handles all")]
pub enum Receive {
    /// Receive, and lend what came.
    Lend,
    /// Leave it in the kernel, which slows the peer down.
    Pause,
}

/// What became of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "every worker handles all")]
pub enum Sending {
    /// Everything has left; the queue is empty.
    Done,
    /// The kernel took what it could; the rest is in the queue.
    Blocked,
    /// The driver took the queue's content along, which leaves an empty queue.
    InFlight,
}

/// How to give a connection up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "every driver handles all")]
pub enum Close {
    /// What was sent still reaches the peer, if nothing of the peer's is left unread or still arrives: TCP answers such
    /// bytes with a reset. To be sure, end the stream, receive up to the peer's end, then close.
    Linger,
    /// The peer gets a reset, and the kernel forgets what it has not sent.
    Reset,
}

/// What happened.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "every worker handles all")]
pub enum Completion<'d, T> {
    /// A new connection from this address; attach it or drop it.
    Accepted(T, SocketAddr),
    /// Accepting failed, as a rule because the process, the system or the driver's own table is out of descriptors or memory,
    /// and has stopped. Whoever was not accepted waits in the kernel's backlog.
    /// Turn it on again later.
    AcceptFailed(io::Error),
    /// The connection that [`Driver::connect`] began is there.
    Connected(Token),
    /// Bytes arrived, and nothing else is in this vector. It may be taken ([`Driver::receive_into`]).
    Received(Token, &'d mut Vec<u8>),
    /// Bytes arrived in the buffer given to [`Driver::fill`], this many.
    Filled(Token, MessageBuffer, usize),
    /// The peer ended its stream.
    EndOfStream(Token),
    /// What was in flight comes back without what has left, which may be not all: put what was queued meanwhile behind it
    /// ([`SendQueue::push_queue`]), and send it.
    Sent(Token, SendQueue),
    /// Sending makes sense again.
    Writable(Token),
    /// The last word about this token: it names nothing any more, and its connection is the caller's, to be attached under
    /// another name, here or elsewhere. To drop it is to close it.
    Detached(Token, T),
    /// The last word about this token, with the fault if there was one.
    Closed(Token, Option<io::Error>),
    /// Somebody used the [`Waker`].
    Woken,
}

/// Ends a driver's wait from any thread.
#[derive(Clone)]
pub struct Waker(Arc<dyn Fn() + Send + Sync>);

impl Waker {
    /// A waker that calls `wake`.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(wake))
    }

    /// Makes the driver's present or next wait end at once.
    pub fn wake(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waker")
    }
}
