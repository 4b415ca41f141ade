//! Carries out the runs of a sweep, on all cores, and hands back what they left in the order of
//! points and replicates.
//!
//! Points whose means must be known more precisely get more replicates in rounds. How many depends
//! on the point's own records alone: so results are the same on any number of cores, in any order,
//! and on any part of the points.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

use crate::metrics::catalogue::{Metric, catalogue};
use crate::scenario::sweep::{SweepSpec, Within};

use super::design::Design;
use super::interval::{Estimate, Student, billionths};
use super::records::{Outcome, Record};

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Number of the point.
    pub point: usize,
    /// Number of the replicate of that point.
    pub replicate: u64,
}

/// What runs left: for each point its replicates in order. Points that were left out have none.
pub type Outcomes = Vec<Vec<Outcome>>;

/// Carries out the runs of the points for which `mine` says so. `run` gives `None` when it was
/// interrupted, and then so does this, after the runs that are on their way.
pub fn carry_out(
    design: &Design,
    mine: &(dyn Fn(usize) -> bool + Sync),
    run: &(dyn Fn(Run) -> Option<Outcome> + Sync),
) -> Option<Outcomes> {
    let mut outcomes: Outcomes = vec![Vec::new(); design.points()];
    loop {
        let wanted: Vec<Run> = (0..design.points())
            .filter(|point| mine(*point))
            .flat_map(|point| {
                let from = outcomes[point].len() as u64;
                let more = more(&design.spec, &outcomes[point]);
                (from..from + more).map(move |replicate| Run { point, replicate })
            })
            .collect();
        if wanted.is_empty() {
            return Some(outcomes);
        }
        // One run is a unit of work: they are long, and unequal.
        let left: Vec<Option<Outcome>> = wanted
            .par_iter()
            .with_max_len(1)
            .map(|one| contained(*one, run))
            .collect();
        for (one, outcome) in wanted.iter().zip(left) {
            outcomes[one.point].push(outcome?);
        }
    }
}

/// A run that panics has failed; the others go on.
fn contained(one: Run, run: &(dyn Fn(Run) -> Option<Outcome> + Sync)) -> Option<Outcome> {
    catch_unwind(AssertUnwindSafe(|| run(one))).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        let text = text.unwrap_or("no message");
        Some(Outcome::Failed(format!("a bug in sessionsim: {text}")))
    })
}

/// How many replicates a point needs beyond those that it has.
fn more(spec: &SweepSpec, outcomes: &[Outcome]) -> u64 {
    let have = outcomes.len() as u64;
    if have < spec.replicates {
        return spec.replicates - have;
    }
    let records: Vec<&Record> = outcomes.iter().filter_map(Outcome::record).collect();
    let failed = records.len() < outcomes.len();
    if failed || have >= spec.max_replicates || is_precise(spec, &records) {
        return 0;
    }
    // A quarter more at a time: few rounds, and seldom many runs too many.
    (have / 4).max(1).min(spec.max_replicates - have)
}

/// Whether all means are known as precisely as the sweep asks for.
pub fn is_precise(spec: &SweepSpec, records: &[&Record]) -> bool {
    let catalogue = if spec.until.is_empty() {
        return true;
    } else {
        catalogue()
    };
    spec.until.iter().all(|precision| {
        let Some(estimate) = estimate(&catalogue, &precision.metric, records, spec) else {
            // What never has a value will not have one for being tried again.
            return true;
        };
        let Some(half) = estimate.half_width else {
            return false;
        };
        let allowed = match precision.within {
            Within::Absolute(bound) => crate::metrics::expect::billionths(bound) as f64 / 1e9,
            Within::OfMean(share) => share.fraction() * estimate.mean.abs(),
        };
        half <= allowed
    })
}

fn estimate(
    catalogue: &[Metric],
    name: &str,
    records: &[&Record],
    spec: &SweepSpec,
) -> Option<Estimate> {
    let place = catalogue.iter().position(|metric| metric.name == name)?;
    let values: Vec<i128> = records
        .iter()
        .filter_map(|record| record.values[place].map(billionths))
        .collect();
    Estimate::of(&values, &Student::new(spec.confidence.fraction(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::catalogue::Value;
    use crate::metrics::expect::JUDGE;
    use crate::scenario::Input;
    use crate::scenario::sweep::load_sweep;
    use crate::scenario::traffic::Unusable;

    const SWEEP: &str = r#"
duration = "2h"
warmup = "1h"
platform = "self-managed"
store.maxmemory = "64MiB"
[[users]]
concurrent = 20
session = { bytes = "2KB", ttl = "10m" }
[sweep]
replicates = 2
max_replicates = 9
until = ["hit_rate within 1%"]
[[sweep.axes]]
key = "store.shards"
values = [1, 2, 3, 4]
"#;

    fn on_design(check: impl FnOnce(&Design)) {
        let input = Input {
            name: "sweep.toml",
            text: SWEEP,
            sets: &[],
            base: &|_, _| Err("there are no other files here".to_owned()),
            trace: &|_, _, _| Err(Unusable::Unreadable(String::new())),
            judge: Some(JUDGE),
        };
        let sweep = load_sweep(&input).unwrap_or_else(|problems| panic!("{problems}"));
        check(&Design::new(&sweep, 1).unwrap_or_else(|problems| panic!("{problems}")));
    }

    /// A record of which all is empty but the hit rate, which goes up and down by `spread`.
    fn record(run: Run, spread: i64) -> Record {
        let catalogue = catalogue();
        let sign = if run.replicate.is_multiple_of(2) {
            1
        } else {
            -1
        };
        Record {
            id: format!("{}/{}", run.point, run.replicate),
            values: catalogue
                .iter()
                .map(|metric| {
                    (metric.name == "hit_rate")
                        .then_some(Value::Billionths(900_000_000 + sign * spread))
                })
                .collect(),
            expected: Vec::new(),
            halves: None,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn points_run_until_they_are_known() {
        on_design(|design| {
            // Half the width is t * s / sqrt(n): so much spread takes so many runs.
            let spreads = [0, 1_000_000, 10_000_000, 30_000_000];
            let outcomes = carry_out(design, &|_| true, &|run| {
                Some(Outcome::Done(record(run, spreads[run.point])))
            });
            let outcomes = outcomes.unwrap();
            let runs: Vec<usize> = outcomes.iter().map(Vec::len).collect();
            assert_eq!(runs, [2, 3, 7, 9]);
            // Which points are ours changes nothing about the others.
            let mine = carry_out(design, &|point| point != 1, &|run| {
                Some(Outcome::Done(record(run, spreads[run.point])))
            });
            let mine = mine.unwrap();
            assert!(mine[1].is_empty());
            assert_eq!((&mine[0], &mine[2..]), (&outcomes[0], &outcomes[2..]));
        });
    }

    #[test]
    fn a_run_that_panics_has_failed_and_the_others_go_on() {
        on_design(|design| {
            let outcomes = carry_out(design, &|_| true, &|run| {
                assert!(
                    (run.point, run.replicate) != (2, 1),
                    "replicate {} is cursed",
                    run.replicate
                );
                Some(Outcome::Done(record(run, 0)))
            });
            let outcomes = outcomes.unwrap();
            let failed = Outcome::Failed("a bug in sessionsim: replicate 1 is cursed".to_owned());
            assert_eq!(outcomes[2][1], failed);
            let done = outcomes
                .iter()
                .flatten()
                .filter(|one| one.record().is_some());
            assert_eq!(done.count(), 7);
        });
    }

    #[test]
    fn an_interrupted_sweep_has_no_outcome() {
        on_design(|design| {
            let outcomes = carry_out(design, &|_| true, &|run| {
                (run.point != 3).then(|| Outcome::Done(record(run, 0)))
            });
            assert_eq!(outcomes, None);
        });
    }
}
