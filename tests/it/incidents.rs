//! The timeline of failures: it says what happened when, and agrees with the outages.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;
use sessionsim::metrics::measurements::Measurements;
use sessionsim::probe::{Incident, NodeIncident};
use sessionsim::scenario::random::random_scenario;
use sessionsim::units::Time;

use crate::desk::Desk;
use crate::support::{measure, metric};

const OUTAGE: &str = "duration = \"40m\"\nwarmup = \"5m\"\nplatform = \"self-managed\"\n\
    [store]\nshards = 3\nreplicas = 1\nmaxmemory = \"64MiB\"\n\
    [network]\nzones = [\"a\", \"b\", \"c\"]\n\
    [[faults]]\nat = \"10m\"\nkind = \"zone-outage\"\nzone = \"a\"\npromotion = \"15s\"\nreplacement = \"5m\"\n\
    [[faults]]\nat = \"25m\"\nkind = \"slow-node\"\nshard = 3\nspeed = \"20%\"\nlasts = \"90s\"\n\
    [[users]]\nconcurrent = 20\nsession = { bytes = \"1KB\", ttl = \"5m\" }\n";

#[test]
fn a_run_tells_what_happened() {
    let desk = Desk::new();
    desk.write("outage.toml", OUTAGE);
    let text = desk.succeed(&["run", "outage.toml", "--quiet", "--out", "result"]);
    let timeline: Vec<&str> = text
        .lines()
        .skip_while(|line| *line != "What happened")
        .take_while(|line| !line.is_empty())
        .collect();
    insta::assert_snapshot!("timeline", timeline.join("\n"));
    let summary: serde_json::Value =
        serde_json::from_str(&desk.read("result/summary.json")).unwrap();
    let incidents = serde_json::to_string_pretty(&summary["incidents"]).unwrap();
    insta::assert_snapshot!("timeline_for_machines", incidents);
    let sentence = desk.succeed(&["run", "outage.toml", "--quiet", "--format", "sentence"]);
    assert!(
        sentence.contains("some shard took no writes for 15.0 s"),
        "{sentence}"
    );
    // The page has them as a table and as marks.
    desk.succeed(&["report", "result"]);
    let page = desk.read("result/report.html");
    for text in [
        "zone a fails",
        "15.0 s after its failure",
        "00:10: zone outage",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn a_run_without_faults_has_no_timeline() {
    let desk = Desk::new();
    let text = desk.succeed(&["run", "small.toml", "--quiet", "--out", "result"]);
    assert!(!text.contains("What happened"));
    assert!(!desk.read("result/summary.json").contains("incidents"));
}

/// Seconds of the measured part in which some shard had no primary, as the timeline has it.
fn without_primary(run: &Measurements) -> f64 {
    let began = run.began.unwrap();
    let mut down: Vec<(u16, Time)> = Vec::new();
    let mut spans: Vec<(Time, Time)> = Vec::new();
    for &(at, incident) in run.incidents.list() {
        let Incident::Node(what, node) = incident else {
            continue;
        };
        match what {
            NodeIncident::PrimaryDown => down.push((node.shard, at)),
            NodeIncident::Promoted | NodeIncident::BeganEmpty => {
                let place = down.iter().position(|(shard, _)| *shard == node.shard);
                let (_, since) = down.swap_remove(place.unwrap());
                spans.push((since, at));
            }
            _ => {}
        }
    }
    spans.extend(down.iter().map(|(_, since)| (*since, run.ended)));
    spans.sort_unstable();
    let (mut until, mut nanos) = (began, 0);
    for (from, to) in spans {
        nanos += to.since(from.max(until)).0;
        until = until.max(to);
    }
    nanos as f64 / 1e9
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the timeline says and what is measured as an outage are the same.
    #[test]
    fn outages_agree_with_the_timeline(seed in any::<u64>()) {
        let scenario = random_scenario(seed);
        prop_assume!(!scenario.faults.is_empty());
        let run = measure(&scenario);
        let faults = run.incidents.list().iter();
        let faults = faults.filter(|(_, what)| matches!(what, Incident::Fault(_))).count();
        prop_assert_eq!(faults, scenario.faults.len());
        prop_assert!(run.incidents.list().is_sorted_by_key(|(at, _)| *at));
        if run.began.is_some() {
            let measured = metric(&run, "write_outage");
            prop_assert!((measured - without_primary(&run)).abs() < 1e-6);
        }
    }
}
