//! The commands, field by field.

use super::commands::{Answer, Data, Publishing};
use super::reader::{Fault, Fields, Reader};
use super::schema::{
    ack, all, call, connect, error, history, position, presence, publish, refresh, reply, resume,
    subscribe, update_presence,
};
use crate::dialect::{Connect, ResumeFrom};
use sockeye_hub::limits::{HEADERS_MAX, SUBSCRIPTIONS_PER_SESSION_MAX};
use sockeye_hub::{
    Acknowledge, Attributes, Call, Command, Epoch, History, Payload, Position, PresenceView,
    SessionId, SlowPolicy, Subscribe, Target,
};
use std::borrow::Cow;
use std::time::Duration;

pub(super) fn read_connect<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<Connect<'a>, Fault> {
    use connect::number as of;
    let mut connect = Connect::default();
    while let Some(number) = fields.next()? {
        match number {
            of::TOKEN => connect.token = Some(fields.reader.text()?),
            of::RESUME => connect.resume = Some(fields.map(&resume::SCHEMA, read_resume)?),
            of::NAME => connect.name = Some(fields.reader.text()?),
            _ => connect.version = Some(fields.reader.text()?),
        }
    }
    Ok(connect)
}

fn read_resume<'a, R: Reader<'a>>(mut fields: Fields<'_, 'a, R>) -> Result<ResumeFrom<'a>, Fault> {
    use resume::number as of;
    let mut resume = ResumeFrom::default();
    while let Some(number) = fields.next()? {
        let reader = &mut *fields.reader;
        match number {
            of::TOKEN => resume.token = reader.text()?,
            of::POSITIONS => {
                reader.pairs(&mut resume.positions, SUBSCRIPTIONS_PER_SESSION_MAX, R::number)?;
            }
            _ => resume.message = reader.number()?,
        }
    }
    fields.require(of::TOKEN)?;
    Ok(resume)
}

pub(super) fn read_subscribe<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<Subscribe<'a>, Fault> {
    use subscribe::number as of;
    let mut subscribe = Subscribe::default();
    while let Some(number) = fields.next()? {
        let reader = &mut *fields.reader;
        match number {
            of::CHANNEL => subscribe.channel = reader.text()?,
            of::POSITION => {
                subscribe.position = Some(fields.map(&position::SCHEMA, read_position)?);
            }
            of::SLOW => subscribe.slow = Some(slow_policy(&reader.text()?)?),
            of::FILTER => reader.pairs(&mut subscribe.filter, HEADERS_MAX, R::text)?,
            of::SNAPSHOT => subscribe.snapshot = reader.flag()?,
            _ => subscribe.info = Some(Payload::json(reader.json()?)),
        }
    }
    fields.require(of::CHANNEL)?;
    Ok(subscribe)
}

fn slow_policy(name: &str) -> Result<SlowPolicy, Fault> {
    SlowPolicy::parse(name).ok_or_else(|| {
        Fault::new("expected `slow` to be replay, drop-oldest, conflate or disconnect")
    })
}

fn read_position<'a, R: Reader<'a>>(mut fields: Fields<'_, 'a, R>) -> Result<Position, Fault> {
    use position::number as of;
    let mut position = Position { epoch: Epoch(0), sequence: 0 };
    while let Some(number) = fields.next()? {
        match number {
            of::EPOCH => {
                position.epoch = Epoch::parse(&fields.reader.text()?)
                    .ok_or_else(|| Fault::new("expected `epoch` as the server has given it"))?;
            }
            _ => position.sequence = fields.reader.number()?,
        }
    }
    fields.require(of::EPOCH)?;
    fields.require_number(of::SEQUENCE)?;
    Ok(position)
}

pub(super) fn read_publish<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<Publishing<'a>, Fault> {
    use publish::number as of;
    let mut publishing = Publishing {
        target: Target::Channel(Cow::Borrowed("")),
        data: NULL,
        key: None,
        content_type: None,
        headers: Vec::new(),
        idempotency_key: None,
        attributes: Attributes::default(),
        expected_version: None,
        exclude_self: false,
    };
    while let Some(number) = fields.next()? {
        let reader = &mut *fields.reader;
        match number {
            of::CHANNEL => publishing.target = Target::Channel(reader.text()?),
            of::USER => publishing.target = Target::User(reader.text()?),
            of::SESSION => publishing.target = Target::Session(session(&reader.text()?)?),
            of::ALL => publishing.target = fields.map(&all::SCHEMA, read_all)?,
            of::DATA => publishing.data = Data::Json(reader.json()?),
            of::DATA_BINARY => publishing.data = Data::Binary(reader.binary()?),
            of::KEY => publishing.key = Some(reader.text()?),
            of::CONTENT_TYPE => publishing.content_type = Some(reader.text()?),
            of::HEADERS => reader.pairs(&mut publishing.headers, HEADERS_MAX, R::text)?,
            of::TTL_MS => publishing.attributes.ttl_ms = Some(reader.number()?),
            of::PRIORITY => publishing.attributes.priority = Some(priority(reader.number()?)?),
            of::VOLATILE => publishing.attributes.is_volatile = reader.flag()?,
            of::IDEMPOTENCY_KEY => publishing.idempotency_key = Some(reader.text()?),
            of::EXPECTED_VERSION => publishing.expected_version = Some(reader.number()?),
            _ => publishing.exclude_self = reader.flag()?,
        }
    }
    let targets = [of::CHANNEL, of::USER, of::SESSION, of::ALL];
    exactly_one(&fields, &targets, "expected one of channel, user, session, all in publish")?;
    one_payload(&fields, [of::DATA, of::DATA_BINARY])?;
    each_once(&publishing.headers)?;
    Ok(publishing)
}

/// Who gets it could not say which of two counts.
fn each_once(headers: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<(), Fault> {
    let is_there = |index: usize, name| headers[..index].iter().any(|(other, _)| other == name);
    match headers.iter().enumerate().any(|(index, (name, _))| is_there(index, name)) {
        true => Err(Fault::new("expected each header once")),
        false => Ok(()),
    }
}

fn read_all<'a, R: Reader<'a>>(mut fields: Fields<'_, 'a, R>) -> Result<Target<'a>, Fault> {
    let mut texts = Vec::new();
    while fields.next()?.is_some() {
        fields.reader.texts(&mut texts, EXCEPT_MAX)?;
    }
    let except = texts.iter().map(|text| session(text)).collect::<Result<_, _>>()?;
    Ok(Target::All { except })
}

fn session(text: &str) -> Result<SessionId, Fault> {
    SessionId::parse(text)
        .ok_or_else(|| Fault::new("expected a session's name, such as 9f3c21aa.1.2f.0"))
}

fn priority(number: u64) -> Result<u8, Fault> {
    u8::try_from(number).map_err(|_| Fault::new("expected a priority from 0 to 9"))
}

pub(super) fn read_call<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<(Call<'a>, Data<'a>), Fault> {
    use call::number as of;
    let mut call = Call {
        session: None,
        method: Cow::Borrowed(""),
        payload: Payload::json(""),
        timeout: None,
    };
    let mut data = NULL;
    while let Some(number) = fields.next()? {
        let reader = &mut *fields.reader;
        match number {
            of::SESSION => call.session = Some(session(&reader.text()?)?),
            of::METHOD => call.method = reader.text()?,
            of::DATA => data = Data::Json(reader.json()?),
            of::DATA_BINARY => data = Data::Binary(reader.binary()?),
            _ => call.timeout = Some(Duration::from_millis(reader.number()?)),
        }
    }
    fields.require(of::METHOD)?;
    at_most_one_payload(&fields, [of::DATA, of::DATA_BINARY])?;
    Ok((call, data))
}

pub(super) fn read_reply<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<(u64, Answer<'a>), Fault> {
    use reply::number as of;
    let mut call = 0;
    let mut answer = Ok(NULL);
    while let Some(number) = fields.next()? {
        match number {
            of::CALL => call = fields.reader.number()?,
            of::DATA => answer = Ok(Data::Json(fields.reader.json()?)),
            of::DATA_BINARY => answer = Ok(Data::Binary(fields.reader.binary()?)),
            _ => answer = Err(fields.map(&error::SCHEMA, read_error)?),
        }
    }
    fields.require_number(of::CALL)?;
    let kinds = [of::DATA, of::DATA_BINARY, of::ERROR];
    exactly_one(&fields, &kinds, "expected either data or error in reply")?;
    Ok((call, answer))
}

fn read_error<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<(Cow<'a, str>, Cow<'a, str>), Fault> {
    use error::number as of;
    let (mut code, mut message) = (Cow::Borrowed(""), Cow::Borrowed(""));
    while let Some(number) = fields.next()? {
        match number {
            of::CODE => code = fields.reader.text()?,
            of::MESSAGE => message = fields.reader.text()?,
            _ => return Err(Fault::new("expected code and message in error, not `current`")),
        }
    }
    fields.require(of::CODE)?;
    Ok((code, message))
}

pub(super) fn read_ack<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<Acknowledge<'a>, Fault> {
    use ack::number as of;
    let (mut channel, mut sequence, mut messages) = (None, 0, None);
    while let Some(number) = fields.next()? {
        match number {
            of::CHANNEL => channel = Some(fields.reader.text()?),
            of::SEQUENCE => sequence = fields.reader.number()?,
            _ => messages = Some(fields.reader.number()?),
        }
    }
    match (channel, messages) {
        (Some(channel), None) => {
            fields.require_number(of::SEQUENCE)?;
            Ok(Acknowledge::Channel { channel, sequence })
        }
        (None, Some(number)) if !fields.has(of::SEQUENCE) => Ok(Acknowledge::Messages { number }),
        _ => Err(Fault::new("expected either channel and sequence or messages in ack")),
    }
}

pub(super) fn read_presence<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<Command<'a>, Fault> {
    use presence::number as of;
    let mut channel = Cow::Borrowed("");
    let (mut counts_only, mut by_user, mut after, mut limit) = (false, false, None, None);
    while let Some(number) = fields.next()? {
        match number {
            of::CHANNEL => channel = fields.reader.text()?,
            of::COUNTS_ONLY => counts_only = fields.reader.flag()?,
            of::AFTER => after = Some(fields.reader.text()?),
            of::LIMIT => limit = Some(size(fields.reader.number()?)),
            _ => by_user = fields.reader.flag()?,
        }
    }
    fields.require(of::CHANNEL)?;
    let view = match (counts_only, by_user, after) {
        (false, false, None) => PresenceView::AllSessions,
        (false, false, Some(after)) => PresenceView::SessionsAfter(session(&after)?),
        (false, true, None) => PresenceView::AllUsers,
        (false, true, Some(after)) => PresenceView::UsersAfter(after),
        (true, false, None) => PresenceView::Counts,
        (true, ..) => return Err(Fault::new("expected counts_only without by_user and after")),
    };
    Ok(Command::Presence { channel, view, limit })
}

pub(super) fn read_update_presence<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<Command<'a>, Fault> {
    use update_presence::number as of;
    let (mut channel, mut info) = (Cow::Borrowed(""), "");
    while let Some(number) = fields.next()? {
        match number {
            of::CHANNEL => channel = fields.reader.text()?,
            _ => info = fields.reader.json()?,
        }
    }
    fields.require(of::CHANNEL)?;
    fields.require(of::INFO)?;
    Ok(Command::UpdatePresence { channel, info: Payload::json(info) })
}

pub(super) fn read_history<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<History<'a>, Fault> {
    use history::number as of;
    let mut history = History::default();
    while let Some(number) = fields.next()? {
        match number {
            of::CHANNEL => history.channel = fields.reader.text()?,
            of::AFTER => history.after = Some(fields.reader.number()?),
            of::BEFORE => history.before = Some(fields.reader.number()?),
            of::LIMIT => history.limit = Some(size(fields.reader.number()?)),
            _ => history.state = fields.reader.flag()?,
        }
    }
    fields.require(of::CHANNEL)?;
    Ok(history)
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A message whose only field is a text, which it must have.
pub(super) fn only_text<'a, R: Reader<'a>>(
    mut fields: Fields<'_, 'a, R>,
) -> Result<Cow<'a, str>, Fault> {
    let mut text = Cow::Borrowed("");
    while fields.next()?.is_some() {
        text = fields.reader.text()?;
    }
    fields.require(refresh::number::TOKEN)?;
    Ok(text)
}

/// A message whose only field is a number, which it must have.
pub(super) fn only_number<'a, R: Reader<'a>>(mut fields: Fields<'_, 'a, R>) -> Result<u64, Fault> {
    let mut value = 0;
    while fields.next()?.is_some() {
        value = fields.reader.number()?;
    }
    fields.require_number(1)?;
    Ok(value)
}

/// A message without fields.
pub(super) fn nothing<'a, R: Reader<'a>>(mut fields: Fields<'_, 'a, R>) -> Result<(), Fault> {
    // A field that is there is not known, and said to be a fault.
    fields.next().map(|_| ())
}

fn exactly_one<'a, R: Reader<'a>>(
    fields: &Fields<'_, 'a, R>,
    numbers: &[u32],
    expected: &'static str,
) -> Result<(), Fault> {
    match numbers.iter().filter(|number| fields.has(**number)).count() {
        1 => Ok(()),
        _ => Err(Fault::new(expected)),
    }
}

fn one_payload<'a, R: Reader<'a>>(
    fields: &Fields<'_, 'a, R>,
    [json, binary]: [u32; 2],
) -> Result<(), Fault> {
    match fields.has(json) != fields.has(binary) {
        true => Ok(()),
        false => Err(Fault::new(format!("expected either data or {}", R::BINARY_NAME))),
    }
}

fn at_most_one_payload<'a, R: Reader<'a>>(
    fields: &Fields<'_, 'a, R>,
    numbers: [u32; 2],
) -> Result<(), Fault> {
    if numbers.iter().any(|number| fields.has(*number)) {
        one_payload(fields, numbers)
    } else {
        Ok(())
    }
}

/// What is sent where nothing was given to be sent.
const NULL: Data<'static> = Data::Json("null");

/// Sessions that a publication to all leaves out.
const EXCEPT_MAX: usize = 1024;
