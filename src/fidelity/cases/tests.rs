//! How cases are read and judged.

use super::*;

fn case(config: &str, measured: &str, bounds: &str) -> Case {
    let line = format!(
        r#"{{"id": "a", "kind": "full-resync", "engine": "redis 7.0.15", "runs": 1,
            "config": {config}, "measured": {measured}, "bounds": {bounds}}}"#
    );
    let cases = parse(&line.replace('\n', " ")).expect("a case");
    cases[0].clone()
}

const RESYNC: &str = r#"{"data_bytes": 209715200, "link_bits_per_s": null,
    "repl_diskless_sync": "yes", "repl_diskless_load": "disabled",
    "repl_diskless_sync_delay_s": 0}"#;

/// 0.0065 s for the fork, 0.7767 s for sending, 0.4660 s for loading.
const TAKES: f64 = 1.249_259;

fn holds(measured: &str, bounds: &str) -> Vec<bool> {
    let verdict = case(RESYNC, measured, bounds).judge(3).expect("a verdict");
    let holds: Vec<bool> = verdict.bounds.iter().map(|bound| bound.holds).collect();
    assert_eq!(verdict.holds, holds.iter().all(|&holds| holds));
    holds
}

#[test]
fn bounds_hold_up_to_their_edges() {
    let measured = r#"{"seconds": {"n": 4, "p50": 1.0, "max": 2.0}}"#;
    let bound = |rest: &str| format!(r#"[{{"of": "seconds", "at": "p50", {rest}}}]"#);
    for (rest, expected) in [
        (r#""relative": 0.25"#, true),
        (r#""relative": 0.249"#, false),
        (r#""absolute": 0.25"#, true),
        (r#""relative": 0.001, "absolute": 0.3"#, true),
        (r#""between": [1.24, 1.25]"#, true),
        (r#""between": [1.25, 9]"#, false),
    ] {
        assert_eq!(holds(measured, &bound(rest)), [expected], "{rest}");
    }
    assert!((TAKES - 1.249_259).abs() < 1e-9);
    let missing = r#"[{"of": "minutes", "at": "p50", "absolute": 1e9}]"#;
    assert_eq!(holds(measured, missing), [false]);
    let unknown = r#"[{"of": "seconds", "at": "p42", "absolute": 1e9}]"#;
    assert_eq!(holds(measured, unknown), [false]);
    assert!(holds(measured, "[]").is_empty());
}

#[test]
fn a_kind_that_is_not_modelled_is_missed() {
    let mut case = case(RESYNC, "{}", "[]");
    assert!(case.judge(1).expect("a verdict").holds);
    case.kind = "persistence".to_owned();
    let verdict = case.judge(1).expect("a verdict");
    assert!(!verdict.holds && !verdict.is_modelled);
}

#[test]
fn mistakes_are_named() {
    let error = parse("{}\n").expect_err("no case");
    assert!(
        error.starts_with("line 1: this is not a case: missing field `id`"),
        "{error}"
    );
    let bounds = r#"[{"of": "seconds", "at": "p50", "absolute": 1}]"#;
    let error = case(r#"{"data_bytes": -1}"#, "{}", bounds).judge(1);
    let message = "case `a`: `data_bytes` in config must be a number from 0 to 10^15";
    assert_eq!(error.expect_err("a mistake"), message);
    let loss = r#"{"failure": "process-crash", "packets_in_flight": "delivered",
        "seconds_of_load": 1000, "writes_per_s": 1000000, "one_way_us": 1}"#;
    let mut case = case(loss, "{}", bounds);
    case.kind = "crash-loss".to_owned();
    let message = "case `a`: `writes_per_s` makes 1000000000 in 1000 s; at most 20000000 can be \
                   simulated";
    assert_eq!(case.judge(1).expect_err("a mistake"), message);
    let line = r#"{"id": "a", "kind": "b", "engine": "c", "config": {}, "measured": {}}"#;
    let error = parse(&format!("{line}\n\n{line}\n")).expect_err("twice");
    assert_eq!(error, "line 3: there are two cases `a`");
}

/// The quartiles of the normal distribution lie 0.6745 deviations from its mean.
#[test]
fn jitter_is_normal_and_cut_at_zero() {
    let Distribution::Empirical(values) = normal(Span(1_000_000), Span(200_000)) else {
        panic!("a list of values");
    };
    assert!(values[256].0.abs_diff(1_000_000 - 134_900) < 500);
    assert!(values[768].0.abs_diff(1_000_000 + 134_900) < 500);
    let Distribution::Empirical(values) = normal(Span(100), Span(1000)) else {
        panic!("a list of values");
    };
    assert_eq!(values[0], Span::ZERO);
    assert_eq!(normal(Span(5), Span::ZERO), Distribution::Fixed(Span(5)));
}
