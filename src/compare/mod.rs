//! Two designs under the same users: what differs, and which visits fared differently.
//!
//! Users' intents depend on nothing but the seed and their class, so the difference between two
//! runs is the designs' alone. Two equal runs differ by exactly nothing.

pub mod json;
pub mod markdown;
pub mod text;
mod visits;
pub mod words;

use crate::metrics::catalogue::{Better, Metric, Value, catalogue};
use crate::metrics::expect::verdicts;
use crate::metrics::measurements::Measurements;
use crate::report::Outcome;
use crate::report::identity::Identity;
use crate::scenario::Scenario;

pub use visits::{Met, Visits, WhatHappened, Why};

/// One of the two.
#[derive(Debug)]
pub struct Side {
    /// What it is called.
    pub name: String,
    /// What was run.
    pub scenario: Scenario,
    /// Which run it is.
    pub identity: Identity,
    /// What it left.
    pub measurements: Measurements,
    /// What happened in visits.
    pub visits: Visits,
}

impl Side {
    /// For reports.
    pub fn outcome(&self) -> Outcome<'_> {
        Outcome {
            scenario: &self.scenario,
            identity: &self.identity,
            measurements: &self.measurements,
        }
    }
}

/// How the second one is to the first in a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Equal to the last digit.
    Same,
    /// Better.
    Better,
    /// Worse.
    Worse,
    /// Different, where neither way is better, or one of the two has no value.
    Different,
}

impl Verdict {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Different => "different",
        }
    }
}

/// A metric of both.
#[derive(Clone, Debug)]
pub struct Line {
    /// The metric.
    pub metric: Metric,
    /// Its values.
    pub values: [Option<Value>; 2],
    /// How the second one is to the first.
    pub verdict: Verdict,
}

impl Line {
    /// Second less first, in billionths, exactly.
    pub fn difference(&self) -> Option<i128> {
        let [first, second] = self.values;
        Some(billionths(second?) - billionths(first?))
    }

    /// The difference by the size of the first; `None` if that is nothing.
    pub fn relative(&self) -> Option<f64> {
        let first = billionths(self.values[0]?);
        let difference = self.difference()?;
        (first != 0).then(|| difference as f64 / first.unsigned_abs() as f64)
    }
}

/// An expectation of one or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What was expected.
    pub that: String,
    /// Whether it holds; `None` where nothing of the kind was expected.
    pub holds: [Option<bool>; 2],
}

/// What differs between two runs.
#[derive(Debug)]
pub struct Comparison {
    /// What they are called.
    pub names: [String; 2],
    /// Ids of their results.
    pub ids: [String; 2],
    /// Every metric.
    pub lines: Vec<Line>,
    /// Expectations, those of the first one first.
    pub expected: Vec<Expected>,
    /// What happened in the visits, in the first by the second; `None` if the users are others.
    pub visits: Option<WhatHappened>,
    /// What to know before relying on it.
    pub reservations: Vec<String>,
}

/// Compares two runs.
#[must_use]
pub fn compare(sides: [&Side; 2]) -> Comparison {
    let [first, second] = sides;
    let alike = same_users(&first.scenario, &second.scenario)
        && first.identity.replicate == second.identity.replicate;
    let mut reservations = Vec::new();
    if !alike {
        reservations.push(
            "The users are not the same: seed, replicate, duration or classes differ, so not every \
             difference is the design's, and visits cannot be paired."
                .to_owned(),
        );
    } else if first.scenario.warmup != second.scenario.warmup {
        reservations.push(
            "The warm-ups differ, so the measured parts do: set `warmup` alike in both.".to_owned(),
        );
    }
    if first.scenario.start != second.scenario.start {
        reservations.push(
            "The runs begin differently: set `start` and `history` alike in both.".to_owned(),
        );
    }
    for side in sides {
        for warning in crate::report::warnings::warnings(side.outcome()) {
            reservations.push(format!("{}: {warning}", side.name));
        }
    }
    let total = |side: &Side| {
        let counts = &side.measurements.counts;
        counts.visits_with_login + counts.visits_of_guests
    };
    Comparison {
        names: sides.map(|side| side.name.clone()),
        ids: sides.map(|side| side.identity.id.clone()),
        lines: lines(&first.measurements, &second.measurements),
        expected: expected(sides),
        visits: alike.then(|| {
            let all = total(first).max(total(second));
            WhatHappened::new(&first.visits, &second.visits, all)
        }),
        reservations,
    }
}

/// Whether users of both have the same intents.
fn same_users(first: &Scenario, second: &Scenario) -> bool {
    let intents = |scenario: &Scenario| {
        let mut classes = scenario.users.clone();
        for class in &mut classes {
            // What a session is to the store is the design's.
            class.session = scenario.users[0].session.clone();
        }
        classes
    };
    let classes = intents(first).into_iter().zip(intents(second));
    let alike = classes.into_iter().all(|(mut one, other)| {
        one.session = other.session.clone();
        one == other
    });
    alike
        && first.users.len() == second.users.len()
        && first.seed == second.seed
        && first.duration == second.duration
        && first.trace.as_ref().map(|trace| &trace.content.sha256)
            == second.trace.as_ref().map(|trace| &trace.content.sha256)
}

fn lines(first: &Measurements, second: &Measurements) -> Vec<Line> {
    let lines = catalogue().into_iter().map(|metric| {
        let values = [metric.value(first), metric.value(second)];
        Line {
            verdict: verdict(values, metric.better),
            values,
            metric,
        }
    });
    lines.collect()
}

fn verdict(values: [Option<Value>; 2], better: Better) -> Verdict {
    match values {
        [None, None] => Verdict::Same,
        [Some(first), Some(second)] => {
            let difference = billionths(second) - billionths(first);
            match (difference.signum(), better) {
                (0, _) => Verdict::Same,
                (_, Better::Neither) => Verdict::Different,
                (1, Better::Higher) | (-1, Better::Lower) => Verdict::Better,
                _ => Verdict::Worse,
            }
        }
        _ => Verdict::Different,
    }
}

fn billionths(value: Value) -> i128 {
    match value {
        Value::Whole(number) => i128::from(number) * 1_000_000_000,
        Value::Billionths(number) => number.into(),
    }
}

fn expected(sides: [&Side; 2]) -> Vec<Expected> {
    let mut all: Vec<Expected> = Vec::new();
    for (place, side) in sides.into_iter().enumerate() {
        for verdict in verdicts(&side.scenario, &side.measurements) {
            let that = verdict.expectation.in_full();
            let known = all.iter_mut().find(|expected| expected.that == that);
            if let Some(expected) = known {
                expected.holds[place] = Some(verdict.holds);
                continue;
            }
            let mut holds = [None, None];
            holds[place] = Some(verdict.holds);
            all.push(Expected { that, holds });
        }
    }
    all
}

impl Comparison {
    /// Whether the runs are equal in every metric and every visit.
    pub fn is_nothing(&self) -> bool {
        let same = |line: &Line| line.verdict == Verdict::Same;
        let visits = self.visits.as_ref();
        self.lines.iter().all(same) && visits.is_none_or(|visits| visits.differing() == 0)
    }

    /// How many metrics have that verdict.
    pub fn count(&self, verdict: Verdict) -> u64 {
        let lines = self.lines.iter();
        lines.filter(|line| line.verdict == verdict).count() as u64
    }

    /// The line of a metric.
    pub fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.metric.name == name)
    }
}

#[cfg(test)]
mod tests;
