//! More connections than anybody wants.

use super::tally;
use crate::client::{Client, request};
use crate::server::{Server, wait_for};
use std::thread;

pub(super) fn connect_reset(server: &Server) -> String {
    let address = server.address;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(move || {
                for number in 0..5_000 {
                    let mut client = Client::dial(address);
                    match number % 3 {
                        0 => {}
                        1 => client.write(&request("/echo").as_bytes()[..40]),
                        _ => client = client.upgrade("/echo"),
                    }
                    client.reset();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("it accepts");
    }
    "20000 × nothing".to_owned()
}

/// Those for whom there are descriptors are served; the others wait, and have their turn when some have gone.
pub(super) fn descriptors(server: &Server) -> String {
    let mut clients: Vec<Client> = (0..200).map(|_| Client::dial(server.address)).collect();
    wait_for("a server that cannot accept any more", || {
        server.has_said("no connection can be accepted").then_some(())
    });
    for client in &mut clients {
        client.write(request("/echo").as_bytes());
    }
    let talk = |mut client: Client| {
        assert_eq!(client.status(), 101);
        client.send(0x81, b"there");
        assert_eq!(client.frame(), (0x81, b"there".to_vec()));
    };
    let threads: Vec<_> =
        clients.into_iter().map(|client| thread::spawn(move || talk(client))).collect();
    for thread in threads {
        thread.join().expect("each has its turn");
    }
    tally(["its echo, in its turn"; 200])
}
