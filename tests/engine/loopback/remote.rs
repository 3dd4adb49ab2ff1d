//! A server from outside its handlers: other threads, several workers, and the end of it all.

use super::{Client, Noted, Served, TEXT, serve};
use sockeye::handler::CloseCause;
use sockeye::protocol::{CloseCode, Prepared};
use sockeye::{ConnectionId, RemoteError, WorkerId};
use std::time::Duration;

const WORKERS: u16 = 3;

/// A server with several workers, and a client on each of them.
fn serve_on_several_workers() -> (Served, Vec<(ConnectionId, Client)>) {
    let server = serve(|config| config.workers = usize::from(WORKERS));
    let mut clients: Vec<(ConnectionId, Client)> = Vec::new();
    // The kernel spreads connections over the workers by a hash of their addresses.
    for number in 0..1000 {
        let path = format!("/{number}");
        let mut client = Client::open(server.address, &path);
        let id = server.log.wait_for_open(&path);
        if clients.iter().all(|(other, _)| other.worker() != id.worker()) {
            client.say("subscribe news");
            client.say("echo subscribed");
            assert_eq!(client.text(), "subscribed");
            clients.push((id, client));
        }
        if clients.len() == usize::from(WORKERS) {
            return (server, clients);
        }
    }
    panic!("a worker gets no connections");
}

#[test]
fn a_message_is_sent_to_one_connection_wherever_it_is() {
    let (server, mut clients) = serve_on_several_workers();
    assert_eq!(server.remote.workers(), usize::from(WORKERS));
    for (id, client) in &mut clients {
        let message = Prepared::new("for you");
        server.remote.send(*id, &message).expect("there is room");
        assert_eq!(client.text(), "for you");
    }
    // Who is gone gets nothing, and nobody is disturbed.
    let (gone, mut client) = clients.remove(0);
    client.close(1000);
    client.expect_close(1000);
    client.expect_end();
    server.log.wait_for(&Noted::Closed(1000, CloseCause::Peer));
    server.remote.send(gone, &Prepared::new("late")).expect("there is room");
    server.remote.publish("news", &Prepared::new("later")).expect("there is room");
    for (_, client) in &mut clients {
        assert_eq!(client.text(), "later");
    }
}

#[test]
fn what_is_published_reaches_the_subscribers_on_all_workers() {
    let (server, mut clients) = serve_on_several_workers();
    let message = Prepared::new([1, 2, 3].as_slice());
    let remote = server.remote.clone();
    std::thread::spawn(move || remote.publish("news", &message))
        .join()
        .expect("no panic")
        .expect("there is room");
    for (_, client) in &mut clients {
        assert_eq!(client.frame(), (super::BINARY, vec![1, 2, 3]));
    }
    // A handler's publication goes everywhere except to the connection it was made for.
    clients[0].1.say("publish news hello");
    for (_, client) in &mut clients[1..] {
        assert_eq!(client.frame(), (TEXT, b"hello".to_vec()));
    }
    clients[0].1.say("echo next");
    assert_eq!(clients[0].1.text(), "next");
    // What was prepared goes to everybody, whoever caused it.
    clients[0].1.say("publish-prepared news again");
    for (_, client) in &mut clients {
        assert_eq!(client.text(), "again");
    }
}

#[test]
fn mail_arrives_from_other_threads_and_from_other_workers() {
    let (server, mut clients) = serve_on_several_workers();
    for number in 0..WORKERS {
        let text = format!("outside-{number}");
        server.remote.mail(WorkerId(number), text.clone()).expect("there is room");
        server.log.wait_for(&Noted::Mail(WorkerId(number), text));
    }
    for (index, (_, client)) in clients.iter_mut().enumerate() {
        for number in 0..WORKERS {
            let text = format!("inside-{index}-{number}");
            client.say(&format!("mail {number} {text}"));
            server.log.wait_for(&Noted::Mail(WorkerId(number), text));
        }
    }
    let nowhere = server.remote.mail(WorkerId(WORKERS), String::new());
    assert_eq!(nowhere, Err(RemoteError::Gone));
}

#[test]
fn a_connection_is_closed_from_another_thread() {
    let (server, mut clients) = serve_on_several_workers();
    for (id, client) in &mut clients {
        let code = CloseCode::new(4001);
        server.remote.close(*id, code, "enough").expect("there is room");
        assert_eq!(client.expect_close(4001), "enough");
        client.close(4001);
        client.expect_end();
    }
}

#[test]
fn shutting_down_tells_everybody_and_ends_when_all_have_gone() {
    let (server, clients) = serve_on_several_workers();
    let mut half = Client::dial(server.address);
    // Who has an answer was accepted.
    half.write(b"HEAD /refuse HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(half.head().starts_with("HTTP/1.1 403"));
    half.write(b"GET / HTTP/1.1\r\n");
    let mut late = Client::open(server.address, "/late");
    late.say("flood 20 100000");
    server.log.wait(|noted| matches!(noted, Noted::Flooded { .. }).then_some(()));
    server.remote.shut_down(Duration::from_secs(60));
    for (_, mut client) in clients {
        assert_eq!(client.expect_close(1001), "the server shuts down");
        client.close(1001);
        client.expect_end();
    }
    half.expect_end();
    // Nobody new is left waiting: the address is free, while some are still here.
    assert!(std::net::TcpStream::connect(server.address).is_err());
    // What was queued before still arrives.
    let arrived = std::iter::from_fn(|| match late.frame() {
        (super::BINARY, _) => Some(()),
        _ => None,
    });
    assert_eq!(arrived.count(), 20);
    late.close(1001);
    late.expect_end();
    drop(late);
    let remote = server.remote.clone();
    drop(half);
    server.join();
    assert_eq!(remote.mail(WorkerId(0), String::new()), Err(RemoteError::Gone));
}

#[test]
fn whoever_does_not_leave_in_time_is_reset() {
    // Not the deadline of the closing handshake.
    let server = serve(|config| config.close_timeout = Duration::from_secs(600));
    // Whoever was accepted before the next one was.
    let mut silent = Client::dial(server.address);
    let mut stubborn = Client::open(server.address, "/");
    server.remote.shut_down(Duration::from_millis(200));
    stubborn.expect_close(1001);
    stubborn.expect_reset();
    silent.expect_end();
    server.join();
}

#[test]
fn a_server_without_connections_ends_at_once() {
    let server = serve(|config| config.workers = 2);
    server.remote.shut_down(Duration::from_secs(3600));
    server.join();
}
