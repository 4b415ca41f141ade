//! What must follow when a scenario is changed in one respect.

use std::collections::BTreeMap;

use sessionsim::metrics::measurements::Measurements;
use sessionsim::probe::{Probe, RequestDone};
use sessionsim::scenario::Scenario;
use sessionsim::units::{Bytes, Span, Time};

use crate::support::{measure, metric, scenario, watch};

/// A class that a node cannot hold all sessions of.
fn crowded() -> Scenario {
    scenario(
        r#"
        seed = 4
        platform = "self-managed"
        duration = "90m"
        warmup = "30m"
        window = "10m"

        [store]
        engine = "redis-7.0"
        maxmemory = "3MiB"
        maxmemory_policy = "volatile-lru"

        [network]
        hop = "100us"

        [database]
        service_time = "2ms"
        on_lost_session = "restore"

        [[users]]
        login = true
        concurrent = 1500
        ramp_up = "5m"
        think_time = { exponential = "30s" }
        stay = { exponential = "10m" }
        modify_share = "20%"
        logout_share = "20%"
        return_share = "40%"
        away = { exponential = "20m" }

        [users.session]
        bytes = { uniform = ["1KB", "3KB"] }
        ttl = "30m"
        ttl_kind = "sliding"
        "#,
    )
}

fn with_memory(mebibytes: u64) -> Measurements {
    let mut scenario = crowded();
    scenario.store.maxmemory = Bytes(mebibytes << 20);
    measure(&scenario)
}

#[test]
fn more_memory_never_evicts_more_nor_hits_less() {
    let runs: Vec<Measurements> = [2, 3, 4, 6, 8, 16, 0]
        .into_iter()
        .map(with_memory)
        .collect();
    for pair in runs.windows(2) {
        for (name, sign, tolerance) in [
            ("evicted_keys", -1.0, 0.0),
            ("sessions_lost", -1.0, 0.0),
            ("session_hit_rate", 1.0, 0.0),
            ("db_queries", -1.0, 0.0),
            ("used_memory_max", 1.0, 0.0),
        ] {
            let (less, more) = (metric(&pair[0], name), metric(&pair[1], name));
            assert!(
                (more - less) * sign >= -tolerance,
                "{name}: {less}, with more memory {more}"
            );
        }
    }
    assert!(metric(&runs[0], "evicted_keys") > 10_000.0);
    assert_eq!(runs[6].counts.evicted_keys, 0);
    assert_eq!(runs[6].counts.lost_in_all(), 0);
}

/// The start of the measurement is a line in the books, and no more than that.
#[test]
fn a_warm_up_changes_nothing_but_what_is_counted() {
    let mut scenario = crowded();
    let short = measure(&scenario);
    scenario.warmup = Span::from_secs(3000);
    let long = measure(&scenario);
    // Rows end at other times, so the events differ; what happened to users does not.
    for name in ["requests", "sessions_created", "evicted_keys", "db_queries"] {
        assert!(metric(&long, name) < metric(&short, name), "{name}");
        assert!(metric(&long, name) > metric(&short, name) / 3.0, "{name}");
    }
    for name in ["session_hit_rate", "hit_rate", "latency.mean"] {
        let ratio = metric(&long, name) / metric(&short, name);
        assert!((0.95..1.05).contains(&ratio), "{name}: {ratio}");
    }
    assert_eq!(short.in_flight_at_end, long.in_flight_at_end);
    assert_eq!(short.counts.alive, long.counts.alive);
}

/// A window is only how often somebody looks.
#[test]
fn other_windows_count_the_same() {
    let mut scenario = crowded();
    let long = measure(&scenario);
    scenario.window = Span::from_secs(7);
    let short = measure(&scenario);
    assert_eq!(long.counts, short.counts);
    for name in [
        "latency.mean",
        "latency.p50",
        "latency.p999",
        "latency.max",
        "node_latency.p99",
    ] {
        assert_eq!(
            metric(&long, name).to_bits(),
            metric(&short, name).to_bits(),
            "{name}"
        );
    }
    assert_ne!(long.rows.len(), short.rows.len());
    for run in [&long, &short] {
        let mut sum = sessionsim::metrics::measurements::Counts::default();
        run.rows.iter().for_each(|row| sum.add(&row.counts));
        assert_eq!(sum, run.counts, "rows add up to the run");
    }
}

/// When requests were sent and when they were answered.
#[derive(Default)]
struct Latencies(BTreeMap<(Time, u16), Span>);

impl Probe for Latencies {
    fn request_done(&mut self, fact: &RequestDone) {
        self.0.insert((fact.issued, fact.class), fact.store_time);
    }
}

/// Draws belong to requests. Without queues a request takes exactly as long whoever else is there,
/// however many shards there are, and whatever is evicted, so long as it finds its session.
#[test]
fn a_request_takes_its_own_time() {
    let mut scenario = crowded();
    scenario.users[0].modify_share = sessionsim::units::Ratio::ZERO;
    scenario.store.maxmemory = Bytes(0);
    scenario.store.service_time =
        sessionsim::scenario::store::ServiceTime::Drawn(crate::support::fixed(Span::ZERO));
    scenario.network.hop = sessionsim::kernel::quantiles::Distribution::Uniform {
        min: Span::from_micros(100),
        max: Span::from_micros(500),
    };
    let one = watch(&scenario, Latencies::default()).0;
    scenario.store.shards = 8;
    let eight = watch(&scenario, Latencies::default()).0;
    let mut other = scenario.clone();
    other.users.push(other.users[0].clone());
    let more = watch(&other, Latencies::default()).0;
    assert!(one.len() > 100_000);
    for (what, other) in [("eight shards", &eight), ("another class", &more)] {
        let differs = |(sent, took): &(&(Time, u16), &Span)| other.get(sent) != Some(took);
        let differ = one.iter().filter(differs).count();
        // Some come while a server's cron is at work, which has other keys to reclaim.
        assert!(
            differ * 1000 < one.len(),
            "{what}: {differ} requests of {}",
            one.len()
        );
    }
}
