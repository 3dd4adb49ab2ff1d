//! Who does not take what it gets, or says nothing.

use super::tally;
use crate::client::{Client, frame};
use crate::server::{Server, wait_for};
use std::io::{ErrorKind, Read, Write};
use std::thread::sleep;
use std::time::Duration;

/// Writes a frame again and again until the server has taken nothing for a second, or `bytes_max` are written.
fn fill(clients: &mut [Client], frame: &[u8], bytes_max: usize) -> Vec<Filled> {
    let mut filled: Vec<Filled> = clients.iter().map(|_| Filled::default()).collect();
    for client in clients.iter() {
        client.stream.set_nonblocking(true).expect("an open socket");
    }
    let mut rounds_without = 0;
    while rounds_without < 100 {
        let mut has_moved = false;
        for (client, filled) in clients.iter_mut().zip(&mut filled) {
            while filled.bytes < bytes_max {
                match client.stream.write(&frame[filled.bytes % frame.len()..]) {
                    Ok(size) => filled.bytes += size,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("the server ends a connection that may go on: {error}"),
                }
                has_moved = true;
            }
        }
        rounds_without = if has_moved { 0 } else { rounds_without + 1 };
        sleep(Duration::from_millis(10));
    }
    for client in clients.iter() {
        client.stream.set_nonblocking(false).expect("an open socket");
    }
    filled
}

#[derive(Default)]
struct Filled {
    bytes: usize,
}

/// Its echo waits up to a bound, then it is not read from, and in the end it is given up.
pub(super) fn echo(server: &Server) -> String {
    let mut clients: Vec<Client> =
        (0..20).map(|_| Client::dial_narrow(server.address).upgrade("/echo")).collect();
    let filled = fill(&mut clients, &frame(0x82, &[7; 64 << 10]), 16 << 20);
    assert!(filled.iter().all(|filled| filled.bytes < 16 << 20), "it takes all and gives nothing");
    for client in &clients {
        let end = wait_for("an end of who reads nothing", || {
            client.stream.take_error().expect("a socket has one or none")
        });
        assert_eq!(end.kind(), ErrorKind::ConnectionReset);
    }
    tally(["a reset after 30 s"; 20])
}

/// It costs what may wait for a subscriber, and is told.
pub(super) fn topic(server: &Server) -> String {
    let mut clients: Vec<Client> =
        (0..50).map(|_| Client::dial_narrow(server.address).upgrade("/topic/flood")).collect();
    let mut witness = Client::open(server.address, "/topic/flood");
    let mut publisher = Client::open(server.address, "/topic/flood");
    for number in 0..512_u32 {
        publisher.send(0x82, &[number.to_be_bytes().as_slice(), &[7; (64 << 10) - 4]].concat());
        let (first, payload) = witness.frame();
        assert_eq!((first, &payload[..4]), (0x82, number.to_be_bytes().as_slice()), "who reads");
    }
    let codes: Vec<u16> = clients.iter_mut().map(Client::close_code).collect();
    assert!(codes.iter().all(|code| *code == 1013), "{codes:?}");
    tally(codes)
}

/// Each ping has its pong, so reading stops when they are not taken, and goes on when they are.
pub(super) fn pings(server: &Server) -> String {
    let mut clients: Vec<Client> =
        (0..20).map(|_| Client::dial_narrow(server.address).upgrade("/echo")).collect();
    let ping = frame(0x89, &[7; 125]);
    let filled = fill(&mut clients, &ping, 4 << 20);
    let pong = [[0x8A, 125].as_slice(), &[7; 125]].concat();
    let mut left: Vec<usize> = filled.iter().map(|filled| filled.bytes / ping.len()).collect();
    let pongs: usize = left.iter().sum();
    // In turns, because who reads nothing for too long is given up.
    while left.iter().any(|left| *left > 0) {
        for (client, left) in clients.iter_mut().zip(&mut left) {
            let count = (*left).min(500);
            let mut got = vec![0; count * pong.len()];
            client.stream.read_exact(&mut got).expect("pongs come");
            assert!(got.chunks(pong.len()).all(|got| got == pong));
            *left -= count;
        }
    }
    format!("{pongs} pongs, when they read")
}

/// They are asked once whether they are there, and then they are gone.
pub(super) fn silent(server: &Server) -> String {
    let mut clients: Vec<Client> =
        (0..500).map(|_| Client::open(server.address, "/echo")).collect();
    for client in &mut clients {
        assert_eq!(client.frame(), (0x89, Vec::new()), "a ping");
        assert!(client.try_frame().is_err(), "nothing follows the ping but the end");
    }
    tally(["a ping after 25 s and a reset after 35 s"; 500])
}
