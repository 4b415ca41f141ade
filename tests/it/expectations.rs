//! Expectations of a scenario: the exit code, the summary and `summary.json`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::desk::{Desk, stderr};

#[test]
fn a_run_that_meets_its_expectations_succeeds() {
    let desk = Desk::new();
    let list = "expect=[\"requests > 1000\", { that = \"evicted_keys > 0\", why = \"too small\" }]";
    let text = desk.succeed(&["run", "small.toml", "--set", list, "--out", "result"]);
    assert!(text.contains("Expectations: all hold\n  \u{2713} requests > 1000"));
    let summary: serde_json::Value =
        serde_json::from_str(&desk.read("result/summary.json")).unwrap();
    let expectations = summary["expectations"].as_array().unwrap();
    assert_eq!(expectations.len(), 2);
    for expectation in expectations {
        let metric = expectation["metric"].as_str().unwrap();
        assert_eq!(expectation["holds"], true);
        assert_eq!(expectation["value"], summary["metrics"][metric]);
    }
    assert_eq!(expectations[1]["that"], "evicted_keys > 0");
    assert_eq!(expectations[1]["why"], "too small");
    // The resolved scenario states them again.
    let again = desk.succeed(&["run", "result/scenario.toml", "--out", "result"]);
    assert_eq!(again, text);
}

#[test]
fn a_run_that_fails_one_ends_with_10_and_is_reported_in_full() {
    let desk = Desk::new();
    let list = "expect=[\"sessions_lost == 0\", \"hit_rate >= 50%\"]";
    let output = desk.run(&["run", "small.toml", "--set", list, "--out", "result"]);
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    assert_eq!(stderr(&output), "", "a result is no error");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("Expectations: 1 of 2 hold\n  \u{2717} sessions_lost == 0"),
        "{text}"
    );
    assert!(text.contains("\n  \u{2713} hit_rate >= 50%"), "{text}");
    assert!(text.contains("Files in result"), "{text}");
    let json = desk.run(&["run", "small.toml", "--set", list, "--format", "json", "-q"]);
    assert_eq!(json.status.code(), Some(10));
    let latest = desk.read("output/small/latest");
    let folder = format!("output/small/{}", latest.trim_end());
    assert_eq!(
        String::from_utf8(json.stdout).unwrap(),
        desk.read(&format!("{folder}/summary.json"))
    );
}

#[test]
fn expectations_change_no_metric() {
    let desk = Desk::new();
    desk.succeed(&["run", "small.toml", "--out", "plain"]);
    desk.succeed(&[
        "run",
        "small.toml",
        "--set",
        "expect=[\"requests > 0\"]",
        "--out",
        "more",
    ]);
    for file in ["timeseries.csv", "latency.csv"] {
        assert_eq!(
            desk.read(&format!("plain/{file}")),
            desk.read(&format!("more/{file}"))
        );
    }
}

#[test]
fn a_metric_that_does_not_exist_or_apply_is_an_error_of_the_scenario() {
    let desk = Desk::new();
    let text = desk.read("small.toml");
    desk.write(
        "wrong.toml",
        format!("expect = [\n  \"hit_rat >= 95%\",\n  \"latency.p99 < 5\",\n]\n{text}"),
    );
    insta::assert_snapshot!(desk.fail(&["run", "wrong.toml"]));
    desk.write(
        "guests.toml",
        format!("expect = [\"forced_logins == 0\"]\n{text}")
            .replace("login = true", "login = false"),
    );
    insta::assert_snapshot!(desk.fail(&["run", "guests.toml"]));
}
