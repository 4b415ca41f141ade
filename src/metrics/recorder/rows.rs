//! What happens when a minute or a row of the time series ends.

use crate::cost::{Bill, Usage};
use crate::metrics::loads::{MINUTE, rate};
use crate::metrics::measurements::{Counts, Gauges, Group, Row};
use crate::metrics::workloads::Watched;
use crate::probe::NodeSample;
use crate::units::{Span, Time};

use super::{Rare, Recorder};

impl Recorder {
    /// Notes the nodes' memory.
    pub(super) fn observe(&mut self, nodes: &[NodeSample]) {
        self.rare.used_memory = nodes.iter().map(|node| node.used_memory).sum();
        let worst = self.rare.nodes.observe(nodes);
        self.rare.row_gauges.raise(&worst);
    }

    /// Ends a minute at `at`, if one has passed. A part of a minute counts only as long as there
    /// is no whole one: its load is not comparable.
    pub(super) fn end_minute(&mut self, at: Time, nodes: &[NodeSample]) {
        let rare = &mut *self.rare;
        let elapsed = at.since(rare.minute_start);
        let mut so_far = rare.total;
        so_far.add(&self.row);
        let counts = elapsed > Span::ZERO && (elapsed >= MINUTE || !rare.minute_seen);
        let loads = rare.nodes.end_minute(nodes, elapsed, counts);
        if counts {
            rare.minute_seen |= elapsed >= MINUTE;
            let before = &rare.minute_counts;
            rare.row_gauges.raise(&Gauges {
                request_rate: Some(rate(so_far.requests - before.requests, elapsed)),
                db_query_rate: Some(rate(so_far.db_queries - before.db_queries, elapsed)),
                ..loads
            });
        }
        rare.minute_start = at;
        rare.minute_counts = so_far;
    }

    /// Counts the time in which some shard did not answer, up to `at`.
    pub(super) fn count_outages(&mut self, at: Time) {
        let rare = &mut *self.rare;
        let passed = at.since(rare.silent_until.max(rare.row_start)).0;
        rare.silent_until = at;
        let [reads, writes] = rare.silent.each_ref().map(|shards| !shards.is_empty());
        self.row.read_outage += passed * u64::from(reads);
        self.row.write_outage += passed * u64::from(writes);
    }

    pub(super) fn end_row(&mut self, at: Time, nodes: &[NodeSample]) {
        self.count_outages(at);
        let rare = &mut *self.rare;
        rare.row_latencies.clear();
        for bins in &self.kinds {
            rare.row_latencies.add(bins);
        }
        rare.latencies[Group::Requests as usize].add(&rare.row_latencies);
        rare.gauges.raise(&rare.row_gauges);
        let elapsed = at.since(rare.row_start);
        if let Some(loads) = rare.nodes.end_row(nodes, elapsed, &mut self.row) {
            // Whether a minute happens to end in a short row says nothing about the row: its own
            // averages stand there. The run's highest minute is none of theirs.
            rare.row_gauges.replace_loads(&loads);
            rare.row_gauges.request_rate = Some(rate(self.row.requests, elapsed));
            rare.row_gauges.db_query_rate = Some(rate(self.row.db_queries, elapsed));
        }
        self.row.crossed = rare.crossed[0] - rare.row_crossed[0];
        self.row.replicated = rare.crossed[1] - rare.row_crossed[1];
        rare.row_crossed = rare.crossed;
        rare.total.add(&self.row);
        rare.rows.push(Row {
            start: rare.row_start,
            end: at,
            counts: self.row,
            latency: rare.row_latencies.brief(),
            node_latency: self.node.brief(),
            gauges: rare.row_gauges,
        });
        let bins = self
            .kinds
            .iter_mut()
            .chain([&mut self.node, &mut self.database]);
        for (bins, total) in bins.zip(&mut rare.latencies[Group::Read as usize..]) {
            total.add(bins);
            bins.clear();
        }
        self.row = Counts::default();
        rare.row_gauges = Gauges::default();
        rare.row_start = at;
    }
}

impl Rare {
    /// The workload that facts number so, behind the classes.
    pub(super) fn workload(&mut self, owner: u16) -> Option<&mut Watched> {
        let place = usize::from(owner).checked_sub(self.logins.len())?;
        self.workloads.get_mut(place)
    }

    /// Notes what is there at the end of a row, as if it had been there all the time.
    pub(super) fn use_up(&mut self, elapsed: Span, nodes: &[NodeSample], live_sessions: u64) {
        let memory: u64 = nodes.iter().map(|node| node.used_memory).sum();
        let usage = &mut self.usage;
        usage.session_time += u128::from(live_sessions) * u128::from(elapsed.0);
        usage.memory_time += u128::from(memory) * u128::from(elapsed.0);
        usage.memory_most = usage.memory_most.max(memory);
    }

    /// What a month like the measured part costs.
    pub(super) fn bill(&self) -> Bill {
        let (Some(contract), Some(began)) = (&self.contract, self.began) else {
            return Bill::default();
        };
        let spared = self.total.db_baseline.wrapping_sub(self.total.db_queries);
        contract.bill(&Usage {
            measured: self.ended.since(began),
            commands: self.total.commands.iter().sum(),
            crossed: [self.total.crossed, self.total.replicated],
            // Negative where the cache makes more queries than it spares.
            queries_spared: spared.cast_signed(),
            ..self.usage
        })
    }
}
