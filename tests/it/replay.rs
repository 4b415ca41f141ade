//! `sessionsim replay`: recorded traffic through a node.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Output;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::Value;

use crate::desk::Desk;

const HEADER: &str = "t_ms,op,key,size,ttl_ms\n";

/// Reads and renewals of a few hundred keys, some of them deleted.
fn trace(rows: u64) -> String {
    let mut text = HEADER.to_owned();
    for n in 0..rows {
        let (at, key) = (n * 3, n * n % 701 % 400);
        let (operation, size, ttl) = match n % 11 {
            0..8 => ("get", "900", "60000"),
            8 => ("set", "1200", "60000"),
            9 => ("touch", "", "60000"),
            _ => ("del", "", ""),
        };
        writeln!(text, "{at},{operation},{key},{size},{ttl}").unwrap();
    }
    text
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn json(output: &str) -> Value {
    serde_json::from_str(output).unwrap()
}

fn stdout(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const SMALL: [&str; 5] = [
    "--maxmemory",
    "1300KB",
    "--policy",
    "allkeys-lru",
    "--quiet",
];

#[test]
fn a_replay_prints_what_became_of_the_rows() {
    let desk = Desk::new();
    desk.write("trace.csv", trace(20_000));
    let text = desk.succeed(&[&["replay", "trace.csv"], &SMALL[..]].concat());
    insta::assert_snapshot!("summary", text);
    let all = [&["replay", "trace.csv", "--format", "json"], &SMALL[..]].concat();
    let output = desk.succeed(&all);
    insta::assert_snapshot!("json", output);
    let summary = json(&output);
    let number = |path: &str| summary.pointer(path).unwrap().as_u64().unwrap();
    let causes = ["cold", "expired", "deleted", "refused", "evicted"];
    let misses: u64 = causes.iter().map(|c| number(&format!("/misses/{c}"))).sum();
    assert_eq!(number("/reads"), number("/hits") + misses);
    assert_eq!(
        number("/writes/stored"),
        misses + 20_000 / 11,
        "a miss is stored"
    );
    assert!(number("/used_memory") <= 1_300_000 + 2_000);
    assert!(number("/misses/evicted") > 0 && number("/evicted_keys") > 0);
}

#[test]
fn plain_gzip_zstd_and_stdin_are_the_same_trace() {
    let desk = Desk::new();
    let text = trace(5_000);
    desk.write("plain.csv", &text);
    desk.write("gzip.csv", gzip(&text));
    desk.write(
        "zstd.csv",
        compress_to_vec(text.as_bytes(), CompressionLevel::Fastest),
    );
    let run = |file| {
        let output = desk.succeed(&["replay", file, "--format", "json", "--quiet"]);
        let mut summary = json(&output);
        summary["trace"]["name"] = Value::Null;
        summary
    };
    let plain = run("plain.csv");
    assert_eq!(plain["trace"]["rows"], 5_000);
    assert_eq!(run("gzip.csv"), plain);
    assert_eq!(run("zstd.csv"), plain);
    let arguments = ["replay", "-", "--format", "json", "--quiet"];
    let mut fed = json(&stdout(desk.feed(&arguments, &text)));
    assert_eq!(fed["trace"]["name"], "stdin");
    fed["trace"]["name"] = Value::Null;
    assert_eq!(fed, plain);
}

#[test]
fn the_speed_goes_to_stderr_alone() {
    let desk = Desk::new();
    desk.write("trace.csv", trace(100));
    let output = desk.run(&["replay", "trace.csv"]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.starts_with("100 rows in ") && stderr.ends_with(" M operations/s\n"));
    assert!(!stdout(output).contains("operations/s"));
}

#[test]
fn bad_lines_are_named_or_skipped_and_counted() {
    let desk = Desk::new();
    let bad = format!("{HEADER}0,get,1,100,0\n1,get,x,100,0\n2,get,1,100,0\nnonsense\n");
    desk.write("bad.csv", bad);
    insta::assert_snapshot!("a_bad_line", desk.fail(&["replay", "bad.csv"]));
    let skipping = ["replay", "bad.csv", "--skip-bad-lines", "--quiet"];
    let text = desk.succeed(&skipping);
    assert!(
        text.ends_with("lines skipped                                2  no rows\n"),
        "{text}"
    );
    let summary = json(&desk.succeed(&[&skipping[..], &["--format", "json"]].concat()));
    assert_eq!(summary["trace"]["rows"], 2);
    assert_eq!(summary["trace"]["skipped_lines"], 2);
    desk.write("other.csv", "name,price\napple,3\n");
    insta::assert_snapshot!("no_trace_at_all", desk.fail(&["replay", "other.csv"]));
    let nothing = ["replay", "other.csv", "--skip-bad-lines"];
    insta::assert_snapshot!("no_rows", desk.fail(&nothing));
}

#[test]
fn files_that_cannot_be_read_are_told_apart() {
    let desk = Desk::new();
    let whole = gzip(&trace(5_000));
    desk.write("cut.csv.gz", &whole[..whole.len() / 2]);
    let cut = desk.fail(&["replay", "cut.csv.gz"]);
    assert!(
        cut.starts_with("exit 3\nerror: `cut.csv.gz`, behind line "),
        "{cut}"
    );
    assert!(
        cut.ends_with(": its gzip data are cut off or damaged\n"),
        "{cut}"
    );
    insta::assert_snapshot!("no_file", desk.fail(&["replay", "nothing.csv"]));
    insta::assert_snapshot!("a_folder", desk.fail(&["replay", "."]));
    let engine = ["replay", "cut.csv.gz", "--engine", "memcached-1.6"];
    insta::assert_snapshot!("an_engine_not_modelled", desk.fail(&engine));
    let engine = ["replay", "cut.csv.gz", "--engine", "valkey-91"];
    insta::assert_snapshot!("an_unknown_engine", desk.fail(&engine));
    let memory = ["replay", "cut.csv.gz", "--maxmemory", "100mb"];
    insta::assert_snapshot!("memory_without_a_known_unit", desk.fail(&memory));
}

#[test]
fn a_node_is_configured_by_options_a_measured_run_or_a_scenario() {
    let desk = Desk::new();
    desk.write("trace.csv", trace(2_000));
    desk.write(
        "config.json",
        r#"{"policy": "volatile-lfu", "maxmemory": 1400000, "samples": 7, "key_len": 50,
            "encoding": "hash", "fields": 5, "hz": 20, "lfu_decay_time_min": 0, "parts": []}"#,
    );
    let store = |arguments: &[&str]| {
        let rest = ["replay", "trace.csv", "--format", "json", "--quiet"];
        json(&desk.succeed(&[&rest[..], arguments].concat()))["store"].clone()
    };
    let measured = store(&[
        "--config",
        "config.json",
        "--engine",
        "valkey-9.1",
        "--hz",
        "50",
    ]);
    assert_eq!(measured["engine"], "valkey-9.1");
    assert_eq!(measured["maxmemory_policy"], "volatile-lfu");
    assert_eq!(measured["hz"], 50, "an option goes before the file");
    assert_eq!(
        (&measured["fields"], &measured["key_length"]),
        (&5.into(), &50.into())
    );
    let scenario = store(&["--scenario", "small.toml", "--shards", "4"]);
    assert_eq!(
        (&scenario["shards"], &scenario["hz"]),
        (&4.into(), &10.into())
    );
    assert_ne!(scenario["maxmemory"], 0, "the scenario's");
    let both = ["--config", "config.json", "--scenario", "small.toml"];
    let both = desk.fail(&[&["replay", "trace.csv"], &both[..]].concat());
    assert!(both.starts_with("exit 2\n"), "{both}");
    desk.write("config.json", r#"{"policy": "lru"}"#);
    let wrong = ["replay", "trace.csv", "--config", "config.json"];
    insta::assert_snapshot!("a_wrong_configuration", desk.fail(&wrong));
}

#[test]
fn shards_share_what_one_node_would_hold() {
    let desk = Desk::new();
    desk.write("trace.csv", trace(20_000));
    let run = |shards| {
        let rest = [
            "replay",
            "trace.csv",
            "--format",
            "json",
            "--quiet",
            "--shards",
            shards,
        ];
        json(&desk.succeed(&rest))
    };
    let (one, three) = (run("1"), run("3"));
    assert_eq!(three["nodes"].as_array().unwrap().len(), 3);
    for figure in ["reads", "hits", "keys", "writes", "deletions"] {
        assert_eq!(one[figure], three[figure], "without a limit: {figure}");
    }
    assert_eq!(run("3"), three, "the same again");
}

/// Times may be those of a calendar: the years before the first row take no time.
#[test]
fn long_silences_are_passed_over() {
    let desk = Desk::new();
    let year = 365 * 86_400_000u64;
    let text = format!(
        "{},set,1,100,0\n{},get,1,100,0\n{},get,1,100,5000\n",
        50 * year,
        51 * year,
        90 * year
    );
    desk.write("years.csv", text);
    let summary = json(&desk.succeed(&["replay", "years.csv", "--format", "json", "--quiet"]));
    assert_eq!((&summary["hits"], &summary["keys"]), (&2.into(), &1.into()));
}
