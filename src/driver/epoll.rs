//! The driver on epoll, through mio.
//!
//! mio is edge-triggered: an event says that something changed, once. So a socket stays on the ready list until a read
//! was short; a short read means that the kernel has no more, with two exceptions. The peer has ended its stream: one
//! more read finds the end. The peer has sent urgent data: reads stop short of it. The event says both; then the socket
//! is read until the kernel says that there is no more. All interests are registered once, when a connection is
//! attached, which costs one system call per connection and none per message. Registering reports what is there already,
//! so nothing is missed when a connection comes from another driver.

use super::alarm::Alarm;
use super::connecting;
use super::{Close, Completion, Driver, Receive, Sending, Token, Waker};
use crate::buffer::{MessageBuffer, SendQueue};

use crate::limits::{ACCEPTS_PER_TICK_MAX, CONNECTIONS_RESERVED, RECEIVE_SIZE, table_growth};
use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll};
use socket2::SockRef;
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

mod socket;
#[cfg(test)]
mod tests;

use socket::{Socket, receive_into, send_some};

/// epoll, a listener if there is one, and the sockets of one worker.
#[derive(Debug)]
pub struct Epoll {
    poll: Poll,
    events: Events,
    waker: Arc<mio::Waker>,
    was_woken: bool,
    alarm: Alarm,
    listener: Option<Listener>,
    /// By slot.
    sockets: Vec<Option<Socket>>,
    /// To be received from in this tick, and in the next one.
    readable: VecDeque<Token>,
    readable_later: Vec<Token>,
    writable: VecDeque<Token>,
    closed: VecDeque<(Token, Option<io::Error>)>,
    detached: VecDeque<(Token, TcpStream)>,
    receive_buffer: Vec<u8>,
    /// By slot. Few connections have one, so it costs the others nothing.
    fills: HashMap<u32, MessageBuffer>,
}

#[derive(Debug)]
struct Listener {
    socket: TcpListener,
    is_on: bool,
    /// The backlog may have connections: there was an event, and accept has not said `WouldBlock` since.
    is_ready: bool,
    accepts_left: usize,
}

impl Epoll {
    /// A driver that accepts from `listener`, if there is one.
    ///
    /// # Errors
    ///
    /// The system's, when it has no more descriptors.
    pub fn new(listener: Option<std::net::TcpListener>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(mio::Waker::new(poll.registry(), WAKER)?);
        let alarm = Alarm::new()?;
        let timer = alarm.as_fd().as_raw_fd();
        poll.registry().register(&mut SourceFd(&timer), ALARM, Interest::READABLE)?;
        let listener = match listener {
            Some(listener) => {
                listener.set_nonblocking(true)?;
                let mut socket = TcpListener::from_std(listener);
                poll.registry().register(&mut socket, LISTENER, Interest::READABLE)?;
                Some(Listener { socket, is_on: true, is_ready: true, accepts_left: 0 })
            }
            None => None,
        };
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_PER_TICK),
            waker,
            was_woken: false,
            alarm,
            listener,
            sockets: Vec::with_capacity(CONNECTIONS_RESERVED),
            readable: VecDeque::new(),
            readable_later: Vec::new(),
            writable: VecDeque::new(),
            closed: VecDeque::new(),
            detached: VecDeque::new(),
            receive_buffer: Vec::with_capacity(RECEIVE_SIZE),
            fills: HashMap::new(),
        })
    }

    fn socket(&mut self, token: Token) -> Option<&mut Socket> {
        let socket = self.sockets.get_mut(token.slot as usize)?.as_mut()?;
        (socket.generation == token.generation).then_some(socket)
    }

    fn remove(&mut self, token: Token) -> Option<Socket> {
        if self.socket(token)?.is_filling {
            self.fills.remove(&token.slot);
        }
        self.sockets[token.slot as usize].take()
    }

    /// Registers the stream and files it. What is there already makes an event.
    fn watch(
        &mut self,
        token: Token,
        mut stream: TcpStream,
        is_connecting: bool,
    ) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::PRIORITY | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, to_mio(token), interest)?;
        let slot = token.slot as usize;
        if self.sockets.len() <= slot {
            if self.sockets.capacity() == slot {
                self.sockets.reserve_exact(table_growth(slot));
            }
            self.sockets.resize_with(slot + 1, || None);
        }
        self.sockets[slot] = Some(Socket {
            stream,
            generation: token.generation,
            is_readable: false,
            is_listed: false,
            reads_to_end: false,
            is_ended: false,
            is_paused: false,
            is_blocked: is_connecting,
            is_connecting,
            is_filling: false,
        });
        Ok(())
    }

    fn fail(&mut self, token: Token, error: io::Error) {
        if self.remove(token).is_some() {
            self.closed.push_back((token, Some(error)));
        }
    }

    /// What a socket is told that was blocked and had an event.
    fn next_writable(&mut self, token: Token) -> Option<Completion<'static, TcpStream>> {
        let socket = self.socket(token)?;
        if !socket.is_connecting {
            return Some(Completion::Writable(token));
        }
        match connecting::is_connected(&SockRef::from(&socket.stream)) {
            Ok(true) => {
                socket.is_connecting = false;
                Some(Completion::Connected(token))
            }
            Ok(false) => {
                socket.is_blocked = true;
                None
            }
            Err(error) => {
                self.remove(token);
                Some(Completion::Closed(token, Some(error)))
            }
        }
    }

    fn next_accept(&mut self) -> Option<Completion<'static, TcpStream>> {
        let listener = self.listener.as_mut()?;
        while listener.is_on && listener.is_ready && listener.accepts_left > 0 {
            listener.accepts_left -= 1;
            match listener.socket.accept() {
                Ok((stream, address)) => return Some(Completion::Accepted(stream, address)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => listener.is_ready = false,
                // The connection was gone before it was accepted: not our fault, and not the next one's.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The next try would meet the same, at once.
                Err(error) => {
                    listener.is_on = false;
                    return Some(Completion::AcceptFailed(error));
                }
            }
        }
        None
    }

    /// Receives from one socket, into its message's buffer or the shared one.
    #[inline]
    fn receive_from(&mut self, token: Token) -> Outcome {
        let Some(Some(socket)) = self.sockets.get_mut(token.slot as usize) else {
            return Outcome::Nothing;
        };
        if socket.generation != token.generation {
            return Outcome::Nothing;
        }
        socket.is_listed = false;
        if socket.is_paused {
            return Outcome::Nothing;
        }
        if socket.is_ended {
            // A peer that has ended its stream may break off later, or be found gone by the kernel, while it is sent to.
            return match socket.stream.take_error() {
                Ok(Some(error)) => Outcome::Failed(error),
                _ => Outcome::Nothing,
            };
        }
        let (result, room) = match socket.is_filling {
            true => {
                let buffer = self.fills.get_mut(&token.slot).expect("who fills has a buffer");
                let room = buffer.missing();
                (receive_into(&socket.stream, buffer), room)
            }
            false => {
                let mut memory = std::mem::take(&mut self.receive_buffer);
                memory.clear();
                let mut buffer = MessageBuffer::new(memory, RECEIVE_SIZE);
                let result = receive_into(&socket.stream, &mut buffer);
                self.receive_buffer = buffer.into_bytes();
                (result, RECEIVE_SIZE)
            }
        };
        let outcome = match result {
            Ok(0) => {
                socket.is_ended = true;
                return Outcome::Ended;
            }
            Ok(size) => {
                socket.is_readable = size == room || socket.reads_to_end;
                match std::mem::take(&mut socket.is_filling) {
                    true => Outcome::Filled(take_fill(&mut self.fills, token), size),
                    false => Outcome::Received,
                }
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => {
                    socket.is_readable = false;
                    Outcome::Nothing
                }
                ErrorKind::Interrupted => Outcome::Nothing,
                _ => return Outcome::Failed(error),
            },
        };
        if socket.is_readable {
            socket.is_listed = true;
            self.readable_later.push(token);
        }
        outcome
    }
}

/// What one receive brought.
enum Outcome {
    Nothing,
    /// Bytes, in the shared buffer.
    Received,
    Filled(MessageBuffer, usize),
    Ended,
    Failed(io::Error),
}

impl Driver for Epoll {
    type Transfer = TcpStream;

    fn accept(&mut self, on: bool) {
        if let Some(listener) = &mut self.listener {
            // What came meanwhile made its event then: `is_ready` knows.
            listener.is_on = on;
        }
    }

    fn end_accepting(&mut self) {
        // Closing the socket also takes it out of epoll.
        self.listener = None;
    }

    fn attach(&mut self, token: Token, transfer: TcpStream) -> io::Result<()> {
        self.watch(token, transfer, false)
    }

    fn connect(&mut self, token: Token, address: SocketAddr) -> io::Result<()> {
        self.watch(token, connecting::begin(address)?, true)
    }

    fn receive(&mut self, token: Token, receive: Receive) {
        let Some(socket) = self.socket(token) else {
            return;
        };
        socket.is_paused = receive == Receive::Pause;
        if !socket.is_paused && socket.is_readable && !socket.is_listed {
            socket.is_listed = true;
            self.readable_later.push(token);
        }
    }

    fn fill(&mut self, token: Token, buffer: MessageBuffer) {
        debug_assert!(buffer.missing() > 0, "receiving nothing would look like the end");
        if let Some(socket) = self.socket(token) {
            socket.is_filling = true;
            self.fills.insert(token.slot, buffer);
        }
    }

    #[inline]
    fn receive_into(&mut self, memory: Vec<u8>) {
        self.receive_buffer = memory;
    }

    #[inline]
    fn send(&mut self, token: Token, queue: &mut SendQueue) -> Sending {
        let Some(socket) = self.socket(token) else {
            return Sending::Blocked;
        };
        while !queue.is_empty() {
            match send_some(&socket.stream, queue) {
                Ok(true) => {}
                Ok(false) => {
                    socket.is_blocked = true;
                    return Sending::Blocked;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.fail(token, error);
                    return Sending::Blocked;
                }
            }
        }
        Sending::Done
    }

    fn shutdown_write(&mut self, token: Token) {
        if let Some(socket) = self.socket(token) {
            // A socket that is gone says so with its next receive.
            let _gone = socket.stream.shutdown(Shutdown::Write);
        }
    }

    fn detach(&mut self, token: Token) {
        let Some(mut socket) = self.remove(token) else {
            return;
        };
        debug_assert!(!socket.is_connecting, "detach before it was there");
        debug_assert!(!socket.is_blocked && !socket.is_filling, "detach with work under way");
        match self.poll.registry().deregister(&mut socket.stream) {
            Ok(()) => self.detached.push_back((token, socket.stream)),
            Err(error) => self.closed.push_back((token, Some(error))),
        }
    }

    fn close(&mut self, token: Token, close: Close) {
        if let Some(socket) = self.remove(token) {
            if close == Close::Reset {
                // Where the option cannot be set, an ordinary close is the next best.
                let _unset = SockRef::from(&socket.stream).set_linger(Some(Duration::ZERO));
            }
            self.closed.push_back((token, None));
        }
    }

    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.readable.extend(self.readable_later.drain(..));
        let is_ready = !self.readable.is_empty()
            || !self.closed.is_empty()
            || !self.detached.is_empty()
            || self.listener.as_ref().is_some_and(|listener| listener.is_on && listener.is_ready);
        let timeout = if is_ready { Some(Duration::ZERO) } else { timeout };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => self.events.clear(),
            result => result?,
        }
        if let Some(listener) = &mut self.listener {
            listener.accepts_left = ACCEPTS_PER_TICK_MAX;
        }
        for event in &self.events {
            match event.token() {
                WAKER => self.was_woken = true,
                ALARM => self.alarm.note_rung(),
                LISTENER => {
                    if let Some(listener) = &mut self.listener {
                        listener.is_ready = true;
                    }
                }
                name => {
                    let token = from_mio(name);
                    if let Some(Some(socket)) = self.sockets.get_mut(token.slot as usize)
                        && socket.generation == token.generation
                    {
                        let (readable, writable) = socket.note(event);
                        if readable {
                            self.readable.push_back(token);
                        }
                        if writable {
                            self.writable.push_back(token);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn poll_until(&mut self, moment: Instant, now: impl FnOnce() -> Instant) -> io::Result<()> {
        self.alarm.ring_by(moment, now)?;
        self.poll(None)
    }

    fn next(&mut self) -> Option<Completion<'_, TcpStream>> {
        if let Some((token, error)) = self.closed.pop_front() {
            return Some(Completion::Closed(token, error));
        }
        if let Some((token, transfer)) = self.detached.pop_front() {
            return Some(Completion::Detached(token, transfer));
        }
        if std::mem::take(&mut self.was_woken) {
            return Some(Completion::Woken);
        }
        while let Some(token) = self.writable.pop_front() {
            if let Some(completion) = self.next_writable(token) {
                return Some(completion);
            }
        }
        if let Some(accepted) = self.next_accept() {
            return Some(accepted);
        }
        while let Some(token) = self.readable.pop_front() {
            return Some(match self.receive_from(token) {
                Outcome::Nothing => continue,
                Outcome::Received => Completion::Received(token, &mut self.receive_buffer),
                Outcome::Filled(buffer, size) => Completion::Filled(token, buffer, size),
                Outcome::Ended => Completion::EndOfStream(token),
                Outcome::Failed(error) => {
                    self.remove(token);
                    Completion::Closed(token, Some(error))
                }
            });
        }
        None
    }

    fn waker(&self) -> Waker {
        let waker = Arc::clone(&self.waker);
        // A wake-up that fails means that the driver is gone, and nobody waits.
        Waker::new(move || drop(waker.wake()))
    }
}

/// Takes a message's buffer out, and forgets that there were many once all are out.
fn take_fill(fills: &mut HashMap<u32, MessageBuffer>, token: Token) -> MessageBuffer {
    let buffer = fills.remove(&token.slot).expect("who fills has a buffer");
    if fills.is_empty() {
        fills.shrink_to(FILLS_KEPT);
    }
    buffer
}

const fn to_mio(token: Token) -> mio::Token {
    mio::Token((token.generation as usize) << 32 | token.slot as usize)
}

const fn from_mio(token: mio::Token) -> Token {
    Token { slot: token.0 as u32, generation: (token.0 >> 32) as u32 }
}

const _: () = assert!(usize::BITS == 64, "an event's name holds a slot and a generation");

const WAKER: mio::Token = mio::Token(usize::MAX);
const LISTENER: mio::Token = mio::Token(usize::MAX - 1);

const ALARM: mio::Token = mio::Token(usize::MAX - 2);

/// Events taken from the kernel at a time; the rest wait for the next tick.
const EVENTS_PER_TICK: usize = 1024;

/// Buffers under way for which there is room without another allocation, however long nobody fills any.
const FILLS_KEPT: usize = 64;
