//! yawc.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use yawc::{OpCode, Options, Role, WebSocket};

use crate::serving::{MESSAGE_MAX, upgrade};

pub(crate) async fn echo(mut stream: TcpStream) {
    if upgrade(&mut stream).await.is_none() {
        return;
    }
    let options = Options::default().with_limits(MESSAGE_MAX, 2 * MESSAGE_MAX);
    let Ok(mut socket) = WebSocket::from_stream(stream, Role::Server, options) else {
        return;
    };
    while let Some(frame) = socket.next().await {
        let code = frame.opcode();
        let is_data = matches!(code, OpCode::Text | OpCode::Binary);
        if code == OpCode::Close || is_data && socket.send(frame).await.is_err() {
            break;
        }
    }
}
