//! A large message's own buffer, which the driver receives into.

use std::io;
use std::mem::MaybeUninit;

/// A message under way and how many of its bytes the next receives are to append.
#[derive(Debug, Default)]
pub struct MessageBuffer {
    bytes: Vec<u8>,
    missing: usize,
}

impl MessageBuffer {
    /// A buffer that takes `missing` more bytes behind those that `bytes` holds.
    #[must_use]
    pub fn new(mut bytes: Vec<u8>, missing: usize) -> Self {
        bytes.reserve_exact(missing);
        Self { bytes, missing }
    }

    /// Bytes that are still to come.
    #[must_use]
    pub const fn missing(&self) -> usize {
        self.missing
    }

    /// Bytes of memory.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The bytes so far.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Appends what `receive` writes to the start of the memory it is given, which is not initialised, and gives on
    /// how much that was.
    ///
    /// # Errors
    ///
    /// Those of `receive`.
    ///
    /// # Safety
    ///
    /// When `receive` answers `Ok(n)`, it has initialised the first `n` bytes of the memory it was given.
    pub unsafe fn receive_with(
        &mut self,
        receive: impl FnOnce(&mut [MaybeUninit<u8>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let room = &mut self.bytes.spare_capacity_mut()[..self.missing];
        let size = receive(room)?;
        assert!(size <= self.missing, "received more than there was room for");
        // SAFETY: the caller promises that the first `size` bytes behind the old length are initialised, and they are
        // within the capacity, because `room` was cut from it and is at least as long.
        unsafe { self.bytes.set_len(self.bytes.len() + size) };
        self.missing -= size;
        Ok(size)
    }

    /// The safe twin of [`MessageBuffer::receive_with`]: appends a copy of what fits, and says how much that was.
    pub fn receive_copy(&mut self, bytes: &[u8]) -> usize {
        let size = bytes.len().min(self.missing);
        self.bytes.extend_from_slice(&bytes[..size]);
        self.missing -= size;
        size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receiving_in_place_appends_what_copying_appends() {
        let source: Vec<u8> = (0..100).collect();
        for step in [1, 7, 64, 100, 1000] {
            let mut copied = MessageBuffer::new(vec![9; 5], 90);
            let mut received = MessageBuffer::new(vec![9; 5], 90);
            for piece in source.chunks(step) {
                let copied_size = copied.receive_copy(piece);
                // SAFETY: the closure initialises as many bytes as it says.
                let received_size = unsafe {
                    received.receive_with(|room| {
                        let size = piece.len().min(room.len());
                        room[..size].write_copy_of_slice(&piece[..size]);
                        Ok(size)
                    })
                };
                assert_eq!(copied_size, received_size.expect("the closure does not fail"));
            }
            assert_eq!((copied.missing(), received.missing()), (0, 0));
            assert_eq!(copied.into_bytes(), received.into_bytes());
        }
    }
}
