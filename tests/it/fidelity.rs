//! `sessionsim fidelity`: the node against measured servers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::desk::Desk;

/// Figures of the shipped runs that may lie outside their bounds, and why: the one server that
/// was measured is one draw of chance, and the median of our seeds is another.
const MISSED: [(&str, &str, &str); 9] = [
    // Expired keys go in sweeps whose moments depend on the hash seed. With any of our own seeds
    // in the server's place as many samples would be missed ("chance" in the table).
    ("R10", "redis-7.0.15-debian", "idle age, resident"),
    ("R10", "redis-7.0.15-debian", "samples, used_memory"),
    ("R10", "redis-7.0.15-debian", "samples, keys"),
    ("R10", "valkey-9.1.2", "samples, used_memory"),
    ("R10", "valkey-9.1.2", "samples, keys"),
    ("X01", "*", "samples, used_memory"),
    ("X01", "*", "samples, keys"),
    // Two standard deviations of our own seeds.
    ("R44", "redis-7.0.15-debian", "evicted keys"),
    ("R44", "redis-7.0.15-debian", "lost"),
];

fn shipped() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fidelity");
    folder.to_str().unwrap().to_owned()
}

/// The table of the README, as rows of cells.
fn table_of_the_readme() -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(path).unwrap();
    let table = text.split("| run | policy |").nth(1).unwrap_or_default();
    table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
}

/// All shipped runs, with the bounds and the number of seeds of the command.
#[test]
fn the_node_holds_against_the_shipped_runs() {
    let desk = Desk::new();
    let output = desk.run(&["fidelity", &shipped(), "--format", "json"]);
    assert_eq!(
        output.status.code(),
        Some(10),
        "R10, R44 and X01 are among them"
    );
    let comparison: Value = serde_json::from_slice(&output.stdout).unwrap();
    let results = comparison["results"].as_array().unwrap();
    let readme = table_of_the_readme();
    assert_eq!(readme.len(), results.len(), "README.md: one row a result");
    for (result, row) in results.iter().zip(readme) {
        let word = |key: &str| result[key].as_str().unwrap();
        let whose = [word("run"), word("policy"), word("engine"), word("clock")];
        assert_eq!(row[..4], whose, "README.md");
        for figure in result["figures"].as_array().unwrap() {
            let name = figure["figure"].as_str().unwrap();
            let expected = MISSED.iter().any(|&(run, engine, of)| {
                (run, of) == (word("run"), name) && [word("engine"), "*"].contains(&engine)
            });
            let holds = figure["holds"].as_bool().unwrap();
            assert!(holds || expected, "{whose:?}: {figure}");
            if name == "hit ratio" {
                // A new draw of the medians is no reason to write the table anew.
                let [old, new] = [
                    row[5].parse().unwrap(),
                    figure["simulated"].as_f64().unwrap(),
                ];
                let difference: f64 = new - old;
                assert!(
                    difference.abs() < 0.001,
                    "README.md is stale: {row:?}, now {new}"
                );
            }
        }
    }
    let memory = comparison["memory"].as_array().unwrap();
    assert_eq!(memory.len(), 238);
    for row in memory {
        assert_eq!(row["holds"], true, "{row}");
    }
    let cases = comparison["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 171);
    for case in cases {
        assert_eq!(case["holds"], true, "{case}");
    }
    let held = results.iter().filter(|result| result["holds"] == true);
    let held = held.count() + cases.len();
    let last = format!("{held} of {} hold\n", results.len() + cases.len());
    assert!(String::from_utf8(output.stderr).unwrap().ends_with(&last));
}

/// A run that was not measured but made up: what the model itself answers.
fn write_run(desk: &Desk, name: &str, engine: &str, change: impl FnOnce(&mut Value)) {
    fs::create_dir_all(desk.path(name)).unwrap();
    desk.write(
        &format!("{name}/config.json"),
        r#"{"policy": "noeviction", "parts": []}"#,
    );
    let trace = "t_ms,op,key,size,ttl_ms\n0,get,1,100,0\n5,get,1,100,0\n7,get,2,100,500\n";
    desk.write(&format!("{name}/trace.csv"), trace);
    let mut result = json!({
        "id": name, "engine": engine, "rep": 1, "clock": "real",
        "start_unix_ms": 1_800_000_000_000_u64, "t_end_ms": 1000,
        "client": {"get_hits": 1, "get_misses": 2, "miss_lost": 0, "miss_expired": 0,
                   "sets_err": 0},
        "final_info": {"evicted_keys": "0"},
        "final_keys": {"idle_ms_resident": [], "idle_ms_lost": []},
        "series": []
    });
    change(&mut result);
    desk.write(&format!("{name}/result.json"), result.to_string());
}

#[test]
fn a_run_of_ones_own_server_is_compared() {
    let desk = Desk::new();
    write_run(&desk, "runs/A1", "redis-7.0.3", |_| ());
    let text = desk.succeed(&["fidelity", "runs", "--quiet"]);
    insta::assert_snapshot!("one_run", text);
    assert_eq!(
        desk.succeed(&["fidelity", "runs/A1", "--quiet"]),
        text,
        "a folder of one run"
    );
    let markdown = desk.succeed(&["fidelity", "runs", "--quiet", "--format", "markdown"]);
    insta::assert_snapshot!("one_run_in_markdown", markdown);
    let summary = desk.succeed(&["fidelity", "runs", "--quiet", "--summary"]);
    insta::assert_snapshot!("one_run_in_one_row", summary);
}

#[test]
fn what_is_missed_or_not_modelled_counts() {
    let desk = Desk::new();
    write_run(&desk, "runs/A1", "redis-7.0.3", |_| ());
    write_run(&desk, "runs/A2", "redis-7.0.3", |result| {
        result["client"]["get_hits"] = 3.into();
    });
    write_run(&desk, "runs/A3", "memcached-1.6.18", |result| {
        result["final_info"] = Value::Null;
    });
    insta::assert_snapshot!("one_missed_one_not_modelled", {
        desk.show(&["fidelity", "runs", "--quiet"])
    });
    let redis = desk.run(&["fidelity", "runs", "--quiet", "--engine", "redis-7.0"]);
    assert_eq!(redis.status.code(), Some(10));
    assert!(redis.stdout.ends_with(b"\n1 of 2 hold\n"));
    let memcached = [
        "fidelity",
        "runs",
        "--quiet",
        "--engine",
        "memcached-1.6.18",
    ];
    assert!(desk.run(&memcached).stdout.ends_with(b"\n0 of 1 hold\n"));
}

#[test]
fn results_are_the_same_on_any_number_of_threads() {
    let desk = Desk::new();
    let arguments = [
        "fidelity",
        &shipped(),
        "-q",
        "--engine",
        "valkey-9.1",
        "--seeds",
        "3",
    ];
    let run = |threads| {
        let mut command = desk.command(&arguments);
        command
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap()
            .stdout
    };
    assert_eq!(run("1"), run("3"));
}

/// Two kinds that are modelled, one of them without bounds, and one that is not.
const CASES: &str = r#"{"id": "resync.1", "kind": "full-resync", "engine": "redis 7.0.15", "runs": 1, "config": {"data_bytes": 209715200, "link_bits_per_s": null, "repl_diskless_sync": "yes", "repl_diskless_load": "disabled", "repl_diskless_sync_delay_s": 0}, "measured": {"seconds": {"n": 1, "p50": 1.24, "max": 1.25}}, "bounds": [{"of": "seconds", "at": "p50", "relative": 0.25, "absolute": 0.3}, {"of": "seconds", "at": "max", "between": [2, 3]}]}
{"id": "lag.1", "kind": "replication-lag", "engine": "valkey 8.0.1", "runs": 1, "config": {}, "measured": {}, "bounds": []}

{"id": "failover.1", "kind": "some-failover", "engine": "redis 7.0.15", "runs": 1, "config": {}, "measured": {}, "bounds": [{"of": "time", "at": "p50", "absolute": 1}]}
"#;

#[test]
fn cases_are_compared_beside_or_instead_of_runs() {
    let desk = Desk::new();
    fs::create_dir(desk.path("both")).unwrap();
    desk.write("both/cases.jsonl", CASES);
    insta::assert_snapshot!("cases", desk.show(&["fidelity", "both/cases.jsonl"]));
    let quiet = desk.show(&["fidelity", "both", "--quiet"]);
    assert!(quiet.contains("1 of 3 hold"), "{quiet}");
    write_run(&desk, "both/A1", "redis-7.0.3", |_| ());
    let both = desk.show(&["fidelity", "both", "--quiet"]);
    assert!(both.contains("2 of 4 hold"), "{both}");
    insta::assert_snapshot!(
        "cases_summary",
        desk.show(&[
            "fidelity",
            "both/cases.jsonl",
            "--summary",
            "--format",
            "markdown"
        ])
    );
    let valkey = ["fidelity", "both", "--engine", "valkey-8.0", "--quiet"];
    let valkey = desk.show(&valkey);
    assert!(valkey.contains("1 of 1 hold"), "{valkey}");
}

#[test]
fn wrong_cases_are_named() {
    let desk = Desk::new();
    let fail = |text: &str| {
        desk.write("cases.jsonl", text);
        desk.fail(&["fidelity", "cases.jsonl", "--quiet"])
    };
    insta::assert_snapshot!("no_cases", fail(""));
    insta::assert_snapshot!("no_case", fail("{\"id\": 5}\n"));
    let first = CASES.lines().next().unwrap();
    insta::assert_snapshot!("two_cases", fail(&format!("{first}\n{first}\n")));
    let without = first.replace("data_bytes", "dta_bytes");
    insta::assert_snapshot!("a_case_without_a_setting", fail(&without));
    let negative = first.replace("209715200", "-1");
    insta::assert_snapshot!("a_case_with_a_wrong_number", fail(&negative));
}

#[test]
fn wrong_folders_and_files_are_named() {
    let desk = Desk::new();
    let fail = |name: &str| desk.fail(&["fidelity", name, "--quiet"]);
    insta::assert_snapshot!("no_folder", fail("nowhere"));
    fs::create_dir(desk.path("empty")).unwrap();
    insta::assert_snapshot!("no_runs", fail("empty"));
    write_run(&desk, "runs/A1", "redis-7.0.3", |_| ());
    let engine = ["fidelity", "runs", "--engine", "redis-6.2"];
    insta::assert_snapshot!("no_such_engine", desk.fail(&engine));
    write_run(&desk, "result/A1", "redis-7.0.3", |result| {
        result["client"].as_object_mut().unwrap().remove("sets_err");
    });
    insta::assert_snapshot!("a_result_without_a_figure", fail("result"));
    write_run(&desk, "trace/A1", "redis-7.0.3", |_| ());
    desk.write(
        "trace/A1/trace.csv",
        "t_ms,op,key,size,ttl_ms\n0,get,1,100,0\n1,put,1,1,1\n",
    );
    insta::assert_snapshot!("a_bad_line", fail("trace"));
    fs::remove_file(desk.path("trace/A1/trace.csv")).unwrap();
    insta::assert_snapshot!("no_trace", fail("trace"));
    write_run(&desk, "config/A1", "redis-7.0.3", |_| ());
    desk.write("config/A1/config.json", "{\"policy\": \"allkeys-fifo\"}");
    insta::assert_snapshot!("an_unknown_policy", fail("config"));
    fs::remove_file(desk.path("config/A1/config.json")).unwrap();
    insta::assert_snapshot!("no_configuration", fail("config"));
    write_run(&desk, "memory/A1", "redis-7.0.3", |_| ());
    desk.write(
        "memory/memory-measured.json",
        "[{\"engine\": \"redis-7.0.3\"}]",
    );
    insta::assert_snapshot!("a_wrong_memory_row", fail("memory"));
}
