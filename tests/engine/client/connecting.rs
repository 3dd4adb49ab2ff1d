//! Over TCP: what is tried, and what every wait ends with.

use super::peer::Peer;
use super::{PATIENCE, WebSocketError};
use crate::support::{Frame, Masking};
use sockeye::client::{ConnectError, Controls};
use sockeye::protocol::{CloseCode, Message, ProtocolError};
use sockeye::{ClientConfig, WebSocket};
use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

#[test]
fn a_websocket_over_tcp_sends_receives_and_closes() {
    let peer = Peer::serve(1, |mut connection| {
        let request = connection.upgrade();
        assert!(request.starts_with("GET /chat HTTP/1.1\r\n"), "{request}");
        assert_eq!(connection.frame(), (1, b"hello".to_vec()));
        connection.write(&Frame::text("hi").encode(None));
        assert_eq!(connection.frame(), (8, 1000_u16.to_be_bytes().to_vec()));
        connection.write(&Frame::close(1000, "").encode(None));
    });
    let mut socket = WebSocket::connect(&config(peer.address)).unwrap();
    assert!(socket.stream().nodelay().unwrap());
    socket.send("hello").unwrap();
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("hi")));
    socket.close(CloseCode::NORMAL, "").unwrap();
    peer.join();
}

#[test]
fn a_name_is_resolved_and_its_addresses_are_tried() {
    let peer = Peer::serve(1, |mut connection| {
        let request = connection.upgrade();
        assert!(request.contains("\r\nHost: localhost:"), "{request}");
    });
    // Where it also has an address of IPv6, nobody listens there.
    let address = format!("ws://localhost:{}/", peer.address.port());
    WebSocket::connect(&ClientConfig::new(&address).unwrap()).unwrap();
}

#[test]
fn a_port_that_nobody_listens_at_is_said_to_be_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(
        io_kind(&WebSocket::connect(&config(address)).unwrap_err()),
        ErrorKind::ConnectionRefused
    );
}

#[test]
fn encryption_is_refused_where_nothing_is_said_about_it() {
    let config = ClientConfig::new("wss://127.0.0.1:1/").unwrap();
    let error = WebSocket::connect(&config).unwrap_err();
    assert!(matches!(error, ConnectError::TlsMissing), "{error}");
    assert!(error.to_string().contains("TLS"), "{error}");
}

#[test]
fn a_server_that_never_answers_the_handshake_is_given_up() {
    let (stop, stopped) = channel::<()>();
    let peer = Peer::serve(1, move |mut connection| {
        connection.head();
        connection.write(b"HTTP/1.1 101 Switching");
        let _client_gone = stopped.recv_timeout(PATIENCE);
    });
    let mut config = config(peer.address);
    config.handshake_timeout = Duration::from_millis(50);
    assert_eq!(io_kind(&WebSocket::connect(&config).unwrap_err()), ErrorKind::TimedOut);
    drop(stop);
}

#[test]
fn a_handshake_that_drips_is_given_up_as_a_whole() {
    let peer = Peer::serve(1, |mut connection| {
        connection.head();
        // Each byte is in time, all of them are not: a client that waits for each anew would wait for ever.
        while std::io::Write::write_all(&mut connection.stream, b"HTTP/1.1 100 C\r\n\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let mut config = config(peer.address);
    config.handshake_timeout = Duration::from_millis(100);
    let error = WebSocket::connect(&config).unwrap_err();
    assert!(matches!(&error, ConnectError::Io(e) if e.kind() == ErrorKind::TimedOut), "{error}");
}

#[test]
fn a_receive_that_takes_too_long_can_be_called_again() {
    let (go, gone) = channel::<()>();
    let peer = Peer::serve(1, move |mut connection| {
        connection.upgrade();
        connection.write(&Frame::text("half a").encode(None)[..4]);
        gone.recv_timeout(PATIENCE).unwrap();
        connection.write(&Frame::text("half a").encode(None)[4..]);
    });
    let mut config = config(peer.address);
    config.read_timeout = Some(Duration::from_millis(20));
    let mut socket = WebSocket::connect(&config).unwrap();
    for _ in 0..3 {
        assert!(matches!(socket.receive(), Err(WebSocketError::TimedOut)));
    }
    go.send(()).unwrap();
    let text = loop {
        match socket.receive() {
            Err(WebSocketError::TimedOut) => {}
            message => break message.unwrap().map(super::owned),
        }
    };
    assert_eq!(text, Some((true, b"half a".to_vec())));
}

#[test]
fn a_server_that_never_answers_our_close_frame_is_given_up() {
    let (stop, stopped) = channel::<()>();
    let peer = Peer::serve(1, move |mut connection| {
        connection.upgrade();
        connection.write(&Frame::text("as if nothing had happened").encode(None));
        let _client_gone = stopped.recv_timeout(PATIENCE);
    });
    let mut config = config(peer.address);
    config.close_timeout = Duration::from_millis(50);
    let mut socket = WebSocket::connect(&config).unwrap();
    let error = socket.close(CloseCode::NORMAL, "").unwrap_err();
    assert!(matches!(&error, WebSocketError::Io(e) if e.kind() == ErrorKind::TimedOut), "{error}");
    assert!(matches!(socket.receive(), Err(WebSocketError::Closed)));
    drop(stop);
}

#[test]
fn a_server_that_takes_nothing_ends_a_send_after_its_time() {
    let (stop, stopped) = channel::<()>();
    let peer = Peer::serve(1, move |mut connection| {
        connection.upgrade();
        let _client_gone = stopped.recv_timeout(PATIENCE);
    });
    let mut config = config(peer.address);
    config.write_timeout = Duration::from_millis(50);
    let mut socket = WebSocket::connect(&config).unwrap();
    // More than the kernels of both sides hold.
    let payload = vec![0; 16 << 20];
    let error =
        (0..64).find_map(|_| socket.send(payload.as_slice()).err()).expect("somewhere it ends");
    assert!(matches!(&error, WebSocketError::Io(e) if e.kind() == ErrorKind::TimedOut), "{error}");
    assert!(matches!(socket.send("more"), Err(WebSocketError::Closed)));
    drop(stop);
}

#[test]
fn a_server_that_breaks_a_rule_reads_the_reason_though_it_had_sent_more() {
    let (dropped, was_dropped) = channel::<()>();
    let peer = Peer::serve(1, move |mut connection| {
        connection.upgrade();
        let masked = Frame::text("x").masking(Masking::With([1, 2, 3, 4])).encode(None);
        connection.write(&masked);
        connection.write(&Frame::binary([0; 200_000]).encode(None));
        connection.stream.shutdown(Shutdown::Write).unwrap();
        // A socket closed over unread bytes would have reset the connection by now, and the reason with it.
        was_dropped.recv_timeout(PATIENCE).unwrap();
        let (opcode, payload) = connection.frame();
        assert_eq!((opcode, &payload[..2]), (8, &1002_u16.to_be_bytes()[..]));
        assert_eq!(connection.rest(), b"");
    });
    let mut socket = WebSocket::connect(&config(peer.address)).unwrap();
    let error = socket.receive().unwrap_err();
    assert!(matches!(error, WebSocketError::Protocol(ProtocolError::MaskUnexpected)), "{error}");
    drop(socket);
    dropped.send(()).unwrap();
    peer.join();
}

#[test]
fn a_server_that_waits_for_our_end_of_the_stream_gets_it() {
    let peer = Peer::serve(1, |mut connection| {
        connection.upgrade();
        connection.write(&Frame::close(1000, "").encode(None));
        assert_eq!(connection.frame().0, 8);
        assert_eq!(connection.rest(), b"");
    });
    let mut socket = WebSocket::connect(&config(peer.address)).unwrap();
    assert_eq!(socket.receive().unwrap(), None);
    peer.join();
}

#[test]
fn a_stream_of_ones_own_has_limits_by_its_controls() {
    let (stop, stopped) = channel::<()>();
    let peer = Peer::serve(1, move |connection| {
        let _client_gone = stopped.recv_timeout(PATIENCE);
        drop(connection);
    });
    let mut config = config(peer.address);
    config.handshake_timeout = Duration::from_millis(50);
    let stream = TcpStream::connect(peer.address).unwrap();
    let error = WebSocket::handshake_with_controls(stream, Controls::tcp(), &config).unwrap_err();
    assert_eq!(io_kind(&error), ErrorKind::TimedOut);
    drop(stop);
}

fn config(address: SocketAddr) -> ClientConfig {
    ClientConfig::new(&format!("ws://{address}/chat")).expect("an address")
}

fn io_kind(error: &ConnectError) -> ErrorKind {
    match error {
        ConnectError::Io(error) => error.kind(),
        error => panic!("{error}"),
    }
}
