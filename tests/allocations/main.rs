//! No allocation per message in steady state.
//!
//! This is a test binary of its own because counting replaces the global allocator, which a binary has only one of. What
//! counts is the worker's thread: it runs in the test's, and the clients in another.

#![cfg(feature = "net")]

mod client;
#[cfg(feature = "deflate")]
mod compressed;
mod idle;
#[cfg(feature = "tls")]
mod secure;
#[cfg(feature = "uring")]
mod uring;

use allocation_counter::measure;
use socket2::SockRef;
use sockeye::driver::{Driver, Epoll};
use sockeye::protocol::Message;
use sockeye::protocol::http::Request;
use sockeye::worker::{SystemClock, Worker, WorkerParts};
use sockeye::{Config, Context, Handler, Reply, RequestContext};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Rounds until every buffer has the size that it needs, and rounds that must do without another allocation.
const WARM_UP: usize = 50;
const COUNTED: usize = 200;

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(vec![0; 10])).count_total, 1);
}

#[test]
fn echoing_small_messages_does_not_allocate() {
    assert_echo_does_not_allocate(32, 16);
}

#[test]
fn echoing_messages_of_16_kib_does_not_allocate() {
    assert_echo_does_not_allocate(16 * 1024, 4);
}

#[test]
fn echoing_messages_over_several_reads_does_not_allocate() {
    assert_echo_does_not_allocate(100 * 1024, 1);
}

#[test]
fn publishing_to_a_hundred_subscribers_does_not_allocate() {
    assert_fan_out_does_not_allocate(Bench::new());
}

fn assert_fan_out_does_not_allocate(mut bench: Bench<impl Driver>) {
    let address = bench.address;
    let clients = std::thread::spawn(move || {
        let mut publisher = open(address, "/topic");
        let mut subscribers: Vec<TcpStream> = (0..100).map(|_| open(address, "/topic")).collect();
        let news = frame(&[b'n'; 100]);
        let mut arrived = [0; 2 + 100];
        for _ in 0..WARM_UP + COUNTED {
            publisher.write_all(&news).expect("the server reads");
            for subscriber in &mut subscribers {
                subscriber.read_exact(&mut arrived).expect("it arrives");
            }
        }
    });
    bench.count(WARM_UP, COUNTED, clients);
}

/// Echoes `pipelined` messages at a time.
fn assert_echo_does_not_allocate(size: usize, pipelined: usize) {
    let mut bench = Bench::new();
    let address = bench.address;
    let client = std::thread::spawn(move || {
        let mut client = open(address, "/echo");
        let message = frame(&vec![b'm'; size]);
        // A server's frames are not masked.
        let mut echo = vec![0; message.len() - 4];
        let messages = message.repeat(pipelined);
        for _ in 0..WARM_UP + COUNTED {
            client.write_all(&messages).expect("the server reads");
            for _ in 0..pipelined {
                client.read_exact(&mut echo).expect("it comes back");
            }
            assert!(echo.ends_with(&vec![b'm'; size]));
        }
    });
    bench.count(WARM_UP * pipelined, COUNTED * pipelined, client);
}

/// A worker in this thread.
struct Bench<D: Driver = Epoll> {
    address: SocketAddr,
    worker: Worker<D, Counter>,
    messages: Rc<Cell<usize>>,
}

impl Bench {
    fn new() -> Self {
        Self::with(|_| ())
    }

    /// With what `edit` changes.
    fn with(edit: impl FnOnce(&mut Config)) -> Self {
        Self::on(|listener| Epoll::new(Some(listener)).expect("descriptors"), edit)
    }
}

impl<D: Driver> Bench<D> {
    /// With a driver, and what `edit` changes.
    fn on(driver: impl FnOnce(TcpListener) -> D, edit: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        // As a server's, so that no test waits for a delayed acknowledgement.
        SockRef::from(&listener).set_tcp_nodelay(true).expect("an open socket");
        let (mut parts, _remote) = WorkerParts::new(vec![driver(listener)]);
        let messages = Rc::new(Cell::new(0));
        let handler = Counter(Rc::clone(&messages));
        let mut config = Config::default();
        edit(&mut config);
        let worker = parts.remove(0).into_worker(handler, config, &SystemClock);
        Self { address, worker, messages }
    }

    /// Serves until this many messages have arrived, then asserts that some more need no allocation.
    fn count(&mut self, warm_up: usize, counted: usize, clients: JoinHandle<()>) {
        self.count_up_to(0, (warm_up, counted), clients);
    }

    /// Likewise, that some more need no more than so many allocations.
    fn count_up_to(
        &mut self,
        at_most: u64,
        (warm_up, counted): (usize, usize),
        clients: JoinHandle<()>,
    ) {
        self.serve(warm_up);
        let allocations = measure(|| self.serve(warm_up + counted));
        assert!(allocations.count_total <= at_most, "{allocations:?}");
        // What the kernel did not take at once, and the end.
        while self.worker.connections() > 0 {
            self.worker.tick(&SystemClock).expect("the driver works");
        }
        clients.join().expect("all messages arrive");
    }

    fn serve(&mut self, messages: usize) {
        while self.messages.get() < messages {
            self.worker.tick(&SystemClock).expect("the driver works");
        }
    }
}

/// Counts messages, and sends them back or publishes them.
struct Counter(Rc<Cell<usize>>);

impl Handler for Counter {
    type State = bool;
    type Mail = ();

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<bool> {
        Reply::upgrade(request.path() == "/echo")
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        if !*connection.state() {
            connection.subscribe("news");
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        self.0.set(self.0.get() + 1);
        if *connection.state() {
            let _refused = connection.send(message);
        } else {
            connection.publish("news", message);
        }
    }
}

fn open(address: SocketAddr, path: &str) -> TcpStream {
    open_with(address, path, "")
}

/// Opens a WebSocket, with these lines in the request.
fn open_with(address: SocketAddr, path: &str, lines: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .and_then(|()| stream.set_nodelay(true))
        .expect("an open socket");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("it answers");
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    stream
}

/// A final binary frame, masked with zeros.
fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82];
    match payload.len() {
        size @ 0..126 => frame.push(0x80 | size as u8),
        size @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(size as u16).to_be_bytes());
        }
        size => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}
