//! Binary attachments: as they arrive, in frames of their own, and as one payload, which is what the hub has.
//!
//! ```text
//!   size (4 bytes, big-endian)  JSON with placeholders  │ size  attachment │ size  attachment │ ..
//! ```

use super::event::is_array;
use super::packet::{Kind, Packet};
use crate::dialect::DialectError;
use crate::limits::{SOCKET_IO_ATTACHMENTS_MAX, SOCKET_IO_PACKET_SIZE_MAX};
use std::time::Instant;

/// A packet whose attachments have not all arrived.
#[derive(Debug)]
pub(super) struct Incomplete {
    pub(super) kind: Kind,
    pub(super) namespace: Box<str>,
    pub(super) ack: Option<u64>,
    /// Where it is to be published, if it is.
    pub(super) channel: Option<Box<str>>,
    /// How many have to come.
    missing: usize,
    parts: Vec<u8>,
    /// Until when they have to.
    pub(super) deadline: Instant,
}

impl Incomplete {
    /// Of a packet that announces some.
    pub(super) fn new(packet: &Packet<'_>, deadline: Instant) -> Result<Self, DialectError> {
        let mut parts = Vec::new();
        push_part(&mut parts, packet.data.as_bytes())?;
        let Packet { kind, ack, attachments: missing, .. } = *packet;
        let namespace = packet.namespace.into();
        Ok(Self { kind, namespace, ack, channel: None, missing, parts, deadline })
    }

    /// Takes the next one. True: that was the last.
    pub(super) fn push(&mut self, attachment: &[u8]) -> Result<bool, DialectError> {
        push_part(&mut self.parts, attachment)?;
        self.missing -= 1;
        Ok(self.missing == 0)
    }

    /// The payload, once all have arrived.
    pub(super) fn payload(&self) -> &[u8] {
        &self.parts
    }
}

fn push_part(parts: &mut Vec<u8>, part: &[u8]) -> Result<(), DialectError> {
    if parts.len() + SIZE_SIZE + part.len() > SOCKET_IO_PACKET_SIZE_MAX {
        return Err(DialectError::expected("expected a packet of at most 1 MiB with attachments"));
    }
    let size = u32::try_from(part.len()).expect("a packet's bound is below 4 GiB");
    parts.extend_from_slice(&size.to_be_bytes());
    parts.extend_from_slice(part);
    Ok(())
}

/// The JSON of a payload and its attachments. `None`: it is something else. Anybody may have published it, so it is judged
/// as if it came from a peer.
pub(super) fn split(payload: &[u8]) -> Option<(&str, Vec<&[u8]>)> {
    let (json, mut rest) = next_part(payload)?;
    let json = std::str::from_utf8(json).ok().filter(|json| is_array(json))?;
    let mut attachments = Vec::new();
    while !rest.is_empty() {
        let (attachment, after) = next_part(rest)?;
        attachments.push(attachment);
        rest = after;
    }
    (1..=SOCKET_IO_ATTACHMENTS_MAX).contains(&attachments.len()).then_some((json, attachments))
}

fn next_part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = bytes.split_first_chunk::<SIZE_SIZE>()?;
    rest.split_at_checked(u32::from_be_bytes(*size) as usize)
}

const SIZE_SIZE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::start;
    use proptest::prelude::*;

    fn incomplete(data: &str, attachments: usize) -> Incomplete {
        let kind = Kind::BinaryEvent;
        let packet = Packet { kind, attachments, namespace: "/", ack: None, data };
        Incomplete::new(&packet, start()).expect("it is small")
    }

    #[test]
    fn attachments_are_collected_and_taken_apart_again() {
        let mut packet = incomplete("[\"x\"]", 2);
        assert_eq!(packet.push(&[1, 2]), Ok(false));
        assert_eq!(packet.push(&[]), Ok(true));
        assert_eq!(split(packet.payload()), Some(("[\"x\"]", vec![[1, 2].as_slice(), &[]])));
        for end in 0..packet.payload().len() {
            // One attachment is as good as two; anything between is nothing.
            let is_whole = end == packet.payload().len() - SIZE_SIZE;
            assert_eq!(split(&packet.payload()[..end]).is_some(), is_whole, "{end}");
        }
    }

    #[test]
    fn a_packet_is_bounded_with_all_its_attachments() {
        let mut packet = incomplete("[]", 3);
        let half = vec![0; SOCKET_IO_PACKET_SIZE_MAX / 2];
        assert_eq!(packet.push(&half), Ok(false));
        assert!(packet.push(&half).is_err());
    }

    proptest! {
        #[test]
        fn any_payload_is_taken_apart_or_is_something_else(bytes in prop::collection::vec(0u8..8, 0..64)) {
            let _ = split(&bytes);
        }
    }
}
