//! What payloads of a namespace have to be: a JSON Schema, or one of some content types.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use sockeye_hub::{Format, NamespaceIndex, Payload, Refusal, RefusalCode};
use std::fmt;

/// The checks of all namespaces, by their place.
#[derive(Debug, Default)]
pub(crate) struct Schemas(Vec<PayloadCheck>);

/// What is asked of a namespace's payloads.
#[derive(Debug, Default)]
pub(crate) struct PayloadCheck {
    /// JSON that is like this.
    pub(crate) schema: Option<Schema>,
    /// One of these media types, in small letters; `image/*` is all images. Empty: any.
    pub(crate) content_types: Vec<String>,
}

impl PayloadCheck {
    /// Whether anything will do.
    pub(crate) const fn is_none(&self) -> bool {
        self.schema.is_none() && self.content_types.is_empty()
    }
}

impl Schemas {
    /// Those of a configuration, in its order.
    pub(crate) const fn new(checks: Vec<PayloadCheck>) -> Self {
        Self(checks)
    }

    /// What is asked of the payloads of a namespace.
    pub(crate) fn of(&self, namespace: NamespaceIndex) -> Option<&PayloadCheck> {
        self.0.get(usize::from(namespace.0)).filter(|check| !check.is_none())
    }

    /// Whether a payload is what its namespace wants.
    ///
    /// # Errors
    ///
    /// [`RefusalCode::InvalidPayload`]: where it is not, as a JSON pointer (RFC 6901), and what was expected there.
    pub(crate) fn check(
        &self,
        namespace: NamespaceIndex,
        payload: Payload<'_>,
        content_type: Option<&str>,
    ) -> Result<(), Refusal> {
        let Some(check) = self.of(namespace) else {
            return Ok(());
        };
        check_content_type(&check.content_types, payload.format, content_type)?;
        check.schema.as_ref().map_or(Ok(()), |schema| schema.check(payload))
    }
}

/// A compiled JSON Schema.
pub(crate) struct Schema(Validator);

impl Schema {
    /// Reads a JSON Schema of any draft from 4 to 2020-12. What it refers to has to be in it: nothing is fetched.
    ///
    /// # Errors
    ///
    /// What was expected.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(text)
            .map_err(|error| format!("expected a JSON Schema, but it is no JSON: {error}"))?;
        let options = jsonschema::options()
            .offline()
            .should_validate_formats(true)
            // Clients choose what is matched: patterns that take long for some text are refused, here.
            .with_pattern_options(PatternOptions::regex());
        let validator = options.build(&schema).map_err(|error| {
            format!("expected a JSON Schema, but at {:?}: {error}", error.instance_path().as_str())
        })?;
        Ok(Self(validator))
    }

    fn check(&self, payload: Payload<'_>) -> Result<(), Refusal> {
        if payload.format != Format::Json {
            return Err(invalid("expected JSON, which this namespace has a schema for"));
        }
        let value: Value = serde_json::from_slice(payload.bytes)
            .map_err(|error| invalid(format!("expected JSON that can be checked: {error}")))?;
        self.0.validate(&value).map_err(|error| {
            let path = error.instance_path().as_str();
            let place = if path.is_empty() { "the payload" } else { path };
            // Without the value, which may be long.
            invalid(format!("{place}: {}", error.masked()))
        })
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema(..)")
    }
}

/// Reads a media type, or a range of them such as `image/*`: small letters, without parameters.
///
/// # Errors
///
/// What was expected.
pub(crate) fn parse_content_type(text: &str) -> Result<String, String> {
    // RFC 9110 8.3.1: a type and a subtype are tokens.
    let is_token = |part: &str| {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !part.is_empty() && part.bytes().all(is_good)
    };
    let is_type = |(kind, subtype): (&str, &str)| is_token(kind) && is_token(subtype);
    match text.split_once('/').is_some_and(is_type) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("expected a media type such as \"image/png\" or \"image/*\"".to_owned()),
    }
}

fn check_content_type(
    expected: &[String],
    format: Format,
    content_type: Option<&str>,
) -> Result<(), Refusal> {
    if expected.is_empty() {
        return Ok(());
    }
    let found = match (content_type, format) {
        (Some(found), _) => essence(found),
        (None, Format::Json) => "application/json",
        (None, Format::Binary) => "application/octet-stream",
    };
    let is = |expected: &String| match expected.strip_suffix('*') {
        Some(kind) => found.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind)),
        None => found.eq_ignore_ascii_case(expected),
    };
    match expected.iter().any(is) {
        true => Ok(()),
        false => Err(invalid(format!("content type: expected {}", expected.join(" or ")))),
    }
}

/// A media type without its parameters.
fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(RefusalCode::InvalidPayload, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = r#"{
        "type": "object",
        "required": ["price"],
        "properties": {
            "price": { "type": "number", "minimum": 0 },
            "code": { "type": "string", "pattern": "^[A-Z]+$" }
        }
    }"#;

    fn schemas(schema: Option<&str>, content_types: &[&str]) -> Schemas {
        let read = |&text: &&str| parse_content_type(text).expect("a media type");
        let check = PayloadCheck {
            schema: schema.map(|text| Schema::new(text).expect("a schema")),
            content_types: content_types.iter().map(read).collect(),
        };
        Schemas::new(vec![PayloadCheck::default(), check])
    }

    fn check(schemas: &Schemas, payload: Payload<'_>, content_type: Option<&str>) -> String {
        let checked = schemas.check(NamespaceIndex(1), payload, content_type);
        checked.map_or_else(|refusal| refusal.to_string(), |()| "good".to_owned())
    }

    #[test]
    fn a_payload_that_does_not_fit_is_refused_with_the_place() {
        let schemas = schemas(Some(ORDER), &[]);
        let check = |text| check(&schemas, Payload::json(text), None);
        assert_eq!(check(r#"{"price": 3, "code": "ACME"}"#), "good");
        assert_eq!(
            check(r#"{"price": "3"}"#),
            r#"invalid_payload: /price: value is not of type "number""#
        );
        assert_eq!(
            check(r#"{"price": -1}"#),
            "invalid_payload: /price: value is less than the minimum of 0"
        );
        assert_eq!(check("[]"), r#"invalid_payload: the payload: value is not of type "object""#);
        assert!(check(r#"{"code": "ACME"}"#).contains("\"price\" is a required property"));
        assert!(check(r#"{"price": 1, "code": "acme"}"#).contains("/code: value does not match"));
    }

    #[test]
    fn bytes_are_no_json_and_depth_has_an_end() {
        let schemas = schemas(Some("true"), &[]);
        assert!(check(&schemas, Payload::binary(b"1"), None).contains("expected JSON"));
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let refused = check(&schemas, Payload::json(&deep), None);
        assert!(refused.contains("recursion limit"), "{refused}");
    }

    #[test]
    fn other_namespaces_take_anything() {
        let schemas = schemas(Some("false"), &[]);
        assert!(schemas.check(NamespaceIndex(0), Payload::json("1"), None).is_ok());
        assert!(Schemas::default().check(NamespaceIndex(7), Payload::json("1"), None).is_ok());
        assert!(schemas.check(NamespaceIndex(1), Payload::json("1"), None).is_err());
    }

    #[test]
    fn content_types_are_compared_without_case_and_parameters() {
        let schemas = schemas(None, &["image/*", "Application/JSON"]);
        let binary = |content_type| check(&schemas, Payload::binary(b""), content_type);
        assert_eq!(binary(Some("IMAGE/png")), "good");
        assert_eq!(binary(Some("application/json; charset=utf-8")), "good");
        for wrong in [Some("text/plain"), Some("imag"), Some("imagé/png"), None] {
            assert_eq!(
                binary(wrong),
                "invalid_payload: content type: expected image/* or application/json"
            );
        }
        assert_eq!(check(&schemas, Payload::json("1"), None), "good", "that is what JSON is");
    }

    #[test]
    fn a_schema_is_one_and_has_no_way_out() {
        let refused = |text| Schema::new(text).expect_err("it is none");
        assert!(refused("{").contains("it is no JSON"));
        assert!(refused(r#"{"type": "nubmer"}"#).contains("/type"));
        assert!(Schema::new(r#"{"$ref": "https://example.org/schema.json"}"#).is_err());
        assert!(Schema::new(r#"{"$ref": "file:///etc/hostname"}"#).is_err());
        assert!(Schema::new(r#"{"pattern": "^(a+)+\\1$"}"#).is_err(), "takes exponential time");
        assert!(parse_content_type("png").is_err() && parse_content_type("image/").is_err());
    }
}
