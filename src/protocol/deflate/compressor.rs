//! What compresses the messages of all connections of a thread.

use crate::limits::COMPRESSOR_KEPT_BYTES_MAX;
use std::fmt;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Method, Strategy};

/// Compresses for any number of connections, one message at a time. Nothing of a message stays in it.
///
/// It begins empty, and holds some 380 KiB for each size of window that is used, which is one unless clients ask for others.
/// Make one for each thread, and lend it to
/// [`Connection::send_compressed`](crate::protocol::Connection::send_compressed).
#[derive(Default)]
pub struct Compressor {
    shapes: Vec<(Shape, Deflate)>,
    /// What the last message was compressed to. As long as it ever was, so that it is cleared only as it grows.
    output: Vec<u8>,
}

/// What kind of compressor a message needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) level: u8,
    /// 9 to 15.
    pub(crate) window_bits: u8,
    /// zlib's measure of its other memory.
    pub(crate) memory_level: u8,
}

impl Shape {
    /// That of a compressor that connections share.
    pub(crate) const fn shared(level: u8, window_bits: u8) -> Self {
        Self { level, window_bits, memory_level: 8 }
    }

    pub(super) fn compressor(self) -> Deflate {
        Deflate::new_with_config(DeflateConfig {
            level: self.level.into(),
            method: Method::Deflated,
            // Negative means: without a header and a checksum.
            window_bits: -i32::from(self.window_bits),
            mem_level: self.memory_level.into(),
            strategy: Strategy::Default,
        })
    }
}

impl Compressor {
    /// A compressor without memory so far.
    #[must_use]
    pub const fn new() -> Self {
        Self { shapes: Vec::new(), output: Vec::new() }
    }

    /// Compresses a message that may refer to `window`.
    pub(crate) fn compress(&mut self, shape: Shape, window: &[u8], message: &[u8]) -> &[u8] {
        let place = self.shapes.iter().position(|(other, _)| *other == shape);
        let place = place.unwrap_or_else(|| {
            self.shapes.push((shape, shape.compressor()));
            self.shapes.len() - 1
        });
        let compressor = &mut self.shapes[place].1;
        compressor.reset();
        if !window.is_empty() {
            let _checksum = compressor.set_dictionary(window).expect("a window of a raw stream");
        }
        let size = compress(compressor, message, &mut self.output);
        &self.output[..size]
    }

    /// Compresses a message with a compressor that remembers those before it; `None` if it does not become smaller, and
    /// then the compressor has forgotten everything.
    pub(super) fn compress_with(&mut self, own: &mut Deflate, message: &[u8]) -> Option<&[u8]> {
        let size = compress(own, message, &mut self.output);
        if size >= message.len() {
            own.reset();
            return None;
        }
        Some(&self.output[..size])
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").field("shapes", &self.shapes.len()).finish_non_exhaustive()
    }
}

/// Compresses a message, up to where the next one may begin, and says to how many bytes of `output`.
fn compress(compressor: &mut Deflate, message: &[u8], output: &mut Vec<u8>) -> usize {
    let (first_in, first_out) = (compressor.total_in(), compressor.total_out());
    // What does not shrink grows by a few bytes per block.
    let bound = message.len() + message.len() / 8 + ROOM_MIN;
    if output.len() < bound {
        output.resize(bound, 0);
    } else if output.len() > COMPRESSOR_KEPT_BYTES_MAX {
        output.truncate(bound.max(COMPRESSOR_KEPT_BYTES_MAX));
        output.shrink_to_fit();
    }
    loop {
        let used = (compressor.total_in() - first_in) as usize;
        let written = (compressor.total_out() - first_out) as usize;
        let flush = DeflateFlush::SyncFlush;
        let result = compressor.compress(&message[used..], &mut output[written..], flush);
        result.expect("a compressor that is given whole messages never fails");
        let written = (compressor.total_out() - first_out) as usize;
        if written < output.len() {
            debug_assert!(output[..written].ends_with(&[0, 0, 0xFF, 0xFF]), "a flush ends so");
            // RFC 7692 7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end".
            return written - 4;
        }
        output.resize(2 * written, 0);
    }
}

/// Bytes that the output of the smallest message has room for.
const ROOM_MIN: usize = 256;
