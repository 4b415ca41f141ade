//! Measured cases of replication held against the simulator's components.
//!
//! A case is one line of JSON: what was configured, what was measured, and the bounds within
//! which a simulation must lie (docs/fidelity.md describes them). Each kind of case has a
//! function that sets the components up as configured and measures them as the server was
//! measured, with a seed of its own for each run. A kind that is not modelled counts as missed.

mod bounds;
mod lag;
mod loss;
mod resync;
mod silence;
mod stale;
mod wait;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kernel::draws::mix;
use crate::kernel::quantiles::Distribution;
use crate::kernel::streams::Streams;
use crate::store::replication::link::{Delay, Link};
use crate::units::{Span, Time};

use bounds::{Bound, Simulated, Statistic};

/// With how many seeds a case is simulated at least.
pub const SEEDS: u64 = 200;

/// Events of one run at most.
const MOST_EVENTS: f64 = 20e6;

/// One measured case.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Its name, unique in its file.
    pub id: String,
    /// Which of the kinds it is.
    pub kind: String,
    /// The server, such as `redis 7.0.15`.
    pub engine: String,
    config: Value,
    measured: BTreeMap<String, Statistic>,
    #[serde(default)]
    bounds: Vec<Bound>,
}

/// A case's bound, and whether it holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoundVerdict {
    /// The statistic.
    pub of: String,
    /// Which of its figures.
    pub at: String,
    /// What the server showed; of a curve, at its worst point.
    pub measured: Option<f64>,
    /// What we show there.
    pub simulated: Option<f64>,
    /// How far it may be off, or between what it must lie.
    pub bound: String,
    /// Whether it does.
    pub holds: bool,
}

/// A case, and whether all its bounds hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseVerdict {
    /// The case.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// The server.
    pub engine: String,
    /// Whether the kind is simulated.
    pub is_modelled: bool,
    /// Each bound; none if there are none, or if the kind is not modelled.
    pub bounds: Vec<BoundVerdict>,
    /// Whether all hold.
    pub holds: bool,
}

/// What a simulation made of a case: statistics by name.
type Statistics = BTreeMap<&'static str, Simulated>;

/// A simulation of one kind of case with that many seeds; none if what is configured is not
/// modelled.
type Simulation = fn(&Case, u64) -> Result<Option<Statistics>, String>;

/// The kinds that are modelled.
const KINDS: [(&str, Simulation); 11] = [
    ("replication-lag", lag::lag),
    ("replication-overload", lag::overload),
    ("stall", lag::lag),
    ("crash-loss", loss::crash_loss),
    ("partial-resync", resync::partial),
    ("full-resync", resync::full),
    ("output-buffer-limit", resync::output_buffer),
    ("replication-timeout", silence::timeout),
    ("silent-partition", silence::partition),
    ("wait", wait::wait),
    ("stale-read", stale::stale_read),
];

/// Whether cases of this kind can be simulated.
#[must_use]
pub fn is_modelled(kind: &str) -> bool {
    KINDS.iter().any(|(name, _)| *name == kind)
}

/// Reads a file of cases, one JSON object a line.
///
/// # Errors
/// What is wrong in which line.
pub fn parse(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let case: Case = serde_json::from_str(line)
            .map_err(|error| format!("line {}: this is not a case: {error}", number + 1))?;
        if cases.iter().any(|other| other.id == case.id) {
            let id = &case.id;
            return Err(format!("line {}: there are two cases `{id}`", number + 1));
        }
        cases.push(case);
    }
    Ok(cases)
}

impl Case {
    /// Simulates the case with seeds 1 to `seeds` and holds it against its bounds.
    ///
    /// # Errors
    /// If its configuration lacks what its kind needs.
    pub fn judge(&self, seeds: u64) -> Result<CaseVerdict, String> {
        let kind = KINDS.iter().find(|(name, _)| *name == self.kind);
        let mut is_modelled = kind.is_some();
        let mut verdicts = Vec::new();
        // Nothing depends on the simulation of a case without bounds.
        if let Some((_, simulate)) = kind
            && !self.bounds.is_empty()
        {
            let simulated =
                simulate(self, seeds).map_err(|error| format!("case `{}`: {error}", self.id))?;
            is_modelled = simulated.is_some();
            for bound in self.bounds.iter().filter(|_| is_modelled) {
                let ours = simulated
                    .as_ref()
                    .and_then(|all| all.get(bound.of.as_str()));
                verdicts.push(bound.judge(self.measured.get(&bound.of), ours));
            }
        }
        Ok(CaseVerdict {
            id: self.id.clone(),
            kind: self.kind.clone(),
            engine: self.engine.clone(),
            is_modelled,
            holds: is_modelled && verdicts.iter().all(|verdict| verdict.holds),
            bounds: verdicts,
        })
    }

    /// The server as results of runs name it: `redis-7.0.15`.
    #[must_use]
    pub fn engine_name(&self) -> String {
        self.engine.replace(' ', "-")
    }

    /// A setting that there must be.
    fn number(&self, key: &str) -> Result<f64, String> {
        let number = self.optional(key)?;
        number.ok_or_else(|| format!("config has no number `{key}`"))
    }

    /// A setting that may be absent or null.
    fn optional(&self, key: &str) -> Result<Option<f64>, String> {
        match self.config.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if number.is_finite() && (0.0..1e15).contains(&number) => {
                    Ok(Some(number))
                }
                _ => Err(format!(
                    "`{key}` in config must be a number from 0 to 10^15"
                )),
            },
        }
    }

    /// A rate of events a second that makes no more of them in so many seconds than can be
    /// simulated.
    fn rate(&self, key: &str, seconds: f64) -> Result<f64, String> {
        let rate = self.number(key)?;
        if rate * seconds > MOST_EVENTS {
            return Err(format!(
                "`{key}` makes {:.0} in {seconds} s; at most {MOST_EVENTS} can be simulated",
                rate * seconds
            ));
        }
        Ok(rate)
    }

    fn word(&self, key: &str) -> Result<&str, String> {
        let word = self.config.get(key).and_then(Value::as_str);
        word.ok_or_else(|| format!("config has no text `{key}`"))
    }

    /// A span of so many microseconds, with what the measurement's network adds to each hop.
    fn hop(&self, key: &str) -> Result<Span, String> {
        let overhead = self.optional("overhead_per_hop_us")?.unwrap_or(0.0);
        Ok(micros(self.number(key)? + overhead))
    }

    /// The link of a delay that stands in the setting `key`, with its jitter and bandwidth.
    fn link(&self, key: &str, seed: u64) -> Result<Link, String> {
        let delay = self.hop(key)?;
        let jitter = self.optional("jitter_sd_us")?.unwrap_or(0.0);
        let distribution = normal(delay, micros(jitter));
        let mut link = Link::new(Delay::new(&distribution), delay, mix(seed));
        // The emulated network had an MTU of 9000.
        link.segment = 8948;
        link.bits_per_second = self.optional("link_bits_per_s")?.map(|bits| bits as u64);
        Ok(link)
    }
}

/// Simulates with each seed, in parallel.
fn each_seed<R: Send>(
    seeds: u64,
    simulate: impl Fn(u64) -> Result<R, String> + Sync + Send,
) -> Result<Vec<R>, String> {
    (1..=seeds).into_par_iter().map(simulate).collect()
}

/// The random numbers of one seed of a case.
fn random(seed: u64, name: &str) -> ChaCha8Rng {
    Streams::new(seed, 0).stream(name)
}

fn micros(number: f64) -> Span {
    Span((number * 1000.0) as u64)
}

fn millis(number: f64) -> Span {
    Span((number * 1e6) as u64)
}

fn seconds(number: f64) -> Span {
    Span((number * 1e9) as u64)
}

/// The instant so many seconds after the start.
fn at(number: f64) -> Time {
    Time::ZERO + seconds(number)
}

/// 1024 values of equal probability from the standard normal distribution.
static NORMAL: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let value = |n: u32| normal_quantile((f64::from(n) + 0.5) / 1024.0);
    (0..1024).map(value).collect()
});

/// A normal delay, cut at 0.
fn normal(mean: Span, deviation: Span) -> Distribution<Span> {
    if deviation == Span::ZERO {
        return Distribution::Fixed(mean);
    }
    let value = |normal: &f64| {
        let delay = mean.0 as f64 + deviation.0 as f64 * normal;
        Span(delay.max(0.0) as u64)
    };
    Distribution::Empirical(NORMAL.iter().map(value).collect())
}

/// The standard normal quantile at `p`, by bisection.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if 0.5 * libm::erfc(-middle * std::f64::consts::FRAC_1_SQRT_2) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests;
