//! Axes, conditions and sweeps as texts. What is malformed is in `scenario/tests/malformed`.

use super::axis::{AxisValue, Quantity};
use super::condition::Condition;
use super::*;
use crate::scenario::load::Input;
use crate::scenario::traffic::{TraceContent, Unusable};
use crate::scenario::{Problems, Source, load, load_with};

const BASE: &str = r#"
duration = "1h"
warmup = "20m"
platform = "self-managed"
store.maxmemory = "64MiB"

[[users]]
name = "visitors"
concurrent = 20

[users.session]
bytes = "2KB"
ttl = "10m"
"#;

const AXES: &str = r#"
[sweep]
constraints = ["shards * 2 <= 6"]

[[sweep.axes]]
name = "shards"
key = "store.shards"
values = [1, 2, 3, 4]

[[sweep.axes]]
name = "ttl"
key = "users.visitors.session.ttl"
from = "1m"
to = "4m"
count = 4

[[sweep.axes]]
name = "think"
key = "users.think_time"
values = [{ exponential = "20s" }, "30s"]
"#;

fn no_file(_: &str, _: &str) -> Result<Source, String> {
    Err("there are no other files here".to_owned())
}

fn no_trace(_: &str, _: &str, _: bool) -> Result<TraceContent, Unusable> {
    Err(Unusable::Unreadable("there are no traces here".to_owned()))
}

fn input<'a>(text: &'a str, sets: &'a [(&'a str, &'a str)]) -> Input<'a> {
    Input {
        name: "shop.toml",
        text,
        sets,
        base: &no_file,
        trace: &no_trace,
        judge: None,
    }
}

fn problems(text: &str) -> Problems {
    let input = input(text, &[]);
    match load_sweep(&input) {
        Ok(_) => panic!("this is a sweep: {text}"),
        Err(problems) => problems,
    }
}

#[test]
fn a_point_is_the_scenario_with_its_values_set() {
    let text = format!("{BASE}{AXES}");
    let input = input(&text, &[]);
    let sweep = load_sweep(&input).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(sweep.name, "shop");
    let axes = &sweep.spec.axes;
    let texts: Vec<&str> = axes[1].values.iter().map(|value| &*value.text).collect();
    assert_eq!(texts, ["\"1m\"", "\"2m\"", "\"3m\"", "\"4m\""]);
    let values = [&axes[0].values[2], &axes[1].values[1], &axes[2].values[0]];
    let point = sweep
        .point(&values)
        .unwrap_or_else(|problems| panic!("{problems}"));
    let sets = [
        ("store.shards", "3"),
        ("users.0.session.ttl", "2m"),
        ("users.0.think_time", "{ exponential = \"20s\" }"),
    ];
    let by_hand =
        load_with("shop.toml", BASE, &sets).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(point.scenario, by_hand.scenario);
    assert_eq!(point.toml, by_hand.scenario.to_toml());
}

#[test]
fn a_run_leaves_the_table_aside() {
    let with = load("shop.toml", &format!("{BASE}{AXES}"));
    assert_eq!(with, load("shop.toml", BASE));
    assert!(load("shop.toml", &format!("{BASE}[sweep]\nreplicates = 0")).is_err());
}

#[test]
fn the_flat_text_is_the_same_sweep() {
    let text = format!("{BASE}{AXES}");
    let sets = [("sweep.replicates", "4"), ("store.hz", "20")];
    let input_set = input(&text, &sets);
    let sweep = load_sweep(&input_set).unwrap_or_else(|problems| panic!("{problems}"));
    let flat = sweep.to_toml();
    let input_flat = Input {
        name: "elsewhere.toml",
        ..input(&flat, &[])
    };
    let again = load_sweep(&input_flat).unwrap_or_else(|problems| panic!("{flat}\n{problems}"));
    assert_eq!(again.to_toml(), flat);
    assert_eq!(again.name, "shop");
    assert_eq!((again.spec.replicates, sweep.spec.replicates), (4, 4));
    assert_eq!(again.spec.axes.len(), 3);
    let values: Vec<&AxisValue> = sweep.spec.axes.iter().map(|axis| &axis.values[1]).collect();
    let point = |sweep: &Sweep<'_>| sweep.point(&values).map(|point| point.toml);
    assert_eq!(point(&again), point(&sweep));
}

fn axis(name: &str, value: &str) -> Axis {
    let node = crate::scenario::reader::tree::parse_value(0, value).unwrap();
    Axis {
        name: name.to_owned(),
        key: name.to_owned(),
        values: vec![AxisValue::new(node)],
        zip: None,
        place: None,
    }
}

fn holds(text: &str) -> Result<bool, String> {
    let axes = [
        axis("shards", "3"),
        axis("ttl", "\"1h30m\""),
        axis("memory", "\"2GiB\""),
        axis("share", "\"25%\""),
        axis("rate", "\"12/s\""),
        axis("policy", "\"allkeys-lru\""),
        axis("login", "true"),
        axis("think", "{ exponential = \"20s\" }"),
    ];
    let condition = Condition::parse(text, None, &axes)?;
    condition.holds(&|axis| &axes[axis].values[0])
}

#[test]
fn conditions_calculate_with_units() {
    for (text, expected) in [
        ("shards == 3", true),
        ("shards * 2 <= 5", false),
        ("shards + 1 * 2 == 5", true),
        ("(shards + 1) * 2 == 8", true),
        ("shards - 1 - 1 == 1", true),
        ("12 / shards / 2 == 2", true),
        ("ttl >= 90m", true),
        ("ttl > 90m", false),
        ("ttl - 30m == 1h", true),
        ("ttl / 30m == shards", true),
        ("memory * shards < 6.5GiB", true),
        ("share <= 25%", true),
        ("share * 4 == 1", true),
        ("rate == 720/m", true),
        ("12/shards == 4", true),
        ("policy == 'allkeys-lru'", true),
        ("policy != 'noeviction' and shards < 4", true),
        ("shards == 1 or shards == 2 or ttl == 5400s", true),
        ("shards == 1 or shards == 3 and ttl == 1h", false),
        ("not shards == 1", true),
        ("not (shards == 3 or ttl == 1h)", false),
        ("login == true", true),
        ("0.1 + 0.2 == 0.3", true),
    ] {
        assert_eq!(holds(text), Ok(expected), "{text}");
    }
}

#[test]
fn conditions_say_what_is_wrong() {
    let deep = "(".repeat(100) + "1 == 1";
    let long = "1 == 1 or ".repeat(100);
    for (text, part) in [
        ("", "a value is missing"),
        ("shards", "it compares nothing"),
        ("shards ==", "a value is missing"),
        ("shards = 3", "means nothing here"),
        ("sahrds == 3", "did you mean `shards`?"),
        ("shards == 1h", "a plain number with a duration"),
        ("memory + ttl > 1h", "there is no a size + a duration"),
        ("ttl * ttl > 1h", "there is no a duration * a duration"),
        ("policy < 'x'", "only equal or not"),
        ("think == 20s", "a list or a table"),
        ("shards / 0 == 1", "divides by zero"),
        ("1 < shards < 4", "is not expected here"),
        ("shards and ttl == 1h", "join comparisons"),
        ("not shards", "before a comparison"),
        ("(shards == 3", "a `)` is missing"),
        ("shards == 3)", "is not expected here"),
        ("ttl == 3w", "is no quantity"),
        ("policy == 'x", "a text does not end"),
        (&deep, "nested too deeply"),
        (&long, "longer than"),
        ("shards == 3 \u{e4}", "means nothing here"),
    ] {
        let error = holds(text).expect_err(text);
        assert!(error.contains(part), "{text}: {error}");
    }
}

/// Values of ranges are what people would write, and the ends are exact.
#[test]
fn ranges_are_rounded_between_exact_ends() {
    let values = |range: &str| {
        let text = format!("{BASE}[[sweep.axes]]\nkey = \"users.session.ttl\"\n{range}");
        let input = input(&text, &[]);
        let sweep = load_sweep(&input).unwrap_or_else(|problems| panic!("{problems}"));
        let values = sweep.spec.axes[0].values.iter();
        values
            .map(|value| value.shown().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        values("from = 1\nto = 1000\ncount = 4\nscale = \"log\""),
        ["1", "10", "100", "1000"]
    );
    assert_eq!(values("from = 1\nto = 9\ncount = 3"), ["1", "5", "9"]);
    assert_eq!(
        values("from = \"1h\"\nto = \"24h\"\ncount = 3\nscale = \"log\""),
        ["1h", "17636s", "1d"]
    );
    assert_eq!(
        values("from = \"10%\"\nto = \"40%\"\ncount = 3"),
        ["10%", "25%", "40%"]
    );
    assert_eq!(
        values("from = \"1GiB\"\nto = \"4GiB\"\ncount = 3\nscale = \"log\""),
        ["1GiB", "2GiB", "4GiB"]
    );
    assert_eq!(
        values("from = \"1/s\"\nto = \"100/s\"\ncount = 3\nscale = \"log\""),
        ["1/s", "10/s", "100/s"]
    );
}

#[test]
fn an_axis_is_judged_at_its_line() {
    let text = format!("{BASE}{AXES}").replace("store.shards", "store.shardz");
    let input_typo = input(&text, &[]);
    let sweep = load_sweep(&input_typo).unwrap_or_else(|problems| panic!("{problems}"));
    let values: Vec<&AxisValue> = sweep.spec.axes.iter().map(|axis| &axis.values[0]).collect();
    let problems = sweep.point(&values).expect_err("there is no such key");
    let (file, line, _) = problems.position(&problems.list[0]).unwrap();
    let line_of_key = text
        .lines()
        .position(|line| line.contains("shardz"))
        .unwrap()
        + 1;
    assert_eq!((file, line), ("shop.toml", line_of_key));
    assert!(problems.list[0].label.contains("shards"), "{problems}");
}

#[test]
fn two_axes_cannot_set_the_same_key() {
    for (one, other) in [
        ("users.visitors.think_time", "users.0.think_time"),
        ("users.think_time", "users.0.think_time"),
        ("users.session", "users.0.session.ttl"),
    ] {
        let axis = |key: &str| {
            format!(
                "[[sweep.axes]]\nname = \"{}\"\nkey = \"{key}\"\nvalues = [\"1s\", \"2s\"]\n",
                key.len()
            )
        };
        let problems = problems(&format!("{BASE}{}{}", axis(one), axis(other)));
        assert!(
            problems.to_string().contains("two axes set the same key"),
            "{problems}"
        );
    }
}

#[test]
fn quantities_are_known_by_their_unit() {
    assert_eq!(Quantity::parse("5m"), Quantity::parse("300s"));
    assert_eq!(Quantity::parse("1KiB"), Quantity::parse("1024B"));
    assert_ne!(Quantity::parse("5m"), Quantity::parse("5MB"));
    assert_eq!(
        Quantity::parse("cache.m5.large"),
        Quantity::Word("cache.m5.large".to_owned())
    );
}
