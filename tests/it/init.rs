//! `sessionsim init`: starters that run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use crate::desk::Desk;

const STACKS: [&str; 8] = [
    "plain", "express", "django", "spring", "php", "laravel", "rails", "aspnet",
];

#[test]
fn each_starter_loads_and_meets_its_expectations() {
    let desk = Desk::new();
    for stack in STACKS {
        let file = format!("{stack}.toml");
        desk.write(&file, desk.succeed(&["init", stack]));
        assert_eq!(
            desk.succeed(&["check", &file]),
            format!("{file}: valid ({stack}-sessions)\n")
        );
        for line in desk.read(&file).lines() {
            assert!(
                !line.contains(['{', '}']) || line.contains("{ "),
                "{stack}: {line}"
            );
        }
        // A short run of few users, so that the test is short too.
        let short = ["--set", "duration=30m", "--set", "users.concurrent=20"];
        let run = [&["run", &file, "--out", stack, "-q"], &short[..]].concat();
        let text = desk.succeed(&run);
        assert!(text.contains("Expectations: all hold"), "{stack}: {text}");
    }
    assert_eq!(desk.succeed(&["init"]), desk.read("plain.toml"));
}

#[test]
fn a_starter_is_written_and_nothing_is_overwritten() {
    let desk = Desk::new();
    let output = desk.run(&["init", "django", "--out", "shop.toml"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty());
    assert_eq!(desk.read("shop.toml"), desk.succeed(&["init", "django"]));
    desk.write("shop.toml", "mine");
    insta::assert_snapshot!(desk.fail(&["init", "django", "--out", "shop.toml"]));
    assert_eq!(desk.read("shop.toml"), "mine");
    fs::create_dir(desk.path("folder")).unwrap();
    assert!(
        desk.fail(&["init", "--out", "folder"])
            .starts_with("exit 1\n")
    );
    assert!(
        desk.fail(&["init", "--out", "nowhere/a.toml"])
            .starts_with("exit 1\n")
    );
    insta::assert_snapshot!(desk.fail(&["init", "djanjo"]));
}
