//! Buffers between two uses.

/// A last-in-first-out pool that keeps a bounded number of things of bounded size, so that what comes out is likely
/// still in the processor's cache and a burst of large messages does not keep its memory for ever.
#[derive(Debug)]
pub struct Pool<T> {
    kept: Vec<T>,
    kept_max: usize,
    bytes: usize,
    bytes_max: usize,
    size_of: fn(&T) -> usize,
}

impl<T: Default> Pool<T> {
    /// An empty pool that keeps at most `kept_max` things of together at most `bytes_max` bytes, by `size_of`.
    #[must_use]
    pub const fn new(kept_max: usize, bytes_max: usize, size_of: fn(&T) -> usize) -> Self {
        Self { kept: Vec::new(), kept_max, bytes: 0, bytes_max, size_of }
    }

    /// The thing that was given back last, or a new one.
    pub fn take(&mut self) -> T {
        self.kept.pop().map_or_else(T::default, |thing| {
            self.bytes -= (self.size_of)(&thing);
            thing
        })
    }

    /// Keeps `thing` for the next [`Pool::take`], or frees it where the pool is full.
    pub fn give(&mut self, thing: T) {
        let size = (self.size_of)(&thing);
        if self.kept.len() < self.kept_max && self.bytes + size <= self.bytes_max {
            self.bytes += size;
            self.kept.push(thing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_keeps_what_its_bounds_allow() {
        let mut pool: Pool<Vec<u8>> = Pool::new(2, 100, Vec::capacity);
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
