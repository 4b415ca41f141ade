//! What three replicas of each node cost a run: `cargo bench --bench replicas [-- SESSIONS]`.
//!
//! GET, then EXPIRE: each request is a write of the stream. Machines are noisy, so the same users run
//! with and without replicas in one process, by turns of a few ten milliseconds, and what counts is the
//! median of the ratios. Memory is what the program holds when all sessions are there.
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark measures the wall clock"
)]
#![allow(clippy::print_stdout, reason = "its table")]

#[path = "support/allocations.rs"]
mod allocations;
#[allow(dead_code, reason = "another benchmark needs all of them")]
#[path = "support/cases.rs"]
mod cases;

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use sessionsim::metrics::recorder::Recorder;
use sessionsim::scenario::Scenario;
use sessionsim::units::Time;
use sessionsim::world;

use cases::Case;

/// Requests of a turn.
const TURN: u64 = 100_000;
const REPLICAS: u32 = 3;

fn main() {
    let sessions = std::env::args().find_map(|word| word.parse().ok());
    let sessions: u64 = sessions.unwrap_or(1_000_000);
    let thinks = (6_000_000 / sessions).max(2);
    let scenarios = [0, REPLICAS].map(|n| Case::GetExpire.with_replicas(sessions, thinks, n));
    let bytes = scenarios.each_ref().map(bytes_held);
    let turns = Turns::default();
    let [plain, replicated] = thread::scope(|scope| {
        let runs = [0, 1].map(|place| {
            let (turns, scenario) = (&turns, &scenarios[place]);
            scope.spawn(move || turns.run(place, scenario))
        });
        runs.map(|run| run.join().expect("a run ends"))
    });
    let pairs = plain.iter().zip(&replicated);
    let mut ratios: Vec<f64> = pairs.map(|(plain, with)| with / plain).collect();
    let of = |bytes: u64| bytes as f64 / sessions as f64;
    println!(
        "| sessions | ns a request | with {REPLICAS} replicas | ratio | bytes a session | with |"
    );
    println!("| --: | --: | --: | --: | --: | --: |");
    println!(
        "| {sessions} | {:.1} | {:.1} | {:.3} | {:.1} | {:.1} |",
        median(&mut plain.clone()),
        median(&mut replicated.clone()),
        median(&mut ratios),
        of(bytes[0]),
        of(bytes[1]),
    );
}

/// What a run holds when measuring begins.
fn bytes_held(scenario: &Scenario) -> u64 {
    let begin = Time::ZERO + scenario.warmup;
    let empty = allocations::live_bytes();
    let mut bytes = 0;
    let recorder = Recorder::new(scenario);
    world::simulate(scenario, 0, recorder, &mut |now, _| {
        bytes = allocations::live_bytes() - empty;
        now < begin
    });
    bytes
}

/// Whose turn it is, and who is still there.
struct Turns {
    state: Mutex<(usize, [bool; 2])>,
    changed: Condvar,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            state: Mutex::new((0, [true; 2])),
            changed: Condvar::new(),
        }
    }
}

impl Turns {
    /// Nanoseconds a request of a run, by turn.
    fn run(&self, place: usize, scenario: &Scenario) -> Vec<f64> {
        let begin = Time::ZERO + scenario.warmup;
        let mut nanos = Vec::new();
        let mut turn: Option<(Instant, u64)> = None;
        self.wait(place);
        let recorder = Recorder::new(scenario);
        world::simulate(scenario, 0, recorder, &mut |now, requests| {
            if now < begin {
                return true;
            }
            if let Some((started, first)) = turn {
                if requests - first < TURN {
                    return true;
                }
                nanos.push(started.elapsed().as_nanos() as f64 / (requests - first) as f64);
            }
            self.pass_on(place, true);
            self.wait(place);
            turn = Some((Instant::now(), requests));
            true
        });
        self.pass_on(place, false);
        nanos
    }

    fn wait(&self, place: usize) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_not_mine = |(turn, _): &mut (usize, [bool; 2])| *turn != place;
        drop(self.changed.wait_while(state, is_not_mine));
    }

    fn pass_on(&self, place: usize, stays: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1[place] = stays;
        if state.1[1 - place] {
            state.0 = 1 - place;
        }
        drop(state);
        self.changed.notify_all();
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
