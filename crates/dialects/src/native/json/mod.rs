//! JSON.

mod reader;
mod writer;

pub(super) use reader::JsonReader;
pub(super) use writer::JsonWriter;
