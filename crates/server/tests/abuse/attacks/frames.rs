//! Frames of the unpleasant sort.

use super::tally;
use crate::client::{Client, KEY, header};
use crate::server::Server;
use std::thread;

pub(super) fn one_byte(server: &Server) -> String {
    let text = "one byte after the other, until there are two hundred ".repeat(4);
    let request = crate::client::request("/echo");
    let frame = crate::client::frame(0x81, text.as_bytes());
    let mut clients: Vec<Client> = (0..20).map(|_| Client::dial(server.address)).collect();
    for byte in request.bytes().chain(frame) {
        clients.iter_mut().for_each(|client| client.write(&[byte]));
    }
    for client in &mut clients {
        assert_eq!(client.status(), 101);
        assert_eq!(client.frame(), (0x81, text.clone().into_bytes()));
    }
    tally(clients.iter().map(|_| "its echo"))
}

/// Ten messages of a million fragments, and one of more bytes than a message may have.
pub(super) fn tiny_fragments(server: &Server) -> String {
    let address = server.address;
    let talk = move |fragments: usize| {
        let mut client = Client::open(address, "/echo");
        let mut fragment = header(0x00, 1);
        fragment.push(b'x' ^ KEY[0]);
        let many = fragment.repeat(10_000);
        client.send(0x01, b"x");
        for _ in 0..fragments / 10_000 {
            if !client.write_while_taken(&many) {
                break;
            }
        }
        client
    };
    let threads: Vec<_> = (0..10)
        .map(|_| {
            thread::spawn(move || {
                let mut client = talk(999_990);
                for _ in 0..9_998 {
                    client.send(0x00, b"x");
                }
                client.send(0x80, b"x");
                let (first, payload) = client.frame();
                assert_eq!((first, payload.len()), (0x81, 1_000_000));
                assert!(payload.iter().all(|byte| *byte == b'x'));
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("each is served");
    }
    let code = talk(1_050_000).close_code();
    assert_eq!(code, 1009);
    format!("10 × its echo, 1 × {code}")
}

pub(super) fn empty_fragments(server: &Server) -> String {
    let address = server.address;
    let threads: Vec<_> = (0..5)
        .map(|_| {
            thread::spawn(move || {
                let mut client = Client::open(address, "/echo");
                client.send(0x01, b"");
                let many = header(0x00, 0).repeat(10_000);
                (0..100).for_each(|_| client.write(&many));
                client.send(0x80, b"");
                assert_eq!(client.frame(), (0x81, Vec::new()));
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("each is served");
    }
    tally(["its echo"; 5])
}

/// A length is only a claim: what is too long is refused by its header, and what is not gets no memory before it arrives.
pub(super) fn lengths(server: &Server) -> String {
    let claims = [
        ((1 << 20) + 1, Some(1009)),
        (1 << 32, Some(1009)),
        (1 << 62, Some(1009)),
        (i64::MAX as u64, Some(1009)),
        (1 << 63, Some(1002)),
        (u64::MAX, Some(1002)),
        (1 << 20, None),
    ];
    let mut answers = Vec::new();
    let mut waiting = Vec::new();
    for number in 0..300 {
        let mut client = Client::open(server.address, "/echo");
        let (claim, expected) = claims[number % claims.len()];
        client.write(&header(0x82, claim));
        client.write(&[0; 1000]);
        match expected {
            Some(code) => {
                assert_eq!(client.close_code(), code, "a claim of {claim}");
                answers.push(code.to_string());
            }
            None => {
                answers.push("nothing yet".to_owned());
                waiting.push(client);
            }
        }
    }
    tally(answers)
}

/// What is inflated is bounded like any message.
pub(super) fn bomb(server: &Server) -> String {
    let bomb = miniz_oxide::deflate::compress_to_vec(&vec![0; 30 << 20], 9);
    assert!(bomb.len() < (30 << 20) / 900, "{} bytes are no bomb", bomb.len());
    let bomb = crate::client::frame(0xC2, &bomb);
    let mut clients: Vec<Client> =
        (0..200).map(|_| Client::open_compressed(server.address, "/echo")).collect();
    clients.iter_mut().for_each(|client| client.write(&bomb[..bomb.len() - 1]));
    clients.iter_mut().for_each(|client| client.write(&bomb[bomb.len() - 1..]));
    let codes: Vec<u16> = clients.iter_mut().map(Client::close_code).collect();
    assert!(codes.iter().all(|code| *code == 1009), "{codes:?}");
    tally(codes)
}

/// Messages within every limit, of which one read brings sixty: little input that is much to inflate.
pub(super) fn inflating(server: &Server) -> String {
    let address = server.address;
    let zeros = miniz_oxide::deflate::compress_to_vec(&vec![0; 1 << 20], 9);
    let message = crate::client::frame(0xC2, &zeros);
    let threads: Vec<_> = (0..10)
        .map(|_| {
            let many = message.repeat(INFLATED_AT_ONCE);
            thread::spawn(move || {
                let mut client = Client::open_compressed(address, "/echo");
                for _ in 0..4 {
                    client.write(&many);
                    for _ in 0..INFLATED_AT_ONCE {
                        let (first, payload) = client.frame();
                        assert_eq!(first, 0xC2, "compressed again");
                        assert!(payload.len() < 1 << 14, "{} bytes", payload.len());
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("each is served");
    }
    tally(["its 240 echoes"; 10])
}

const INFLATED_AT_ONCE: usize = 60;
