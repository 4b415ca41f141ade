//! Sweeps in parts: `sweep --partition` and `merge`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use crate::desk::{Desk, stderr};
use crate::sweep::{assert_same, desk};

/// Runs the parts of the tiny sweep, each in a folder `part-<index>`.
fn in_parts(desk: &Desk, of: u32) {
    for index in 1..=of {
        let (folder, slice) = (format!("part-{index}"), format!("slice:{index}/{of}"));
        let arguments = ["--partition", &slice, "--out", &folder, "-q"];
        desk.succeed(&[&["sweep", "tiny-sweep.toml"], &arguments[..]].concat());
        assert_eq!(desk.names(&folder), [".sessionsim-sweep", "part.json"]);
    }
}

#[test]
fn parts_are_merged_to_what_one_machine_computes() {
    let desk = desk();
    let whole = desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "whole"]);
    in_parts(&desk, 4);
    let merged = desk.succeed(&[
        "merge", "part-3", "part-1", "part-4", "part-2", "--out", "merged",
    ]);
    assert_same(&desk, "whole", "merged");
    assert_eq!(whole.replace("Files in whole", "Files in merged"), merged);
    // Parts of more than there are points are empty, and merged like others.
    in_parts(&desk, 7);
    let parts: Vec<String> = (1..=7).map(|index| format!("part-{index}")).collect();
    let mut arguments = vec!["merge", "--out", "seven", "-q"];
    arguments.extend(parts.iter().map(String::as_str));
    desk.succeed(&arguments);
    assert_same(&desk, "whole", "seven");
}

#[test]
fn schedulers_say_which_part_it_is() {
    let desk = desk();
    for (index, variables) in [
        (
            1,
            [("SLURM_ARRAY_TASK_ID", "5"), ("SLURM_ARRAY_TASK_MIN", "5")],
        ),
        (
            2,
            [("SLURM_ARRAY_TASK_ID", "6"), ("SLURM_ARRAY_TASK_MIN", "5")],
        ),
    ] {
        let folder = format!("part-{index}");
        let arguments = ["--partition", "auto", "--out", &folder];
        let mut command = desk.command(&[&["sweep", "tiny-sweep.toml"], &arguments[..]].concat());
        command.envs(variables).env("SLURM_ARRAY_TASK_COUNT", "2");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.starts_with(&format!("slice:{index}/2: ")), "{said}");
    }
    let mut command = desk.command(&["sweep", "tiny-sweep.toml", "--partition", "auto/2"]);
    let known = [
        "SLURM_ARRAY_TASK_ID",
        "AWS_BATCH_JOB_ARRAY_INDEX",
        "JOB_COMPLETION_INDEX",
        "CI_NODE_INDEX",
    ];
    for variable in known {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!("sweep_no_scheduler", stderr(&output));
    desk.succeed(&["merge", "part-1", "part-2", "--out", "merged", "-q"]);
}

#[test]
fn what_does_not_belong_together_is_not_merged() {
    let desk = desk();
    in_parts(&desk, 3);
    let show = |name: &str, arguments: &[&str]| {
        let error = desk.fail(&[&["merge", "--out", "merged"], arguments].concat());
        insta::assert_snapshot!(format!("merge_refuses_{name}"), error);
        assert!(!desk.path("merged").exists());
    };
    show("missing_points", &["part-1", "part-3"]);
    show("the_same_twice", &["part-1", "part-2", "part-3", "part-2"]);
    desk.succeed(&[
        "sweep",
        "tiny-sweep.toml",
        "--partition",
        "slice:2/2",
        "--out",
        "half",
        "-q",
    ]);
    show("other_slices", &["part-1", "half"]);
    desk.succeed(&[
        "sweep",
        "tiny-sweep.toml",
        "--set",
        "seed=9",
        "--partition",
        "slice:2/3",
        "--out",
        "other",
        "-q",
    ]);
    show("another_sweep", &["part-1", "other", "part-3"]);
    desk.succeed(&["sweep", "tiny-sweep.toml", "--out", "whole", "-q"]);
    show("a_whole_sweep", &["part-1", "whole"]);
    show("nothing", &["part-1", "nowhere"]);
    let text = desk.read("part-2/part.json");
    desk.write("part-2/part.json", text.replacen("\"1", "\"2", 1));
    show("a_damaged_part", &["part-1", "part-2", "part-3"]);
    desk.write("part-2/part.json", &text.as_bytes()[..text.len() / 2]);
    show("half_a_part", &["part-1", "part-2", "part-3"]);
    desk.write("part-2/part.json", text);
    desk.succeed(&[
        "merge", "part-1", "part-2", "part-3", "--out", "merged", "-q",
    ]);
}

/// Files that a scenario names may have changed between one machine and another.
#[test]
fn parts_with_other_prices_are_refused() {
    let desk = desk();
    let prices = |price: &str| {
        desk.write(
            "prices.csv",
            format!(
                "item,engine,region,usd,date\ncache.t4g.micro,valkey,us-east-1,{price},2026-10-01\n"
            ),
        );
    };
    let text = desk.read("tiny-sweep.toml");
    let priced = "[cost]\nprices = \"prices.csv\"\n[store]\nnode_type = \"cache.t4g.micro\"\n\
                  engine = \"valkey-8.1\"\nmaxmemory = \"3MiB\"\n[sweep]";
    desk.write(
        "tiny-sweep.toml",
        text.replacen("[sweep]", priced, 1).replacen(
            "name =",
            "platform = \"elasticache\"\nname =",
            1,
        ),
    );
    prices("0.02");
    in_parts(&desk, 2);
    fs::remove_dir_all(desk.path("part-1")).unwrap();
    prices("0.03");
    let arguments = ["--partition", "slice:1/2", "--out", "part-1", "-q"];
    desk.succeed(&[&["sweep", "tiny-sweep.toml"], &arguments[..]].concat());
    let error = desk.fail(&["merge", "part-1", "part-2", "--out", "merged"]);
    insta::assert_snapshot!("merge_refuses_changed_prices", error);
}
