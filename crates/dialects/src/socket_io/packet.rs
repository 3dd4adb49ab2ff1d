//! The header of a Socket.IO packet (Socket.IO protocol v5, "Packet encoding"), inside an Engine.IO `message`.
//!
//! ```text
//!   <type>[<number of attachments>-][<namespace>,][<acknowledgement id>][<JSON>]
//! ```

use crate::dialect::DialectError;
use crate::limits::SOCKET_IO_ATTACHMENTS_MAX;

/// A packet without its attachments, which follow on it in frames of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) kind: Kind,
    pub(super) attachments: usize,
    pub(super) namespace: &'a str,
    pub(super) ack: Option<u64>,
    /// JSON, not looked into. Empty: none.
    pub(super) data: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
    ConnectError,
    BinaryEvent,
    BinaryAck,
}

impl<'a> Packet<'a> {
    /// Reads what follows on the `4` of Engine.IO.
    pub(super) fn decode(text: &'a str) -> Result<Self, DialectError> {
        let malformed = || DialectError::expected("expected a packet of Socket.IO, version 5");
        let kind = text.bytes().next().and_then(Kind::from_digit).ok_or_else(malformed)?;
        let rest = &text[1..];
        let (attachments, rest) = match kind.is_binary() {
            true => {
                let (count, rest) = rest.split_once('-').ok_or_else(malformed)?;
                (decode_attachments(count)?, rest)
            }
            false => (0, rest),
        };
        // There is no escape: a namespace ends at the first comma, or with the packet.
        let (namespace, rest) = match rest.starts_with('/') {
            true => rest.split_once(',').unwrap_or((rest, "")),
            false => (MAIN, rest),
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (id, data) = rest.split_at(digits);
        let ack = match id {
            "" => None,
            id => Some(id.parse().ok().filter(|id| *id <= ACK_MAX).ok_or_else(malformed)?),
        };
        // An acknowledgement says of what.
        if matches!(kind, Kind::Ack | Kind::BinaryAck) && ack.is_none() {
            return Err(malformed());
        }
        // After a `/,` that need not be there, and no JSON: written again it would be a namespace.
        if data.starts_with('/') {
            return Err(malformed());
        }
        Ok(Self { kind, attachments, namespace, ack, data })
    }

    /// Writes all but the data, with the `4` of Engine.IO.
    pub(super) fn encode_header(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&[b'4', self.kind as u8 + b'0']);
        if self.kind.is_binary() {
            bytes.extend_from_slice(format!("{}-", self.attachments).as_bytes());
        }
        if self.namespace != MAIN {
            bytes.extend_from_slice(self.namespace.as_bytes());
            bytes.push(b',');
        }
        if let Some(ack) = self.ack {
            bytes.extend_from_slice(ack.to_string().as_bytes());
        }
    }

    /// Writes all of it.
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        self.encode_header(bytes);
        bytes.extend_from_slice(self.data.as_bytes());
    }
}

impl Kind {
    fn from_digit(digit: u8) -> Option<Self> {
        Some(match digit {
            b'0' => Self::Connect,
            b'1' => Self::Disconnect,
            b'2' => Self::Event,
            b'3' => Self::Ack,
            b'4' => Self::ConnectError,
            b'5' => Self::BinaryEvent,
            b'6' => Self::BinaryAck,
            _ => return None,
        })
    }

    pub(super) const fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }
}

fn decode_attachments(count: &str) -> Result<usize, DialectError> {
    let count = count.parse().ok().filter(|count| (1..=SOCKET_IO_ATTACHMENTS_MAX).contains(count));
    count.ok_or_else(|| DialectError::expected("expected 1 to 10 attachments"))
}

/// The namespace that is not written.
pub(super) const MAIN: &str = "/";

/// Ids are numbers of JavaScript that count up; these leave room for what [`super::ids`] adds.
pub(super) const ACK_MAX: u64 = (1 << 40) - 1;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn packet<'a>(kind: Kind, namespace: &'a str, data: &'a str) -> Packet<'a> {
        Packet { kind, attachments: 0, namespace, ack: None, data }
    }

    /// "Packet encoding", "Examples".
    #[test]
    fn the_examples_of_the_document_are_read_and_written() {
        let binary = r#"["bar",{"_placeholder":true,"num":0}]"#;
        let two = r#"["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
        let sid = r#"{"sid":"oSO0OpakMV_3jnilAAAA"}"#;
        let denied = r#"{"message":"Not authorized"}"#;
        let cases = [
            ("0".to_owned(), packet(Kind::Connect, "/", "")),
            (format!("0/admin,{sid}"), packet(Kind::Connect, "/admin", sid)),
            (format!("4{denied}"), packet(Kind::ConnectError, "/", denied)),
            (r#"2["foo"]"#.to_owned(), packet(Kind::Event, "/", r#"["foo"]"#)),
            (r#"2/admin,["bar"]"#.to_owned(), packet(Kind::Event, "/admin", r#"["bar"]"#)),
            (
                format!("52-/admin,{two}"),
                Packet { attachments: 2, ..packet(Kind::BinaryEvent, "/admin", two) },
            ),
            (
                r#"212["foo"]"#.to_owned(),
                Packet { ack: Some(12), ..packet(Kind::Event, "/", r#"["foo"]"#) },
            ),
            (
                r#"3/admin,13["bar"]"#.to_owned(),
                Packet { ack: Some(13), ..packet(Kind::Ack, "/admin", r#"["bar"]"#) },
            ),
            (
                format!("61-15{binary}"),
                Packet { attachments: 1, ack: Some(15), ..packet(Kind::BinaryAck, "/", binary) },
            ),
            ("1".to_owned(), packet(Kind::Disconnect, "/", "")),
            ("1/admin,".to_owned(), packet(Kind::Disconnect, "/admin", "")),
        ];
        for (text, packet) in cases {
            assert_eq!(Packet::decode(&text), Ok(packet), "{text}");
            let mut bytes = Vec::new();
            packet.encode(&mut bytes);
            assert_eq!(bytes, format!("4{text}").into_bytes());
        }
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        let long = format!("2{}[]", u64::MAX);
        for text in
            ["", "7", "x", "5[]", "50-[]", "511-[]", "5x-[]", "3[]", "5-1-[]", "0/,/", &long]
        {
            assert!(Packet::decode(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}", digits in "[0-6][0-9/,\\-\\[\"]{0,20}") {
            let _ = Packet::decode(&text);
            if let Ok(packet) = Packet::decode(&digits) {
                let mut bytes = Vec::new();
                packet.encode(&mut bytes);
                let text = String::from_utf8(bytes).expect("UTF-8");
                prop_assert_eq!(Packet::decode(&text[1..]), Ok(packet));
            }
        }
    }
}
