//! Faults that overlap: each is about hosts, and a host that takes another one's place has nothing
//! of its past.

use sessionsim::metrics::measurements::Measurements;
use sessionsim::probe::{Incident, NodeIncident};
use sessionsim::scenario::Scenario;
use sessionsim::units::Time;

use crate::support::{assert_close, assert_near, measure, metric, scenario};

/// 200 members, 100 requests a second, over ways of a millisecond.
fn shop(store: &str, network: &str, faults: &[&str]) -> Scenario {
    let faults: Vec<String> = faults
        .iter()
        .map(|fault| format!("[[faults]]\n{}", fault.replace("; ", "\n")))
        .collect();
    let faults = faults.join("\n");
    scenario(&format!(
        "duration = \"30m\"\nwarmup = \"5m\"\nwindow = \"10s\"\nplatform = \"self-managed\"\n\
         [store]\nmaxmemory = \"0B\"\nservice_time = {{ fixed = \"10us\", per_kib = \"0us\" }}\n{store}\n\
         [network]\nhop = \"1ms\"\n{network}\n{faults}\n\
         [[users]]\nname = \"members\"\nconcurrent = 200\nramp_up = \"1m\"\nmodify_share = \"50%\"\n\
         think_time = \"2s\"\nstay = {{ exponential = \"5m\" }}\nlogout_share = \"0%\"\n\
         [users.session]\nbytes = \"500B\"\nttl = \"10m\"\n"
    ))
}

/// Seconds at which that happened to a node, whichever it was.
fn times(run: &Measurements, wanted: NodeIncident) -> Vec<f64> {
    let incidents = run.incidents.list().iter();
    let wanted = incidents
        .filter(|(_, incident)| matches!(incident, Incident::Node(what, _) if *what == wanted));
    wanted.map(|(at, _)| at.seconds()).collect()
}

/// The longest wait at a node, of commands in rows that begin from `from` seconds on.
fn longest_at_node(run: &Measurements, from: u64) -> f64 {
    let rows = run
        .rows
        .iter()
        .filter(|row| row.start >= Time(from * 1_000_000_000));
    let longest = rows.filter_map(|row| row.node_latency.map(|brief| brief.max));
    longest.max().unwrap_or(0) as f64 / 1e9
}

#[test]
fn who_is_promoted_is_as_fast_as_its_own_host() {
    let slow = "at = \"10m\"; kind = \"slow-node\"; speed = \"1%\"; lasts = \"10m\"";
    let crash = "at = \"12m\"; kind = \"host-loss\"; promotion = \"10s\"; replacement = \"1m\"";
    let run = measure(&shop("replicas = 1", "", &[slow, crash]));
    assert!(longest_at_node(&run, 725) < 0.001);
    // The slow host is gone: nothing recovers when its fault would be over.
    assert!(times(&run, NodeIncident::Recovered).is_empty());
    // Without the crash it is slow until the end.
    let run = measure(&shop("replicas = 1", "", &[slow]));
    assert!(longest_at_node(&run, 1100) >= 0.001);
    assert_near(
        "recovers",
        times(&run, NodeIncident::Recovered)[0],
        1200.0,
        1e-9,
    );
}

#[test]
fn of_two_faults_that_slow_a_host_down_the_slower_one_counts() {
    let long = "at = \"10m\"; kind = \"slow-node\"; speed = \"1%\"; lasts = \"10m\"";
    let short = "at = \"11m\"; kind = \"slow-node\"; speed = \"0.5%\"; lasts = \"2m\"";
    let run = measure(&shop("", "", &[long, short]));
    assert_eq!(times(&run, NodeIncident::Recovered), [1200.0]);
    let at = |second: u64| {
        let rows = run
            .rows
            .iter()
            .filter(|row| row.start.0 == second * 1_000_000_000);
        rows.filter_map(|row| row.node_latency.map(|brief| brief.p50))
            .max()
            .unwrap_or(0)
    };
    // 10 us at 1 % are 1 ms, at 0.5 % 2 ms.
    assert_close("first", at(630) as f64, 1e6, 0.1);
    assert_close("both", at(700) as f64, 2e6, 0.1);
    assert_close("first again", at(900) as f64, 1e6, 0.1);
    assert_close("none", at(1500) as f64, 1e4, 0.1);
}

#[test]
fn a_host_comes_back_when_its_zone_does() {
    let zones = "zones = [\"a\", \"b\"]";
    let store = "replicas = 1\nzones = [\"a\", \"b\"]";
    let crash = "at = \"10m\"; kind = \"host-loss\"; promotion = \"10s\"; replacement = \"3m\"";
    let first = "at = \"11m\"; kind = \"zone-outage\"; zone = \"a\"; replacement = \"6m\"";
    let second = "at = \"12m\"; kind = \"zone-outage\"; zone = \"a\"; replacement = \"8m\"";
    let run = measure(&shop(store, zones, &[crash, first, second]));
    assert_eq!(times(&run, NodeIncident::Replaced), [1200.0]);
    let back = run.incidents.list().iter();
    let back: Vec<f64> = back
        .filter(|(_, incident)| matches!(incident, Incident::ZoneBack(_)))
        .map(|(at, _)| at.seconds())
        .collect();
    assert_eq!(back, [1200.0]);
}

/// The only replica dies while it waits to be promoted.
#[test]
fn the_data_are_gone_when_the_last_node_that_had_them_is() {
    let crash = "at = \"10m\"; kind = \"host-loss\"; promotion = \"2m\"; replacement = \"5m\"";
    let other = "at = \"11m\"; kind = \"replica-loss\"; replica = 1; replacement = \"6m\"";
    let run = measure(&shop("replicas = 1", "", &[crash, other]));
    assert_eq!(times(&run, NodeIncident::DataLost), [660.0]);
    // The first host that is there begins.
    assert_eq!(times(&run, NodeIncident::BeganEmpty), [900.0]);
    assert_near("outage", metric(&run, "write_outage"), 300.0, 1e-9);
    assert!(metric(&run, "sessions_lost.node_lost") > 0.0);
}

/// What was expected of a failover that did not come to it does not shorten the next one.
#[test]
fn each_failure_has_its_own_promotion() {
    let both = "at = \"10m\"; kind = \"zone-outage\"; zone = \"a\"; promotion = \"1m\"; replacement = \"10s\"";
    let next = "at = \"10m40s\"; kind = \"host-loss\"; promotion = \"1m\"; replacement = \"5m\"";
    let run = measure(&shop(
        "replicas = 1\nzones = [\"a\"]",
        "zones = [\"a\", \"b\"]",
        &[both, next],
    ));
    assert_eq!(times(&run, NodeIncident::BeganEmpty)[..1], [610.0]);
    assert_eq!(times(&run, NodeIncident::Promoted), [700.0]);
}

/// A dead process refuses at once, its host does not, whichever fault is first in the file.
#[test]
fn a_dead_process_on_a_lost_host_is_silent() {
    let process =
        "at = \"10m\"; kind = \"process-crash\"; promotion = \"20s\"; replacement = \"1m\"";
    let host = "at = \"10m\"; kind = \"host-loss\"; promotion = \"20s\"; replacement = \"1m\"; timeout = \"500ms\"";
    let run = |faults: &[&str]| measure(&shop("replicas = 1", "", faults));
    let (one, other) = (run(&[process, host]), run(&[host, process]));
    for run in [&one, &other] {
        assert_close("slowest", metric(run, "latency.max"), 0.5, 0.01);
        assert_near("outage", metric(run, "write_outage"), 20.0, 1e-9);
    }
    assert_eq!(one.counts, other.counts);
}

/// Behind a long queue a user's next command leaves long after its way was chosen: for the node that
/// is the primary then.
#[test]
fn the_next_command_goes_to_who_is_the_primary_when_it_leaves() {
    let slow = "at = \"10m\"; kind = \"slow-node\"; speed = \"0.05%\"; lasts = \"2m\"";
    let crash = "at = \"12m\"; kind = \"process-crash\"; promotion = \"10s\"; replacement = \"1m\"";
    let mut shop = shop("replicas = 1", "", &[slow, crash]);
    shop.window = sessionsim::units::Span::from_secs(10);
    let run = measure(&shop);
    let after = run
        .rows
        .iter()
        .filter(|row| row.start >= Time(740_000_000_000));
    let failed: u64 = after.map(|row| row.counts.failed).sum();
    assert_eq!(failed, 0);
}

/// Reads fail with the primary if that is where they go.
#[test]
fn who_reads_at_the_primary_is_without_it_too() {
    let crash = "at = \"10m\"; kind = \"host-loss\"; promotion = \"15s\"; replacement = \"1m\"";
    let outages = |reads: &str| {
        let run = measure(&shop(
            &format!("replicas = 1\nreads = \"{reads}\""),
            "",
            &[crash],
        ));
        (metric(&run, "write_outage"), metric(&run, "read_outage"))
    };
    assert_eq!(outages("primary"), (15.0, 15.0));
    assert_eq!(outages("any-replica"), (15.0, 0.0));
    let lost = "at = \"10m\"; kind = \"replica-loss\"; replica = 1; promotion = \"15s\"; replacement = \"1m\"";
    let run = measure(&shop("replicas = 1\nreads = \"any-replica\"", "", &[lost]));
    // Until it is known to be lost nobody else is asked.
    assert_near("reads", metric(&run, "read_outage"), 15.0, 1e-9);
    assert_near("writes", metric(&run, "write_outage"), 0.0, 0.0);
}

/// The busiest node may be one that only reads.
#[test]
fn a_busy_replica_is_a_busy_node() {
    let cpu = |reads: &str, service: &str| {
        let store = format!("replicas = 1\nreads = \"{reads}\"");
        let mut shop = shop(&store, "", &[]);
        shop.store.service_time = sessionsim::scenario::store::ServiceTime::ByBytes {
            fixed: service.parse().unwrap_or_default(),
            per_kib: sessionsim::units::Span::ZERO,
        };
        metric(&measure(&shop), "engine_cpu_max")
    };
    // 100 requests a second: all read first, and half of them write.
    let (together, apart) = (cpu("primary", "2ms"), cpu("any-replica", "2ms"));
    assert!(together > 0.3, "{together}");
    assert!(apart > 0.18 && apart < together, "{apart}");
}
