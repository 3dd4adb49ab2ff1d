//! WebSockets of ours that are open.

use super::{Noted, Order, Scripted, Staged, accept_answer};
use sockeye::protocol::{Message, Prepared};
use std::collections::HashSet;

#[test]
fn messages_of_all_sizes_come_back_from_a_worker_of_ours() {
    let worker = Staged::start(|_| {});
    let id = worker.open(worker.address);
    for size in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        let message: Vec<u8> = (0..size).map(|index| index as u8).collect();
        worker.order(Order::Send(id, message.clone()));
        assert!(worker.noted() == Noted::Message(message), "{size}");
    }
    worker.order(Order::Ping(id));
    assert_eq!(worker.noted(), Noted::Pong(b"there?".to_vec()));
    worker.remote.send(id, &Prepared::new("prepared")).expect("the worker runs");
    assert_eq!(worker.noted(), Noted::Message(b"prepared".to_vec()));
    worker.order(Order::Close(id));
    assert_eq!(worker.noted(), Noted::Closed(1000, "Local".to_owned()));
}

#[test]
fn each_frame_is_masked_with_a_key_of_its_own() {
    let (worker, server) = (Staged::start(|_| {}), Scripted::listen());
    worker.connect(server.address(), |_| {});
    let mut peer = server.accept();
    let answer = accept_answer(&peer.head());
    peer.write(answer);
    assert_eq!(worker.noted(), Noted::Accepted(None));
    let Noted::Opened(id) = worker.noted() else { panic!("it is open") };
    let mut keys = HashSet::new();
    for _ in 0..1000 {
        worker.order(Order::Send(id, b"the same".to_vec()));
        let prepared = Prepared::new(Message::Binary(b"the same"));
        worker.remote.send(id, &prepared).expect("the worker runs");
        for _ in 0..2 {
            let (first, key, payload) = peer.frame();
            assert_eq!((first, payload.as_slice()), (0x82, b"the same".as_slice()));
            keys.insert(key);
        }
    }
    // Two of two thousand are the same once in two thousand times; ten never.
    assert!(keys.len() > 1990, "{}", keys.len());
    peer.write(b"\x89\x01x");
    assert_eq!(peer.frame().2, b"x", "a pong, masked");
    peer.write(b"\x88\x02\x03\xE8");
    assert_eq!(peer.frame().0, 0x88);
    assert_eq!(worker.noted(), Noted::Closed(1000, "Peer".to_owned()));
}

#[test]
fn thousands_of_them_live_in_one_worker() {
    let worker = Staged::start(|_| {});
    let count = 2000;
    worker.order(Order::ConnectToItself(count));
    let (mut ids, mut echoes) = (Vec::new(), 0);
    while echoes < count {
        match worker.noted() {
            Noted::Accepted(None) => {}
            Noted::Opened(id) => {
                ids.push(id);
                worker.remote.send(id, &Prepared::new("hello")).expect("the mailbox has room");
            }
            Noted::Message(message) => {
                assert_eq!(message, b"hello");
                echoes += 1;
            }
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert_eq!(ids.len(), count);
}

#[test]
fn a_large_message_is_received_into_its_own_buffer() {
    let worker = Staged::start(|config| {
        config.message_bytes_max = 16 << 20;
        config.send_queue_bytes_max = 64 << 20;
    });
    worker.connect(worker.address, |config| config.message_bytes_max = 16 << 20);
    assert_eq!(worker.noted(), Noted::Accepted(None));
    let Noted::Opened(id) = worker.noted() else { panic!("it is open") };
    let message = vec![7; 16 << 20];
    worker.order(Order::Send(id, message.clone()));
    assert!(worker.noted() == Noted::Message(message));
}
