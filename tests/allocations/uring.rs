//! The same over io_uring, where queues are in flight from one tick to another and come back with their memory.

use super::idle::{assert_idle_has_no_memory, assert_traffic_leaves_no_memory};
use super::*;
use sockeye::driver::Uring;

#[test]
fn an_idle_connection_has_no_memory_of_its_own() {
    assert_idle_has_no_memory(bench());
}

#[test]
fn after_traffic_of_every_kind_it_has_none_either() {
    assert_traffic_leaves_no_memory(bench());
}

fn bench() -> Bench<Uring> {
    bench_with(|_| ())
}

/// With what `edit` changes.
pub(super) fn bench_with(edit: impl FnOnce(&mut Config)) -> Bench<Uring> {
    Bench::on(|listener| Uring::new(Some(listener)).expect("descriptors"), edit)
}

/// Several, so that many queues come back before the first is needed again.
#[test]
fn echoing_messages_of_eight_connections_does_not_allocate() {
    assert_echoes_do_not_allocate(1000);
}

/// What they were received into is in flight, too.
#[test]
fn echoing_messages_of_16_kib_of_eight_connections_does_not_allocate() {
    assert_echoes_do_not_allocate(16 * 1024);
}

fn assert_echoes_do_not_allocate(size: usize) {
    const CONNECTIONS: usize = 8;
    let mut bench = bench();
    let address = bench.address;
    let clients = std::thread::spawn(move || {
        let mut clients: Vec<TcpStream> =
            (0..CONNECTIONS).map(|_| open(address, "/echo")).collect();
        let message = frame(&vec![b'm'; size]);
        let mut echo = vec![0; message.len() - 4];
        for _ in 0..WARM_UP + COUNTED {
            for client in &mut clients {
                client.write_all(&message).expect("the server reads");
            }
            for client in &mut clients {
                client.read_exact(&mut echo).expect("it comes back");
            }
        }
    });
    // How many are in flight at once is the kernel's choice, and each that was not before may need a place.
    let places = 2 * CONNECTIONS as u64;
    bench.count_up_to(places, (WARM_UP * CONNECTIONS, COUNTED * CONNECTIONS), clients);
}

#[test]
fn publishing_to_a_hundred_subscribers_does_not_allocate() {
    assert_fan_out_does_not_allocate(bench());
}
