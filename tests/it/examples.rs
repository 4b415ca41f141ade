//! The files under `examples/` are well-formed, and name commands and options that there are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode as _, Yaml};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn yaml(name: &str) -> String {
    fs::read_to_string(examples().join(name)).unwrap()
}

#[test]
fn the_workflow_of_github_is_whole() {
    let text = yaml("github-actions/sweep.yml");
    let documents = Yaml::load_from_str(&text).unwrap();
    let jobs = &documents[0]["jobs"];
    let parts = jobs["part"]["strategy"]["matrix"]["part"].as_vec().unwrap();
    let numbers: Vec<i64> = parts
        .iter()
        .map(|part| part.as_integer().unwrap())
        .collect();
    assert_eq!(numbers, (1..=8).collect::<Vec<i64>>());
    let commands = |job: &str| -> Vec<String> {
        let steps = jobs[job]["steps"].as_vec().unwrap();
        let runs = steps
            .iter()
            .filter_map(|step| step.as_mapping_get("run")?.as_str());
        runs.map(str::to_owned).collect()
    };
    assert!(commands("part")[1].contains("--partition slice:${{ matrix.part }}/8"));
    let merge = &commands("merge")[1];
    assert!(
        numbers
            .iter()
            .all(|part| merge.contains(&format!("part-{part} ")))
    );
}

#[test]
fn the_jobs_of_gitlab_and_kubernetes_are_whole() {
    let text = yaml("gitlab/sweep.gitlab-ci.yml");
    let documents = Yaml::load_from_str(&text).unwrap();
    assert_eq!(documents[0]["part"]["parallel"].as_integer(), Some(8));
    let junit = &documents[0]["merge"]["artifacts"]["reports"]["junit"];
    assert_eq!(junit.as_str(), Some("checks.xml"));

    let text = yaml("kubernetes/indexed-job.yaml");
    let documents = Yaml::load_from_str(&text).unwrap();
    assert_eq!(documents.len(), 2);
    let spec = &documents[0]["spec"];
    assert_eq!(spec["completionMode"].as_str(), Some("Indexed"));
    let command = spec["template"]["spec"]["containers"][0]["args"][0].as_str();
    let parts = format!(
        "--partition auto/{}",
        spec["completions"].as_integer().unwrap()
    );
    assert!(command.unwrap().contains(&parts));
}

/// Every option that an example gives a command is one of its help.
#[test]
fn examples_use_options_that_there_are() {
    let mut seen = 0;
    for file in [
        "github-actions/sweep.yml",
        "gitlab/sweep.gitlab-ci.yml",
        "slurm/part.sh",
        "slurm/merge.sh",
        "kubernetes/indexed-job.yaml",
    ] {
        let text = yaml(file).replace("\\\n", " ");
        for command in ["sweep", "merge"] {
            let output = Command::new(assert_cmd::cargo::cargo_bin!("sessionsim"))
                .args([command, "--help"])
                .output()
                .unwrap();
            let help = String::from_utf8(output.stdout).unwrap();
            for used in text.split(&format!("sessionsim {command} ")).skip(1) {
                // A folded line ends where another step or key begins.
                let end = used.find("\n      - ").unwrap_or(used.len());
                let end = used[..end].find("resources:").unwrap_or(end);
                for word in used[..end].split_whitespace() {
                    let option =
                        word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                    if option.starts_with("--") {
                        assert!(help.contains(option), "{file}: {command} has no {option}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn scripts_are_well_formed() {
    for script in ["part.sh", "merge.sh", "submit.sh"] {
        let status = Command::new("bash")
            .arg("-n")
            .arg(examples().join("slurm").join(script))
            .status()
            .unwrap();
        assert!(status.success(), "{script}");
    }
}
