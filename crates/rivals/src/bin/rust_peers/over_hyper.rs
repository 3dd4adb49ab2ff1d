//! How a connection becomes a WebSocket in libraries that leave HTTP to hyper.

use std::convert::Infallible;
use std::net::TcpStream;
use std::sync::Mutex;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use crate::connection::{SUBPROTOCOL, asynchronous};

/// The response that agrees, and what becomes the WebSocket when it has been sent.
type Upgrade<U> = (Response<Empty<Bytes>>, U);

/// Serves one request by `upgrade`; gives what that gave, and the path.
pub(crate) async fn accept<U: Send + 'static>(
    stream: TcpStream,
    upgrade: fn(&mut Request<Incoming>) -> Result<Upgrade<U>, String>,
) -> Result<(U, String), String> {
    let (sender, receiver) = oneshot::channel();
    let sender = Mutex::new(Some(sender));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let offers_ours = offers_ours(request.headers());
        let path = request.uri().path().to_owned();
        let answer = upgrade(&mut request).map(|(mut response, upgraded)| {
            if offers_ours {
                let ours = HeaderValue::from_static(SUBPROTOCOL);
                response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, ours);
            }
            (response, (upgraded, path))
        });
        let (response, rest) = match answer {
            Ok((response, rest)) => (response, Ok(rest)),
            Err(problem) => (refusal(), Err(problem)),
        };
        if let Some(sender) = sender.lock().expect("nothing panics with it").take() {
            // Nobody waits any more only when the whole connection is given up.
            let _ = sender.send(rest);
        }
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(asynchronous(stream)?), service)
        .with_upgrades();
    tokio::spawn(connection);
    receiver.await.map_err(|_| "the connection ended before a request".to_owned())?
}

/// The subprotocol that a server chose.
pub(crate) fn chosen(headers: &HeaderMap) -> Option<String> {
    let chosen = headers.get(SEC_WEBSOCKET_PROTOCOL)?;
    Some(String::from_utf8_lossy(chosen.as_bytes()).into_owned())
}

fn offers_ours(headers: &HeaderMap) -> bool {
    let offers = headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|offers| offers.to_str().ok());
    offers.unwrap_or_default().split(',').any(|offer| offer.trim() == SUBPROTOCOL)
}

fn refusal() -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = hyper::StatusCode::BAD_REQUEST;
    response
}
