//! What compresses and inflates for a worker's connections: permessage-deflate where the engine has it, else nothing.
//!
//! A publication is compressed once for all subscribers that take it so with one of three windows, whatever contexts they
//! have: those with context takeover are sent what refers to nothing before it, and what they get next refers to nothing
//! before that.

use crate::protocol::{Connection, Message, SendError};

#[cfg(feature = "deflate")]
use crate::protocol::deflate::{Compressor, Inflater, Shape, compress_frames};

/// One worker's compressor and inflater.
#[derive(Debug, Default)]
pub(crate) struct Compression {
    #[cfg(feature = "deflate")]
    compressor: Compressor,
    #[cfg(feature = "deflate")]
    pub(super) inflater: Inflater,
}

/// How the publications of a lane are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coding {
    #[cfg(feature = "deflate")]
    deflate: Option<Deflate>,
}

#[cfg(feature = "deflate")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Deflate {
    shape: Shape,
    threshold_bytes: usize,
}

#[cfg(feature = "deflate")]
impl Coding {
    /// How this connection takes what is published.
    pub(super) fn of(connection: &Connection) -> Self {
        let deflate = connection.broadcast_shape();
        Self { deflate: deflate.map(|(shape, threshold_bytes)| Deflate { shape, threshold_bytes }) }
    }

    pub(super) const fn is_plain(&self) -> bool {
        self.deflate.is_none()
    }
}

#[cfg(not(feature = "deflate"))]
impl Coding {
    pub(super) fn of(_: &Connection) -> Self {
        Self::default()
    }

    #[expect(clippy::unused_self, reason = "the same call as with permessage-deflate")]
    pub(super) const fn is_plain(&self) -> bool {
        true
    }
}

#[cfg(feature = "deflate")]
impl Compression {
    /// Appends a message to one connection, compressed if it takes it so and nobody is against it.
    pub(super) fn send(
        &mut self,
        connection: &mut Connection,
        message: Message<'_>,
        is_compressible: bool,
        output: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        match is_compressible && connection.is_deflating() {
            true => connection.send_compressed(message, &mut self.compressor, output),
            false => connection.send(message, output),
        }
    }

    /// Appends frames in this coding, and says whether any was compressed.
    pub(super) fn encode(&mut self, coding: Coding, frames: &[u8], output: &mut Vec<u8>) -> bool {
        let Some(Deflate { shape, threshold_bytes }) = coding.deflate else {
            output.extend_from_slice(frames);
            return false;
        };
        compress_frames(frames, shape, threshold_bytes, &mut self.compressor, output)
    }
}

#[cfg(not(feature = "deflate"))]
#[expect(clippy::unused_self, reason = "the same calls as with permessage-deflate")]
#[expect(clippy::needless_pass_by_ref_mut, reason = "the same calls as with permessage-deflate")]
impl Compression {
    pub(super) fn send(
        &mut self,
        connection: &mut Connection,
        message: Message<'_>,
        _: bool,
        output: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        connection.send(message, output)
    }

    pub(super) fn encode(&mut self, _: Coding, frames: &[u8], output: &mut Vec<u8>) -> bool {
        output.extend_from_slice(frames);
        false
    }
}
