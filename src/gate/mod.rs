//! Gates for CI: what must hold of a result, and what a baseline says of it, as checks that passed,
//! failed or are left open.
//!
//! [`baseline`] reads an earlier result and [`regression`] holds one against it; the checks are
//! written as [`junit`], as [`annotations`] and as a summary in [`markdown`]. No file is opened here.

pub mod annotations;
pub mod baseline;
pub mod junit;
pub mod markdown;
pub mod regression;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::scenario::expect::Expectation;
use crate::sweep::analysis::Results;
use crate::sweep::text::{number, shown};

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Of what kind it is.
    pub kind: Kind,
    /// What must hold: `latency.p99 < 5ms`.
    pub what: String,
    /// At which point of a sweep: `ttl = 2h, nodes = 1`; empty if there is but one.
    pub at: String,
    /// What became of it.
    pub status: Status,
    /// In a sentence why.
    pub why: String,
    /// The line of the scenario that asks for it, from 1, if it is known.
    pub line: Option<usize>,
}

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A run of a sweep ended as it should.
    Run,
    /// An expectation of the scenario.
    Expectation,
    /// A metric is no worse than in the baseline.
    Baseline,
}

impl Kind {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Expectation => "expectation",
            Self::Baseline => "baseline",
        }
    }
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// What is known does not decide it.
    Open,
    /// Nobody asked for it here, or there is nothing to hold it against.
    Skipped,
}

impl Status {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Open => "inconclusive",
            Self::Skipped => "skipped",
        }
    }
}

/// The checks of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Name of the scenario.
    pub scenario: String,
    /// File of the scenario, as it was named.
    pub file: String,
    /// The checks.
    pub list: Vec<Check>,
}

impl Checks {
    /// Number of checks of a status.
    pub fn count(&self, status: Status) -> usize {
        let of_status = self.list.iter().filter(|check| check.status == status);
        of_status.count()
    }

    /// Whether a check of that kind has that status.
    pub fn has(&self, kind: Kind, status: Status) -> bool {
        let mut list = self.list.iter();
        list.any(|check| check.kind == kind && check.status == status)
    }
}

/// The expectations of a sweep, and its runs that failed, as checks. An expectation that the gate
/// of the sweep does not ask for at a point is skipped there if it fails. `line` says where the
/// scenario states one.
pub fn of_sweep(results: &Results<'_>, line: &dyn Fn(&Expectation) -> Option<usize>) -> Vec<Check> {
    let mut checks = Vec::new();
    for failed in results.failed() {
        checks.push(Check {
            kind: Kind::Run,
            what: format!("replicate {} ends", failed.replicate),
            at: results.plan.design.describe(failed.point),
            status: Status::Failed,
            why: failed.why.to_owned(),
            line: None,
        });
    }
    let judged: Vec<_> = (0..results.points())
        .map(|point| results.judged(point))
        .collect();
    for gated in results.gated() {
        let expectation = &results.plan.expectations[gated.expectation];
        let line = line(expectation);
        for (point, judged) in judged.iter().enumerate() {
            let judged = &judged[gated.expectation];
            let status = match judged.holds {
                _ if gated.fails_at.binary_search(&point).is_ok() => Status::Failed,
                true => Status::Passed,
                false => Status::Skipped,
            };
            let mut value = shown(judged.estimate, judged.unit);
            if let (true, Status::Failed, Some(estimate)) = (judged.holds, status, judged.estimate)
            {
                let of_runs =
                    [estimate.least, estimate.most].map(|value| number(value, judged.unit));
                let _ = write!(
                    value,
                    " on the mean, {} to {} in a run",
                    of_runs[0], of_runs[1]
                );
            }
            checks.push(Check {
                kind: Kind::Expectation,
                what: expectation.in_full(),
                at: results.plan.design.describe(point),
                status,
                why: because(&value, &expectation.why),
                line,
            });
        }
    }
    checks
}

/// What a value is, and why something else is expected of it.
pub fn because(value: &str, why: &str) -> String {
    if why.is_empty() {
        format!("it is {value}")
    } else {
        format!("it is {value}; expected because: {why}")
    }
}
