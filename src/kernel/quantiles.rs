//! Any distribution of spans or sizes as an integer table of quantiles.
//!
//! A table has 256 steps of equal probability; the last is divided into 256 again, and so is the
//! last of those, which reaches to the 1 - 2^-24 quantile. A draw is a table look-up and a linear
//! interpolation in integers, portable to the byte. Tables are compiled at load with `libm`, and
//! scaled so that the mean of the table is the mean of the distribution.

use std::sync::Arc;

use crate::units::{Bytes, Span};

/// What a distribution can be of: a quantity that is a whole number of its smallest unit.
pub trait Quantity: Copy {
    /// Nanoseconds of a span, bytes of a size.
    fn count(self) -> u64;
}

impl Quantity for Span {
    fn count(self) -> u64 {
        self.0
    }
}

impl Quantity for Bytes {
    fn count(self) -> u64 {
        self.0
    }
}

/// A distribution of spans or sizes as a scenario states it.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution<Q> {
    /// Always the same.
    Fixed(Q),
    /// Exponential with this mean.
    Exponential {
        /// Mean.
        mean: Q,
    },
    /// Uniform between the two.
    Uniform {
        /// Smallest.
        min: Q,
        /// Largest, not below `min`.
        max: Q,
    },
    /// Log-normal, stated as engineers know it.
    Lognormal {
        /// The 50 % quantile, above 0.
        median: Q,
        /// The 99 % quantile, not below the median.
        p99: Q,
    },
    /// Each of the listed values with equal probability; at least one.
    Empirical(Vec<Q>),
    /// Each of the listed values as often as its weight says; at least one weight is above 0, and
    /// their sum below 2^63.
    Weighted(Vec<(Q, u64)>),
}

/// The standard normal quantile of 0.99 (Abramowitz & Stegun, table 26.5).
const Z99: f64 = 2.326_347_874_040_841;

impl<Q: Quantity> Distribution<Q> {
    /// The mean in the smallest unit (nanoseconds, bytes).
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Fixed(span) | Self::Exponential { mean: span } => span.count() as f64,
            Self::Uniform { min, max } => f64::midpoint(min.count() as f64, max.count() as f64),
            Self::Lognormal { median, .. } => {
                let sigma = self.sigma();
                median.count() as f64 * libm::exp(sigma * sigma / 2.0)
            }
            Self::Empirical(spans) => {
                spans.iter().map(|s| s.count() as f64).sum::<f64>() / spans.len().max(1) as f64
            }
            Self::Weighted(list) => {
                let sum = list.iter().map(|(_, weight)| *weight as f64).sum::<f64>();
                let weighted = |(value, weight): &(Q, u64)| value.count() as f64 * *weight as f64;
                list.iter().map(weighted).sum::<f64>() / sum.max(1.0)
            }
        }
    }

    fn sigma(&self) -> f64 {
        match self {
            Self::Lognormal { median, p99 } if median.count() > 0 => {
                libm::log(p99.count() as f64 / median.count() as f64) / Z99
            }
            _ => 0.0,
        }
    }

    /// The quantile at probability `p`, 0 <= p < 1, in the smallest unit.
    fn quantile(&self, p: f64) -> f64 {
        match self {
            Self::Fixed(span) => span.count() as f64,
            Self::Exponential { mean } => -(mean.count() as f64) * libm::log1p(-p),
            Self::Uniform { min, max } => {
                let (min, max) = (min.count() as f64, max.count() as f64);
                min + (max - min) * p
            }
            Self::Lognormal { median, .. } => {
                if p <= 0.0 {
                    0.0
                } else {
                    median.count() as f64 * libm::exp(self.sigma() * normal_quantile(p))
                }
            }
            Self::Empirical(_) | Self::Weighted(_) => unreachable!("lists are drawn from directly"),
        }
    }
}

/// The standard normal quantile at `p`, by bisection of `libm::erfc`: used at load only.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        let below = 0.5 * libm::erfc(-middle * std::f64::consts::FRAC_1_SQRT_2);
        if below < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

const STEPS: usize = 256;
const LEVELS: usize = 3;

/// A compiled distribution: `draw` turns 64 uniform bits into a count of the smallest unit. Clones
/// share one table.
#[derive(Clone, Debug)]
pub struct Quantiles(Form);

#[derive(Clone, Debug)]
enum Form {
    Fixed(u64),
    List(Arc<[u64]>),
    /// Values, each with the sum of the weights up to and with its own.
    Weighted(Arc<[(u64, u64)]>),
    Table(Arc<[[Step; STEPS]; LEVELS]>),
}

/// One step of a table: from `low` on, `width` wide.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    low: u64,
    width: u64,
}

impl Step {
    /// The value at `fraction` * 2^-64 of the step.
    #[inline]
    const fn at(self, fraction: u64) -> u64 {
        self.low + ((self.width as u128 * fraction as u128) >> 64) as u64
    }
}

impl Quantiles {
    /// Compiles `distribution`.
    #[must_use]
    pub fn new<Q: Quantity>(distribution: &Distribution<Q>) -> Self {
        Self(match distribution {
            Distribution::Fixed(value) => Form::Fixed(value.count()),
            Distribution::Empirical(spans) => Form::List(spans.iter().map(|s| s.count()).collect()),
            Distribution::Weighted(list) => {
                let mut sum = 0;
                let summed = list.iter().map(|(value, weight)| {
                    sum += weight;
                    (value.count(), sum)
                });
                Form::Weighted(summed.collect())
            }
            other => Form::Table(compile(other)),
        })
    }

    /// The count of the smallest unit (nanoseconds, bytes) that belongs to 64 uniform bits.
    #[inline]
    #[must_use]
    pub fn draw(&self, bits: u64) -> u64 {
        match &self.0 {
            Form::Table(table) => {
                let step = (bits >> 56) as u8;
                if step == u8::MAX {
                    return beyond_the_first_level(table, bits << 8);
                }
                table[0][step as usize].at(bits << 8)
            }
            other => other.without_table(bits),
        }
    }
}

impl Quantiles {
    /// The largest count that can be drawn.
    #[must_use]
    pub fn largest(&self) -> u64 {
        match &self.0 {
            Form::Fixed(count) => *count,
            Form::List(counts) => counts.iter().copied().max().unwrap_or(0),
            Form::Weighted(counts) => counts.iter().map(|(count, _)| *count).max().unwrap_or(0),
            Form::Table(_) => self.draw(u64::MAX),
        }
    }
}

impl Form {
    /// Fixed values and lists, which need not stand wherever tables are drawn from.
    #[inline(never)]
    fn without_table(&self, bits: u64) -> u64 {
        match self {
            Self::List(list) => list[((u128::from(bits) * list.len() as u128) >> 64) as usize],
            Self::Weighted(list) => {
                let sum = list.last().map_or(0, |(_, sum)| *sum);
                let part = ((u128::from(bits) * u128::from(sum)) >> 64) as u64;
                let place = list.partition_point(|(_, sum)| *sum <= part);
                list.get(place).map_or(0, |(value, _)| *value)
            }
            Self::Fixed(value) => *value,
            Self::Table(_) => unreachable!("this is a table"),
        }
    }
}

/// The last step of the first level opens the second, and its last step the third.
#[cold]
fn beyond_the_first_level(table: &[[Step; STEPS]; LEVELS], bits: u64) -> u64 {
    let step = (bits >> 56) as usize;
    if step < STEPS - 1 {
        return table[1][step].at(bits << 8);
    }
    let bits = bits << 8;
    table[2][(bits >> 56) as usize].at(bits << 8)
}

fn compile<Q: Quantity>(distribution: &Distribution<Q>) -> Arc<[[Step; STEPS]; LEVELS]> {
    // The ends of the steps of each level.
    let mut ends = [[0.0f64; STEPS + 1]; LEVELS];
    let mut start = 0.0;
    let mut width = 1.0;
    for (level, ends) in ends.iter_mut().enumerate() {
        for (step, end) in ends.iter_mut().enumerate() {
            let last = step == STEPS;
            *end = if last && level < LEVELS - 1 {
                // Never read: the next level refines the last step.
                f64::NAN
            } else {
                // The right end of all would be the infinite quantile of 1: stop half a step
                // short of it, at 1 - 2^-25.
                let step = if last { step as f64 - 0.5 } else { step as f64 };
                distribution.quantile(start + width * step / STEPS as f64)
            };
        }
        start += width * (STEPS - 1) as f64 / STEPS as f64;
        width /= STEPS as f64;
    }
    let scale = distribution.mean() / table_mean(&ends);
    let scale = if scale.is_finite() { scale } else { 1.0 };
    let mut table = Box::new([[Step::default(); STEPS]; LEVELS]);
    for (steps, ends) in table.iter_mut().zip(&ends) {
        for (step, pair) in steps.iter_mut().zip(ends.windows(2)) {
            let low = libm::round(pair[0] * scale) as u64;
            // `NAN` becomes 0, and so does the width of a step that is refined.
            let high = libm::round(pair[1] * scale) as u64;
            *step = Step {
                low,
                width: high.saturating_sub(low),
            };
        }
    }
    Arc::from(table)
}

/// The mean of the piecewise linear table.
fn table_mean(ends: &[[f64; STEPS + 1]; LEVELS]) -> f64 {
    let mut mean = 0.0;
    let mut width = 1.0 / STEPS as f64;
    for (level, ends) in ends.iter().enumerate() {
        let steps = if level == LEVELS - 1 {
            STEPS
        } else {
            STEPS - 1
        };
        mean += ends
            .windows(2)
            .take(steps)
            .map(|pair| width * f64::midpoint(pair[0], pair[1]))
            .sum::<f64>();
        width /= STEPS as f64;
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::mix;

    fn sample(distribution: &Distribution<Span>, n: u64) -> Vec<u64> {
        let table = Quantiles::new(distribution);
        let mut drawn: Vec<u64> = (0..n).map(|i| table.draw(mix(i))).collect();
        drawn.sort_unstable();
        drawn
    }

    fn assert_close(measured: f64, expected: f64, relative: f64) {
        assert!(
            (measured / expected - 1.0).abs() < relative,
            "measured {measured}, expected {expected}"
        );
    }

    #[test]
    fn exponential_has_its_quantiles_mean_and_variance() {
        let mean = 1e9;
        let drawn = sample(
            &Distribution::Exponential {
                mean: Span::from_secs(1),
            },
            1 << 20,
        );
        let n = drawn.len() as f64;
        let sample_mean = drawn.iter().map(|&x| x as f64).sum::<f64>() / n;
        let variance = drawn
            .iter()
            .map(|&x| (x as f64 - sample_mean).powi(2))
            .sum::<f64>()
            / n;
        assert_close(sample_mean, mean, 0.004);
        assert_close(variance.sqrt(), mean, 0.01);
        for p in [0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999] {
            let measured = drawn[(p * n) as usize] as f64;
            assert_close(measured, -mean * libm::log(1.0 - p), 0.05);
        }
    }

    #[test]
    fn the_table_mean_is_the_exact_mean() {
        for distribution in [
            Distribution::Exponential {
                mean: Span::from_millis(7),
            },
            Distribution::Lognormal {
                median: Span::from_micros(100),
                p99: Span::from_micros(900),
            },
            Distribution::Uniform {
                min: Span::from_secs(1),
                max: Span::from_secs(3),
            },
        ] {
            // Stratified draws integrate the table almost exactly.
            let table = Quantiles::new(&distribution);
            let n = 1u64 << 22;
            let sum: u128 = (0..n)
                .map(|i| u128::from(table.draw((i << 42) | (1 << 41))))
                .sum();
            assert_close(sum as f64 / n as f64, distribution.mean(), 2e-5);
        }
    }

    #[test]
    fn lognormal_has_its_median_and_p99() {
        let drawn = sample(
            &Distribution::Lognormal {
                median: Span::from_millis(2),
                p99: Span::from_millis(10),
            },
            1 << 20,
        );
        assert_close(drawn[drawn.len() / 2] as f64, 2e6, 0.01);
        assert_close(drawn[drawn.len() * 99 / 100] as f64, 10e6, 0.02);
    }

    #[test]
    fn fixed_uniform_and_lists_stay_in_their_range() {
        assert_eq!(sample(&Distribution::Fixed(Span(5)), 3), [5, 5, 5]);
        let uniform = sample(
            &Distribution::Uniform {
                min: Span(10),
                max: Span(1_000_000),
            },
            10_000,
        );
        assert!(uniform[0] >= 10 && uniform[9_999] <= 1_000_000);
        let list = sample(
            &Distribution::Empirical(vec![Span(1), Span(4), Span(9)]),
            30_000,
        );
        for value in [1, 4, 9] {
            let share = list.iter().filter(|&&x| x == value).count() as f64 / 30_000.0;
            assert_close(share, 1.0 / 3.0, 0.05);
        }
        assert!(list.iter().all(|x| [1, 4, 9].contains(x)));
        let weights = [(Span(1), 1), (Span(4), 0), (Span(9), 3)];
        let distribution = Distribution::Weighted(weights.to_vec());
        assert_close(distribution.mean(), 7.0, 1e-12);
        let list = sample(&distribution, 30_000);
        let ones = list.iter().filter(|x| **x == 1).count() as f64;
        assert_close(ones / 30_000.0, 0.25, 0.05);
        assert!(list.iter().all(|x| [1, 9].contains(x)));
    }
}
