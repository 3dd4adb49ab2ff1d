//! How Protocol Buffers write fields.

use crate::native::schema::{Field, Schema};

pub(super) const VARINT: u8 = 0;
pub(super) const FIXED_64: u8 = 1;
pub(super) const SIZED: u8 = 2;
pub(super) const FIXED_32: u8 = 5;

pub(super) const FIELD_NUMBER_MAX: u32 = (1 << 29) - 1;

/// The field of a `ClientFrame`.
pub(super) const FRAME_ELEMENT: u32 = 1;

/// A member of a map is a message of two.
pub(super) const ENTRY_NAME: u32 = 1;
pub(super) const ENTRY_VALUE: u32 = 2;
pub(super) const ENTRY: Schema =
    Schema { name: "a map", fields: &[field(ENTRY_NAME, "name"), field(ENTRY_VALUE, "value")] };

const fn field(number: u32, name: &'static str) -> Field {
    Field { number, name, json_key: "", is_repeated: false }
}
