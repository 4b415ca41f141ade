//! The node against measured servers.
//!
//! A measured run is a trace, the configuration it was run with, and what real servers made of it
//! ([`measured`] reads the files, `docs/fidelity.md` describes them). The same trace is replayed
//! through the simulated node with several seeds; [`figures`] holds the figures that are compared
//! and their bounds, in one place for the command and the tests. [`memory`] does the same for the
//! bytes of keys. No run is known by name: whoever measures a server of their own adds a folder.

pub mod cases;
pub mod engines;
pub mod figures;
pub mod measured;
pub mod memory;
pub mod table;

use crate::replay::{Replay, Replayed, Setup};
use crate::units::{Span, Time};

pub use engines::Model;
pub use figures::{Figure, Observed, Verdict};
pub use measured::{Config, Measured, Run};

/// Period of the samples of a run that does not say.
const SAMPLE_MILLIS: u64 = 1000;

/// Replays `run` as one of the servers `measured` had it, on the model of their engine, with
/// random numbers of its own for each `seed`. Repeats whose clocks began at different moments
/// are taken in turn.
///
/// # Errors
/// If the configuration asks for something that the node does not know.
///
/// # Panics
/// If the node's books do not balance, which is a bug.
pub fn observe(
    run: &Run,
    model: Model,
    measured: &[&Measured],
    seed: u64,
) -> Result<Observed, String> {
    let like = measured[seed as usize % measured.len()];
    let setup = setup(run, model, like, seed)?;
    let mut replay = Replay::new(&setup);
    replay.rows(&run.rows);
    let replayed = replay.finish();
    assert!(
        replayed.broken.is_none(),
        "{} with seed {seed}: {:?}",
        run.id,
        replayed.broken
    );
    Ok(Observed::new(&replayed, &like.series))
}

fn setup(run: &Run, model: Model, like: &Measured, seed: u64) -> Result<Setup, String> {
    let mut setup = run.config.setup()?;
    setup.store.engine = model.engine;
    setup.store.allocator = model.allocator;
    setup.start_unix_ms = like.start_unix_ms;
    setup.end = Time(like.end_ms * 1_000_000);
    let mut times = like.series.iter().map(|sample| sample.millis);
    let every = run.config.sample_ms.or_else(|| times.find(|&t| t > 0));
    setup.sample_every = Span::from_millis(every.unwrap_or(SAMPLE_MILLIS).max(1));
    setup.seed = seed;
    Ok(setup)
}

/// The middle of several values, or half-way between the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let below = values.len().checked_sub(1)? / 2;
    Some(f64::midpoint(values[below], values[values.len() / 2]))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

impl Observed {
    fn new(replayed: &Replayed, series: &[measured::Sample]) -> Self {
        let counts = &replayed.counts;
        let middle = |ages: &[Span]| {
            let age = ages.get(ages.len() / 2)?;
            Some(age.0 as f64 / 1e6)
        };
        let samples = series.iter().map(|sample| {
            // The server's samples lie at the same moments as ours; where one does not, the one
            // before it is the state that it saw.
            let behind = replayed
                .samples
                .partition_point(|ours| ours.at.millis() <= sample.millis);
            let ours = replayed.samples.get(behind.saturating_sub(1));
            ours.map_or([0.0; 2], |ours| [ours.used_memory as f64, ours.keys as f64])
        });
        Self {
            hit_ratio: counts.hit_ratio().unwrap_or(0.0),
            evicted: counts.evicted_keys as f64,
            lost: counts.miss_lost as f64,
            expired: counts.miss_expired as f64,
            refused: counts.sets_refused as f64,
            idle_resident: middle(&replayed.final_keys.idle_resident),
            idle_lost: middle(&replayed.final_keys.idle_lost),
            samples: samples.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
