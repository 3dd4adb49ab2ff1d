//! The contract of `Driver`, on loopback. A wait that ends without an event fails the test; nothing depends on how
//! long one takes.

use super::*;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener, TcpStream as StdStream};

const TOKEN: Token = Token { slot: 3, generation: 7 };

const OTHER: Token = Token { slot: 0, generation: 9 };

/// A completion without its loans.
#[derive(Debug, PartialEq)]
enum Event {
    Received(Token, Vec<u8>),
    Filled(Token, usize),
    EndOfStream(Token),
    Connected(Token),
    Writable(Token),
    Closed(Token, bool),
    Woken,
}

struct Rig {
    driver: Epoll,
    address: SocketAddr,
    filled: Option<MessageBuffer>,
}

impl Rig {
    fn new() -> Self {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let driver = Epoll::new(Some(listener)).expect("there are descriptors");
        Self { driver, address, filled: None }
    }

    /// A connection under this name, and its peer.
    fn connect(&mut self, token: Token) -> StdStream {
        let peer = StdStream::connect(self.address).expect("it listens");
        self.accept(token, &peer);
        peer
    }

    /// Accepts the connection to this peer, which has been made.
    fn accept(&mut self, token: Token, peer: &StdStream) {
        loop {
            self.driver.poll(WAIT).expect("epoll waits");
            if let Some(Completion::Accepted(transfer, from)) = self.driver.next() {
                assert_eq!(Some(from), peer.local_addr().ok());
                self.driver.attach(token, transfer).expect("it is watched");
                return;
            }
        }
    }

    /// What one poll brings.
    fn tick(&mut self) -> Vec<Event> {
        self.driver.poll(WAIT).expect("epoll waits");
        let mut events = Vec::new();
        while let Some(completion) = self.driver.next() {
            events.push(match completion {
                Completion::Received(token, bytes) => Event::Received(token, bytes.to_vec()),
                Completion::Filled(token, buffer, size) => {
                    self.filled = Some(buffer);
                    Event::Filled(token, size)
                }
                Completion::EndOfStream(token) => Event::EndOfStream(token),
                Completion::Connected(token) => Event::Connected(token),
                Completion::Writable(token) => Event::Writable(token),
                Completion::Closed(token, error) => Event::Closed(token, error.is_some()),
                Completion::Woken => Event::Woken,
                other => panic!("{other:?}"),
            });
        }
        events
    }

    /// Polls until there is something; a driver that lost an event fails here.
    fn events(&mut self) -> Vec<Event> {
        // An empty tick is legal: a new socket's first event says only that it is writable.
        (0..5).map(|_| self.tick()).find(|events| !events.is_empty()).expect("something happens")
    }

    /// Receives until `size` bytes are there.
    fn receive(&mut self, token: Token, size: usize) -> Vec<u8> {
        let mut received = Vec::new();
        while received.len() < size {
            for event in self.events() {
                match event {
                    Event::Received(from, bytes) if from == token => received.extend(bytes),
                    other => panic!("{other:?} after {} bytes", received.len()),
                }
            }
        }
        received
    }

    /// Receives to the end, which comes once, and says how many bytes came before it.
    fn receive_and_end(&mut self, expected: usize) -> usize {
        let mut received = 0;
        loop {
            for event in self.events() {
                match event {
                    Event::Received(TOKEN, bytes) => received += bytes.len(),
                    Event::EndOfStream(TOKEN) => return received,
                    other => panic!("{other:?} after {received} of {expected} bytes"),
                }
            }
        }
    }
}

/// A bound for failing tests.
const WAIT: Option<Duration> = Some(Duration::from_secs(2));

#[test]
fn the_end_is_found_behind_the_last_bytes_however_they_fit_the_buffer() {
    for size in [1, RECEIVE_SIZE - 1, RECEIVE_SIZE, RECEIVE_SIZE + 1] {
        let mut rig = Rig::new();
        let mut peer = rig.connect(TOKEN);
        peer.write_all(&vec![5; size]).expect("the kernel takes it");
        drop(peer);
        assert_eq!(rig.receive_and_end(size), size);
    }
}

#[test]
fn bytes_behind_urgent_ones_are_received() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    peer.write_all(b"before ").expect("the kernel takes it");
    SockRef::from(&peer).send_out_of_band(b"!").expect("the kernel takes it");
    peer.write_all(b"behind").expect("the kernel takes it");
    assert_eq!(rig.receive(TOKEN, 13), b"before behind");
}

#[test]
fn a_paused_connection_lends_nothing_until_it_goes_on() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    let mut other_peer = rig.connect(OTHER);
    rig.driver.receive(TOKEN, Receive::Pause);
    peer.write_all(b"later").expect("the kernel takes it");
    drop(peer);
    other_peer.write_all(b"now").expect("the kernel takes it");
    assert_eq!(rig.receive(OTHER, 3), b"now");
    rig.driver.receive(TOKEN, Receive::Lend);
    assert_eq!(rig.receive_and_end(5), 5);
}

#[test]
fn a_pause_holds_back_what_the_next_poll_would_have_lent() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    peer.write_all(&vec![1; RECEIVE_SIZE + 5]).expect("the kernel takes it");
    let first = rig.receive(TOKEN, 1).len();
    rig.driver.receive(TOKEN, Receive::Pause);
    rig.driver.waker().wake();
    assert_eq!(rig.events(), [Event::Woken]);
    rig.driver.receive(TOKEN, Receive::Lend);
    assert_eq!(rig.receive(TOKEN, RECEIVE_SIZE + 5 - first).len(), RECEIVE_SIZE + 5 - first);
}

#[test]
fn a_reset_is_the_last_word_about_a_connection() {
    let mut rig = Rig::new();
    let peer = rig.connect(TOKEN);
    SockRef::from(&peer).set_linger(Some(Duration::ZERO)).expect("it can be set");
    drop(peer);
    assert_eq!(rig.events(), [Event::Closed(TOKEN, true)]);
    rig.driver.close(TOKEN, Close::Linger);
    rig.driver.waker().wake();
    assert_eq!(rig.events(), [Event::Woken]);
}

#[test]
fn a_blocked_send_goes_on_when_the_peer_reads() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    let mut queue = SendQueue::default();
    queue.append(|out| out.resize(32 * 1024 * 1024, 1));
    let mut unread = queue.bytes();
    assert_eq!(rig.driver.send(TOKEN, &mut queue), Sending::Blocked);
    let reader = std::thread::spawn(move || {
        let mut buffer = vec![0; 1024 * 1024];
        while unread > 0 {
            unread -= peer.read(&mut buffer).expect("there is more");
        }
        peer
    });
    while rig.driver.send(TOKEN, &mut queue) != Sending::Done {
        assert_eq!(rig.events(), [Event::Writable(TOKEN)]);
    }
    reader.join().expect("everything arrived");
    assert!(queue.is_empty());
}

#[test]
fn nobody_gets_more_than_one_receive_per_poll() {
    let mut rig = Rig::new();
    let mut peers = [rig.connect(TOKEN), rig.connect(OTHER)];
    let mut left = 2 * 4 * RECEIVE_SIZE;
    for peer in &mut peers {
        peer.write_all(&vec![1; left / 2]).expect("the kernel takes it");
    }
    while left > 0 {
        let mut served = Vec::new();
        for event in rig.events() {
            let Event::Received(token, bytes) = event else {
                panic!("{event:?}");
            };
            assert!(!served.contains(&token), "a second receive in one poll");
            served.push(token);
            left -= bytes.len();
        }
    }
}

#[test]
fn a_message_is_filled_by_as_many_receives_as_it_takes() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    peer.write_all(b"head").expect("the kernel takes it");
    assert_eq!(rig.receive(TOKEN, 4), b"head");
    let mut message = MessageBuffer::new(b"head".to_vec(), 6);
    for piece in [b"abc", b"def"] {
        rig.driver.fill(TOKEN, message);
        peer.write_all(piece).expect("the kernel takes it");
        assert_eq!(rig.events(), [Event::Filled(TOKEN, 3)]);
        message = rig.filled.take().expect("it came back");
    }
    assert_eq!(message.missing(), 0);
    assert_eq!(message.into_bytes(), b"headabcdef");
    peer.write_all(b"next").expect("the kernel takes it");
    assert_eq!(rig.receive(TOKEN, 4), b"next");
}

#[test]
fn a_slot_that_is_used_again_hears_nothing_of_the_old_connection() {
    let mut rig = Rig::new();
    let mut old = rig.connect(TOKEN);
    old.write_all(b"old").expect("the kernel takes it");
    rig.driver.poll(WAIT).expect("epoll waits");
    rig.driver.close(TOKEN, Close::Reset);
    assert_eq!(rig.events(), [Event::Closed(TOKEN, false)]);
    let again = Token { generation: TOKEN.generation + 1, ..TOKEN };
    let mut new = rig.connect(again);
    rig.driver.close(TOKEN, Close::Reset);
    new.write_all(b"new").expect("the kernel takes it");
    assert_eq!(rig.receive(again, 3), b"new");
    assert!(old.read(&mut [0]).is_err(), "the peer was reset");
}

#[test]
fn what_waits_in_the_backlog_is_accepted_when_accepting_goes_on() {
    let mut rig = Rig::new();
    rig.driver.accept(false);
    let mut peer = StdStream::connect(rig.address).expect("it listens");
    rig.driver.waker().wake();
    assert_eq!(rig.events(), [Event::Woken]);
    rig.driver.accept(true);
    rig.accept(TOKEN, &peer);
    peer.write_all(b"x").expect("the kernel takes it");
    assert_eq!(rig.receive(TOKEN, 1), b"x");
}

#[test]
fn a_listener_that_fails_stops_and_says_so() {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let same = listener.try_clone().expect("there are descriptors");
    let mut driver = Epoll::new(Some(listener)).expect("there are descriptors");
    SockRef::from(&same).shutdown(Shutdown::Both).expect("it listens");
    driver.poll(WAIT).expect("epoll waits");
    assert!(matches!(driver.next(), Some(Completion::AcceptFailed(_))));
    driver.waker().wake();
    driver.poll(WAIT).expect("epoll waits");
    assert!(matches!(driver.next(), Some(Completion::Woken)));
    assert!(driver.next().is_none(), "it does not try again by itself");
}

#[test]
fn an_event_without_a_connection_is_no_connection() {
    let mut rig = Rig::new();
    let (listener, filler) = connecting::tests::full_listener();
    let address = listener.local_addr().expect("it is bound");
    rig.driver.connect(TOKEN, address.as_socket().expect("IPv4")).expect("it can begin");
    // What an event does that says writable; the kernel may have reasons for one that we do not know.
    rig.driver.socket(TOKEN).expect("it connects").is_blocked = false;
    rig.driver.writable.push_back(TOKEN);
    assert!(rig.driver.next().is_none());
    // There is room now, and the kernel knocks again after a second.
    listener.accept().expect("the filler waits");
    assert_eq!(rig.events(), [Event::Connected(TOKEN)]);
    drop(filler);
}

#[test]
fn who_is_detached_does_not_wait_for_an_event() {
    let mut rig = Rig::new();
    let _peer = rig.connect(TOKEN);
    rig.driver.waker().wake();
    assert_eq!(rig.events(), [Event::Woken]);
    rig.driver.detach(TOKEN);
    // If it did, this would never end.
    rig.driver.poll(None).expect("epoll waits");
    assert!(matches!(rig.driver.next(), Some(Completion::Detached(TOKEN, _))));
}

#[test]
fn a_waker_ends_a_wait_from_another_thread() {
    let mut rig = Rig::new();
    let waker = rig.driver.waker();
    let thread = std::thread::spawn(move || waker.wake());
    assert_eq!(rig.events(), [Event::Woken]);
    thread.join().expect("it woke the driver");
}
