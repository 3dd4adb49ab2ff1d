//! `Sec-WebSocket-Extensions` against a reader that goes another way: the input is the header's value.

use sockeye::protocol::handshake::{Extension, parse_extensions};

/// Checks that both readers find the same list, or the same beginning of one before the first fault; and that the list,
/// written down again plainly and quoted, over one header or several, reads the same.
pub fn check(input: &[u8]) {
    let found: Vec<_> = parse_extensions(input).collect();
    let is_valid = found.iter().all(Result::is_ok);
    let read: Vec<_> = found.iter().flatten().map(owned).collect();
    assert_eq!((&read, is_valid), (&read_naively(input).0, read_naively(input).1));
    let faults = found.iter().filter(|item| item.is_err()).count();
    assert!(faults <= 1 && (is_valid || found.last().is_some_and(Result::is_err)));

    for quote in ["", "\""] {
        let written: Vec<_> = read.iter().map(|extension| write(extension, quote)).collect();
        assert_eq!(read_again(&written.join(",")), read);
        let over_several: Vec<_> = written.iter().flat_map(|value| read_again(value)).collect();
        assert_eq!(over_several, read);
    }
}

/// An extension's name and parameters.
type Read = (String, Vec<(String, Option<String>)>);

fn owned(extension: &Extension<'_>) -> Read {
    let parameters = extension.parameters().map(|parameter| {
        (parameter.name.to_owned(), parameter.value.map(std::borrow::Cow::into_owned))
    });
    (extension.name().to_owned(), parameters.collect())
}

fn read_again(value: &str) -> Vec<Read> {
    let extensions = parse_extensions(value.as_bytes());
    extensions.map(|extension| owned(&extension.expect("it was read before"))).collect()
}

fn write((name, parameters): &Read, quote: &str) -> String {
    let mut text = name.clone();
    for (name, value) in parameters {
        text += &format!(" ;\t{name}");
        if let Some(value) = value {
            text += &format!(" = {quote}{value}{quote}");
        }
    }
    text
}

/// Splits at commas, semicolons and equals signs that are not quoted, and judges the pieces. Also says whether there was
/// no fault.
fn read_naively(value: &[u8]) -> (Vec<Read>, bool) {
    let mut list = Vec::new();
    for element in split(value, b',') {
        if element.is_empty() {
            continue;
        }
        match read_element(element) {
            Some(extension) => list.push(extension),
            None => return (list, false),
        }
    }
    (list, true)
}

fn read_element(element: &[u8]) -> Option<Read> {
    let mut pieces = split(element, b';').into_iter();
    let name = token(pieces.next()?)?;
    let parameter = |piece| {
        let mut sides = split(piece, b'=').into_iter();
        let name = token(sides.next()?)?;
        let value = match sides.next() {
            None => None,
            Some(value) if value.first() == Some(&b'"') => Some(unquote(value)?),
            Some(value) => Some(token(value)?),
        };
        sides.next().is_none().then_some((name, value))
    };
    Some((name, pieces.map(parameter).collect::<Option<_>>()?))
}

/// The parts between the separators that are not inside quotes, without the space around them.
fn split(text: &[u8], separator: u8) -> Vec<&[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(|&byte| {
        let ends = byte == separator && !is_quoted;
        if is_escaped {
            is_escaped = false;
        } else if byte == b'"' {
            is_quoted = !is_quoted;
        } else {
            is_escaped = is_quoted && byte == b'\\';
        }
        ends
    });
    parts.map(<[u8]>::trim_ascii).collect()
}

fn unquote(value: &[u8]) -> Option<String> {
    let inside = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut meant = Vec::new();
    let mut bytes = inside.iter();
    while let Some(&byte) = bytes.next() {
        meant.push(if byte == b'\\' { *bytes.next()? } else { byte });
    }
    token(&meant)
}

/// RFC 9110 section 5.6.2.
fn token(text: &[u8]) -> Option<String> {
    let is_part = |byte: &u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(byte);
    let is_token = !text.is_empty() && text.iter().all(is_part);
    is_token.then(|| String::from_utf8_lossy(text).into_owned())
}
