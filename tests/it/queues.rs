//! Waiting, through the whole world, against queueing theory.
//!
//! Users with exponential think times whose intents do not wait for replies are together a Poisson
//! process, whatever their number.

use sessionsim::metrics::measurements::{Group, Measurements};

use crate::support::{assert_close, assert_near, measure, metric, scenario};

/// Mean service time of a command, in seconds.
const SERVICE: f64 = 0.001;

/// GETs that arrive as a Poisson process at one node that is busy for a share `utilisation` of
/// the time; about two million of them.
fn node_under_load(utilisation: f64, service: &str) -> Measurements {
    let think = 10.0;
    let users = (utilisation / SERVICE * think) as u64;
    let measured = (2_000_000.0 * SERVICE / utilisation) as u64;
    measure(&scenario(&format!(
        r#"
        platform = "self-managed"
        duration = "{duration}s"
        warmup = "60s"
        window = "60s"

        [store]
        engine = "redis-7.0"
        service_time = {service}

        [network]
        hop = "150us"

        [[users]]
        login = false
        concurrent = {users}
        ramp_up = "10s"
        think_time = {{ exponential = "{think}s" }}
        stay = "365d"
        modify_share = "0%"

        [users.session]
        bytes = "1KB"
        ttl_kind = "none"
        read = ["GET"]
        "#,
        duration = measured + 60,
    )))
}

/// The sojourn in an M/M/1 queue is exponential with mean 1 / (mu - lambda).
#[test]
fn sojourn_at_a_node_as_in_m_m_1() {
    for (utilisation, tolerance) in [(0.3, 0.01), (0.7, 0.02), (0.9, 0.05)] {
        let run = node_under_load(utilisation, "{ exponential = \"1ms\" }");
        let mean = SERVICE / (1.0 - utilisation);
        let what = |figure: &str| format!("{figure} at utilisation {utilisation}");
        let close = |figure: &str, expected: f64| {
            assert_close(&what(figure), metric(&run, figure), expected, tolerance);
        };
        close("node_latency.mean", mean);
        close("node_latency.p50", mean * std::f64::consts::LN_2);
        close("node_latency.p90", mean * libm::log(10.0));
        close("node_latency.p99", mean * libm::log(100.0));
        // The application sees a hop there and one back besides.
        close("latency.mean", mean + 0.0003);
        close("latency.read.p50", mean * std::f64::consts::LN_2 + 0.0003);
        busy(&run, utilisation, 1.0);
    }
}

/// Pollaczek and Khinchine: half the wait of an M/M/1 queue where service always takes as long.
#[test]
fn sojourn_at_a_node_as_in_m_d_1() {
    for (utilisation, tolerance) in [(0.3, 0.01), (0.7, 0.02), (0.9, 0.05)] {
        let run = node_under_load(utilisation, "{ fixed = \"1ms\", per_kib = \"0s\" }");
        let mean = SERVICE * (1.0 + utilisation / (2.0 * (1.0 - utilisation)));
        assert_close(
            &format!("mean sojourn at utilisation {utilisation}"),
            metric(&run, "node_latency.mean"),
            mean,
            tolerance,
        );
        busy(&run, utilisation, 0.0);
    }
}

/// A wide mixture of short and long commands, whose squared coefficient of variation is known:
/// a tenth of them take 8.2 times as long as the others.
#[test]
fn sojourn_at_a_node_as_in_m_g_1() {
    let list: Vec<String> = (0..10)
        .map(|n| (if n == 9 { "4780us" } else { "580us" }).to_owned())
        .collect();
    let utilisation = 0.7;
    let run = node_under_load(utilisation, &format!("{{ values = {list:?} }}"));
    let second_moment = 0.9 * 0.58 * 0.58 + 0.1 * 4.78 * 4.78;
    let mean = 1.0 + utilisation * second_moment / (2.0 * (1.0 - utilisation));
    assert_close(
        "mean sojourn",
        metric(&run, "node_latency.mean"),
        mean * SERVICE,
        0.03,
    );
}

/// The busiest of some dozen minutes lies above the utilisation, by chance alone. The busy time of
/// a minute has variance lambda E[S^2] per second; a fixed service time has half the second moment
/// of an exponential one.
fn busy(run: &Measurements, utilisation: f64, variation: f64) {
    let second_moment = SERVICE * SERVICE * (1.0 + variation);
    let deviation = (utilisation / SERVICE * second_moment / 60.0).sqrt();
    let most = metric(run, "engine_cpu_max");
    assert!(
        (utilisation..utilisation + 5.0 * deviation).contains(&most),
        "engine_cpu_max {most} at utilisation {utilisation}, deviation {deviation}"
    );
    let minutes: Vec<f64> = run
        .rows
        .iter()
        .filter_map(|row| row.gauges.engine_cpu)
        .map(|billionths| billionths as f64 / 1e9)
        .collect();
    let mean = minutes.iter().sum::<f64>() / minutes.len() as f64;
    let tolerance = 5.0 * deviation / (minutes.len() as f64).sqrt();
    assert_near("mean engine_cpu", mean, utilisation, tolerance);
}

/// Logins that arrive as a Poisson process at a database of `concurrency` connections, each with
/// one query of 10 ms in the mean.
fn database_under_load(
    rate: u32,
    concurrency: u32,
    queue_limit: u32,
    seconds: u64,
) -> Measurements {
    measure(&scenario(&format!(
        r#"
        platform = "self-managed"
        duration = "{duration}s"
        warmup = "60s"
        window = "60s"

        [store]
        engine = "redis-7.0"

        [database]
        concurrency = {concurrency}
        queue_limit = {queue_limit}
        service_time = {{ exponential = "10ms" }}
        on_lost_session = "login"

        [[users]]
        login = true
        arrival_rate = "{rate}/s"
        think_time = "10s"
        stay = "1s"
        logout_share = "0%"

        [users.session]
        bytes = "100B"
        ttl = "1s"
        "#,
        duration = seconds + 60,
    )))
}

/// Weights of the states of an M/M/c queue with at most `most` customers.
fn weights(load: f64, servers: u32, most: u32) -> Vec<f64> {
    let mut weight = 1.0;
    (0..=most)
        .map(|n| {
            let now = weight;
            weight *= load / f64::from((n + 1).min(servers));
            now
        })
        .collect()
}

/// Erlang C: the mean time in an M/M/c queue.
#[test]
fn queries_wait_as_in_m_m_c() {
    let (rate, servers) = (640, 8);
    let run = database_under_load(rate, servers, 1_000_000, 1500);
    let load = f64::from(rate) * 0.01;
    let below: f64 = weights(load, servers, servers - 1).iter().sum();
    let full = weights(load, servers, servers)[servers as usize];
    let utilisation = load / f64::from(servers);
    let waiting = full / (1.0 - utilisation);
    let erlang_c = waiting / (below + waiting);
    let wait = erlang_c * 0.01 / (f64::from(servers) * (1.0 - utilisation));
    assert_close(
        "mean time of a query",
        metric(&run, "db_latency.mean"),
        0.01 + wait,
        0.02,
    );
    assert!(run.counts.db_queries > 900_000 && run.counts.db_refused == 0);
}

/// M/M/c/K: whoever finds no place to wait is refused, and arrivals see time averages.
#[test]
fn queries_are_refused_as_in_m_m_c_k() {
    let (rate, servers, places) = (240, 2, 3);
    let run = database_under_load(rate, servers, places, 1500);
    let weights = weights(f64::from(rate) * 0.01, servers, servers + places);
    let blocked = weights[5] / weights.iter().sum::<f64>();
    assert_close(
        "share refused",
        metric(&run, "db_refused") / metric(&run, "db_queries"),
        blocked,
        0.02,
    );
    // Little's law: those who are admitted spend as long there as theory has of them there.
    let there: f64 = (0u32..).zip(&weights).map(|(n, w)| f64::from(n) * w).sum();
    let mean = there / weights.iter().sum::<f64>() / (f64::from(rate) * (1.0 - blocked));
    assert_close(
        "mean time of an admitted query",
        metric(&run, "db_latency.mean"),
        mean,
        0.02,
    );
    // A login that the database refuses creates no session.
    let counts = &run.counts;
    assert!(
        counts
            .created
            .abs_diff(counts.db_queries - counts.db_refused)
            < 10
    );
    assert!(run.latency(Group::Login).count().abs_diff(counts.created) < 10);
}
