//! `timeseries.csv` and `latency.csv`.

use crate::metrics::catalogue::{Metric, Value, catalogue};
use crate::metrics::measurements::{Group, Measurements};
use crate::metrics::owners::MOST_WITH_ROWS;
use crate::metrics::parts::{Part, class_metrics, node_metrics};
use crate::units::Time;

use super::Outcome;
use super::parts::{Classes, node_name};

/// The text of `timeseries.csv`: one line for each row, with the metrics that a row has, named as
/// everywhere. `start` and `end` are seconds of simulated time.
#[must_use]
pub fn timeseries(measurements: &Measurements) -> String {
    let metrics: Vec<_> = catalogue().into_iter().filter(Metric::has_rows).collect();
    let mut lines = Lines::default();
    let names = metrics.iter().map(|metric| metric.name.to_string());
    lines.write(
        ["start".to_owned(), "end".to_owned()]
            .into_iter()
            .chain(names),
    );
    for row in &measurements.rows {
        let values = metrics.iter().map(|metric| {
            let value = metric.row_value(row, measurements.applies);
            value.map(plain).unwrap_or_default()
        });
        lines.write(
            [instant(row.start), instant(row.end)]
                .into_iter()
                .chain(values),
        );
    }
    lines.text()
}

/// Quantiles of `latency.csv`: ever closer to 1, as far as there are values to tell.
const QUANTILES: [f64; 22] = [
    0.0, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99,
    0.995, 0.999, 0.9995, 0.9999, 0.99999,
];

/// The text of `latency.csv`: for each kind of latency the curve of its quantiles. `kind` is what
/// the names of its metrics begin with; the last line of each is its maximum.
#[must_use]
pub fn latency(measurements: &Measurements) -> String {
    let mut lines = Lines::default();
    lines.write(["kind", "quantile", "seconds"].map(str::to_owned));
    for group in Group::ALL {
        let latencies = measurements.latency(group);
        let count = latencies.count();
        for quantile in QUANTILES {
            // A quantile beyond the last value but one is the maximum under another name.
            if count > 0 && (1.0 - quantile) * count as f64 >= 1.0 {
                let seconds = instant(Time(latencies.at(quantile)));
                lines.write([group.prefix().to_owned(), quantile.to_string(), seconds]);
            }
        }
        if count > 0 {
            let seconds = instant(Time(latencies.at(1.0)));
            lines.write([group.prefix().to_owned(), "1".to_owned(), seconds]);
        }
    }
    lines.text()
}

/// Names and texts of the files that are there only where a run has several parts.
#[must_use]
pub fn of_parts(outcome: Outcome<'_>) -> Vec<(&'static str, String)> {
    let files = [
        ("classes.csv", classes(outcome)),
        ("timeseries-classes.csv", timeseries_of_classes(outcome)),
        (
            "timeseries-nodes.csv",
            timeseries_of_nodes(outcome.measurements),
        ),
    ];
    let there = files.into_iter();
    there
        .filter_map(|(name, text)| Some((name, text?)))
        .collect()
}

/// A line for each class of users and metric that applies to it, of the whole run.
fn classes(outcome: Outcome<'_>) -> Option<String> {
    if outcome.measurements.classes.is_empty() {
        return None;
    }
    let metrics = class_metrics();
    let mut lines = Lines::default();
    lines.write(["class", "metric", "value"].map(str::to_owned));
    for class in Classes::of(outcome).iter() {
        for metric in &metrics {
            if let Some(value) = metric.part_value(&class.part) {
                lines.write([class.name.clone(), metric.name.to_string(), plain(value)]);
            }
        }
    }
    Some(lines.text())
}

/// As `timeseries.csv`, with a line for each row and class of users.
fn timeseries_of_classes(outcome: Outcome<'_>) -> Option<String> {
    let classes = &outcome.measurements.classes;
    if classes.len() > MOST_WITH_ROWS {
        return None;
    }
    let rows = classes.first()?.rows.len();
    let names = Classes::of(outcome);
    let mut lines = Parts::new("class", class_metrics());
    for place in 0..rows {
        for (class, known) in classes.iter().zip(names.iter()) {
            if let Some(row) = class.rows.get(place) {
                let part = Part::of_class_row(row, known.login);
                lines.write((row.start, row.end), &known.name, &part);
            }
        }
    }
    Some(lines.lines.text())
}

/// As `timeseries.csv`, with a line for each row and node.
fn timeseries_of_nodes(run: &Measurements) -> Option<String> {
    if run.nodes.iter().all(|node| node.rows.is_empty()) {
        return None;
    }
    let mut lines = Parts::new("node", node_metrics());
    for (place, row) in run.rows.iter().enumerate() {
        for (number, node) in run.nodes.iter().enumerate() {
            if let Some(here) = node.rows.get(place) {
                let part = Part::of_node_row(here, run);
                lines.write((row.start, row.end), &node_name(number), &part);
            }
        }
    }
    Some(lines.lines.text())
}

/// A time series with a line for each row and part.
struct Parts {
    metrics: Vec<Metric>,
    lines: Lines,
}

impl Parts {
    fn new(kind: &str, metrics: Vec<Metric>) -> Self {
        let metrics: Vec<_> = metrics.into_iter().filter(Metric::has_rows).collect();
        let mut lines = Lines::default();
        let names = metrics.iter().map(|metric| metric.name.to_string());
        let head = ["start", "end", kind].map(str::to_owned);
        lines.write(head.into_iter().chain(names));
        Self { metrics, lines }
    }

    fn write(&mut self, (start, end): (Time, Time), name: &str, part: &Part) {
        let head = [instant(start), instant(end), name.to_owned()];
        let values = self.metrics.iter().map(|metric| {
            let value = metric.part_value(part);
            value.map(plain).unwrap_or_default()
        });
        self.lines.write(head.into_iter().chain(values));
    }
}

fn instant(at: Time) -> String {
    plain(Value::Billionths(i64::try_from(at.0).unwrap_or(i64::MAX)))
}

/// A number without unit: whole, or the shortest decimal that is the value to its last billionth.
fn plain(value: Value) -> String {
    match value {
        Value::Whole(number) => number.to_string(),
        Value::Billionths(number) => {
            let sign = if number < 0 { "-" } else { "" };
            let size = number.unsigned_abs();
            let whole = size / 1_000_000_000;
            let rest = format!("{:09}", size % 1_000_000_000);
            match rest.trim_end_matches('0') {
                "" => format!("{sign}{whole}"),
                rest => format!("{sign}{whole}.{rest}"),
            }
        }
    }
}

/// Lines of a CSV text.
struct Lines(csv::Writer<Vec<u8>>);

impl Default for Lines {
    fn default() -> Self {
        Self(csv::Writer::from_writer(Vec::new()))
    }
}

impl Lines {
    fn write(&mut self, fields: impl IntoIterator<Item = String>) {
        self.0
            .write_record(fields)
            .expect("memory takes every line, and all have equal length");
    }

    fn text(self) -> String {
        let bytes = self.0.into_inner().expect("memory takes every line");
        String::from_utf8(bytes).expect("all fields are text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        let shown = [0, 1, 1_500_000_000, -20_000_000].map(|n| plain(Value::Billionths(n)));
        assert_eq!(shown, ["0", "0.000000001", "1.5", "-0.02"]);
        assert_eq!(plain(Value::Whole(u64::MAX)), "18446744073709551615");
    }
}
