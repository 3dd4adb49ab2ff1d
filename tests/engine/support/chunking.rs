//! One input, cut into reads in every way that can matter.

use super::random::Random;
use std::fmt::Debug;

/// Runs `run` on `bytes` in every chunking worth trying and demands the same result from each.
///
/// Short inputs are cut in all 2^(n-1) ways. Longer ones are cut at each place, at pairs of places, between all bytes
/// and at random; very long ones at a sample of the places, dense at both ends, where the headers are.
pub(crate) fn every_chunking<R>(bytes: &[u8], mut run: impl FnMut(&[&[u8]]) -> R) -> R
where
    R: PartialEq + Debug,
{
    let whole = run(&[bytes]);
    let mut run_cut = |cuts: &[usize]| {
        let result = run(&cut(bytes, cuts));
        // Long lists of cuts would bury what differs.
        let shown = &cuts[..cuts.len().min(20)];
        assert!(
            result == whole,
            "cut at {shown:?} of {}: {result:#?} instead of {whole:#?}",
            bytes.len()
        );
    };
    if bytes.len() <= EXHAUSTIVE_SIZE_MAX {
        every_set_of_cuts(bytes.len(), &mut run_cut);
    } else {
        many_sets_of_cuts(bytes.len(), &mut run_cut);
    }
    whole
}

fn every_set_of_cuts(size: usize, run: &mut impl FnMut(&[usize])) {
    for set in 1..1_u32 << size.saturating_sub(1) {
        let cuts: Vec<usize> = (1..size).filter(|at| set & 1 << (at - 1) != 0).collect();
        run(&cuts);
    }
}

fn many_sets_of_cuts(size: usize, run: &mut impl FnMut(&[usize])) {
    let is_long = size > LONG_SIZE;
    for at in places(size, if is_long { 100 } else { 600 }) {
        run(&[at]);
    }
    let pairs = places(size, if is_long { 12 } else { 40 });
    for (index, &first) in pairs.iter().enumerate() {
        for &second in &pairs[index + 1..] {
            run(&[first, second]);
        }
    }
    run(&(1..size).collect::<Vec<_>>());
    for seed in 0..RANDOM_CHUNKINGS {
        let mut random = Random::new(seed);
        let count = 1 + random.below(if seed % 2 == 0 { 8 } else { size.min(200) });
        let mut cuts: Vec<usize> = (0..count).map(|_| 1 + random.below(size - 1)).collect();
        cuts.sort_unstable();
        // A read of nothing, which two equal cuts would make, is an input too.
        run(&cuts);
    }
}

/// At most about `count` places to cut at: all of them if possible, else both ends densely and the rest evenly.
fn places(size: usize, count: usize) -> Vec<usize> {
    if size <= count {
        return (1..size).collect();
    }
    let edge = count / 3;
    let middle = (edge..size - edge).step_by((size - 2 * edge).div_ceil(count - 2 * edge));
    (1..edge).chain(middle).chain(size - edge + 1..size).collect()
}

fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([bytes.len()]);
    starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect()
}

const EXHAUSTIVE_SIZE_MAX: usize = 14;
const LONG_SIZE: usize = 4096;
const RANDOM_CHUNKINGS: u64 = 100;

#[test]
fn short_inputs_are_cut_in_every_way_and_long_ones_at_each_place() {
    let mut seen = std::collections::HashSet::new();
    every_chunking(&[7; 14], |chunks| {
        seen.insert(chunks.iter().map(|chunk| chunk.len()).collect::<Vec<_>>());
    });
    assert_eq!(seen.len(), 1 << 13);

    let mut first_sizes = std::collections::HashSet::new();
    every_chunking(&[7; 500], |chunks| {
        assert_eq!(chunks.concat(), [7; 500]);
        first_sizes.insert(chunks[0].len());
    });
    assert!((1..=500).all(|size| first_sizes.contains(&size)));
}
