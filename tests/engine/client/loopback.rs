//! Our client and our server, over TCP.

use sockeye::client::{Incoming, WebSocketError};
use sockeye::handler::{CloseCause, Closed};
use sockeye::protocol::http::Request;
use sockeye::protocol::{CloseCode, Message};
use sockeye::{ClientConfig, Context, Handler, Reply, RequestContext, Running, Server, WebSocket};
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

#[test]
fn everything_sent_comes_back_up_to_sixteen_mebibytes() {
    let served = Served::start();
    let mut socket = served.connect("/");
    for size in [0, 1, 125, 126, 65_535, 65_536, 1 << 20, SIZE_MAX] {
        let payload: Vec<u8> = (0..size).map(|at| (at % 253) as u8).collect();
        socket.send(payload.as_slice()).unwrap();
        assert!(socket.receive().unwrap() == Some(Message::Binary(&payload)), "{size}");
        let text = "\u{20ac}".repeat(size / 3);
        socket.send(text.as_str()).unwrap();
        assert!(socket.receive().unwrap() == Some(Message::Text(&text)), "{size}");
    }
    socket.close(CloseCode::new(4000), "done").unwrap();
    assert_eq!(socket.close_frame().unwrap().code.number(), 4000);
    assert_eq!(served.closed(), (4000, CloseCause::Peer));
}

#[test]
fn many_messages_come_back_in_order() {
    let served = Served::start();
    let mut socket = served.connect("/");
    for round in 0..100 {
        for number in 0..100 {
            socket.send(format!("{round} {number}").as_str()).unwrap();
        }
        for number in 0..100 {
            let expected = format!("{round} {number}");
            assert_eq!(socket.receive().unwrap(), Some(Message::Text(&expected)));
        }
    }
}

#[test]
fn pings_are_answered_both_ways() {
    let served = Served::start();
    let mut socket = served.connect("/pinged");
    // The server pings as soon as it is open, and says when the pong came.
    assert_eq!(socket.receive_any().unwrap(), Incoming::Ping(b"server"));
    assert_eq!(socket.receive_any().unwrap(), Incoming::Message(Message::Text("pong: server")));
    socket.ping(b"client").unwrap();
    assert_eq!(socket.receive_any().unwrap(), Incoming::Pong(b"client"));
}

#[test]
fn a_server_that_closes_first_is_answered() {
    let served = Served::start();
    let mut socket = served.connect("/");
    socket.send("close").unwrap();
    assert_eq!(socket.receive().unwrap(), None);
    let frame = socket.close_frame().unwrap();
    assert_eq!((frame.code.number(), &*frame.reason), (4321, "as you wish"));
    assert_eq!(served.closed().0, 4321);
}

#[test]
fn a_client_that_is_dropped_is_missed() {
    let served = Served::start();
    drop(served.connect("/"));
    assert_eq!(served.closed().0, CloseCode::ABNORMAL.number());
}

#[test]
fn a_message_over_the_servers_limit_gets_its_1009() {
    let served = Served::start();
    let mut socket = served.connect("/");
    // The server may have closed while this is still being written.
    let payload = vec![0; SIZE_MAX + 1];
    match socket.send(payload.as_slice()) {
        Ok(()) => {
            assert_eq!(socket.receive().unwrap(), None);
            assert_eq!(socket.close_frame().unwrap().code, CloseCode::MESSAGE_TOO_BIG);
        }
        Err(error) => assert!(matches!(error, WebSocketError::Io(_)), "{error}"),
    }
    assert_eq!(served.closed().0, CloseCode::MESSAGE_TOO_BIG.number());
}

/// An echo on the loopback interface.
struct Served {
    address: SocketAddr,
    running: Option<Running<()>>,
    closed: std::sync::mpsc::Receiver<(u16, CloseCause)>,
}

impl Served {
    fn start() -> Self {
        let mut config = crate::support::config();
        config.workers = 1;
        config.message_bytes_max = SIZE_MAX;
        config.send_queue_bytes_max = 3 * SIZE_MAX;
        let server = Server::bind("127.0.0.1:0", config).expect("a free port");
        let (sender, closed) = channel();
        let running = server.start(move |_| Echo(sender.clone())).expect("threads");
        assert!(running.fallback().is_none(), "the driver is not to be had here");
        Self { address: running.local_addr(), running: Some(running), closed }
    }

    fn connect(&self, path: &str) -> WebSocket<std::net::TcpStream> {
        let mut config = ClientConfig::new(&format!("ws://{}{path}", self.address)).unwrap();
        config.message_bytes_max = SIZE_MAX;
        config.read_timeout = Some(super::PATIENCE);
        WebSocket::connect(&config).unwrap()
    }

    /// How the server saw its connection end.
    fn closed(&self) -> (u16, CloseCause) {
        self.closed.recv_timeout(super::PATIENCE).expect("the connection ends")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.remote().shut_down(Duration::ZERO);
            let result = running.join();
            if !std::thread::panicking() {
                result.expect("no worker failed");
            }
        }
    }
}

struct Echo(Sender<(u16, CloseCause)>);

impl Handler for Echo {
    /// Whether to ping.
    type State = bool;
    type Mail = ();

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<bool> {
        Reply::upgrade(request.path() == "/pinged")
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        if *connection.state() {
            connection.ping(b"server").expect("open");
        }
    }

    fn on_pong(&mut self, connection: &mut Context<'_, Self>, payload: &[u8]) {
        let text = format!("pong: {}", String::from_utf8_lossy(payload));
        connection.send(text.as_str()).expect("open");
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        match message {
            Message::Text("close") => {
                connection.close(CloseCode::new(4321), "as you wish").expect("open");
            }
            message => drop(connection.send(message)),
        }
    }

    fn on_close(&mut self, _: &mut Context<'_, Self>, closed: &Closed<'_>) {
        // The test may have ended.
        let _nobody_listens = self.0.send((closed.code.number(), closed.cause));
    }
}

const SIZE_MAX: usize = 16 << 20;
