//! The commands as they were read, and which field has which.

use super::bodies::{
    nothing, only_number, only_text, read_ack, read_call, read_connect, read_history,
    read_presence, read_publish, read_reply, read_subscribe, read_update_presence,
};
use super::reader::{Fault, Fields, Reader};
use super::schema::{
    ack, call, cancel, command, connect, disconnect, history, ping, presence, publish, refresh,
    reply, subscribe, unsubscribe, update_presence,
};
use crate::dialect::{Commands, Connect};
use sockeye_hub::{Attributes, Call, Command, CommandId, Format, Payload, Publish, Target};
use std::borrow::Cow;

/// A command, before it is lent: the hub's own words borrow what may have to be kept here.
#[derive(Debug)]
pub(super) enum Decoded<'a> {
    Connect(Connect<'a>),
    Refresh(Cow<'a, str>),
    Command(Command<'a>),
    Publish(Publishing<'a>),
    Call(Call<'a>, Data<'a>),
    Reply(u64, Answer<'a>),
    Disconnect,
}

/// The data of a payload.
#[derive(Debug)]
pub(super) enum Data<'a> {
    Json(&'a str),
    Binary(Cow<'a, [u8]>),
}

/// What a reply has: data, or a code and a text.
pub(super) type Answer<'a> = Result<Data<'a>, (Cow<'a, str>, Cow<'a, str>)>;

/// A [`Publish`] that owns its texts where it has to.
#[derive(Debug)]
pub(super) struct Publishing<'a> {
    pub(super) target: Target<'a>,
    pub(super) data: Data<'a>,
    pub(super) key: Option<Cow<'a, str>>,
    pub(super) content_type: Option<Cow<'a, str>>,
    pub(super) headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) idempotency_key: Option<Cow<'a, str>>,
    /// Without what the fields above are for.
    pub(super) attributes: Attributes<'static>,
    pub(super) expected_version: Option<u64>,
    pub(super) exclude_self: bool,
}

impl<'a> Data<'a> {
    fn payload(&self) -> Payload<'_> {
        match self {
            Self::Json(text) => Payload::json(text),
            Self::Binary(bytes) => Payload { format: Format::Binary, bytes },
        }
    }
}

impl Decoded<'_> {
    /// Nothing may follow on it.
    pub(super) const fn is_last(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Disconnect)
    }

    /// Says it to who carries it out.
    pub(super) fn deliver(self, id: CommandId, commands: &mut impl Commands) {
        match self {
            Self::Connect(connect) => commands.connect(id, connect),
            Self::Refresh(token) => commands.refresh(id, &token),
            Self::Command(command) => commands.command(id, command),
            Self::Publish(publishing) => publishing.deliver(id, commands),
            Self::Call(call, data) => {
                let call = Call { payload: data.payload(), ..call };
                commands.command(id, Command::Call(call));
            }
            Self::Reply(call, answer) => {
                let answer = match &answer {
                    Ok(data) => Ok(data.payload()),
                    Err((code, text)) => Err((Cow::Borrowed(&**code), Cow::Borrowed(&**text))),
                };
                commands.command(id, Command::Reply { call, answer });
            }
            Self::Disconnect => commands.disconnect(),
        }
    }
}

impl Publishing<'_> {
    fn deliver(self, id: CommandId, commands: &mut impl Commands) {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let attributes = Attributes {
            key: self.key.as_deref(),
            content_type: self.content_type.as_deref(),
            headers: &headers,
            ..self.attributes
        };
        let publish = Publish {
            target: self.target,
            payload: self.data.payload(),
            attributes,
            idempotency_key: self.idempotency_key.as_deref(),
            expected_version: self.expected_version,
            exclude_self: self.exclude_self,
        };
        commands.command(id, Command::Publish(publish));
    }
}

/// Reads the value of the field that has the command.
pub(super) fn read<'a, R: Reader<'a>>(
    number: u32,
    fields: &mut Fields<'_, 'a, R>,
) -> Result<Decoded<'a>, Fault> {
    use command::number as of;
    Ok(match number {
        of::CONNECT => Decoded::Connect(fields.map(&connect::SCHEMA, read_connect)?),
        of::REFRESH => Decoded::Refresh(fields.map(&refresh::SCHEMA, only_text)?),
        of::SUBSCRIBE => {
            Decoded::Command(Command::Subscribe(fields.map(&subscribe::SCHEMA, read_subscribe)?))
        }
        of::UNSUBSCRIBE => Decoded::Command(Command::Unsubscribe {
            channel: fields.map(&unsubscribe::SCHEMA, only_text)?,
        }),
        of::PUBLISH => Decoded::Publish(fields.map(&publish::SCHEMA, read_publish)?),
        of::CALL => {
            let (call, data) = fields.map(&call::SCHEMA, read_call)?;
            Decoded::Call(call, data)
        }
        of::CANCEL => Decoded::Command(Command::Cancel {
            call: CommandId(fields.map(&cancel::SCHEMA, only_number)?),
        }),
        of::REPLY => {
            let (call, answer) = fields.map(&reply::SCHEMA, read_reply)?;
            Decoded::Reply(call, answer)
        }
        of::ACK => Decoded::Command(Command::Acknowledge(fields.map(&ack::SCHEMA, read_ack)?)),
        of::PRESENCE => Decoded::Command(fields.map(&presence::SCHEMA, read_presence)?),
        of::UPDATE_PRESENCE => {
            Decoded::Command(fields.map(&update_presence::SCHEMA, read_update_presence)?)
        }
        of::HISTORY => {
            Decoded::Command(Command::History(fields.map(&history::SCHEMA, read_history)?))
        }
        of::PING => {
            fields.map(&ping::SCHEMA, nothing)?;
            Decoded::Command(Command::Ping)
        }
        of::DISCONNECT => {
            fields.map(&disconnect::SCHEMA, nothing)?;
            Decoded::Disconnect
        }
        _ => return Err(Fault::new("expected a command")),
    })
}
