//! A driver that has everything at hand, and workers on it.

use sockeye::buffer::{MessageBuffer, SendQueue};
use sockeye::driver::{Close, Completion, Driver, Receive, Sending, Token, Waker};
use sockeye::protocol::Message;
use sockeye::protocol::http::Request;
use sockeye::worker::{SystemClock, Worker, WorkerParts};
use sockeye::{Config, Context, Handler, Reply, RequestContext};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// Sends each message back.
    Echo,
    /// Subscribes, and publishes each message.
    Topic,
    /// Subscribes, and with each message leaves the topic and joins it again.
    Rejoin,
}

pub(crate) struct Endpoint(Role);

impl Handler for Endpoint {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        if self.0 != Role::Echo {
            connection.subscribe("news");
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        match self.0 {
            Role::Echo => drop(connection.send(message)),
            Role::Topic => connection.publish("news", message),
            Role::Rejoin => {
                connection.unsubscribe("news");
                connection.subscribe("news");
            }
        }
    }
}

/// Accepts its connections in the first poll, gives each a request in the second, then `read` in every poll: to all of
/// them, or to the first one alone. Everything that is sent has left at once.
pub(crate) struct Script {
    connections: u32,
    attached: Vec<Token>,
    polls: usize,
    /// Which connections get something in this poll: from here to the end.
    next: usize,
    read: Vec<u8>,
    only_first: bool,
    lent: Vec<u8>,
}

impl Script {
    fn new(connections: u32, read: Vec<u8>, role: Role) -> Self {
        Self {
            connections,
            attached: Vec::new(),
            polls: 0,
            next: 0,
            read,
            only_first: role != Role::Echo,
            lent: Vec::new(),
        }
    }
}

/// A worker with so many connections.
pub(crate) fn open(connections: u32, read: Vec<u8>, role: Role) -> Worker<Script, Endpoint> {
    open_all(vec![Script::new(connections, read, role)], role).remove(0)
}

/// Two workers: the first one's only connection is given something with each poll, and the other's are not.
pub(crate) fn open_pair(
    connections: u32,
    read: Vec<u8>,
    role: Role,
) -> [Worker<Script, Endpoint>; 2] {
    let scripts = vec![Script::new(1, read, role), Script::new(connections, Vec::new(), role)];
    open_all(scripts, role).try_into().expect("two drivers make two workers")
}

fn open_all(scripts: Vec<Script>, role: Role) -> Vec<Worker<Script, Endpoint>> {
    let connections: Vec<u32> = scripts.iter().map(|script| script.connections).collect();
    let (parts, _remote) = WorkerParts::new(scripts);
    let open = |(part, connections): (WorkerParts<Script, ()>, u32)| {
        let mut worker = part.into_worker(Endpoint(role), Config::default(), &SystemClock);
        for _ in 0..2 {
            worker.tick(&SystemClock).expect("the script never fails");
        }
        assert_eq!(worker.connections(), connections as usize);
        worker
    };
    parts.into_iter().zip(connections).map(open).collect()
}

impl Driver for Script {
    type Transfer = ();

    fn accept(&mut self, _: bool) {}

    fn attach(&mut self, token: Token, (): ()) -> io::Result<()> {
        self.attached.push(token);
        Ok(())
    }

    fn connect(&mut self, _: Token, _: SocketAddr) -> io::Result<()> {
        Err(io::Error::other("the script accepts"))
    }

    fn receive(&mut self, _: Token, _: Receive) {}

    fn fill(&mut self, _: Token, _: MessageBuffer) {}

    fn receive_into(&mut self, memory: Vec<u8>) {
        self.lent = memory;
    }

    fn send(&mut self, _: Token, queue: &mut SendQueue) -> Sending {
        queue.advance(queue.bytes());
        Sending::Done
    }

    fn shutdown_write(&mut self, _: Token) {}

    fn detach(&mut self, _: Token) {}

    fn close(&mut self, _: Token, _: Close) {}

    fn poll(&mut self, _: Option<Duration>) -> io::Result<()> {
        self.polls += 1;
        self.next = 0;
        Ok(())
    }

    fn next(&mut self) -> Option<Completion<'_, ()>> {
        let index = self.next;
        self.next += 1;
        if self.polls == 1 {
            let peer = SocketAddr::from(([127, 0, 0, 1], 1));
            return (index < self.connections as usize).then_some(Completion::Accepted((), peer));
        }
        let read = if self.polls == 2 { REQUEST } else { &self.read };
        if read.is_empty()
            || index >= self.attached.len()
            || (self.polls > 2 && self.only_first && index > 0)
        {
            return None;
        }
        self.lent.clear();
        self.lent.extend_from_slice(read);
        Some(Completion::Received(self.attached[index], &mut self.lent))
    }

    fn waker(&self) -> Waker {
        Waker::new(|| ())
    }
}

const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
