//! Replicas and zones: whom a request reaches over which way, what a replica has by then, and what
//! crosses from zone to zone.

use sessionsim::metrics::measurements::Measurements;
use sessionsim::scenario::Scenario;
use sessionsim::units::Span;

use crate::support::{assert_close, assert_near, fixed, measure, metric, scenario};

/// Guests who change their session with each request, 1 ms one way within a zone.
fn shop(store: &str, network: &str, users: &str) -> Scenario {
    scenario(&format!(
        "duration = \"20m\"\nwarmup = \"5m\"\nplatform = \"self-managed\"\n\
         [store]\nmaxmemory = \"0B\"\nservice_time = \"10us\"\n{store}\n\
         [network]\nhop = \"1ms\"\n{network}\n\
         [[users]]\nname = \"guests\"\nlogin = false\nconcurrent = 200\n\
         think_time = \"2s\"\nstay = \"5m\"\n{users}\n\
         [users.session]\nbytes = \"500B\"\nttl = \"10m\"\n"
    ))
}

const THREE: &str = "zones = [\"a\", \"b\", \"c\"]\ncross_zone = \"3ms\"";

fn measured(store: &str, network: &str, users: &str) -> Measurements {
    measure(&shop(store, network, users))
}

/// Each request is a GET and an EXPIRE, or a GET and a SET: twice there and back.
#[test]
fn a_request_takes_the_ways_between_the_zones() {
    let service = 2.0 * 10e-6;
    let mean =
        |network: &str, users: &str| metric(&measured("", network, users), "latency.read.mean");
    assert_near("one zone", mean("", ""), 4.0 * 1e-3 + service, 2e-6);
    // A third of the users is in the node's zone.
    let expected = 4.0 * (1.0 + 2.0 * 3.0) / 3.0 * 1e-3 + service;
    assert_close("three zones", mean(THREE, ""), expected, 0.01);
    assert_near("zone a", mean(THREE, "zone = \"a\""), 4e-3 + service, 2e-6);
    assert_near("zone b", mean(THREE, "zone = \"b\""), 12e-3 + service, 2e-6);
    let pair = format!("{THREE}\n[[network.pairs]]\nzones = [\"c\", \"a\"]\nhop = \"5ms\"");
    assert_near("zone c", mean(&pair, "zone = \"c\""), 20e-3 + service, 2e-6);
}

/// What a replica is for does not change what users do, nor what becomes of their sessions.
#[test]
fn replicas_that_nobody_reads_change_nothing_but_their_own_figures() {
    let alone = measured("", "", "");
    let with = measured("replicas = 3", "", "");
    assert_eq!(alone.counts.requests, with.counts.requests);
    for name in [
        "hit_rate",
        "sessions_created",
        "latency.mean",
        "latency.p999",
        "commands",
    ] {
        assert_eq!(
            metric(&alone, name).to_bits(),
            metric(&with, name).to_bits(),
            "{name}"
        );
    }
    // The delay and the time to apply, at moments at which something is on its way.
    assert!(metric(&with, "replication_lag.max") <= 1.05e-3);
    assert!(metric(&with, "replication_lag_reported.max") > 0.5);
    assert!(metric(&with, "replication_lag_reported.max") < 1.1);
}

/// Reads of a replica in the client's own zone cost no way between zones; writes do.
#[test]
fn reads_in_the_same_zone_stay_there() {
    let of = |reads: &str| {
        let store = format!("replicas = 2\nreads = \"{reads}\"");
        let run = measured(&store, THREE, "");
        (
            metric(&run, "latency.read.mean"),
            metric(&run, "cross_zone_bytes"),
            run,
        )
    };
    let (primary, primary_bytes, _) = of("primary");
    let (near, near_bytes, run) = of("same-zone");
    let service = 2.0 * 10e-6;
    let write = 2.0 * (1.0 + 2.0 * 3.0) / 3.0 * 1e-3;
    assert_close("at the primary", primary, 2.0 * write + service, 0.01);
    assert_close("near", near, write + 2e-3 + service, 0.01);
    assert!(
        near_bytes < primary_bytes * 0.7,
        "{near_bytes} of {primary_bytes}"
    );
    assert_near("stale", metric(&run, "stale_reads"), 0.0, 0.0);
    let streamed = metric(&run, "cross_zone_bytes.replication");
    assert!(streamed > 0.0);
}

/// A request that comes 10 ms after the write that created its session, and reads at a replica
/// that is 50 ms behind, finds nothing.
#[test]
fn a_session_that_is_not_there_yet_looks_lost() {
    let far = "zones = [\"a\", \"b\"]\ncross_zone = \"50ms\"";
    let store = "replicas = 1\nreads = \"same-zone\"";
    let quick = "zone = \"b\"\nparallel = 1\npacing = \"after-reply\"";
    // From the application's zone the write takes as long to the primary as back to the replica.
    let run = measured(store, far, quick);
    assert_near(
        "stale at the replica's side",
        metric(&run, "stale_reads"),
        0.0,
        0.0,
    );
    // Three zones: the way round by the primary is longer than the direct one.
    let detour = "zones = [\"a\", \"b\", \"c\"]\ncross_zone = \"200ms\"\n\
                  [[network.pairs]]\nzones = [\"a\", \"c\"]\nhop = \"1ms\"\n\
                  [[network.pairs]]\nzones = [\"b\", \"c\"]\nhop = \"1ms\"";
    let store = "replicas = 1\nreads = \"any-replica\"\nzones = [\"a\", \"b\"]";
    let mut shop = shop(store, detour, "zone = \"c\"");
    shop.users[0].think_time = fixed(Span::from_millis(100));
    let run = measure(&shop);
    let stale = metric(&run, "stale_reads");
    let reads = metric(&run, "requests");
    // Written 100 ms before, on a way of 200 ms: each read behind a change is too early.
    assert!(stale > 0.3 * reads, "{stale} of {reads}");
    assert!(metric(&run, "stale_reads.not_there") > 0.0);
    assert!(metric(&run, "guest_resets") > 0.0);
}

/// Offered twice what it carries, a link falls behind by half of the time.
#[test]
fn a_link_that_is_too_slow_falls_behind() {
    let mut slow = shop("replicas = 1", "replication_bandwidth = \"1Mbps\"", "");
    slow.users[0].think_time = fixed(Span::from_millis(100));
    slow.duration = Span::from_secs(120);
    slow.warmup = Span::from_secs(60);
    let run = measure(&slow);
    // Nearly 2,000 PEXPIREATs and SETs a second fill far more than 1 Mb/s.
    assert!(metric(&run, "replication_lag.max") > 10.0);
    let lag = metric(&run, "replication_lag.max");
    let reported = metric(&run, "replication_lag_reported.max");
    assert!(
        reported >= lag && reported < lag + 3.0,
        "{lag} and {reported}"
    );
}

/// Members who change their session with each request, at exponential intervals: many of them are a
/// Poisson stream of equal writes. Over links of 2 Mb/s to a replica in another zone.
fn poisson(users: u32, minutes: u32) -> (Measurements, f64, f64) {
    let run = measure(&scenario(&format!(
        "duration = \"{}m\"\nwarmup = \"2m\"\nwindow = \"10s\"\nplatform = \"self-managed\"\n\
         [store]\nengine = \"redis-7.0\"\nmaxmemory = \"0B\"\nreplicas = 1\n\
         [network]\nhop = \"100us\"\nzones = [\"a\", \"b\"]\ncross_zone = \"500us\"\n\
         replication_bandwidth = \"2Mbps\"\n\
         [[users]]\nname = \"members\"\nconcurrent = {users}\nramp_up = \"1m\"\n\
         modify_share = \"100%\"\nthink_time = {{ exponential = \"2s\" }}\nstay = \"2h\"\n\
         [users.session]\nbytes = \"500B\"\nttl = \"2h\"\n",
        minutes + 2
    )));
    let writes = metric(&run, "requests");
    let rate = writes / (60.0 * f64::from(minutes));
    let bytes = metric(&run, "cross_zone_bytes.replication") / writes;
    (run, rate, bytes)
}

/// The wait of M/D/1 (Pollaczek and Khinchine), as whoever looks at random times sees it: the oldest
/// write that is not applied is as old as the wait of one that would come now. Behind the queue all
/// take the same time; if nothing queued, the first of those that came within it is the oldest.
#[test]
fn a_poisson_stream_lags_as_m_d_1() {
    for (users, tolerance) in [(370, 0.05), (620, 0.08)] {
        let (run, rate, bytes) = poisson(users, 50);
        let service = 8.0 * (bytes + 52.0) / 2e6;
        let rho = rate * service;
        let behind = 500e-6 + 50e-6;
        let idle = behind - (1.0 - libm::exp(-rate * behind)) / rate;
        let wait = rho * service / (2.0 * (1.0 - rho));
        let expected = wait + rho * behind + (1.0 - rho) * idle;
        let lag = metric(&run, "replication_lag.mean");
        assert!((0.4..0.9).contains(&rho), "{rho}");
        assert_close(&format!("lag at {rho:.3}"), lag, expected, tolerance);
    }
}

/// Each second a link carries so many writes fewer than are offered: what is written lags by offered /
/// capacity - 1 a second more, and what is applied, which is older, by 1 - capacity / offered.
#[test]
fn an_overloaded_link_falls_behind_by_what_it_does_not_carry() {
    for users in [900, 1500] {
        // Not so long that the output buffer is over its limit for a minute.
        let (run, rate, bytes) = poisson(users, 3);
        // Behind a full kernel whole segments of 8,948 bytes go.
        let capacity = 2e6 / (8.0 * bytes * (1.0 + 52.0 / 8948.0));
        let lag = |row: usize| run.rows[row].gauges.replication_lag.unwrap_or(0) as f64 / 1e9;
        let (from, to) = (3, run.rows.len() - 2);
        let growth = (lag(to) - lag(from)) / (10.0 * (to - from) as f64);
        let expected = 1.0 - capacity / rate;
        assert!(rate > 1.05 * capacity, "{rate} of {capacity}");
        assert_close("growth", growth, expected, 0.04);
    }
}
