//! The floor: what the kernel asks for moving the same bytes, without any WebSocket. One receive and one send per event.

#![allow(clippy::disallowed_methods, reason = "who spins looks at the clock")]

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

/// Sends back what it receives. Before it blocks it looks for events without waiting for as long as `spin`.
pub(crate) fn serve(spin: Duration) {
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).expect("there is a free port");
    println!("serving {}", listener.local_addr().expect("it is bound").port());
    let mut poll = Poll::new().expect("the system has an epoll");
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE).expect("it is new");
    let mut events = Events::with_capacity(EVENTS);
    let mut connections = Slab::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        wait(&mut poll, &mut events, spin);
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections);
                continue;
            }
            let key = event.token().0;
            let connection: &mut Connection = &mut connections[key];
            if connection.handle(&mut buffer, event.is_read_closed()).is_err() {
                connections.remove(key);
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

fn accept(listener: &TcpListener, poll: &Poll, connections: &mut Slab<Connection>) {
    while let Ok((mut stream, _)) = listener.accept() {
        stream.set_nodelay(true).expect("a TCP connection");
        let entry = connections.vacant_entry();
        // Both from the start: an edge-triggered epoll tells of room only after a send that found none.
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(entry.key()), interest).expect("it is new");
        entry.insert(Connection { stream, unsent: Vec::new() });
    }
}

struct Connection {
    stream: TcpStream,
    unsent: Vec<u8>,
}

impl Connection {
    /// An error when the connection is over.
    fn handle(&mut self, buffer: &mut [u8], is_read_closed: bool) -> io::Result<()> {
        if !self.unsent.is_empty() {
            let sent = self.send_unsent()?;
            self.unsent.drain(..sent);
            if !self.unsent.is_empty() {
                return Ok(());
            }
        }
        loop {
            let received = match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let sent = none_if_blocked(self.stream.write(&buffer[..received]))?;
            if sent < received {
                self.unsent.extend_from_slice(&buffer[sent..received]);
                return Ok(());
            }
            // A receive that did not fill the buffer has emptied the socket, except of its end.
            if received < buffer.len() && !is_read_closed {
                return Ok(());
            }
        }
    }

    fn send_unsent(&mut self) -> io::Result<usize> {
        let mut sent = 0;
        while sent < self.unsent.len() {
            match none_if_blocked(self.stream.write(&self.unsent[sent..]))? {
                0 => break,
                count => sent += count,
            }
        }
        Ok(sent)
    }
}

fn none_if_blocked(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}

const LISTENER: Token = Token(usize::MAX >> 1);
const EVENTS: usize = 1024;
const BUFFER_BYTES: usize = 512 << 10;
