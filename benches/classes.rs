//! Five classes of users with three kinds of keys beside a single class: what a request costs.
//!
//! `cargo bench --bench classes` prints nanoseconds a request of both, in turns, and their ratio.
//! `-- count CASE SESSIONS THINKS` only simulates and prints the number of requests, for
//! `benches/instructions`: of `classes` with the metrics of each class, as `sessionsim run` has them.
//! The single class is here a few percent dearer than in the canonical bench: what both kinds of runs
//! use is inlined in neither.
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark measures the wall clock"
)]
#![allow(clippy::print_stdout, reason = "its figures")]

#[path = "support/cases.rs"]
mod cases;

use std::time::Instant;

use sessionsim::metrics::owners::Owners;
use sessionsim::metrics::recorder::Recorder;
use sessionsim::probe::Both;
use sessionsim::scenario::Scenario;
use sessionsim::units::Time;
use sessionsim::world;

use cases::Case;

const SESSIONS: u64 = 1_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["count", case, sessions, thinks] = words[..] {
        let case = Case::ALL.into_iter().find(|known| known.name() == case);
        let case = case.expect("a case: get or classes");
        let scenario = case.scenario(number(sessions), number(thinks));
        println!("{}", simulate(&scenario, &mut |_, _| true));
        return;
    }
    for _ in 0..3 {
        let [one, five] = [Case::Get, Case::Classes].map(nanos_a_request);
        println!(
            "one class {one:.1} ns, five classes {five:.1} ns: {:.3}",
            five / one
        );
    }
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

/// Runs with the metrics of each class where there are several. Requests sent.
fn simulate(scenario: &Scenario, watch: &mut dyn FnMut(Time, u64) -> bool) -> u64 {
    let recorder = Recorder::new(scenario);
    match Owners::new(scenario) {
        None => world::simulate(scenario, 0, recorder, watch).requests,
        Some(owners) => world::simulate(scenario, 0, Both(recorder, owners), watch).requests,
    }
}

/// Of the measured part of a run, the warm-up left out.
fn nanos_a_request(case: Case) -> f64 {
    let scenario = case.scenario(SESSIONS, 4);
    let begin = Time::ZERO + scenario.warmup;
    let mut from = None;
    let requests = simulate(&scenario, &mut |now, requests| {
        if now >= begin && from.is_none() {
            from = Some((Instant::now(), requests));
        }
        true
    });
    let (since, before) = from.expect("a measured part");
    since.elapsed().as_nanos() as f64 / (requests - before) as f64
}
