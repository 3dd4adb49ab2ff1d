//! The same over io_uring, where queues are in flight from one tick to another and come back with their memory.

use super::*;
use sockeye::driver::Uring;

fn bench() -> Bench<Uring> {
    Bench::on(|listener| Uring::new(Some(listener)).expect("descriptors"), |_| ())
}

/// Several, so that many queues come back before the first is needed again.
#[test]
fn echoing_messages_of_eight_connections_does_not_allocate() {
    const CONNECTIONS: usize = 8;
    let mut bench = bench();
    let address = bench.address;
    let clients = std::thread::spawn(move || {
        let mut clients: Vec<TcpStream> =
            (0..CONNECTIONS).map(|_| open(address, "/echo")).collect();
        let message = frame(&[b'm'; 1000]);
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
