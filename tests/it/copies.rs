//! Classes that are alike in all but their users.

use std::collections::BTreeMap;

use sessionsim::metrics::measurements::Measurements;
use sessionsim::metrics::parts::class_names;
use sessionsim::probe::{Probe, RequestDone, RequestKind};
use sessionsim::scenario::Scenario;
use sessionsim::units::Time;

use crate::desk::Desk;
use crate::support::{assert_near, measure, scenario, watch};

/// Tenants whose users come at a rate or are so many at a time, and staff behind them.
fn tenants(lines: &str, start: &str) -> String {
    format!(
        r#"
        seed = 5
        platform = "self-managed"
        duration = "2h"
        {start}

        [store]
        maxmemory = "1GiB"

        [[users]]
        name = "tenant"
        {lines}
        think_time = {{ uniform = ["5s", "60s"] }}
        stay = {{ exponential = "10m" }}
        return_share = "50%"
        away = {{ exponential = "20m" }}

        [users.session]
        bytes = {{ lognormal = {{ median = "1KB", p99 = "8KB" }} }}
        ttl = "30m"

        [[users]]
        name = "staff"
        login = false
        arrival_rate = "60/h"

        [users.session]
        bytes = "2KB"
        ttl = "15m"
        "#
    )
}

/// What was sent when, by class.
#[derive(Default)]
struct Sent(BTreeMap<u16, BTreeMap<(Time, RequestKind), u32>>);

impl Probe for Sent {
    fn request_done(&mut self, fact: &RequestDone) {
        // What lies so late can still be on its way when the run ends.
        if fact.first_attempt && fact.issued < Time(7_190_000_000_000) {
            let of_class = self.0.entry(fact.class).or_default();
            *of_class.entry((fact.issued, fact.kind)).or_default() += 1;
        }
    }
}

fn sent(scenario: &Scenario) -> Sent {
    watch(scenario, Sent::default())
}

/// How many copies a class has is nothing to anybody else, nor to the copies that there are anyway.
#[test]
fn further_copies_change_nobody() {
    let of = |copies: u32, users: &str| {
        let lines = format!("copies = {copies}\n{users}");
        sent(&scenario(&tenants(&lines, "")))
    };
    for (three, eight) in [
        ("concurrent = 30", "concurrent = 80"),
        ("arrival_rate = \"108/h\"", "arrival_rate = \"288/h\""),
    ] {
        let (mut three, mut eight) = (of(3, three), of(8, eight));
        assert_eq!((three.0.len(), eight.0.len()), (4, 9));
        let staff = eight.0.remove(&8).unwrap();
        assert!(staff.len() > 500);
        assert_eq!(three.0.remove(&3).unwrap(), staff);
        for (copy, requests) in three.0 {
            assert_eq!(requests, eight.0[&copy], "copy {copy}");
        }
    }
}

/// The first of the copies is what the class would be with so many users.
#[test]
fn a_copy_is_a_class_like_any_other() {
    let alone = sent(&scenario(&tenants("concurrent = 10", "")));
    let copies = sent(&scenario(&tenants("copies = 4\nconcurrent = 40", "")));
    assert_eq!(alone.0[&0], copies.0[&0]);
    assert_ne!(copies.0[&0], copies.0[&1], "copies have users of their own");
}

fn visits(run: &Measurements) -> Vec<f64> {
    let of_classes = run.classes.iter();
    let visits = of_classes.map(|class| class.counts.visits_with_login as f64);
    visits.collect()
}

/// So many users come to each copy as its share says: Pearson's chi-square, of which one in a
/// thousand exceeds 27.9 with nine degrees of freedom.
#[test]
fn users_are_shared_out_by_zipfs_law() {
    let lines = "copies = 10\nshare = \"zipf\"\nskew = 1.5\narrival_rate = \"6000/h\"";
    let once = tenants(lines, "").replace("return_share = \"50%\"", "return_share = \"0%\"");
    let of = visits(&measure(&scenario(&once)));
    let weights: Vec<f64> = (1..=10).map(|k| libm::pow(f64::from(k), -1.5)).collect();
    let all: f64 = weights.iter().sum();
    // The first half of the run is its warm-up, at most as long as the TTL.
    let expected = weights.iter().map(|weight| 6000.0 * 1.5 * weight / all);
    let distance: f64 = expected
        .zip(&of)
        .map(|(expected, found)| (found - expected).powi(2) / expected)
        .sum();
    assert!(distance < 27.9, "{distance}: {of:?}");
}

/// Copies have a past, too: from the start on each has as many sessions as later.
#[test]
fn copies_begin_in_the_middle() {
    let start = "start = \"stationary\"";
    let lines = "copies = 50\narrival_rate = \"3000/h\"";
    let run = measure(&scenario(&tenants(lines, start)));
    let live = |row: usize| run.rows[row].gauges.live_sessions.unwrap() as f64;
    let last = run.rows.len() - 1;
    assert_near("live sessions", live(0), live(last), 0.1 * live(last));
    assert!(run.classes[..50].iter().all(|c| c.counts.created > 0));
}

/// Thousands of copies are told apart in the result, by name.
#[test]
fn each_copy_has_a_line_of_its_own() {
    let text = tenants("copies = 3_000\nshare = \"zipf\"\nconcurrent = 4_000", "");
    let text = text.replace("duration = \"2h\"", "duration = \"10m\"");
    let names: Vec<String> = class_names(&scenario(&text))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names.len(), 3_001);
    assert_eq!(
        [&names[0], &names[2_999], &names[3_000]],
        ["tenant-1", "tenant-3000", "staff"]
    );
    let desk = Desk::new();
    desk.write("tenants.toml", &text);
    desk.succeed(&["run", "tenants.toml", "--quiet", "--out", "result"]);
    let table = desk.read("result/classes.csv");
    for name in [&names[0], &names[2_999]] {
        let line = format!("{name},requests,");
        assert!(table.contains(&line), "no line {line}");
    }
}
