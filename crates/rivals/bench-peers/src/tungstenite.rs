//! tokio-tungstenite, and tokio's broadcast channel with it: how most programs on it publish.

use futures_util::{SinkExt, StreamExt};
use std::pin::Pin;
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{accept_async_with_config, accept_hdr_async};

use crate::serving::{MESSAGE_MAX, PUBLISH_PATH};

pub(crate) async fn echo(stream: TcpStream) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    let Ok(mut socket) = accept_async_with_config(stream, Some(config)).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        let is_data = message.is_text() || message.is_binary();
        if is_data && socket.send(message).await.is_err() {
            break;
        }
    }
}

/// A server of subscribers, each with a receiver of the same channel.
pub(crate) fn publisher() -> impl Fn(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let (sender, _) = broadcast::channel(CHANNEL_SIZE);
    move |stream| Box::pin(serve(stream, sender.clone()))
}

async fn serve(stream: TcpStream, sender: broadcast::Sender<Bytes>) {
    let mut path = String::new();
    #[expect(clippy::result_large_err, reason = "the callback's type is the library's")]
    let note_path = |request: &Request, response: Response| {
        request.uri().path().clone_into(&mut path);
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr_async(stream, note_path).await else {
        return;
    };
    if path == PUBLISH_PATH {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Binary(bytes) = message {
                // Without subscribers there is nobody to tell.
                let _ = sender.send(bytes);
            }
        }
        return;
    }
    let mut receiver = sender.subscribe();
    loop {
        tokio::select! {
            published = receiver.recv() => {
                let Ok(bytes) = published else { break };
                if socket.send(Message::Binary(bytes)).await.is_err() { break }
            },
            received = socket.next() => if !matches!(received, Some(Ok(_))) { break },
        }
    }
}

const CHANNEL_SIZE: usize = 1024;
