//! Pages in `docs/` that show what the program prints.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::desk::Desk;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// Holds the last block of each page to the command's `--help`. With `SESSIONSIM_UPDATE` set, the
/// block is written anew.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "decides whether to write, not what"
)]
fn each_command_has_its_page_with_all_options() {
    let desk = Desk::new();
    let help = desk.succeed(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    let mut pages: Vec<String> = fs::read_dir(docs().join("commands"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    let mut expected: Vec<String> = commands.iter().map(|name| format!("{name}.md")).collect();
    expected.sort();
    assert_eq!(pages, expected);
    for name in commands {
        let path = docs().join("commands").join(format!("{name}.md"));
        let page = fs::read_to_string(&path).unwrap();
        let (prose, _) = page.split_once("## All options\n").unwrap();
        let help = desk.succeed(&[name, "--help"]);
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let help = lines.join("\n");
        let fresh = format!("{prose}## All options\n\n```text\n{help}\n```\n");
        if std::env::var("SESSIONSIM_UPDATE").is_ok() {
            fs::write(&path, &fresh).unwrap();
        } else {
            assert!(
                page == fresh,
                "{name}.md is stale: run SESSIONSIM_UPDATE=1 cargo test each_command_has_its_page"
            );
        }
    }
}

/// The blocks of a page that begin with that word behind the fence.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(fence.as_str())
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_tutorial_can_be_followed() {
    let desk = Desk::new();
    let tutorial = fs::read_to_string(docs().join("tutorial.md")).unwrap();
    let scenario = blocks(&tutorial, "toml")[0];
    desk.write("shop.toml", scenario);
    let commands: Vec<&str> = blocks(&tutorial, "sh")
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("sessionsim "))
        .collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let (command, comment) = command.split_once(" #").unwrap_or((command, ""));
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|argument| argument.trim_matches('\''))
            .collect();
        let output = desk.run(&arguments);
        let code = output.status.code().unwrap();
        let expected = if comment.contains("exit code 10") {
            10
        } else {
            0
        };
        assert_eq!(
            code,
            expected,
            "{command}: {}",
            crate::desk::stderr(&output)
        );
    }
}
