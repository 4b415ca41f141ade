use std::collections::BTreeMap;

use super::baseline::{Observed, Point, read_summary, read_sweep};
use super::regression::{judge, watched};
use super::{Check, Checks, Kind, Status, annotations, markdown};
use crate::metrics::catalogue::{Metric, catalogue};
use crate::report::identity::RESULTS_VERSION;
use crate::units::Ratio;

const BILLION: i128 = 1_000_000_000;
const PERCENT: Ratio = Ratio(10_000_000);

fn metric(name: &str) -> Vec<Metric> {
    watched(&catalogue(), &[name.to_owned()], &[]).unwrap()
}

/// A point with a replicate for each value, which is in billionths.
fn observed(design: &str, seed: u64, values: &[i128]) -> Observed {
    let replicates = values.iter().map(|value| vec![Some(*value)]);
    let point = Point {
        design: design.to_owned(),
        seed,
        measured_seconds: Some(600.0),
        replicates: (0..).zip(replicates).collect(),
    };
    Observed {
        results_version: RESULTS_VERSION,
        points: BTreeMap::from([(String::new(), point)]),
    }
}

fn verdict(name: &str, before: &[i128], now: &[i128], tolerance: Ratio) -> (Status, String) {
    let before = observed("a", 1, before);
    let found = judge(&before, &observed("b", 1, now), &metric(name), tolerance);
    assert_eq!(found.len(), 1);
    (found[0].status, found[0].why.clone())
}

#[test]
fn the_interval_decides() {
    // Differences of 10, 20 and 30: mean 20, deviation 10, t of 2 degrees of freedom at 97.5 %
    // is 4.3027, so the interval is 20 -+ 24.84.
    let before = [100, 200, 300].map(|value| value * BILLION);
    let now = [110, 220, 330].map(|value| value * BILLION);
    let zero = Ratio(0);
    let (status, why) = verdict("sessions_lost", &before, &now, zero);
    assert_eq!(status, Status::Open);
    assert!(why.starts_with("inconclusive: 220 after 200"), "{why}");
    // 5 worse than 200 at best and 45 at worst: 22.5 % and more excludes a regression.
    let tolerant = |share| verdict("sessions_lost", &before, &now, Ratio(share)).0;
    assert_eq!(tolerant(224_000_000), Status::Open);
    assert_eq!(tolerant(224_300_000), Status::Passed);
    // Differences of 20, 20 and 23: 21 -+ 4.303; 16.697 is 8.35 % of 200.
    let now = [120, 220, 323].map(|value| value * BILLION);
    let tolerant = |share| verdict("sessions_lost", &before, &now, Ratio(share)).0;
    assert_eq!(tolerant(83_400_000), Status::Failed);
    assert_eq!(tolerant(83_600_000), Status::Open);
    // The other way round it is better, however much.
    assert_eq!(
        verdict("sessions_lost", &now, &before, zero).0,
        Status::Passed
    );
}

#[test]
fn a_share_is_tolerated_by_what_it_lacks() {
    // 1 % of the misses of 99 % is 0.01 points.
    let lose = |loss: i128| {
        let now = 990_000_000 - loss;
        verdict("session_hit_rate", &[990_000_000], &[now], PERCENT).0
    };
    assert_eq!(lose(99_000), Status::Passed);
    assert_eq!(lose(101_000), Status::Failed);
    assert_eq!(lose(-1_000_000), Status::Passed);
    // Of nothing, nothing is tolerated.
    let (status, _) = verdict("sessions_lost", &[0], &[BILLION], PERCENT);
    assert_eq!(status, Status::Failed);
    let whole = verdict("session_hit_rate", &[BILLION], &[BILLION - 1], PERCENT);
    assert_eq!(whole.0, Status::Failed);
}

#[test]
fn what_cannot_be_compared_is_open() {
    let metrics = metric("sessions_lost");
    let one = |before: &Observed, now: &Observed| {
        let found = judge(before, now, &metrics, PERCENT);
        (found[0].status, found[0].why.clone())
    };
    let base = observed("a", 1, &[BILLION]);
    // Of other users a single run says nothing; several do.
    assert_eq!(
        one(&base, &observed("b", 2, &[9 * BILLION])).0,
        Status::Open
    );
    let several = [1, 2, 1].map(|value| value * BILLION);
    let worse = [91, 92, 90].map(|value| value * BILLION);
    let several = observed("a", 1, &several);
    assert_eq!(one(&several, &observed("b", 2, &worse)).0, Status::Failed);
    // Another version of the results: only what is equal is decided.
    let mut old = several.clone();
    old.results_version = RESULTS_VERSION - 1;
    assert_eq!(one(&old, &observed("b", 1, &worse)).0, Status::Open);
    let (status, why) = one(
        &old,
        &observed("a", 1, &[1, 2, 1].map(|value| value * BILLION)),
    );
    assert_eq!(status, Status::Passed);
    assert!(why.ends_with("the difference is exactly zero"), "{why}");
    // No value on one side, no replicate in common, no such point.
    let mut none = observed("b", 1, &[0]);
    none.points.get_mut("").unwrap().replicates = BTreeMap::from([(0, vec![None])]);
    assert_eq!(one(&base, &none).0, Status::Open);
    assert_eq!(one(&none, &none).0, Status::Skipped);
    let mut apart = observed("b", 1, &[0]);
    apart.points.get_mut("").unwrap().replicates = BTreeMap::from([(7, vec![Some(0)])]);
    assert_eq!(one(&base, &apart).0, Status::Open);
    let elsewhere = Observed {
        points: BTreeMap::from([("ttl = 1h".to_owned(), Point::default())]),
        ..base.clone()
    };
    assert_eq!(one(&elsewhere, &base).0, Status::Skipped);
}

#[test]
fn what_is_watched() {
    let names = |asked: &[&str], expected: &[&str]| {
        let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
        let found = watched(&catalogue(), &asked, expected).unwrap();
        let names = found.iter().map(|metric| metric.name.to_string());
        names.collect::<Vec<String>>()
    };
    assert_eq!(names(&["hit_rate"], &["latency.p99"]), ["hit_rate"]);
    let twice = ["latency.p99", "requests", "latency.p99"];
    assert_eq!(names(&[], &twice), ["latency.p99"]);
    // `requests` is neither better nor worse for changing.
    assert_eq!(names(&[], &["requests"]).len(), 6);
    assert_eq!(names(&[], &[]).len(), 6);
}

#[test]
fn files_that_are_no_baseline_are_told_apart() {
    let metrics = metric("sessions_lost");
    let summary = |complete: bool, lost: &str| {
        let text = format!(
            "{{\"scenario_sha256\": \"a\", \"seed\": 1, \"replicate\": 2, \"results_version\": 2, \
             \"complete\": {complete}, \"metrics\": {{\"sessions_lost\": {lost}}}}}"
        );
        read_summary(text.as_bytes(), &metrics)
    };
    let read = summary(true, "18446744073709551615").unwrap();
    let exact = Some(i128::from(u64::MAX) * BILLION);
    assert_eq!(read.points[""].replicates[&2], [exact]);
    assert_eq!(
        summary(true, "null").unwrap().points[""].replicates[&2],
        [None]
    );
    assert!(summary(false, "1").unwrap_err().contains("interrupted"));
    assert!(
        read_summary(&b"{}"[..], &metrics)
            .unwrap_err()
            .contains("no summary")
    );

    let document = "{\"results_version\": 2, \"axes\": [{\"name\": \"ttl\"}], \
                    \"points\": [{\"scenario_sha256\": \"a\", \"seed\": 1}]}";
    let sweep = |rows: &str| read_sweep(document.as_bytes(), rows.as_bytes(), &metrics);
    let head = "point,ttl,replicate,status,sessions_lost\n";
    let read = sweep(&format!("{head}0,1h,0,done,3\n0,1h,1,failed,\n")).unwrap();
    let replicates = &read.points["ttl = 1h"].replicates;
    assert_eq!(replicates, &BTreeMap::from([(0, vec![Some(3 * BILLION)])]));
    for (rows, why) in [
        ("point,replicate,status\n", "no column `ttl`"),
        (&*format!("{head}1,1h,0,done,3\n"), "a run of point `1`"),
        (
            &*format!("{head}0,1h,0,done,three\n"),
            "`three` is no value of sessions_lost",
        ),
        (
            &*format!("{head}0,1h,0,done,inf\n"),
            "`inf` is no value of sessions_lost",
        ),
        (&*format!("{head}0,1h\n"), "points.csv is malformed"),
    ] {
        let told = sweep(rows).unwrap_err();
        assert!(told.contains(why), "{told}");
    }
}

fn checks(failed: usize, open: usize, passed: usize) -> Checks {
    let check = |status, number: usize| Check {
        kind: Kind::Baseline,
        what: format!("latency.p99 < {number}ms"),
        at: "ttl = 1h".to_owned(),
        status,
        why: "it is 5 ms | 100%\nof <b>it</b>".to_owned(),
        line: Some(3),
    };
    let of = |status, count| (0..count).map(move |number| check(status, number));
    let list = of(Status::Failed, failed)
        .chain(of(Status::Open, open))
        .chain(of(Status::Passed, passed));
    Checks {
        scenario: "shop".to_owned(),
        file: "a,b:c.toml".to_owned(),
        list: list.collect(),
    }
}

#[test]
fn annotations_stay_within_what_a_runner_keeps() {
    let lines = |failed, open| {
        let text = annotations::render(&checks(failed, open, 5));
        text.lines().map(str::to_owned).collect::<Vec<String>>()
    };
    assert_eq!(lines(0, 0).len(), 0);
    assert_eq!(lines(10, 1).len(), 11);
    let many = lines(11, 300);
    assert_eq!(many.len(), 20);
    assert!(many[9].contains("::2 more checks failed;"), "{}", many[9]);
    assert!(
        many[19].contains("::291 more checks are inconclusive;"),
        "{}",
        many[19]
    );
    assert_eq!(
        many[0],
        "::error file=a%2Cb%3Ac.toml,line=3,title=worse than the baseline::\
         latency.p99 < 0ms at ttl = 1h: it is 5 ms | 100%25%0Aof <b>it</b>"
    );
}

#[test]
fn a_summary_stays_within_what_a_step_may_write() {
    let many = checks(3, 2, 100_000);
    for taken in [0, 100 << 10, 900 << 10, 1 << 20, 1 << 40] {
        let text = markdown::render(&many, taken);
        assert!(text.len() <= 512 << 10, "{}", text.len());
        let left = (1_u64 << 20).saturating_sub(taken);
        assert!(
            text.len() as u64 <= left.max(512),
            "{taken}: {}",
            text.len()
        );
        assert!(text.contains("left out, since a summary holds no more."));
        // A line break or a bar within a cell would end the row.
        for row in text.lines().filter(|line| line.starts_with("| ")).skip(2) {
            let bars = row.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 5, "{row}");
        }
    }
    let text = markdown::render(&many, 0);
    let place = |sign: &str| text.find(sign).unwrap();
    assert!(place("| \u{274c}") < place("| \u{26a0}") && place("| \u{26a0}") < place("| \u{2705}"));
    assert!(text.contains("100%") && text.contains("\\<b\\>"));
}

/// Half as many losses in half the time are no progress.
#[test]
fn counts_of_runs_of_other_lengths_are_not_compared() {
    let lost = metric("sessions_lost");
    let before = observed("a", 1, &[10 * BILLION]);
    let mut now = observed("b", 1, &[5 * BILLION]);
    for point in now.points.values_mut() {
        point.measured_seconds = Some(300.0);
    }
    let verdicts = judge(&before, &now, &lost, Ratio::ZERO);
    assert_eq!(verdicts[0].status, Status::Open);
    assert!(
        verdicts[0]
            .why
            .contains("measured for 5 minutes instead of 10 minutes"),
        "{}",
        verdicts[0].why
    );
    // A share is one of any time.
    let rate = metric("session_hit_rate");
    let verdicts = judge(&before, &now, &rate, Ratio::ZERO);
    assert_ne!(verdicts[0].status, Status::Open);
}
