//! The bounds, at their edges.

use super::figures::Verdict;
use super::measured::{Config, Measured, Sample};
use super::*;

fn server(hits: u64, lost: u64) -> Measured {
    Measured {
        engine: "redis-7.0.15".to_owned(),
        clock: "virtual".to_owned(),
        start_unix_ms: 0,
        end_ms: 1000,
        hits,
        misses: 10_000 - hits,
        lost,
        expired: 0,
        refused: 100,
        evicted: 1000,
        idle_resident: Some(1000.0),
        idle_lost: None,
        series: (1..=40)
            .map(|n| Sample {
                millis: n * 1000,
                used_memory: 1_000_000,
                keys: 1000,
            })
            .collect(),
    }
}

fn ours() -> Observed {
    Observed {
        hit_ratio: 0.5,
        evicted: 1000.0,
        lost: 0.0,
        expired: 0.0,
        refused: 100.0,
        idle_resident: Some(1000.0),
        idle_lost: Some(5.0),
        samples: vec![[1e6, 1000.0]; 40],
    }
}

/// Names of the figures that are missed.
fn missed(policy: &str, servers: &[Measured], change: impl Fn(&mut Observed)) -> Vec<&'static str> {
    let servers: Vec<&Measured> = servers.iter().collect();
    let mut observed = ours();
    change(&mut observed);
    let verdict = Verdict::new("A", policy, &servers, &[observed]);
    let missed = verdict.figures.iter().filter(|figure| !figure.holds);
    let missed: Vec<_> = missed.map(|figure| figure.figure).collect();
    assert_eq!(verdict.holds, missed.is_empty());
    missed
}

#[test]
fn figures_hold_up_to_their_bounds() {
    let servers = [server(5000, 0)];
    let lru = |change: fn(&mut Observed)| missed("allkeys-lru", &servers, change);
    let none: [&str; 0] = [];
    assert_eq!(lru(|_| ()), none);
    assert_eq!(lru(|o| o.hit_ratio = 0.5029), none);
    assert_eq!(lru(|o| o.hit_ratio = 0.4969), ["hit ratio"]);
    let lfu = missed("volatile-lfu", &servers, |o| o.hit_ratio = 0.4951);
    assert_eq!(lfu, none);
    assert_eq!(lru(|o| o.evicted = 1020.0), none);
    assert_eq!(lru(|o| o.evicted = 979.0), ["evicted keys"]);
    assert_eq!(lru(|o| o.lost = 30.0), none);
    assert_eq!(lru(|o| o.lost = 31.0), ["lost"]);
    assert_eq!(lru(|o| o.expired = 31.0), ["expired misses"]);
    assert_eq!(lru(|o| o.refused = 98.0), none);
    assert_eq!(lru(|o| o.refused = 97.0), ["OOM errors"]);
    assert_eq!(
        lru(|o| o.idle_resident = Some(949.0)),
        ["idle age, resident"]
    );
    assert_eq!(lru(|o| o.idle_resident = None), ["idle age, resident"]);
    // Two samples of forty may be off, three may not.
    assert_eq!(lru(|o| o.samples[..2].fill([2e6, 1e3])), none);
    assert_eq!(
        lru(|o| o.samples[..3].fill([1_010_001.0, 1e3])),
        ["samples, used_memory"]
    );
    assert_eq!(lru(|o| o.samples[..3].fill([1_010_000.0, 1020.0])), none);
    assert_eq!(
        lru(|o| o.samples[..3].fill([1e6, 1021.0])),
        ["samples, keys"]
    );
    assert_eq!(
        lru(|o| o.samples.truncate(30)).len(),
        2,
        "samples must be there"
    );
}

#[test]
fn of_three_repeats_the_range_counts_too() {
    let repeats = [server(5000, 0), server(5100, 0), server(5050, 300)];
    let none: [&str; 0] = [];
    // Their means: 0.505 and 100; their ranges: 0.01 and 300.
    let far = |o: &mut Observed| (o.hit_ratio, o.lost) = (0.4951, 399.0);
    assert_eq!(missed("allkeys-lru", &repeats, far), none);
    let farther = |o: &mut Observed| (o.hit_ratio, o.lost) = (0.4949, 401.0);
    assert_eq!(
        missed("allkeys-lru", &repeats, farther),
        ["hit ratio", "lost"]
    );
    // Of two it does not.
    let far = |o: &mut Observed| o.hit_ratio = 0.5011;
    assert_eq!(missed("allkeys-lru", &repeats[..2], far), ["hit ratio"]);
}

#[test]
fn medians_are_between_the_middle_values() {
    assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
    assert_eq!(median(Vec::new()), None);
}

#[test]
fn settings_of_the_server_are_taken_from_where_they_stand() {
    let config = Config::parse(
        r#"{"policy": "allkeys-lfu", "hz": 100,
            "server_args": {"hz": 50, "lfu-log-factor": "7", "activedefrag": "yes"}}"#,
    )
    .unwrap();
    let setup = config.setup().unwrap();
    assert_eq!((setup.store.hz, setup.store.lfu_log_factor), (100, 7));
    assert_eq!(config.settings_not_modelled(), ["activedefrag"]);
    let wrong = Config::parse(r#"{"policy": "noeviction", "samples": 65}"#).unwrap();
    let error = wrong.setup().unwrap_err();
    assert_eq!(error, "`samples` is 65, not from 1 to 64");
}
