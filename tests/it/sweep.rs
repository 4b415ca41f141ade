//! `sessionsim sweep`, as people and schedulers use it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use proptest::test_runner::{RngAlgorithm, TestRng};
use rand::Rng as _;
use serde_json::Value;

use crate::desk::{Desk, stderr};

/// The results of a sweep.
pub(crate) const FILES: [&str; 5] = [
    "points.csv",
    "sensitivity.csv",
    "summary.csv",
    "sweep.json",
    "sweep.toml",
];

/// A desk with the tiny sweep on it.
pub(crate) fn desk() -> Desk {
    let desk = Desk::new();
    desk.fetch("tiny-sweep.toml");
    desk
}

/// The results in a folder, without what is kept beside them.
pub(crate) fn results(desk: &Desk, folder: &str) -> Vec<(&'static str, String)> {
    let names = desk.names(folder);
    assert_eq!(names[0], ".sessionsim-sweep");
    assert_eq!(names[1..], FILES);
    let read = |file| (file, desk.read(&format!("{folder}/{file}")));
    FILES.into_iter().map(read).collect()
}

/// Says which file differs, instead of printing all of them.
pub(crate) fn assert_same(desk: &Desk, one: &str, other: &str) {
    for ((file, one), (_, other)) in results(desk, one).iter().zip(&results(desk, other)) {
        assert!(one == other, "{file} differs");
    }
}

#[test]
fn a_sweep_says_what_its_axes_change() {
    let desk = desk();
    let text = desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "all"]);
    insta::assert_snapshot!("sweep", text);
    results(&desk, "all");

    // Every run is that of `run`, to the last digit.
    let mut table = csv::Reader::from_path(desk.path("all/points.csv")).unwrap();
    let head = table.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let cell = |row: &csv::StringRecord, name: &str| {
        let place = head.iter().position(|column| column == name).unwrap();
        row[place].to_owned()
    };
    assert!(rows.len() > 12 && rows.len() < 24, "{}", rows.len());
    let row = rows
        .iter()
        .find(|row| cell(row, "point_name") == "now" && cell(row, "replicate") == "1");
    let row = row.unwrap();
    desk.write(
        "alone.toml",
        "extends = \"tiny-sweep.toml\"\nname = \"tiny-sweep\"\n",
    );
    let ttl = "users.customers.session.ttl=30m";
    let arguments = ["--set", ttl, "--replicate", "1", "--out", "alone", "-q"];
    desk.succeed(&[&["run", "alone.toml"], &arguments[..]].concat());
    let summary: Value = serde_json::from_str(&desk.read("alone/summary.json")).unwrap();
    assert_eq!(cell(row, "id"), summary["id"].as_str().unwrap());
    let metrics = summary["metrics"].as_object().unwrap();
    assert!(metrics.len() > 50);
    for (name, value) in metrics {
        let found = cell(row, name);
        match value.as_f64() {
            None => assert_eq!(found, "", "{name}"),
            Some(value) => {
                let found: f64 = found.parse().unwrap();
                assert!((found - value).abs() <= 1e-9 * value.abs(), "{name}");
            }
        }
    }
}

#[test]
fn tables_hold_what_the_document_holds() {
    let desk = desk();
    let document = desk.succeed(&[
        "sweep",
        "tiny-sweep.toml",
        "--out",
        "all",
        "--format",
        "json",
        "--set",
        "sweep.random_numbers=independent",
    ]);
    assert_eq!(document, desk.read("all/sweep.json"));
    let document: Value = serde_json::from_str(&document).unwrap();
    let points = document["points"].as_array().unwrap();
    assert_eq!(points.len(), 6);
    let runs = desk.read("all/points.csv");
    let mut runs = csv::Reader::from_reader(runs.as_bytes());
    let head = runs.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|column| column == name).unwrap();
    let rows: Vec<csv::StringRecord> = runs.records().map(Result::unwrap).collect();
    // Points with random numbers of their own never share a replicate.
    let mut replicates: Vec<&str> = rows.iter().map(|row| &row[column("replicate")]).collect();
    replicates.sort_unstable();
    replicates.dedup();
    assert_eq!(replicates.len(), rows.len());

    let text = desk.read("all/summary.csv");
    let mut summary = csv::Reader::from_reader(text.as_bytes());
    let names = summary.headers().unwrap().clone();
    let place = |name: &str| names.iter().position(|column| column == name).unwrap();
    let mut seen = 0;
    for row in summary.records() {
        let row = row.unwrap();
        let point = &points[row[0].parse::<usize>().unwrap()];
        let metric = &row[place("metric")];
        let stated = &point["metrics"][metric];
        let mean = row[place("mean")].parse::<f64>().ok();
        match (mean, stated["mean"].as_f64()) {
            (Some(one), Some(other)) => assert!((one - other).abs() <= 1e-12 * one.abs()),
            (one, other) => assert_eq!(one, other, "{metric}"),
        }
        // The mean by another way: from the runs.
        let of_point = rows.iter().filter(|run| run[0] == row[0]);
        let values: Vec<f64> = of_point
            .filter_map(|run| run[column(metric)].parse().ok())
            .collect();
        if let Some(mean) = mean {
            let again = values.iter().sum::<f64>() / values.len() as f64;
            assert!(
                (again - mean).abs() <= 1e-9 * mean.abs().max(1.0),
                "{metric}"
            );
            seen += 1;
        }
        if row[0] == *"0" && mean.is_some() {
            assert_eq!(row[place("difference")], *"0", "{metric}: the reference");
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn threads_change_nothing() {
    let desk = desk();
    for threads in ["1", "2", "7"] {
        let folder = format!("with-{threads}");
        let arguments = ["--threads", threads, "--out", &folder, "-q"];
        desk.succeed(&[&["sweep", "tiny-sweep.toml"], &arguments[..]].concat());
    }
    assert_same(&desk, "with-1", "with-2");
    assert_same(&desk, "with-1", "with-7");
}

/// Whether it is the file of a finished run.
fn is_record(name: &str) -> bool {
    name != "sweep.json" && name.strip_suffix(".json").is_some()
}

/// Starts a sweep into `folder` and kills it after `patience`; whether it was still running.
fn killed(desk: &Desk, folder: &str, patience: Duration) -> bool {
    let mut child = desk
        .command(&[
            "sweep",
            "tiny-sweep.toml",
            "--out",
            folder,
            "--resume",
            "-q",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(patience);
    child.kill().unwrap();
    // Only who was killed has no exit code.
    child.wait().unwrap().code().is_none()
}

#[test]
fn killed_at_any_moment_a_sweep_goes_on_to_the_same_bytes() {
    const KILLS: u32 = 50;
    let desk = desk();
    #[allow(
        clippy::disallowed_methods,
        reason = "the moments are random; what comes out is not"
    )]
    let started = Instant::now();
    desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "whole", "-q"]);
    let whole = started.elapsed();
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let (mut kills, mut folders) = (0, 0);
    while kills < KILLS {
        let folder = format!("killed-{folders}");
        folders += 1;
        // Some are killed once, some again while they go on.
        for _ in 0..=rng.next_u32() % 4 {
            let moment = f64::from(rng.next_u32()) / f64::from(u32::MAX);
            kills += u32::from(killed(&desk, &folder, whole.mul_f64(moment)));
        }
        desk.succeed(&[
            "sweep",
            "tiny-sweep.toml",
            "--out",
            &folder,
            "--resume",
            "-q",
        ]);
        assert_same(&desk, "whole", &folder);
        let left = desk.names(&format!("{folder}/.sessionsim-sweep"));
        assert!(
            left.iter().all(|name| is_record(name)),
            "only finished runs are kept: {left:?}"
        );
        fs::remove_dir_all(desk.path(&folder)).unwrap();
    }
}

#[test]
fn what_is_unfinished_is_gone_on_with_only_when_asked() {
    let desk = desk();
    desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "all", "-q"]);
    let kept = "all/.sessionsim-sweep";
    let records: Vec<String> = desk.names(kept);
    // As if it had been killed: a run is missing, one is damaged, one was written by half.
    let (missing, damaged, half) = (&records[0], &records[1], &records[2]);
    fs::remove_file(desk.path(&format!("{kept}/{missing}"))).unwrap();
    let text = desk.read(&format!("{kept}/{damaged}"));
    desk.write(
        &format!("{kept}/{damaged}"),
        text.replacen("\"1", "\"2", 1).as_bytes(),
    );
    let text = desk.read(&format!("{kept}/{half}"));
    desk.write(&format!("{kept}/{half}"), &text.as_bytes()[..100]);
    desk.write(&format!("{kept}/unfinished"), "");
    let before = results(&desk, "all");
    let error = desk.fail(&["sweep", "tiny-sweep.toml", "--out", "all"]);
    insta::assert_snapshot!("sweep_unfinished", error);
    desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "all", "--resume", "-q"]);
    assert!(before == results(&desk, "all"));
    assert_eq!(desk.names(kept), records);

    // A folder with something else in it is left alone.
    fs::create_dir(desk.path("mine")).unwrap();
    desk.write("mine/thesis.txt", "years of work");
    let error = desk.fail(&["sweep", "tiny-sweep.toml", "--out", "mine"]);
    insta::assert_snapshot!("sweep_foreign_folder", error);
    assert_eq!(desk.names("mine"), ["thesis.txt"]);
}

/// A changed scenario shares the runs that it has in common with the one before.
#[test]
fn points_that_were_computed_are_reused() {
    let desk = desk();
    desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "all", "-q"]);
    let kept = "all/.sessionsim-sweep";
    let before = desk.names(kept);
    let more = [
        "--set",
        "sweep.axes.1.values=[1, 2, 3]",
        "--out",
        "all",
        "-q",
    ];
    desk.succeed(&[&["sweep", "tiny-sweep.toml"], &more[..]].concat());
    let after = desk.names(kept);
    assert!(before.iter().all(|record| after.contains(record)));
    assert!(after.len() > before.len());
    // None of the old ones was written anew.
    let age = |name: &String| {
        let path = desk.path(&format!("{kept}/{name}"));
        fs::metadata(path).unwrap().modified().unwrap()
    };
    let oldest_new = after.iter().filter(|name| !before.contains(name)).map(age);
    assert!(before.iter().map(age).max() < oldest_new.min());
}

/// A disk on which nothing but small files can be written, as `ulimit` makes it.
fn on_a_full_disk(desk: &Desk, blocks: u32, arguments: &str) -> (i32, String) {
    let program = assert_cmd::cargo::cargo_bin!("sessionsim");
    let script = format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec '{}' {arguments}",
        program.display()
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(desk.path("."))
        .output()
        .unwrap();
    (output.status.code().unwrap(), stderr(&output))
}

#[cfg(unix)]
#[test]
fn a_full_disk_costs_nothing_that_was_finished() {
    let desk = desk();
    desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "whole", "-q"]);
    let arguments = "sweep tiny-sweep.toml --out full --resume -q";
    // First only what is less than a kilobyte fits, then runs, but no results.
    let (code, error) = on_a_full_disk(&desk, 1, arguments);
    assert_eq!(code, 1, "{error}");
    let kept = "full/.sessionsim-sweep";
    assert!(!desk.names(kept).iter().any(|name| is_record(name)));
    let (code, error) = on_a_full_disk(&desk, 16, arguments);
    assert_eq!(code, 1);
    insta::assert_snapshot!("sweep_full_disk", error);
    assert_eq!(desk.names("full"), [".sessionsim-sweep"]);
    let runs = |folder: &str| {
        let names = desk.names(&format!("{folder}/.sessionsim-sweep"));
        let runs = names.into_iter().filter(|name| is_record(name));
        runs.collect::<Vec<String>>()
    };
    assert_eq!(runs("full"), runs("whole"), "every run is kept");
    desk.succeed(&[
        "sweep",
        "tiny-sweep.toml",
        "--out",
        "full",
        "--resume",
        "-q",
    ]);
    assert_same(&desk, "whole", "full");
}

#[test]
fn a_run_that_fails_is_recorded_and_the_others_go_on() {
    let desk = desk();
    desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "whole", "-q"]);
    // Where its file should go there is a folder.
    let kept = desk.names("whole/.sessionsim-sweep");
    let id = kept[3].strip_suffix(".json").unwrap().to_owned();
    let taken = desk.path(&format!("some/.sessionsim-sweep/{id}.json"));
    fs::create_dir_all(taken.join("full")).unwrap();
    let output = desk.run(&[
        "sweep",
        "tiny-sweep.toml",
        "--out",
        "some",
        "--format",
        "json",
    ]);
    assert_eq!(output.status.code(), Some(14), "{}", stderr(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["complete"], false);
    let failed = found["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1);
    let why = failed[0]["why"].as_str().unwrap();
    assert!(why.starts_with("cannot write"), "{why}");
    let point = failed[0]["point"].as_u64().unwrap();
    let points = found["points"].as_array().unwrap();
    let whole = points
        .iter()
        .filter(|point| point["metrics"]["requests"]["runs"].as_u64() >= Some(2));
    assert!(whole.count() >= 5);
    assert_eq!(points[point as usize]["meets"], false);
    // Out of the way, only the missing run is made.
    fs::remove_dir_all(&taken).unwrap();
    desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "some", "-q"]);
    assert_same(&desk, "whole", "some");
}

#[test]
fn a_dry_run_lists_points_and_cost_and_leaves_nothing() {
    let desk = desk();
    let text = desk.succeed(&["sweep", "tiny-sweep.toml", "--dry-run"]);
    insta::assert_snapshot!("sweep_dry_run", text);
    assert_eq!(desk.names("."), ["small.toml", "tiny-sweep.toml"]);
}

#[test]
fn sweeps_that_make_no_sense_are_refused_before_anything_runs() {
    let desk = desk();
    let axis = |number: u32, key: &str, values: &str| {
        format!("[[sweep.axes]]\nname = \"axis{number}\"\nkey = \"{key}\"\nvalues = {values}\n")
    };
    let many: Vec<String> = (1..=1000).map(|value| value.to_string()).collect();
    let many = format!("[{}]", many.join(","));
    let axes = [
        "store.shards",
        "seed",
        "users.0.concurrent",
        "users.1.session.key_overhead",
    ];
    let huge: String = (0..4)
        .map(|place| axis(place, axes[place as usize], &many))
        .collect();
    for (name, sweep) in [
        ("no_sweep", String::new()),
        ("huge", huge),
        (
            "no_such_key",
            axis(1, "store.shard", "[1, 2]") + &axis(2, "seed", "[1, 2]"),
        ),
        (
            "wrong_values",
            axis(1, "store.shards", "[1, 0, \"two\"]") + &axis(2, "seed", "[1, 2]"),
        ),
        (
            "changes_nothing",
            axis(1, "users.customers.session.ttl", "[\"60m\", \"1h\"]"),
        ),
        (
            "conflict",
            axis(1, "users.customers.session.ttl", "[\"10m\", \"1h\"]")
                + &axis(
                    2,
                    "users.0.session",
                    "[{ bytes = \"1KB\" }, { bytes = \"2KB\" }]",
                ),
        ),
        (
            "no_point_left",
            format!(
                "[sweep]\nconstraints = [\"axis1 > 5\"]\n{}",
                axis(1, "store.shards", "[1, 2]")
            ),
        ),
        (
            "sizes_and_times",
            format!(
                "[sweep]\nconstraints = [\"axis1 > 5MB\"]\n{}",
                axis(1, "users.customers.session.ttl", "[\"10m\", \"1h\"]")
            ),
        ),
    ] {
        desk.write("bad.toml", format!("extends = \"small.toml\"\n{sweep}"));
        let error = desk.fail(&["sweep", "bad.toml"]);
        insta::assert_snapshot!(format!("sweep_refuses_{name}"), error);
        assert_eq!(
            desk.names("."),
            ["bad.toml", "small.toml", "tiny-sweep.toml"]
        );
    }
}

/// Libraries are put under what the axes set, and a trace is read once.
#[test]
fn axes_reach_libraries_and_traces() {
    let desk = Desk::new();
    fs::create_dir(desk.path("base")).unwrap();
    desk.write(
        "base/day.csv",
        "t_ms,op,key,size,ttl_ms\n0,set,1,2000,60000\n60000,get,1,2000,\n90000,get,1,2000,\n",
    );
    desk.write(
        "base/shop.toml",
        "schema = 1\nname = \"shop\"\nduration = \"10m\"\nwarmup = \"0s\"\nwindow = \"1m\"\n\
         platform = \"self-managed\"\nstore.maxmemory = \"64MiB\"\ntraffic.trace = \"day.csv\"\n\
         [[users]]\nname = \"people\"\nconcurrent = 5\n[users.session]\n\
         library = \"express-connect-redis\"\n",
    );
    desk.write(
        "sweep.toml",
        "extends = \"base/shop.toml\"\n[[sweep.axes]]\nname = \"library\"\n\
         key = \"users.people.session.library\"\nvalues = [\"express-connect-redis\", \
         \"spring-session-redis\"]\n[[sweep.axes]]\nkey = \"seed\"\nvalues = [1, 2]\n",
    );
    desk.succeed(&["sweep", "sweep.toml", "--out", "all", "-q"]);
    let found: Value = serde_json::from_str(&desk.read("all/sweep.json")).unwrap();
    let commands: Vec<f64> = found["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["metrics"]["commands"]["mean"].as_f64().unwrap())
        .collect();
    // Spring sends four commands where connect-redis sends two.
    assert!(commands[2] > 1.3 * commands[0], "{commands:?}");
    // The text in the results stands alone beside the sweep's file.
    assert!(
        desk.read("all/sweep.toml")
            .contains("trace = \"base/day.csv\"")
    );
    fs::copy(desk.path("all/sweep.toml"), desk.path("again.toml")).unwrap();
    desk.succeed(&["sweep", "again.toml", "--out", "again", "-q"]);
    assert_same(&desk, "all", "again");
    // What is wrong with a library's scenario is told at the axis.
    let wrong = desk
        .read("sweep.toml")
        .replace("spring-session-redis", "sprang");
    desk.write("wrong.toml", wrong);
    let error = desk.fail(&["sweep", "wrong.toml"]);
    insta::assert_snapshot!("sweep_unknown_library", error);
}
