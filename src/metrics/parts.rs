//! Parts of a run under the names of its metrics: each class of users, each node.

use crate::probe::{Aftermath, Kept};
use crate::scenario::Scenario;

use super::catalogue::{Metric, catalogue, memory};
use super::histogram::Quantile;
use super::measurements::{Applies, Counts, Gauges, Group, Measurements};
use super::nodes::{NodeCounts, NodeMeasurements, NodeRow};
use super::owners::{ClassMeasurements, ClassRow, Memory};

/// What is known of a part, of the whole run or of a row of the time series.
#[derive(Clone, Debug)]
pub struct Part {
    /// What was counted.
    pub(super) counts: Counts,
    /// What was observed.
    pub(super) gauges: Gauges,
    /// Latency of its requests, in the order of [`Quantile::ALL`].
    pub(super) latency: [Option<u64>; Quantile::ALL.len()],
    /// What it keeps, if that was counted.
    pub(super) memory: Option<Memory>,
    /// Which metrics can apply to it.
    pub(super) applies: Applies,
}

/// Metrics of classes that are among the catalogue's under these names, or begin so.
const OF_CLASSES: [&str; 18] = [
    "requests",
    "failed_requests",
    "failed_request_rate",
    "commands",
    "hit_rate",
    "session_hit_rate",
    "evicted_keys",
    "expired_keys",
    "oom_errors",
    "live_sessions_max",
    "users_present_max",
    "sessions_*",
    "visits",
    "forced_login*",
    "guest_resets",
    "leaked_keys",
    "lost_updates",
    "resurrected_sessions",
];
/// Likewise of nodes.
const OF_NODES: [&str; 13] = [
    "commands",
    "hit_rate",
    "evicted_keys",
    "expired_keys",
    "used_memory_max",
    "memory_usage_max",
    "engine_cpu_max",
    "host_cpu_max",
    "cpu_credits_min",
    "network_bytes_in",
    "network_bytes_out",
    "network_usage_max",
    "bandwidth_exceeded",
];

/// Names of the classes of a run, recorded traffic behind them, and whether they have a login.
pub fn class_names(scenario: &Scenario) -> impl Iterator<Item = (String, bool)> {
    let classes = scenario.users.iter().flat_map(|class| {
        let copies = 0..class.number_of_copies();
        copies.map(|copy| (class.name_of_copy(copy), class.login))
    });
    classes.chain(scenario.trace.iter().map(|_| ("trace".to_owned(), false)))
}

fn is_among(list: &[&str], name: &str) -> bool {
    list.iter().any(|known| match known.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == *known,
    })
}

/// Whether a metric of the catalogue is known of each class too.
#[must_use]
pub fn is_of_classes(metric: &Metric) -> bool {
    is_among(&OF_CLASSES, &metric.name) || metric.is_latency_of_requests()
}

/// Whether a metric of the catalogue is known of each node too.
#[must_use]
pub fn is_of_nodes(metric: &Metric) -> bool {
    is_among(&OF_NODES, &metric.name)
}

/// The metrics of a class of users.
#[must_use]
pub fn class_metrics() -> Vec<Metric> {
    let metrics = catalogue().into_iter().filter(is_of_classes);
    metrics.chain(memory()).collect()
}

/// The metrics of a node.
#[must_use]
pub fn node_metrics() -> Vec<Metric> {
    let metrics = catalogue().into_iter().filter(is_of_nodes);
    let keys = memory().into_iter().filter(|metric| metric.name == "keys");
    metrics.chain(keys).collect()
}

const UNKNOWN: [Option<u64>; Quantile::ALL.len()] = [None; Quantile::ALL.len()];

fn keys(keys: u64) -> Memory {
    Memory {
        kept: Kept { keys, bytes: 0 },
        share: 0,
    }
}

impl Part {
    /// A class in a whole run, with or without a login.
    #[must_use]
    pub fn of_class(class: &ClassMeasurements, login: bool) -> Self {
        Self {
            counts: class.counts,
            gauges: class.gauges,
            latency: class.latency,
            memory: class.memory,
            applies: applies(login),
        }
    }

    /// All of a run, as if it were a part.
    #[must_use]
    pub fn of_whole(run: &Measurements) -> Self {
        let latency = run.latency(Group::Requests);
        Self {
            counts: run.counts,
            gauges: run.gauges,
            latency: Quantile::ALL.map(|quantile| latency.figure(quantile)),
            memory: None,
            applies: run.applies,
        }
    }

    /// A class in a row.
    #[must_use]
    pub fn of_class_row(row: &ClassRow, login: bool) -> Self {
        let latency = row.latency.map_or(UNKNOWN, |brief| {
            Quantile::ALL.map(|quantile| brief.figure(quantile))
        });
        Self {
            counts: row.counts,
            gauges: row.gauges,
            latency,
            memory: row.memory,
            applies: applies(login),
        }
    }

    /// A node in a whole run.
    #[must_use]
    pub fn of_node(node: &NodeMeasurements, run: &Measurements) -> Self {
        Self::node(&node.done, node.gauges, node.keys, run)
    }

    /// A node in a row.
    #[must_use]
    pub fn of_node_row(row: &NodeRow, run: &Measurements) -> Self {
        Self::node(&row.done, row.gauges, row.keys, run)
    }

    fn node(done: &NodeCounts, gauges: Gauges, resident: u64, run: &Measurements) -> Self {
        Self {
            counts: done.counts(),
            gauges,
            latency: UNKNOWN,
            memory: Some(keys(resident)),
            applies: run.applies,
        }
    }

    /// How often its users had to log in again or began afresh.
    #[must_use]
    pub fn set_back(&self) -> u64 {
        let counts = &self.counts;
        counts.made_good_by(Aftermath::ForcedLogin) + counts.made_good_by(Aftermath::GuestReset)
    }

    /// By what classes are compared: how often its users were set back or met a failure, and how
    /// many sessions it lost.
    #[must_use]
    pub fn harm(&self) -> (u64, u64) {
        let lost = self.counts.lost_in_all();
        (self.set_back() + self.counts.failed, lost)
    }

    /// By what nodes are compared: the share of the memory, or the memory, and of the CPU.
    #[must_use]
    pub fn fullness(&self) -> (u64, u64) {
        let gauges = &self.gauges;
        let memory = gauges.memory_usage.or(gauges.used_memory).unwrap_or(0);
        (memory, gauges.engine_cpu.unwrap_or(0))
    }
}

const fn applies(login: bool) -> Applies {
    Applies {
        logins: login,
        guests: !login,
        network: false,
        replicas: false,
        zones: false,
        faults: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_metric() {
        let catalogue = catalogue();
        for name in OF_CLASSES.iter().chain(&OF_NODES) {
            let known = |metric: &Metric| is_among(&[name], &metric.name);
            assert!(catalogue.iter().any(known), "{name}");
        }
    }
}
