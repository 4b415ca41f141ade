//! Lag of a replica: probes in the stream, from execution to execution.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::bounds::{Simulated, Summary};
use super::{Case, Statistics, at, each_seed, millis, random, seconds};
use crate::store::replication::log::Log;
use crate::store::replication::stream::Stream;
use crate::units::{Span, Time};

/// Bytes that a SET has in the stream beside its value, as measured.
const SET_BYTES: f64 = 78.0;
/// Bytes of a probe in the stream.
const PROBE_BYTES: u64 = 35;
/// Probes a second if the case does not say how many there were.
const PROBES: f64 = 200.0;

/// What is blocked now and then, and for how long.
#[derive(Clone, Copy)]
struct Blocks {
    is_replica: bool,
    length: Span,
    gap: Span,
}

struct Setup {
    writes_per_second: f64,
    is_poisson: bool,
    record: u64,
    probes_per_second: f64,
    length: Span,
    blocks: Option<Blocks>,
}

/// Lags of all probes of a run, in microseconds, with the second in which they were executed.
fn probe(case: &Case, setup: &Setup, seed: u64) -> Result<Vec<(f64, f64)>, String> {
    let mut random = random(seed, "fidelity/lag");
    let link = case.link("one_way_us", seed)?;
    let hop = case.hop("one_way_us")?;
    // All streams of the primary carry the same; the last one is measured.
    let replicas = case.optional("replicas")?.unwrap_or(1.0).clamp(1.0, 100.0) as u64;
    let stream = |number: u64| {
        let mut link = link.clone();
        link.draws = link.draws.wrapping_add(number);
        Stream::new(link, 0, 0, Time::ZERO)
    };
    let mut streams: Vec<Stream> = (0..replicas).map(stream).collect();
    let mut writes = Arrivals::new(setup.writes_per_second, setup.is_poisson, &mut random);
    let mut probes = Arrivals::new(setup.probes_per_second, false, &mut random);
    let mut next_block = setup.blocks.map(|blocks| uniform(&mut random, blocks.gap));
    let mut log: Log<bool> = Log::new();
    let mut lags = Vec::new();
    let mut blocked = Time::ZERO;
    loop {
        let is_probe = probes.next <= writes.next;
        let arrives = probes.next.min(writes.next);
        if arrives > Time::ZERO + setup.length {
            break;
        }
        if let (Some(blocks), Some(from)) = (setup.blocks, next_block)
            && from <= arrives
        {
            // The command that blocks travels, and its reply; then the gap begins.
            let travels = Span(2 * hop.0);
            next_block = Some(from + blocks.length + blocks.gap + travels);
            let until = from + blocks.length;
            if blocks.is_replica {
                settle(&mut streams, &log, from, &mut lags);
                for stream in &mut streams {
                    stream.stall(&log, from, until);
                }
            } else {
                blocked = until;
            }
            continue;
        }
        let arrivals = if is_probe { &mut probes } else { &mut writes };
        arrivals.advance(&mut random);
        // A blocked primary executes what came meanwhile when it goes on.
        let now = arrives.max(blocked);
        let bytes = if is_probe { PROBE_BYTES } else { setup.record };
        log.write(now, bytes, is_probe);
        settle(&mut streams, &log, now, &mut lags);
        let keep = streams.iter().map(Stream::next_to_apply).min();
        log.forget(keep.unwrap_or(0));
    }
    settle(&mut streams, &log, Time(u64::MAX / 2), &mut lags);
    Ok(lags)
}

fn settle(streams: &mut [Stream], log: &Log<bool>, now: Time, lags: &mut Vec<(f64, f64)>) {
    let last = streams.len() - 1;
    for (place, stream) in streams.iter_mut().enumerate() {
        stream.settle(log, now, |number, applied| {
            if let Some(record) = log.get(number)
                && record.what
                && place == last
            {
                lags.push((record.at.seconds(), applied.since(record.at).0 as f64 / 1e3));
            }
        });
    }
}

fn uniform(random: &mut ChaCha8Rng, below: Span) -> Time {
    let share: f64 = random.random();
    Time((below.0 as f64 * share) as u64)
}

/// Events at regular or random times.
pub(super) struct Arrivals {
    /// The next one.
    pub(super) next: Time,
    mean: f64,
    is_poisson: bool,
    /// Regular times are counted and not added up.
    count: f64,
    phase: f64,
}

impl Arrivals {
    pub(super) fn new(per_second: f64, is_poisson: bool, random: &mut ChaCha8Rng) -> Self {
        let mut arrivals = Self {
            next: Time::NEVER,
            mean: 1e9 / per_second,
            is_poisson,
            count: 0.0,
            phase: random.random(),
        };
        if per_second > 0.0 {
            arrivals.next = Time((arrivals.phase * arrivals.mean) as u64);
        }
        arrivals
    }

    pub(super) fn advance(&mut self, random: &mut ChaCha8Rng) {
        if self.is_poisson {
            let uniform: f64 = random.random();
            self.next += Span((-libm::log1p(-uniform) * self.mean) as u64);
        } else {
            self.count += 1.0;
            self.next = Time(((self.phase + self.count) * self.mean) as u64);
        }
    }
}

fn setup(case: &Case) -> Result<Setup, String> {
    let length = case.number("seconds")?;
    let probes = case
        .measured
        .get("lag_us")
        .map_or(0.0, |lag| lag.n / length);
    let blocks = match case.config.get("blocked") {
        None => None,
        Some(_) => Some(Blocks {
            is_replica: match case.word("blocked")? {
                "replica" => true,
                "primary" => false,
                other => {
                    return Err(format!(
                        "`blocked` is `{other}`, not `replica` or `primary`"
                    ));
                }
            },
            length: millis(case.number("block_ms")?.max(0.001)),
            gap: millis(case.number("block_gap_ms")?),
        }),
    };
    Ok(Setup {
        writes_per_second: case.rate("writes_per_s", length)?,
        is_poisson: case.word("arrivals")? == "poisson",
        record: (case.number("value_bytes")? + SET_BYTES) as u64,
        probes_per_second: if probes > 0.0 { probes } else { PROBES },
        length: seconds(length),
        blocks,
    })
}

/// `replication-lag` and `stall`.
pub(super) fn lag(case: &Case, seeds: u64) -> Result<Option<Statistics>, String> {
    // Nagle's algorithm and delayed acknowledgements are not modelled.
    if case.config.get("repl_disable_tcp_nodelay") == Some(&"yes".into()) {
        return Ok(None);
    }
    let setup = setup(case)?;
    let runs = each_seed(seeds, |seed| {
        let lags = probe(case, &setup, seed)?;
        Ok(Summary::new(lags.into_iter().map(|(_, lag)| lag).collect()))
    })?;
    let runs = runs.into_iter().flatten().collect();
    Ok(Some([("lag_us", Simulated::Runs(runs))].into()))
}

/// `replication-overload`: the slope of the probes' lag.
pub(super) fn overload(case: &Case, seeds: u64) -> Result<Option<Statistics>, String> {
    let mut setup = setup(case)?;
    let all = case.number("replication_bytes_per_s")?;
    let others = all - setup.writes_per_second * setup.record as f64;
    setup.probes_per_second = (others / PROBE_BYTES as f64).clamp(1.0, 1e4);
    let slopes = each_seed(seeds, |seed| {
        let lags = probe(case, &setup, seed)?;
        // Those executed and applied within the run, as an observer would have them.
        let end = at(setup.length.seconds()).seconds();
        let seen = lags.iter().filter(|(at, lag)| at + lag / 1e6 <= end);
        Ok(slope(seen.copied()))
    })?;
    Ok(Some(
        [("lag_growth_s_per_s", Simulated::Seeds(slopes))].into(),
    ))
}

/// Seconds of lag a second, by least squares.
fn slope(points: impl Iterator<Item = (f64, f64)>) -> f64 {
    let points: Vec<(f64, f64)> = points.map(|(x, lag)| (x, lag / 1e6)).collect();
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let both: f64 = points
        .iter()
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    let square: f64 = points
        .iter()
        .map(|(x, _)| (x - mean_x) * (x - mean_x))
        .sum();
    both / square
}
