//! Equal inputs give equal bytes, on any machine.
//!
//! `golden.txt` holds the SHA-256 of what a few small scenarios leave. A change of it is a change
//! of results: `SESSIONSIM_UPDATE_GOLDEN=1 cargo test --test it golden` writes it anew, and its
//! difference is reviewed like code, with an entry under "Changed results" in the changelog.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

const SCENARIOS: [&str; 4] = ["small", "carts", "refused", "beside"];
/// Shipped scenarios: their results are golden too, of those that take longer on a smaller scale.
const SHIPPED: [(&str, &[&str]); 13] = [
    (
        "@ecommerce-carts",
        &["--set=users.0.concurrent=70", "--set=users.1.concurrent=30"],
    ),
    ("@mixed-use", &[]),
    ("@database-only", &[]),
    ("@sticky-sessions", &[]),
    ("@no-ttl", &[]),
    (
        "@bots",
        &[
            "--set=users.1.arrival_rate=20/s",
            "--set=store.maxmemory=6MiB",
        ],
    ),
    ("@flash-sale", &[]),
    (
        "@game-tournament",
        &[
            "--set=users.0.concurrent=1000",
            "--set=workloads.0.members=60000",
            "--set=workloads.0.rate=30/s",
            "--set=store.maxmemory=28.5MiB",
        ],
    ),
    (
        "@saas-tenants",
        &[
            "--set=users.tenant.copies=100",
            "--set=users.tenant.arrival_rate=48/h",
            "--set=users.admins.concurrent=67",
            "--set=store.maxmemory=5MiB",
        ],
    ),
    (
        "@node-failure-no-replica",
        &["--set=users.customers.concurrent=400"],
    ),
    (
        "@replica-reads-stale",
        &[
            "--set=users.editors.concurrent=566",
            "--set=network.replication_bandwidth=1Mbps",
        ],
    ),
    (
        "@slow-link",
        &[
            "--set=users.members.concurrent=200",
            "--set=network.replication_bandwidth=3Mbps",
        ],
    ),
    ("@az-outage", &["--set=users.members.concurrent=600"]),
];
/// A shipped sweep, on a smaller scale.
const SWEEP: [&str; 5] = [
    "@ttl-and-nodes-sweep",
    "--set=users.people.concurrent=100",
    "--set=duration=3h",
    "--set=warmup=90m",
    "--set=sweep.replicates=2",
];
const FILES_OF_SWEEP: [&str; 4] = ["sweep.json", "points.csv", "summary.csv", "sensitivity.csv"];
const FILES: [&str; 3] = ["summary.json", "timeseries.csv", "latency.csv"];

/// The files that `sessionsim run` leaves of a scenario.
fn run(scenario: &str, arguments: &[&str]) -> [Vec<u8>; FILES.len()] {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(assert_cmd::cargo::cargo_bin!("sessionsim"))
        .args(["run", "--quiet", "--out"])
        .arg(folder.path().join("result"))
        .arg(match scenario.strip_prefix('@') {
            Some(_) => PathBuf::from(scenario),
            None => here().join(format!("scenarios/{scenario}.toml")),
        })
        .args(arguments)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&status.stderr);
    assert!(status.status.success(), "{scenario}: {complaint}");
    FILES.map(|file| fs::read(folder.path().join("result").join(file)).unwrap())
}

/// The files that `sessionsim sweep` leaves.
fn sweep(arguments: &[&str]) -> [Vec<u8>; FILES_OF_SWEEP.len()] {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("result");
    let status = Command::new(assert_cmd::cargo::cargo_bin!("sessionsim"))
        .args(["sweep", "--quiet", "--out"])
        .arg(&place)
        .args(arguments)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&status.stderr);
    assert!(status.status.success(), "{complaint}");
    FILES_OF_SWEEP.map(|file| fs::read(place.join(file)).unwrap())
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn hashes() -> String {
    let mut lines = String::new();
    let small = SCENARIOS.map(|scenario| (scenario, &[][..]));
    for (scenario, arguments) in small.into_iter().chain(SHIPPED) {
        for (file, bytes) in FILES.iter().zip(run(scenario, arguments)) {
            writeln!(lines, "{}  {scenario}/{file}", hash(&bytes)).unwrap();
        }
    }
    for (file, bytes) in FILES_OF_SWEEP.iter().zip(sweep(&SWEEP)) {
        writeln!(lines, "{}  {}/{file}", hash(&bytes), SWEEP[0]).unwrap();
    }
    lines
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says that results change, the simulator reads nothing"
)]
fn results_are_the_golden_ones() {
    let path = here().join("golden.txt");
    let found = hashes();
    assert_eq!(found, hashes(), "two runs of the same differ");
    if std::env::var_os("SESSIONSIM_UPDATE_GOLDEN").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert_eq!(
        golden, found,
        "results have changed: if that is meant, see the head of determinism.rs"
    );
}

#[test]
fn another_seed_or_replicate_changes_every_file() {
    for scenario in SCENARIOS {
        let base = run(scenario, &[]);
        let seed = run(scenario, &["--seed", "12345"]);
        let replicate = run(scenario, &["--replicate", "1"]);
        let both = run(scenario, &["--replicate", "1", "--seed", "12345"]);
        for (place, file) in FILES.iter().enumerate() {
            let four = [&base[place], &seed[place], &replicate[place], &both[place]];
            for (one, other) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
                assert_ne!(four[one], four[other], "{scenario}/{file}");
            }
        }
        // A replicate can be had again, too.
        assert_eq!(
            replicate,
            run(scenario, &["--replicate", "1"]),
            "{scenario}"
        );
    }
}

/// The golden scenarios are worth something only if much happens in them.
#[test]
fn golden_scenarios_see_every_fate() {
    let mut seen: Vec<(&str, u64)> = [
        "sessions_logged_out",
        "sessions_ended",
        "sessions_alive",
        "sessions_expired_in_use",
        "sessions_lost.evicted",
        "sessions_lost.refused",
        "sessions_lost.felt",
        "sessions_lost.unnoticed",
        "sessions_lost.restored",
        "forced_logins",
        "guest_resets",
        "db_refused",
        "oom_errors",
    ]
    .map(|name| (name, 0))
    .to_vec();
    for scenario in SCENARIOS {
        let [summary, ..] = run(scenario, &[]);
        let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
        for (name, count) in &mut seen {
            *count += summary["metrics"][*name].as_u64().unwrap_or(0);
        }
    }
    for (name, count) in seen {
        assert!(count >= 10, "{name}: {count}");
    }
}
