//! The protocol without the engine's loop: an echo inside a tokio service, over anything that reads and writes.
//!
//! `cargo run --example sans_io`, perhaps with an address, then `npx wscat -c ws://127.0.0.1:8000/`.
//!
//! `sockeye::protocol` is bytes in, events out. Who moves the bytes, waits and keeps time is the program: here tokio, which
//! the engine does not depend on. Every buffer has a bound: the head 16 KiB, a message 1 MiB, and what waits to be sent is
//! what one read can bring about, because nothing more is read before it has left. Every wait has a deadline.

#![expect(clippy::print_stdout, reason = "people read where it listens")]

use sockeye::protocol::handshake::{check_upgrade, encode_switching_protocols};
use sockeye::protocol::http::{Persistence, RequestParser};
use sockeye::protocol::{Connection, Event, Input, ProtocolError, Role};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of descriptors, as a rule, and some will be free again.
            sleep(Duration::from_millis(500)).await;
            continue;
        };
        let _late_at_worst = stream.set_nodelay(true);
        let connection = Connection::new(Role::Server, 1024 * 1024);
        let mut client = Client { stream, connection, output: Vec::new() };
        tokio::spawn(async move { println!("{peer}: {:?}", client.serve().await) });
    }
}

/// One client on any stream: TCP, TLS, a pipe.
struct Client<S> {
    stream: S,
    connection: Connection,
    output: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn serve(&mut self) -> io::Result<()> {
        if let Some(followed) = timeout(PATIENCE, self.handshake()).await?? {
            self.converse(followed).await?;
        }
        timeout(PATIENCE, self.stream.write_all(&self.output)).await??;
        self.stream.shutdown().await?;
        // The peer ends its stream too. To close with bytes unread would reset it, and lose what was sent last.
        timeout(PATIENCE, tokio::io::copy(&mut self.stream, &mut tokio::io::sink())).await??;
        Ok(())
    }

    /// Awaits the request. Gives what followed it, or `None` if it did not become a WebSocket.
    async fn handshake(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (mut parser, mut head) = (RequestParser::new(), Vec::new());
        loop {
            self.receive(&mut head, RECEIVE_SIZE).await?;
            // A head is refused as soon as it is too big or cannot become one.
            let refusal = match parser.parse(&head) {
                Ok(None) => continue,
                Ok(Some((request, size))) => match check_upgrade(&request) {
                    Ok(upgrade) => {
                        encode_switching_protocols(&upgrade, None, &[], &mut self.output)
                            .map_err(io::Error::other)?;
                        return Ok(Some(head.split_off(size)));
                    }
                    Err(error) => error.response(),
                },
                Err(error) => error.response(),
            };
            refusal.encode(false, Persistence::Close, &mut self.output);
            return Ok(None);
        }
    }

    async fn converse(&mut self, mut received: Vec<u8>) -> io::Result<()> {
        loop {
            // Until it answers `None`, and the input is used up. Events borrow from it: nothing is queued or copied.
            let mut input = Input::new(&mut received);
            while let Some(event) = self.connection.handle_input(&mut input).transpose() {
                self.answer(event);
            }
            // The rest of a large message is received into the message's own buffer, and not copied there.
            while let Some((mut message, missing)) = self.connection.poll_fill() {
                let added = self.receive(&mut message, missing).await?;
                if let Some(event) = self.connection.handle_fill(message, added).transpose() {
                    self.answer(event);
                }
            }
            if self.connection.has_sent_close() {
                return Ok(());
            }
            received.clear();
            self.receive(&mut received, RECEIVE_SIZE).await?;
        }
    }

    fn answer(&mut self, event: Result<Event<'_>, ProtocolError>) {
        let Self { connection, output, .. } = self;
        let _closing = match event {
            Ok(Event::Message(message)) => connection.send(message.as_message(), output),
            Ok(Event::Ping(payload)) => connection.send_pong(payload.as_bytes(), output),
            Ok(Event::Close(frame)) => connection.send_close(frame.as_ref(), output),
            Ok(_) => Ok(()),
            // Nothing follows an error; a close frame tells the peer which rule it broke.
            Err(error) => return connection.send_failure(error, output),
        };
    }

    /// Sends what is queued, and appends what arrives next. A stream that ends here was lost: no close frame came.
    async fn receive(&mut self, buffer: &mut Vec<u8>, size_max: usize) -> io::Result<usize> {
        timeout(PATIENCE, self.stream.write_all(&self.output)).await??;
        self.output.clear();
        buffer.reserve(size_max.min(RECEIVE_SIZE));
        let mut limited = (&mut self.stream).take(size_max as u64);
        let size = timeout(PATIENCE, limited.read_buf(buffer)).await??;
        if size > 0 { Ok(size) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

const RECEIVE_SIZE: usize = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);
