//! What a dialect has made: the payloads of frames, before anybody framed them.

use crate::limits::ENCODED_KEPT_SIZE_MAX;
use smallvec::SmallVec;

/// Some frames that leave together, without their headers: those belong to the transport.
///
/// Write to [`Encoded::bytes`] and end each frame with [`Encoded::end_frame`]. At most one place in all of them is left
/// open, for what differs between receivers ([`Encoded::open_hole`]). To be used again and again: [`Encoded::clear`] keeps
/// the memory.
#[derive(Debug, Default)]
pub struct Encoded {
    bytes: Vec<u8>,
    frames: SmallVec<[FrameEnd; 1]>,
    hole: Option<Hole>,
}

/// What goes into the hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fill {
    /// What [`sockeye_hub::Subscribe::tag`] had for this subscription: at most [`limits::TAG_SIZE_MAX`](crate::limits::TAG_SIZE_MAX) bytes.
    Tag,
    /// What the dialect says when it is asked, for each delivery: at most [`limits::PER_DELIVERY_SIZE_MAX`](crate::limits::PER_DELIVERY_SIZE_MAX) bytes.
    PerDelivery,
}

/// An open place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Before which of [`Encoded::as_bytes`].
    pub at: u32,
    /// In which frame, counted from 0.
    pub frame: u32,
    /// What goes there.
    pub fill: Fill,
}

/// What a frame is. On transports that have only text, bytes go as base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// UTF-8.
    Text,
    /// Anything.
    Binary,
}

#[derive(Clone, Copy, Debug)]
struct FrameEnd {
    end: u32,
    kind: FrameKind,
}

/// One frame, with the hole filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is.
    pub kind: FrameKind,
    /// Its payload: what is before the hole, what was filled in, what is behind it. Without a hole only the first has
    /// something.
    pub parts: [&'a [u8]; 3],
}

impl Frame<'_> {
    /// Bytes of the payload.
    #[must_use]
    pub fn size(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum()
    }
}

impl Encoded {
    /// Empty.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes it empty. Keeps the memory, unless that is much.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(ENCODED_KEPT_SIZE_MAX);
        self.frames.clear();
        self.hole = None;
    }

    /// For the dialect: what the current frame is written to, at its end.
    pub const fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// For the dialect: leaves a place open, here.
    ///
    /// # Panics
    ///
    /// There is one already.
    pub fn open_hole(&mut self, fill: Fill) {
        assert!(self.hole.is_none(), "a delivery has one place where it differs from others");
        let frame = self.frames.len() as u32;
        self.hole = Some(Hole { at: offset(&self.bytes), frame, fill });
    }

    /// For the dialect: ends the current frame.
    pub fn end_frame(&mut self, kind: FrameKind) {
        self.frames.push(FrameEnd { end: offset(&self.bytes), kind });
    }

    /// Whether there is no frame.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The payloads of all frames, one behind the other, without what goes into the hole.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The open place.
    #[must_use]
    pub const fn hole(&self) -> Option<Hole> {
        self.hole
    }

    /// The frames, with something in the hole; if there is none, `fill` goes nowhere.
    pub fn frames<'a>(&'a self, fill: &'a [u8]) -> impl Iterator<Item = Frame<'a>> {
        let mut start = 0;
        (0..).zip(&self.frames).map(move |(index, frame)| {
            let end = frame.end as usize;
            let parts = match self.hole.filter(|hole| hole.frame == index) {
                Some(Hole { at, .. }) => {
                    [&self.bytes[start..at as usize], fill, &self.bytes[at as usize..end]]
                }
                None => [&self.bytes[start..end], NOTHING, NOTHING],
            };
            start = end;
            Frame { kind: frame.kind, parts }
        })
    }
}

fn offset(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("messages are much smaller than 4 GiB")
}

const NOTHING: &[u8] = &[];

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that announces two attachments.
    fn with_attachments() -> Encoded {
        let mut encoded = Encoded::new();
        for (bytes, kind) in [
            (b"52-[{},{}]".as_slice(), FrameKind::Text),
            (b"\0\x01", FrameKind::Binary),
            (b"", FrameKind::Binary),
        ] {
            encoded.bytes().extend_from_slice(bytes);
            encoded.end_frame(kind);
        }
        encoded
    }

    fn whole(frame: Frame<'_>) -> (FrameKind, Vec<u8>) {
        assert_eq!(frame.size(), frame.parts.concat().len());
        (frame.kind, frame.parts.concat())
    }

    #[test]
    fn frames_are_what_was_written_between_their_ends() {
        let mut encoded = with_attachments();
        let frames: Vec<_> = encoded.frames(b"ignored").map(whole).collect();
        let expected = [
            (FrameKind::Text, b"52-[{},{}]".to_vec()),
            (FrameKind::Binary, vec![0, 1]),
            (FrameKind::Binary, vec![]),
        ];
        assert_eq!(frames, expected);
        encoded.clear();
        assert!(encoded.is_empty() && encoded.as_bytes().is_empty());
        assert_eq!(encoded.frames(b"").count(), 0);
    }

    #[test]
    fn each_receiver_has_its_own_in_the_hole() {
        let mut encoded = Encoded::new();
        encoded.bytes().extend_from_slice(b"MESSAGE\nsubscription:");
        encoded.open_hole(Fill::Tag);
        encoded.bytes().extend_from_slice(b"\n\nhello\0");
        encoded.end_frame(FrameKind::Text);
        assert_eq!(encoded.hole(), Some(Hole { at: 21, frame: 0, fill: Fill::Tag }));
        for tag in ["0", "sub-17", ""] {
            let frames: Vec<_> = encoded.frames(tag.as_bytes()).map(whole).collect();
            let text = format!("MESSAGE\nsubscription:{tag}\n\nhello\0");
            assert_eq!(frames, [(FrameKind::Text, text.into_bytes())]);
        }
    }

    #[test]
    fn a_hole_is_in_one_frame_only() {
        let mut encoded = with_attachments();
        encoded.open_hole(Fill::PerDelivery);
        encoded.bytes().push(9);
        encoded.end_frame(FrameKind::Binary);
        let filled: Vec<_> = encoded.frames(b"7").map(|frame| frame.parts.concat()).collect();
        assert_eq!(filled[3], b"7\x09");
        assert_eq!(filled[..3].concat(), &encoded.as_bytes()[..12]);
    }

    #[test]
    #[should_panic(expected = "one place")]
    fn a_second_hole_is_a_bug() {
        let mut encoded = Encoded::new();
        encoded.open_hole(Fill::Tag);
        encoded.open_hole(Fill::Tag);
    }

    #[test]
    fn memory_is_kept_unless_it_is_much() {
        let mut encoded = Encoded::new();
        encoded.bytes().resize(10_000, 0);
        encoded.clear();
        assert!(encoded.bytes().capacity() >= 10_000);
        encoded.bytes().resize(1_000_000, 0);
        encoded.clear();
        assert!(encoded.bytes().capacity() <= ENCODED_KEPT_SIZE_MAX);
    }
}
