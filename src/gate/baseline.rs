//! Results as a baseline sees them: points, their replicates and the exact values of the metrics
//! that are watched.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Deserialize;

use crate::metrics::catalogue::{Metric, Unit};
use crate::metrics::measurements::Measurements;
use crate::report::identity::{Identity, RESULTS_VERSION};
use crate::sweep::analysis::Results;
use crate::sweep::interval::billionths;

/// What was observed of a result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Version of the results.
    pub results_version: u32,
    /// Its points, by the values of their axes in words; a run is one without axes.
    pub points: BTreeMap<String, Point>,
}

/// A point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// SHA-256 of its resolved scenario.
    pub design: String,
    /// The seed: runs with equal ones and equal replicates saw the same users.
    pub seed: u64,
    /// How long each of its runs was measured, in seconds, if that is known.
    pub measured_seconds: Option<f64>,
    /// By replicate the values of the metrics that are watched, in billionths.
    pub replicates: BTreeMap<u64, Vec<Option<i128>>>,
}

impl Point {
    /// Adds a run.
    pub fn add(&mut self, replicate: u64, metrics: &[Metric], run: &Measurements) {
        let values = metrics.iter().map(|metric| metric.value(run));
        self.replicates.insert(
            replicate,
            values.map(|value| value.map(billionths)).collect(),
        );
    }
}

/// A run as a single point.
pub fn of_run(identity: &Identity, metrics: &[Metric], run: &Measurements) -> Observed {
    let mut point = Point {
        design: identity.scenario_hash.clone(),
        seed: identity.seed,
        measured_seconds: Some(run.measured().seconds()),
        replicates: BTreeMap::new(),
    };
    point.add(identity.replicate, metrics, run);
    Observed {
        results_version: RESULTS_VERSION,
        points: BTreeMap::from([(String::new(), point)]),
    }
}

/// A sweep.
pub fn of_sweep(results: &Results<'_>, metrics: &[Metric]) -> Observed {
    let design = &results.plan.design;
    let places: Vec<usize> = metrics
        .iter()
        .map(|metric| results.metric(&metric.name))
        .collect();
    let points = (0..results.points()).map(|number| {
        let expected = &results.plan.expected[number];
        let mut point = Point {
            design: expected.scenario_hash.clone(),
            seed: expected.seed,
            measured_seconds: None,
            replicates: BTreeMap::new(),
        };
        for (replicate, outcome) in results.outcomes[number].iter().enumerate() {
            if let Some(record) = outcome.record() {
                let values = places.iter().map(|place| record.values[*place]);
                let replicate = design.replicate(number, replicate as u64);
                point.replicates.insert(
                    replicate,
                    values.map(|value| value.map(billionths)).collect(),
                );
            }
        }
        (design.describe(number), point)
    });
    Observed {
        results_version: RESULTS_VERSION,
        points: points.collect(),
    }
}

/// `summary.json`, as far as a baseline needs it.
#[derive(Deserialize)]
struct Summary {
    scenario_sha256: String,
    seed: u64,
    replicate: u64,
    results_version: u32,
    complete: bool,
    #[serde(default)]
    measured_seconds: Option<f64>,
    metrics: BTreeMap<String, Option<serde_json::Number>>,
}

/// Reads the `summary.json` of a run.
///
/// # Errors
/// It is none, or of an interrupted run.
pub fn read_summary(summary: impl Read, metrics: &[Metric]) -> Result<Observed, String> {
    let summary: Summary = serde_json::from_reader(summary)
        .map_err(|error| format!("it is no summary of a run: {error}"))?;
    if !summary.complete {
        return Err("the run was interrupted, so it is no baseline".to_owned());
    }
    let values = metrics.iter().map(|metric| {
        let number = summary.metrics.get(&*metric.name).and_then(Option::as_ref);
        let value = number.map(|number| exact(&number.to_string(), metric));
        value.transpose()
    });
    let values = values.collect::<Result<_, String>>()?;
    let point = Point {
        design: summary.scenario_sha256,
        seed: summary.seed,
        measured_seconds: summary.measured_seconds,
        replicates: BTreeMap::from([(summary.replicate, values)]),
    };
    Ok(Observed {
        results_version: summary.results_version,
        points: BTreeMap::from([(String::new(), point)]),
    })
}

/// `sweep.json`, as far as a baseline needs it.
#[derive(Deserialize)]
struct Document {
    results_version: u32,
    axes: Vec<Axis>,
    points: Vec<DocumentPoint>,
}

#[derive(Deserialize)]
struct Axis {
    name: String,
}

#[derive(Deserialize)]
struct DocumentPoint {
    scenario_sha256: String,
    seed: u64,
}

/// Reads a sweep: its `sweep.json` and, for the exact values of its runs, its `points.csv`.
///
/// # Errors
/// They are no results of a sweep, or not of the same one.
pub fn read_sweep(
    document: impl Read,
    runs: impl Read,
    metrics: &[Metric],
) -> Result<Observed, String> {
    let document: Document = serde_json::from_reader(document)
        .map_err(|error| format!("sweep.json is none of a sweep: {error}"))?;
    let mut reader = csv::Reader::from_reader(runs);
    let malformed = |error: csv::Error| format!("points.csv is malformed: {error}");
    let head = reader.headers().map_err(malformed)?.clone();
    let place = |name: &str| head.iter().position(|column| column == name);
    let column = |name: &str| place(name).ok_or(format!("points.csv has no column `{name}`"));
    let (number, replicate, status) = (column("point")?, column("replicate")?, column("status")?);
    let axes: Vec<(usize, &str)> = document
        .axes
        .iter()
        .map(|axis| Ok((column(&axis.name)?, &*axis.name)))
        .collect::<Result<_, String>>()?;
    // A metric that is new since then has no column.
    let columns: Vec<Option<usize>> = metrics.iter().map(|metric| place(&metric.name)).collect();
    let mut observed = Observed {
        results_version: document.results_version,
        points: BTreeMap::new(),
    };
    for row in reader.records() {
        let row = row.map_err(malformed)?;
        if row[status] != *"done" {
            continue;
        }
        let wrong = || format!("points.csv has a run of point `{}`", &row[number]);
        let known = row[number].parse::<usize>().ok();
        let known = known.and_then(|number| document.points.get(number));
        let known = known.ok_or_else(wrong)?;
        let words: Vec<String> = axes
            .iter()
            .map(|(place, name)| format!("{name} = {}", &row[*place]))
            .collect();
        let point = observed.points.entry(words.join(", ")).or_default();
        point.design.clone_from(&known.scenario_sha256);
        point.seed = known.seed;
        let values = metrics.iter().zip(&columns).map(|(metric, column)| {
            let cell = column.map_or("", |column| &row[column]);
            let value = (!cell.is_empty()).then(|| exact(cell, metric));
            value.transpose()
        });
        let values = values.collect::<Result<_, String>>()?;
        let replicate = row[replicate].parse().map_err(|_| wrong())?;
        point.replicates.insert(replicate, values);
    }
    Ok(observed)
}

/// A number of a file in billionths.
fn exact(text: &str, metric: &Metric) -> Result<i128, String> {
    let wrong = || format!("`{text}` is no value of {}", metric.name);
    if matches!(metric.unit, Unit::Count | Unit::Bytes)
        && let Ok(number) = text.parse::<u64>()
    {
        return Ok(i128::from(number) * 1_000_000_000);
    }
    let number = text.parse::<f64>().map_err(|_| wrong())?;
    if !number.is_finite() {
        return Err(wrong());
    }
    // Values of files are billionths written out: the nearest one is the one that was meant.
    Ok(libm::round(number * 1e9) as i128)
}
