//! How an input says where to cut what it contains.

/// Sizes of pieces, read from the beginning of an input:
///
/// ```text
///   byte 0      `count` bytes                 the rest
///  +-----------+-----------------------------+-----------
///  | count     | size of each piece, repeated | content
///  +-----------+-----------------------------+-----------
/// ```
///
/// A size of 0 is an empty piece. Sizes that are all 0, or none, leave the content whole.
#[derive(Clone, Copy, Debug)]
pub struct Cuts<'i> {
    sizes: &'i [u8],
}

impl<'i> Cuts<'i> {
    /// Reads the sizes, and returns the content behind them.
    pub fn read(input: &'i [u8]) -> (Self, &'i [u8]) {
        let Some((&count, rest)) = input.split_first() else {
            return (Self { sizes: &[] }, input);
        };
        let count = usize::from(count % COUNT_MAX).min(rest.len());
        let (sizes, content) = rest.split_at(count);
        (Self { sizes }, content)
    }

    /// The ranges into which these sizes cut `total` bytes, in order and without gaps.
    pub fn ranges(self, total: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        let is_whole = self.sizes.iter().all(|&size| size == 0);
        let sizes: &[u8] = if is_whole { &[] } else { self.sizes };
        let mut sizes = sizes.iter().cycle();
        let mut start = 0;
        std::iter::from_fn(move || {
            if start == total {
                return None;
            }
            let size = sizes.next().map_or(total, |&size| usize::from(size));
            let end = total.min(start.saturating_add(size));
            let range = start..end;
            start = end;
            Some(range)
        })
    }
}

/// More sizes than this would leave short inputs without content.
const COUNT_MAX: u8 = 16;
