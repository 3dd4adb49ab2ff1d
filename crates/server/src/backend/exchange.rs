//! One call as an exchange of HTTP: what is sent, and what the answer means.

use super::{BackendAnswer, BackendConfig};
use crate::clock;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sockeye_hub::{BackendCall, Format, Refusal, RefusalCode};
use std::time::{Duration, Instant};
use ureq::Agent;

/// What a call is sent as.
#[derive(Serialize)]
struct Asked<'a> {
    session: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
}

/// What a backend answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    data_base64: Option<String>,
    error: Option<Failed>,
}

/// What went wrong in a backend, for the caller.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failed {
    message: String,
}

/// The body that a call is sent with.
pub(super) fn body(call: &BackendCall<'_>) -> Vec<u8> {
    let json = || serde_json::from_slice(call.payload.bytes).ok();
    let data = json().filter(|_| call.payload.format == Format::Json);
    let asked = Asked {
        session: call.caller.session.to_string(),
        user: call.caller.user.as_ref().map(sockeye_hub::UserName::as_str),
        method: call.method,
        data,
        data_base64: data.is_none().then(|| BASE64_STANDARD.encode(call.payload.bytes)),
    };
    serde_json::to_vec(&asked).expect("texts and JSON become JSON")
}

/// What makes calls, with connections that it keeps.
pub(super) struct Exchange {
    agent: Agent,
    url: String,
    authorization: Option<String>,
}

impl Exchange {
    pub(super) fn new(config: &BackendConfig) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("sockeye/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let authorization = config.secret.as_ref().map(|secret| format!("Bearer {secret}"));
        Self { agent, url: config.url.clone(), authorization }
    }

    /// Makes a call, and waits for the answer until the deadline.
    pub(super) fn call(&self, body: &[u8], deadline: Instant) -> BackendAnswer {
        let left = deadline.saturating_duration_since(clock::now());
        if left < TIMEOUT_MIN {
            return Err(Refusal::new(
                RefusalCode::Timeout,
                "the backend has too many calls to make",
            ));
        }
        match self.exchange(body, left) {
            Ok((200, answer)) => read(&answer),
            Ok((status, _)) => {
                tracing::warn!("the backend answered a call with status {status}");
                Err(unavailable("the backend could not answer"))
            }
            Err(error) => {
                tracing::warn!("the backend could not be called: {error}");
                Err(unavailable("the backend could not be reached"))
            }
        }
    }

    fn exchange(&self, body: &[u8], left: Duration) -> Result<(u16, Vec<u8>), ureq::Error> {
        let mut request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/json")
            .config()
            .timeout_global(Some(left))
            .build();
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let mut response = request.send(body)?;
        let status = response.status().as_u16();
        let answer = response.body_mut().with_config().limit(ANSWER_SIZE_MAX).read_to_vec()?;
        Ok((status, answer))
    }
}

/// What an answer with status 200 says.
fn read(answer: &[u8]) -> BackendAnswer {
    let wrong = || {
        tracing::warn!("the backend answered a call with something else than {ANSWER_EXPECTED}");
        unavailable("the backend could not answer")
    };
    let answered: Answered<'_> = serde_json::from_slice(answer).map_err(|_| wrong())?;
    match answered {
        Answered { data: Some(data), data_base64: None, error: None } => {
            Ok((Format::Json, data.get().as_bytes().into()))
        }
        Answered { data: None, data_base64: Some(data), error: None } => {
            Ok((Format::Binary, BASE64_STANDARD.decode(data).map_err(|_| wrong())?.into()))
        }
        Answered { data: None, data_base64: None, error: Some(Failed { message }) } => {
            Err(unavailable(message))
        }
        _ => Err(wrong()),
    }
}

fn unavailable(text: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(RefusalCode::Unavailable, text)
}

/// A call that has less time than this is not made any more.
const TIMEOUT_MIN: Duration = Duration::from_millis(5);

/// Bytes of an answer.
const ANSWER_SIZE_MAX: u64 = 1024 * 1024;

const ANSWER_EXPECTED: &str =
    r#"one of {"data":JSON}, {"data_base64":"..."} and {"error":{"message":"..."}}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_hub::{Payload, Publisher, SessionId, SessionKey, UserName};

    #[test]
    fn a_call_is_sent_with_who_calls_and_its_payload_as_it_is() {
        let session = SessionId { node: 1, worker: 2, slot: 3, generation: 4 };
        let caller = Publisher { session, user: UserName::new("ada").ok() };
        let mut call = BackendCall {
            session: SessionKey { slot: 3, generation: 4 },
            call: 1,
            caller: &caller,
            method: "price",
            payload: Payload::json(r#"{"of": 1.50}"#),
            deadline: clock::now(),
        };
        let sent = r#"{"session":"1.2.3.4","user":"ada","method":"price","data":{"of": 1.50}}"#;
        assert_eq!(String::from_utf8_lossy(&body(&call)), sent);
        call.payload = Payload::binary(b"\xFF");
        assert!(String::from_utf8_lossy(&body(&call)).ends_with(r#""data_base64":"/w=="}"#));
    }

    #[test]
    fn an_answer_is_one_of_three() {
        let json = read(br#"{"data":{"a": 1}}"#).expect("JSON");
        assert_eq!(json, (Format::Json, br#"{"a": 1}"#[..].into()));
        let binary = read(br#"{"data_base64":"/w=="}"#).expect("bytes");
        assert_eq!(binary, (Format::Binary, b"\xFF"[..].into()));
        let refusal = read(br#"{"error":{"message":"sold out"}}"#).expect_err("an error");
        assert_eq!((refusal.code, &*refusal.text), (RefusalCode::Unavailable, "sold out"));
        for wrong in ["", "{}", "[]", r#"{"data":1,"error":{"message":"x"}}"#, r#"{"dat":1}"#] {
            let refusal = read(wrong.as_bytes()).expect_err("nothing of the kind");
            assert!(refusal.text.contains("could not answer"), "{wrong}");
        }
    }
}
