//! What inflates the messages of all connections of a thread.

use crate::limits::DEFLATE_STREAMS_MAX;
use crate::protocol::ProtocolError;
use std::fmt;
use zlib_rs::{Inflate, InflateFlush, Status};

/// Inflates for any number of connections, one message at a time. Nothing of a message stays in it.
///
/// It begins empty, and holds 47 KiB from the first message on. Make one for each thread, and lend it to
/// [`Input::with_inflater`](crate::protocol::Input::with_inflater).
#[derive(Default)]
pub struct Inflater {
    inflate: Option<Box<Inflate>>,
    /// Bytes of the messages that were inflated since somebody asked last.
    inflated_bytes: usize,
}

impl Inflater {
    /// An inflater without memory so far.
    #[must_use]
    pub const fn new() -> Self {
        Self { inflate: None, inflated_bytes: 0 }
    }

    /// Begins to count what is inflated.
    pub(crate) const fn begin_count(&mut self) {
        self.inflated_bytes = 0;
    }

    /// What was inflated since then, by what it cost: bytes, and a charge for each message and each block that says it is
    /// the last.
    pub(crate) const fn inflated_bytes(&self) -> usize {
        self.inflated_bytes
    }

    /// Appends the message that `payload` was compressed from, which may refer to `window`.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::CompressionInvalid`]; [`ProtocolError::MessageTooBig`] as soon as it is over `size_max`.
    pub(super) fn inflate(
        &mut self,
        window: &[u8],
        payload: &[u8],
        size_max: usize,
        output: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let start = output.len();
        let result = self.inflate_message(window, payload, size_max, output);
        self.inflated_bytes += MESSAGE_CHARGE + output.len() - start;
        result
    }

    fn inflate_message(
        &mut self,
        window: &[u8],
        payload: &[u8],
        size_max: usize,
        output: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        // RFC 7692 7.2.3.6 has an octet for an empty message; who sends none can mean nothing else.
        if payload.is_empty() {
            return Ok(());
        }
        let inflater =
            self.inflate.get_or_insert_with(|| Box::new(Inflate::new(false, WINDOW_BITS)));
        restart(inflater, window)?;
        let start = output.len();
        let mut inflating = Inflating { inflater, output, start, size_max };
        let mut rest = payload;
        for streams in 1.. {
            let (used, status) = inflating.step(rest)?;
            rest = &rest[used..];
            if status != Status::StreamEnd {
                break;
            }
            // RFC 7692 7.2.3.4: a block may say that it is the last one, and the message goes on behind it.
            if rest.is_empty() {
                return Ok(());
            }
            if streams == DEFLATE_STREAMS_MAX {
                return Err(ProtocolError::CompressionInvalid);
            }
            self.inflated_bytes += 1 << WINDOW_BITS;
            let said = &inflating.output[start..];
            match said.len() >= 1 << WINDOW_BITS {
                true => restart(inflating.inflater, &said[said.len() - (1 << WINDOW_BITS)..])?,
                false => restart(inflating.inflater, &[window, said].concat())?,
            }
        }
        let (used, status) = inflating.step(TAIL)?;
        // Whatever ends within a block has not ended with what would be the last one.
        match status == Status::StreamEnd && used == TAIL.len() {
            true => Ok(()),
            false => Err(ProtocolError::CompressionInvalid),
        }
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

/// Begins a stream that may refer to `window`.
fn restart(inflater: &mut Inflate, window: &[u8]) -> Result<(), ProtocolError> {
    inflater.reset(false);
    if window.is_empty() {
        return Ok(());
    }
    match inflater.set_dictionary(window) {
        Ok(_checksum) => Ok(()),
        Err(_) => Err(ProtocolError::CompressionInvalid),
    }
}

struct Inflating<'c> {
    inflater: &'c mut Inflate,
    output: &'c mut Vec<u8>,
    /// Where in the output the message begins.
    start: usize,
    size_max: usize,
}

impl Inflating<'_> {
    /// Inflates up to the end of `input`, or of the stream; says how much of the input that was.
    fn step(&mut self, input: &[u8]) -> Result<(usize, Status), ProtocolError> {
        let mut used = 0;
        loop {
            let end = self.output.len();
            let left = self.size_max.saturating_sub(end - self.start);
            if left == 0 {
                let (more, status) = self.probe(&input[used..])?;
                return Ok((used + more, status));
            }
            let room = room_for(input.len() - used).min(left);
            self.make_room(room);
            self.output.resize(end + room, 0);
            let before = (self.inflater.total_in(), self.inflater.total_out());
            let flush = InflateFlush::SyncFlush;
            let result = self.inflater.decompress(&input[used..], &mut self.output[end..], flush);
            let written = (self.inflater.total_out() - before.1) as usize;
            used += (self.inflater.total_in() - before.0) as usize;
            self.output.truncate(end + written);
            match result {
                Err(_) => return Err(ProtocolError::CompressionInvalid),
                Ok(Status::StreamEnd) => return Ok((used, Status::StreamEnd)),
                // With room to spare it has nothing more to say.
                Ok(status) if written < room => return Ok((used, status)),
                Ok(_) => {}
            }
        }
    }

    /// As [`Inflating::step`], when the message is as large as it may be: nothing but its end may follow.
    fn probe(&mut self, input: &[u8]) -> Result<(usize, Status), ProtocolError> {
        let before = (self.inflater.total_in(), self.inflater.total_out());
        let result = self.inflater.decompress(input, &mut [0], InflateFlush::SyncFlush);
        if self.inflater.total_out() > before.1 {
            return Err(ProtocolError::MessageTooBig);
        }
        match result {
            Ok(status) => Ok(((self.inflater.total_in() - before.0) as usize, status)),
            Err(_) => Err(ProtocolError::CompressionInvalid),
        }
    }

    /// Lets the output at least double when it grows, but never to more than the message may have.
    fn make_room(&mut self, room: usize) {
        let (capacity, needed) = (self.output.capacity(), self.output.len() + room);
        if capacity < needed {
            let most = self.start.saturating_add(self.size_max);
            let grown = capacity.saturating_mul(2).min(most).max(needed);
            self.output.reserve_exact(grown - self.output.len());
        }
    }
}

/// How many bytes to make ready for what is inflated from so many.
fn room_for(compressed: usize) -> usize {
    compressed.saturating_mul(4).clamp(ROOM_MIN, ROOM_MAX)
}

/// RFC 7692 7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message". Behind them an
/// empty block that says it is the last, which is one only where the block before it has ended.
const TAIL: &[u8] = &[0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF];

/// As a power of two. An inflater with the largest window understands who used a smaller one.
const WINDOW_BITS: u8 = super::WINDOW_BITS_MAX;

/// What a message costs beyond its bytes, in bytes.
const MESSAGE_CHARGE: usize = 256;

/// Bytes to make ready at a time.
const ROOM_MIN: usize = 256;
const ROOM_MAX: usize = 64 * 1024;
