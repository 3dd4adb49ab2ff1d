//! The blocking client: what it allocates per message, and what it keeps after a large one.

use allocation_counter::measure;
use sockeye::limits::{CLIENT_BUFFER_KEPT_BYTES_MAX, RECEIVE_SIZE};
use sockeye::protocol::handshake::accept_key;
use sockeye::{ClientConfig, WebSocket};
use std::io::{Read, Result, Write};

#[test]
fn a_client_receives_and_sends_without_allocating() {
    // Whole in one read, over several reads, and straight into its own buffer.
    for size in [100, 10_000, 200_000] {
        let mut socket = open(&frame(size));
        let payload = vec![7; size];
        let mut exchange = || {
            for _ in 0..20 {
                let message = socket.receive().expect("in order").expect("one more");
                assert_eq!(message.as_bytes().len(), size);
                socket.send(payload.as_slice()).expect("taken");
            }
        };
        exchange();
        assert_eq!(measure(exchange).count_total, 0, "{size}");
    }
}

#[test]
fn a_client_does_not_keep_the_memory_of_a_large_message() {
    let mut socket = open(&[frame(LARGE), frame(100)].concat());
    let payload = vec![7; LARGE];
    let kept = measure(|| {
        let size = |socket: &mut WebSocket<_>| {
            socket.receive().expect("in order").expect("one more").as_bytes().len()
        };
        assert_eq!(size(&mut socket), LARGE);
        socket.send(payload.as_slice()).expect("taken");
        assert_eq!(size(&mut socket), 100);
    });
    assert!(kept.bytes_max > 16 << 20, "it took {} bytes", kept.bytes_max);
    let bound = 2 * CLIENT_BUFFER_KEPT_BYTES_MAX + RECEIVE_SIZE;
    assert!(kept.bytes_current <= bound as i64, "{} bytes are kept", kept.bytes_current);
}

fn open(frames: &[u8]) -> WebSocket<Repeating> {
    let mut config = ClientConfig::new("ws://example.com/").expect("an address");
    config.message_bytes_max = LARGE;
    let stream = Repeating { incoming: frames.to_vec(), at: 0, request: Some(Vec::new()) };
    WebSocket::handshake(stream, &config).expect("a good answer")
}

fn frame(size: usize) -> Vec<u8> {
    let mut bytes = vec![0x82, 127];
    if size < 126 {
        bytes[1] = size as u8;
    } else if size < 65536 {
        bytes = [&[0x82, 126][..], &(size as u16).to_be_bytes()].concat();
    } else {
        bytes.extend((size as u64).to_be_bytes());
    }
    bytes.resize(bytes.len() + size, 7);
    bytes
}

/// A server that opens the WebSocket, and then sends the same for ever.
struct Repeating {
    incoming: Vec<u8>,
    at: usize,
    /// The request, until it was answered.
    request: Option<Vec<u8>>,
}

impl Read for Repeating {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if let Some(request) = self.request.take() {
            let request = String::from_utf8(request).expect("ASCII");
            let (_, key) = request.split_once("Sec-WebSocket-Key: ").expect("a request");
            let accept = accept_key(key.split("\r\n").next().expect("a line").as_bytes());
            let accept = str::from_utf8(&accept).expect("base64");
            let head = format!(
                "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            buffer[..head.len()].copy_from_slice(head.as_bytes());
            return Ok(head.len());
        }
        let size = buffer.len().min(self.incoming.len() - self.at);
        buffer[..size].copy_from_slice(&self.incoming[self.at..self.at + size]);
        self.at = (self.at + size) % self.incoming.len();
        Ok(size)
    }
}

impl Write for Repeating {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if let Some(request) = &mut self.request {
            request.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

const LARGE: usize = 16 << 20;
