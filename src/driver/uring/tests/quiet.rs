//! Sends of which nothing is heard but that they are over.

use super::*;
use crate::buffer::Batch;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::rc::Rc;

#[derive(Debug, PartialEq, Eq)]
enum Heard {
    /// All but so many bytes.
    Sent {
        rest: usize,
    },
    Received(usize),
    Closed(Option<ErrorKind>),
}

impl Rig {
    fn poll(&mut self, wait: Option<Duration>) -> Vec<Heard> {
        self.driver.poll(wait).expect("the ring works");
        let mut heard = Vec::new();
        while let Some(completion) = self.driver.next() {
            heard.push(match completion {
                Completion::Sent(_, queue) => Heard::Sent { rest: queue.bytes() },
                Completion::Received(_, bytes) => Heard::Received(bytes.len()),
                Completion::Closed(_, error) => Heard::Closed(error.map(|error| error.kind())),
                other => panic!("{other:?}"),
            });
        }
        heard
    }

    /// A poll that is to end although nothing happens any more.
    fn poll_without_end(&mut self) -> Vec<Heard> {
        self.in_time(|rig| rig.poll(None))
    }

    /// Begins what there is to begin. How much is under way then.
    fn begin(&mut self) -> usize {
        assert!(self.poll(AT_ONCE).is_empty(), "nothing happens");
        self.driver.kernel.under_way()
    }

    fn send(&mut self, size: usize) {
        assert_eq!(self.driver.send(TOKEN, &mut queue_of(size)), Sending::InFlight);
    }

    /// Sends such pieces to a peer that does not read, until this is heard of one; before each it does that with the socket.
    /// How many bytes have left.
    fn send_until(
        &mut self,
        piece: usize,
        is_enough: impl Fn(&[Heard]) -> bool,
        before: impl Fn(&mut Socket),
    ) -> usize {
        let mut left = 0;
        for _ in 0..POLLS_MAX {
            before(self.driver.at(TOKEN.slot));
            self.send(piece);
            let heard = self.poll(AT_ONCE);
            if let [Heard::Sent { rest }] = heard[..] {
                left += piece - rest;
            }
            if is_enough(&heard) {
                return left;
            }
        }
        panic!("{left} bytes, and nobody reads");
    }
}

#[test]
fn a_message_and_its_answer_take_one_wait_each() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    peer.write_all(b"question").expect("the kernel takes it");
    assert_eq!(rig.receive(TOKEN, 8), b"question");
    let thread = thread::spawn(move || {
        for size in 1..=ANSWERS {
            peer.read_exact(&mut vec![0; size]).expect("it comes");
            peer.write_all(&vec![7; size]).expect("the kernel takes it");
        }
        peer
    });
    for size in 1..=ANSWERS {
        rig.send(size);
        // First that it is over, so that there can be an answer to what has come.
        assert_eq!(rig.poll(WAIT), [Heard::Sent { rest: 0 }, Heard::Received(size)]);
    }
    drop(thread.join().expect("it does not panic"));
}

#[test]
fn what_has_left_is_told_by_a_poll_that_does_not_wait() {
    let mut rig = Rig::new();
    let _peer = rig.connect(TOKEN);
    let under_way = rig.begin();
    for size in [1, 1000, 60_000] {
        rig.send(size);
        assert_eq!(rig.poll(AT_ONCE), [Heard::Sent { rest: 0 }]);
        assert_eq!(rig.driver.kernel.under_way(), under_way);
    }
}

#[test]
fn what_leaves_in_part_or_not_at_all_comes_back_and_waits_for_room() {
    for piece in [50_000, 64 * 1024] {
        let mut rig = Rig::new();
        let mut peer = rig.connect(TOKEN);
        rig.begin();
        let leaves_in_part = |heard: &[Heard]| !matches!(heard, [Heard::Sent { rest: 0 }]);
        let mut left = rig.send_until(piece, leaves_in_part, |_| ());
        // As if it were not known that there is no room, and until there really is none, for the kernel may find some.
        left += rig.send_until(
            piece,
            |heard| *heard == [Heard::Sent { rest: piece }],
            |socket| {
                socket.is_full = false;
            },
        );
        left += rig.send_until(piece, |heard| heard.is_empty(), |_| ());
        let reader = thread::spawn(move || {
            peer.set_read_timeout(WAIT).expect("it is not zero");
            let mut received = Vec::new();
            let _end = peer.read_to_end(&mut received).expect("it ends in order");
            received.len()
        });
        let [Heard::Sent { rest }] = rig.poll(WAIT)[..] else {
            panic!("there is room");
        };
        left += piece - rest;
        rig.driver.shutdown_write(TOKEN);
        // The peer may end its stream in answer, and that is of no interest.
        rig.driver.poll(WAIT).expect("the ring works");
        assert_eq!(reader.join().expect("it does not panic"), left);
    }
}

#[test]
fn a_stream_that_is_ended_behind_a_send_ends_without_anything_else_happening() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    rig.begin();
    rig.send(5);
    rig.driver.shutdown_write(TOKEN);
    assert_eq!(rig.poll_without_end(), [Heard::Sent { rest: 0 }]);
    assert!(rig.poll_without_end().is_empty(), "it ends");
    let mut received = Vec::new();
    let _end = peer.read_to_end(&mut received).expect("it ends in order");
    assert_eq!(received, [1; 5]);
}

#[test]
fn a_connection_that_is_closed_behind_a_send_is_closed_without_anything_else_happening() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    rig.begin();
    rig.send(5);
    rig.driver.close(TOKEN, Close::Linger);
    // What stops it may have to be said twice.
    while rig.poll_without_end() != [Heard::Closed(None)] {}
    rig.poll(AT_ONCE);
    let mut received = Vec::new();
    let _end = peer.read_to_end(&mut received).expect("it ends in order");
    assert_eq!(received, [1; 5]);
}

/// A connection that the next send finds broken.
fn broken() -> Rig {
    let mut rig = Rig::new();
    let peer = rig.connect(TOKEN);
    let receiving = rig.begin();
    rig.driver.receive(TOKEN, Receive::Pause);
    rig.until_under_way(receiving - 1);
    drop(peer);
    // This one is answered with a reset.
    rig.send(5);
    assert_eq!(rig.poll(AT_ONCE), [Heard::Sent { rest: 0 }]);
    rig
}

#[test]
fn a_send_that_fails_is_heard_of() {
    let mut rig = broken();
    rig.send(5);
    let error = rig.until_closed(TOKEN).expect("a fault");
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset));
}

#[test]
fn a_send_that_fails_where_there_is_no_room_to_say_so_is_heard_of() {
    let mut rig = broken();
    for _ in 0..20_000 {
        // Each completes: there is no such operation.
        rig.driver.kernel.stop_accept(u64::MAX);
    }
    rig.send(5);
    for _ in 0..POLLS_MAX {
        let heard = rig.poll(Some(Duration::from_millis(5)));
        if !heard.is_empty() {
            return assert!(matches!(heard[..], [Heard::Closed(Some(_))]), "{heard:?}");
        }
    }
    panic!("nothing was heard");
}

#[test]
fn what_the_kernel_has_not_taken_has_not_left() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    rig.begin();
    let kernel = &mut rig.driver.kernel;
    kernel.unlikely.is_busy = true;
    let socket = &rig.driver.sockets[TOKEN.slot as usize].as_ref().expect("it is open").handle;
    // The ring is full of what lasts.
    for _ in 0..1024 {
        kernel.poll_failed(TOKEN.slot, socket);
    }
    rig.send(5);
    assert!(rig.poll(AT_ONCE).is_empty());
    peer.set_nonblocking(true).expect("it is open");
    assert_eq!(peer.read(&mut [0; 9]).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    assert_eq!(rig.poll_without_end(), [Heard::Sent { rest: 0 }]);
    assert_eq!(peer.read(&mut [0; 9]).expect("it has come"), 5);
}

#[test]
fn a_send_that_fails_while_the_kernel_has_not_taken_all_keeps_nobody_awake() {
    let mut rig = broken();
    rig.driver.kernel.unlikely.is_busy = true;
    rig.send(5);
    let waker = rig.driver.home.waker.as_fd();
    // One more than there is room for, of what lasts.
    for _ in 0..1024 {
        rig.driver.kernel.watch(kernel::Bell::Waker, waker);
    }
    assert!(rig.until_closed(TOKEN).is_some());
    rig.driver.kernel.unlikely.is_busy = false;
    rig.begin();
    let waker = rig.driver.waker();
    let sleeper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        waker.wake();
    });
    rig.driver.poll(None).expect("the ring works");
    assert!(matches!(rig.driver.next(), Some(Completion::Woken)), "it has not slept");
    sleeper.join().expect("it does not panic");
}

#[test]
fn what_was_not_submitted_has_not_left() {
    let mut rig = Rig::new();
    let _peer = rig.connect(TOKEN);
    rig.begin();
    rig.send(5);
    // As after a system call in which the kernel took nothing.
    rig.driver.kernel.take_completions();
    assert!(rig.driver.next().is_none());
    assert_eq!(rig.poll_without_end(), [Heard::Sent { rest: 0 }]);
}

#[test]
fn more_pieces_than_leave_at_once_come_back() {
    let mut rig = Rig::new();
    let _peer = rig.connect(TOKEN);
    rig.begin();
    let batch = Rc::new(Batch::default());
    batch.seal(vec![1; 200]);
    for (pieces, rest) in [(64, 0), (65, 1), (100, 36)] {
        let mut queue = SendQueue::default();
        (0..pieces).for_each(|piece| queue.push_shared(&batch, 2 * piece..2 * piece + 1));
        assert_eq!(rig.driver.send(TOKEN, &mut queue), Sending::InFlight);
        assert_eq!(rig.poll(AT_ONCE), [Heard::Sent { rest }]);
    }
}

#[test]
fn much_at_a_time_is_kept_no_longer_than_it_takes() {
    let mut rig = Rig::new();
    let peers: Vec<_> = (0..30).map(|slot| rig.connect(Token { slot, generation: 1 })).collect();
    rig.begin();
    for slot in 0..peers.len() as u32 {
        let token = Token { slot, generation: 1 };
        assert_eq!(rig.driver.send(token, &mut queue_of(60_000)), Sending::InFlight);
    }
    // Some speak, so that this does not wait, and all are heard of.
    let heard = rig.poll_without_end();
    assert_eq!(heard.len(), peers.len());
    assert!(heard.iter().all(|heard| *heard == Heard::Sent { rest: 0 }));
}

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

const ANSWERS: usize = 100;
