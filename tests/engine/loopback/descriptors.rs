//! File descriptors: too few of them, and thousands. The limit belongs to a process, so these tests run themselves again
//! in one of their own, with another limit.

use super::{Client, PATIENCE, serve};
use sockeye::buffer::{MessageBuffer, SendQueue};
use sockeye::driver::{Close, Completion, Driver, Epoll, Receive, Sending, Token, Waker};
use sockeye::protocol::Message;
use sockeye::protocol::http::Request;
use sockeye::worker::{SystemClock, Worker, WorkerParts};
use sockeye::{Config, Context, Handler, Reply, RequestContext};
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

#[test]
fn without_descriptors_accepting_pauses_and_resumes_and_nothing_spins() {
    if !is_own_process("without_descriptors_accepting_pauses_and_resumes_and_nothing_spins", "48") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let counts = Counts::default();
    let driver = Counting {
        inner: Epoll::new(Some(listener)).expect("descriptors"),
        counts: counts.clone(),
    };
    let (mut parts, remote) = WorkerParts::new(vec![driver]);
    let part = parts.remove(0);
    let worker = std::thread::spawn(move || {
        let mut worker: Worker<_, Echo> = part.into_worker(Echo, Config::default(), &SystemClock);
        worker.run(&SystemClock)
    });
    let mut early = Client::open(address, "/echo");

    let mut hoard: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    drop(hoard.pop());
    let mut late = Client::dial(address);
    let polls_before = counts.wait_for_failure();
    // A worker that waits for the next try polls a few times in a second. One that spins does so a thousand times at least.
    std::thread::sleep(Duration::from_secs(1));
    let polls = counts.wait_for_failure() - polls_before;
    assert!(polls < 100, "{polls} polls");
    early.expect_echo("served meanwhile");

    hoard.clear();
    late.write(super::client::request("/echo").as_bytes());
    late.expect_upgrade();
    late.expect_echo("accepted in the end");
    remote.shut_down(Duration::ZERO);
    let result = worker.join().expect("no panic");
    result.expect("the worker did not fail");
}

#[test]
fn thousands_of_connections_are_served_at_once() {
    if !is_own_process("thousands_of_connections_are_served_at_once", "4200") {
        return;
    }
    let server = serve(|config| config.workers = 2);
    let mut clients: Vec<Client> =
        (0..2000).map(|_| Client::open(server.address, "/echo")).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.say(&number.to_string());
    }
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.text(), number.to_string());
    }
}

/// Whether this is the process that the test runs in. If not, runs the test in one with this many descriptors.
fn is_own_process(test: &str, descriptors: &str) -> bool {
    const MARK: &str = "SOCKEYE_TEST_IN_ITS_OWN_PROCESS";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let output = Command::new("sh")
        .args(["-c", "ulimit -n \"$1\" && shift && exec \"$@\"", "sh", descriptors])
        .arg(std::env::current_exe().expect("tests have a path"))
        .args([&format!("loopback::descriptors::{test}"), "--exact", "--nocapture"])
        .env(MARK, "1")
        .output()
        .expect("there is a shell");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}

/// How often a worker polled, and how often it could not accept.
#[derive(Clone, Default)]
struct Counts(Arc<(Mutex<(usize, usize)>, Condvar)>);

impl Counts {
    fn add(&self, polls: usize, failures: usize) {
        let (counts, changed) = &*self.0;
        let mut counts = counts.lock().expect("nobody panics with it");
        *counts = (counts.0 + polls, counts.1 + failures);
        changed.notify_all();
    }

    /// Waits until accepting has failed, and says how many polls there were.
    fn wait_for_failure(&self) -> usize {
        let (counts, changed) = &*self.0;
        let counts = counts.lock().expect("nobody panics with it");
        let (counts, waited) = changed
            .wait_timeout_while(counts, PATIENCE, |counts| counts.1 == 0)
            .expect("nobody panics with it");
        assert!(!waited.timed_out(), "accepting did not fail");
        counts.0
    }
}

/// epoll, counting.
struct Counting {
    inner: Epoll,
    counts: Counts,
}

impl Driver for Counting {
    type Transfer = <Epoll as Driver>::Transfer;

    fn accept(&mut self, on: bool) {
        self.inner.accept(on);
    }

    fn attach(&mut self, token: Token, transfer: Self::Transfer) -> io::Result<()> {
        self.inner.attach(token, transfer)
    }

    fn connect(&mut self, token: Token, address: SocketAddr) -> io::Result<()> {
        self.inner.connect(token, address)
    }

    fn receive(&mut self, token: Token, receive: Receive) {
        self.inner.receive(token, receive);
    }

    fn fill(&mut self, token: Token, buffer: MessageBuffer) {
        self.inner.fill(token, buffer);
    }

    fn receive_into(&mut self, memory: Vec<u8>) {
        self.inner.receive_into(memory);
    }

    fn send(&mut self, token: Token, queue: &mut SendQueue) -> Sending {
        self.inner.send(token, queue)
    }

    fn shutdown_write(&mut self, token: Token) {
        self.inner.shutdown_write(token);
    }

    fn detach(&mut self, token: Token) {
        self.inner.detach(token);
    }

    fn close(&mut self, token: Token, close: Close) {
        self.inner.close(token, close);
    }

    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.counts.add(1, 0);
        self.inner.poll(timeout)
    }

    fn poll_until(&mut self, moment: Instant, now: impl FnOnce() -> Instant) -> io::Result<()> {
        self.counts.add(1, 0);
        self.inner.poll_until(moment, now)
    }

    fn next(&mut self) -> Option<Completion<'_, Self::Transfer>> {
        let completion = self.inner.next();
        if matches!(completion, Some(Completion::AcceptFailed(_))) {
            self.counts.add(0, 1);
        }
        completion
    }

    fn waker(&self) -> Waker {
        self.inner.waker()
    }
}

struct Echo;

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
