//! What a deployment costs a month.
//!
//! A month has 730 hours, as AWS and Infracost count it. All amounts are whole billionths of a US
//! dollar. What has no price (servers of one's own) has no cost either, and is `None`, not zero.

use crate::scenario::Scenario;
use crate::scenario::cost::Payment;
use crate::scenario::store::Platform;
use crate::units::{Ratio, Span};

/// Hours of a month (Infracost, AWS Pricing Calculator).
const HOURS: u128 = 730;
/// A GB, as prices count it.
const GB: u128 = 1_000_000_000;
const MILLION: u128 = 1_000_000;
const BILLION: u128 = 1_000_000_000;
/// Nanoseconds of an hour.
const HOUR: u128 = 3_600 * BILLION;
/// Bytes that a processing unit moves ("1 KB"; a command takes at least one unit).
const UNIT_BYTES: u128 = 1_000;
/// Least storage that a serverless cache is billed for, in bytes: 100 MB with Valkey, 1 GB with
/// Redis OSS (AWS pricing).
const LEAST_VALKEY: u128 = 100_000_000;
const LEAST_REDIS: u128 = GB;

/// What is priced of a deployment, known before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    spec: crate::scenario::cost::CostSpec,
    nodes: u64,
    zones: usize,
    /// Whether what nodes send to replicas in other zones has a price: AWS does not charge for
    /// that between nodes of `ElastiCache`.
    pays_replication: bool,
    is_valkey: bool,
    /// Mean bytes of a session, in the class with the largest.
    session_bytes: u64,
}

/// What a run used of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Length of the measured part.
    pub measured: Span,
    /// Live sessions, times nanoseconds.
    pub session_time: u128,
    /// Bytes in all nodes together, times nanoseconds.
    pub memory_time: u128,
    /// Most bytes in all nodes together.
    pub memory_most: u64,
    /// Commands that nodes executed.
    pub commands: u64,
    /// Bytes that went from zone to zone: between users and nodes, and of replication.
    pub crossed: [u64; 2],
    /// Queries that the cache spared the database; negative if it cost some.
    pub queries_spared: i64,
}

/// Costs a month, in billionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Nodes as they are paid for, and backups.
    pub total: Option<i64>,
    /// The total by 1,000 live sessions.
    pub by_1000_sessions: Option<i64>,
    /// Nodes, on demand.
    pub on_demand: Option<i64>,
    /// Nodes, for a term.
    pub reserved: Option<i64>,
    /// Backups.
    pub backups: Option<i64>,
    /// What goes from zone to zone; `None` with a single one.
    pub cross_zone: Option<i64>,
    /// A serverless cache in their place.
    pub serverless: Option<i64>,
    /// What the database is spared; negative if it has more to do.
    pub database_saved: Option<i64>,
}

impl Contract {
    /// The contract of a scenario.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let classes = scenario.users.iter();
        let bytes = classes.map(|class| class.session.bytes.mean());
        let recorded = scenario
            .trace
            .iter()
            .map(|trace| trace.content.mean_bytes());
        let largest = bytes.chain(recorded).fold(0.0, f64::max);
        Self {
            spec: scenario.cost.clone(),
            nodes: u64::from(scenario.store.shards) * u64::from(scenario.store.topology.nodes()),
            zones: scenario.network.zones.number(),
            pays_replication: scenario.platform == Platform::SelfManaged,
            is_valkey: scenario.store.engine.is_valkey(),
            session_bytes: largest as u64,
        }
    }

    /// The bill for a month like the measured part of a run.
    #[must_use]
    pub fn bill(&self, usage: &Usage) -> Bill {
        let spec = &self.spec;
        let on_demand = spec
            .node
            .map(|price| nanos(price) * u128::from(self.nodes) * HOURS);
        let off = spec.reserved_discount.0.min(Ratio::ONE.0);
        let kept = u128::from(Ratio::ONE.0 - off);
        let reserved = on_demand.map(|cost| share(cost * kept, u128::from(Ratio::ONE.0)));
        let backups = match (spec.backups, spec.backup_storage) {
            (0, _) => Some(0),
            (_, None) => None,
            (backups, Some(price)) => {
                let bytes = u128::from(usage.memory_most) * u128::from(backups);
                Some(share(bytes * nanos(price), GB))
            }
        };
        let nodes = match spec.payment {
            Payment::OnDemand => on_demand,
            Payment::Reserved => reserved,
        };
        let cross_zone = self.cross_zone(usage);
        let total = nodes.zip(backups).map(|(nodes, backups)| nodes + backups);
        let total = total.map(|total| total + cross_zone.unwrap_or(0));
        let measured = u128::from(usage.measured.0);
        // Cost / (sessions / 1000), and sessions are their time by that of the run.
        let thousands = usage.session_time.div_ceil(1000);
        let by_1000_sessions = total
            .filter(|_| usage.session_time > 0)
            .map(|total| share(total.saturating_mul(measured), thousands));
        let saved = spec.database_queries.filter(|_| measured > 0).map(|price| {
            let queries = u128::from(usage.queries_spared.unsigned_abs());
            let cost = whole(share(
                queries * nanos(price) * HOURS * (HOUR / MILLION),
                measured,
            ));
            cost * usage.queries_spared.signum()
        });
        Bill {
            total: total.map(whole),
            by_1000_sessions: by_1000_sessions.map(whole),
            on_demand: on_demand.map(whole),
            reserved: reserved.map(whole),
            backups: backups.filter(|_| on_demand.is_some()).map(whole),
            cross_zone: cross_zone.map(whole),
            serverless: self.serverless(usage).map(whole),
            database_saved: saved,
        }
    }

    /// What goes from zone to zone in a month.
    fn cross_zone(&self, usage: &Usage) -> Option<u128> {
        let measured = u128::from(usage.measured.0);
        if self.zones < 2 || measured == 0 {
            return None;
        }
        let price = nanos(self.spec.cross_zone?);
        let [of_users, of_nodes] = usage.crossed.map(u128::from);
        let bytes = of_users + if self.pays_replication { of_nodes } else { 0 };
        Some(share(share(bytes * price, GB) * HOURS * HOUR, measured))
    }

    /// The same data and commands in a serverless cache: each command as if it moved a whole
    /// session of the class with the largest ones, which is the most that it can come to.
    fn serverless(&self, usage: &Usage) -> Option<u128> {
        let measured = u128::from(usage.measured.0);
        if measured == 0 {
            return None;
        }
        let storage = nanos(self.spec.serverless_storage?);
        let requests = nanos(self.spec.serverless_requests?);
        let least = if self.is_valkey {
            LEAST_VALKEY
        } else {
            LEAST_REDIS
        };
        let bytes = (usage.memory_time / measured).max(least);
        let moved = u128::from(self.session_bytes).max(UNIT_BYTES);
        // Thousandths of a unit, one for each byte.
        let units = u128::from(usage.commands) * moved;
        let by_month = share(units * HOURS * (HOUR / MILLION), measured);
        let stored = share(bytes * storage * HOURS, GB);
        Some(stored + share(by_month * requests, UNIT_BYTES))
    }
}

/// Billionths of a dollar from millionths.
fn nanos(micros: u64) -> u128 {
    u128::from(micros) * 1_000
}

/// `part / whole`, rounded to the nearest.
fn share(part: u128, whole: u128) -> u128 {
    part.saturating_add(whole / 2) / whole.max(1)
}

fn whole(nanos: u128) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
