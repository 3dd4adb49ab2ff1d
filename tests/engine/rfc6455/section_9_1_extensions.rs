//! RFC 6455 section 9.1: the grammar of `Sec-WebSocket-Extensions`.

use sockeye::protocol::handshake::{ExtensionSyntaxError, parse_extensions};
use sockeye::protocol::http::parse_head;

#[test]
fn extensions_and_their_parameters_are_read_in_order() {
    let cases: [(&str, &[&str]); 14] = [
        ("", &[]),
        (" , ,", &[]),
        ("foo", &["foo"]),
        ("foo, bar", &["foo", "bar"]),
        (",foo,,bar,", &["foo", "bar"]),
        ("foo;a", &["foo;a"]),
        ("foo; a=1; b", &["foo;a=1;b"]),
        ("foo;a;a=2;a", &["foo;a;a=2;a"]),
        ("foo ;\ta = 1 , bar", &["foo;a=1", "bar"]),
        ("foo; a=\"1\"", &["foo;a=1"]),
        ("foo; a=\"1\" ; b=\"c\", bar", &["foo;a=1;b=c", "bar"]),
        ("foo; a=\"\\1\\2x\"", &["foo;a=12x"]),
        (
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate",
            &[
                "permessage-deflate;client_max_window_bits;server_max_window_bits=10",
                "permessage-deflate",
            ],
        ),
        ("foo; a=!#$%&'*+-.^_`|~", &["foo;a=!#$%&'*+-.^_`|~"]),
    ];
    for (value, expected) in cases {
        assert_eq!(read(value.as_bytes()).unwrap(), expected, "{value:?}");
    }
}

#[test]
fn what_is_against_the_grammar_is_an_error() {
    for value in [
        "foo bar",
        "foo;",
        "foo; ,bar",
        "foo;=1",
        "foo;a=",
        "foo;a=,bar",
        "foo=1",
        "=",
        ";a",
        "foo;a=1 2",
        "foo;a=1=2",
        "foo;a=\"",
        "foo;a=\"1",
        "foo;a=\"\"",
        "foo;a=\"1 2\"",
        "foo;a=\" 1\"",
        "foo;a=\"1 \"",
        "foo;a=\"1,2\"",
        "foo;a=\"1\"2",
        "foo;a=\"1\\\"\"",
        "foo;a=\"1\\",
        "foo;a=\"1\\\"",
        "foo;a=\"\\ \"",
        "foo/1",
        "\"foo\"",
        "foo;\"a\"",
        "f\u{f6}\u{f6}",
        "foo;a=\u{e9}",
        "foo;a=\"\u{e9}\"",
        "foo;a==1",
        "foo;;a",
    ] {
        assert_eq!(read(value.as_bytes()), Err(ExtensionSyntaxError), "{value:?}");
    }
}

#[test]
fn extensions_before_an_error_are_read_and_none_after_it() {
    let items: Vec<_> = parse_extensions(b"foo, bar baz, more").collect();
    let names: Vec<_> = items.iter().map(|item| item.map(|e| e.name())).collect();
    assert_eq!(names, [Ok("foo"), Err(ExtensionSyntaxError)]);
}

#[test]
fn a_list_spread_over_headers_is_one_list() {
    let input = b"GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Extensions: foo; a\r\n\
                  sec-websocket-extensions: bar\r\n\r\n";
    let (request, _) = parse_head(input).unwrap().unwrap();
    let names: Vec<_> = request.extensions().map(|e| e.unwrap().name()).collect();
    assert_eq!(names, ["foo", "bar"]);
}

#[test]
fn every_short_string_is_refused_or_reads_the_same_when_written_back() {
    let letters = b"a,;=\"\\ \xFF";
    let mut accepted = 0;
    for number in 0..letters.len().pow(6) {
        let mut rest = number;
        let value: [u8; 6] = std::array::from_fn(|_| {
            let letter = letters[rest % letters.len()];
            rest /= letters.len();
            letter
        });
        if let Ok(extensions) = read(&value) {
            assert_eq!(read(extensions.join(", ").as_bytes()), Ok(extensions));
            accepted += 1;
        }
    }
    assert!(accepted > 500, "{accepted}");
}

/// Extensions written back in their shortest form.
fn read(value: &[u8]) -> Result<Vec<String>, ExtensionSyntaxError> {
    parse_extensions(value)
        .map(|extension| {
            let extension = extension?;
            let mut text = extension.name().to_owned();
            for parameter in extension.parameters() {
                text.push_str(&format!(";{}", parameter.name));
                if let Some(value) = parameter.value {
                    text.push_str(&format!("={value}"));
                }
            }
            Ok(text)
        })
        .collect()
}
