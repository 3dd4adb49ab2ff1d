//! What the servers without a library share: one thread on epoll, and for each event a receive and what is sent upon it.

#![allow(clippy::disallowed_methods, reason = "who spins looks at the clock")]

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

/// What a server does with what it receives.
pub(crate) trait Serve {
    /// What it keeps of a connection.
    type State: Default;

    /// Receives from connection `key` until the kernel has no more, or something is left unsent. `is_read_closed` says that the
    /// peer's end is among what there is to receive. An error when the connection is over.
    fn serve(
        &mut self,
        connections: &mut Slab<Connection<Self::State>>,
        key: usize,
        is_read_closed: bool,
    ) -> io::Result<()>;

    /// Connection `key` was over and is gone.
    fn forget(&mut self, _key: usize) {}
}

/// Serves connections on a free port, whose number it prints, until the process is killed. Before it blocks it looks for
/// events without waiting for as long as `spin`.
pub(crate) fn run<S: Serve>(mut server: S, spin: Duration) {
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).expect("there is a free port");
    println!("serving {}", listener.local_addr().expect("it is bound").port());
    let mut poll = Poll::new().expect("the system has an epoll");
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE).expect("it is new");
    let mut events = Events::with_capacity(EVENTS);
    let mut connections = Slab::new();
    loop {
        wait(&mut poll, &mut events, spin);
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections);
                continue;
            }
            let key = event.token().0;
            if server.serve(&mut connections, key, event.is_read_closed()).is_err() {
                connections.remove(key);
                server.forget(key);
            }
        }
    }
}

fn wait(poll: &mut Poll, events: &mut Events, spin: Duration) {
    let mut wait = |timeout| match poll.poll(events, timeout) {
        Err(error) if error.kind() != ErrorKind::Interrupted => panic!("epoll: {error}"),
        _ => !events.is_empty(),
    };
    if !spin.is_zero() {
        let began = Instant::now();
        loop {
            if wait(Some(Duration::ZERO)) {
                return;
            }
            if began.elapsed() >= spin {
                break;
            }
        }
    }
    wait(None);
}

fn accept<T: Default>(listener: &TcpListener, poll: &Poll, connections: &mut Slab<Connection<T>>) {
    while let Ok((mut stream, _)) = listener.accept() {
        stream.set_nodelay(true).expect("a TCP connection");
        let entry = connections.vacant_entry();
        // Both from the start: an edge-triggered epoll tells of room only after a send that found none.
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(entry.key()), interest).expect("it is new");
        entry.insert(Connection { stream, unsent: Vec::new(), state: T::default() });
    }
}

pub(crate) struct Connection<T> {
    pub(crate) stream: TcpStream,
    unsent: Vec<u8>,
    pub(crate) state: T,
}

impl<T> Connection<T> {
    /// How many bytes there were, or `None` if there are none yet. An error at the stream's end too.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self.stream.read(buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(received) => Ok(Some(received)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends behind what is unsent, and keeps what does not fit. Whether nothing is left.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<bool> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(false);
        }
        let sent = send_some(&mut self.stream, bytes)?;
        self.unsent.extend_from_slice(&bytes[sent..]);
        Ok(sent == bytes.len())
    }

    /// Sends what is unsent. Whether nothing is left.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        let mut sent = 0;
        while sent < self.unsent.len() {
            match send_some(&mut self.stream, &self.unsent[sent..])? {
                0 => break,
                count => sent += count,
            }
        }
        self.unsent.drain(..sent);
        Ok(self.unsent.is_empty())
    }
}

/// How many bytes the kernel took: none if there is no room.
pub(crate) fn send_some(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}

const LISTENER: Token = Token(usize::MAX >> 1);
const EVENTS: usize = 1024;
