//! What failed and what was done about it, as a timeline: a line for each moment and kind, however
//! many shards it meets.
//!
//! Shards are counted from 1. A shard's node 0 is the primary as the run begins, its nodes 1 and on
//! are the replicas.

use serde::Serialize;

use crate::metrics::incidents::Incidents;
use crate::probe::{Incident, NodeIncident, ReplicaId};
use crate::scenario::Scenario;
use crate::scenario::faults::{FaultKind, FaultSpec};
use crate::units::{Span, Time};

use super::Outcome;
use super::format::{clock, plural, thousands, words};
use super::page::Page;

/// Most lines in the summary.
const MOST_LINES: usize = 12;
/// Most entries in `summary.json`.
const MOST_FOR_MACHINES: usize = 500;

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Entry {
    #[serde(skip)]
    at: Time,
    at_seconds: f64,
    /// A kind of fault, or `primary-down`, `promoted` and so on.
    what: &'static str,
    /// The shard and node that it is about; of several, the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<u8>,
    /// How many nodes it is about.
    nodes: u64,
    text: String,
}

/// What one line is about.
struct Group {
    at: Time,
    incident: Incident,
    nodes: Vec<ReplicaId>,
    /// The longest time without a primary that ends here.
    silence: Span,
}

/// Groups what happened: at the same time the same thing is one line.
fn groups(incidents: &Incidents) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut down: Vec<(u16, Time)> = Vec::new();
    for &(at, incident) in incidents.list() {
        let (nodes, silence) = match incident {
            Incident::Node(what, node) => (vec![node], silence(&mut down, what, node.shard, at)),
            Incident::Fault(_) | Incident::ZoneBack(_) => (Vec::new(), Span::ZERO),
        };
        let same = |group: &&mut Group| match (group.incident, incident) {
            (Incident::Node(one, _), Incident::Node(other, _)) => one == other,
            _ => false,
        };
        let mut present = groups.iter_mut().rev().take_while(|group| group.at == at);
        if let Some(group) = present.find(same) {
            group.nodes.extend(nodes);
            group.silence = group.silence.max(silence);
        } else {
            groups.push(Group {
                at,
                incident,
                nodes,
                silence,
            });
        }
    }
    groups
}

/// How long the shard had no primary, if that ends now.
fn silence(down: &mut Vec<(u16, Time)>, what: NodeIncident, shard: u16, at: Time) -> Span {
    match what {
        NodeIncident::PrimaryDown => {
            if !down.iter().any(|(other, _)| *other == shard) {
                down.push((shard, at));
            }
            Span::ZERO
        }
        NodeIncident::Promoted | NodeIncident::BeganEmpty => {
            let place = down.iter().position(|(other, _)| *other == shard);
            place.map_or(Span::ZERO, |place| at.since(down.swap_remove(place).1))
        }
        _ => Span::ZERO,
    }
}

/// The timeline.
fn entries(outcome: Outcome<'_>) -> Vec<Entry> {
    let scenario = outcome.scenario;
    let groups = groups(&outcome.measurements.incidents);
    let entry = |group: Group| {
        let (what, text) = match group.incident {
            Incident::Fault(number) => {
                let fault = &scenario.faults[usize::from(number)];
                (fault.kind.as_str(), of_fault(scenario, fault))
            }
            Incident::ZoneBack(zone) => {
                let zone = &scenario.network.zones.names[usize::from(zone)];
                ("zone-back", format!("zone {zone} is there again"))
            }
            Incident::Node(what, _) => of_nodes(scenario, what, &group),
        };
        let first = group.nodes.first();
        Entry {
            at: group.at,
            at_seconds: group.at.seconds(),
            what,
            shard: first.map(|node| u32::from(node.shard) + 1),
            node: first.map(|node| node.node),
            nodes: group.nodes.len() as u64,
            text,
        }
    };
    groups.into_iter().map(entry).collect()
}

/// `shard 3`, or `the shard` where there is one.
fn shard_name(scenario: &Scenario, shard: u32) -> String {
    if scenario.store.shards == 1 {
        "the shard".to_owned()
    } else {
        format!("shard {}", thousands(u64::from(shard) + 1))
    }
}

/// `node 0 of shard 3`.
fn node_name(scenario: &Scenario, node: ReplicaId) -> String {
    if scenario.store.shards == 1 {
        format!("node {}", node.node)
    } else {
        let shard = shard_name(scenario, node.shard.into());
        format!("node {} of {shard}", node.node)
    }
}

fn of_fault(scenario: &Scenario, fault: &FaultSpec) -> String {
    let shard = shard_name(scenario, fault.shard);
    match fault.kind {
        FaultKind::ProcessCrash => format!("the process of {shard}'s primary crashes"),
        FaultKind::HostLoss => format!("the host of {shard}'s primary is lost"),
        FaultKind::ZoneOutage => {
            format!("zone {} fails", scenario.network.zones.names[fault.zone])
        }
        FaultKind::ReplicaLoss => {
            format!("the host of {shard}'s replica {} is lost", fault.replica)
        }
        FaultKind::SlowNode => {
            let node = match fault.replica {
                0 => "primary".to_owned(),
                replica => format!("replica {replica}"),
            };
            let speed = fault.speed.0 as f64 / 1e3;
            format!("{shard}'s {node} is slow: {speed}% of its speed")
        }
    }
}

/// The kind as machines read it, and a sentence.
fn of_nodes(scenario: &Scenario, what: NodeIncident, group: &Group) -> (&'static str, String) {
    let number = group.nodes.len() as u64;
    let first = group.nodes[0];
    let (shard, node) = (
        shard_name(scenario, first.shard.into()),
        node_name(scenario, first),
    );
    let several = |what: &str| format!("{} {what}", thousands(number));
    let after = match group.silence {
        Span::ZERO => String::new(),
        span => format!(", {} after its failure", words(span)),
    };
    let pick = |one: String, many: String| if number == 1 { one } else { many };
    match what {
        NodeIncident::PrimaryDown => (
            "primary-down",
            pick(
                format!("{shard} has no primary"),
                several("shards have no primary"),
            ),
        ),
        NodeIncident::ReplicaDown => (
            "replica-down",
            pick(
                format!("{node}, a replica, is gone"),
                several("replicas are gone"),
            ),
        ),
        NodeIncident::DataLost => (
            "data-lost",
            pick(
                format!("the data of {shard} are lost: no other node has them"),
                several("shards have lost their data: no other node has them"),
            ),
        ),
        NodeIncident::Promoted => (
            "promoted",
            pick(
                format!("{node} is the primary now{after}"),
                several("replicas are primaries now") + &after.replace("its", "the"),
            ),
        ),
        NodeIncident::BeganEmpty => (
            "began-empty",
            pick(
                format!("{node} is the primary now, without data{after}"),
                several("nodes are primaries now, without data") + &after.replace("its", "the"),
            ),
        ),
        NodeIncident::Replaced => (
            "replaced",
            pick(
                format!("another host is there for {node}, without data"),
                several("other hosts are there, without data"),
            ),
        ),
        NodeIncident::Serves => (
            "serves",
            pick(
                format!("{node}, a replica, has all data and answers reads"),
                several("replicas have all data and answer reads"),
            ),
        ),
        NodeIncident::Recovered => (
            "recovered",
            pick(
                format!("{node} is as fast as before"),
                several("nodes are as fast as before"),
            ),
        ),
    }
}

/// For `summary.json`: the first of them, and how many more there are.
pub(super) fn for_machines(outcome: Outcome<'_>) -> (Vec<Entry>, u64) {
    let mut entries = entries(outcome);
    let more = entries.len().saturating_sub(MOST_FOR_MACHINES) as u64;
    entries.truncate(MOST_FOR_MACHINES);
    (entries, more + outcome.measurements.incidents.left_out())
}

/// The timeline in the summary, if anything happened.
pub(super) fn timeline(page: &mut Page, outcome: Outcome<'_>) {
    let (entries, _) = for_machines(outcome);
    if entries.is_empty() {
        return;
    }
    page.strong("What happened");
    let shown = entries.len().min(MOST_LINES);
    let times: Vec<String> = entries[..shown]
        .iter()
        .map(|entry| clock(entry.at))
        .collect();
    let width = times.iter().map(String::len).max().unwrap_or(0);
    for (time, entry) in times.iter().zip(&entries) {
        page.line(&format!("  {time:>width$}   {}", entry.text));
    }
    let more = (entries.len() - shown) as u64;
    if more > 0 {
        page.line(&format!(
            "  and {} more in summary.json.",
            plural(more, "line", "lines")
        ));
    }
    page.blank();
}
