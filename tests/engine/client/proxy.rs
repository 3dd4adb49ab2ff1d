//! Through a proxy that answers `CONNECT`: a small one, and some that do not.

use super::peer::{Connection, Peer};
use crate::support::Frame;
use sockeye::client::{ConnectError, Proxy};
use sockeye::protocol::handshake::TunnelError;
use sockeye::protocol::http::Status;
use sockeye::protocol::{CloseCode, Message};
use sockeye::{ClientConfig, WebSocket};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

#[test]
fn a_websocket_goes_through_a_proxy() {
    let server = echoing_server();
    let target = server.address;
    let proxy = Peer::serve(1, move |connection| relay(connection, target));
    let mut config = config(target, proxy.address);
    config.proxy = config.proxy.map(|proxy| proxy.with_credentials("Aladdin", "open sesame"));
    let mut socket = WebSocket::connect(&config).unwrap();
    socket.send("through").unwrap();
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("through")));
    socket.close(CloseCode::NORMAL, "").unwrap();
    drop(socket);
    proxy.join();
    server.join();
}

#[test]
fn what_the_server_says_in_one_packet_with_the_proxys_answer_is_kept() {
    // A server that cannot wait: RFC 9110 9.3.6 has its bytes right behind the proxy's head.
    let proxy = Peer::serve(1, |mut connection| {
        connection.head();
        connection.write(
            b"HTTP/1.0 200 Connection established\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 10",
        );
        let request = connection.head();
        let accept = super::script::accept_of(request.as_bytes());
        connection
            .write(b"1 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
        connection.write(&[&accept[..], b"\r\n\r\n", &Frame::text("hi").encode(None)].concat());
    });
    let mut socket = WebSocket::connect(&config(UNREACHED, proxy.address)).unwrap();
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("hi")));
}

#[test]
fn a_proxy_that_wants_credentials_is_said_to() {
    let proxy = Peer::serve(1, |mut connection| {
        assert!(!connection.head().contains("Authorization"));
        connection.write(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\
              Content-Length: 4\r\n\r\nsigh",
        );
    });
    let error = refused(proxy.address);
    assert_eq!(error, TunnelError::Refused(Status::new(407).unwrap()));
    assert!(error.to_string().contains("user and password"), "{error}");
}

#[test]
fn what_is_no_proxy_is_said_to_be_none() {
    let proxy = Peer::serve(1, |mut connection| {
        connection.head();
        connection.write(b"220 mail.example ESMTP\r\n");
    });
    assert_eq!(refused(proxy.address), TunnelError::StatusLineInvalid);
}

#[test]
fn a_proxy_that_hangs_up_is_an_error_of_the_stream() {
    let proxy = Peer::serve(1, |mut connection| drop(connection.head()));
    let error = WebSocket::connect(&config(UNREACHED, proxy.address)).unwrap_err();
    assert!(matches!(error, ConnectError::Io(_)), "{error}");
}

fn echoing_server() -> Peer {
    Peer::serve(1, |mut connection| {
        connection.upgrade();
        let (opcode, payload) = connection.frame();
        connection.write(&Frame::new(opcode, payload).encode(None));
        assert_eq!(connection.frame().0, 8);
        connection.write(&Frame::close(1000, "").encode(None));
    })
}

/// What a proxy does: checks, connects, answers, and copies both ways.
fn relay(mut connection: Connection, target: SocketAddr) {
    let request = connection.head();
    assert_eq!(
        request,
        format!(
            "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\
             Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"
        )
    );
    let server = TcpStream::connect(target).expect("the server listens");
    connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    let client = connection.stream;
    let back = thread::spawn({
        let (server, client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        move || copy(server, client)
    });
    copy(client, server);
    back.join().expect("copied");
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 1000];
    loop {
        match from.read(&mut bytes) {
            Ok(size @ 1..) if to.write_all(&bytes[..size]).is_ok() => {}
            _ => break,
        }
    }
    let _ended_already = to.shutdown(Shutdown::Write);
}

fn refused(proxy: SocketAddr) -> TunnelError {
    match WebSocket::connect(&config(UNREACHED, proxy)) {
        Err(ConnectError::Tunnel(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn config(server: SocketAddr, proxy: SocketAddr) -> ClientConfig {
    let mut config = ClientConfig::new(&format!("ws://{server}/")).expect("an address");
    config.proxy = Some(Proxy::new(proxy.ip().to_string(), proxy.port()));
    config
}

/// An address that only a proxy would connect to, and these do not.
const UNREACHED: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 80);
