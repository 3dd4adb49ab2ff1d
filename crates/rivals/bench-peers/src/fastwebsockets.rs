//! fastwebsockets.

use fastwebsockets::{FragmentCollector, OpCode, Role, WebSocket};
use tokio::net::TcpStream;

use crate::serving::{MESSAGE_MAX, upgrade};

pub(crate) async fn echo(mut stream: TcpStream) {
    if upgrade(&mut stream).await.is_none() {
        return;
    }
    let mut socket = WebSocket::after_handshake(stream, Role::Server);
    socket.set_max_message_size(MESSAGE_MAX);
    let mut socket = FragmentCollector::new(socket);
    while let Ok(frame) = socket.read_frame().await {
        let code = frame.opcode;
        let is_data = matches!(code, OpCode::Text | OpCode::Binary);
        if code == OpCode::Close || is_data && socket.write_frame(frame).await.is_err() {
            break;
        }
    }
}
