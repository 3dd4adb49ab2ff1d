//! Messages there and back, in every size class and however they are cut.

use super::client::request;
use super::{BINARY, Client, FINAL, TEXT, frame, serve};
use sockeye::Server;
use std::io::ErrorKind;

#[test]
fn every_size_class_comes_back_as_text_and_as_binary() {
    let server = serve(|_| {});
    let mut client = Client::open(server.address, "/echo");
    for size in [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20] {
        let text = "é".repeat(size / 2) + &"x".repeat(size % 2);
        client.say(&text);
        assert!(client.text() == text, "text of {size} bytes");
        let bytes: Vec<u8> = (0..size).map(|index| (index * 7) as u8).collect();
        client.send(BINARY, &bytes);
        assert!(client.frame() == (BINARY, bytes), "binary of {size} bytes");
    }
}

#[test]
fn a_message_over_the_limit_is_refused_with_1009_before_it_is_sent() {
    let server = serve(|config| config.message_bytes_max = 1000);
    let mut client = Client::open(server.address, "/echo");
    client.send(BINARY, &[1; 1000]);
    assert_eq!(client.frame(), (BINARY, vec![1; 1000]));
    // Only the header of the next one; what it announces never comes.
    client.write(&frame(FINAL | BINARY, &[1; 1001])[..8]);
    assert_eq!(client.expect_close(1009), "message is larger than this endpoint accepts");
    client.expect_end();
}

#[test]
fn fragments_together_over_the_limit_are_refused_with_1009() {
    let server = serve(|config| config.message_bytes_max = 1000);
    let mut client = Client::open(server.address, "/echo");
    client.write(&frame(BINARY, &[1; 600]));
    client.write(&frame(FINAL, &[1; 401]));
    client.expect_close(1009);
    client.expect_end();
}

#[test]
fn frames_right_behind_the_request_are_not_lost() {
    let server = serve(|_| {});
    let mut client = Client::dial(server.address);
    let mut packet = request("/echo").into_bytes();
    for number in 0..100 {
        packet.extend(frame(FINAL | TEXT, format!("number {number}").as_bytes()));
    }
    packet.truncate(packet.len() - 3);
    client.write(&packet);
    client.expect_upgrade();
    for number in 0..99 {
        assert_eq!(client.text(), format!("number {number}"));
    }
    client.write(&frame(FINAL | TEXT, b"number 99")[6 + 6..]);
    assert_eq!(client.text(), "number 99");
}

#[test]
fn a_conversation_that_arrives_byte_by_byte_is_the_same_conversation() {
    let server = serve(|_| {});
    let mut client = Client::dial(server.address);
    let mut bytes = request("/echo").into_bytes();
    bytes.extend(frame(TEXT, "Stra".as_bytes()));
    bytes.extend(frame(FINAL, "ße".as_bytes()));
    bytes.extend(frame(FINAL | BINARY, &[9; 300]));
    for byte in bytes {
        client.write(&[byte]);
    }
    client.expect_upgrade();
    assert_eq!(client.text(), "Straße");
    assert_eq!(client.frame(), (BINARY, vec![9; 300]));
}

#[test]
fn many_messages_in_flight_come_back_in_their_order() {
    let server = serve(|_| {});
    let mut client = Client::open(server.address, "/echo");
    let messages: Vec<Vec<u8>> =
        (0..600_usize).map(|number| vec![number as u8; number * number % 20_000]).collect();
    let mut bytes = Vec::new();
    for message in &messages {
        bytes.extend(frame(FINAL | BINARY, message));
    }
    let mut second = client.clone_to_write();
    let writer = std::thread::spawn(move || second.write(&bytes));
    for message in &messages {
        assert!(client.frame() == (BINARY, message.clone()));
    }
    writer.join().expect("the writer writes");
}

#[test]
fn a_second_server_on_the_same_address_is_refused() {
    let server = serve(|_| {});
    let refused = Server::bind(server.address, sockeye::Config::default());
    assert_eq!(refused.map_err(|error| error.kind()).err(), Some(ErrorKind::AddrInUse));
    Client::open(server.address, "/echo").expect_echo("undisturbed");
    drop(server);
}

#[test]
fn an_address_can_be_used_again_right_after_a_server_ended() {
    let server = serve(|_| {});
    let address = server.address;
    let mut client = Client::open(address, "/echo");
    client.expect_echo("first");
    drop(server);
    client.expect_reset();
    let again = Server::bind(address, sockeye::Config::default());
    assert!(again.is_ok(), "{again:?}");
}
