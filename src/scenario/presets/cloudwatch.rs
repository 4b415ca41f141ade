//! CloudWatch's metrics of `ElastiCache`: names, units and statistics, and the metrics of this
//! simulator that they are made of.
//!
//! Source: the AWS documentation, `CacheMetrics.Redis` and `CacheMetrics.HostLevel` (2026).

/// How a metric's samples of a period become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Their sum.
    Sum,
    /// Their mean.
    Average,
    /// The highest.
    Maximum,
    /// The lowest.
    Minimum,
}

impl Statistic {
    /// As CloudWatch calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Average => "Average",
            Self::Maximum => "Maximum",
            Self::Minimum => "Minimum",
        }
    }
}

/// A metric of CloudWatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloudMetric {
    /// Its name.
    pub name: &'static str,
    /// Its unit, as CloudWatch calls it.
    pub unit: &'static str,
    /// The statistic that is of use.
    pub statistic: Statistic,
    /// The metric of the catalogue that it shows.
    pub of: &'static str,
    /// What that is multiplied by: 100 for percent, 1,000,000 for microseconds.
    pub scale: u32,
}

const fn metric(
    name: &'static str,
    unit: &'static str,
    statistic: Statistic,
    of: &'static str,
    scale: u32,
) -> CloudMetric {
    CloudMetric {
        name,
        unit,
        statistic,
        of,
        scale,
    }
}

use Statistic::{Average, Maximum, Minimum, Sum};

/// Those that a run can have. One whose metric the catalogue lacks has no values.
pub const METRICS: [CloudMetric; 16] = [
    metric("CPUUtilization", "Percent", Maximum, "host_cpu_max", 100),
    metric(
        "EngineCPUUtilization",
        "Percent",
        Maximum,
        "engine_cpu_max",
        100,
    ),
    metric("CPUCreditBalance", "Count", Minimum, "cpu_credits_min", 1),
    metric(
        "DatabaseMemoryUsagePercentage",
        "Percent",
        Maximum,
        "memory_usage_max",
        100,
    ),
    metric("BytesUsedForCache", "Bytes", Maximum, "used_memory_max", 1),
    metric("CacheHitRate", "Percent", Average, "hit_rate", 100),
    metric("Evictions", "Count", Sum, "evicted_keys", 1),
    metric("Reclaimed", "Count", Sum, "expired_keys", 1),
    metric("ErrorCount", "Count", Sum, "oom_errors", 1),
    metric("CurrConnections", "Count", Maximum, "connections_max", 1),
    metric(
        "ReplicationLag",
        "Seconds",
        Maximum,
        "replication_lag_reported.max",
        1,
    ),
    metric(
        "SuccessfulReadRequestLatency",
        "Microseconds",
        Average,
        "node_latency.mean",
        1_000_000,
    ),
    metric("NetworkBytesIn", "Bytes", Sum, "network_bytes_in", 1),
    metric("NetworkBytesOut", "Bytes", Sum, "network_bytes_out", 1),
    metric(
        "NetworkBaselineUsageInPercentage",
        "Percent",
        Maximum,
        "network_usage_max",
        100,
    ),
    metric(
        "NetworkBandwidthInAllowanceExceeded",
        "Count",
        Sum,
        "bandwidth_exceeded",
        1,
    ),
];

/// The metric of that name.
pub fn find(name: &str) -> Option<&'static CloudMetric> {
    METRICS.iter().find(|metric| metric.name == name)
}
