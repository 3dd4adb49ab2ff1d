//! What paths, methods and queries ask for.

use super::fault::Fault;
use percent_encoding::percent_decode_str;
use sockeye_hub::{History, PresenceView, RefusalCode, SessionId};

/// What a request asks for, as far as its head says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Publish,
    PublishBatch,
    Disconnect,
    Unsubscribe,
    History(History<'static>),
    Presence { channel: String, view: PresenceView<'static>, limit: Option<usize> },
    Channel { channel: String },
    Configure { channel: String },
    Remove { channel: String },
}

impl Route {
    /// Reads what follows `/api/v1/` in a path.
    pub(super) fn parse(method: &str, path: &str, query: Option<&str>) -> Result<Self, Fault> {
        let query = Query(query.unwrap_or_default());
        let parts: Vec<&str> = path.split('/').collect();
        query.check(match (parts.as_slice(), method) {
            (["channels", _, "history"], "GET") => &["after", "before", "limit", "state"],
            (["channels", _, "presence"], "GET") => &["after", "by", "counts_only", "limit"],
            _ => &[],
        })?;
        match (parts.as_slice(), method) {
            (["publish"], "POST") => Ok(Self::Publish),
            (["publish", "batch"], "POST") => Ok(Self::PublishBatch),
            (["disconnect"], "POST") => Ok(Self::Disconnect),
            (["unsubscribe"], "POST") => Ok(Self::Unsubscribe),
            (["publish"] | ["publish", "batch"] | ["disconnect"] | ["unsubscribe"], _) => {
                Err(Fault::method_not_allowed("POST"))
            }
            (["channels", name], "GET") => Ok(Self::Channel { channel: decode(name)? }),
            (["channels", name], "PUT") => Ok(Self::Configure { channel: decode(name)? }),
            (["channels", name], "DELETE") => Ok(Self::Remove { channel: decode(name)? }),
            (["channels", _], _) => Err(Fault::method_not_allowed("GET, PUT, DELETE")),
            (["channels", name, "history"], "GET") => Ok(Self::History(History {
                channel: decode(name)?.into(),
                after: query.number("after")?,
                before: query.number("before")?,
                limit: query.number("limit")?,
                state: query.flag("state")?,
            })),
            (["channels", name, "presence"], "GET") => Ok(Self::Presence {
                channel: decode(name)?,
                view: query.presence_view()?,
                limit: query.number("limit")?,
            }),
            (["channels", _, "history" | "presence"], _) => Err(Fault::method_not_allowed("GET")),
            _ => Err(Fault::new(
                RefusalCode::NotFound,
                "there is nothing here: expected publish, publish/batch, disconnect, unsubscribe, channels/NAME, \
                 channels/NAME/history or channels/NAME/presence after /api/v1/",
            )),
        }
    }
}

/// A channel's name, in which a `/` is written as `%2F`.
fn decode(name: &str) -> Result<String, Fault> {
    let name = percent_decode_str(name).decode_utf8();
    name.map(Into::into).map_err(|_| Fault::bad_request("expected a channel's name in UTF-8"))
}

/// What follows the question mark of a request's target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'q>(pub(crate) &'q str);

impl Query<'_> {
    /// The first value with this name.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.0.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// What nobody knows of may be a slip that would do something else than was meant.
    fn check(&self, known: &[&str]) -> Result<(), Fault> {
        let mut names = form_urlencoded::parse(self.0.as_bytes()).map(|(name, _)| name);
        let Some(unknown) = names.find(|name| !known.contains(&&**name)) else {
            return Ok(());
        };
        let there_is = match known {
            [] => "nothing goes there".to_owned(),
            known => format!("there are {}", known.join(", ")),
        };
        Err(Fault::bad_request(format!(
            "expected no {unknown:?} behind the question mark: {there_is}"
        )))
    }

    fn presence_view(&self) -> Result<PresenceView<'static>, Fault> {
        let by_user = self.read("by", "session or user", |text| match text {
            "session" => Some(false),
            "user" => Some(true),
            _ => None,
        })?;
        Ok(match (self.flag("counts_only")?, by_user) {
            (true, _) => PresenceView::Counts,
            (false, Some(true)) => match self.get("after") {
                Some(user) => PresenceView::UsersAfter(user.into()),
                None => PresenceView::AllUsers,
            },
            (false, _) => match self.read("after", "the session of a member", SessionId::parse)? {
                Some(session) => PresenceView::SessionsAfter(session),
                None => PresenceView::AllSessions,
            },
        })
    }

    fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Fault> {
        self.read(name, "a number", |text| text.parse().ok())
    }

    fn flag(&self, name: &str) -> Result<bool, Fault> {
        let flag = self.read(name, "true or false", |text| match text {
            "true" | "1" | "" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })?;
        Ok(flag.unwrap_or(false))
    }

    fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let value = read(&text);
        value.map(Some).ok_or_else(|| Fault::bad_request(format!("expected {expected} for {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_methods_and_queries_are_read() {
        let parse = |method, path, query| Route::parse(method, path, query).expect("a route");
        assert_eq!(parse("POST", "publish", None), Route::Publish);
        assert_eq!(parse("POST", "publish/batch", None), Route::PublishBatch);
        let channel = || "chat:a/b c".to_owned();
        assert_eq!(
            parse("GET", "channels/chat:a%2Fb%20c/history", Some("limit=5&after=7")),
            Route::History(History {
                channel: channel().into(),
                after: Some(7),
                limit: Some(5),
                ..History::default()
            })
        );
        let after = SessionId { node: 10, worker: 1, slot: 2, generation: 3 };
        let views = [
            ("counts_only&after=a.1.2.3", PresenceView::Counts),
            ("", PresenceView::AllSessions),
            ("after=a.1.2.3", PresenceView::SessionsAfter(after)),
            ("by=user", PresenceView::AllUsers),
            ("by=user&after=ada", PresenceView::UsersAfter("ada".into())),
        ];
        for (query, view) in views {
            let expected = Route::Presence { channel: "x".to_owned(), view, limit: None };
            assert_eq!(parse("GET", "channels/x/presence", Some(query)), expected, "{query}");
        }
        assert_eq!(parse("DELETE", "channels/x", None), Route::Remove { channel: "x".to_owned() });
    }

    #[test]
    fn what_is_wrong_is_said() {
        let cases = [
            ("GET", "publish", "", 405, "expected POST"),
            ("POST", "channels/x", "", 405, "expected GET, PUT or DELETE"),
            ("PUT", "channels/x/history", "", 405, "expected GET"),
            ("GET", "channels/x/history", "after=-1", 400, "expected a number for after"),
            ("GET", "channels/x/presence", "counts_only=maybe", 400, "true or false"),
            ("GET", "channels/x/presence", "by=age", 400, "session or user"),
            ("GET", "channels/%FF", "", 400, "in UTF-8"),
            (
                "DELETE",
                "channels/x",
                "key=coho",
                400,
                "\"key\" behind the question mark: nothing goes",
            ),
            ("GET", "channels/x/history", "afer=4", 400, "there are after, before, limit, state"),
            ("GET", "channels/a/b/c", "", 404, "there is nothing here"),
            ("GET", "", "", 404, "there is nothing here"),
        ];
        for (method, path, query, status, text) in cases {
            let fault = Route::parse(method, path, Some(query)).expect_err(path);
            assert_eq!(fault.status().number(), status, "{method} {path}?{query}");
            assert!(fault.text.contains(text), "{method} {path}: {}", fault.text);
        }
    }
}
