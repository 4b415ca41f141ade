//! Latencies: counted while a run goes on, and what is left of them.
//!
//! [`Bins`] is what a request pays for: three integer operations and one counter, about 2 ns. It
//! is emptied into a coarser-grained total whenever a row of the time series ends, so that rows
//! have quantiles of their own at no further cost. What a run leaves is a [`Latencies`], an HDR
//! histogram with the exact mean, least and greatest value beside it.

use hdrhistogram::Histogram;

/// Each power of two is divided into `2^BITS` bins: a value is known to 1 part in 256.
const BITS: u32 = 8;
const PER_OCTAVE: usize = 1 << BITS;
/// Bins for every value that 64 bits can hold.
const BINS: usize = (64 - BITS as usize + 1) * PER_OCTAVE;

/// Counts of nanoseconds in bins at most 1/256 of their value wide; below 512 ns they are exact.
#[derive(Clone, Debug)]
pub struct Bins {
    counts: Box<[u64]>,
    sum: u128,
    min: u64,
    max: u64,
}

impl Default for Bins {
    fn default() -> Self {
        Self {
            counts: vec![0; BINS].into_boxed_slice(),
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }
}

/// The bin of a value. The first 512 values have one each; from there on every power of two has
/// 256 bins, whose numbers go on without a gap.
#[inline]
const fn bin(nanos: u64) -> usize {
    let shift = 63 - BITS - (nanos | 1 << BITS).leading_zeros();
    ((shift as usize) << BITS) + (nanos >> shift) as usize
}

/// The value that stands for a bin: its greatest, as HDR histograms have it, so that a latency is
/// overstated by at most 1/256 and never understated.
const fn greatest(bin: usize) -> u64 {
    if bin < 2 * PER_OCTAVE {
        return bin as u64;
    }
    let shift = bin / PER_OCTAVE - 1;
    let start = ((bin % PER_OCTAVE + PER_OCTAVE) as u64) << shift;
    start + ((1 << shift) - 1)
}

impl Bins {
    /// Counts one value.
    #[inline]
    pub fn record(&mut self, nanos: u64) {
        self.counts[bin(nanos)] += 1;
        self.sum += u128::from(nanos);
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
    }

    /// The bins that can be other than zero: those between the least and the greatest value.
    fn touched(&self) -> std::ops::Range<usize> {
        if self.min > self.max {
            return 0..0;
        }
        bin(self.min)..bin(self.max) + 1
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.counts[self.touched()].iter().sum()
    }

    /// Adds what `other` has counted.
    pub fn add(&mut self, other: &Self) {
        let touched = other.touched();
        let theirs = &other.counts[touched.clone()];
        for (mine, theirs) in self.counts[touched].iter_mut().zip(theirs) {
            *mine += theirs;
        }
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        let touched = self.touched();
        self.counts[touched].fill(0);
        self.sum = 0;
        self.min = u64::MAX;
        self.max = 0;
    }

    /// Mean, median, 99th percentile and maximum, or `None` without a value.
    pub fn brief(&self) -> Option<Brief> {
        let count = self.count();
        (count > 0).then(|| Brief {
            mean: mean(self.sum, count),
            p50: self.quantile(count, 500),
            p99: self.quantile(count, 990),
            max: self.max,
        })
    }

    /// The value at `per_mille` of `count`: the least one that at least that share of all values
    /// do not exceed.
    fn quantile(&self, count: u64, per_mille: u64) -> u64 {
        let rank = (u128::from(count) * u128::from(per_mille)).div_ceil(1000) as u64;
        let mut below = 0;
        for at in self.touched() {
            below += self.counts[at];
            if below >= rank.max(1) {
                return greatest(at).min(self.max);
            }
        }
        self.max
    }

    /// What is left at the end of a run.
    pub fn latencies(&self) -> Latencies {
        // Three digits keep every bin apart, and its greatest value is the greatest of a bucket;
        // the histogram grows to what is recorded.
        let mut histogram = Histogram::new(3).expect("three digits are allowed");
        for at in self.touched() {
            if self.counts[at] > 0 {
                histogram
                    .record_n(greatest(at), self.counts[at])
                    .expect("a histogram that grows takes any value");
            }
        }
        Latencies {
            histogram,
            sum: self.sum,
            min: self.min,
            max: self.max,
        }
    }
}

/// A mean to the nearest nanosecond.
pub(super) fn mean(sum: u128, count: u64) -> u64 {
    ((sum + u128::from(count) / 2) / u128::from(count)) as u64
}

/// Figures of one row of the time series, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Arithmetic mean.
    pub mean: u64,
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
    /// Maximum.
    pub max: u64,
}

impl Brief {
    /// One of its figures; `None` for those that a row does not keep.
    pub const fn figure(&self, quantile: Quantile) -> Option<u64> {
        match quantile {
            Quantile::Mean => Some(self.mean),
            Quantile::P50 => Some(self.p50),
            Quantile::P99 => Some(self.p99),
            Quantile::Max => Some(self.max),
            Quantile::P90 | Quantile::P999 => None,
        }
    }
}

/// All latencies of one kind in a run, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Latencies {
    histogram: Histogram<u64>,
    sum: u128,
    min: u64,
    max: u64,
}

/// What is asked of a distribution of latencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantile {
    /// Arithmetic mean.
    Mean,
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 99th percentile.
    P99,
    /// 99.9th percentile.
    P999,
    /// Maximum.
    Max,
}

impl Quantile {
    /// All, in the order in which they are printed.
    pub const ALL: [Self; 6] = [
        Self::Mean,
        Self::P50,
        Self::P90,
        Self::P99,
        Self::P999,
        Self::Max,
    ];

    /// As metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::P999 => "p999",
            Self::Max => "max",
        }
    }
}

impl Latencies {
    /// Number of values.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The figure in nanoseconds, or `None` without a value.
    pub fn figure(&self, quantile: Quantile) -> Option<u64> {
        if self.count() == 0 {
            return None;
        }
        Some(match quantile {
            Quantile::Mean => mean(self.sum, self.count()),
            Quantile::P50 => self.at(0.5),
            Quantile::P90 => self.at(0.9),
            Quantile::P99 => self.at(0.99),
            Quantile::P999 => self.at(0.999),
            Quantile::Max => self.max,
        })
    }

    /// The value that a share `quantile` (0 to 1) of all values do not exceed; 0 without a value.
    pub fn at(&self, quantile: f64) -> u64 {
        if quantile <= 0.0 {
            return if self.count() > 0 { self.min } else { 0 };
        }
        self.histogram.value_at_quantile(quantile).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bins_follow_each_other_without_a_gap() {
        let mut last = bin(0);
        for nanos in 1..1_000_000 {
            let here = bin(nanos);
            assert!(here == last || here == last + 1, "at {nanos}");
            last = here;
        }
        assert_eq!(bin(u64::MAX), BINS - 1);
    }

    #[test]
    fn nothing_has_no_figures() {
        assert_eq!(Bins::default().brief(), None);
        assert_eq!(Bins::default().latencies().figure(Quantile::Mean), None);
    }

    #[test]
    fn clearing_leaves_nothing_behind() {
        let mut bins = Bins::default();
        for nanos in [0, 7, 300_000, u64::MAX] {
            bins.record(nanos);
        }
        bins.clear();
        assert!(bins.counts.iter().all(|&count| count == 0));
        bins.record(42);
        assert_eq!(bins.latencies().figure(Quantile::Mean), Some(42));
    }

    /// Values over many orders of magnitude, as latencies are.
    fn values() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec(
            (0u32..50, any::<u64>()).prop_map(|(s, v)| v >> (63 - s)),
            1..400,
        )
    }

    proptest! {
        /// The sorted values themselves are the yardstick.
        #[test]
        fn quantiles_are_those_of_the_sorted_values(values in values()) {
            let mut bins = Bins::default();
            for &v in &values { bins.record(v); }
            let mut sorted = values.clone();
            sorted.sort_unstable();
            let exact = |per_mille: usize| {
                sorted[(sorted.len() * per_mille).div_ceil(1000).max(1) - 1]
            };
            let close = |got: u64, want: u64| got >= want && got - want <= want / 256;
            let left = bins.latencies();
            let brief = bins.brief().unwrap();
            for (quantile, per_mille) in
                [(Quantile::P50, 500), (Quantile::P90, 900), (Quantile::P99, 990)]
            {
                let got = left.figure(quantile).unwrap();
                prop_assert!(close(got, exact(per_mille)), "{quantile:?}: {got}");
            }
            // Rows and runs give the same figures for the same values.
            prop_assert_eq!(Some(brief.p50), left.figure(Quantile::P50));
            prop_assert_eq!(Some(brief.p99), left.figure(Quantile::P99));
            prop_assert_eq!(left.at(0.0), sorted[0]);
            prop_assert_eq!(left.figure(Quantile::Max), sorted.last().copied());
            let sum: u128 = values.iter().map(|&v| u128::from(v)).sum();
            let mean = left.figure(Quantile::Mean).unwrap();
            prop_assert!((u128::from(mean) * values.len() as u128).abs_diff(sum)
                <= values.len() as u128);
        }

        #[test]
        fn adding_is_recording_both(a in values(), b in values()) {
            let (mut left, mut right, mut both) =
                (Bins::default(), Bins::default(), Bins::default());
            for &v in &a { left.record(v); both.record(v); }
            for &v in &b { right.record(v); both.record(v); }
            left.add(&right);
            prop_assert_eq!(left.counts, both.counts);
            prop_assert_eq!((left.sum, left.min, left.max), (both.sum, both.min, both.max));
        }
    }
}
