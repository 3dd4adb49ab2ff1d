//! Responses whose bodies come into being while they are sent.

use super::{Client, Mail, Noted, Staged};
use sockeye::protocol::CloseCode;

#[test]
fn each_send_is_a_chunk_and_the_end_lets_the_next_request_follow() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    let id = server.opened();
    let head = client.head();
    assert_eq!((head.status, head.header("transfer-encoding")), (200, Some("chunked")));
    assert_eq!(
        (head.header("content-type"), head.header("content-length")),
        (Some("text/plain"), None)
    );
    for piece in ["one", "two"] {
        assert!(server.send(id, piece));
        assert_eq!(client.chunk(), Some(piece.into()));
    }
    assert!(server.send(id, Vec::new()));
    assert!(server.send(id, b"three".to_vec()));
    server.mail(id, Mail::Close(id, CloseCode::NORMAL));
    assert_eq!(client.chunk(), Some(b"three".to_vec()), "nothing is no chunk");
    assert_eq!(client.chunk(), None);
    assert_eq!(server.noted(), Noted::Closed("/stream 1000 Local".to_owned()));
    assert_eq!(client.answer().text(), "this is /next\n");
}

#[test]
fn a_client_of_http_1_0_gets_the_bytes_as_they_are() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /topic HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let id = server.opened();
    let head = client.head();
    assert_eq!(
        (head.header("connection"), head.header("transfer-encoding")),
        (Some("close"), None)
    );
    assert!(server.send(id, b"one ".to_vec()));
    server.mail(id, Mail::Publish(b"two".to_vec()));
    assert_eq!(client.take(7), b"one two");
    server.mail(id, Mail::Close(id, CloseCode::NORMAL));
    client.expect_end();
}

#[test]
fn a_stream_that_is_cut_off_does_not_end_like_a_whole_one() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    let id = server.opened();
    client.head();
    assert!(server.send(id, b"one".to_vec()));
    server.mail(id, Mail::Close(id, CloseCode::INTERNAL_ERROR));
    assert_eq!(client.rest(), "3\r\none\r\n", "no last chunk");
    assert_eq!(server.noted(), Noted::Closed("/stream 1006 Local".to_owned()));
}

#[test]
fn streams_and_websockets_get_the_same_publications() {
    let server = Staged::start(|_| {});
    let mut streams: Vec<Client> = (0..4).map(|_| Client::dial(server.address)).collect();
    let mut last = None;
    for client in &mut streams {
        client.write("GET /topic HTTP/1.1\r\nHost: a\r\n\r\n");
        client.head();
        last = Some(server.opened());
    }
    let mut socket = Client::dial(server.address);
    socket.write(
        "GET /wait HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    let id = server.waiting();
    server.mail(id, Mail::Reply(id, || sockeye::Reply::upgrade(super::Kept::at("/topic"))));
    server.opened();
    socket.head();
    let last = last.expect("four were opened");
    server.mail(last, Mail::Publish(b"news".to_vec()));
    for client in &mut streams {
        assert_eq!(client.chunk(), Some(b"news".to_vec()));
    }
    assert_eq!(socket.take(6), b"\x82\x04news");
}

#[test]
fn a_client_that_leaves_is_told_of() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    server.opened();
    client.head();
    client.end();
    assert_eq!(server.noted(), Noted::Closed("/stream 1006 Lost".to_owned()));
}

#[test]
fn a_client_that_takes_nothing_fills_its_queue_and_no_more() {
    let server = Staged::start(|config| config.when_full = sockeye::WhenFull::Refuse);
    let mut client = Client::dial(server.address);
    client.write("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    let id = server.opened();
    client.head();
    let chunk = vec![b'x'; 512 * 1024];
    let accepted = (0..64).filter(|_| server.send(id, chunk.as_slice())).count();
    // The queue holds eight; the sockets some more.
    assert!((8..32).contains(&accepted), "{accepted}");
    for _ in 0..accepted {
        assert_eq!(client.chunk().map(|chunk| chunk.len()), Some(chunk.len()));
    }
    assert_eq!(server.noted(), Noted::Drained);
    assert!(server.send(id, "more"));
    assert_eq!(client.chunk(), Some(b"more".to_vec()));
}

#[test]
fn a_shutdown_ends_a_stream_in_order() {
    let server = Staged::start(|_| {});
    let mut client = Client::dial(server.address);
    client.write("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    server.opened();
    client.head();
    server.remote.shut_down(super::PATIENCE);
    assert_eq!(client.chunk(), None);
    client.expect_end();
    assert_eq!(server.noted(), Noted::Closed("/stream 1000 Local".to_owned()));
}
