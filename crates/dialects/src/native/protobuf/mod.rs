//! Protocol Buffers.

mod reader;
mod wire;
mod writer;

pub(super) use reader::ProtobufReader;
pub(super) use writer::ProtobufWriter;
