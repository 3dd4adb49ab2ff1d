//! What many short measurements say: a low quantile of each, and how two that took turns compare.

/// The median of the ratios of neighbours, and between what that of other runs like this one would lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    pub(super) median: f64,
    /// The ends of the bootstrap's 95 % confidence interval.
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) pairs: usize,
}

impl Ratio {
    /// That of pairs measured one after the other; `None` without any.
    pub(super) fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let ratios: Vec<f64> = pairs
            .iter()
            .filter(|(_, theirs)| *theirs > 0.0)
            .map(|(ours, theirs)| ours / theirs)
            .collect();
        Self::of_values(&ratios)
    }

    /// The same of how much more ours is.
    pub(super) fn of_differences(pairs: &[(f64, f64)]) -> Option<Self> {
        let differences: Vec<f64> = pairs.iter().map(|(ours, theirs)| ours - theirs).collect();
        Self::of_values(&differences)
    }

    fn of_values(ratios: &[f64]) -> Option<Self> {
        let median = quantile(ratios, 0.5)?;
        // Fixed, so that the same measurements always give the same interval.
        let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
        let mut medians: Vec<f64> = Vec::with_capacity(RESAMPLES);
        let mut sample = vec![0.0; ratios.len()];
        for _ in 0..RESAMPLES {
            sample.fill_with(|| ratios[random.below(ratios.len())]);
            medians.extend(quantile(&sample, 0.5));
        }
        let end = |share| quantile(&medians, share).expect("there was a sample");
        Some(Self { median, low: end(0.025), high: end(0.975), pairs: ratios.len() })
    }
}

/// The value below which this share of `values` lies, between two of them where need be; `None` of nothing.
pub(super) fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let (below, rest) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * rest)
}

/// How far the middle half of `values` is spread, as a share of their median.
pub(super) fn spread(values: &[f64]) -> Option<f64> {
    let median = quantile(values, 0.5).filter(|median| *median > 0.0)?;
    Some((quantile(values, 0.75)? - quantile(values, 0.25)?) / median)
}

struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

const RESAMPLES: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        let values = [4.0, 1.0, 3.0, 2.0, 5.0];
        assert_eq!(quantile(&values, 0.5), Some(3.0));
        assert_eq!(quantile(&values, 0.25), Some(2.0));
        assert_eq!(quantile(&values[..4], 0.5), Some(2.5));
        assert_eq!(quantile(&values, 1.0), Some(5.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn spread_is_the_middle_half() {
        assert_eq!(spread(&[1.0, 2.0, 3.0, 4.0, 5.0]), Some(2.0 / 3.0));
        assert_eq!(spread(&[7.0]), Some(0.0));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn ratios_are_of_pairs_so_that_a_drift_of_both_is_none() {
        let pairs: Vec<_> =
            (1..=30).map(|time| (9.0 * f64::from(time), 10.0 * f64::from(time))).collect();
        let ratio = Ratio::of(&pairs).expect("there are pairs");
        assert!((ratio.median - 0.9).abs() < 1e-9 && (ratio.high - ratio.low).abs() < 1e-9);
        assert_eq!(ratio.pairs, 30);
        assert_eq!(Ratio::of(&[]), None);
    }

    #[test]
    fn the_interval_holds_the_median_and_shrinks_with_more_pairs() {
        let pairs = |count: u32| -> Vec<_> {
            (0..count).map(|index| (100.0 + f64::from(index * 7919 % 21), 100.0)).collect()
        };
        let (few, many) = (Ratio::of(&pairs(8)), Ratio::of(&pairs(200)));
        let (few, many) = (few.expect("pairs"), many.expect("pairs"));
        for ratio in [few, many] {
            assert!(ratio.low <= ratio.median && ratio.median <= ratio.high, "{ratio:?}");
            assert!(ratio.low < ratio.high, "{ratio:?}");
        }
        assert!(many.high - many.low < few.high - few.low, "{few:?} {many:?}");
    }
}
