//! `sessionsim explain`: all values with their origins, and what follows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;

use crate::desk::Desk;

fn json(desk: &Desk, arguments: &[&str]) -> Value {
    let arguments = [&["explain"], arguments, &["--format", "json"]].concat();
    serde_json::from_str(&desk.succeed(&arguments)).unwrap()
}

#[test]
fn every_value_is_shown_with_its_origin() {
    let desk = Desk::new();
    let shown = desk.show(&["explain", "small.toml", "--set", "store.hz=20"]);
    insta::assert_snapshot!(shown);
    let json = desk.show(&["explain", "@ecommerce-carts", "--format", "json"]);
    insta::assert_snapshot!("json", json);
}

#[test]
fn an_explanation_is_the_scenario_it_explains() {
    let desk = Desk::new();
    let sets = [
        "--set",
        "users.0.session.bytes={ values = [\"1KB\", \"3KB\"] }",
    ];
    let arguments = [&["explain", "small.toml"], &sets[..]].concat();
    desk.write("explained.toml", desk.succeed(&arguments));
    let before = json(&desk, &[&["small.toml"], &sets[..]].concat());
    let after = json(&desk, &["explained.toml"]);
    assert_eq!(before["scenario_sha256"], after["scenario_sha256"]);
    assert_eq!(before["run"], after["run"]);
    // The id is that of the run.
    desk.succeed(&[&["run", "small.toml"], &sets[..]].concat());
    assert_eq!(before["id"], desk.read("output/small/latest").trim_end());
}

#[test]
fn the_run_costs_about_what_was_foretold() {
    let desk = Desk::new();
    let told = json(&desk, &["small.toml"]);
    let sets = ["--set", "warmup=0s", "--set", "store.maxmemory=0B"];
    let told_memory = json(&desk, &[&["small.toml"], &sets[..]].concat());
    let run = [&["run", "small.toml", "--format", "json", "-q"], &sets[..]].concat();
    let ran: Value = serde_json::from_str(&desk.succeed(&run)).unwrap();
    let near = |told: &Value, ran: &Value, within: f64| {
        let (told, ran) = (told.as_f64().unwrap(), ran.as_f64().unwrap());
        assert!(
            (told / ran - 1.0).abs() < within,
            "{told} was told, it was {ran}"
        );
    };
    near(&told["run"]["requests"], &ran["metrics"]["requests"], 0.1);
    let used = &ran["metrics"]["used_memory_max"];
    near(&told_memory["used_memory_per_node"], used, 0.2);
}

#[test]
fn an_invalid_scenario_is_not_explained() {
    let desk = Desk::new();
    let wrong = desk.fail(&["explain", "small.toml", "--set", "store.shard=3"]);
    assert!(wrong.starts_with("exit 3\n"), "{wrong}");
}
