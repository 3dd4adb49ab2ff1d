//! What the servers on tokio share: one thread, a task for each connection.

use std::future::Future;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime;
use tokio::task::unconstrained;

/// Serves connections on a free port, whose number it prints, until the process is killed.
pub(crate) fn run<F>(serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("the system has an epoll").block_on(async {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let listener = socket.listen(BACKLOG).expect("the port is ours");
        println!("serving {}", listener.local_addr().expect("it is bound").port());
        loop {
            let (stream, _) = listener.accept().await.expect("connections are accepted");
            stream.set_nodelay(true).expect("a TCP connection");
            // Without tokio's budget, which makes a busy task yield: there is nothing else to be fair to.
            tokio::spawn(unconstrained(serve(stream)));
        }
    })
}

/// Answers the opening handshake for libraries that leave it to others, and says which path was asked for.
pub(crate) async fn upgrade(stream: &mut TcpStream) -> Option<String> {
    let request = read_request(stream).await?;
    let accept = STANDARD.encode(Sha1::digest(format!("{}{GUID}", request.key)));
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(response.as_bytes()).await.ok()?;
    Some(request.path)
}

/// What is needed of the request of an opening handshake.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) key: String,
}

pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut head = BytesMut::with_capacity(1024);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > HEAD_MAX || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1)?.to_owned();
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    })?;
    Some(Request { path, key })
}

/// The largest message that is taken.
pub(crate) const MESSAGE_MAX: usize = 16 << 20;
/// Who is sent what others publish, and who publishes.
pub(crate) const SUBSCRIBE_PATH: &str = "/sub";
pub(crate) const PUBLISH_PATH: &str = "/pub";

const HEAD_MAX: usize = 16 << 10;
const BACKLOG: u32 = 4096;
/// RFC 6455 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
