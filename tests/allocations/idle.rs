//! What an idle connection costs in user space, before and after traffic: its places in the tables of the worker and of the
//! driver, whose sizes are asserted where they are defined (156 bytes in a release build on epoll, 176 on io_uring), and
//! nothing besides.

use super::{Bench, frame, open};
use allocation_counter::measure;
use sockeye::driver::Driver;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::thread::spawn;

#[test]
fn an_idle_connection_has_no_memory_of_its_own() {
    assert_idle_has_no_memory(Bench::new());
}

#[test]
fn after_traffic_of_every_kind_it_has_none_either() {
    assert_traffic_leaves_no_memory(Bench::new());
}

pub(super) fn assert_idle_has_no_memory(bench: Bench<impl Driver>) {
    assert_no_bytes(bench, 1, |client| echo(client, 10));
}

pub(super) fn assert_traffic_leaves_no_memory(bench: Bench<impl Driver>) {
    // Whole in one read; over several reads; into its own buffer; fragments that end in another read; a control frame in
    // two pieces.
    assert_no_bytes(bench, 6, |client| {
        for size in [10, 1000, 20_000, 300_000] {
            echo(client, size);
        }
        let pieces: [(&[u8], usize); 4] = [
            (b"\x01\x83\0\0\0\0abc\x80", 0),
            (b"\x83\0\0\0\0def", 2 + 6),
            (b"\x89\x84\0\0\0\0pi", 0),
            (b"ng", 2 + 4),
        ];
        for (piece, answer) in pieces {
            client.write_all(piece).expect("the server reads");
            client.read_exact(&mut vec![0; answer]).expect("it answers");
        }
        echo(client, 10);
    });
}

fn echo(client: &mut TcpStream, size: usize) {
    let message = frame(&vec![b'm'; size]);
    client.write_all(&message).expect("the server reads");
    // A server's frames are not masked.
    client.read_exact(&mut vec![0; message.len() - 4]).expect("it comes back");
}

/// Opens connections one after the other and lets each `talk`, that many messages. Those that come when as many are there
/// must leave nothing behind. One more says when all is over: an answer may need the turn after the one that queued it.
#[track_caller]
fn assert_no_bytes(mut bench: Bench<impl Driver>, messages: usize, talk: fn(&mut TcpStream)) {
    let address = bench.address;
    let (done, counted) = channel::<()>();
    let clients = spawn(move || {
        let mut bell = open(address, "/echo");
        echo(&mut bell, 10);
        let open_one = |_| {
            let mut client = open(address, "/echo");
            talk(&mut client);
            client
        };
        let clients: Vec<TcpStream> = (0..2 * CONNECTIONS).map(open_one).collect();
        bell.write_all(&frame(b"all is over")).expect("the server reads");
        let _counted = counted.recv();
        drop(clients);
    });
    bench.serve(1 + messages * CONNECTIONS);
    let kept = measure(|| bench.serve(1 + messages * 2 * CONNECTIONS + 1)).bytes_current;
    assert_eq!(bench.worker.connections(), 1 + 2 * CONNECTIONS);
    assert!(kept < CONNECTIONS as i64, "{kept} bytes for {CONNECTIONS} connections");
    drop(done);
    clients.join().expect("all of them were answered");
}

const CONNECTIONS: usize = 128;
