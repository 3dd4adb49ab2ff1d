//! What a handler is told when it sends: small messages are queued by a way of their own, and hear the same as large ones.

use sockeye::driver::{Peer, Simulated, Weather};
use sockeye::handler::{Closed, SendRefused};
use sockeye::protocol::http::Request;
use sockeye::protocol::{CloseCode, Message};
use sockeye::worker::{ManualClock, Worker, WorkerParts};
use sockeye::{Config, Context, Handler, Reply, RequestContext};
use std::cell::RefCell;
use std::rc::Rc;

#[test]
fn a_backlog_is_all_that_has_not_left() {
    for in_flight_per_mille in [0, 1000] {
        let weather = Weather { in_flight_per_mille, kernel_bytes_max: 50, ..Weather::calm() };
        let mut stage = Stage::new(weather);
        stage.say(b"send");
        stage.say(b"send");
        let told = stage.told.borrow();
        assert_eq!(told.len(), 2 * SIZES.len());
        assert!(told.iter().all(|told| told.result == Ok(told.backlog)), "{told:?}");
        // The peer reads nothing, so that the kernel has some of the first answers, and the others have not left.
        assert!(told[SIZES.len()].backlog > told[SIZES.len() - 1].backlog - 50, "{told:?}");
    }
}

#[test]
fn whoever_has_closed_sends_no_more() {
    let mut stage = Stage::new(Weather::calm());
    stage.say(b"close");
    stage.assert_closed();
}

#[test]
fn who_is_gone_is_sent_no_more() {
    let mut stage = Stage::new(Weather::calm());
    stage.peer.end();
    stage.tick();
    stage.assert_closed();
}

/// Bytes of what is sent: around the largest that is small.
const SIZES: [usize; 4] = [1, 125, 126, 1];

/// What the handler was told of one send, and what it found then.
#[derive(Debug)]
struct Told {
    result: Result<usize, SendRefused>,
    backlog: usize,
}

struct Sending(Rc<RefCell<Vec<Told>>>);

impl Sending {
    fn send(&self, connection: &mut Context<'_, Self>) {
        for size in SIZES {
            let result = connection.send(vec![b'm'; size].as_slice());
            let result = result.map(|accepted| accepted.backlog);
            self.0.borrow_mut().push(Told { result, backlog: connection.backlog() });
        }
    }
}

impl Handler for Sending {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        if message.as_bytes() == b"close" {
            connection.close(CloseCode::NORMAL, "").expect("it is open");
        }
        self.send(connection);
    }

    fn on_close(&mut self, connection: &mut Context<'_, Self>, _: &Closed<'_>) {
        self.send(connection);
    }
}

/// A worker with one connection.
struct Stage {
    clock: ManualClock,
    worker: Worker<Simulated, Sending>,
    peer: Peer,
    told: Rc<RefCell<Vec<Told>>>,
}

impl Stage {
    fn new(weather: Weather) -> Self {
        let (driver, network) = Simulated::new(0, Weather::calm());
        let (mut parts, _remote) = WorkerParts::new(vec![driver]);
        let (clock, told) = (ManualClock::new(), Rc::default());
        let sending = Sending(Rc::clone(&told));
        let worker = parts.remove(0).into_worker(sending, Config::default(), &clock);
        let mut stage = Self { clock, worker, peer: network.connect(), told };
        stage.write(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        assert!(stage.peer.read(1024).starts_with(b"HTTP/1.1 101"));
        network.set_weather(weather);
        stage
    }

    /// A message, masked with zeros.
    fn say(&mut self, text: &[u8]) {
        self.write(&[&[0x81, 0x80 | text.len() as u8, 0, 0, 0, 0], text].concat());
    }

    fn write(&mut self, bytes: &[u8]) {
        assert_eq!(self.peer.write(bytes), bytes.len(), "the simulated kernel has room");
        self.tick();
    }

    fn tick(&mut self) {
        for _ in 0..4 {
            self.worker.tick(&self.clock).expect("the simulated driver can always wait");
        }
    }

    #[track_caller]
    fn assert_closed(&self) {
        let told = self.told.borrow();
        assert!(!told.is_empty());
        assert!(told.iter().all(|told| told.result == Err(SendRefused::Closed)), "{told:?}");
    }
}
