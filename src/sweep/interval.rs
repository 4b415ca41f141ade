//! Means with their intervals, after Student.
//!
//! The mean of n independent runs lies within t(n-1) * s / sqrt(n) of the truth with the given
//! probability, if the runs' values are roughly normal; a run's value is itself a mean over many
//! requests, which makes them so. Of two designs that were run with the same random numbers, the
//! differences of replicate and replicate are such values too, and vary far less (Law, Simulation
//! Modeling and Analysis, 5th edition, sections 4.5 and 10.2).

use crate::metrics::catalogue::Value;

/// A mean and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Number of values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation; `None` for a single value.
    pub deviation: Option<f64>,
    /// Half the width of the interval; `None` for a single value.
    pub half_width: Option<f64>,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// The sum of all values in billionths, exactly.
    pub sum: i128,
}

/// Student's distribution at a confidence.
#[derive(Clone, Debug)]
pub struct Student {
    confidence: f64,
    /// Its quantiles by degrees of freedom, from 1: they are looked up for every metric of every
    /// point.
    quantiles: Vec<f64>,
}

impl Student {
    /// For estimates of at most so many values; of more it works too, but takes longer.
    pub fn new(confidence: f64, values: usize) -> Self {
        let freedoms = 1..values as u64;
        Self {
            confidence,
            quantiles: freedoms
                .map(|freedom| student(confidence, freedom))
                .collect(),
        }
    }

    /// How many standard errors to either side of a mean cover the truth.
    fn quantile(&self, freedom: u64) -> f64 {
        let known = self.quantiles.get(freedom as usize - 1);
        known
            .copied()
            .unwrap_or_else(|| student(self.confidence, freedom))
    }
}

/// A value in billionths, exactly.
pub fn billionths(value: Value) -> i128 {
    match value {
        Value::Whole(number) => i128::from(number) * 1_000_000_000,
        Value::Billionths(number) => i128::from(number),
    }
}

impl Estimate {
    /// The estimate of these values, given in billionths, with an interval after `student`.
    /// `None` without values.
    pub fn of(values: &[i128], student: &Student) -> Option<Self> {
        let (least, most) = (*values.iter().min()?, *values.iter().max()?);
        let count = values.len() as u64;
        let sum: i128 = values.iter().sum();
        let mean = sum as f64 / count as f64 / 1e9;
        let deviation = (count > 1).then(|| {
            // Equal values have no deviation at all, whatever rounding makes of their mean.
            if least == most {
                return 0.0;
            }
            let squares: f64 = values
                .iter()
                .map(|value| {
                    let distance = *value as f64 / 1e9 - mean;
                    distance * distance
                })
                .sum();
            libm::sqrt(squares / (count - 1) as f64)
        });
        Some(Self {
            count,
            mean,
            deviation,
            half_width: deviation.map(|deviation| {
                student.quantile(count - 1) * deviation / libm::sqrt(count as f64)
            }),
            least: least as f64 / 1e9,
            most: most as f64 / 1e9,
            sum,
        })
    }

    /// The interval; `None` for a single value.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let half = self.half_width?;
        Some((self.mean - half, self.mean + half))
    }
}

/// How many standard errors to either side of a mean cover the truth with that probability: the
/// quantile (1 + confidence) / 2 of Student's distribution.
pub fn student(confidence: f64, freedom: u64) -> f64 {
    let freedom = freedom.max(1) as f64;
    // The share outside of +-t falls as t grows: halve an interval that holds the quantile.
    let outside = 1.0 - confidence;
    let (mut low, mut high) = (0.0, 1.0);
    while share_outside(high, freedom) > outside {
        low = high;
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if share_outside(middle, freedom) > outside {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The share of Student's distribution beyond `t` on both sides (Abramowitz and Stegun, 26.7.1:
/// a regularised incomplete beta function).
fn share_outside(t: f64, freedom: f64) -> f64 {
    incomplete_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun,
/// 26.5.8, evaluated after Lentz).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = libm::exp(
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
            + a * libm::log(x)
            + b * libm::log1p(-x),
    );
    // The fraction converges fast on this side only.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |number: f64| if number.abs() < TINY { TINY } else { number };
    let mut above = 1.0;
    let mut below = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut result = below;
    for step in 1..10_000 {
        let step = f64::from(step);
        let even = step * (b - step) * x / ((a + 2.0 * step - 1.0) * (a + 2.0 * step));
        below = 1.0 / away_from_zero(1.0 + even * below);
        above = away_from_zero(1.0 + even / above);
        result *= above * below;
        let odd = -(a + step) * (a + b + step) * x / ((a + 2.0 * step) * (a + 2.0 * step + 1.0));
        below = 1.0 / away_from_zero(1.0 + odd * below);
        above = away_from_zero(1.0 + odd / above);
        result *= above * below;
        if (above * below - 1.0).abs() < 1e-15 {
            break;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::streams::Streams;
    use rand::Rng;

    /// The two-sided table of any textbook (NIST/SEMATECH e-Handbook, 1.3.6.7.2).
    #[test]
    fn quantiles_are_those_of_the_table() {
        for (freedom, at_90, at_95, at_99) in [
            (1, 6.314, 12.706, 63.657),
            (2, 2.920, 4.303, 9.925),
            (3, 2.353, 3.182, 5.841),
            (5, 2.015, 2.571, 4.032),
            (10, 1.812, 2.228, 3.169),
            (30, 1.697, 2.042, 2.750),
            (60, 1.671, 2.000, 2.660),
            (100, 1.660, 1.984, 2.626),
        ] {
            for (confidence, expected) in [(0.9, at_90), (0.95, at_95), (0.99, at_99)] {
                let found = student(confidence, freedom);
                assert!(
                    (found - expected).abs() < 0.0006,
                    "{confidence} with {freedom}: {found}, not {expected}"
                );
            }
        }
        // With very many it is the normal distribution.
        assert!((student(0.95, 1_000_000) - 1.959_966).abs() < 1e-5);
    }

    fn at_95() -> Student {
        Student::new(0.95, 5)
    }

    /// Closed forms: with one degree of freedom the distribution is Cauchy's, with two it is
    /// algebraic.
    #[test]
    fn quantiles_are_those_of_closed_forms() {
        for confidence in [0.5, 0.8, 0.95, 0.999] {
            let cauchy = libm::tan(std::f64::consts::FRAC_PI_2 * confidence);
            let found = student(confidence, 1);
            assert!((found / cauchy - 1.0).abs() < 1e-9, "{found}, not {cauchy}");
            let two = confidence * libm::sqrt(2.0 / (1.0 - confidence * confidence));
            let found = student(confidence, 2);
            assert!((found / two - 1.0).abs() < 1e-9, "{found}, not {two}");
        }
    }

    #[test]
    fn an_estimate_is_the_textbooks() {
        let values = [2, 4, 4, 4, 5, 5, 7, 9].map(|value| value * 1_000_000_000);
        let estimate = Estimate::of(&values, &at_95()).unwrap();
        assert!((estimate.mean - 5.0).abs() < 1e-12);
        let deviation = libm::sqrt(32.0 / 7.0);
        assert!((estimate.deviation.unwrap() - deviation).abs() < 1e-12);
        let half = 2.364_624 * deviation / libm::sqrt(8.0);
        assert!((estimate.half_width.unwrap() - half).abs() < 1e-5);
        assert!((estimate.least - 2.0).abs() < 1e-12 && (estimate.most - 9.0).abs() < 1e-12);
        assert_eq!(Estimate::of(&[], &at_95()), None);
        assert_eq!(Estimate::of(&[7], &at_95()).unwrap().half_width, None);
        // Equal values leave no doubt, to the last digit.
        let same = Estimate::of(&[333_333_333; 7], &at_95()).unwrap();
        assert_eq!(same.interval(), Some((same.mean, same.mean)));
    }

    /// Waits in the queue of M/M/1 at utilisation 0.5 by Lindley's recursion: the mean of 2,000
    /// after a warm-up of 500, in billionths. The truth is 0.5 / (1 - 0.5) service times.
    fn mean_wait(rng: &mut impl Rng) -> i128 {
        let exponential = |rng: &mut dyn FnMut() -> u64, mean: f64| {
            let uniform = ((rng() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
            -mean * libm::log(uniform)
        };
        let mut next = || rng.next_u64();
        let (mut wait, mut sum) = (0.0f64, 0.0);
        for customer in 0..2_500 {
            let service = exponential(&mut next, 1.0);
            let interval = exponential(&mut next, 2.0);
            wait = (wait + service - interval).max(0.0);
            if customer >= 500 {
                sum += wait;
            }
        }
        (sum / 2_000.0 * 1e9) as i128
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        const TRIALS: u64 = 1_000;
        const TRUTH: f64 = 1.0;
        let student = Student::new(0.95, 40);
        let mut covered = [0u64; 3];
        for trial in 0..TRIALS {
            let mut rng = Streams::new(7, trial).stream("coverage");
            let waits: Vec<i128> = (0..40).map(|_| mean_wait(&mut rng)).collect();
            for (place, replications) in [10, 20, 40].into_iter().enumerate() {
                let estimate = Estimate::of(&waits[..replications], &student).unwrap();
                let (low, high) = estimate.interval().unwrap();
                covered[place] += u64::from((low..=high).contains(&TRUTH));
            }
        }
        for covered in covered {
            let share = covered as f64 / TRIALS as f64;
            assert!((0.93..=0.97).contains(&share), "{share}");
        }
    }
}
