//! A run as CloudWatch would show it: series under its names, units and periods, and alarms.
//!
//! Values of a node are those of the node where they are highest (lowest for credits), counts are
//! those of all nodes together. Only what was measured is there: the warm-up is not.

mod alarms;

use std::fmt::Write as _;

use crate::metrics::catalogue::{Metric, Value, catalogue};
use crate::metrics::measurements::Measurements;
use crate::metrics::nodes::NodeMeasurements;
use crate::metrics::parts::{Part, node_metrics};
use crate::scenario::presets::cloudwatch::{CloudMetric, METRICS};
use crate::units::Time;

pub use alarms::{Alarmed, Origin, alarms, first_noticed};

/// The values of a metric, one for each row of the run in which it has one.
#[derive(Clone, Debug)]
pub struct Series {
    /// The metric.
    pub metric: &'static CloudMetric,
    /// Begin, end and value; the value in the metric's unit, in billionths.
    pub points: Vec<(Time, Time, i128)>,
}

/// All series that have values.
#[must_use]
pub fn series(run: &Measurements) -> Vec<Series> {
    let catalogue = catalogue();
    let of = |metric: &'static CloudMetric| {
        let ours = catalogue.iter().find(|ours| ours.name == metric.of)?;
        let points = points(metric, ours, run);
        (!points.is_empty()).then_some(Series { metric, points })
    };
    METRICS.iter().filter_map(of).collect()
}

/// The series of a metric of each of several nodes; none if nodes are not told apart, or the metric
/// is not theirs.
fn series_of_nodes(metric: &'static CloudMetric, run: &Measurements) -> Vec<Series> {
    let metrics = node_metrics();
    let Some(ours) = metrics.iter().find(|ours| ours.name == metric.of) else {
        return Vec::new();
    };
    let scale = i128::from(metric.scale);
    let of = |node: &NodeMeasurements| {
        let rows = run.rows.iter().zip(&node.rows).filter_map(|(row, here)| {
            let value = billionths(ours.part_value(&Part::of_node_row(here, run))?);
            Some((row.start, row.end, value * scale))
        });
        Series {
            metric,
            points: rows.collect(),
        }
    };
    let nodes = run.nodes.iter().filter(|node| !node.rows.is_empty());
    nodes.map(of).collect()
}

const fn billionths(value: Value) -> i128 {
    match value {
        Value::Whole(number) => number as i128 * 1_000_000_000,
        Value::Billionths(number) => number as i128,
    }
}

fn points(metric: &CloudMetric, ours: &Metric, run: &Measurements) -> Vec<(Time, Time, i128)> {
    let scale = i128::from(metric.scale);
    let rows = run.rows.iter().filter_map(|row| {
        let value = billionths(ours.row_value(row, run.applies)?);
        Some((row.start, row.end, value * scale))
    });
    rows.collect()
}

/// The text of `cloudwatch.csv`: a line for each datapoint. `period` is in seconds, `start` in
/// seconds of simulated time; a datapoint is a row of the time series.
#[must_use]
pub fn csv(run: &Measurements) -> String {
    let mut text = String::from("start,period,metric,unit,statistic,value\n");
    for Series { metric, points } in series(run) {
        for (start, end, value) in points {
            let period = end.since(start).0;
            let _ = writeln!(
                text,
                "{},{},{},{},{},{}",
                plain(start.0.into()),
                plain(period.into()),
                metric.name,
                metric.unit,
                metric.statistic.as_str(),
                plain(value),
            );
        }
    }
    text
}

/// Billionths as the shortest decimal.
fn plain(billionths: i128) -> String {
    let sign = if billionths < 0 { "-" } else { "" };
    let size = billionths.unsigned_abs();
    let rest = format!("{:09}", size % 1_000_000_000);
    match rest.trim_end_matches('0') {
        "" => format!("{sign}{}", size / 1_000_000_000),
        rest => format!("{sign}{}.{rest}", size / 1_000_000_000),
    }
}
