//! Compressed messages: nothing is allocated for one either, and a connection keeps no more than its budget.

use super::{Bench, COUNTED, WARM_UP, frame, open, open_with};
use allocation_counter::measure;
use sockeye::Config;
use sockeye::driver::Driver;
use sockeye::protocol::deflate::{
    Agreement, Budget, Compressor, DeflateConfig, DeflateMode, Inflater,
};
use sockeye::protocol::{Connection, Event, Input, Message, Role};
use std::io::{Read, Write};
use std::net::TcpStream;

const MODES: [DeflateMode; 3] = [
    DeflateMode::Shared,
    DeflateMode::Dedicated { bytes: 8 * 1024 },
    DeflateMode::Dedicated { bytes: 512 * 1024 },
];
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

#[test]
fn echoing_compressed_messages_does_not_allocate() {
    for mode in MODES {
        assert_echoes_do_not_allocate(Bench::with(deflating(mode)));
        #[cfg(feature = "uring")]
        assert_echoes_do_not_allocate(super::uring::bench_with(deflating(mode)));
    }
}

fn deflating(mode: DeflateMode) -> impl FnOnce(&mut Config) {
    move |config| config.deflate = DeflateConfig::new(mode)
}

fn assert_echoes_do_not_allocate(mut bench: Bench<impl Driver>) {
    let address = bench.address;
    let client = std::thread::spawn(move || {
        let mut client = open_with(address, "/echo", OFFER);
        // "Hello", a hundred times, in one block that refers to nothing before.
        let payload = miniz_oxide::deflate::compress_to_vec(&b"Hello".repeat(100), 6);
        let mut frame = vec![0xC2, 0x80 | payload.len() as u8, 0, 0, 0, 0];
        frame.extend_from_slice(&payload);
        let mut header = [0; 2];
        let mut echo = [0; 125];
        for _ in 0..WARM_UP + COUNTED {
            client.write_all(&frame.repeat(3)).expect("the server reads");
            for _ in 0..3 {
                client.read_exact(&mut header).expect("it comes back");
                assert_eq!(header[0], 0xC2, "compressed");
                let echo = &mut echo[..usize::from(header[1])];
                client.read_exact(echo).expect("it comes back");
            }
        }
    });
    bench.count(WARM_UP * 3, COUNTED * 3, client);
}

#[test]
fn publishing_to_subscribers_that_take_it_compressed_does_not_allocate() {
    for mode in MODES {
        assert_publications_do_not_allocate(Bench::with(deflating(mode)));
        #[cfg(feature = "uring")]
        assert_publications_do_not_allocate(super::uring::bench_with(deflating(mode)));
    }
}

fn assert_publications_do_not_allocate(mut bench: Bench<impl Driver>) {
    let address = bench.address;
    let clients = std::thread::spawn(move || {
        let mut publisher = open(address, "/topic");
        let mut subscribers: Vec<TcpStream> =
            (0..100).map(|_| open_with(address, "/topic", OFFER)).collect();
        let news = frame(&b"news".repeat(50));
        let mut header = [0; 2];
        let mut arrived = [0; 125];
        for _ in 0..WARM_UP + COUNTED {
            publisher.write_all(&news).expect("the server reads");
            for subscriber in &mut subscribers {
                subscriber.read_exact(&mut header).expect("it arrives");
                assert_eq!(header[0], 0xC2, "compressed");
                let arrived = &mut arrived[..usize::from(header[1])];
                subscriber.read_exact(arrived).expect("it arrives");
            }
        }
    });
    bench.count(WARM_UP, COUNTED, clients);
}

#[test]
fn a_connection_keeps_no_more_than_its_budget() {
    for bytes in [1024, 4096, 8192, 65_536, 200_000, 256 * 1024, 512 * 1024, 1 << 20] {
        let config = DeflateConfig::new(DeflateMode::Dedicated { bytes });
        let budget = Budget::new(bytes);
        let agreement = Agreement {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: budget.receiving_window_bits(),
        };
        let (mut compressor, mut inflater) = (Compressor::new(), Inflater::new());
        // What the thread shares is there before anything is counted, and the other side is not.
        let frames = frames(&agreement, &config, &mut compressor);
        drop(converse(&agreement, &config, &frames, &mut compressor, &mut inflater));
        let mut server = None;
        let kept = measure(|| {
            let conversed = converse(&agreement, &config, &frames, &mut compressor, &mut inflater);
            server = Some(conversed);
        });
        let kept = kept.bytes_current as usize;
        assert!(kept <= bytes + FIELDS, "{kept} bytes with a budget of {bytes}: {budget:?}");
        // And what was paid for is used.
        assert!(kept * 2 > budget.bytes(), "{kept} bytes of {budget:?}");
    }
}

/// What a client sends.
fn frames(
    agreement: &Agreement,
    config: &DeflateConfig,
    compressor: &mut Compressor,
) -> Vec<Vec<u8>> {
    let role = Role::Client { mask_key: || [0; 4] };
    let mut client = Connection::new(role, 1 << 20).with_deflate(agreement, config);
    let send = |number| {
        let mut frame = Vec::new();
        let message = message(number);
        client.send_compressed(Message::Binary(&message), compressor, &mut frame).expect("open");
        frame
    };
    (0..MESSAGES).map(send).collect()
}

/// A server that has sent and received enough to fill its windows.
fn converse(
    agreement: &Agreement,
    config: &DeflateConfig,
    frames: &[Vec<u8>],
    compressor: &mut Compressor,
    inflater: &mut Inflater,
) -> Connection {
    let mut server = Connection::new(Role::Server, 1 << 20).with_deflate(agreement, config);
    for (number, frame) in (0..).zip(frames) {
        let mut sent = Vec::new();
        let message = message(number);
        server.send_compressed(Message::Binary(&message), compressor, &mut sent).expect("open");
        let mut bytes = frame.clone();
        let mut input = Input::new(&mut bytes).with_inflater(inflater);
        let event = server.handle_input(&mut input).expect("no rule is broken");
        assert!(matches!(event, Some(Event::Message(_))));
    }
    server
}

fn message(number: u32) -> Vec<u8> {
    let byte = |index: u32| (number + index * index % 97) as u8;
    (0..1000).map(byte).collect()
}

/// Enough for the largest windows.
const MESSAGES: u32 = 50;

/// What a connection with permessage-deflate has beside its windows.
const FIELDS: usize = 512;
