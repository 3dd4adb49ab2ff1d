//! Frames to commands, whatever the encoding.

use super::commands::{self, Decoded};
use super::reader::{Fault, Fields, Key, Reader};
use super::schema::command;
use crate::dialect::{Commands, DialectError};
use sockeye_hub::{CommandId, Refusal, RefusalCode};

/// Has all commands of a frame carried out.
///
/// One that is no command, in a frame that is sound, is refused, and the others are carried out all the same.
pub(super) fn decode<'a, R: Reader<'a>>(
    mut reader: R,
    commands: &mut impl Commands,
) -> Result<(), DialectError> {
    let mut is_empty = true;
    while reader.has_more().map_err(malformed)? {
        is_empty = false;
        let before = reader.clone();
        match read(&mut reader) {
            Ok((id, decoded)) => {
                // Looked at first: what follows could not wait until it is known who the client is.
                if decoded.is_last() && reader.has_more().map_err(malformed)? {
                    let what = "expected nothing behind `connect` or `disconnect` in its frame";
                    return Err(DialectError::expected(what));
                }
                decoded.deliver(id, commands);
            }
            Err(fault) => {
                reader = before;
                let id = skim(&mut reader).map_err(malformed)?;
                commands.refuse(id, Refusal::new(RefusalCode::BadRequest, fault.0));
            }
        }
    }
    match is_empty {
        true => Err(DialectError::expected("expected a command in each frame")),
        false => Ok(()),
    }
}

fn malformed(fault: Fault) -> DialectError {
    DialectError::Malformed(fault.0)
}

/// Reads a command, whose number may stand behind it.
fn read<'a, R: Reader<'a>>(reader: &mut R) -> Result<(CommandId, Decoded<'a>), Fault> {
    let mut fields = Fields::enter(reader, &command::SCHEMA)?;
    let mut id = 0;
    let mut decoded = None;
    while let Some(number) = fields.next()? {
        if number == command::number::ID {
            id = fields.reader.number()?;
        } else if decoded.is_none() {
            decoded = Some(commands::read(number, &mut fields)?);
        } else {
            return Err(Fault::new("expected one command in each object"));
        }
    }
    match decoded {
        Some(decoded) => Ok((CommandId(id), decoded)),
        None => Err(Fault::new("expected a command beside `id`, such as `ping`")),
    }
}

/// Goes past something that is no command, and looks for its number.
fn skim<'a, R: Reader<'a>>(reader: &mut R) -> Result<CommandId, Fault> {
    let mut map = reader.enter()?;
    let mut id = CommandId(0);
    while let Some(key) = reader.key(&mut map, &command::SCHEMA)? {
        match key {
            Key::Known(command::number::ID) => id = CommandId(reader.number()?),
            _ => reader.skip()?,
        }
    }
    Ok(id)
}
