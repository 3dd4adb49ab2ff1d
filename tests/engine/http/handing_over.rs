//! Requests that another worker answers.

use super::{Client, Noted, Staged};

#[test]
fn a_request_goes_to_the_worker_that_it_is_for_wherever_it_arrived() {
    let server = Staged::start(|_| {});
    // The kernel spreads them over both workers.
    for _ in 0..32 {
        let mut client = Client::dial(server.address);
        assert_eq!(client.get("/other").text(), "worker 1\n");
        assert_eq!(client.get("/worker").text(), "worker 1\n", "it stays there");
    }
}

#[test]
fn what_was_pipelined_goes_along_and_answers_keep_their_order() {
    let server = Staged::start(|_| {});
    for _ in 0..32 {
        let mut client = Client::dial(server.address);
        client.write("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /other HTTP/1.1\r\nHost: a\r\n\r\nPOST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
        client.write("lloGET /worker HTTP/1.1\r\nHost: a\r\n\r\n");
        for expected in ["this is /a\n", "worker 1\n", "hello", "worker 1\n"] {
            assert_eq!(client.answer().text(), expected);
        }
    }
}

#[test]
fn a_websocket_opens_at_the_other_worker_with_the_frames_that_came_along() {
    let server = Staged::start(|_| {});
    for _ in 0..16 {
        let mut client = Client::dial(server.address);
        let upgrade = "GET /other-echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        client.write([upgrade.as_bytes(), b"\x81\x82\0\0\0\0hi"].concat());
        assert_eq!(client.head().status, 101);
        assert_eq!(client.take(4), b"\x81\x02hi");
        assert_eq!(server.opened().worker().0, 1);
        assert_eq!(server.noted(), Noted::Message(b"hi".to_vec()));
        client.write(b"\x88\x80\0\0\0\0");
        assert!(matches!(server.noted(), Noted::Closed(_)));
    }
}

#[test]
fn a_hand_over_to_nobody_or_back_and_forth_is_500() {
    let server = Staged::start(|_| {});
    for path in ["/nowhere", "/ping-pong"] {
        let mut client = Client::dial(server.address);
        assert_eq!(client.get(path).status, 500);
        assert_eq!(client.get("/a").text(), "this is /a\n");
    }
}
