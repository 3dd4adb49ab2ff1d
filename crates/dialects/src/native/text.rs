//! JSON texts, which are given on to others as they are.

use super::reader::Fault;
use crate::limits::JSON_DEPTH_MAX;
use serde_json::value::RawValue;

/// A text that is one JSON text, without the white space around it.
pub(super) fn json_text(text: &str) -> Result<&str, Fault> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(value) => shallow(value.get()),
        Err(_) => Err(Fault::new("expected a JSON text")),
    }
}

/// A JSON text that is not nested deeper than other people's readers take it.
pub(super) fn shallow(json: &str) -> Result<&str, Fault> {
    match is_shallow(json) {
        true => Ok(json),
        false => Err(Fault::new(format!("expected {}", shallow_expected()))),
    }
}

/// What a payload that is nested too deep has to be.
#[must_use]
pub fn shallow_expected() -> String {
    format!("at most {JSON_DEPTH_MAX} levels of arrays and objects")
}

/// Whether a JSON text is not nested deeper than [`JSON_DEPTH_MAX`].
#[must_use]
pub fn is_shallow(json: &str) -> bool {
    let opens = |byte: u8| matches!(byte, b'[' | b'{');
    // Hardly any text has so many: they are counted faster than followed.
    if json.bytes().filter(|byte| opens(*byte)).count() <= JSON_DEPTH_MAX {
        return true;
    }
    let mut depth = 0;
    let (mut is_string, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_string = !is_string,
            _ if is_string => {}
            byte if opens(byte) => depth += 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            return false;
        }
    }
    true
}

/// Bytes that are a text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    str::from_utf8(bytes).map_err(|_| Fault::new("expected UTF-8 in a string"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(shallow(&nested(JSON_DEPTH_MAX)).is_ok());
        assert!(shallow(&nested(JSON_DEPTH_MAX + 1)).is_err());
        let flat = format!("[{}1]", "[],{},".repeat(JSON_DEPTH_MAX));
        assert!(shallow(&flat).is_ok());
        let text = format!(r#"["\\","\"{}"]"#, "[".repeat(JSON_DEPTH_MAX + 1));
        assert!(shallow(&text).is_ok(), "{text}");
        let behind = format!(r#"["\"[",{}]"#, nested(JSON_DEPTH_MAX));
        assert!(shallow(&behind).is_err());
    }
}
