//! What is wrong with a request, as its answer says it.

use super::answer::Item;
use serde::Serialize;
use sockeye::protocol::http::{Response, Status};
use sockeye_hub::{NameError, Refusal, RefusalCode};
use std::borrow::Cow;

/// A request was not carried out. Nothing of it was.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(super) code: RefusalCode,
    pub(super) text: Cow<'static, str>,
    /// The path has other methods: these. In the place of the status that goes with the code.
    pub(super) allow: Option<&'static str>,
    /// With a conflict: the publication that is there.
    pub(super) current: Option<serde_json::Value>,
}

impl Fault {
    pub(crate) fn new(code: RefusalCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into(), allow: None, current: None }
    }

    /// The request is not one, or a part of it is not what it has to be.
    pub(super) fn bad_request(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalCode::BadRequest, text)
    }

    /// The path is one, but not of this method; `allow` is those that it has, as in the header of that name.
    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        let or = allow.rsplit_once(", ").map(|(others, last)| format!("{others} or {last}"));
        let expected = format!("expected {}", or.as_deref().unwrap_or(allow));
        Self { allow: Some(allow), ..Self::bad_request(expected) }
    }

    pub(super) fn body(&self) -> impl Serialize {
        Body {
            error: Error {
                code: self.code.name(),
                message: &self.text,
                current: self.current.as_ref(),
            },
        }
    }

    pub(super) fn status(&self) -> Status {
        match self.allow {
            Some(_) => Status::METHOD_NOT_ALLOWED,
            None => status(self.code),
        }
    }

    /// As the answer to the whole request.
    pub(crate) fn into_response(self) -> Response {
        let response = super::json(self.status(), &self.body());
        let (name, value) = match (self.allow, self.code) {
            // RFC 9110 15.5.6: a 405 has to say which methods there are.
            (Some(allow), _) => ("Allow", allow),
            // RFC 9110 15.5.2: a 401 has to say how to authenticate.
            (None, RefusalCode::Unauthorized) => ("WWW-Authenticate", "Bearer"),
            (None, _) => return response,
        };
        response.with_header(name, value).expect("a header that is written in this crate")
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let current = refusal.current.map(|publication| Item::of(&publication).into_value());
        Self { code: refusal.code, text: refusal.text, allow: None, current }
    }
}

impl From<NameError> for Fault {
    fn from(error: NameError) -> Self {
        Self::bad_request(error.to_string())
    }
}

#[derive(Serialize)]
struct Body<'f> {
    error: Error<'f>,
}

#[derive(Serialize)]
struct Error<'f> {
    code: &'static str,
    message: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'f serde_json::Value>,
}

const fn status(code: RefusalCode) -> Status {
    match code {
        RefusalCode::BadRequest => Status::BAD_REQUEST,
        RefusalCode::Unauthorized => Status::UNAUTHORIZED,
        RefusalCode::Forbidden => Status::FORBIDDEN,
        RefusalCode::InvalidPayload => Status::UNPROCESSABLE_CONTENT,
        RefusalCode::NotFound => Status::NOT_FOUND,
        RefusalCode::AlreadySubscribed | RefusalCode::NotSubscribed | RefusalCode::Conflict => {
            Status::CONFLICT
        }
        RefusalCode::LimitExceeded => Status::CONTENT_TOO_LARGE,
        RefusalCode::RateLimited => Status::TOO_MANY_REQUESTS,
        RefusalCode::Timeout => Status::GATEWAY_TIMEOUT,
        RefusalCode::Unavailable => Status::SERVICE_UNAVAILABLE,
    }
}
