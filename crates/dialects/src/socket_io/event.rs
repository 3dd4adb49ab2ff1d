//! The array of an event: its name, and the two arguments that this dialect may look at. The rest is checked to be JSON and
//! left where it is.

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// How an event begins. `None`: there are not so many.
#[derive(Clone, Debug)]
pub(super) struct Event<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) first: Option<&'a RawValue>,
    pub(super) second: Option<&'a RawValue>,
}

impl<'a> Event<'a> {
    /// Reads an array that begins with a name. `None`: it is something else.
    pub(super) fn read(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok().filter(|event: &Self| !RESERVED.contains(&&*event.name))
    }

    /// The first argument, if it is a text.
    pub(super) fn room(&self) -> Option<Cow<'a, str>> {
        self.first.and_then(|raw| text(raw.get()))
    }
}

/// The text that a JSON text is, without a copy if nothing in it is escaped.
pub(super) fn text(json: &str) -> Option<Cow<'_, str>> {
    match serde_json::from_str::<&str>(json) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
    }
}

/// Whether it is an array, whatever is in it.
pub(super) fn is_array(json: &str) -> bool {
    json.trim_start().starts_with('[') && serde_json::from_str::<IgnoredAny>(json).is_ok()
}

impl<'de> Deserialize<'de> for Event<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EventVisitor)
    }
}

/// Clients have these to themselves, and end a connection that has an event of such a name: nobody may send it to others.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array that begins with a text")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Event<'de>, A::Error> {
        let missing = || serde::de::Error::invalid_length(0, &self);
        let name: &RawValue = elements.next_element()?.ok_or_else(missing)?;
        let name = text(name.get()).ok_or_else(missing)?;
        let first = elements.next_element()?;
        let second = elements.next_element()?;
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Event { name, first, second })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_begins_with_its_name() {
        let event = Event::read(r#"["to","a\nb", [1, 2],{"x":3}]"#).expect("an event");
        assert_eq!((&*event.name, event.room().as_deref()), ("to", Some("a\nb")));
        assert_eq!(event.second.map(RawValue::get), Some("[1, 2]"));
        for wrong in ["", "[]", "[1]", "{}", "\"x\"", r#"["x""#, r#"["x"]]"#, r#"["x",}]"#] {
            assert!(Event::read(wrong).is_none(), "{wrong}");
        }
        for reserved in [r#"["disconnect"]"#, r#"["conn\u0065ct",1]"#] {
            assert!(Event::read(reserved).is_none(), "{reserved}");
        }
        let deep = format!(r#"["x",{}{}]"#, "[".repeat(100_000), "]".repeat(100_000));
        let _ = Event::read(&deep);
    }
}
