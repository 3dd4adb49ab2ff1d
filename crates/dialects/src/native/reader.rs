//! What the three encodings have in common for who reads: maps with known fields.

use super::schema::Schema;
use std::borrow::Cow;

/// What is wrong: what was expected, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) Cow<'static, str>);

impl Fault {
    pub(super) fn new(what: impl Into<Cow<'static, str>>) -> Self {
        Self(what.into())
    }
}

/// A cursor in one frame. After [`Reader::key`] said that there is a field, exactly one of the methods that take a value is
/// called.
pub(super) trait Reader<'a>: Clone {
    /// How far a map has been read.
    type Map;
    /// Fields that are 0 need not be there.
    const OMITS_ZEROS: bool;
    /// What a field with bytes is called, where it is not called as in the schema.
    const BINARY_NAME: &'static str;

    /// Whether another command follows in the frame. Goes to it.
    fn has_more(&mut self) -> Result<bool, Fault>;

    fn enter(&mut self) -> Result<Self::Map, Fault>;
    fn key(&mut self, map: &mut Self::Map, schema: &Schema) -> Result<Option<Key>, Fault>;

    fn text(&mut self) -> Result<Cow<'a, str>, Fault>;
    fn number(&mut self) -> Result<u64, Fault>;
    fn flag(&mut self) -> Result<bool, Fault>;
    /// One JSON text.
    fn json(&mut self) -> Result<&'a str, Fault>;
    fn binary(&mut self) -> Result<Cow<'a, [u8]>, Fault>;
    /// Appends texts; at most `max` may be there then.
    fn texts(&mut self, all: &mut Vec<Cow<'a, str>>, max: usize) -> Result<(), Fault>;
    /// Appends names with values, which `value` reads.
    fn pairs<T: Default>(
        &mut self,
        all: &mut Vec<(Cow<'a, str>, T)>,
        max: usize,
        value: fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<(), Fault>;
    /// Goes past any value, if it is one.
    fn skip(&mut self) -> Result<(), Fault>;
}

/// What a field is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Its number.
    Known(u32),
    /// The schema has none of that name.
    Unknown(String),
}

/// The fields of one map, each at most once.
pub(super) struct Fields<'r, 'a, R: Reader<'a>> {
    pub(super) reader: &'r mut R,
    map: R::Map,
    schema: &'static Schema,
    seen: u32,
}

impl<'r, 'a, R: Reader<'a>> Fields<'r, 'a, R> {
    pub(super) fn enter(reader: &'r mut R, schema: &'static Schema) -> Result<Self, Fault> {
        let map = reader.enter()?;
        Ok(Self { reader, map, schema, seen: 0 })
    }

    /// The number of the next field, whose value is to be read then.
    pub(super) fn next(&mut self) -> Result<Option<u32>, Fault> {
        let number = match self.reader.key(&mut self.map, self.schema)? {
            None => return Ok(None),
            Some(Key::Known(number)) => number,
            Some(Key::Unknown(name)) => return Err(self.unknown(&name)),
        };
        let bit = 1 << number;
        if self.seen & bit != 0 && !self.may_repeat(number) {
            let name = self.name(number);
            return Err(Fault::new(format!("expected `{name}` once in {}", self.schema.name)));
        }
        self.seen |= bit;
        Ok(Some(number))
    }

    pub(super) const fn has(&self, number: u32) -> bool {
        self.seen & (1 << number) != 0
    }

    /// A field that has to be there.
    pub(super) fn require(&self, number: u32) -> Result<(), Fault> {
        match self.has(number) {
            true => Ok(()),
            false => {
                let name = self.name(number);
                Err(Fault::new(format!("expected `{name}` in {}", self.schema.name)))
            }
        }
    }

    /// A number that has to be there, unless it is 0 in an encoding that leaves zeros out.
    pub(super) fn require_number(&self, number: u32) -> Result<(), Fault> {
        if R::OMITS_ZEROS { Ok(()) } else { self.require(number) }
    }

    /// The value of the current field as a map, which `read` reads.
    pub(super) fn map<T>(
        &mut self,
        schema: &'static Schema,
        read: fn(Fields<'_, 'a, R>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        read(Fields::enter(self.reader, schema)?)
    }

    fn may_repeat(&self, number: u32) -> bool {
        R::OMITS_ZEROS && self.schema.numbered(number).is_some_and(|field| field.is_repeated)
    }

    fn name(&self, number: u32) -> &'static str {
        let name = self.schema.numbered(number).map_or("", |field| field.name);
        if name == BINARY { R::BINARY_NAME } else { name }
    }

    fn unknown(&self, name: &str) -> Fault {
        let known: Vec<_> =
            self.schema.fields.iter().map(|field| self.name(field.number)).collect();
        let found: String = name.chars().take(NAME_SHOWN_MAX).collect();
        let what = match known[..] {
            [] => "nothing".to_owned(),
            [one] => format!("only {one}"),
            _ => format!("one of {}", known.join(", ")),
        };
        Fault::new(format!("expected {what} in {}, not `{found}`", self.schema.name))
    }
}

/// What fields with bytes are called in the schema.
pub(super) const BINARY: &str = "data_binary";

/// Characters of what a client has sent that its error repeats.
const NAME_SHOWN_MAX: usize = 32;
