//! The canonical scenarios, measured: `cargo bench` prints the table.
//!
//! Machines are noisy, so the simulation and the floor (`support/floor.rs`) take turns of a few
//! milliseconds within one run, and what counts is the median of their ratios. The simulation is
//! the whole of what `sessionsim run` simulates, with every metric on.
//!
//! `cargo bench --bench canonical -- CASE SESSIONS` measures one line of the table, and
//! `-- count CASE SESSIONS THINKS` only simulates and prints the number of requests, for a
//! profiler that counts instructions (`benches/instructions`).
//!
//! Where a request's time goes, in instructions (get, 20,000 sessions):
//!
//! | what | about |
//! | --- | --- |
//! | the agenda: into the wheel, out of it into a bin, out of the bin; the command likewise | 320 |
//! | the user's intent: kind of request, think time | 50 |
//! | the request's record: begun, sent, ended | 240 |
//! | draws of hops, there and back | 100 |
//! | the node: queue, keyspace, clocks | 150 |
//! | facts and metrics | 100 |
//! | the three of a hundred that find their session gone | 60 |
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark measures the wall clock"
)]
#![allow(clippy::print_stdout, reason = "its table")]

#[path = "support/allocations.rs"]
mod allocations;
#[path = "support/cases.rs"]
mod cases;
#[path = "support/floor.rs"]
mod floor;

use std::time::Instant;

use sessionsim::metrics::catalogue::{Value, catalogue};
use sessionsim::metrics::recorder::Recorder;
use sessionsim::units::Time;
use sessionsim::world;

use cases::Case;
use floor::Floor;

/// Requests of a turn.
const TURN: u64 = 100_000;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["count", case, sessions, thinks] => count(named(case), number(sessions), number(thinks)),
        [case, sessions] => {
            print_head();
            measure(named(case), number(sessions));
        }
        _ => {
            print_head();
            for sessions in [100_000, 1_000_000, 10_000_000] {
                measure(Case::Get, sessions);
                measure(Case::GetExpire, sessions);
            }
            measure(Case::Evict, 1_000_000);
        }
    }
}

fn named(name: &str) -> Case {
    // Those of five classes are measured by a bench of their own.
    let mut cases = Case::ALL.into_iter().filter(|case| *case != Case::Classes);
    let case = cases.find(|case| case.name() == name);
    case.expect("a case: get, get-expire or evict")
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

fn count(case: Case, sessions: u64, thinks: u64) {
    let scenario = case.scenario(sessions, thinks);
    let simulated = world::simulate(&scenario, 0, Recorder::new(&scenario), &mut |_, _| true);
    println!("{}", simulated.requests);
}

fn print_head() {
    println!(
        "{:<11} {:>10} {:>11} {:>9} {:>9} {:>6} {:>13} {:>13}",
        "case", "sessions", "requests/s", "ns", "floor ns", "ratio", "bytes/session", "hit rate"
    );
}

fn measure(case: Case, sessions: u64) {
    // A few million requests, or one think time of a large population.
    let thinks = (4_000_000 / sessions).max(2);
    let scenario = case.scenario(sessions, thinks);
    let begin = Time::ZERO + scenario.warmup;
    let mut floor = Floor::new(sessions);
    floor.serve(3 * sessions);
    let empty = allocations::live_bytes();
    let mut bytes = 0;
    let mut turns = Turns::default();
    let mut turn: Option<(Instant, u64)> = None;
    let recorder = Recorder::new(&scenario);
    let simulated = world::simulate(&scenario, 0, recorder, &mut |now, requests| {
        if now < begin {
            return true;
        }
        match turn {
            Some((started, first)) if requests - first >= TURN => {
                turns.simulation.push(nanos_each(started, requests - first));
                let started = Instant::now();
                let served = floor.serve(TURN);
                turns.floor.push(nanos_each(started, served));
            }
            Some(_) => return true,
            None => bytes = allocations::live_bytes() - empty,
        }
        turn = Some((Instant::now(), requests));
        true
    });
    let hash = floor.hash();
    let measurements = simulated.probe.finish();
    let hits = catalogue()
        .iter()
        .find(|metric| metric.name == "session_hit_rate")
        .and_then(|metric| metric.value(&measurements));
    let ns = turns.median_simulation();
    println!(
        "{:<11} {:>10} {:>11.0} {:>9.1} {:>9.1} {:>6.2} {:>13.1} {:>13.4}  {hash:016x}",
        case.name(),
        sessions,
        1e9 / ns,
        ns,
        median(&turns.floor),
        turns.median_ratio(),
        bytes as f64 / sessions as f64,
        hits.map_or(f64::NAN, Value::number),
    );
}

fn nanos_each(started: Instant, requests: u64) -> f64 {
    started.elapsed().as_nanos() as f64 / requests as f64
}

/// Nanoseconds a request, by turn.
#[derive(Default)]
struct Turns {
    simulation: Vec<f64>,
    floor: Vec<f64>,
}

impl Turns {
    fn median_simulation(&self) -> f64 {
        median(&self.simulation)
    }

    fn median_ratio(&self) -> f64 {
        let ratios: Vec<f64> = self
            .simulation
            .iter()
            .zip(&self.floor)
            .map(|(a, b)| a / b)
            .collect();
        median(&ratios)
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
