//! Large messages that a handler sends on as they came, in whole or in part, once or twice: queues refer to the memory that
//! they were received into. Whatever it does, and however little leaves at a time, the peer gets what it was sent.

#[cfg(feature = "tls")]
use crate::support::certificates::{BOTH_VERSIONS, authority};
use crate::support::{Line, Random};
use sockeye::driver::{Network, Simulated, Weather};
use sockeye::protocol::http::Request;
use sockeye::protocol::{Message, Opcode, apply_mask, encode_frame, encode_header};
use sockeye::worker::{ManualClock, Worker, WorkerParts};
use sockeye::{Config, Context, Handler, Reply, RequestContext};
#[cfg(feature = "tls")]
use std::sync::Arc;

#[test]
fn what_is_sent_on_arrives_as_it_was_sent_in_calm_weather() {
    for seed in 0..60 {
        send_on(seed, Weather::calm(), Config::default(), Line::plain);
    }
}

#[test]
fn what_is_sent_on_arrives_as_it_was_sent_where_little_leaves_at_a_time() {
    for seed in 0..60 {
        send_on(seed, weather(), Config::default(), Line::plain);
    }
}

/// What is sent on lies in memory of TLS' then, not of the driver's.
#[cfg(feature = "tls")]
#[test]
fn what_is_sent_on_arrives_as_it_was_sent_over_tls() {
    let client = Arc::new(authority().client_config(BOTH_VERSIONS));
    let identity = authority().server(&["sim"]);
    for (seed, weather) in (0..60).zip([Weather::calm(), weather()].into_iter().cycle()) {
        let mut config = Config::default();
        config.tls = Some(identity.tls_server());
        send_on(seed, weather, config, |network| Line::secure(network, &client));
    }
}

fn weather() -> Weather {
    Weather { receive_bytes_max: 60_000, kernel_bytes_max: 20_000, ..Weather::rough() }
}

/// What a message asks for with its first byte.
fn wishes(message: &[u8]) -> Vec<(Opcode, &[u8])> {
    let (text, binary) = (Opcode::Text, Opcode::Binary);
    let (front, back) = message.split_at(message.len() / 2);
    match message[0] % 6 {
        0 => vec![(binary, message)],
        1 => vec![(binary, message), (binary, message)],
        2 => vec![(text, message), (binary, message), (text, message)],
        3 => vec![(binary, &message[1..])],
        4 => vec![(binary, &message[5..]), (binary, message)],
        _ => vec![(binary, front), (text, b"between"), (binary, back)],
    }
}

struct SendingOn;

impl Handler for SendingOn {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        for (opcode, payload) in wishes(message.as_bytes()) {
            let text = || std::str::from_utf8(payload).expect("it is ASCII");
            let message = match opcode {
                Opcode::Text => Message::Text(text()),
                _ => Message::Binary(payload),
            };
            connection.send(message).expect("there is room");
        }
    }
}

/// Sends messages of all sizes around those from which on memory is shared, several in a read, and looks at the answers.
fn send_on(
    seed: u64,
    weather: Weather,
    mut config: Config,
    connect: impl FnOnce(&Network) -> Line,
) {
    let mut random = Random::new(seed);
    let (driver, network) = Simulated::new(seed, weather);
    let (mut parts, _remote) = WorkerParts::new(vec![driver]);
    let clock = ManualClock::new();
    if random.below(2) == 1 {
        // In the middle of a read, too.
        config.cork_bytes = 10_000;
    }
    let mut worker = parts.remove(0).into_worker(SendingOn, config, &clock);
    let mut line = connect(&network);
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let response =
        talk(&mut worker, &clock, &mut line, request, |read| read.ends_with(b"\r\n\r\n"));
    assert!(response.starts_with(b"HTTP/1.1 101"));

    let (mut sent, mut expected) = (Vec::new(), Vec::new());
    for _ in 0..12 {
        let size = [20, 8_100, 8_192, 8_200, 16_384, 40_000, 70_000][random.below(7)];
        let message: Vec<u8> = (0..size).map(|_| random.below(128) as u8).collect();
        frame(&message, [random.below(256) as u8; 4], &mut sent);
        for (opcode, payload) in wishes(&message) {
            encode_frame(opcode, payload, &mut expected);
        }
    }
    let answers = talk(&mut worker, &clock, &mut line, &sent, |read| read.len() >= expected.len());
    assert!(
        answers == expected,
        "with seed {seed}, from byte {:?}",
        differing(&answers, &expected)
    );
}

/// Lets the worker tick until enough has arrived.
fn talk(
    worker: &mut Worker<Simulated, SendingOn>,
    clock: &ManualClock,
    line: &mut Line,
    mut input: &[u8],
    is_enough: impl Fn(&[u8]) -> bool,
) -> Vec<u8> {
    let mut read = Vec::new();
    for _ in 0..100_000 {
        while let written @ 1.. = line.write(input) {
            input = &input[written..];
        }
        line.pump();
        worker.tick(clock).expect("it can always wait");
        line.read(usize::MAX, &mut read);
        if is_enough(&read) {
            return read;
        }
    }
    panic!("only {} bytes have arrived, and {} have not left", read.len(), input.len());
}

fn frame(payload: &[u8], key: [u8; 4], output: &mut Vec<u8>) {
    let start = output.len();
    encode_header(Opcode::Binary, payload.len(), output);
    output[start + 1] |= 0x80;
    output.extend(key);
    let start = output.len();
    output.extend(payload);
    apply_mask(&mut output[start..], key, 0);
}

fn differing(left: &[u8], right: &[u8]) -> Option<usize> {
    left.iter().zip(right).position(|(left, right)| left != right)
}
