//! Calls to the backend: clients ask it through the server, over HTTP.
//!
//! A call is one `POST` with a JSON body, made by one of a few threads, so that no worker waits for a backend. What does not
//! fit into the queue before them is refused at once; what takes too long is answered by the caller's deadline.

mod exchange;

use crate::clock;
use crate::host::Mail;
use crossbeam_channel::{Receiver, Sender, bounded};
use exchange::Exchange;
use sockeye::{Remote, RemoteError, WorkerId};
use sockeye_hub::{BackendCall, Format, Payload, Refusal, SessionKey};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where calls go.
struct BackendConfig {
    /// An `http` or `https` address.
    url: String,
    /// What the backend knows this server by, sent as `Authorization: Bearer`.
    secret: Option<String>,
}

/// A call on its way.
#[derive(Debug)]
struct Request {
    /// Whose answer it is.
    origin: CallOrigin,
    body: Vec<u8>,
    deadline: Instant,
}

/// What a backend answered: a payload, or what to tell the caller.
pub(crate) type BackendAnswer = Result<(Format, Arc<[u8]>), Refusal>;

/// Which call of which session, on which worker, awaits an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CallOrigin {
    worker: WorkerId,
    session: SessionKey,
    call: u64,
}

/// Starts calling the backend at an address, for the workers that `remote` reaches.
pub(crate) fn start(url: &str, remote: Remote<Mail>) -> io::Result<Backend> {
    let config = BackendConfig { url: url.to_owned(), secret: std::env::var(SECRET).ok() };
    Backend::start(&config, move |CallOrigin { worker, session, call }, answer, deadline| {
        loop {
            let mail = Mail::CallAnswered { session, call, answer: answer.clone() };
            match remote.mail(worker, mail) {
                // Nobody awaits it any more when the deadline is over.
                Err(RemoteError::Full) if clock::now() < deadline => std::thread::sleep(FULL_PAUSE),
                _ => return,
            }
        }
    })
}

/// The threads that call the backend, behind their queue.
pub(crate) struct Backend(Sender<Request>);

impl Backend {
    /// Starts the threads. `deliver` takes their answers; several of them may call it at once.
    fn start(
        config: &BackendConfig,
        deliver: impl Fn(CallOrigin, BackendAnswer, Instant) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (sender, requests) = bounded(QUEUE_MAX);
        let deliver = Arc::new(deliver);
        for number in 0..THREADS {
            let exchange = Exchange::new(config);
            let (requests, deliver) = (Receiver::clone(&requests), Arc::clone(&deliver));
            std::thread::Builder::new().name(format!("backend {number}")).spawn(move || {
                for Request { origin, body, deadline } in requests {
                    deliver(origin, exchange.call(&body, deadline), deadline);
                }
            })?;
        }
        Ok(Self(sender))
    }

    /// Has a call made. `false`: as many wait as may.
    pub(crate) fn call(&self, worker: WorkerId, call: &BackendCall<'_>) -> bool {
        let origin = CallOrigin { worker, session: call.session, call: call.call };
        let body = exchange::body(call);
        self.0.try_send(Request { origin, body, deadline: call.deadline }).is_ok()
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").field("waiting", &self.0.len()).finish()
    }
}

/// The answer as the hub takes it.
pub(crate) fn as_answer(answer: &BackendAnswer) -> Result<Payload<'_>, Refusal> {
    match answer {
        Ok((format, bytes)) => Ok(Payload { format: *format, bytes }),
        Err(refusal) => Err(refusal.clone()),
    }
}

/// Calls that are made at the same time.
const THREADS: usize = 8;

/// Calls that wait for one of them.
const QUEUE_MAX: usize = 1024;

/// How long to wait for room in a worker's mailbox.
const FULL_PAUSE: Duration = Duration::from_millis(10);

/// The name of the variable with the secret.
const SECRET: &str = "SOCKEYE_BACKEND_SECRET";
