//! The HTTP API for backends, under `/api/v1/`: `docs/http-api.md` describes it.
//!
//! A request is carried out when its body is there, by the worker that has its connection; the hubs of the channels'
//! homes answer at once or by mail. The items of a batch are requests of their own, whose answers are put together.

mod answer;
mod body;
mod fault;
mod route;

pub(crate) use fault::Fault;
pub(crate) use route::Query;

use crate::access::Access;
use body::{ConfigureBody, DisconnectBody, PublishBody, UnsubscribeBody};
use route::Route;
use serde::Serialize;
use sockeye::protocol::http::{BodySize, Request as HttpRequest, Response, Status};
use sockeye_hub::{Answer, RefusalCode, Request};
use std::time::Duration;

/// A request that was not answered.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// What it asks for, until that is on its way.
    route: Option<Route>,
    body: Vec<u8>,
    answers: Answers,
}

/// What the hub has answered so far.
#[derive(Debug)]
struct Answers {
    is_batch: bool,
    items: Vec<Option<Result<Box<str>, Fault>>>,
    missing: usize,
}

impl Exchange {
    /// Takes a request on, whose path goes on with `rest`.
    pub(crate) fn begin(
        request: &HttpRequest<'_>,
        rest: &str,
        access: &Access,
    ) -> Result<Self, Fault> {
        access.check_api(request)?;
        let route = Route::parse(request.method(), rest, request.query())?;
        if let BodySize::Known(size) = request.body_size()
            && size > BODY_SIZE_MAX as u64
        {
            return Err(body_too_large());
        }
        let answers = Answers { is_batch: false, items: Vec::new(), missing: 0 };
        Ok(Self { route: Some(route), body: Vec::new(), answers })
    }

    /// Takes a part of the body.
    pub(crate) fn take(&mut self, part: &[u8]) -> Result<(), Fault> {
        if self.body.len() + part.len() > BODY_SIZE_MAX {
            return Err(body_too_large());
        }
        self.body.extend_from_slice(part);
        Ok(())
    }

    /// The body is there: what is to be asked now. `None`: that was asked already.
    pub(crate) fn end(&mut self) -> Option<Asking> {
        let route = self.route.take()?;
        Some(Asking { route, body: std::mem::take(&mut self.body) })
    }

    /// So many answers are to come.
    pub(crate) fn expect(&mut self, items: usize, is_batch: bool) {
        let list = std::iter::repeat_with(|| None).take(items).collect();
        self.answers = Answers { is_batch, items: list, missing: items };
    }

    /// An answer has come. The response, if it was the last one.
    pub(crate) fn note(&mut self, index: usize, answer: Result<Answer, Fault>) -> Option<Response> {
        let slot = self.answers.items.get_mut(index).filter(|slot| slot.is_none())?;
        *slot = Some(answer.and_then(answer::write));
        self.answers.missing -= 1;
        (self.answers.missing == 0).then(|| self.answers.response())
    }
}

impl Answers {
    fn response(&mut self) -> Response {
        if !self.is_batch {
            return match self.items.pop().flatten() {
                Some(Ok(json)) => json_text(Status::OK, json),
                Some(Err(fault)) => fault.into_response(),
                None => unreachable!("a response is made when no answer is missing"),
            };
        }
        let mut text = String::from("[");
        for answer in self.items.drain(..).flatten() {
            if text.len() > 1 {
                text.push(',');
            }
            match answer {
                Ok(json) => text.push_str(&json),
                Err(fault) => text.push_str(&answer::to_json(&fault.body())),
            }
        }
        text.push(']');
        json_text(Status::OK, text.into())
    }
}

/// Who has things done, one after the other.
pub(crate) trait Desk {
    /// So many things follow; they are a batch, or one thing.
    fn expect(&mut self, items: usize, is_batch: bool);

    /// Has one done, or answers what is wrong with it.
    fn ask(&mut self, index: usize, request: Result<Request<'_>, Fault>);

    /// Has one thing done, which is all.
    fn ask_one(&mut self, request: Request<'_>) {
        self.expect(1, false);
        self.ask(0, Ok(request));
    }
}

/// A request with its body, on its way to the hub.
pub(crate) struct Asking {
    route: Route,
    body: Vec<u8>,
}

impl Asking {
    /// Has each thing done that is asked for.
    ///
    /// # Errors
    ///
    /// What is wrong with all of it; nothing was done then.
    pub(crate) fn ask(&self, desk: &mut impl Desk) -> Result<(), Fault> {
        match &self.route {
            Route::Publish => {
                let body: PublishBody<'_> = body::read(&self.body)?;
                body.with(|publish| desk.ask_one(Request::Publish(publish)))?;
            }
            Route::PublishBatch => return self.ask_batch(desk),
            Route::Disconnect => {
                let body: DisconnectBody = body::read(&self.body)?;
                desk.ask_one(Request::Disconnect {
                    target: body.target()?,
                    reason: body.reason.as_str().into(),
                    may_return: body.may_return,
                });
            }
            Route::Unsubscribe => {
                let body: UnsubscribeBody = body::read(&self.body)?;
                let target = body.target()?;
                desk.ask_one(Request::Unsubscribe {
                    target,
                    channel: body.channel.as_str().into(),
                });
            }
            Route::History(history) => desk.ask_one(Request::History(history.clone())),
            Route::Presence { channel, view, limit } => desk.ask_one(Request::Presence {
                channel: channel.into(),
                view: view.clone(),
                limit: *limit,
            }),
            Route::Channel { channel } => {
                desk.ask_one(Request::Channel { channel: channel.into() })
            }
            Route::Configure { channel } => {
                let metadata = ConfigureBody::read(&self.body)?.metadata()?;
                desk.ask_one(Request::Configure { channel: channel.into(), metadata });
            }
            Route::Remove { channel } => desk.ask_one(Request::Remove { channel: channel.into() }),
        }
        Ok(())
    }

    fn ask_batch(&self, desk: &mut impl Desk) -> Result<(), Fault> {
        let items: Vec<PublishBody<'_>> = body::read(&self.body)?;
        if !(1..=BATCH_MAX).contains(&items.len()) {
            let text = format!("expected 1 to {BATCH_MAX} publications, got {}", items.len());
            let code =
                if items.is_empty() { RefusalCode::BadRequest } else { RefusalCode::LimitExceeded };
            return Err(Fault::new(code, text));
        }
        desk.expect(items.len(), true);
        for (index, item) in items.iter().enumerate() {
            let asked = item.with(|publish| desk.ask(index, Ok(Request::Publish(publish))));
            if let Err(fault) = asked {
                desk.ask(index, Err(fault));
            }
        }
        Ok(())
    }
}

fn json(status: Status, value: &impl Serialize) -> Response {
    json_text(status, answer::to_json(value))
}

/// Ends it with a line's end, as a terminal likes it.
fn json_text(status: Status, text: Box<str>) -> Response {
    let mut body = text.into_string().into_bytes();
    body.push(b'\n');
    Response::new(status)
        .with_body("application/json", body)
        .expect("a type that is written in this file")
}

fn body_too_large() -> Fault {
    Fault::new(
        RefusalCode::LimitExceeded,
        format!("expected a body of at most {BODY_SIZE_MAX} bytes"),
    )
}

/// Bytes of the body of a request. The engine takes more, so that who sends more gets an answer in JSON.
pub(crate) const BODY_SIZE_MAX: usize = 1024 * 1024;

/// Publications of a batch.
const BATCH_MAX: usize = 1000;

/// For the body to arrive and for the answer of the hubs, which are at most a mail away. The engine answers 503 then.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// The token of a request: of its `Authorization`, or of its query, where browsers have to put it who open a WebSocket.
pub(crate) fn token(request: &HttpRequest<'_>) -> Option<Box<str>> {
    let of_query = || Query(request.query()?).get("token").map(String::into_boxed_str);
    bearer(request).map(Into::into).or_else(of_query)
}

/// What an `Authorization: Bearer` has.
pub(crate) fn bearer<'r>(request: &HttpRequest<'r>) -> Option<&'r str> {
    let value = str::from_utf8(request.header("authorization")?).ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}
