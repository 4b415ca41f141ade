//! What the shipped scenarios in which something fails say of themselves in the comment at their
//! head.

use sessionsim::metrics::measurements::{Measurements, Row};
use sessionsim::probe::{LossCause, Mark};

use crate::shipped::{run, within};
use crate::support::{assert_close, assert_near, metric};

fn lost(run: &Measurements, cause: LossCause) -> f64 {
    metric(run, &format!("sessions_lost.{}", cause.as_str()))
}

/// The furthest that a replica was behind in a row, in seconds.
fn lag(row: &Row) -> Option<f64> {
    Some(row.gauges.replication_lag? as f64 / 1e9)
}

#[test]
fn a_node_without_replica_is_half_of_all_users() {
    let alone = run("node-failure-no-replica", &[]);
    assert_near("outage", metric(&alone, "write_outage"), 240.0, 1e-9);
    let before = alone.rows.iter().rfind(|row| row.end.millis() < 3_600_000);
    let alive = before.and_then(|row| row.gauges.live_sessions);
    let half = alive.map_or(0.0, |alive| alive as f64 / 2.0);
    assert_close("lost", lost(&alone, LossCause::NodeLost), half, 0.05);
    // Of those most had left, and those in a visit met an error.
    let unnoticed = metric(&alone, "sessions_lost.unnoticed");
    assert!(unnoticed > 0.5 * half, "{unnoticed} of {half}");
    assert!(metric(&alone, "failed_visits") > 2000.0);
    assert!(metric(&alone, "forced_logins") > 1500.0);
    // Errors while the node is away, and logins behind that: nothing else before or after.
    let failed = |row: &Row| row.counts.failed;
    let all = metric(&alone, "failed_requests");
    let outage = within(&alone, 1.0, 64.0 / 60.0, failed);
    assert_near("failed", all, outage as f64, 0.0);
    // The other shard answers: half of the requests.
    let sent = within(&alone, 1.0, 64.0 / 60.0, |row| row.counts.requests);
    assert_close("failed", all, sent as f64 / 2.0, 0.1);

    let with_replica = run(
        "node-failure-no-replica",
        &[("shards = 2", "shards = 2\nreplicas = 1")],
    );
    assert_near("outage", metric(&with_replica, "write_outage"), 15.0, 1e-9);
    // Nobody but those who tried to log in just then.
    let refused = lost(&with_replica, LossCause::Refused);
    assert_near("lost", metric(&with_replica, "sessions_lost"), refused, 0.0);
    assert!(refused < 100.0, "{refused}");
}

#[test]
fn a_queue_makes_reads_stale_and_distance_does_not() {
    let queue = run("replica-reads-stale", &[]);
    assert!(metric(&queue, "stale_reads") > 100_000.0);
    let not_there = metric(&queue, "stale_reads.not_there");
    assert!(not_there > 1000.0, "{not_there}");
    // Each of them has to log in again, and nobody else.
    assert_near("logins", metric(&queue, "forced_logins"), not_there, 0.0);
    assert_near("lost", metric(&queue, "sessions_lost"), 0.0, 0.0);
    assert_close("lag", metric(&queue, "replication_lag.mean"), 0.046, 0.05);
    let reported = |run: &Measurements| metric(run, "replication_lag_reported.p50");
    assert_close("reported", reported(&queue), 0.52, 0.1);
    let free = run("replica-reads-stale", &[("\"6Mbps\"", "\"100Mbps\"")]);
    let reads = metric(&free, "requests") - metric(&free, "sessions_created");
    assert_close("requests", reads, 2.0 * 680_000.0, 0.02);
    assert_near("stale", metric(&free, "stale_reads"), 0.0, 0.0);
    assert!(metric(&free, "replication_lag.max") < 0.002);
    assert_close("reported", reported(&free), 0.5, 0.05);
    // Used to 97 %: what went into the stream, each write with its headers.
    let bytes = metric(&free, "cross_zone_bytes.replication") / 2.0;
    // Of the two commands of a request one is a write.
    let writes = metric(&free, "commands") / 2.0;
    let bits = 8.0 * (bytes + 52.0 * writes) / 1200.0;
    assert_close("use of the link", bits, 0.97 * 6e6, 0.01);
}

#[test]
fn a_link_that_is_a_little_too_slow_loses_what_queues() {
    let slow = run("slow-link", &[]);
    // A saw: up by a tenth of a second each second, down when the replica is dropped.
    let lags: Vec<f64> = slow.rows.iter().filter_map(lag).collect();
    let steps: Vec<f64> = lags.windows(2).map(|two| two[1] - two[0]).collect();
    let mut rising: Vec<f64> = steps.iter().copied().filter(|step| *step > 0.0).collect();
    rising.sort_by(f64::total_cmp);
    assert_close("growth", rising[rising.len() / 2] / 60.0, 0.095, 0.1);
    let falls = steps.iter().filter(|step| **step < -5.0).count();
    assert!((4..=8).contains(&falls), "{falls}");
    assert_close(
        "height",
        lags.iter().copied().fold(0.0, f64::max),
        27.5,
        0.05,
    );
    // All that was written in the last twenty seconds, a thousand times a second.
    let writes = metric(&slow, "acked_writes_lost");
    assert_close("writes", writes, 20_500.0, 0.05);
    let present = slow
        .rows
        .iter()
        .filter_map(|row| row.gauges.users_present)
        .max();
    let older = metric(&slow, "stale_sessions");
    assert!(older > 0.9 * present.unwrap_or(0) as f64, "{older}");
    assert!(lost(&slow, LossCause::Unreplicated) > 40.0);
    assert!(metric(&slow, "resurrected_sessions") > 10.0);
    // Before that nothing shows.
    let mut before = slow.rows.iter().filter(|row| row.end.millis() <= 2_340_000);
    assert!(before.all(|row| row.counts.failed == 0
        && row.counts.marks[Mark::StaleRead as usize] == 0
        && row.latency.is_some_and(|latency| latency.p99 < 2_000_000)));
    assert!(metric(&slow, "engine_cpu_max") < 0.02);

    let process = run("slow-link", &[("host-loss", "process-crash")]);
    let fewer = writes - metric(&process, "acked_writes_lost");
    // A kernel's buffer, two thirds of it to all, by 4,100 bytes a write and a shorter one for its
    // time to live.
    assert!((200.0..400.0).contains(&fewer), "{fewer}");

    let wide = run("slow-link", &[("\"30Mbps\"", "\"40Mbps\"")]);
    assert!(metric(&wide, "acked_writes_lost") < 30.0);
    assert_near("lost", lost(&wide, LossCause::Unreplicated), 0.0, 0.0);
}

#[test]
fn a_zone_that_was_prepared_for_costs_seconds() {
    let zone = run("az-outage", &[]);
    assert_near("outage", metric(&zone, "write_outage"), 15.0, 1e-9);
    // The replica would have answered reads, if anybody had sent it any.
    assert_near("reads", metric(&zone, "read_outage"), 0.0, 0.0);
    assert_near("writes", metric(&zone, "acked_writes_lost"), 0.0, 0.0);
    // A third of 15 seconds' requests.
    let rate = metric(&zone, "requests") / 3600.0;
    let failed = metric(&zone, "failed_requests");
    assert_close("failed", failed, rate * 15.0 / 3.0, 0.05);
    // Who logs in just then: a session that was there is lost nowhere.
    let refused = lost(&zone, LossCause::Refused);
    assert_near("lost", metric(&zone, "sessions_lost"), refused, 0.0);
    assert!(refused > 10.0 && refused < 100.0, "{refused}");
    assert!(metric(&zone, "forced_logins") <= refused);

    let alone = run("az-outage", &[("replicas = 1\n", "")]);
    assert_near("outage", metric(&alone, "write_outage"), 1200.0, 1e-9);
    let alive = alone
        .rows
        .iter()
        .filter_map(|row| row.gauges.live_sessions)
        .max();
    let third = alive.unwrap_or(0) as f64 / 3.0;
    assert_close("lost", lost(&alone, LossCause::NodeLost), third, 0.05);
}
