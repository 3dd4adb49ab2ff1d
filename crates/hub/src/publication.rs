//! A publication, and what it carries.

use crate::limits::{HEADERS_MAX, HEADERS_SIZE_MAX, TOKEN_SIZE_MAX};
use crate::names::{SessionId, UserName};
use std::fmt;
use std::sync::Arc;

/// Which life of a channel its sequence numbers belong to: a random number of its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

impl Epoch {
    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let epoch = Self(u64::from_str_radix(text, 16).ok()?);
        (epoch.to_string() == text).then_some(epoch)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A place in a channel's stream: after the publication with this sequence number, or before all with 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which stream.
    pub epoch: Epoch,
    /// The last publication before this place.
    pub sequence: u64,
}

/// What somebody wants to say: bytes that nobody in between looks into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// What the bytes are.
    pub format: Format,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl<'a> Payload<'a> {
    /// A JSON text, which is known to be one.
    #[must_use]
    pub const fn json(text: &'a str) -> Self {
        Self { format: Format::Json, bytes: text.as_bytes() }
    }

    /// Bytes.
    #[must_use]
    pub const fn binary(bytes: &'a [u8]) -> Self {
        Self { format: Format::Binary, bytes }
    }
}

/// What the bytes of a payload are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON text in UTF-8.
    Json,
    /// Any bytes.
    Binary,
}

/// What a publication carries beside its payload, as it is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes<'a> {
    /// Which value of the channel's state it is; what `conflate` goes by.
    pub key: Option<&'a str>,
    /// The payload's media type.
    pub content_type: Option<&'a str>,
    /// Names and values, given on as they are; filters go by them.
    pub headers: &'a [(&'a str, &'a str)],
    /// How long it stays in history, in milliseconds; not longer than the namespace allows. And how long it is a value of the
    /// channel's state: until it is replaced, unless it says.
    pub ttl_ms: Option<u64>,
    /// From 0 to 9; 4 unless it says.
    pub priority: Option<u8>,
    /// It is neither numbered nor kept; who cannot take it now never gets it.
    pub is_volatile: bool,
}

impl Attributes<'_> {
    /// What is wrong with them, if anything is.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let too_long = |text: Option<&str>| text.is_some_and(|text| text.len() > TOKEN_SIZE_MAX);
        let headers_size: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if too_long(self.key) {
            Some("expected a key of at most 255 bytes")
        } else if too_long(self.content_type) {
            Some("expected a content type of at most 255 bytes")
        } else if self.headers.len() > HEADERS_MAX || headers_size > HEADERS_SIZE_MAX {
            Some("expected at most 16 headers with at most 4096 bytes together")
        } else if self.priority.is_some_and(|priority| priority > PRIORITY_MAX) {
            Some("expected a priority from 0 to 9")
        } else {
            None
        }
    }
}

/// An item of a channel's stream. Shared, and never changed.
#[derive(Debug)]
pub struct Publication {
    /// Its number in its channel: larger than those before. 0: it is volatile, and not numbered.
    pub sequence: u64,
    /// The number of the publication before; 0 for the first.
    pub previous: u64,
    /// When it was numbered, in milliseconds since 1970.
    pub time_ms: u64,
    /// Until when it is in history, in milliseconds since 1970.
    pub expires_ms: u64,
    /// Who published it; `None` for the backend.
    pub publisher: Option<Publisher>,
    /// Its publisher does not get it itself.
    pub excludes_publisher: bool,
    /// What [`Payload::format`] says.
    pub format: Format,
    /// The priority, 0 to 9.
    pub priority: u8,
    /// Key, content type and headers. Most have none.
    pub extras: Option<Box<Extras>>,
    /// The payload.
    pub payload: Box<[u8]>,
}

/// Who published something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// The session.
    pub session: SessionId,
    /// Its user, unless anonymous.
    pub user: Option<UserName>,
}

/// What only some publications have.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// See [`Attributes::key`].
    pub key: Option<Arc<str>>,
    /// See [`Attributes::content_type`].
    pub content_type: Option<Box<str>>,
    /// See [`Attributes::headers`].
    pub headers: Vec<(Box<str>, Box<str>)>,
}

impl Extras {
    /// Keeps what is given, if anything is.
    pub(crate) fn keep(attributes: &Attributes<'_>) -> Option<Box<Self>> {
        let Attributes { key, content_type, headers, .. } = *attributes;
        (key.is_some() || content_type.is_some() || !headers.is_empty()).then(|| {
            Box::new(Self {
                key: key.map(Into::into),
                content_type: content_type.map(Into::into),
                headers: headers
                    .iter()
                    .map(|(name, value)| ((*name).into(), (*value).into()))
                    .collect(),
            })
        })
    }
}

impl Publication {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> Option<&Arc<str>> {
        self.extras.as_ref()?.key.as_ref()
    }

    /// The media type of its payload.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.extras.as_ref()?.content_type.as_deref()
    }

    /// Its headers.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.extras.iter().flat_map(|extras| &extras.headers);
        headers.map(|(name, value)| (&**name, &**value))
    }

    /// The payload and what it is.
    #[must_use]
    pub fn payload(&self) -> Payload<'_> {
        Payload { format: self.format, bytes: &self.payload }
    }

    /// Whether a session has published it, and does not want it itself.
    pub(crate) fn leaves_out(&self, session: SessionId) -> bool {
        let publisher = self.publisher.as_ref().filter(|_| self.excludes_publisher);
        publisher.is_some_and(|publisher| publisher.session == session)
    }

    /// About how much memory it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        let extras = self.extras.as_ref().map_or(0, |extras| {
            let headers = extras.headers.iter().map(|(name, value)| 32 + name.len() + value.len());
            size_of::<Extras>()
                + extras.key.as_ref().map_or(0, |key| key.len())
                + headers.sum::<usize>()
        });
        size_of::<Self>() + self.payload.len() + extras
    }
}

/// The highest priority.
pub const PRIORITY_MAX: u8 = 9;
/// The priority of a publication that has none.
pub const PRIORITY: u8 = 4;
