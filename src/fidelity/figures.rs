//! What is compared, and how far it may be off.
//!
//! The median of our seeds is held against the mean of a server's repeats. Where there are three
//! repeats or more, a figure may also lie as far off as they lie apart.

use serde::Serialize;

use super::measured::{Measured, Sample};
use super::{mean, median};

/// Hit ratio, absolute.
const HIT_RATIO: f64 = 0.003;
/// Hit ratio of an LFU policy, absolute: its counters are random.
const HIT_RATIO_LFU: f64 = 0.005;
/// Evicted keys, of the server's.
const EVICTED: f64 = 0.02;
/// Lost and expired misses, of the server's, or this many.
const MISSES: f64 = 0.03;
const FEW_MISSES: f64 = 30.0;
/// Writes refused, of the server's.
const REFUSED: f64 = 0.02;
/// Median idle age, of the server's.
const IDLE_AGE: f64 = 0.05;
/// `used_memory` and number of keys of a sample, of the server's.
const USED_MEMORY: f64 = 0.01;
const KEYS: f64 = 0.02;
/// Share of the samples that may be off by more.
const SAMPLES_OFF: f64 = 0.05;
/// From as many repeats on their range is a measure of chance.
const REPEATS_WITH_RANGE: usize = 3;

/// What one replay of a run showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Share of reads that found their key.
    pub hit_ratio: f64,
    /// `evicted_keys`.
    pub evicted: f64,
    /// Misses of keys that should have been there.
    pub lost: f64,
    /// Misses of keys whose TTL had passed.
    pub expired: f64,
    /// Writes refused with OOM.
    pub refused: f64,
    /// Median idle age in milliseconds of the keys there at the end.
    pub idle_resident: Option<f64>,
    /// The same of those that should have been.
    pub idle_lost: Option<f64>,
    /// `used_memory` and keys at the moments of the server's samples.
    pub samples: Vec<[f64; 2]>,
}

/// In what a figure is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share from 0 to 1.
    Ratio,
    /// A number.
    Count,
    /// Milliseconds.
    Milliseconds,
}

/// A figure, measured and simulated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub figure: &'static str,
    /// In what it is counted.
    pub unit: Unit,
    /// The mean of the server's repeats.
    pub measured: f64,
    /// The median of our seeds, if there is one.
    pub simulated: Option<f64>,
    /// Ours less the server's.
    pub difference: Option<f64>,
    /// What chance alone makes of it, by our own seeds: their standard deviation; of samples, the
    /// difference that the middle one of our seeds would have in the server's place.
    pub chance: Option<f64>,
    /// Largest difference that holds.
    pub bound: f64,
    /// Whether it does.
    pub holds: bool,
}

/// The comparison of a run with one engine under one clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The run.
    pub run: String,
    /// The policy it ran with.
    pub policy: String,
    /// The server.
    pub engine: String,
    /// `virtual` or `real`.
    pub clock: String,
    /// How often the server ran it.
    pub repeats: usize,
    /// How often we did; 0 if the engine is not modelled.
    pub seeds: usize,
    /// Whether the engine is modelled and all figures hold.
    pub holds: bool,
    /// The figures; none if the engine is not modelled.
    pub figures: Vec<Figure>,
}

impl Verdict {
    /// Of an engine that is not modelled: counts as missed.
    #[must_use]
    pub fn not_modelled(
        run: &str,
        policy: &str,
        engine: &str,
        clock: &str,
        repeats: usize,
    ) -> Self {
        Self {
            run: run.to_owned(),
            policy: policy.to_owned(),
            engine: engine.to_owned(),
            clock: clock.to_owned(),
            repeats,
            seeds: 0,
            holds: false,
            figures: Vec::new(),
        }
    }

    /// Of a server's repeats and our replays, one for each seed; both must not be empty.
    #[must_use]
    pub fn new(run: &str, policy: &str, measured: &[&Measured], observed: &[Observed]) -> Self {
        let first = measured[0];
        let judge = Judge { measured, observed };
        let mut figures = judge.counts(policy);
        figures.extend(judge.idle_ages());
        if first.clock == "virtual" && !first.series.is_empty() {
            figures.extend(judge.samples());
        }
        Self {
            run: run.to_owned(),
            policy: policy.to_owned(),
            engine: first.engine.clone(),
            clock: first.clock.clone(),
            repeats: measured.len(),
            seeds: observed.len(),
            holds: figures.iter().all(|figure| figure.holds),
            figures,
        }
    }
}

/// The standard deviation of two values or more.
fn deviation(values: &[f64]) -> Option<f64> {
    let degrees = values.len().checked_sub(1).filter(|&n| n > 0)?;
    let middle = mean(values);
    let sum: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
    Some((sum / degrees as f64).sqrt())
}

#[derive(Clone, Copy)]
struct Judge<'a> {
    measured: &'a [&'a Measured],
    observed: &'a [Observed],
}

/// The bound, or the range of the repeats if that is larger and there are enough of them.
fn tolerance(bound: f64, repeats: &[f64]) -> f64 {
    if repeats.len() < REPEATS_WITH_RANGE {
        return bound;
    }
    let most = repeats.iter().copied().fold(f64::MIN, f64::max);
    let least = repeats.iter().copied().fold(f64::MAX, f64::min);
    bound.max(most - least)
}

impl Judge<'_> {
    fn figure(
        &self,
        figure: &'static str,
        unit: Unit,
        measured: impl Fn(&Measured) -> f64,
        observed: impl Fn(&Observed) -> Option<f64>,
        bound: impl Fn(f64) -> f64,
    ) -> Figure {
        let repeats: Vec<f64> = self.measured.iter().map(|&m| measured(m)).collect();
        let measured = mean(&repeats);
        let bound = tolerance(bound(measured), &repeats);
        let ours: Vec<f64> = self.observed.iter().filter_map(observed).collect();
        let chance = deviation(&ours);
        let simulated = median(ours);
        let difference = simulated.map(|simulated| simulated - measured);
        Figure {
            figure,
            unit,
            measured,
            simulated,
            difference,
            chance,
            bound,
            holds: difference.is_some_and(|difference| difference.abs() <= bound),
        }
    }

    fn counts(&self, policy: &str) -> Vec<Figure> {
        let hit_ratio = if policy.ends_with("-lfu") {
            HIT_RATIO_LFU
        } else {
            HIT_RATIO
        };
        let misses = |n: f64| (n * MISSES).max(FEW_MISSES);
        vec![
            self.figure(
                "hit ratio",
                Unit::Ratio,
                Measured::hit_ratio,
                |ours| Some(ours.hit_ratio),
                |_| hit_ratio,
            ),
            self.figure(
                "evicted keys",
                Unit::Count,
                |server| server.evicted as f64,
                |ours| Some(ours.evicted),
                |n| n * EVICTED,
            ),
            self.figure(
                "lost",
                Unit::Count,
                |server| server.lost as f64,
                |ours| Some(ours.lost),
                misses,
            ),
            self.figure(
                "expired misses",
                Unit::Count,
                |server| server.expired as f64,
                |ours| Some(ours.expired),
                misses,
            ),
            self.figure(
                "OOM errors",
                Unit::Count,
                |server| server.refused as f64,
                |ours| Some(ours.refused),
                |n| n * REFUSED,
            ),
        ]
    }

    /// Of those kinds of keys that every repeat had at its end.
    fn idle_ages(&self) -> Vec<Figure> {
        type Age = (
            &'static str,
            fn(&Measured) -> Option<f64>,
            fn(&Observed) -> Option<f64>,
        );
        let ages: [Age; 2] = [
            (
                "idle age, resident",
                |m| m.idle_resident,
                |o| o.idle_resident,
            ),
            ("idle age, lost", |m| m.idle_lost, |o| o.idle_lost),
        ];
        ages.into_iter()
            .filter(|(_, measured, _)| self.measured.iter().all(|&m| measured(m).is_some()))
            .map(|(name, measured, observed)| {
                let server = |m: &Measured| measured(m).unwrap_or_default();
                self.figure(name, Unit::Milliseconds, server, observed, |age| {
                    age * IDLE_AGE
                })
            })
            .collect()
    }

    /// Shares of the samples at which the median of our seeds is near enough to the server.
    fn samples(&self) -> Vec<Figure> {
        type Value = fn(&Sample) -> u64;
        let values: [(&'static str, Value, f64); 2] = [
            ("samples, used_memory", |s| s.used_memory, USED_MEMORY),
            ("samples, keys", |s| s.keys, KEYS),
        ];
        let shared = self.measured.iter().map(|m| m.series.len()).min();
        let count = shared.unwrap_or(0);
        values
            .into_iter()
            .enumerate()
            .map(|(place, (figure, value, bound))| {
                let ours = |at: usize| {
                    let ours = self.observed.iter().filter_map(move |o| o.samples.get(at));
                    ours.map(|sample| sample[place]).collect::<Vec<f64>>()
                };
                let medians: Vec<Option<f64>> = (0..count).map(|at| median(ours(at))).collect();
                let servers = |at: usize| {
                    let server = |m: &&Measured| value(&m.series[at]) as f64;
                    self.measured.iter().map(server).collect::<Vec<f64>>()
                };
                let near = share_near(&medians, bound, servers);
                let seed_in_place = |o: &Observed| {
                    1.0 - share_near(&medians, bound, |at| {
                        vec![o.samples.get(at).map_or(f64::INFINITY, |s| s[place])]
                    })
                };
                Figure {
                    figure,
                    unit: Unit::Ratio,
                    measured: 1.0,
                    simulated: Some(near),
                    difference: Some(near - 1.0),
                    chance: median(self.observed.iter().map(seed_in_place).collect()),
                    bound: SAMPLES_OFF,
                    holds: 1.0 - near <= SAMPLES_OFF + 1e-12,
                }
            })
            .collect()
    }
}

/// The share of the samples at which our median lies within `bound` of the servers' mean.
fn share_near(medians: &[Option<f64>], bound: f64, servers: impl Fn(usize) -> Vec<f64>) -> f64 {
    let near = medians.iter().enumerate().filter(|&(at, ours)| {
        let repeats = servers(at);
        let expected = mean(&repeats);
        let within = tolerance(expected * bound, &repeats);
        ours.is_some_and(|ours| (ours - expected).abs() <= within)
    });
    near.count() as f64 / medians.len().max(1) as f64
}
