//! MessagePack.

mod reader;
mod writer;

pub(super) use reader::MsgpackReader;
pub(super) use writer::MsgpackWriter;
