//! Commands that list: `nodes`, `metrics`, `scenarios`, `schema`, `completions` and `man`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::desk::Desk;

#[test]
fn node_types_are_found() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.succeed(&["nodes", "--family", "r7g"]));
    let json = |arguments: &[&str]| {
        let arguments = [&["nodes", "--format", "json"], arguments].concat();
        let rows: Value = serde_json::from_str(&desk.succeed(&arguments)).unwrap();
        rows.as_array().unwrap().clone()
    };
    let all = json(&["--all"]);
    assert!(all.len() > json(&[]).len());
    let filters = [
        "--min-memory",
        "10GiB",
        "--max-price",
        "0.5",
        "--sort",
        "price",
    ];
    let few = json(&filters);
    assert!(!few.is_empty() && few.len() < all.len());
    let prices: Vec<f64> = few
        .iter()
        .map(|row| row["price_usd_per_hour"].as_f64().unwrap())
        .collect();
    assert!(prices.is_sorted() && prices.iter().all(|price| *price <= 0.5));
    for row in &few {
        let (memory, usable) = (&row["memory_bytes"], &row["usable_bytes"]);
        assert_eq!(usable.as_u64().unwrap(), memory.as_u64().unwrap() * 3 / 4);
        assert!(usable.as_u64().unwrap() >= 10 << 30);
    }
    // A type that only one engine runs on.
    let names = |engine: &str| {
        let rows = json(&["--engine", engine, "--family", "m8g"]);
        rows.len()
    };
    assert_eq!((names("redis"), names("valkey")), (0, 7));
    assert_eq!(
        desk.succeed(&["nodes", "--family", "m99"]),
        "No node type is like that.\n"
    );
    let csv = desk.succeed(&["nodes", "--family", "cache.m5.large", "--format", "csv"]);
    assert_eq!(csv.lines().count(), 2);
    insta::assert_snapshot!(desk.fail(&["nodes", "--min-memory", "10"]));
}

#[test]
fn metrics_are_found() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.succeed(&["metrics", "forced"]));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    assert_eq!(
        desk.succeed(&["metrics", "--format", "markdown"]),
        fs::read_to_string(page).unwrap()
    );
    let rows: Value =
        serde_json::from_str(&desk.succeed(&["metrics", "--format", "json"])).unwrap();
    desk.succeed(&["run", "small.toml", "--out", "result"]);
    let summary: Value = serde_json::from_str(&desk.read("result/summary.json")).unwrap();
    let names: Vec<&str> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), summary["metrics"].as_object().unwrap().len());
    for name in names {
        assert!(summary["metrics"].get(name).is_some(), "{name}");
    }
}

/// The files in `scenarios/`.
fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files
}

#[test]
fn all_scenarios_are_shipped_with_the_program() {
    let desk = Desk::new();
    let listed: Value =
        serde_json::from_str(&desk.succeed(&["scenarios", "--format", "json"])).unwrap();
    let mut names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let files = scenarios();
    let stems: Vec<&str> = files
        .iter()
        .map(|file| file.file_stem().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(names, stems);
    for (file, name) in files.iter().zip(names) {
        let text = fs::read_to_string(file).unwrap();
        assert_eq!(desk.succeed(&["scenarios", "show", name]), text);
        assert_eq!(
            desk.succeed(&["scenarios", "show", &format!("@{name}")]),
            text
        );
        assert_eq!(
            desk.succeed(&["check", &format!("@{name}")]),
            format!("@{name}: valid\n")
        );
    }
    insta::assert_snapshot!(desk.fail(&["run", "@ecommerce-cart"]));
    insta::assert_snapshot!(desk.fail(&["scenarios", "show", "nothing"]));
}

#[test]
fn scenarios_that_are_shipped_can_be_extended() {
    let desk = Desk::new();
    desk.write(
        "mine.toml",
        "extends = \"@ecommerce-carts\"\nduration = \"36h\"\n",
    );
    assert_eq!(desk.succeed(&["check", "mine.toml"]), "mine.toml: valid\n");
    desk.write("wrong.toml", "extends = \"@ecommerce-cart\"\n");
    insta::assert_snapshot!(desk.fail(&["check", "wrong.toml"]));
    desk.write("stdin.toml", "extends = \"-\"\n");
    insta::assert_snapshot!(desk.fail(&["check", "stdin.toml"]));
}

/// Whether `value` is as `schema` says, for the words of draft 7 that our schema uses.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let rules = schema.as_object().unwrap();
    rules.iter().all(|(word, rule)| match word.as_str() {
        "$ref" => {
            let name = rule
                .as_str()
                .unwrap()
                .strip_prefix("#/definitions/")
                .unwrap();
            fits(root, &root["definitions"][name], value)
        }
        "type" => match rule.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            other => panic!("type {other}"),
        },
        "enum" => rule.as_array().unwrap().contains(value),
        "pattern" => value.as_str().is_none_or(|text| {
            let pattern = regex_lite::Regex::new(rule.as_str().unwrap()).unwrap();
            pattern.is_match(text)
        }),
        "minimum" => value
            .as_i64()
            .is_none_or(|number| number >= rule.as_i64().unwrap()),
        "maximum" => value
            .as_u64()
            .is_none_or(|number| number <= rule.as_u64().unwrap()),
        "minItems" => value
            .as_array()
            .is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
        "maxItems" => value
            .as_array()
            .is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
        "allOf" => rule
            .as_array()
            .unwrap()
            .iter()
            .all(|rule| fits(root, rule, value)),
        "anyOf" => rule
            .as_array()
            .unwrap()
            .iter()
            .any(|rule| fits(root, rule, value)),
        "items" => value
            .as_array()
            .is_none_or(|items| items.iter().all(|item| fits(root, rule, item))),
        "required" => value.as_object().is_none_or(|object| {
            let names = rule.as_array().unwrap();
            names
                .iter()
                .all(|name| object.contains_key(name.as_str().unwrap()))
        }),
        "properties" => value.as_object().is_none_or(|object| {
            object
                .iter()
                .all(|(name, value)| rule.get(name).is_none_or(|rule| fits(root, rule, value)))
        }),
        "additionalProperties" => {
            assert_eq!(rule, &json!(false));
            value.as_object().is_none_or(|object| {
                object
                    .keys()
                    .all(|name| schema["properties"].get(name).is_some())
            })
        }
        "$schema" | "title" | "description" | "default" | "examples" | "definitions" => true,
        other => panic!("the schema uses {other}"),
    })
}

fn as_json(text: &str) -> Value {
    let table: toml::Table = toml::from_str(text).unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn the_schema_accepts_what_is_valid_and_knows_types_and_keys() {
    let desk = Desk::new();
    let schema: Value = serde_json::from_str(&desk.succeed(&["schema"])).unwrap();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let accepts = |text: &str| fits(&schema, &schema, &as_json(text));
    let mut valid: Vec<String> = scenarios()
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    valid.push(desk.read("small.toml"));
    for stack in [
        "express", "django", "spring", "php", "laravel", "rails", "aspnet",
    ] {
        valid.push(desk.succeed(&["init", stack]));
    }
    // Resolved scenarios use every key.
    desk.succeed(&["run", "small.toml", "--out", "result"]);
    valid.push(desk.read("result/scenario.toml"));
    for seed in 0..300 {
        let mut scenario = sessionsim::scenario::random::random_scenario(seed);
        // Beyond it the reader of this test gives up.
        scenario.seed %= 1 << 63;
        valid.push(scenario.to_toml());
    }
    for text in &valid {
        assert!(accepts(text), "{text}");
    }
    let small = desk.read("small.toml");
    for (right, wrong) in [
        ("duration = \"2h\"", "duration = 7200"),
        ("duration = \"2h\"", "duration = \"2\""),
        ("duration = \"2h\"", "duration = \"2 hours\""),
        ("shards = 1", "shards = 0"),
        ("shards = 1", "shard = 1"),
        ("login = true", "login = \"true\""),
        ("\"volatile-lru\"", "\"volatile_lru\""),
        ("modify_share = \"20%\"", "modify_share = 0.2"),
        ("{ exponential = \"20s\" }", "{ exponentiall = \"20s\" }"),
        ("bytes = \"4KB\"", "bytes = \"4K\""),
        ("arrival_rate = \"360/h\"", "arrival_rate = \"360\""),
        ("schema = 1", "schema = 1\nexpect = \"hit_rate > 3%\""),
        ("schema = 1", "schema = 1\nexpect = [\"hit_rate\"]"),
    ] {
        assert!(small.contains(right), "{right}");
        assert!(!accepts(&small.replacen(right, wrong, 1)), "{wrong}");
    }
}

#[test]
fn shells_and_manuals_know_every_command() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = desk.succeed(&["completions", shell]);
        for command in [
            "run",
            "check",
            "explain",
            "init",
            "nodes",
            "scenarios",
            "schema",
        ] {
            assert!(text.contains(command), "{shell}: {command}");
        }
    }
    assert!(desk.succeed(&["man"]).contains(".TH sessionsim 1"));
    desk.succeed(&["man", "--out", "man"]);
    let pages = desk.names("man");
    assert!(pages.contains(&"sessionsim.1".to_owned()));
    assert!(pages.contains(&"sessionsim-explain.1".to_owned()));
    assert!(
        desk.fail(&["man", "--out", "small.toml/man"])
            .starts_with("exit 1\n")
    );
}
