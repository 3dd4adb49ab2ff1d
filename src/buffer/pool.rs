//! Buffers between two uses.

use super::SendQueue;

/// What a [`Pool`] keeps.
pub trait Pooled: Default {
    /// Bytes that it holds while nobody uses it.
    fn held_bytes(&self) -> usize;
}

impl Pooled for Vec<u8> {
    fn held_bytes(&self) -> usize {
        self.capacity()
    }
}

impl Pooled for Box<SendQueue> {
    fn held_bytes(&self) -> usize {
        self.capacity()
    }
}

/// A last-in-first-out pool that keeps a bounded number of things of bounded size, so that what comes out is likely
/// still in the processor's cache and a burst of large messages does not keep its memory for ever.
#[derive(Debug)]
pub struct Pool<T> {
    kept: Vec<T>,
    kept_max: usize,
    bytes: usize,
    bytes_max: usize,
}

impl<T: Pooled> Pool<T> {
    /// An empty pool that keeps at most `kept_max` things of together at most `bytes_max` bytes.
    #[must_use]
    pub const fn new(kept_max: usize, bytes_max: usize) -> Self {
        Self { kept: Vec::new(), kept_max, bytes: 0, bytes_max }
    }

    /// The thing that was given back last, or a new one.
    #[inline(always)]
    pub fn take(&mut self) -> T {
        let Some(thing) = self.kept.pop() else {
            return make();
        };
        self.bytes -= thing.held_bytes();
        thing
    }

    /// Keeps `thing` for the next [`Pool::take`], or frees it where the pool is full.
    #[inline]
    pub fn give(&mut self, thing: T) {
        let bytes = self.bytes + thing.held_bytes();
        if self.kept.len() == self.kept_max || bytes > self.bytes_max {
            return free(thing);
        }
        self.bytes = bytes;
        self.kept.push(thing);
    }
}

// These two are seldom called, and would be most of what is inlined of the pool.
#[cold]
fn make<T: Default>() -> T {
    T::default()
}

#[cold]
fn free<T>(thing: T) {
    drop(thing);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_keeps_what_its_bounds_allow() {
        let mut pool: Pool<Vec<u8>> = Pool::new(2, 100);
        pool.give(Vec::with_capacity(60));
        pool.give(Vec::with_capacity(60)); // 120 bytes: over
        pool.give(Vec::with_capacity(30));
        pool.give(Vec::with_capacity(1)); // a third: over
        let kept: Vec<usize> = (0..3).map(|_| pool.take().capacity()).collect();
        assert_eq!(kept, [30, 60, 0]);
        pool.give(Vec::with_capacity(100));
        assert_eq!(pool.take().capacity(), 100, "taking makes room");
    }
}
