//! sockudo-ws: its echo, its compression with context takeover, and its publishing.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use sockudo_ws::deflate::DeflateConfig;
use sockudo_ws::handshake::{build_response, generate_accept_key};
use sockudo_ws::pubsub::PubSub;
use sockudo_ws::stream::CompressedWebSocketStream;
use sockudo_ws::{Config, Message, WebSocketStream};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::serving::{MESSAGE_MAX, PUBLISH_PATH, read_request, upgrade};

pub(crate) async fn echo(mut stream: TcpStream) {
    if upgrade(&mut stream).await.is_none() {
        return;
    }
    let mut socket = WebSocketStream::server(stream, config());
    while let Some(Ok(message)) = socket.next().await {
        let is_data = matches!(message, Message::Text(_) | Message::Binary(_));
        if matches!(message, Message::Close(_)) || is_data && socket.send(message).await.is_err() {
            break;
        }
    }
}

pub(crate) async fn deflate(mut stream: TcpStream) {
    let Some(request) = read_request(&mut stream).await else {
        return;
    };
    let accept = generate_accept_key(&request.key);
    let response = build_response(&accept, None, Some("permessage-deflate"));
    if stream.write_all(&response).await.is_err() {
        return;
    }
    let mut socket = CompressedWebSocketStream::server(stream, config(), DeflateConfig::default());
    while let Some(Ok(message)) = socket.next().await {
        let is_data = matches!(message, Message::Text(_) | Message::Binary(_));
        if matches!(message, Message::Close(_)) || is_data && socket.send(message).await.is_err() {
            break;
        }
    }
}

/// A server of subscribers to one topic.
pub(crate) fn publisher() -> impl Fn(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let topics = Arc::new(PubSub::new());
    move |stream| Box::pin(serve(stream, Arc::clone(&topics)))
}

async fn serve(mut stream: TcpStream, topics: Arc<PubSub>) {
    let Some(path) = upgrade(&mut stream).await else {
        return;
    };
    let (mut reader, mut writer) = WebSocketStream::server(stream, config()).split();
    if path == PUBLISH_PATH {
        while let Some(Ok(message)) = reader.next().await {
            if matches!(message, Message::Binary(_)) {
                topics.publish(TOPIC, message);
            }
        }
        return;
    }
    let (sender, mut published) = mpsc::unbounded_channel();
    let subscriber = topics.create_subscriber(sender);
    topics.subscribe(subscriber, TOPIC);
    loop {
        tokio::select! {
            received = reader.next() => if !matches!(received, Some(Ok(_))) { break },
            Some(message) = published.recv() => if writer.send(message).await.is_err() { break },
        }
    }
    topics.remove_subscriber(subscriber);
}

fn config() -> Config {
    Config {
        max_frame_size: MESSAGE_MAX,
        max_message_size: MESSAGE_MAX,
        auto_ping: false,
        ..Config::default()
    }
}

const TOPIC: &str = "bench";
