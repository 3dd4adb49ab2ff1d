//! What is to be done when a send is over is done then, also with a driver that says so only if it need not wait, as that on
//! io_uring does: nothing is put off until something else happens.

use sockeye::driver::{Network, Peer, Simulated, Stream, Weather};
use sockeye::protocol::http::Request;
use sockeye::protocol::{CloseCode, Message, Opcode, Prepared, encode_frame};
use sockeye::worker::{ManualClock, Worker, WorkerParts};
use sockeye::{Config, Context, Handler, Reply, RequestContext, WhenFull};
use std::time::Duration;

#[test]
fn who_was_refused_hears_when_there_is_room() {
    let mut rig = Rig::new(|config| {
        config.when_full = WhenFull::Refuse;
        config.message_bytes_max = 5_000;
        (config.lag_bytes, config.send_queue_bytes_max) = (10_000, 10_000);
    });
    let peer = rig.open();
    write(&peer, "echo");
    rig.tick();
    // Between two ticks, so that nothing else has the connection flushed.
    rig.send(&LARGE);
    rig.tick_without_sleep(|notes| notes.drained > 0);
}

#[test]
fn who_is_refused_again_and_again_is_not_asked_before_something_has_left() {
    let mut rig = Rig::new(|config| {
        config.when_full = WhenFull::Refuse;
        config.message_bytes_max = 8_000;
        (config.lag_bytes, config.send_queue_bytes_max) = (16_000, 16_000);
    });
    let peer = rig.open();
    // Nobody reads these, and the kernel has no room for all.
    for _ in 0..3 {
        write(&peer, &"x".repeat(7_000));
        rig.tick();
        rig.tick();
    }
    rig.send(&[LARGE; 2].concat());
    for _ in 0..10 {
        rig.tick();
    }
    assert!(rig.network.idle_wait() > Some(Duration::ZERO), "it sleeps");
    assert!(rig.notes(|notes| notes.drained) < 3);
}

#[test]
fn who_is_behind_with_what_is_in_flight_hears_when_it_has_left() {
    let mut rig = Rig::new(|_| ());
    let [publisher, slow, fast] = [rig.open(), rig.open(), rig.open()];
    for peer in [&fast, &slow] {
        write(peer, "subscribe");
    }
    rig.tick();
    // Nobody reads these, and the kernel has no room for both.
    for _ in 0..2 {
        write(&slow, &"large".repeat(3_000));
        rig.tick();
        rig.tick();
    }
    // Of that the slow one hears that it is behind, and publishes that, which is too much at a time for the fast one.
    write(&publisher, "publish");
    rig.tick();
    assert_eq!(
        rig.notes(|notes| notes.lagged),
        2,
        "the slow one, and the fast one of what followed"
    );
    rig.tick_without_sleep(|notes| notes.drained > 0);
}

/// More than what makes a backlog large, but it is none: nobody hears of it, and nobody polls for it.
#[test]
fn much_that_leaves_with_the_poll_was_never_left_over() {
    let mut rig = Rig::new(|_| ());
    let peer = rig.open();
    for _ in 0..3 {
        write(&peer, &"x".repeat(17_000));
        rig.tick();
        rig.tick();
        assert!(rig.network.idle_wait() > Some(Duration::ZERO), "it waits for the next message");
        assert_eq!(peer.read(20_000).len(), 4 + 17_000);
    }
    assert_eq!(rig.notes(|notes| notes.drained), 0);
}

#[test]
fn much_that_leaves_in_part_is_told_of_when_the_rest_has_left() {
    let mut rig = Rig::new(|_| ());
    let peer = rig.open();
    rig.send(&[LARGE; 4].concat());
    rig.tick();
    rig.tick();
    // The rest leaves with the next poll.
    assert_eq!(peer.read(KERNEL_BYTES).len(), KERNEL_BYTES);
    rig.tick_without_sleep(|notes| notes.drained > 0);
}

#[test]
fn little_that_comes_back_is_a_backlog_with_what_is_behind_it() {
    let mut rig = Rig::new(|_| ());
    let peer = rig.open();
    rig.send(&[7; KERNEL_BYTES - 5_000]);
    rig.tick();
    rig.tick();
    // A half of this has room.
    rig.send(&LARGE);
    rig.tick();
    rig.send(&[7; 14_000]);
    rig.tick();
    // All of it leaves with the next poll.
    assert_eq!(peer.read(KERNEL_BYTES).len(), KERNEL_BYTES);
    rig.tick_without_sleep(|notes| notes.drained > 0);
}

#[test]
fn much_for_which_there_is_no_room_is_told_of_when_all_of_it_has_left() {
    let mut rig = Rig::in_weather(0, |_| ());
    let peer = rig.open();
    // A header of four bytes.
    rig.send(&[7; KERNEL_BYTES - 4]);
    rig.tick();
    rig.tick();
    rig.send(&[LARGE; 2].concat());
    for _ in 0..3 {
        rig.tick();
    }
    assert_eq!(rig.notes(|notes| notes.drained), 0);
    assert_eq!(peer.read(KERNEL_BYTES).len(), KERNEL_BYTES);
    rig.tick_without_sleep(|notes| notes.drained > 0);
}

/// Else the peer would have more of it, by as long as the worker sleeps.
#[test]
fn the_time_for_an_answer_to_a_close_frame_begins_when_that_has_left() {
    let mut rig = Rig::new(|_| ());
    let peer = rig.open();
    write(&peer, "close");
    rig.tick();
    rig.tick();
    assert_eq!(rig.network.idle_wait(), Some(Duration::ZERO), "it has left");
    rig.tick();
    assert!(rig.network.idle_wait() > Some(Duration::ZERO), "nothing else is to be done");
    assert_eq!(peer.incoming(), Stream::Open);
}

const LARGE: [u8; 9_999] = [7; 9_999];

/// What the kernel has room for of each connection.
const KERNEL_BYTES: usize = 20_000;

/// A worker whose sends are all in flight for a while, and end no wait.
struct Rig {
    clock: ManualClock,
    network: Network,
    worker: Worker<Simulated, Notes>,
}

impl Rig {
    fn new(edit: impl FnOnce(&mut Config)) -> Self {
        Self::in_weather(1000, edit)
    }

    fn in_weather(quiet_per_mille: u32, edit: impl FnOnce(&mut Config)) -> Self {
        let weather = Weather {
            in_flight_per_mille: 1000,
            quiet_per_mille,
            kernel_bytes_max: KERNEL_BYTES,
            ..Weather::calm()
        };
        let (driver, network) = Simulated::new(1, weather);
        let (mut parts, _remote) = WorkerParts::new(vec![driver]);
        let clock = ManualClock::new();
        let mut config = Config::default();
        edit(&mut config);
        let worker = parts.remove(0).into_worker(Notes::default(), config, &clock);
        Self { clock, network, worker }
    }

    fn open(&mut self) -> Peer {
        let peer = self.network.connect();
        let request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        assert_eq!(peer.write(request.as_bytes()), request.len());
        for _ in 0..4 {
            self.tick();
        }
        assert!(peer.read(1024).starts_with(b"HTTP/1.1 101"));
        peer
    }

    /// Sends to all who are there.
    fn send(&mut self, payload: &[u8]) {
        let message = Prepared::new(Message::Binary(payload));
        self.worker.with_handler(&self.clock, |_, worker| {
            worker.connection_ids().into_iter().for_each(|id| worker.send(id, &message));
        });
    }

    fn tick(&mut self) {
        self.worker.tick(&self.clock).expect("the simulated driver can always wait");
    }

    /// Ticks until that is noted, which is to come without a wait.
    fn tick_without_sleep(&mut self, is_noted: impl Fn(&Notes) -> bool) {
        for _ in 0..10 {
            self.tick();
            if self.notes(&is_noted) {
                return;
            }
            let wait = self.network.idle_wait().unwrap_or_default();
            assert!(wait.is_zero(), "it would have slept for {wait:?}");
        }
        panic!("it is not noted");
    }

    fn notes<R>(&mut self, look: impl FnOnce(&Notes) -> R) -> R {
        self.worker.with_handler(&self.clock, |notes, _| look(notes))
    }
}

/// Does what it is told, and counts what it hears.
#[derive(Default)]
struct Notes {
    drained: usize,
    lagged: usize,
}

impl Handler for Notes {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        match message.as_bytes() {
            b"subscribe" => assert!(connection.subscribe_up_to("news", 0)),
            b"publish" => connection.publish("news", "news"),
            b"close" => connection.close(CloseCode::NORMAL, "").expect("it is open"),
            _ => drop(connection.send(message).expect("there is room")),
        }
    }

    fn on_drain(&mut self, connection: &mut Context<'_, Self>) {
        self.drained += 1;
        // As those do that were refused: they try again.
        let _refused_again = connection.send(Message::Binary(&LARGE));
    }

    fn on_lag(&mut self, connection: &mut Context<'_, Self>, _: &[u8], _: u64) {
        self.lagged += 1;
        connection.publish("news", "somebody is behind");
    }
}

/// Writes a text in one frame, masked with zeros.
#[track_caller]
fn write(peer: &Peer, text: &str) {
    let mut frame = Vec::new();
    encode_frame(Opcode::Text, text.as_bytes(), &mut frame);
    frame[1] |= 0x80;
    let header = frame.len() - text.len();
    frame.splice(header..header, [0; 4]);
    assert_eq!(peer.write(&frame), frame.len(), "the simulated kernel has room");
}
