//! A server for one client, played by a test, with TLS by rustls.

use sockeye::protocol::handshake::accept_key;
use sockeye::tls::TlsServer;
use sockeye::tls::rustls::{ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;

pub(crate) type Stream = StreamOwned<ServerConnection, TcpStream>;

/// Speaks TLS as a server from the first byte on.
pub(crate) fn secure(tls: &TlsServer, stream: TcpStream) -> Stream {
    StreamOwned::new(ServerConnection::new(tls.config()).expect("a configuration"), stream)
}

/// Reads a request, and accepts it.
pub(crate) fn upgrade(stream: &mut (impl Read + Write)) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a request");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("a head is text");
    let key = head.split("Sec-WebSocket-Key: ").nth(1).and_then(|rest| rest.split('\r').next());
    let accept = accept_key(key.expect("a key").as_bytes());
    let accept = str::from_utf8(&accept).expect("base64");
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).expect("it is taken");
}

/// A frame of a client, unmasked: its payload.
pub(crate) fn frame(stream: &mut impl Read) -> Vec<u8> {
    let mut header = [0; 2];
    stream.read_exact(&mut header).expect("a frame");
    let mut size = usize::from(header[1] & 0x7F);
    if size > 125 {
        let mut length = vec![0; if size == 126 { 2 } else { 8 }];
        stream.read_exact(&mut length).expect("its length");
        size = length.iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
    }
    let (mut key, mut payload) = ([0; 4], vec![0; size]);
    stream.read_exact(&mut key).expect("its key");
    stream.read_exact(&mut payload).expect("its payload");
    payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}
