//! `docs/protocol.md`, as far as a program can read it: its examples and its schema.

use sockeye_dialects::Native;
use std::collections::BTreeMap;

/// The frames of an example, in the order of [`Native::ALL`].
pub(crate) type Frames = [Vec<u8>; 3];

const DOCUMENT: &str = include_str!("../../../../docs/protocol.md");

/// The examples of one side, `client` or `server`, by name. Each has to be there in each encoding, once.
pub(crate) fn examples(side: &str) -> BTreeMap<&'static str, Frames> {
    let mut all: BTreeMap<&str, [Option<Vec<u8>>; 3]> = BTreeMap::new();
    for (head, content) in blocks() {
        let [encoding, who, name] = head.splitn(3, ' ').collect::<Vec<_>>()[..] else { continue };
        let encodings = ["json", "msgpack", "protobuf"];
        let encoding = encodings.iter().position(|one| *one == encoding);
        let Some(encoding) = encoding.filter(|_| who == side) else { continue };
        let frame = match Native::ALL[encoding] {
            Native::Json => content.trim_end().as_bytes().to_vec(),
            _ => bytes(content),
        };
        let place = &mut all.entry(name).or_default()[encoding];
        assert!(place.replace(frame).is_none(), "{head} is there twice");
    }
    let whole = all.into_iter().map(|(name, frames)| {
        let mut natives = Native::ALL.iter();
        let frames = frames.map(|frame| {
            let native = natives.next();
            frame.unwrap_or_else(|| panic!("no {native:?} of `{side} {name}`"))
        });
        (name, frames)
    });
    whole.collect()
}

/// The schema for Protocol Buffers.
pub(crate) fn schema() -> &'static str {
    blocks().find(|(head, _)| *head == "proto").expect("a schema").1
}

/// Whether a table has a row that begins so.
pub(crate) fn has_row(first: &str) -> bool {
    DOCUMENT.lines().any(|line| line.starts_with(&format!("| {first} |")))
}

/// The first line and the content of each block of code.
fn blocks() -> impl Iterator<Item = (&'static str, &'static str)> {
    DOCUMENT.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}

/// What hexadecimal digits stand for.
fn bytes(text: &str) -> Vec<u8> {
    let byte = |digits| u8::from_str_radix(digits, 16).expect("bytes in hexadecimal");
    text.split_whitespace().map(byte).collect()
}

/// As the document has bytes.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let lines = bytes
        .chunks(32)
        .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}
