//! Holds files that are written for other programs against these programs' own schemas, which are no
//! part of this project: `.ci/schemas` gets them, and the variable names their folder.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of `.ci/schemas`; without it says what is left out.
fn folder(what: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("SESSIONSIM_SCHEMAS") {
        return Some(folder.into());
    }
    // Not by a macro: the test runner would keep it to itself.
    let left_out =
        format!("LEFT OUT: SESSIONSIM_SCHEMAS is not set, so {what} was not validated\n");
    std::io::stderr().write_all(left_out.as_bytes()).unwrap();
    None
}

fn succeeds(command: &mut Command) -> Result<(), String> {
    let output = command.output().expect("the checker starts");
    if output.status.success() {
        return Ok(());
    }
    let told = [output.stdout, output.stderr].concat();
    Err(String::from_utf8_lossy(&told).into_owned())
}

/// What Jenkins' xUnit plug-in says of a `JUnit` file, by each of its schemas.
pub(crate) fn junit(file: &Path) -> Result<(), String> {
    let Some(folder) = folder("JUnit") else {
        return Ok(());
    };
    for number in ["1.xsd", "2.xsd"] {
        let schema = folder.join("junit").join(number);
        let mut xmllint = Command::new("xmllint");
        succeeds(
            xmllint
                .args(["--noout", "--nonet", "--schema"])
                .arg(schema)
                .arg(file),
        )?;
    }
    Ok(())
}

fn checker(folder: &Path) -> Command {
    Command::new(folder.join("python/bin/check-jsonschema"))
}

/// What the schema of SARIF 2.1.0 says of a file.
fn sarif(file: &Path) -> Result<(), String> {
    let Some(folder) = folder("SARIF") else {
        return Ok(());
    };
    let mut checker = checker(&folder);
    // The schema has a pattern that is none for stricter readers.
    checker.args(["--regex-variant", "nonunicode", "--schemafile"]);
    succeeds(checker.arg(folder.join("sarif.json")).arg(file))
}

#[test]
fn workflows_are_what_their_engines_read() {
    let Some(folder) = folder("the workflows") else {
        return;
    };
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for (schema, file) in [
        ("vendor.github-workflows", "github-actions/sweep.yml"),
        ("vendor.gitlab-ci", "gitlab/sweep.gitlab-ci.yml"),
    ] {
        let mut checker = checker(&folder);
        checker.args(["--builtin-schema", schema]);
        succeeds(checker.arg(examples.join(file))).unwrap();
    }
}

#[test]
fn findings_are_sarif() {
    let desk = crate::desk::Desk::new();
    desk.write("wrong.toml", "name = 3\n[store]\nnothing = 1\n");
    for scenario in ["wrong.toml", "small.toml", "nowhere.toml"] {
        let output = desk.run(&["check", scenario, "--format", "sarif"]);
        desk.write("found.sarif", String::from_utf8(output.stdout).unwrap());
        sarif(&desk.path("found.sarif")).unwrap();
    }
    // A schema that takes everything would say nothing.
    if folder("SARIF").is_some() {
        desk.write(
            "found.sarif",
            desk.read("found.sarif").replace("\"2.1.0\"", "\"2.0\""),
        );
        assert!(sarif(&desk.path("found.sarif")).is_err());
    }
}
