//! What nodes did and held: the worst of them, and each of several.
//!
//! Nodes are looked at when a minute and when a row of the time series ends. What they did in
//! between follows from the difference of two looks.

use crate::probe::NodeSample;
use crate::units::Span;

use super::loads::{MINUTE, billionths, load, network};
use super::measurements::{Counts, Gauges};

/// More nodes than these have no rows of their own, which would take too much memory.
pub const MOST_WITH_ROWS: usize = 128;

/// What one of several nodes leaves.
#[derive(Clone, Debug, Default)]
pub struct NodeMeasurements {
    /// What it did since the measurement began.
    pub done: NodeCounts,
    /// Highest values observed since.
    pub gauges: Gauges,
    /// Keys at the end of the run, expired ones that are still resident included.
    pub keys: u64,
    /// The time series, in the rows of the run's; empty where there are too many nodes.
    pub rows: Vec<NodeRow>,
}

/// What a node did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of a node's sample")]
pub struct NodeCounts {
    pub commands: u64,
    pub hits: u64,
    pub misses: u64,
    pub evicted_keys: u64,
    pub expired_keys: u64,
    pub network_in: u64,
    pub network_out: u64,
    pub bandwidth_exceeded: u64,
}

/// A row of a node's time series.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeRow {
    /// What it did.
    pub done: NodeCounts,
    /// What was observed.
    pub gauges: Gauges,
    /// Keys at its end.
    pub keys: u64,
}

impl NodeCounts {
    /// What a node did from one look at it to the next.
    fn between(before: &NodeSample, now: &NodeSample) -> Self {
        let (traffic, earlier) = (network(now), network(before));
        Self {
            commands: now.commands - before.commands,
            hits: now.hits - before.hits,
            misses: now.misses - before.misses,
            evicted_keys: now.evicted_keys - before.evicted_keys,
            expired_keys: now.expired_keys - before.expired_keys,
            network_in: traffic.bytes_in - earlier.bytes_in,
            network_out: traffic.bytes_out - earlier.bytes_out,
            bandwidth_exceeded: traffic.exceeded - earlier.exceeded,
        }
    }

    /// Adds what it did at another time.
    pub const fn add(&mut self, other: &Self) {
        self.commands += other.commands;
        self.hits += other.hits;
        self.misses += other.misses;
        self.evicted_keys += other.evicted_keys;
        self.expired_keys += other.expired_keys;
        self.network_in += other.network_in;
        self.network_out += other.network_out;
        self.bandwidth_exceeded += other.bandwidth_exceeded;
    }

    /// In the form that metrics are made of. Refused commands are among those that were done.
    pub const fn counts(&self) -> Counts {
        let done = self.commands - self.hits - self.misses;
        Counts {
            commands: [self.hits, self.misses, done, 0],
            evicted_keys: self.evicted_keys,
            expired_keys: self.expired_keys,
            network_in: self.network_in,
            network_out: self.network_out,
            bandwidth_exceeded: self.bandwidth_exceeded,
            ..Counts::NONE
        }
    }
}

/// Looks at nodes.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// Virtual CPUs of a node, if that is known.
    pub(super) vcpu: Option<u32>,
    at_begin: Vec<NodeSample>,
    at_row: Vec<NodeSample>,
    at_minute: Vec<NodeSample>,
    /// Each of several; nothing of a single one, which is the whole.
    each: Vec<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    row: Gauges,
    gauges: Gauges,
    rows: Vec<NodeRow>,
}

impl Tally {
    fn raise(&mut self, gauges: &Gauges) {
        self.row.raise(gauges);
        self.gauges.raise(gauges);
    }
}

impl Nodes {
    /// The measurement begins.
    pub(super) fn begin(&mut self, nodes: &[NodeSample]) {
        for before in [&mut self.at_begin, &mut self.at_row, &mut self.at_minute] {
            nodes.clone_into(before);
        }
        self.each.clear();
        if nodes.len() > 1 {
            self.each.resize_with(nodes.len(), Tally::default);
        }
    }

    /// Notes their memory and credits; returns the worst.
    pub(super) fn observe(&mut self, nodes: &[NodeSample]) -> Gauges {
        let gauges = nodes.iter().map(|node| Gauges {
            used_memory: Some(node.used_memory),
            memory_usage: (node.maxmemory > 0)
                .then(|| billionths(node.used_memory, node.maxmemory)),
            cpu_credits: node.cpu_credits,
            ..Gauges::default()
        });
        self.note(gauges)
    }

    /// A minute ends, or a part of one; returns the highest loads if it counts.
    pub(super) fn end_minute(
        &mut self,
        nodes: &[NodeSample],
        elapsed: Span,
        counts: bool,
    ) -> Gauges {
        let before = std::mem::take(&mut self.at_minute);
        let vcpu = self.vcpu;
        let loads = nodes.iter().zip(&before);
        let loads = loads.map(|(node, before)| load(node, before, elapsed, vcpu));
        let worst = if counts {
            self.note(loads)
        } else {
            Gauges::default()
        };
        self.at_minute = before;
        nodes.clone_into(&mut self.at_minute);
        worst
    }

    /// Notes something of each node; returns the worst.
    fn note(&mut self, gauges: impl Iterator<Item = Gauges>) -> Gauges {
        let mut worst = Gauges::default();
        let mut each = self.each.iter_mut();
        for gauges in gauges {
            worst.raise(&gauges);
            if let Some(tally) = each.next() {
                tally.raise(&gauges);
            }
        }
        worst
    }

    /// A row ends: adds what went over the network, and returns the highest loads if the row is
    /// shorter than a minute.
    pub(super) fn end_row(
        &mut self,
        nodes: &[NodeSample],
        elapsed: Span,
        counts: &mut Counts,
    ) -> Option<Gauges> {
        let is_short = elapsed > Span::ZERO && elapsed < MINUTE;
        let mut worst = is_short.then(Gauges::default);
        let with_rows = self.each.len() <= MOST_WITH_ROWS;
        for (place, (node, before)) in nodes.iter().zip(&self.at_row).enumerate() {
            let done = NodeCounts::between(before, node);
            counts.network_in += done.network_in;
            counts.network_out += done.network_out;
            counts.bandwidth_exceeded += done.bandwidth_exceeded;
            let loads = is_short.then(|| load(node, before, elapsed, self.vcpu));
            if let (Some(worst), Some(loads)) = (&mut worst, &loads) {
                worst.raise(loads);
            }
            let Some(tally) = self.each.get_mut(place) else {
                continue;
            };
            let mut gauges = std::mem::take(&mut tally.row);
            if let Some(loads) = &loads {
                gauges.replace_loads(loads);
            }
            if with_rows {
                tally.rows.push(NodeRow {
                    done,
                    gauges,
                    keys: node.keys,
                });
            }
        }
        nodes.clone_into(&mut self.at_row);
        worst
    }

    /// What each of several leaves.
    pub(super) fn finish(self) -> Vec<NodeMeasurements> {
        let samples = self.at_begin.iter().zip(&self.at_row);
        let each = self.each.into_iter().zip(samples);
        let each = each.map(|(tally, (begin, end))| NodeMeasurements {
            done: NodeCounts::between(begin, end),
            gauges: tally.gauges,
            keys: end.keys,
            rows: tally.rows,
        });
        each.collect()
    }
}
