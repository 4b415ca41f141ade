//! What can be said of the points of a sweep once they have run.

use crate::metrics::catalogue::{Metric, Unit, catalogue};
use crate::metrics::expect::{billionths as bound_billionths, unit_of};
use crate::scenario::expect::Expectation;

use super::interval::{Estimate, Student, billionths};
use super::plan::Plan;
use super::records::{Outcome, Record};
use super::runs::Outcomes;

/// A sweep whose points have run.
pub struct Results<'a> {
    /// The sweep.
    pub plan: &'a Plan<'a>,
    /// What the runs left, by point and replicate.
    pub outcomes: Outcomes,
    /// All metrics, in the order in which records have their values.
    pub catalogue: Vec<Metric>,
    student: Student,
}

/// A run that did not end as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed<'a> {
    /// Number of the point.
    pub point: usize,
    /// Number of the replicate.
    pub replicate: usize,
    /// Why.
    pub why: &'a str,
}

/// What became of an expectation at a point.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// What was expected.
    pub expectation: &'a Expectation,
    /// Unit of the metric.
    pub unit: Unit,
    /// Mean of the replicates; `None` without values.
    pub estimate: Option<Estimate>,
    /// Whether the mean is as expected.
    pub holds: bool,
    /// Whether each replicate is.
    pub always_holds: bool,
    /// Whether the interval of the mean holds the bound: more replicates could decide otherwise.
    pub is_close: bool,
}

/// How the hit rate of a point still moves after its warm-up.
#[derive(Clone, Copy, Debug)]
pub struct Drift {
    /// Number of the point.
    pub point: usize,
    /// Mean over the first half of the measured time.
    pub first: f64,
    /// Mean over the second half.
    pub second: f64,
}

/// A drift that is certain counts from here on, as a share of all requests with a session.
const DRIFT: f64 = 0.005;
/// A drift of a single run, whose chance nobody knows, counts from here on.
const DRIFT_OF_ONE: f64 = 0.02;

impl<'a> Results<'a> {
    /// The results of `plan`.
    pub fn new(plan: &'a Plan<'a>, outcomes: Outcomes) -> Self {
        let most = outcomes.iter().map(Vec::len).max().unwrap_or_default();
        Self {
            student: Student::new(plan.design.spec.confidence.fraction(), most),
            plan,
            outcomes,
            catalogue: catalogue(),
        }
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        self.outcomes.len()
    }

    /// Probability with which an interval covers the truth.
    pub fn confidence(&self) -> f64 {
        self.plan.design.spec.confidence.fraction()
    }

    /// The records of a point, in the order of replicates.
    pub fn records(&self, point: usize) -> impl Iterator<Item = &Record> {
        self.outcomes[point].iter().filter_map(Outcome::record)
    }

    /// Whether each run of a point ended as it should.
    pub fn is_whole(&self, point: usize) -> bool {
        let outcomes = &self.outcomes[point];
        !outcomes.is_empty() && outcomes.iter().all(|outcome| outcome.record().is_some())
    }

    /// All runs that did not.
    pub fn failed(&self) -> Vec<Failed<'_>> {
        let mut failed = Vec::new();
        for (point, outcomes) in self.outcomes.iter().enumerate() {
            for (replicate, outcome) in outcomes.iter().enumerate() {
                if let Outcome::Failed(why) = outcome {
                    failed.push(Failed {
                        point,
                        replicate,
                        why,
                    });
                }
            }
        }
        failed
    }

    /// The place of a metric in the catalogue.
    ///
    /// # Panics
    /// If there is none of that name, which the scenario was judged by.
    pub fn metric(&self, name: &str) -> usize {
        let place = self.catalogue.iter().position(|metric| metric.name == name);
        place.expect("a loaded sweep names metrics that there are")
    }

    fn values(&self, point: usize, metric: usize) -> Vec<i128> {
        self.records(point)
            .filter_map(|record| record.values[metric].map(billionths))
            .collect()
    }

    /// The mean of a metric at a point; `None` where it does not apply.
    pub fn estimate(&self, point: usize, metric: usize) -> Option<Estimate> {
        Estimate::of(&self.values(point, metric), &self.student)
    }

    /// How much more a metric is at a point than at another, from their replicates in pairs.
    pub fn difference(&self, point: usize, other: usize, metric: usize) -> Option<Estimate> {
        let pairs = self.outcomes[point].iter().zip(&self.outcomes[other]);
        let values: Vec<i128> = pairs
            .filter_map(|(one, other)| {
                let one = one.record()?.values[metric].map(billionths)?;
                Some(one - other.record()?.values[metric].map(billionths)?)
            })
            .collect();
        Estimate::of(&values, &self.student)
    }

    /// What became of the expectations at a point.
    pub fn judged(&self, point: usize) -> Vec<Judged<'_>> {
        let expectations = self.plan.expectations.iter().enumerate();
        expectations
            .map(|(number, expectation)| self.judge(point, number, expectation))
            .collect()
    }

    fn judge<'s>(
        &'s self,
        point: usize,
        number: usize,
        expectation: &'s Expectation,
    ) -> Judged<'s> {
        let value = |record: &Record| record.expected.get(number).copied().flatten();
        let values: Vec<i128> = self
            .records(point)
            .filter_map(|record| value(record).map(billionths))
            .collect();
        let estimate = Estimate::of(&values, &self.student);
        let bound = bound_billionths(expectation.bound);
        let as_expected =
            |value: i128, bound: i128| expectation.comparison.holds(value.cmp(&bound));
        let whole = self.is_whole(point) && values.len() == self.outcomes[point].len();
        let interval = estimate.and_then(|estimate| estimate.interval());
        Judged {
            expectation,
            unit: unit_of(expectation),
            estimate,
            // A mean without a value is as expected by nobody, and the sum is exact.
            holds: whole
                && estimate.is_some_and(|estimate| {
                    as_expected(estimate.sum, bound * i128::from(estimate.count))
                }),
            always_holds: whole && values.iter().all(|value| as_expected(*value, bound)),
            is_close: interval.is_some_and(|(low, high)| {
                let bound = bound as f64 / 1e9;
                low < bound && bound < high
            }),
        }
    }

    /// Whether all expectations hold at a point, on the mean of its replicates.
    pub fn meets(&self, point: usize) -> bool {
        self.is_whole(point) && self.judged(point).iter().all(|judged| judged.holds)
    }

    /// The points whose hit rate still moves after their warm-up: the first half of the measured
    /// time differs from the second by more than chance.
    pub fn drifting(&self) -> Vec<Drift> {
        (0..self.points())
            .filter_map(|point| self.drift(point))
            .collect()
    }

    fn drift(&self, point: usize) -> Option<Drift> {
        let halves: Vec<(i128, i128)> = self
            .records(point)
            .filter_map(|record| record.halves)
            .map(|(first, second)| (billionths(first), billionths(second)))
            .collect();
        let mean = |of: fn(&(i128, i128)) -> i128| {
            let values: Vec<i128> = halves.iter().map(of).collect();
            Estimate::of(&values, &self.student)
        };
        let change = mean(|(first, second)| second - first)?;
        let drifts = match change.interval() {
            None => change.mean.abs() > DRIFT_OF_ONE,
            Some((low, high)) => change.mean.abs() > DRIFT && (low > 0.0 || high < 0.0),
        };
        if !drifts {
            return None;
        }
        Some(Drift {
            point,
            first: mean(|(first, _)| *first)?.mean,
            second: mean(|(_, second)| *second)?.mean,
        })
    }
}
