//! A rate that changes with time, as a table of its integral.
//!
//! Events of a Poisson process whose rate is a constant times `f(t)` come when the integral of `f`
//! has passed as much as the process of the constant rate would have waited (Çinlar, "Introduction
//! to Stochastic Processes", 1975, section 4.7: time-rescaling). So a change of `f` from some
//! instant on changes no event before it, and draws none anew.
//!
//! Between two neighbouring points of the table the rate counts as constant; the table's points
//! lie where `f` jumps or bends, and close together where it is curved, so that the integral is
//! right at each of them. Looking up is done in integers.

use std::sync::Arc;

/// Nanoseconds before (negative) or after the start of a run, and the integral of the rate from
/// the start to there, in nanoseconds of the constant rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    at: i64,
    passed: i64,
}

/// The integral of a rate over time. Clones share one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    /// In order of time; empty if the rate is constant.
    points: Option<Arc<[Point]>>,
}

/// Nodes and weights of the Gauss-Legendre rule of order 5 on -1 to 1, which is exact for
/// polynomials up to degree 9 (Abramowitz & Stegun, table 25.4).
const NODES: [(f64, f64); 5] = [
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.906_179_845_938_664, 0.236_926_885_056_189_1),
    (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
];

impl Curve {
    /// The constant rate.
    #[must_use]
    pub const fn flat() -> Self {
        Self { points: None }
    }

    /// The integral of `factor`, a function of the seconds since the start that is smooth between
    /// neighbouring `edges` (nanoseconds since the start, in any order; 0 is added). `None` if it
    /// exceeds what the table can hold.
    #[must_use]
    pub fn new(mut edges: Vec<i64>, factor: impl Fn(f64) -> f64) -> Option<Self> {
        edges.push(0);
        edges.sort_unstable();
        edges.dedup();
        let mut points = Vec::with_capacity(edges.len());
        let mut passed = 0i64;
        let mut at_start = 0i64;
        points.push(Point {
            at: edges[0],
            passed,
        });
        for pair in edges.windows(2) {
            let (from, to) = (pair[0] as f64 / 1e9, pair[1] as f64 / 1e9);
            let (middle, half) = (f64::midpoint(from, to), (to - from) / 2.0);
            let mean = NODES
                .iter()
                .map(|(node, weight)| weight * factor(middle + half * node))
                .sum::<f64>()
                / 2.0;
            let area = libm::round(mean * (pair[1] - pair[0]) as f64);
            // Far below the largest number: clocks are counted from both sides of the start.
            if !(0.0..4e18).contains(&area) {
                return None;
            }
            passed = passed.checked_add(area as i64).filter(|p| *p < 1 << 62)?;
            if pair[1] == 0 {
                at_start = passed;
            }
            points.push(Point {
                at: pair[1],
                passed,
            });
        }
        for point in &mut points {
            point.passed -= at_start;
        }
        Some(Self {
            points: Some(points.into()),
        })
    }

    /// Whether the rate never changes.
    #[must_use]
    pub const fn is_flat(&self) -> bool {
        self.points.is_none()
    }

    fn points(&self) -> &[Point] {
        self.points.as_deref().unwrap_or_default()
    }

    /// How much has passed from the start to `at`; beyond the ends of the table as much as at
    /// them.
    #[must_use]
    pub fn passed(&self, at: i64) -> i64 {
        let after = self.points().partition_point(|point| point.at <= at);
        if self.is_flat() {
            return at;
        }
        if after == 0 || after == self.points().len() {
            return self.points()[after.saturating_sub(1)].passed;
        }
        let (a, b) = (self.points()[after - 1], self.points()[after]);
        let share = i128::from(at - a.at) * i128::from(b.passed - a.passed);
        a.passed + (share / i128::from(b.at - a.at)) as i64
    }

    /// The first instant at which more than `passed` has passed; `None` if that lies beyond the
    /// table. `near` is a place in the table to look first, and is moved along.
    #[must_use]
    pub fn when(&self, passed: i64, near: &mut usize) -> Option<i64> {
        if self.is_flat() {
            return Some(passed);
        }
        if self.points().get(*near).is_none_or(|p| p.passed > passed) {
            *near = 0;
        }
        // Mostly the same piece as before or the next one.
        let mut place = *near;
        while self.points().get(place + 1)?.passed <= passed {
            place += 1;
            if place > *near + 4 {
                place = self.points().partition_point(|p| p.passed <= passed);
                place = place.saturating_sub(1);
                self.points().get(place + 1)?;
            }
        }
        *near = place;
        let (a, b) = (self.points()[place], self.points()[place + 1]);
        if passed < a.passed {
            return None;
        }
        let share = i128::from(passed - a.passed) * i128::from(b.at - a.at);
        Some(a.at + (share / i128::from(b.passed - a.passed)) as i64)
    }

    /// The largest mean of the rate over `width` nanoseconds that end between the start and
    /// `end`, relative to the constant rate; over what has passed since the start where that is
    /// shorter.
    #[must_use]
    pub fn peak(&self, width: u64, end: i64) -> f64 {
        if self.is_flat() {
            return 1.0;
        }
        let width = (width.max(1) as f64).min(end.max(1) as f64) as i64;
        let ends = self.points().iter().flat_map(|p| [p.at, p.at + width]);
        let mean = |at: i64| (self.passed(at) - self.passed((at - width).max(0))) as f64;
        ends.filter(|at| (0..=end).contains(at))
            .chain([end])
            .map(|at| mean(at) / width as f64)
            .fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000_000;

    /// A jump, a ramp and a pause.
    fn example() -> Curve {
        let edges = [-10, 0, 10, 20, 30, 40].map(|s| s * SECOND).to_vec();
        Curve::new(edges, |t| match t {
            t if t < 0.0 => 2.0,
            t if t < 10.0 => 1.0,
            t if t < 20.0 => 1.0 + (t - 10.0) / 5.0,
            t if t < 30.0 => 0.0,
            _ => 4.0,
        })
        .unwrap()
    }

    #[test]
    fn the_integral_is_that_of_the_rate() {
        let curve = example();
        for (at, passed) in [
            (-10, -20),
            (-5, -10),
            (0, 0),
            (10, 10),
            (20, 30),
            (25, 30),
            (40, 70),
        ] {
            assert_eq!(curve.passed(at * SECOND), passed * SECOND, "{at}");
        }
        // While nothing passes nothing comes.
        let mut near = 0;
        assert_eq!(curve.when(30 * SECOND, &mut near), Some(30 * SECOND));
        assert_eq!(curve.when(70 * SECOND, &mut near), None);
        assert!((curve.peak(10 * SECOND as u64, 40 * SECOND) - 4.0).abs() < 1e-9);
        assert!((curve.peak(1 << 62, 40 * SECOND) - 70.0 / 40.0).abs() < 1e-9);
    }

    #[test]
    fn smooth_rates_are_integrated_exactly() {
        let edges: Vec<i64> = (0..=144).map(|n| n * 600 * SECOND).collect();
        let turn = core::f64::consts::TAU / 86_400.0;
        let curve = Curve::new(edges, |t| 1.0 + 0.8 * libm::sin(turn * t)).unwrap();
        for n in 0..=144 {
            let t = f64::from(n) * 600.0;
            let exact = t + 0.8 * (1.0 - libm::cos(turn * t)) / turn;
            let passed = curve.passed(i64::from(n) * 600 * SECOND) as f64 / 1e9;
            assert!((passed - exact).abs() < 1e-6, "{t}: {passed} {exact}");
        }
    }

    #[test]
    fn what_cannot_be_counted_is_none() {
        assert!(Curve::new(vec![0, 1 << 61], |_| 1e6).is_none());
        assert!(Curve::new(vec![0, 1 << 61], |_| f64::INFINITY).is_none());
    }

    proptest! {
        /// Looking up there and back again, from whatever place.
        #[test]
        fn when_is_the_inverse_of_passed(passed in -19 * SECOND..69 * SECOND, near in 0usize..9) {
            let curve = example();
            let at = curve.when(passed, &mut near.clone()).unwrap();
            prop_assert!((curve.passed(at) - passed).abs() <= 4);
        }
    }
}
