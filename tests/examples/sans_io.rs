//! The example without the loop: the protocol inside a tokio service.

use super::client::{Client, Told, get};
use super::program::Program;
use sockeye::protocol::CloseCode;

#[test]
fn messages_of_every_size_come_back() {
    let program = Program::run("sans_io");
    let mut client = Client::open(program.address, "/");
    // Within one read, over several, and large enough to be received into its own buffer.
    for size in [0, 5, 20_000, 100_000, 1024 * 1024] {
        let text = "x".repeat(size);
        client.send(&text);
        assert_eq!(client.told(), Told::Text(text));
    }
    client.send(&[7; 40_000]);
    assert_eq!(client.told(), Told::Binary(vec![7; 40_000]));
    client.ping(b"there?");
    assert_eq!(client.told(), Told::Pong(b"there?".to_vec()));
    assert_closes(&program, client);
}

#[test]
fn many_messages_in_one_packet_come_back_in_order() {
    let program = Program::run("sans_io");
    let mut client = Client::open(program.address, "/");
    let frame = [&[0x81, 0x82, 0, 0, 0, 0], b"hi".as_slice()].concat();
    client.write_raw(&frame.repeat(5000));
    for _ in 0..5000 {
        assert_eq!(client.text(), "hi");
    }
    assert_closes(&program, client);
}

#[test]
fn what_follows_the_request_in_the_same_packet_is_not_lost() {
    let program = Program::run("sans_io");
    let mut client = Client::open_followed_by(program.address, "/", b"\x81\x82\0\0\0\0hi");
    assert_eq!(client.text(), "hi");
    assert_closes(&program, client);
}

#[test]
fn a_broken_rule_is_told_and_ends_the_connection() {
    let program = Program::run("sans_io");
    for (frame, code) in [(b"\x81\x02hi".as_slice(), 1002), (b"\x81\x81\0\0\0\0\xff", 1007)] {
        let mut client = Client::open(program.address, "/");
        client.write_raw(frame);
        match client.told() {
            Told::Close(told, _) => assert_eq!(told, code),
            other => panic!("{other:?}"),
        }
        assert_eq!(client.told(), Told::End);
    }
}

#[test]
fn a_message_over_the_limit_is_refused_by_its_length() {
    let program = Program::run("sans_io");
    let mut client = Client::open(program.address, "/");
    let size = (1024_u64 * 1024 + 1).to_be_bytes();
    client.write_raw(&[[0x82, 0x80 | 127].as_slice(), &size, &[0; 4]].concat());
    assert!(matches!(client.told(), Told::Close(1009, _)));
}

#[test]
fn a_plain_request_is_told_what_was_expected() {
    let program = Program::run("sans_io");
    let answer = get(program.address, "/");
    assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{answer}");
}

/// Ends with both close frames, and then the stream; the service says so.
fn assert_closes(program: &Program, mut client: Client) {
    client.close(CloseCode::NORMAL);
    assert_eq!(client.told(), Told::Close(1000, String::new()));
    assert_eq!(client.told(), Told::End);
    drop(client);
    let line = program.next_line();
    assert!(line.ends_with(": Ok(())"), "{line}");
}
