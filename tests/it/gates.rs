//! Gates: baselines, `JUnit`, annotations and job summaries of `run`, `sweep`, `merge` and `compare`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::desk::{Desk, stderr};
use crate::{schemas, sweep};

fn code(desk: &Desk, arguments: &[&str]) -> (i32, String, String) {
    let output = desk.run(arguments);
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    (output.status.code().unwrap(), said, stderr(&output))
}

/// What a command said of the baseline.
fn against(said: &str) -> &str {
    &said[said.find("Against ").unwrap()..]
}

#[test]
fn an_unchanged_design_differs_by_exactly_zero() {
    let desk = sweep::desk();
    desk.succeed(&["run", "small.toml", "--out", "base", "-q"]);
    let run = [
        "run",
        "small.toml",
        "--out",
        "now",
        "--strict",
        "--baseline",
    ];
    for baseline in ["base", "base/summary.json"] {
        let (code, said, _) = code(
            &desk,
            &[&run[..], &[baseline, "--tolerance", "0%"]].concat(),
        );
        assert_eq!(code, 0);
        let said = against(&said);
        assert!(said.contains(": not regressed of 5 metrics"), "{said}");
        assert_eq!(
            said.matches("the difference exactly zero").count(),
            5,
            "{said}"
        );
    }
    desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "sweep-base", "-q"]);
    for baseline in ["sweep-base", "sweep-base/sweep.json"] {
        let arguments = ["--out", "sweep-now", "--strict", "--baseline", baseline];
        let said = desk.succeed(&[&["sweep", "tiny-sweep.toml"], &arguments[..]].concat());
        let said = against(&said);
        assert_eq!(
            said.matches("the difference exactly zero").count(),
            6,
            "{said}"
        );
    }
    let compare = ["compare", "small.toml", "small.toml", "--gate", "--strict"];
    let (code, _, said) = code(&desk, &[&compare[..], &["--replicates", "3"]].concat());
    assert_eq!(code, 0);
    assert_eq!(
        said.matches("the difference exactly zero").count(),
        5,
        "{said}"
    );
}

#[test]
fn a_worse_design_ends_with_11() {
    let desk = sweep::desk();
    desk.succeed(&["run", "small.toml", "--out", "base", "-q"]);
    let worse = [
        "--set",
        "store.maxmemory=2MiB",
        "--out",
        "now",
        "--baseline",
        "base",
    ];
    let (run, said, _) = code(&desk, &[&["run", "small.toml"], &worse[..]].concat());
    assert_eq!(run, 11);
    insta::assert_snapshot!("gate_run_regressed", against(&said));
    // The other way round it is better, which is no regression.
    desk.succeed(&[
        "run",
        "small.toml",
        "--out",
        "poor",
        "-q",
        "--set",
        "store.maxmemory=2MiB",
    ]);
    let better = [
        "--out",
        "now",
        "--watch",
        "sessions_lost",
        "--baseline",
        "poor",
    ];
    let said = desk.succeed(&[&["run", "small.toml"], &better[..]].concat());
    assert!(against(&said).contains("not regressed: "), "{said}");
    // Another seed has other users: one run of each decides nothing.
    let other = [
        "--seed",
        "5",
        "--watch",
        "sessions_lost",
        "--tolerance",
        "0%",
    ];
    let place = ["--out", "other", "--baseline", "base"];
    let (loose, said, _) = code(
        &desk,
        &[&["run", "small.toml"], &other[..], &place].concat(),
    );
    let (strict, _, _) = code(
        &desk,
        &[&["run", "small.toml", "--strict"], &other[..], &place].concat(),
    );
    let said = against(&said);
    assert!(said.contains("the seeds differ, so chance may"), "{said}");
    assert_eq!((loose, strict), (0, 12), "{said}");
    // Of pairs there is an interval, and the gate of compare uses it.
    let pairs = ["--set", "store.maxmemory=2MiB", "--replicates", "4"];
    let gate = [
        "--gate",
        "--watch",
        "sessions_lost",
        "--watch",
        "latency.p99",
    ];
    let compare = [&["compare", "small.toml", "small.toml"], &pairs[..], &gate].concat();
    let (compared, _, said) = code(&desk, &compare);
    assert_eq!(compared, 11);
    insta::assert_snapshot!("gate_compare_regressed", against(&said));
    // Without --gate it is a comparison like any other.
    let (plain, ..) = code(
        &desk,
        &[&["compare", "small.toml", "small.toml"], &pairs[..2]].concat(),
    );
    assert_eq!(plain, 0);
}

#[test]
fn a_failed_expectation_comes_before_a_regression() {
    let desk = sweep::desk();
    desk.succeed(&["run", "small.toml", "--out", "base", "-q"]);
    desk.write(
        "strict.toml",
        "extends = \"small.toml\"\nname = \"small\"\nexpect = [\n  \"hit_rate >= 10%\",\n  \
         { that = \"sessions_lost<=2\", why = \"SLO 3, 100% serious: no excuses\" },\n]\n\
         store.maxmemory = \"2MiB\"\n",
    );
    let arguments = [
        "run",
        "strict.toml",
        "--out",
        "now",
        "--baseline",
        "base",
        "--junit",
        "checks.xml",
        "--annotate",
        "--job-summary",
        "summary.md",
    ];
    let (code, _, told) = code(&desk, &arguments);
    assert_eq!(code, 10);
    insta::assert_snapshot!("gate_annotations", told);
    insta::assert_snapshot!("gate_job_summary", desk.read("summary.md"));
    insta::assert_snapshot!("gate_junit", desk.read("checks.xml"));
    schemas::junit(&desk.path("checks.xml")).unwrap();
}

#[test]
fn a_sweep_tells_ci_of_every_point() {
    let desk = sweep::desk();
    let text = desk.read("tiny-sweep.toml");
    // Twelve points, none of which is good enough.
    let text = text
        .replace("session_hit_rate >= 90%", "session_hit_rate >= 99.999%")
        .replace("count = 3", "count = 6")
        .replace("from = \"10m\"", "from = \"2m\"")
        .replace("to = \"30m\"", "to = \"12m\"")
        .replace("at = [\"ttl == 30m\"", "at = [\"ttl == 12m\"");
    desk.write("tiny-sweep.toml", text);
    let arguments = [
        "sweep",
        "tiny-sweep.toml",
        "--out",
        "all",
        "--junit",
        "checks.xml",
        "--annotate",
        "--job-summary",
        "summary.md",
        "-q",
    ];
    let (code, _, told) = code(&desk, &arguments);
    assert_eq!(code, 10);
    // A runner keeps ten annotations of a step: nine, and how many there are besides.
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 10, "{told}");
    for line in &lines[..9] {
        let begins = "::error file=tiny-sweep.toml,line=6,title=expectation does not hold::";
        assert!(line.starts_with(begins), "{line}");
    }
    assert!(lines[9].contains("::3 more checks failed"), "{told}");
    schemas::junit(&desk.path("checks.xml")).unwrap();
    let xml = desk.read("checks.xml");
    assert_eq!(xml.matches("<failure").count(), 12);
    assert_eq!(desk.read("summary.md").matches("\u{274c} |").count(), 12);
    // In parts it is for merge to tell.
    let part = [
        "sweep",
        "tiny-sweep.toml",
        "--partition",
        "slice:1/1",
        "--out",
        "part",
    ];
    let refused = desk.fail(&[&part[..], &["--annotate"]].concat());
    insta::assert_snapshot!("gate_of_a_part", refused);
    desk.succeed(&[&part[..], &["-q"]].concat());
    let output = desk.run(&[
        "merge",
        "part",
        "--out",
        "merged",
        "-q",
        "--junit",
        "merged.xml",
    ]);
    assert_eq!(output.status.code(), Some(10));
    assert_eq!(desk.read("merged.xml"), xml);
}

#[test]
fn a_sweep_against_a_baseline_has_intervals() {
    let desk = sweep::desk();
    let better = ["--set", "store.maxmemory=64MiB", "--set", "sweep.until=[]"];
    let more = ["--set", "sweep.replicates=4", "-q"];
    let base = [
        &["sweep", "tiny-sweep.toml", "--out", "base"],
        &better[..],
        &more,
    ]
    .concat();
    desk.succeed(&base);
    let arguments = [
        "sweep",
        "tiny-sweep.toml",
        "--out",
        "now",
        "--set",
        "sweep.until=[]",
        "--set",
        "sweep.replicates=4",
        "--baseline",
        "base",
        "--watch",
        "sessions_lost",
        "--junit",
        "checks.xml",
    ];
    let (code, said, _) = code(&desk, &arguments);
    assert_eq!(code, 11);
    let said = against(&said);
    assert!(said.contains("regressed in 1"), "{said}");
    assert!(said.contains("95% interval of 4 pairs of runs"), "{said}");
    assert!(
        said.contains("\u{2717} sessions_lost at ttl = 30m, shards = 1"),
        "{said}"
    );
    // A point that is new is held against nothing.
    let new = ["--set", "sweep.axes.1.values=[1, 2, 3]"];
    let output = desk.run(&[&arguments[..], &new].concat());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(against(&said).contains("the baseline has no such point"));
}

#[test]
fn a_baseline_that_is_none_is_refused_before_anything_runs() {
    let desk = Desk::new();
    desk.succeed(&["run", "small.toml", "--out", "base", "-q"]);
    let show = |name: &str, more: &[&str]| {
        let error = desk.fail(&[&["run", "small.toml", "--out", "now"], more].concat());
        insta::assert_snapshot!(format!("gate_refuses_{name}"), error);
        assert!(!desk.path("now").exists());
    };
    show("no_file", &["--baseline", "nowhere"]);
    show("another_file", &["--baseline", "small.toml"]);
    show("no_metric", &["--baseline", "base", "--watch", "hitrate"]);
    show(
        "no_direction",
        &["--baseline", "base", "--watch", "requests"],
    );
    // One of another version of the results leaves everything open that differs.
    let text = desk.read("base/summary.json");
    let value: Value = serde_json::from_str(&text).unwrap();
    let version = value["results_version"].as_u64().unwrap();
    fs::create_dir(desk.path("old")).unwrap();
    desk.write(
        "old/summary.json",
        text.replace(
            &format!("\"results_version\": {version}"),
            "\"results_version\": 0",
        ),
    );
    let worse = [
        "--set",
        "store.maxmemory=2MiB",
        "--out",
        "now",
        "--baseline",
        "old",
    ];
    let output = desk.run(&[&["run", "small.toml", "--strict"], &worse[..]].concat());
    assert_eq!(output.status.code(), Some(12));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("of another version of the results"), "{said}");
}

#[test]
fn a_class_is_judged_by_itself_at_every_point() {
    let desk = sweep::desk();
    let text = desk.read("tiny-sweep.toml").replace(
        "expect = [\"session_hit_rate >= 90%\"]",
        "expect = [\n  \"session_hit_rate >= 50%\",\n  \
         { that = \"session_hit_rate >= 50%\", class = \"guests\" },\n  \
         { that = \"sessions_created == 0\", class = \"customers\" },\n]",
    );
    desk.write("tiny-sweep.toml", text);
    let sweep = [
        "sweep",
        "tiny-sweep.toml",
        "--out",
        "all",
        "--annotate",
        "-q",
    ];
    let (code, _, told) = code(&desk, &sweep);
    assert_eq!(code, 10);
    // Of six points the customers' expectation fails at each, at its own line; the others hold.
    assert_eq!(told.lines().count(), 6, "{told}");
    for line in told.lines() {
        let begins = "::error file=tiny-sweep.toml,line=9,title=expectation does not hold::\
                      customers: sessions_created == 0 at ttl = ";
        assert!(line.starts_with(begins), "{line}");
    }
    // Each mean is that of the class in runs of the points, and no other's.
    let document: Value = serde_json::from_str(&desk.read("all/sweep.json")).unwrap();
    let mut of_all = csv::Reader::from_path(desk.path("all/points.csv")).unwrap();
    let head = of_all.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|column| column == name).unwrap();
    let (point, created) = (column("point"), column("sessions_created"));
    let rows: Vec<csv::StringRecord> = of_all.records().map(Result::unwrap).collect();
    let mut apart = 0;
    for number in 0..6 {
        let judged = &document["points"][number]["expectations"];
        assert_eq!(judged[1]["that"], "guests: session_hit_rate >= 50%");
        apart += usize::from(judged[0]["mean"] != judged[1]["mean"]);
        let customers = judged[2]["mean"].as_f64().unwrap();
        let runs = rows.iter().filter(|row| row[point] == number.to_string());
        let runs: Vec<f64> = runs.map(|row| row[created].parse().unwrap()).collect();
        let all = runs.iter().sum::<f64>() / runs.len() as f64;
        assert!(0.0 < customers && customers < all, "{customers} of {all}");
    }
    // Where memory is enough nobody loses a session, whatever the class.
    assert!(apart > 0);
    let ttl = document["points"][0]["values"]["ttl"].as_str().unwrap();
    let set = format!("users.customers.session.ttl={ttl}");
    let mut sum = 0.0;
    let runs = rows.iter().filter(|row| &row[point] == "0").count();
    for replicate in 0..runs {
        let replicate = replicate.to_string();
        let run = [
            "run",
            "tiny-sweep.toml",
            "--set",
            &set,
            "--replicate",
            &replicate,
        ];
        let output = desk.run(&[&run[..], &["--out", "one", "--format", "json", "-q"]].concat());
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        let expected = summary["expectations"].as_array().unwrap();
        let of_class = expected
            .iter()
            .find(|one| one["class"] == "customers")
            .unwrap();
        sum += of_class["value"].as_f64().unwrap();
    }
    let mean = document["points"][0]["expectations"][2]["mean"]
        .as_f64()
        .unwrap();
    assert!((mean - sum / runs as f64).abs() < 1e-9, "{mean}");
}

/// What is no file, such as `/dev/stdout`, stays what it is.
#[cfg(unix)]
#[test]
fn a_pipe_is_written_to_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt as _;

    let desk = sweep::desk();
    let pipe = desk.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    desk.succeed(&["run", "small.toml", "--out", "one", "-q", "--junit", "pipe"]);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    // If it had been replaced, nobody would ever write to the pipe.
    assert!(reader.join().unwrap().contains("<testsuites"));
}
