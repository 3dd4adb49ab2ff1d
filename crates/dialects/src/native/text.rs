//! JSON texts in encodings that are not JSON.

use super::reader::Fault;
use serde_json::value::RawValue;

/// A text that is one JSON text, without the white space around it.
pub(super) fn json_text(text: &str) -> Result<&str, Fault> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(value) => Ok(value.get()),
        Err(_) => Err(Fault::new("expected a JSON text")),
    }
}

/// Bytes that are a text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    str::from_utf8(bytes).map_err(|_| Fault::new("expected UTF-8 in a string"))
}
