//! The server in five lines.

use super::PATIENCE;
use super::client::{Client, Told};
use sockeye::OnMessage;
use sockeye::protocol::{CloseCode, Message};
use sockeye::{Config, Server};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

#[test]
fn five_lines_echo() {
    // The port has to be known before, and no other test listens at this address of the loopback network.
    let [.., high, low] = std::process::id().to_be_bytes();
    let address = SocketAddr::from(([127, 83, high, low.max(1)], 8000));
    std::thread::spawn(move || {
        sockeye::serve(address, |connection, message| {
            let _closing_or_full = connection.send(message);
        })
    });
    await_listener(address);
    let mut client = Client::open(address, "/any/path");
    client.send("hello");
    assert_eq!(client.told(), Told::Text("hello".to_owned()));
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let taken = Server::bind("127.0.0.1:0", Config::default()).expect("a free port");
    let (sender, result) = channel();
    // In a thread, because it would serve for ever if it could.
    std::thread::spawn(move || {
        let _test_is_over = sender.send(sockeye::serve(taken.local_addr(), |_, _| {}));
    });
    let result = result.recv_timeout(PATIENCE).expect("it does not serve");
    assert_eq!(result.map_err(|error| error.kind()), Err(ErrorKind::AddrInUse));
}

#[test]
fn the_closure_is_shared_and_reaches_what_a_handler_reaches() {
    let counted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&counted);
    let handler = OnMessage::new(move |connection, message| {
        count.fetch_add(1, Ordering::Relaxed);
        match message {
            Message::Text("join") => assert!(connection.subscribe("all")),
            Message::Text("leave") => {
                connection.close(CloseCode::NORMAL, "bye").expect("it is open");
            }
            message => connection.worker().publish("all", message),
        }
    });
    let mut config = Config::default();
    config.workers = 2;
    let server = Server::bind("127.0.0.1:0", config).expect("a free port");
    let running = server.start(move |_worker| handler.clone()).expect("threads");
    let mut clients = [(); 8].map(|()| Client::open(running.local_addr(), "/"));
    for client in &mut clients {
        client.send("join");
        // The pong shows that what came before was handled.
        client.ping(b"");
        assert_eq!(client.told(), Told::Pong(Vec::new()));
    }
    clients[0].send("to all");
    for client in &mut clients {
        assert_eq!(client.text(), "to all");
    }
    clients[0].send("leave");
    assert_eq!(clients[0].told(), Told::Close(1000, "bye".to_owned()));
    assert_eq!(counted.load(Ordering::Relaxed), 8 + 2);
    running.remote().shut_down(Duration::ZERO);
    running.join().expect("no worker fails");
}

fn await_listener(address: SocketAddr) {
    let pause = Duration::from_millis(10);
    let attempts = PATIENCE.as_millis() / pause.as_millis();
    let is_there = (0..attempts).any(|_| {
        let is_there = TcpStream::connect(address).is_ok();
        if !is_there {
            std::thread::sleep(pause);
        }
        is_there
    });
    assert!(is_there, "nobody listens at {address}");
}
