//! `sessionsim check`, as people and CI use it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;

use crate::desk::{Desk, stderr};

/// The small scenario; one with three mistakes; one of a user who writes JSON.
fn desk() -> Desk {
    let desk = Desk::new();
    let wrong = desk
        .read("small.toml")
        .replace(
            "hop = { lognormal = { median = \"150us\", p99 = \"400us\" } }",
            "hop = 3",
        )
        .replace("stay = { exponential = \"5m\" }", "stays = \"5m\"")
        .replace("schema = 1", "schema = 1\nexpect = [\"evictions == 0\"]");
    desk.write("wrong.toml", wrong);
    desk.write("other.toml", "{ \"duration\": \"1d\" }\n");
    desk
}

#[test]
fn all_problems_are_told_in_each_format() {
    let desk = desk();
    for format in ["text", "json", "github", "sarif"] {
        let shown = desk.show(&["check", "small.toml", "wrong.toml", "--format", format]);
        insta::assert_snapshot!(format, shown);
    }
    insta::assert_snapshot!(
        "several",
        desk.show(&["check", "wrong.toml", "other.toml", "small.toml"])
    );
}

#[test]
fn the_exit_code_says_what_is_wrong() {
    let desk = desk();
    let code = |arguments: &[&str]| desk.run(arguments).status.code().unwrap();
    assert_eq!(code(&["check", "small.toml"]), 0);
    assert_eq!(code(&["check", "@ecommerce-carts"]), 0);
    assert_eq!(code(&["check", "small.toml", "wrong.toml"]), 3);
    assert_eq!(
        code(&["check", "wrong.toml", "nowhere.toml"]),
        1,
        "not read comes first"
    );
    assert_eq!(code(&["check", "."]), 3, "a directory is no scenario");
    assert_eq!(code(&["check"]), 2);
    assert_eq!(code(&["check", "small.toml", "--set", "store.shards=0"]), 3);
    for format in ["json", "github", "sarif"] {
        assert_eq!(code(&["check", "small.toml", "--format", format]), 0);
        assert_eq!(code(&["check", "nowhere.toml", "--format", format]), 1);
    }
}

#[test]
fn stdin_is_checked_and_quiet_is_quiet() {
    let desk = desk();
    let output = desk.feed(&["check", "-"], &desk.read("small.toml"));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "-: valid (small)\n"
    );
    let output = desk.feed(&["check", "-", "--quiet"], &desk.read("small.toml"));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    let output = desk.feed(&["check", "-"], "duration = 5");
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("--> stdin:1:12"),
        "{}",
        stderr(&output)
    );
}

/// What SARIF 2.1.0 requires of a log and of its parts: sections 3.13, 3.14, 3.18, 3.19, 3.27, 3.28,
/// 3.29 and 3.30 of the standard.
#[test]
fn sarif_has_what_the_standard_requires() {
    let desk = desk();
    let arguments = ["check", "wrong.toml", "nowhere.toml", "--format", "sarif"];
    let output = desk.run(&arguments);
    let log: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "sessionsim");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        let rule = &driver["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(result["level"], "error");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(["wrong.toml", "nowhere.toml"].contains(&uri), "{uri}");
        let region = &place["region"];
        if region.is_null() {
            continue;
        }
        let number = |name: &str| region[name].as_u64().unwrap();
        assert!(number("startLine") >= 1 && number("startColumn") >= 1);
        let (start, end) = (
            (number("startLine"), number("startColumn")),
            (number("endLine"), number("endColumn")),
        );
        assert!(start <= end);
    }
    // A scanner that finds nothing says so with an empty list.
    let output = desk.run(&["check", "small.toml", "--format", "sarif"]);
    let log: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 0);
}

#[test]
fn a_runner_gets_no_more_annotations_than_it_keeps() {
    let desk = desk();
    let wrong: Vec<String> = (0..30)
        .map(|n| format!("key-{n} = \"100%, or: so\"\n"))
        .collect();
    desk.write("a,b.toml", wrong.concat());
    let output = desk.run(&["check", "a,b.toml", "--format", "github"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 10);
    for line in text.lines() {
        assert!(line.starts_with("::error "), "{line}");
    }
    assert!(
        text.starts_with("::error file=a%2Cb.toml,line=1,col=1,"),
        "{text}"
    );
    assert!(
        text.lines().last().unwrap().contains("::24 more problems"),
        "{text}"
    );
}
