//! What a connection is given to handle.

#[cfg(feature = "deflate")]
use crate::protocol::deflate::Inflater;
use std::mem;

/// The bytes of one read, a buffer for a message that does not end in them or has to be inflated, and what inflates.
#[derive(Debug, Default)]
pub struct Input<'b> {
    pub(super) bytes: &'b mut [u8],
    pub(super) spare: Vec<u8>,
    #[cfg(feature = "deflate")]
    pub(super) inflater: Option<&'b mut Inflater>,
}

impl<'b> Input<'b> {
    /// Input whose messages are assembled in new buffers.
    #[must_use]
    pub const fn new(bytes: &'b mut [u8]) -> Self {
        Self {
            bytes,
            spare: Vec::new(),
            #[cfg(feature = "deflate")]
            inflater: None,
        }
    }

    /// Input whose first unfinished message is assembled in `spare`; what `spare` holds is cleared.
    #[must_use]
    pub fn with_spare(bytes: &'b mut [u8], mut spare: Vec<u8>) -> Self {
        spare.clear();
        Self { spare, ..Self::new(bytes) }
    }

    /// The same input with what inflates compressed messages. Without one, each of them costs an
    /// inflater of its own.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn with_inflater(mut self, inflater: &'b mut Inflater) -> Self {
        inflater.begin_count();
        self.inflater = Some(inflater);
        self
    }

    /// What the inflater had to do for this input so far, in bytes: a worker lets others have their turn when it is much.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn inflated_bytes(&self) -> usize {
        match &self.inflater {
            Some(inflater) => inflater.inflated_bytes(),
            None => 0,
        }
    }

    /// Whether the next compressed message has to be inflated into a new buffer, unless [`Input::recycle`] brings one.
    #[must_use]
    pub const fn needs_spare(&self) -> bool {
        #[cfg(feature = "deflate")]
        return !self.bytes.is_empty() && self.spare.capacity() == 0 && self.inflater.is_some();
        #[cfg(not(feature = "deflate"))]
        false
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

    /// The same, for a message to be taken off by the short way.
    #[cfg(feature = "net")]
    pub(crate) const fn rest_mut(&mut self) -> &mut &'b mut [u8] {
        &mut self.bytes
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
