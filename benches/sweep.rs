//! What a sweep costs beyond its points, and how well it uses two cores.
//!
//! `cargo bench --bench sweep`. 200 points that are alike but for their seeds. In each round the
//! points alone, one after the other in this process, then `sessionsim sweep` with one thread and
//! with two. Processor time is that of Linux's `/proc`. Where others use the cores too, the
//! efficiency says little: the load is printed. `benches/sweep_instructions` counts the machinery in
//! instructions instead, which no load changes; `write FILE` is for it.
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark measures the wall clock"
)]
#![allow(clippy::print_stdout, reason = "its table")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use sessionsim::measure::measure;
use sessionsim::scenario::Input;
use sessionsim::scenario::sweep::{LoadedPoint, load_sweep};
use sessionsim::sweep::plan::Plan;

const POINTS: usize = 200;
const ROUNDS: usize = 3;

/// A point of about 200,000 requests, which is little: a sweep of larger ones costs less beside them.
const SCENARIO: &str = r#"
name = "equal"
duration = "5h"
warmup = "1h"
platform = "self-managed"

[store]
engine = "valkey-8.1"
maxmemory = "64MiB"
maxmemory_policy = "volatile-lru"

[database]
on_lost_session = "login"

[[users]]
name = "people"
concurrent = 250
think_time = { exponential = "20s" }
stay = { exponential = "10m" }
return_share = "50%"
away = { uniform = ["10m", "2h"] }

[users.session]
key = "session:<id>"
bytes = "2KB"
ttl = "2h"
ttl_kind = "sliding"

[sweep]
replicates = 1

[[sweep.axes]]
key = "seed"
from = 1
to = 200
count = 200
"#;

/// Seconds of the wall clock, and of processors for this process and the children it waited for.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    processor: f64,
}

fn timed(work: impl FnOnce()) -> Cost {
    let (before, start) = (processor(), Instant::now());
    work();
    Cost {
        wall: start.elapsed().as_secs_f64(),
        processor: processor() - before,
    }
}

/// Of `/proc/self/stat` the times of this process and its children, in hundredths of a second.
fn processor() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind = text.rsplit(')').next().unwrap_or_default();
    let fields = behind.split_whitespace().skip(11).take(4);
    let ticks = fields.filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn alone(points: &[LoadedPoint]) {
    for point in points {
        let found = measure(&point.scenario, Box::new(|| None), 0, &mut |_, _| true);
        assert!(found.complete);
    }
}

fn sweep(folder: &Path, threads: &str) {
    let out = folder.join(threads);
    let _ = fs::remove_dir_all(&out);
    let output = Command::new(env!("CARGO_BIN_EXE_sessionsim"))
        .args([
            "sweep",
            "equal.toml",
            "--threads",
            threads,
            "--quiet",
            "--out",
        ])
        .arg(&out)
        .current_dir(folder)
        .output()
        .expect("sessionsim starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["write", file] => fs::write(file, SCENARIO).expect("a file that can be written"),
        _ => rounds(),
    }
}

/// The first points of the sweep.
fn points(count: usize) -> Vec<LoadedPoint> {
    let input = Input {
        name: "equal.toml",
        text: SCENARIO,
        sets: &[],
        base: &|_, _| Err("it stands alone".to_owned()),
        trace: &|_, _, _| unreachable!("it has users"),
        judge: None,
    };
    let swept = load_sweep(&input).expect("a valid sweep");
    let plan = Plan::new(&swept).expect("a valid sweep");
    (0..count).map(|point| plan.point(point)).collect()
}

fn rounds() {
    let folder = std::env::temp_dir().join(format!("sessionsim-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder");
    fs::write(folder.join("equal.toml"), SCENARIO).expect("a scenario");
    let points = points(POINTS);
    println!(
        "| round | points alone | one thread | machinery | two threads | efficiency | load |\n\
         | --: | --: | --: | --: | --: | --: | --: |"
    );
    let mut rounds = Vec::new();
    for round in 1..=ROUNDS {
        let bare = timed(|| alone(&points));
        let one = timed(|| sweep(&folder, "1"));
        let two = timed(|| sweep(&folder, "2"));
        let machinery = one.processor / bare.processor - 1.0;
        let efficiency = one.wall / two.wall / 2.0;
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        println!(
            "| {round} | {:.2} s | {:.2} s | {:.2} % | {:.2} s | {:.1} % | {} |",
            bare.processor,
            one.processor,
            machinery * 100.0,
            two.wall,
            efficiency * 100.0,
            load.split(' ').next().unwrap_or_default()
        );
        rounds.push((machinery, efficiency));
    }
    println!(
        "\nmachinery {:.2} % of the points' processor time, efficiency {:.1} % on two cores (medians)",
        median(rounds.iter().map(|round| round.0)) * 100.0,
        median(rounds.iter().map(|round| round.1)) * 100.0
    );
    let _ = fs::remove_dir_all(&folder);
}
