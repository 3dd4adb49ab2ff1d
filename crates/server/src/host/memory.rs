//! What clients cost, with their connections: a hundred thousand of them, who come, subscribe and talk through bytes, to a worker
//! of the server on the simulated driver.
//!
//! What is counted is all that the worker's ticks leave allocated: engine, host, dialect and hub, spare capacity of tables and
//! what pools keep included. What the simulated network keeps is not; in its place comes what the driver on epoll does.

mod crowd;
mod uncounted;

use crowd::{CLIENTS, Crowd};

/// One crowd for all of it, because it takes a while to come.
#[test]
fn a_hundred_thousand_clients_are_small_before_and_after_traffic() {
    let mut crowd = Crowd::new();
    crowd.come();
    crowd.check(1, 0);
    let session = crowd.bytes() / CLIENTS + EPOLL_BYTES;
    report("a client with one subscription", session);
    assert!(session <= SESSION_BYTES_MAX, "{session} bytes");

    crowd.talk();
    let after = crowd.bytes() / CLIENTS + EPOLL_BYTES;
    report("the same after traffic", after);
    assert!(after <= SESSION_BYTES_MAX, "{after} bytes");
    // What is left is the worker's, for what comes next, and the channels': nothing of it is for each client.
    let left = (after - session) * CLIENTS;
    assert!(left <= SEND_QUEUES * QUEUE_BYTES + CHANNELS * PUBLICATION_BYTES, "{left} bytes");
    crowd.check(1, CHANNELS);

    let further = crowd.cost(|crowd| crowd.subscribe("plain", 1..=FURTHER)) / FURTHER;
    report("each of some further subscriptions", further);
    assert!(further <= SUBSCRIPTION_BYTES_MAX, "{further} bytes");

    // With and without presence, where the lists that subscriptions are in have room for both.
    let with = crowd.cost(|crowd| crowd.subscribe("present", 0..=0));
    let without = crowd.cost(|crowd| crowd.subscribe("plain", FURTHER + 1..=FURTHER + 1));
    let presence = with - without;
    report("an entry in presence", presence);
    assert!(presence <= PRESENCE_BYTES_MAX, "{presence} bytes");
    crowd.check(FURTHER + 3, CHANNELS);
}

#[expect(clippy::print_stdout, reason = "figures for whoever measures")]
fn report(what: &str, bytes: usize) {
    println!("{what}: {bytes} bytes");
}

/// Channels of each name; a hundred clients in each.
const CHANNELS: usize = 1000;
/// Subscriptions of a client beside the first.
const FURTHER: usize = 8;

/// What DESIGN.md, 5 aims at.
const SESSION_BYTES_MAX: usize = 640;
const SUBSCRIPTION_BYTES_MAX: usize = 96;
const PRESENCE_BYTES_MAX: usize = 200;

/// A connection's place in the table of the driver on epoll (`src/driver/epoll/socket.rs`), of which an eighth is unused.
const EPOLL_BYTES: usize = 18;

/// Send queues that a worker keeps at most (`src/worker/connections.rs`), with room for little, and what a channel keeps of a small
/// publication for those a little behind: about.
const SEND_QUEUES: usize = 4096;
const QUEUE_BYTES: usize = 512;
const PUBLICATION_BYTES: usize = 256;
