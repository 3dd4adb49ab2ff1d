//! What a worker costs without the kernel: the whole tick on a driver that has everything at hand.

use crate::connection::frames;
use criterion::{Criterion, Throughput};
use sockeye::buffer::{MessageBuffer, SendQueue};
use sockeye::driver::{Close, Completion, Driver, Receive, Sending, Token, Waker};
use sockeye::protocol::http::Request;
use sockeye::protocol::{Message, Opcode};
use sockeye::worker::{SystemClock, Worker, WorkerParts};
use sockeye::{Config, Context, Handler, Reply, RequestContext};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("worker");
    for frames_per_read in [1, 16] {
        let connections = 50;
        group.throughput(Throughput::Elements(connections * frames_per_read));
        group.bench_function(
            format!("echo 32 B, {frames_per_read} a read, per frame"),
            |bencher| {
                let read = frames(Opcode::Binary, frames_per_read as usize, 32);
                let mut worker = open(connections as u32, read, Role::Echo);
                bencher.iter(|| worker.tick(&SystemClock).expect("the script never fails"));
            },
        );
    }
    for (subscribers, publications) in [(1000, 1), (1000, 16), (10_000, 1)] {
        group.throughput(Throughput::Elements(subscribers * publications));
        let name = format!("topic, {publications} x 128 B to {subscribers}, per delivery");
        group.bench_function(name, |bencher| {
            let read = frames(Opcode::Binary, publications as usize, 128);
            let mut worker = open(subscribers as u32 + 1, read, Role::Topic);
            bencher.iter(|| worker.tick(&SystemClock).expect("the script never fails"));
        });
    }
    group.finish();
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Echo,
    Topic,
}

struct Endpoint(Role);

impl Handler for Endpoint {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        if self.0 == Role::Topic {
            connection.subscribe("news");
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        match self.0 {
            Role::Echo => drop(connection.send(message)),
            Role::Topic => connection.publish("news", message),
        }
    }
}

/// Accepts its connections in the first poll, gives each a request in the second, then `read` in every poll: to all of
/// them, or to the first one alone. Everything that is sent has left at once.
struct Script {
    connections: u32,
    attached: Vec<Token>,
    polls: usize,
    /// Which connections get something in this poll: from here to the end.
    next: usize,
    read: Vec<u8>,
    only_first: bool,
    lent: Vec<u8>,
}

fn open(connections: u32, read: Vec<u8>, role: Role) -> Worker<Script, Endpoint> {
    let script = Script {
        connections,
        attached: Vec::new(),
        polls: 0,
        next: 0,
        read,
        only_first: role == Role::Topic,
        lent: Vec::new(),
    };
    let (mut parts, _remote) = WorkerParts::new(vec![script]);
    let part = parts.pop().expect("one driver makes one worker");
    let mut worker = part.into_worker(Endpoint(role), Config::default(), &SystemClock);
    for _ in 0..2 {
        worker.tick(&SystemClock).expect("the script never fails");
    }
    assert_eq!(worker.connections(), connections as usize);
    worker
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
        if index >= self.attached.len() || (self.polls > 2 && self.only_first && index > 0) {
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
