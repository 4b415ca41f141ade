//! What fails in a run: who answers, what is lost and why, and what comes back.

use sessionsim::metrics::measurements::Measurements;
use sessionsim::probe::LossCause;
use sessionsim::scenario::Scenario;
use sessionsim::scenario::random::random_scenario;
use sessionsim::units::Span;

use crate::support::{assert_close, assert_near, fixed, measure, metric, scenario};

/// Members who change their session with half of their requests, 1 ms one way.
pub(crate) fn shop(store: &str, network: &str, faults: &str) -> Scenario {
    scenario(&format!(
        "duration = \"20m\"\nwarmup = \"5m\"\nwindow = \"10s\"\nplatform = \"self-managed\"\n\
         [store]\nmaxmemory = \"0B\"\nservice_time = {{ fixed = \"10us\", per_kib = \"0us\" }}\n{store}\n\
         [network]\nhop = \"1ms\"\n{network}\n{faults}\n\
         [[users]]\nname = \"members\"\nconcurrent = 200\nramp_up = \"1m\"\nmodify_share = \"50%\"\n\
         think_time = \"2s\"\nstay = {{ exponential = \"5m\" }}\nlogout_share = \"0%\"\n\
         [users.session]\nbytes = \"500B\"\nttl = \"10m\"\n"
    ))
}

fn fault(kind: &str, more: &str) -> String {
    format!("[[faults]]\nat = \"10m\"\nkind = \"{kind}\"\n{more}\n")
}

fn lost(run: &Measurements, cause: LossCause) -> f64 {
    metric(run, &format!("sessions_lost.{}", cause.as_str()))
}

/// Without a replica all that the node held is gone, and nobody is served before another is there.
#[test]
fn a_node_without_replica_takes_everything_with_it() {
    let fault = fault("host-loss", "replacement = \"2m\"\ntimeout = \"500ms\"");
    let run = measure(&shop("", "", &fault));
    assert_near("outage", metric(&run, "write_outage"), 120.0, 1e-9);
    assert_near("outage", metric(&run, "read_outage"), 120.0, 1e-9);
    // Those in a visit, and all who had left: 200 / 5 min. a second in 10 minutes without half of
    // the first one, in which they came. The TTL of none of them had ended.
    let alive = 200.0 + 200.0 / 300.0 * (600.0 - 30.0);
    assert_close("lost", lost(&run, LossCause::NodeLost), alive, 0.1);
    assert_near(
        "unreplicated",
        lost(&run, LossCause::Unreplicated),
        0.0,
        0.0,
    );
    // 100 requests a second in 2 minutes.
    assert_close("failed", metric(&run, "failed_requests"), 12_000.0, 0.05);
    // Everyone who was there, and whoever came in those two minutes.
    let visits = 200.0 + 120.0 * 200.0 / 300.0;
    assert_close("visits", metric(&run, "failed_visits"), visits, 0.1);
    assert_close(
        "latency of the failed",
        metric(&run, "latency.max"),
        0.5,
        0.01,
    );
    assert!(metric(&run, "forced_logins") > 0.0);
}

/// While the lag is only the network's delay, nothing that was acknowledged is lost.
#[test]
fn a_replica_over_a_free_link_loses_nothing() {
    for (kind, more) in [("process-crash", ""), ("host-loss", "")] {
        let fault = fault(kind, &format!("promotion = \"10s\"\n{more}"));
        let run = measure(&shop("replicas = 2", "", &fault));
        assert_near("outage", metric(&run, "write_outage"), 10.0, 1e-9);
        assert_near("writes", metric(&run, "acked_writes_lost"), 0.0, 0.0);
        assert_near("sessions", lost(&run, LossCause::Unreplicated), 0.0, 0.0);
        assert_near("older", metric(&run, "stale_sessions"), 0.0, 0.0);
        assert_close("failed", metric(&run, "failed_requests"), 1000.0, 0.1);
    }
}

/// If the wire is lost too: rate x (delay to the replica - delay to the client).
#[test]
fn a_lost_wire_loses_what_is_on_it() {
    let zones = "zones = [\"a\", \"b\"]\ncross_zone = \"400ms\"";
    let fault = fault("host-loss", "wire = \"lost\"\npromotion = \"10s\"");
    let mut shop = shop("replicas = 1", zones, &fault);
    shop.users[0].zone = Some(0);
    shop.users[0].think_time = fixed(Span::from_millis(200));
    let run = measure(&shop);
    // Each of 1,000 requests a second writes. Of the way back to the clients the model takes the
    // mean over all zones.
    let expected = 1000.0 * (0.4 - 0.5 * (0.001 + 0.4));
    assert_close("writes", metric(&run, "acked_writes_lost"), expected, 0.1);
    assert!(metric(&run, "stale_sessions") > 0.0);
}

/// What queues before a slow link is lost with the host: rate x lag.
#[test]
fn a_lost_host_takes_its_queue_with_it() {
    let fault = fault("host-loss", "promotion = \"10s\"");
    let mut shop = shop("replicas = 1", "replication_bandwidth = \"2Mbps\"", &fault);
    shop.users[0].think_time = fixed(Span::from_millis(200));
    shop.users[0].modify_share = sessionsim::units::Ratio::ONE;
    shop.duration = Span::from_secs(660);
    shop.warmup = Span::from_secs(598);
    shop.window = Span::from_secs(1);
    let run = measure(&shop);
    let row = run
        .rows
        .iter()
        .find(|row| row.end.millis() == 600_000)
        .unwrap();
    let lag = row.gauges.replication_lag.unwrap() as f64 / 1e9;
    let rate = row.counts.requests as f64;
    assert!(lag > 10.0, "{lag}");
    assert_close(
        "writes",
        metric(&run, "acked_writes_lost"),
        rate * lag,
        0.03,
    );
    assert!(lost(&run, LossCause::Unreplicated) > 0.0);
    assert!(metric(&run, "stale_sessions") > 0.0);
}

/// A zone that fails takes the primaries in it; the others go on.
#[test]
fn a_zone_takes_its_nodes_with_it() {
    let zones = "zones = [\"a\", \"b\", \"c\"]\ncross_zone = \"2ms\"";
    let fault = fault(
        "zone-outage",
        "zone = \"b\"\npromotion = \"20s\"\nreplacement = \"3m\"",
    );
    let run = measure(&shop(
        "shards = 3\nreplicas = 1\nreads = \"same-zone\"",
        zones,
        &fault,
    ));
    assert_near("outage", metric(&run, "write_outage"), 20.0, 1e-9);
    assert_near("reads", metric(&run, "read_outage"), 0.0, 0.0);
    assert_near("writes", metric(&run, "acked_writes_lost"), 0.0, 0.0);
    assert_near(
        "sessions",
        metric(&run, "sessions_lost.unreplicated"),
        0.0,
        0.0,
    );
    assert!(metric(&run, "failed_requests") > 0.0);
    // Nobody has the data of a shard whose only two nodes stand there.
    let all = "shards = 1\nreplicas = 1\nzones = [\"b\"]";
    let run = measure(&shop(all, zones, &fault));
    assert_near("outage", metric(&run, "write_outage"), 180.0, 1e-9);
    assert!(lost(&run, LossCause::NodeLost) > 0.0);
}

/// A lost replica costs its readers errors until everybody knows; then it comes back.
#[test]
fn a_lost_replica_is_missed_by_its_readers_alone() {
    let more = "replica = 1\npromotion = \"30s\"\nreplacement = \"1m\"";
    let fault = fault("replica-loss", more);
    let read = "replicas = 1\nreads = \"any-replica\"";
    let run = measure(&shop(read, "", &fault));
    assert_near("outage", metric(&run, "write_outage"), 0.0, 0.0);
    assert_close("failed", metric(&run, "failed_requests"), 3000.0, 0.1);
    assert_near("lost", metric(&run, "sessions_lost"), 0.0, 0.0);
    let run = measure(&shop("replicas = 1", "", &fault));
    assert_near("failed", metric(&run, "failed_requests"), 0.0, 0.0);
    // It is in service again, and can be promoted.
    let again =
        format!("{fault}[[faults]]\nat = \"13m\"\nkind = \"host-loss\"\npromotion = \"5s\"");
    let run = measure(&shop("replicas = 1", "", &again));
    assert_near("outage", metric(&run, "write_outage"), 5.0, 1e-9);
    assert_near("lost", lost(&run, LossCause::NodeLost), 0.0, 0.0);
    assert_near("lost", lost(&run, LossCause::Unreplicated), 0.0, 0.0);
    // Those who tried to log in within these 5 seconds have none.
    let (all, refused) = (run.counts.lost_in_all(), lost(&run, LossCause::Refused));
    assert_near("refused", refused, all as f64, 0.0);
    assert!(refused < 20.0, "{refused}");
    // But not before it has the data.
    let early =
        format!("{fault}[[faults]]\nat = \"11m\"\nkind = \"host-loss\"\npromotion = \"5s\"");
    let run = measure(&shop("replicas = 1", "", &early));
    assert!(lost(&run, LossCause::NodeLost) > 0.0);
}

#[test]
fn a_slow_node_is_slow_for_a_while() {
    let fault = fault("slow-node", "speed = \"0.1%\"\nlasts = \"1m\"");
    let run = measure(&shop("", "", &fault));
    // 10 us become 10 ms: of 200 commands a second that is more than the node can do.
    assert!(metric(&run, "latency.max") > 10.0);
    assert!(metric(&run, "latency.p50") < 0.01);
    assert_near("failed", metric(&run, "failed_requests"), 0.0, 0.0);
}

/// Random scenarios of all kinds with faults keep their books, too.
#[test]
fn random_scenarios_with_faults_keep_their_books() {
    let mut number = 0;
    for seed in 0..400 {
        let scenario = random_scenario(seed);
        // The nodes' own work is ten events a second.
        let seconds = scenario.duration.0 as f64 / 1e9;
        let events = 10.0 * seconds * f64::from(scenario.store.shards);
        let is_small = scenario.expected_requests() + events < 40_000.0;
        if !scenario.faults.is_empty() && is_small {
            number += 1;
            assert!(measure(&scenario).complete);
        }
    }
    assert!(number > 20, "{number}");
}
