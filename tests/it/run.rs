//! `sessionsim run`, as people and scripts use it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::desk::{Desk, stderr};

const FILES: [&str; 8] = [
    "classes.csv",
    "cloudwatch.csv",
    "latency.csv",
    "losses.csv",
    "scenario.toml",
    "summary.json",
    "timeseries-classes.csv",
    "timeseries.csv",
];

#[test]
fn a_run_prints_a_summary_and_leaves_its_files() {
    let desk = Desk::new();
    let text = desk.succeed(&["run", "small.toml"]);
    let id = desk.read("output/small/latest");
    let id = id.trim_end();
    assert_eq!(desk.names("output/small"), [id, "latest"]);
    let folder = format!("output/small/{id}");
    assert_eq!(desk.names(&folder), FILES);
    assert!(text.ends_with(&format!("Files in {folder}\n")), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
    }
    assert!(!text.contains('\x1b'), "no colours into a pipe");
}

/// Names as long as they may be do not push figures out of their columns.
#[test]
fn long_names_of_workloads_leave_the_table_as_it_is() {
    let desk = Desk::new();
    let name = "w".repeat(64);
    let workload = format!(
        "[[workloads]]\nname = \"{name}\"\nkind = \"counters\"\nobjects = 10\nrate = \"1/s\"\nttl = \"1m\"\n"
    );
    let text = desk.read("small.toml") + "\n" + &workload;
    desk.write("long.toml", text);
    let text = desk.succeed(&["run", "long.toml"]);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
    }
    let mut lines = text.lines().skip_while(|line| !line.starts_with("Beside"));
    let (head, above, figures) = (lines.next(), lines.next(), lines.next());
    assert_eq!(above.unwrap().trim(), name);
    assert_eq!(head.unwrap().len(), figures.unwrap().chars().count());
}

/// Nobody's requests have no latencies: their table is left out.
#[test]
fn a_trace_that_is_over_before_measuring_begins_leaves_no_empty_table() {
    let desk = Desk::new();
    desk.write("over.csv", "t_ms,op,key,size,ttl_ms\n0,set,1,100,1000\n");
    desk.write(
        "over.toml",
        "duration = \"10m\"\nwarmup = \"1m\"\nplatform = \"self-managed\"\n\
         store.maxmemory = \"64MiB\"\ntraffic.trace = \"over.csv\"\n",
    );
    let text = desk.succeed(&["run", "over.toml"]);
    assert!(!text.contains("Latency  "), "{text}");
}

#[test]
fn equal_inputs_give_equal_bytes_and_other_inputs_other_folders() {
    let desk = Desk::new();
    desk.succeed(&["run", "small.toml", "--out", "one"]);
    desk.succeed(&["run", "small.toml", "--out", "two"]);
    for file in FILES {
        assert_eq!(
            desk.read(&format!("one/{file}")),
            desk.read(&format!("two/{file}")),
            "{file}"
        );
    }
    desk.succeed(&["run", "small.toml", "--out", "seed", "--seed", "4"]);
    desk.succeed(&[
        "run",
        "small.toml",
        "--out",
        "replicate",
        "--replicate",
        "1",
    ]);
    for other in ["seed", "replicate"] {
        for file in ["summary.json", "timeseries.csv", "latency.csv"] {
            let there = desk.read(&format!("{other}/{file}"));
            assert_ne!(desk.read(&format!("one/{file}")), there, "{other}: {file}");
        }
    }
    // The resolved scenario is a scenario, and the same one.
    desk.succeed(&["run", "seed/scenario.toml", "--out", "again"]);
    for file in FILES {
        assert_eq!(
            desk.read(&format!("seed/{file}")),
            desk.read(&format!("again/{file}"))
        );
    }
}

#[test]
fn an_earlier_result_is_replaced_as_a_whole() {
    let desk = Desk::new();
    desk.succeed(&["run", "small.toml", "--out", "result"]);
    let before = desk.read("result/summary.json");
    desk.succeed(&["run", "small.toml", "--out", "result", "--seed", "9"]);
    assert_ne!(before, desk.read("result/summary.json"));
    assert_eq!(desk.names("result"), FILES);
    // An empty folder, perhaps a mount, is as good.
    fs::create_dir(desk.path("empty")).unwrap();
    desk.succeed(&["run", "small.toml", "--out", "empty"]);
    assert_eq!(desk.names("empty"), FILES);
}

#[test]
fn json_on_stdout_is_the_summary() {
    let desk = Desk::new();
    let output = desk.run(&["run", "small.toml", "--format", "json", "--out", "result"]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        desk.read("result/summary.json")
    );
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "Files in result\n"
    );
    let text = desk.succeed(&["run", "small.toml", "--format", "json", "--quiet"]);
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(summary["schema_version"], 1);
    assert_eq!(summary["complete"], true);
    assert_eq!(summary["seed"], 3);
    // Both a count and a quantile are there, and what cannot apply is null.
    assert!(summary["metrics"]["requests"].is_u64());
    assert!(summary["metrics"]["latency.read.p99"].is_f64());
}

#[test]
fn a_scenario_comes_from_stdin_too() {
    let desk = Desk::new();
    let mut child = desk.command(&["run", "-", "-q"]);
    let mut child = child
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let scenario = desk.read("small.toml");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(scenario.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let from_file = desk.succeed(&["run", "small.toml"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), from_file);
}

#[test]
fn scenarios_extend_others_and_take_values_from_outside() {
    let desk = Desk::new();
    fs::create_dir(desk.path("sub")).unwrap();
    // The name of a file is relative to the one that names it.
    let larger = "extends = \"../small.toml\"\nname = \"larger\"\n[store]\nmaxmemory = \"9MiB\"\n";
    desk.write("sub/larger.toml", larger);
    desk.succeed(&["run", "sub/larger.toml", "--out", "extended"]);
    let sets = ["--set", "store.maxmemory=9MiB", "--set", "name=larger"];
    desk.succeed(&[&["run", "small.toml", "--out", "set"], &sets[..]].concat());
    for file in FILES {
        assert_eq!(
            desk.read(&format!("extended/{file}")),
            desk.read(&format!("set/{file}"))
        );
    }
    desk.write("sub/lost.toml", "extends = \"../smal.toml\"\n");
    insta::assert_snapshot!("extends_nothing", desk.fail(&["run", "sub/lost.toml"]));
    let unknown = ["run", "small.toml", "--set", "store.shard=5"];
    insta::assert_snapshot!("sets_an_unknown_key", desk.fail(&unknown));
    let nothing = ["run", "small.toml", "--set", "store.shards"];
    insta::assert_snapshot!("sets_no_value", desk.fail(&nothing));
}

#[test]
fn wrong_files_are_told_apart() {
    let desk = Desk::new();
    desk.write("latin.toml", b"name = \"a\"\ndescription = \"caf\xe9\"\n");
    fs::create_dir(desk.path("folder")).unwrap();
    desk.write("folder/inside.toml", "");
    desk.write(
        "wrong.toml",
        desk.read("small.toml").replace("stay", "stays"),
    );
    insta::assert_snapshot!("no_file", desk.fail(&["run", "nothing.toml"]));
    insta::assert_snapshot!("a_misspelt_file", desk.fail(&["run", "smal.toml"]));
    insta::assert_snapshot!("a_folder", desk.fail(&["run", "folder"]));
    insta::assert_snapshot!("not_text", desk.fail(&["run", "latin.toml"]));
    insta::assert_snapshot!("a_wrong_scenario", desk.fail(&["run", "wrong.toml"]));
    assert!(
        !desk.path("output").exists(),
        "nothing was run, so nothing is left"
    );
}

#[test]
fn wrong_usage_is_told() {
    let desk = Desk::new();
    insta::assert_snapshot!("no_command", desk.fail(&[]));
    insta::assert_snapshot!("an_unknown_command", desk.fail(&["rum", "small.toml"]));
    insta::assert_snapshot!("no_scenario", desk.fail(&["run"]));
    insta::assert_snapshot!(
        "an_unknown_format",
        desk.fail(&["run", "a", "--format", "xml"])
    );
    insta::assert_snapshot!("a_negative_seed", desk.fail(&["run", "a", "--seed=-1"]));
    insta::assert_snapshot!(
        "a_seed_beyond_TOML",
        desk.fail(&["run", "a", "--seed", "9223372036854775808"])
    );
}

#[test]
fn folders_that_cannot_take_a_result_are_refused_before_the_run() {
    let desk = Desk::new();
    // A run of this length would take hours.
    let long = desk
        .read("small.toml")
        .replace("duration = \"2h\"", "duration = \"300d\"");
    desk.write("long.toml", long);
    fs::create_dir(desk.path("home")).unwrap();
    desk.write("home/thesis.txt", "years of work");
    insta::assert_snapshot!(
        "a_foreign_folder",
        desk.fail(&["run", "long.toml", "--out", "home"])
    );
    let below_a_file = ["run", "long.toml", "--out", "home/thesis.txt/result"];
    insta::assert_snapshot!("below_a_file", desk.fail(&below_a_file));
    insta::assert_snapshot!(
        "a_file",
        desk.fail(&["run", "long.toml", "--out", "home/thesis.txt"])
    );
    assert_eq!(desk.names("home"), ["thesis.txt"]);
    assert_eq!(desk.read("home/thesis.txt"), "years of work");
}

#[test]
fn colours_are_there_when_asked_for() {
    let desk = Desk::new();
    let text = desk.succeed(&["run", "small.toml", "--color", "always"]);
    assert!(text.contains("\x1b[1m"));
    desk.write("wrong.toml", "seed = \"a\"");
    assert!(
        desk.fail(&["run", "wrong.toml", "--color", "always"])
            .contains('\x1b')
    );
    assert!(!desk.fail(&["run", "wrong.toml"]).contains('\x1b'));
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    let desk = Desk::new();
    let mut child = desk
        .command(&["run", "small.toml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let desk = Desk::new();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = desk
        .command(&["run", "small.toml"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).starts_with("error: cannot write to stdout"),
        "{}",
        stderr(&output)
    );
}

/// Two signals that ask to end: both leave a partial result and touch nothing else.
#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_a_partial_result() {
    for signal in ["-INT", "-TERM"] {
        let desk = Desk::new();
        let mut child = desk
            .command(&["run", "-", "--out", "result"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut scenario = desk.read("small.toml").replace("\"2h\"", "\"300d\"");
        // An expectation that fails does not hide the interrupt.
        scenario.insert_str(0, "expect = [\"requests == 0\"]\n");
        // More than fits into a pipe: once all is written, the program is there and reads, and it
        // listens for signals before it reads.
        scenario.push_str(&"# so long\n".repeat(20_000));
        stdin.write_all(scenario.as_bytes()).unwrap();
        drop(stdin);
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        assert_eq!(desk.names("."), ["result.partial", "small.toml"]);
        assert_eq!(desk.names("result.partial"), FILES);
        let summary: serde_json::Value =
            serde_json::from_str(&desk.read("result.partial/summary.json")).unwrap();
        assert_eq!(summary["complete"], false);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("interrupted"), "{text}");
    }
}
