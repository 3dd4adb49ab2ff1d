//! What a connection is given to handle.

use std::mem;

/// The bytes of one read, and a buffer for a message that does not end in them.
#[derive(Debug, Default)]
pub struct Input<'b> {
    pub(super) bytes: &'b mut [u8],
    pub(super) spare: Vec<u8>,
}

impl<'b> Input<'b> {
    /// Input whose messages are assembled in new buffers.
    #[must_use]
    pub const fn new(bytes: &'b mut [u8]) -> Self {
        Self { bytes, spare: Vec::new() }
    }

    /// Input whose first unfinished message is assembled in `spare`; what `spare` holds is cleared.
    #[must_use]
    pub fn with_spare(bytes: &'b mut [u8], mut spare: Vec<u8>) -> Self {
        spare.clear();
        Self { bytes, spare }
    }

    /// Gives a buffer back for the next unfinished message.
    pub fn recycle(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > self.spare.capacity() {
            buffer.clear();
            self.spare = buffer;
        }
    }

    /// What has not been handled yet.
    #[must_use]
    pub const fn rest(&self) -> &[u8] {
        self.bytes
    }

    /// The spare buffer, if no message took it.
    #[must_use]
    pub fn into_spare(self) -> Vec<u8> {
        self.spare
    }

    pub(super) fn take(&mut self, size: usize) -> &'b mut [u8] {
        let (taken, rest) = mem::take(&mut self.bytes).split_at_mut(size);
        self.bytes = rest;
        taken
    }
}
