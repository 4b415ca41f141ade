//! Metrics of the nodes, of the database behind them, and of what they cost.

use crate::probe::Mark;

use super::Better::{Higher, Lower, Neither};
use super::Source::{self, Counts as ByCount, Gauges as ByGauge};
use super::table::{metric, rate, ratio};
use super::{Metric, Unit, Value, count};

pub(super) fn nodes() -> [Metric; 9] {
    [
        metric(
            "used_memory_max",
            Unit::Bytes,
            Lower,
            "Highest used_memory of a node, observed once a minute and at the end of every row.",
            ByGauge(|g| g.used_memory.and_then(count)),
        ),
        metric(
            "memory_usage_max",
            Unit::Ratio,
            Lower,
            "Highest used_memory of a node in relation to its maxmemory.",
            ByGauge(|g| rate(g.memory_usage)),
        ),
        metric(
            "engine_cpu_max",
            Unit::Ratio,
            Lower,
            "Time that the busiest node's engine worked in its highest minute.",
            ByGauge(|g| rate(g.engine_cpu)),
        ),
        metric(
            "host_cpu_max",
            Unit::Ratio,
            Lower,
            "Time that all vCPUs of the busiest node worked in its highest minute, of what they \
             could have (CPUUtilization).",
            ByGauge(|g| rate(g.host_cpu)),
        ),
        metric(
            "cpu_credits_min",
            Unit::Count,
            Higher,
            "Fewest CPU credits of a burstable node, in minutes of a vCPU (CPUCreditBalance).",
            ByGauge(|g| g.cpu_credits.and_then(count)),
        ),
        metric(
            "network_bytes_in",
            Unit::Bytes,
            Neither,
            "Bytes that nodes received, headers included (NetworkBytesIn).",
            ByCount(|c, a| count(c.network_in).filter(|_| a.network)),
        ),
        metric(
            "network_bytes_out",
            Unit::Bytes,
            Neither,
            "Bytes that nodes sent, headers included (NetworkBytesOut).",
            ByCount(|c, a| count(c.network_out).filter(|_| a.network)),
        ),
        metric(
            "network_usage_max",
            Unit::Ratio,
            Lower,
            "Traffic of the busiest node in its highest minute, in the busier direction, of the \
             bandwidth that lasts (NetworkBaselineUsageInPercentage, ...OutPercentage).",
            ByGauge(|g| rate(g.network_usage)),
        ),
        metric(
            "bandwidth_exceeded",
            Unit::Count,
            Lower,
            "Commands and replies that waited because a node's bandwidth allowance was used up \
             (NetworkBandwidthInAllowanceExceeded, ...OutAllowanceExceeded count packets).",
            ByCount(|c, a| count(c.bandwidth_exceeded).filter(|_| a.network)),
        ),
    ]
}

pub(super) fn replicas() -> [Metric; 4] {
    [
        metric(
            "stale_reads",
            Unit::Count,
            Lower,
            "Reads at a replica that did not find what the primary had: an older value, one that \
             was deleted, or nothing yet.",
            ByCount(|c, a| {
                let stale = c.marks[Mark::StaleRead as usize] + c.marks[Mark::EarlyRead as usize];
                count(stale).filter(|_| a.replicas)
            }),
        ),
        metric(
            "stale_reads.not_there",
            Unit::Count,
            Lower,
            "Of these, reads that found nothing: a user whose session lives seems to have none.",
            ByCount(|c, a| count(c.marks[Mark::EarlyRead as usize]).filter(|_| a.replicas)),
        ),
        metric(
            "cross_zone_bytes",
            Unit::Bytes,
            Lower,
            "Bytes that went from zone to zone between users and nodes, headers included.",
            ByCount(|c, a| count(c.crossed).filter(|_| a.zones)),
        ),
        metric(
            "cross_zone_bytes.replication",
            Unit::Bytes,
            Lower,
            "Bytes of the stream that nodes sent to replicas in other zones.",
            ByCount(|c, a| count(c.replicated).filter(|_| a.zones && a.replicas)),
        ),
    ]
}

/// What failures do besides the sessions that they lose.
pub(super) fn failures() -> [Metric; 5] {
    let of = |name, unit, help, value| metric(name, unit, Lower, help, ByCount(value));
    [
        of(
            "acked_writes_lost",
            Unit::Count,
            "Writes that were acknowledged, and that the replica which became the primary never had.",
            |c, a| count(c.marks[Mark::LostWrite as usize]).filter(|_| a.faults && a.replicas),
        ),
        of(
            "stale_sessions",
            Unit::Count,
            "Sessions that live on in an older version after such a loss: a cart without its last \
             item.",
            |c, a| count(c.marks[Mark::StaleSession as usize]).filter(|_| a.faults && a.replicas),
        ),
        of(
            "write_outage",
            Unit::Seconds,
            "Time in which some shard would have answered no writes, whether there were any or not.",
            |c, a| outage(c.write_outage).filter(|_| a.faults),
        ),
        of(
            "read_outage",
            Unit::Seconds,
            "Likewise no reads, by any node to which the scenario sends them.",
            |c, a| outage(c.read_outage).filter(|_| a.faults),
        ),
        of(
            "failed_visits",
            Unit::Count,
            "Visits of which a request got no answer from the store.",
            |c, a| count(c.marks[Mark::FailedVisit as usize]).filter(|_| a.faults),
        ),
    ]
}

#[allow(clippy::unnecessary_wraps, reason = "every source has a value or none")]
fn outage(nanos: u64) -> Option<Value> {
    rate(Some(nanos))
}

pub(super) fn database() -> [Metric; 5] {
    [
        metric(
            "db_queries",
            Unit::Count,
            Lower,
            "Queries sent to the database, refused ones included.",
            ByCount(|c, _| count(c.db_queries)),
        ),
        metric(
            "db_refused",
            Unit::Count,
            Lower,
            "Of these, queries that it refused because too many were waiting.",
            ByCount(|c, _| count(c.db_refused)),
        ),
        metric(
            "db_queries_without_cache",
            Unit::Count,
            Neither,
            "Queries of the same requests without a cache: a read for each that has a session or \
             reads from a query cache, a write for each change.",
            ByCount(|c, _| count(c.db_baseline)),
        ),
        metric(
            "db_load_saved",
            Unit::Ratio,
            Higher,
            "1 - db_queries / db_queries_without_cache.",
            ByCount(|c, _| {
                // Negative where the cache costs the database more than it saves.
                let spent = ratio(c.db_queries, c.db_baseline)?;
                match spent {
                    Value::Billionths(spent) => Some(Value::Billionths(1_000_000_000 - spent)),
                    Value::Whole(_) => None,
                }
            }),
        ),
        metric(
            "db_query_rate_max",
            Unit::PerSecond,
            Lower,
            "Queries a second that were sent to the database in its busiest minute.",
            ByGauge(|g| rate(g.db_query_rate)),
        ),
    ]
}

pub(super) fn costs() -> [Metric; 8] {
    let cost = |name, better, help, amount| metric(name, Unit::Dollars, better, help, amount);
    [
        cost(
            "cost_per_month",
            Lower,
            "A month of the nodes, paid for as [cost] says, of their backups, and of what goes from \
             zone to zone.",
            Source::Bill(|b| b.total),
        ),
        cost(
            "cost_per_1000_sessions",
            Lower,
            "cost_per_month by 1,000 live sessions, of which there were so many in the mean.",
            Source::Bill(|b| b.by_1000_sessions),
        ),
        cost(
            "cost_per_month.on_demand",
            Lower,
            "A month of the nodes, paid for by the hour.",
            Source::Bill(|b| b.on_demand),
        ),
        cost(
            "cost_per_month.reserved",
            Lower,
            "A month of the nodes, reserved for a term.",
            Source::Bill(|b| b.reserved),
        ),
        cost(
            "cost_per_month.backups",
            Lower,
            "A month of the backups.",
            Source::Bill(|b| b.backups),
        ),
        cost(
            "cost_per_month.cross_zone",
            Lower,
            "A month of what goes from zone to zone.",
            Source::Bill(|b| b.cross_zone),
        ),
        cost(
            "cost_per_month.serverless",
            Neither,
            "A month of a serverless cache with the same data and commands, at most: as if every \
             command moved a whole session.",
            Source::Bill(|b| b.serverless),
        ),
        cost(
            "cost_per_month.database_saved",
            Higher,
            "What the queries that the database is spared would cost a month.",
            Source::Bill(|b| b.database_saved),
        ),
    ]
}

/// What a part of a run keeps: of classes of users all, of nodes their keys.
#[must_use]
pub fn memory() -> [Metric; 3] {
    [
        metric(
            "keys",
            Unit::Count,
            Neither,
            "Keys at the end, expired ones that are still resident included.",
            Source::Memory(|m| Value::Whole(m.kept.keys)),
        ),
        metric(
            "memory_bytes",
            Unit::Bytes,
            Lower,
            "What these keys allocate, without the buckets of the hash tables.",
            Source::Memory(|m| Value::Whole(m.kept.bytes)),
        ),
        metric(
            "memory_share",
            Unit::Ratio,
            Lower,
            "The same as a share of the nodes' used_memory.",
            Source::Memory(|m| Value::Billionths(m.share.cast_signed())),
        ),
    ]
}
