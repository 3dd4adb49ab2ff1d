//! What the bodies of requests ask for.

use super::fault::Fault;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sockeye_dialects::{is_shallow, shallow_expected};
use sockeye_hub::{Attributes, Payload, Publish, SessionId, Target};
use std::collections::BTreeMap;

/// Reads a body as JSON.
pub(super) fn read<'b, B: Deserialize<'b>>(body: &'b [u8]) -> Result<B, Fault> {
    serde_json::from_slice(body)
        .map_err(|error| Fault::bad_request(format!("expected another body: {error}")))
}

/// The body of `publish`, or an item of that of `publish/batch`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct PublishBody<'b> {
    channel: Option<String>,
    user: Option<String>,
    session: Option<String>,
    all: Option<AllBody>,
    #[serde(borrow, default, deserialize_with = "any_json")]
    data: Option<&'b RawValue>,
    data_base64: Option<String>,
    key: Option<String>,
    content_type: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    ttl_ms: Option<u64>,
    priority: Option<u8>,
    #[serde(default)]
    volatile: bool,
    idempotency_key: Option<String>,
    expected_version: Option<u64>,
}

impl PublishBody<'_> {
    /// Calls `publish` with what is asked for, which borrows from what is only here.
    pub(super) fn with<R>(&self, publish: impl FnOnce(Publish<'_>) -> R) -> Result<R, Fault> {
        let target = self.target()?;
        let binary;
        let payload = match (&self.data, &self.data_base64) {
            (Some(data), None) => shallow(data)?,
            (None, Some(data)) => {
                binary = BASE64_STANDARD
                    .decode(data)
                    .map_err(|_| Fault::bad_request("expected Base64 for data_base64"))?;
                Payload::binary(&binary)
            }
            _ => return Err(Fault::bad_request("expected either data or data_base64")),
        };
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(publish(Publish {
            target,
            payload,
            attributes: Attributes {
                key: self.key.as_deref(),
                content_type: self.content_type.as_deref(),
                headers: &headers,
                ttl_ms: self.ttl_ms,
                priority: self.priority,
                is_volatile: self.volatile,
            },
            idempotency_key: self.idempotency_key.as_deref(),
            expected_version: self.expected_version,
            exclude_self: false,
        }))
    }

    fn target(&self) -> Result<Target<'_>, Fault> {
        match (&self.channel, &self.user, &self.session, &self.all) {
            (Some(channel), None, None, None) => Ok(Target::Channel(channel.into())),
            (None, Some(user), None, None) => Ok(Target::User(user.into())),
            (None, None, Some(session), None) => Ok(Target::Session(read_session(session)?)),
            (None, None, None, Some(all)) => {
                let except = all.except.iter().map(|session| read_session(session));
                Ok(Target::All { except: except.collect::<Result<_, _>>()? })
            }
            _ => Err(Fault::bad_request("expected one of channel, user, session and all")),
        }
    }
}

/// Any JSON that is there, `null` too.
fn any_json<'b, D: Deserializer<'b>>(deserializer: D) -> Result<Option<&'b RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// A payload that clients will be able to read.
fn shallow(data: &RawValue) -> Result<Payload<'_>, Fault> {
    match is_shallow(data.get()) {
        true => Ok(Payload::json(data.get())),
        false => Err(Fault::bad_request(format!("expected {}", shallow_expected()))),
    }
}

/// All sessions, but for some.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct AllBody {
    #[serde(default)]
    except: Vec<String>,
}

/// The body of `disconnect`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct DisconnectBody {
    user: Option<String>,
    session: Option<String>,
    #[serde(default)]
    pub(super) reason: String,
    #[serde(default)]
    pub(super) may_return: bool,
}

impl DisconnectBody {
    pub(super) fn target(&self) -> Result<Target<'_>, Fault> {
        user_or_session(self.user.as_deref(), self.session.as_deref())
    }
}

/// The body of `unsubscribe`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct UnsubscribeBody {
    user: Option<String>,
    session: Option<String>,
    pub(super) channel: String,
}

impl UnsubscribeBody {
    pub(super) fn target(&self) -> Result<Target<'_>, Fault> {
        user_or_session(self.user.as_deref(), self.session.as_deref())
    }
}

/// The body of a `PUT` of a channel. None is as good as an empty one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct ConfigureBody<'b> {
    #[serde(borrow)]
    metadata: Option<&'b RawValue>,
}

impl<'b> ConfigureBody<'b> {
    pub(super) fn read(body: &'b [u8]) -> Result<Self, Fault> {
        match body.trim_ascii() {
            [] => Ok(Self::default()),
            body => read(body),
        }
    }

    pub(super) fn metadata(&self) -> Result<Option<Payload<'b>>, Fault> {
        self.metadata.map(shallow).transpose()
    }
}

fn user_or_session<'t>(user: Option<&'t str>, session: Option<&str>) -> Result<Target<'t>, Fault> {
    match (user, session) {
        (Some(user), None) => Ok(Target::User(user.into())),
        (None, Some(session)) => Ok(Target::Session(read_session(session)?)),
        _ => Err(Fault::bad_request("expected either user or session")),
    }
}

fn read_session(text: &str) -> Result<SessionId, Fault> {
    let session = SessionId::parse(text);
    session.ok_or_else(|| Fault::bad_request("expected a session's name, such as 1f.0.2.3"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(body: &str) -> String {
        let body: Result<PublishBody<'_>, Fault> = read(body.as_bytes());
        let result = body.and_then(|body| body.with(|_| ()));
        result.expect_err("there is a fault").text.into_owned()
    }

    #[test]
    fn a_publication_is_read_as_it_is_written() {
        let body =
            r#"{"channel":"news","data":{"b": 1.0, "a":[ ]},"headers":{"lang":"en"},"ttl_ms":5}"#;
        let body: PublishBody<'_> = read(body.as_bytes()).expect("it is sound");
        body.with(|publish| {
            assert_eq!(publish.target, Target::Channel("news".into()));
            assert_eq!(publish.payload, Payload::json(r#"{"b": 1.0, "a":[ ]}"#), "untouched");
            assert_eq!(publish.attributes.headers, [("lang", "en")]);
            assert_eq!(publish.attributes.ttl_ms, Some(5));
        })
        .expect("it is sound");
        let body: PublishBody<'_> =
            read(br#"{"all":{"except":["1.0.2.3"]},"data_base64":"AP8="}"#).expect("sound");
        body.with(|publish| {
            assert_eq!(publish.payload, Payload::binary(&[0, 255]));
            assert!(matches!(publish.target, Target::All { except } if except.len() == 1));
        })
        .expect("it is sound");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let (open, close) = ("[".repeat(121), "]".repeat(121));
        let deep = format!(r#"{{"channel":"a","data":{open}{close}}}"#);
        let cases = [
            ("", "EOF while parsing"),
            ("[]", "expected an object"),
            (&deep, "expected at most 120 levels of arrays and objects"),
            (r#"{"channel":"a"}"#, "either data or data_base64"),
            (r#"{"channel":"a","data":1,"data_base64":"AA=="}"#, "either data or data_base64"),
            (r#"{"channel":"a","data_base64":"?"}"#, "expected Base64"),
            (r#"{"data":1}"#, "one of channel, user, session and all"),
            (r#"{"channel":"a","user":"b","data":1}"#, "one of channel, user, session and all"),
            (r#"{"all":{"except":["x"]},"data":1}"#, "a session's name"),
            (r#"{"session":"x","data":1}"#, "a session's name"),
            (r#"{"chanel":"a","data":1}"#, "unknown field `chanel`"),
            (r#"{"channel":"a","data":1} 2"#, "trailing characters"),
        ];
        for (body, expected) in cases {
            let text = fault(body);
            assert!(text.contains(expected), "{body}: {text}");
        }
    }
}
