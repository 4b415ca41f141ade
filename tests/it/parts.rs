//! Results by class of users and by node: they add up to the whole, and are there only where there
//! is more than one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use proptest::prelude::*;
use sessionsim::metrics::histogram::Quantile;
use sessionsim::metrics::measurements::Measurements;
use sessionsim::metrics::nodes::NodeCounts;
use sessionsim::metrics::owners::Owners;
use sessionsim::metrics::recorder::Recorder;
use sessionsim::probe::{Answer, Both, Probe, RequestKind};
use sessionsim::scenario::random::random_scenario;
use sessionsim::units::Time;

use crate::desk::Desk;
use crate::support::{measure, scenario};

const TENANTS: &str = "\
duration = \"2h\"
warmup = \"1h\"
window = \"10m\"
platform = \"self-managed\"

[store]
shards = 3
maxmemory = \"2MiB\"
maxmemory_policy = \"allkeys-lru\"

[[users]]
name = \"small\"
concurrent = 200
session = { bytes = \"500B\", ttl = \"20m\" }

[[users]]
name = \"large\"
concurrent = 300
login = false
session = { bytes = \"10KB\", ttl = \"20m\" }
";

/// What all nodes did together is what the run counted.
fn nodes_add_up(run: &Measurements) {
    let mut sum = NodeCounts::default();
    for node in &run.nodes {
        sum.add(&node.done);
        let mut rows = NodeCounts::default();
        node.rows.iter().for_each(|row| rows.add(&row.done));
        assert_eq!(rows, node.done, "rows of a node");
    }
    let counts = &run.counts;
    let commands = counts.commands;
    assert_eq!(sum.commands, commands.iter().sum::<u64>());
    assert_eq!(sum.hits, commands[Answer::Hit as usize]);
    assert_eq!(sum.misses, commands[Answer::Miss as usize]);
    assert_eq!(sum.evicted_keys, counts.evicted_keys);
    assert_eq!(sum.expired_keys, counts.expired_keys);
    assert_eq!(sum.network_in, counts.network_in);
    assert_eq!(sum.network_out, counts.network_out);
    assert_eq!(sum.bandwidth_exceeded, counts.bandwidth_exceeded);
    let most = run.nodes.iter().map(|node| node.gauges.used_memory).max();
    assert_eq!(most, Some(run.gauges.used_memory));
}

#[test]
fn classes_and_nodes_add_up_to_the_whole() {
    let run = measure(&scenario(TENANTS));
    assert_eq!((run.classes.len(), run.nodes.len()), (2, 3));
    nodes_add_up(&run);
    assert!(run.counts.evicted_keys > 1_000);
    for (place, row) in run.rows.iter().enumerate() {
        let classes = run.classes.iter().map(|class| class.rows[place]);
        let requests: u64 = classes.clone().map(|row| row.counts.requests).sum();
        assert_eq!(requests, row.counts.requests);
        let live: Option<u64> = classes.map(|row| row.gauges.live_sessions).sum();
        assert_eq!(live, row.gauges.live_sessions);
    }
    // The large sessions take most of the memory, and both lose by it.
    let memory: Vec<_> = run
        .classes
        .iter()
        .map(|class| class.memory.unwrap())
        .collect();
    let (small, large) = (&memory[0], &memory[1]);
    assert!(large.share > 5 * small.share, "{memory:?}");
    assert!(small.share + large.share < 1_000_000_000);
    assert!(
        run.classes
            .iter()
            .all(|class| class.counts.lost_in_all() > 0)
    );
    // Each class has its own latencies, and the whole has all of them.
    let highest = run
        .classes
        .iter()
        .filter_map(|class| class.latency[5])
        .max();
    assert_eq!(highest, run.latencies[0].figure(Quantile::Max));
}

proptest! {
    /// Owners of keys are held against the whole when a run is measured, and against the keyspaces
    /// when it ends: both stop the program where they differ.
    #[test]
    fn parts_of_random_scenarios_add_up(seed in any::<u64>()) {
        let mut scenario = random_scenario(seed);
        scenario.store.hz = scenario.store.hz.min(10);
        let replicas = scenario.store.topology.replicas > 0;
        let run = measure(&scenario);
        if run.began.is_some() && !run.nodes.is_empty() && !replicas {
            nodes_add_up(&run);
        }
    }
}

#[test]
fn files_of_parts_come_and_go_with_the_parts() {
    let desk = Desk::new();
    let one = "duration = \"10m\"\nstore.maxmemory = \"1GiB\"\n[[users]]\nconcurrent = 5\n\
               session = { bytes = \"1KB\", ttl = \"5m\" }\n";
    desk.write("one.toml", one);
    desk.write("several.toml", TENANTS);
    let files = [
        "classes.csv",
        "timeseries-classes.csv",
        "timeseries-nodes.csv",
    ];
    let run = |name: &str| {
        desk.succeed(&["run", name, "--quiet", "--out", "result"]);
        files.map(|file| fs::read_to_string(desk.path("result").join(file)).ok())
    };
    assert_eq!(run("one.toml"), [None, None, None]);
    let [classes, rows, nodes] = run("several.toml").map(Option::unwrap);
    assert!(classes.starts_with("class,metric,value\nsmall,requests,"));
    assert!(
        classes
            .lines()
            .any(|line| line.starts_with("large,memory_share,0."))
    );
    assert!(rows.starts_with("start,end,class,requests,"));
    assert_eq!(rows.lines().count(), 1 + 2 * 6);
    assert!(nodes.starts_with("start,end,node,commands,"));
    assert_eq!(nodes.lines().count(), 1 + 3 * 6);
    let summary = fs::read_to_string(desk.path("result/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let part = |kind: &str, place: usize, metric: &str| {
        summary[kind][place]["metrics"][metric].as_f64().unwrap()
    };
    let requests = part("classes", 0, "requests") + part("classes", 1, "requests");
    assert_eq!(summary["metrics"]["requests"].as_f64(), Some(requests));
    assert_eq!(summary["nodes"].as_array().unwrap().len(), 3);
    assert!(part("nodes", 2, "memory_usage_max") > 0.9);
    // An earlier result leaves nothing behind.
    assert_eq!(run("one.toml"), [None, None, None]);
}

#[test]
fn the_summary_has_a_table_of_each() {
    let desk = Desk::new();
    desk.write("tenants.toml", TENANTS);
    let text = desk.succeed(&["run", "tenants.toml", "--quiet"]);
    let tables: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("By class"))
        .take_while(|line| !line.starts_with("Measured"))
        .collect();
    insta::assert_snapshot!(tables.join("\n"));
}

/// Thousands of classes have a place each, and a summary that can be read.
#[test]
fn thousands_of_classes_stand() {
    let mut many = scenario(TENANTS);
    let tenant = many.users[0].clone();
    let tenants = (0..5_000).map(|number| {
        let mut tenant = tenant.clone();
        tenant.name = format!("tenant-{number}");
        tenant
    });
    many.users = tenants.collect();
    let (recorder, owners) = (Recorder::new(&many), Owners::new(&many));
    let mut both = Both(recorder, owners.unwrap());
    both.measurement_begins(Time::ZERO, &[], 0);
    for class in 0..5_000 {
        both.request_issued(Time(1), class, RequestKind::Read);
    }
    let hour = Time(3_600_000_000_000);
    both.window(hour, &[], 0, 0);
    both.run_ends(hour, 5_000, 0, true);
    let run = both.0.finish_with(Some(both.1));
    assert_eq!(run.classes.len(), 5_000);
    assert!(
        run.classes
            .iter()
            .all(|class| class.counts.requests == 1 && class.rows.is_empty())
    );
}

#[test]
fn a_class_is_held_to_its_own_expectations() {
    let desk = Desk::new();
    let judged = |class: &str, bound: &str| {
        let expect = format!(
            "expect = [{{ that = \"memory_share <= {bound}\", class = \"{class}\" }}]\n{TENANTS}"
        );
        desk.write("judged.toml", expect);
        let output = desk.run(&["run", "judged.toml", "--quiet"]);
        output.status.code()
    };
    assert_eq!(judged("small", "30%"), Some(0));
    assert_eq!(judged("large", "30%"), Some(10));
}
