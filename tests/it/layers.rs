//! Which module may use which: an arrow that is not in the table fails the build.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module with those that it may name. A module may always name itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("kernel", &["units"]),
    ("scenario", &["units", "kernel"]),
    ("probe", &["units", "scenario"]),
    // Components never name each other; they meet in the world.
    ("traffic", &["units", "kernel", "scenario"]),
    ("session", &["units", "probe"]),
    ("program", &["units", "scenario"]),
    ("store", &["units", "kernel", "scenario"]),
    (
        "world",
        &[
            "units", "kernel", "scenario", "probe", "traffic", "session", "program", "store",
        ],
    ),
    (
        "replay",
        &["units", "kernel", "scenario", "traffic", "store"],
    ),
    (
        "fidelity",
        &["units", "kernel", "scenario", "traffic", "store", "replay"],
    ),
    ("cost", &["units", "scenario"]),
    ("metrics", &["units", "scenario", "probe", "cost"]),
    (
        "measure",
        &["units", "scenario", "probe", "metrics", "world"],
    ),
    ("cloudwatch", &["units", "scenario", "probe", "metrics"]),
    (
        "report",
        &["units", "scenario", "probe", "metrics", "cloudwatch"],
    ),
    ("story", &["units", "scenario", "probe", "report"]),
    ("charts", &["units"]),
    (
        "page",
        &[
            "units", "scenario", "metrics", "report", "charts", "compare", "sweep",
        ],
    ),
    (
        "compare",
        &[
            "units",
            "scenario",
            "probe",
            "metrics",
            "cloudwatch",
            "report",
        ],
    ),
    (
        "sweep",
        &["units", "kernel", "scenario", "metrics", "report"],
    ),
    ("gate", &["units", "scenario", "metrics", "report", "sweep"]),
    (
        "cli",
        &[
            "units",
            "scenario",
            "probe",
            "traffic",
            "store",
            "world",
            "replay",
            "fidelity",
            "gate",
            "charts",
            "compare",
            "cost",
            "cloudwatch",
            "measure",
            "metrics",
            "page",
            "report",
            "story",
            "sweep",
        ],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("src can be listed")
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// All source files, each with its path below `src` and its text.
fn all_sources() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&src, &mut paths);
    paths
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&src).expect("below src");
            let name = name.to_str().expect("names are ASCII").replace('\\', "/");
            (name, fs::read_to_string(path).expect("sources are text"))
        })
        .collect()
}

/// What stands before the file's unit tests, which may use whatever they need.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (file, text) in all_sources() {
        let module = file.split('/').next().expect("a name");
        let module = module.strip_suffix(".rs").unwrap_or(module);
        if ["lib", "main"].contains(&module) || file.contains("/tests") {
            continue;
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!(
                "{file}: module `{module}` is not in the table of layers"
            ));
            continue;
        };
        for used in without_tests(&text).split("crate::").skip(1) {
            let end = used
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(used.len());
            let used = &used[..end];
            if used != module && !used.is_empty() && !allowed.contains(&used) {
                wrong.push(format!("{file}: `{module}` must not use `{used}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_readable() {
    let mut wrong = Vec::new();
    for (file, text) in all_sources() {
        let lines = without_tests(&text).lines().count();
        if lines > 500 {
            wrong.push(format!("{file}: {lines} lines, split it"));
        }
        // Put together, so that a search for them finds what is unfinished and nothing else.
        for marker in [
            concat!("TO", "DO"),
            concat!("FIX", "ME"),
            concat!("X", "XX"),
        ] {
            if text.contains(marker) {
                wrong.push(format!("{file}: finish it or file it, leave no {marker}"));
            }
        }
        if file != "kernel/memory.rs" && text.contains("unsafe ") {
            wrong.push(format!(
                "{file}: unsafe code belongs in kernel/memory.rs alone"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
