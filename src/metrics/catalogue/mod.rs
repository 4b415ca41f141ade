//! The metrics: one table of what each is called, what it means and how it follows from the
//! [`Measurements`].
//!
//! JSON, CSV and the text summary derive from this table, and so does all that is written about
//! metrics elsewhere. To add a metric is to add an entry to `table.rs`, and a method to
//! [`Probe`](crate::probe::Probe) if it needs a new fact.
//!
//! All arithmetic is on integers, so that a result is the same to its last digit on any machine.

mod deployment;
mod table;

use std::borrow::Cow;

use crate::cost::Bill;
use crate::probe::LossCause;

use super::histogram::{Brief, Quantile};
use super::measurements::{Applies, Counts, Gauges, Group, Measurements, Row};
use super::owners::Memory;
use super::parts::Part;

pub use deployment::memory;
pub use table::catalogue;

/// What a row keeps of a latency.
const EMPTY: Brief = Brief {
    mean: 0,
    p50: 0,
    p99: 0,
    max: 0,
};

/// What a metric's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A share: 0 to 1 in files, percent in text.
    Ratio,
    /// Seconds in files, suitable units in text.
    Seconds,
    /// Bytes.
    Bytes,
    /// Events a second.
    PerSecond,
    /// US dollars.
    Dollars,
}

impl Unit {
    /// As docs name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Ratio => "ratio",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::PerSecond => "per second",
            Self::Dollars => "USD",
        }
    }
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Higher values are better.
    Higher,
    /// Lower values are better.
    Lower,
    /// It describes the load or the deployment, and judges nothing.
    Neither,
}

impl Better {
    /// As docs name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Neither => "neither",
        }
    }
}

/// The value of a metric. Ratios, seconds and rates are kept in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A whole number.
    Whole(u64),
    /// A number in parts of 10^-9; negative where a ratio can be.
    Billionths(i64),
}

impl Value {
    /// As a floating-point number.
    pub fn number(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Billionths(number) => number as f64 / 1e9,
        }
    }
}

/// How a metric follows from the measurements.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// From counts; also for a row of the time series.
    Counts(fn(&Counts, Applies) -> Option<Value>),
    /// From counts, for a whole run only.
    RunCounts(fn(&Counts, Applies) -> Option<Value>),
    /// Sessions lost by that cause.
    Lost(LossCause),
    /// From gauges; also for a row.
    Gauges(fn(&Gauges) -> Option<Value>),
    /// A figure of a distribution of latencies; for a row if it is kept there.
    Latency(Group, Quantile),
    /// From what a part of a run keeps.
    Memory(fn(&Memory) -> Value),
    /// From the bill, for a whole run only.
    Bill(fn(&Bill) -> Option<i64>),
}

/// A metric.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name, in all files and texts.
    pub name: Cow<'static, str>,
    /// What its values are.
    pub unit: Unit,
    /// Which way it is better.
    pub better: Better,
    /// What it is, in one sentence.
    pub help: Cow<'static, str>,
    source: Source,
}

impl Metric {
    /// Its value for a run; `None` where it does not apply.
    pub fn value(&self, run: &Measurements) -> Option<Value> {
        run.began?;
        match self.source {
            Source::Counts(value) | Source::RunCounts(value) => value(&run.counts, run.applies),
            Source::Lost(cause) => count(run.counts.lost[cause as usize]),
            Source::Gauges(value) => value(&run.gauges),
            Source::Latency(group, quantile) => run.latency(group).figure(quantile).map(seconds),
            Source::Memory(_) => None,
            Source::Bill(amount) => amount(&run.bill).map(Value::Billionths),
        }
    }

    /// Whether the time series has a column of it.
    pub fn has_rows(&self) -> bool {
        match self.source {
            Source::Counts(_) | Source::Lost(_) | Source::Gauges(_) | Source::Memory(_) => true,
            Source::RunCounts(_) | Source::Bill(_) => false,
            Source::Latency(Group::ReplicationLag | Group::ReportedLag, quantile) => {
                quantile == Quantile::Max
            }
            Source::Latency(group, quantile) => {
                matches!(group, Group::Requests | Group::Node) && EMPTY.figure(quantile).is_some()
            }
        }
    }

    /// Its value for a row of the time series; `None` where it does not apply.
    pub fn row_value(&self, row: &Row, applies: Applies) -> Option<Value> {
        match self.source {
            Source::Counts(value) => value(&row.counts, applies),
            Source::Lost(cause) => count(row.counts.lost[cause as usize]),
            Source::Gauges(value) => value(&row.gauges),
            Source::Latency(Group::Requests, quantile) => {
                row.latency.and_then(|b| b.figure(quantile)).map(seconds)
            }
            Source::Latency(Group::Node, quantile) => row
                .node_latency
                .and_then(|b| b.figure(quantile))
                .map(seconds),
            Source::Latency(Group::ReplicationLag, Quantile::Max) => {
                row.gauges.replication_lag.map(seconds)
            }
            Source::Latency(Group::ReportedLag, Quantile::Max) => {
                row.gauges.replication_lag_reported.map(seconds)
            }
            Source::RunCounts(_) | Source::Bill(_) | Source::Memory(_) | Source::Latency(..) => {
                None
            }
        }
    }

    /// Its value for a part of a run, or of a row; `None` where it does not apply.
    pub fn part_value(&self, part: &Part) -> Option<Value> {
        match self.source {
            Source::Counts(value) | Source::RunCounts(value) => value(&part.counts, part.applies),
            Source::Lost(cause) => count(part.counts.lost[cause as usize]),
            Source::Gauges(value) => value(&part.gauges),
            Source::Latency(Group::Requests, quantile) => {
                part.latency[quantile as usize].map(seconds)
            }
            Source::Memory(value) => part.memory.as_ref().map(value),
            Source::Latency(..) | Source::Bill(_) => None,
        }
    }

    /// Whether it is a latency of requests of all kinds.
    pub(super) const fn is_latency_of_requests(&self) -> bool {
        matches!(self.source, Source::Latency(Group::Requests, _))
    }
}

#[allow(clippy::unnecessary_wraps, reason = "every source has a value or none")]
const fn count(number: u64) -> Option<Value> {
    Some(Value::Whole(number))
}

fn seconds(nanos: u64) -> Value {
    Value::Billionths(i64::try_from(nanos).unwrap_or(i64::MAX))
}
