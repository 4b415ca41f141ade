//! `compare`, and the short forms of `run`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;

use crate::desk::Desk;

#[test]
fn a_result_is_equal_to_its_scenario() {
    let desk = Desk::new();
    desk.succeed(&[
        "run",
        "small.toml",
        "--out",
        "one",
        "--replicate",
        "3",
        "--quiet",
    ]);
    let said = desk.succeed(&["compare", "one", "one", "--quiet", "--format", "sentence"]);
    assert!(
        said.starts_with("No difference: all ") && said.ends_with("fared alike.\n"),
        "{said}"
    );
    // What compare simulates is what run does: a wrapped probe misses no fact.
    desk.succeed(&["run", "small.toml", "--out", "two", "--quiet"]);
    let all = desk.succeed(&[
        "compare",
        "two",
        "small.toml",
        "--quiet",
        "--format",
        "json",
    ]);
    let all: Value = serde_json::from_str(&all).unwrap();
    assert_eq!(all["equal"], true);
    let summary: Value = serde_json::from_str(&desk.read("two/summary.json")).unwrap();
    for line in all["metrics"].as_array().unwrap() {
        let name = line["metric"].as_str().unwrap();
        assert_eq!(line["first"], summary["metrics"][name], "{name}");
    }
}

#[test]
fn a_changed_design_is_held_against_the_first() {
    let desk = Desk::new();
    let arguments = [
        "compare",
        "small.toml",
        "small.toml",
        "--quiet",
        "--set",
        "store.maxmemory=2MiB",
    ];
    let text = desk.succeed(&arguments);
    assert!(
        text.starts_with("small (B) against small (A): ")
            && text.contains("visits fare better and"),
        "{text}"
    );
    let markdown = desk.succeed(&[&arguments[..], &["--format", "markdown"]].concat());
    assert!(markdown.starts_with("### small (B) against small (A)\n") && markdown.len() < 60 << 10);
    let page = [&arguments[..], &["--format", "html", "--out", "page.html"]].concat();
    assert_eq!(desk.succeed(&page), "");
    let first = desk.read("page.html");
    desk.succeed(&page);
    assert_eq!(
        desk.read("page.html"),
        first,
        "equal comparisons give equal pages"
    );
    assert!(first.contains("What happened in the visits") && first.contains("<figure>"));
    assert!(
        !first.contains("http://")
            || first
                .replace("http://www.w3.org", "")
                .find("http://")
                .is_none()
    );
}

#[test]
fn a_run_is_told_in_a_sentence_or_for_a_pull_request() {
    let desk = Desk::new();
    let run = |format: &str| {
        desk.succeed(&[
            "run",
            "small.toml",
            "--out",
            "one",
            "--quiet",
            "--format",
            format,
        ])
    };
    let sentence = run("sentence");
    assert_eq!(sentence.lines().count(), 1);
    let markdown = run("markdown");
    assert!(markdown.len() < 60 << 10);
    insta::assert_snapshot!(format!("{sentence}\n{markdown}"));
}

#[test]
fn what_cannot_be_compared_is_told() {
    let desk = Desk::new();
    let told = [
        desk.fail(&["compare", "small.toml", "nowhere.toml", "--quiet"]),
        desk.fail(&["compare", ".", "small.toml", "--quiet"]),
        desk.fail(&[
            "compare",
            "small.toml",
            "small.toml",
            "--set",
            "store.shard=5",
            "--quiet",
        ]),
    ];
    insta::assert_snapshot!(told.join("\n"));
}
