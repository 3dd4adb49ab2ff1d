//! The last bytes of a stream of messages, to which the next one may refer.

/// At most a fixed number of bytes: those that came last. It grows as they come, and never beyond.
#[derive(Debug)]
pub(super) struct Window {
    bytes: Vec<u8>,
    size_max: usize,
}

impl Window {
    /// An empty window of two to the power of `bits` bytes.
    pub(super) const fn new(bits: u8) -> Self {
        Self { bytes: Vec::new(), size_max: 1 << bits }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends what a message had, inflated.
    pub(super) fn push(&mut self, message: &[u8]) {
        let message = &message[message.len().saturating_sub(self.size_max)..];
        let overflow = (self.bytes.len() + message.len()).saturating_sub(self.size_max);
        self.bytes.drain(..overflow);
        let missing = (self.bytes.len() + message.len()).saturating_sub(self.bytes.capacity());
        if missing > 0 {
            // As a vector grows, but not over the bound.
            let grown = (2 * self.bytes.capacity()).max(self.bytes.len() + message.len());
            self.bytes.reserve_exact(grown.min(self.size_max) - self.bytes.len());
        }
        self.bytes.extend_from_slice(message);
    }

    /// Bytes of memory that it holds.
    #[cfg(feature = "net")]
    pub(super) const fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Forgets everything, and frees it.
    #[cfg(feature = "net")]
    pub(super) fn clear(&mut self) {
        self.bytes = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_the_end_of_everything_pushed() {
        let mut window = Window::new(9);
        let mut all = Vec::new();
        for (number, size) in [0, 1, 100, 500, 511, 512, 513, 5000, 3].into_iter().enumerate() {
            let message = vec![number as u8; size];
            all.extend_from_slice(&message);
            window.push(&message);
            assert_eq!(window.bytes(), &all[all.len().saturating_sub(512)..], "{size}");
            assert!(window.bytes.capacity() <= 512, "{size}");
        }
    }
}
