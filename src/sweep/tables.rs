//! The tables of a sweep as CSV: a row for each run, for each metric of each point, and for each
//! effect.
//!
//! Values of runs are exact: ratios, seconds and rates with nine decimals, as they are kept.
//! Means and intervals have as many digits as tell them apart.

use std::io::{self, Write};

use crate::metrics::catalogue::Value;

use super::analysis::Results;
use super::interval::Estimate;
use super::records::Outcome;

/// `points.csv`: a row for each run.
///
/// # Errors
/// It cannot be written.
pub fn points(results: &Results<'_>, to: &mut dyn Write) -> io::Result<()> {
    let design = &results.plan.design;
    let mut table = csv::Writer::from_writer(to);
    let mut head = strings(&["point", "point_name"]);
    head.extend(axis_names(results));
    head.extend(strings(&["replicate", "id", "status"]));
    head.extend(
        results
            .catalogue
            .iter()
            .map(|metric| metric.name.to_string()),
    );
    table.write_record(&head)?;
    for (point, outcomes) in results.outcomes.iter().enumerate() {
        for (replicate, outcome) in outcomes.iter().enumerate() {
            let mut row = point_cells(results, point);
            row.push(design.replicate(point, replicate as u64).to_string());
            match outcome {
                Outcome::Done(record) => {
                    row.extend([record.id.clone(), "done".to_owned()]);
                    row.extend(record.values.iter().map(|value| exact(*value)));
                }
                Outcome::Failed(_) => {
                    row.extend([String::new(), "failed".to_owned()]);
                    row.extend(results.catalogue.iter().map(|_| String::new()));
                }
            }
            table.write_record(&row)?;
        }
    }
    table.flush()
}

/// `summary.csv`: a row for each metric of each point, with its mean, its interval and its
/// difference from the reference point.
///
/// # Errors
/// It cannot be written.
pub fn summary(results: &Results<'_>, to: &mut dyn Write) -> io::Result<()> {
    let reference = results.plan.design.reference();
    let mut table = csv::Writer::from_writer(to);
    let mut head = strings(&["point", "point_name"]);
    head.extend(axis_names(results));
    head.extend(strings(&[
        "metric",
        "unit",
        "runs",
        "mean",
        "low",
        "high",
        "deviation",
        "least",
        "most",
        "difference",
        "difference_low",
        "difference_high",
    ]));
    table.write_record(&head)?;
    for point in 0..results.points() {
        let cells = point_cells(results, point);
        for (place, metric) in results.catalogue.iter().enumerate() {
            let mut row = cells.clone();
            row.extend([metric.name.to_string(), metric.unit.as_str().to_owned()]);
            let estimate = results.estimate(point, place);
            row.push(estimate.map_or(0, |estimate| estimate.count).to_string());
            row.extend(mean_and_interval(estimate));
            row.push(number(estimate.and_then(|estimate| estimate.deviation)));
            row.push(number(estimate.map(|estimate| estimate.least)));
            row.push(number(estimate.map(|estimate| estimate.most)));
            row.extend(mean_and_interval(
                results.difference(point, reference, place),
            ));
            table.write_record(&row)?;
        }
    }
    table.flush()
}

/// `sensitivity.csv`: a row for each axis and metric.
///
/// # Errors
/// It cannot be written.
pub fn sensitivity(results: &Results<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(to);
    table.write_record([
        "axis",
        "metric",
        "unit",
        "share",
        "effect",
        "lowest",
        "lowest_at",
        "highest",
        "highest_at",
    ])?;
    for effect in results.effects() {
        let metric = &results.catalogue[effect.metric];
        table.write_record(&[
            results.plan.design.spec.axes[effect.axis].name.clone(),
            metric.name.to_string(),
            metric.unit.as_str().to_owned(),
            number(Some(effect.share)),
            number(Some(effect.highest.0 - effect.lowest.0)),
            number(Some(effect.lowest.0)),
            effect.lowest.1,
            number(Some(effect.highest.0)),
            effect.highest.1,
        ])?;
    }
    table.flush()
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn axis_names(results: &Results<'_>) -> impl Iterator<Item = String> {
    let axes = &results.plan.design.spec.axes;
    axes.iter().map(|axis| axis.name.clone())
}

fn point_cells(results: &Results<'_>, point: usize) -> Vec<String> {
    let design = &results.plan.design;
    let mut cells = vec![
        point.to_string(),
        design.name(point).unwrap_or_default().to_owned(),
    ];
    let values = design.values(point);
    cells.extend(values.iter().map(|value| value.shown().to_owned()));
    cells
}

fn mean_and_interval(estimate: Option<Estimate>) -> [String; 3] {
    let interval = estimate.and_then(|estimate| estimate.interval());
    [
        number(estimate.map(|estimate| estimate.mean)),
        number(interval.map(|(low, _)| low)),
        number(interval.map(|(_, high)| high)),
    ]
}

/// The shortest digits that read back as the same number; empty for none.
fn number(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| {
        // There is no negative zero in a table.
        let number = if number == 0.0 { 0.0 } else { number };
        number.to_string()
    })
}

fn exact(value: Option<Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::Whole(number)) => number.to_string(),
        Some(Value::Billionths(number)) => {
            let sign = if number < 0 { "-" } else { "" };
            let size = number.unsigned_abs();
            format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000)
        }
    }
}
