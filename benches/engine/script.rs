//! A driver that has everything at hand, and workers on it.

use sockeye::buffer::{MessageBuffer, SendQueue};
use sockeye::driver::{Close, Completion, Driver, Receive, Sending, Token, Waker};
use sockeye::protocol::Message;
use sockeye::protocol::http::Request;
use sockeye::worker::{SystemClock, Worker, WorkerParts};
use sockeye::{Config, Context, Handler, Reply, RequestContext};
use std::hint::black_box;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Sends each message back.
#[derive(Clone, Copy)]
pub(crate) struct Echo;

impl Handler for Echo {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        let _refused = connection.send(message);
    }
}

/// Subscribes, and then, with each message:
#[derive(Clone, Copy)]
pub(crate) enum Subscriber {
    /// Publishes it.
    Publish,
    /// Leaves the topic and joins it again.
    Rejoin,
}

impl Handler for Subscriber {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        connection.subscribe("news");
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        match self {
            Self::Publish => connection.publish("news", message),
            Self::Rejoin => {
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
    fn new(connections: u32, read: Vec<u8>, only_first: bool) -> Self {
        Self {
            connections,
            attached: Vec::new(),
            polls: 0,
            next: 0,
            read,
            only_first,
            lent: Vec::new(),
        }
    }
}

/// A worker with so many connections that send, each in every tick.
pub(crate) fn open_echo(connections: u32, read: Vec<u8>) -> Worker<Script, Echo> {
    open_all(vec![Script::new(connections, read, false)], Echo).remove(0)
}

/// A worker with so many subscribers, of whom the first sends.
pub(crate) fn open(
    connections: u32,
    read: Vec<u8>,
    handler: Subscriber,
) -> Worker<Script, Subscriber> {
    open_all(vec![Script::new(connections, read, true)], handler).remove(0)
}

/// Two workers: the first one's only connection is given something with each poll, and the other's are not.
pub(crate) fn open_pair(
    connections: u32,
    read: Vec<u8>,
    handler: Subscriber,
) -> [Worker<Script, Subscriber>; 2] {
    let scripts = vec![Script::new(1, read, true), Script::new(connections, Vec::new(), true)];
    open_all(scripts, handler).try_into().expect("two drivers make two workers")
}

fn open_all<H>(scripts: Vec<Script>, handler: H) -> Vec<Worker<Script, H>>
where
    H: Handler<State = (), Mail = ()> + Copy,
{
    let connections: Vec<u32> = scripts.iter().map(|script| script.connections).collect();
    let (parts, _remote) = WorkerParts::new(scripts);
    let open = |(part, connections): (WorkerParts<Script, ()>, u32)| {
        let mut worker = part.into_worker(handler, Config::default(), &SystemClock);
        for _ in 0..2 {
            worker.tick(&SystemClock).expect("the script never fails");
        }
        assert_eq!(worker.connections(), connections as usize);
        worker
    };
    parts.into_iter().zip(connections).map(open).collect()
}

/// What the driver of [`open_echo`] does by itself in one tick, for what it is of the whole.
pub(crate) fn driver_alone(connections: u32, read: Vec<u8>) -> impl FnMut() {
    let mut script = Script::new(connections, read, false);
    // As if its connections had been accepted, and had asked.
    script.polls = 2;
    script.attached = (0..connections).map(|slot| Token { slot, generation: slot }).collect();
    move || {
        script.poll(None).expect("the script never fails");
        while let Some(Completion::Received(_, bytes)) = script.next() {
            black_box(bytes.as_ptr());
        }
    }
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

    // Into both loops, so that what is measured of it alone is what it is of the whole.
    #[inline(always)]
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
