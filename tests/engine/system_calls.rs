//! What messages cost in calls of the driver, each of which is a system call on epoll: counted on a simulated network in
//! calm weather, call by call. What the real binary asks of the kernel is in `docs/scaling.md`.

use sockeye::buffer::{MessageBuffer, SendQueue};
use sockeye::driver::{
    Close, Completion, Driver, Network, Peer, Receive, Sending, Simulated, SimulatedTransfer,
    Token, Waker, Weather,
};
use sockeye::limits::FILL_TRUST_SIZE;
use sockeye::protocol::http::Request;
use sockeye::protocol::{Message, Opcode, encode_frame};
use sockeye::worker::{ManualClock, Worker, WorkerParts};
use sockeye::{Config, Context, Handler, Reply, RequestContext};
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn an_echo_is_one_receive_and_one_send() {
    let mut rig = Rig::new(1);
    let peers = [rig.open("/echo"), rig.open("/echo"), rig.open("/echo")];
    let calls = rig.count(|rig| {
        peers.iter().for_each(|peer| write(peer, &frame(32)));
        rig.tick();
    });
    // All three come with one poll.
    assert_eq!(calls, Calls { polls: 1, received: 3, sends: 3, ..Calls::default() });
    assert!(peers.iter().all(|peer| peer.readable() == 2 + 32));
}

#[test]
fn all_replies_to_one_read_leave_in_one_send() {
    let mut rig = Rig::new(1);
    let peer = rig.open("/echo");
    let calls = rig.count(|rig| {
        write(&peer, &frame(32).repeat(16));
        rig.tick();
    });
    assert_eq!(calls, Calls { polls: 1, received: 1, sends: 1, ..Calls::default() });
    assert_eq!(peer.readable(), 16 * (2 + 32));
}

/// Small replies leave with the flush, all together; many of them, or large ones, while they are in the processor's cache.
#[test]
fn much_leaves_right_after_the_read_that_asked_for_it() {
    for (frame, count) in [(frame(120), 40), (frame(6_000), 1)] {
        let mut rig = Rig::new(1);
        let peers = [rig.open("/echo"), rig.open("/echo")];
        let calls = rig.count(|rig| {
            peers.iter().for_each(|peer| write(peer, &frame.repeat(count)));
            rig.tick();
        });
        let expected =
            Calls { polls: 1, received: 2, sends: 2, early_sends: 1, ..Calls::default() };
        assert_eq!(calls, expected);
        assert!(peers.iter().all(|peer| peer.readable() == count * (frame.len() - 4)));
    }
}

#[test]
fn what_is_published_in_one_tick_leaves_in_one_send_for_each_subscriber() {
    let mut rig = Rig::new(1);
    let publishers = [rig.open("/topic"), rig.open("/topic")];
    let subscribers: Vec<Peer> = (0..20).map(|_| rig.open("/topic")).collect();
    let calls = rig.count(|rig| {
        publishers.iter().for_each(|peer| write(peer, &frame(100).repeat(8)));
        rig.tick();
    });
    // The publishers are subscribers of each other.
    assert_eq!(calls, Calls { polls: 1, received: 2, sends: 22, ..Calls::default() });
    assert!(subscribers.iter().all(|peer| peer.readable() == 16 * (2 + 100)));
}

#[test]
fn what_is_published_to_two_topics_in_one_tick_leaves_in_one_send_for_who_has_both() {
    let mut rig = Rig::new(1);
    let publisher = rig.open("/topics");
    let [both, one]: [Vec<Peer>; 2] =
        ["/topics", "/topic"].map(|path| (0..10).map(|_| rig.open(path)).collect());
    let calls = rig.count(|rig| {
        write(&publisher, &frame(100));
        rig.tick();
    });
    assert_eq!(calls, Calls { polls: 1, received: 1, sends: 20, ..Calls::default() });
    assert!(both.iter().all(|peer| peer.readable() == 2 * (2 + 100)));
    assert!(one.iter().all(|peer| peer.readable() == 2 + 100));
}

#[test]
fn a_large_message_is_received_into_its_own_buffer_and_sent_from_there_at_once() {
    let mut rig = Rig::new(1);
    let peer = rig.open("/echo");
    let message = frame(90_000);
    let (first, rest) = message.split_at(FILL_TRUST_SIZE + 100);
    let calls = rig.count(|rig| {
        write(&peer, first);
        rig.tick();
        write(&peer, rest);
        rig.tick();
    });
    let expected =
        Calls { polls: 2, received: 1, fills: 1, filled: 1, sends: 1, ..Calls::default() };
    assert_eq!(calls, expected);
    assert_eq!(peer.readable(), message.len() - 4);
}

#[test]
fn a_publication_costs_one_piece_of_mail_for_each_other_worker_and_tick() {
    let mut rig = Rig::new(3);
    let publisher = rig.open("/topic");
    let peers: Vec<Peer> = (0..10).map(|index| rig.open_on(1 + index % 2, "/topic")).collect();
    let calls = rig.count(|rig| {
        write(&publisher, &frame(100).repeat(16));
        // The first tick mails, the second one of the others delivers.
        rig.tick();
        rig.tick();
    });
    let expected = Calls { polls: 6, received: 1, sends: 10, wakes: 2, ..Calls::default() };
    assert_eq!(calls, expected);
    assert!(peers.iter().all(|peer| peer.readable() == 16 * (2 + 100)));
}

/// As on io_uring: what has left is told with what comes next, and nobody polls for it.
#[test]
fn an_answer_in_flight_costs_no_poll_of_its_own() {
    let weather = Weather { in_flight_per_mille: 1000, quiet_per_mille: 1000, ..Weather::calm() };
    let mut rig = Rig::in_weather(1, &weather);
    let peer = rig.open("/echo");
    for _ in 0..3 {
        write(&peer, &frame(32));
        rig.tick();
        rig.tick();
        assert_eq!(peer.read(100).len(), 2 + 32);
        let wait = rig.workers[0].1.idle_wait().expect("nothing else is there");
        assert!(!wait.is_zero(), "it waits for the next message");
    }
}

/// What waits behind an answer that has not left at once is not asked for: that one ends the wait.
#[test]
fn who_does_not_read_costs_no_polls() {
    let weather = Weather {
        in_flight_per_mille: 1000,
        quiet_per_mille: 1000,
        kernel_bytes_max: 10_000,
        ..Weather::calm()
    };
    let mut rig = Rig::in_weather(1, &weather);
    let peer = rig.open("/echo");
    for _ in 0..3 {
        write(&peer, &frame(9_000));
        rig.tick();
    }
    for _ in 0..3 {
        rig.tick();
        assert!(rig.workers[0].1.idle_wait() > Some(Duration::ZERO));
    }
    assert_eq!(peer.readable(), 10_000);
}

#[test]
fn nothing_costs_nothing() {
    let mut rig = Rig::new(1);
    let _peer = rig.open("/echo");
    let calls = rig.count(Rig::tick);
    assert_eq!(calls, Calls { polls: 1, ..Calls::default() });
}

/// Calls of the driver that would be system calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Calls {
    polls: usize,
    received: usize,
    fills: usize,
    filled: usize,
    sends: usize,
    /// Those before the last receive.
    early_sends: usize,
    wakes: usize,
    /// Everything else: pauses, ends, other completions.
    others: usize,
}

/// Workers with a network each.
struct Rig {
    clock: ManualClock,
    workers: Vec<(Worker<Counting, Application>, Network)>,
    calls: Rc<Cell<Calls>>,
    wakes: Arc<AtomicUsize>,
}

impl Rig {
    fn new(workers: usize) -> Self {
        Self::in_weather(workers, &Weather::calm())
    }

    fn in_weather(workers: usize, weather: &Weather) -> Self {
        let clock = ManualClock::new();
        let (calls, wakes) = (Rc::default(), Arc::default());
        let (drivers, networks): (Vec<_>, Vec<_>) = (0..workers)
            .map(|seed| {
                let (driver, network) = Simulated::new(seed as u64, weather.clone());
                let (calls, wakes) = (Rc::clone(&calls), Arc::clone(&wakes));
                (Counting { driver, calls, wakes }, network)
            })
            .unzip();
        let (parts, _remote) = WorkerParts::new(drivers);
        let workers =
            parts.into_iter().map(|part| part.into_worker(Application, Config::default(), &clock));
        let workers = workers.zip(networks).collect();
        Self { clock, workers, calls, wakes }
    }

    fn open(&mut self, path: &str) -> Peer {
        self.open_on(0, path)
    }

    fn open_on(&mut self, worker: usize, path: &str) -> Peer {
        let peer = self.workers[worker].1.connect();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        write(&peer, request.as_bytes());
        for _ in 0..4 {
            self.tick();
        }
        assert!(peer.read(1024).starts_with(b"HTTP/1.1 101"));
        peer
    }

    fn tick(&mut self) {
        for (worker, _) in &mut self.workers {
            worker.tick(&self.clock).expect("the simulated driver can always wait");
        }
    }

    /// What `act` costs.
    fn count(&mut self, act: impl FnOnce(&mut Self)) -> Calls {
        self.calls.set(Calls::default());
        self.wakes.store(0, Ordering::Relaxed);
        act(self);
        Calls { wakes: self.wakes.load(Ordering::Relaxed), ..self.calls.get() }
    }
}

struct Application;

impl Handler for Application {
    /// The topics that it subscribes and publishes to; with none it is sent what it sends.
    type State = &'static [&'static str];
    type Mail = ();

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<Self::State> {
        Reply::upgrade(match request.path() {
            "/topic" => &["news"],
            "/topics" => &["news", "sport"],
            _ => &[],
        })
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        for topic in *connection.state() {
            connection.subscribe(topic);
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        let topics = *connection.state();
        if topics.is_empty() {
            connection.send(message).expect("there is room");
        }
        for topic in topics {
            connection.publish(topic, message);
        }
    }
}

/// The simulated driver, with its calls counted.
struct Counting {
    driver: Simulated,
    calls: Rc<Cell<Calls>>,
    wakes: Arc<AtomicUsize>,
}

fn add(calls: &Cell<Calls>, to: impl FnOnce(&mut Calls) -> &mut usize) {
    let mut counted = calls.get();
    *to(&mut counted) += 1;
    calls.set(counted);
}

impl Driver for Counting {
    type Transfer = SimulatedTransfer;

    fn accept(&mut self, on: bool) {
        self.driver.accept(on);
    }

    fn attach(&mut self, token: Token, transfer: SimulatedTransfer) -> io::Result<()> {
        self.driver.attach(token, transfer)
    }

    fn connect(&mut self, token: Token, address: SocketAddr) -> io::Result<()> {
        self.driver.connect(token, address)
    }

    fn receive(&mut self, token: Token, receive: Receive) {
        add(&self.calls, |calls| &mut calls.others);
        self.driver.receive(token, receive);
    }

    fn fill(&mut self, token: Token, buffer: MessageBuffer) {
        add(&self.calls, |calls| &mut calls.fills);
        self.driver.fill(token, buffer);
    }

    fn receive_into(&mut self, memory: Vec<u8>) {
        self.driver.receive_into(memory);
    }

    fn send(&mut self, token: Token, queue: &mut SendQueue) -> Sending {
        add(&self.calls, |calls| &mut calls.sends);
        self.driver.send(token, queue)
    }

    fn shutdown_write(&mut self, token: Token) {
        add(&self.calls, |calls| &mut calls.others);
        self.driver.shutdown_write(token);
    }

    fn detach(&mut self, token: Token) {
        add(&self.calls, |calls| &mut calls.others);
        self.driver.detach(token);
    }

    fn close(&mut self, token: Token, close: Close) {
        add(&self.calls, |calls| &mut calls.others);
        self.driver.close(token, close);
    }

    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        add(&self.calls, |calls| &mut calls.polls);
        self.driver.poll(timeout)
    }

    fn next(&mut self) -> Option<Completion<'_, SimulatedTransfer>> {
        let completion = self.driver.next()?;
        if let Completion::Received(..) = completion {
            let calls = self.calls.get();
            self.calls.set(Calls { early_sends: calls.sends, ..calls });
        }
        add(&self.calls, |calls| match completion {
            Completion::Received(..) => &mut calls.received,
            Completion::Filled(..) => &mut calls.filled,
            // A wake-up is counted where it is caused.
            Completion::Woken => &mut calls.wakes,
            _ => &mut calls.others,
        });
        Some(completion)
    }

    fn waker(&self) -> Waker {
        let (waker, wakes) = (self.driver.waker(), Arc::clone(&self.wakes));
        Waker::new(move || {
            wakes.fetch_add(1, Ordering::Relaxed);
            waker.wake();
        })
    }
}

#[track_caller]
fn write(peer: &Peer, bytes: &[u8]) {
    assert_eq!(peer.write(bytes), bytes.len(), "the simulated kernel has room");
}

/// A message in one frame, masked with zeros.
fn frame(size: usize) -> Vec<u8> {
    let mut frame = Vec::new();
    encode_frame(Opcode::Binary, &vec![b'm'; size], &mut frame);
    frame[1] |= 0x80;
    let header = frame.len() - size;
    frame.splice(header..header, [0; 4]);
    frame
}
