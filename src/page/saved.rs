//! A result as its files have it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::report::json::{self, SCHEMA_VERSION};
use crate::report::{Outcome, series};

/// The files that a page is made of.
pub const FILES: [&str; 4] = [
    "scenario.toml",
    "timeseries.csv",
    "latency.csv",
    "summary.json",
];

/// `summary.json`, as far as a page shows it.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Summary {
    pub schema_version: u32,
    pub scenario: String,
    pub description: String,
    pub deployment: String,
    pub maxmemory_bytes: Option<u64>,
    pub still_fills: bool,
    pub id: String,
    pub complete: bool,
    pub seed: u64,
    pub replicate: u64,
    pub results_version: u32,
    pub sessionsim_version: String,
    pub simulated_seconds: f64,
    #[serde(default)]
    pub history_seconds: f64,
    pub warmup_seconds: f64,
    pub measured_seconds: f64,
    pub window_seconds: f64,
    pub fingerprint: String,
    pub warnings: Vec<String>,
    pub cost: Cost,
    pub expectations: Vec<Expected>,
    pub first_noticed_seconds: Option<f64>,
    pub alarms: Vec<Alarm>,
    pub metrics: BTreeMap<String, Option<f64>>,
}

/// Of which prices the costs are.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Cost {
    pub region: String,
    pub prices: String,
    pub payment: String,
}

/// An expectation and what became of it.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Expected {
    pub that: String,
    pub why: String,
    pub metric: String,
    pub value: Option<f64>,
    pub holds: bool,
}

/// An alarm and when it was on.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Alarm {
    pub name: String,
    pub recommended: bool,
    pub when: String,
    pub period_seconds: u64,
    pub datapoints: u32,
    pub of: u32,
    pub has_data: bool,
    pub fired: Vec<[f64; 2]>,
}

/// A result.
#[derive(Clone, Debug)]
pub struct Saved {
    /// Its summary.
    pub summary: Summary,
    /// The resolved scenario.
    pub toml: String,
    /// The middle of each row of the time series, in seconds.
    pub times: Vec<f64>,
    /// Columns of the time series.
    pub columns: Vec<Column>,
    /// Quantiles and seconds of each kind of latency.
    pub latency: Vec<(String, Vec<(f64, f64)>)>,
}

/// A column of the time series.
#[derive(Clone, Debug)]
pub struct Column {
    /// The metric.
    pub name: String,
    /// A value for each row that has one.
    pub values: Vec<Option<f64>>,
}

#[derive(Deserialize)]
struct Versioned {
    schema_version: u32,
}

impl Saved {
    /// Reads the texts of a result's files, in the order of [`FILES`].
    ///
    /// # Errors
    /// Which file is wrong, and how.
    pub fn read(texts: &[&str; FILES.len()]) -> Result<Self, String> {
        let [toml, timeseries, latency, summary] = *texts;
        let damaged = |error: serde_json::Error| format!("its summary.json is damaged: {error}");
        let version: Versioned = serde_json::from_str(summary).map_err(damaged)?;
        if version.schema_version != SCHEMA_VERSION {
            return Err(format!(
                "its summary.json has schema version {}, and this sessionsim reads {SCHEMA_VERSION}: \
                 run its scenario.toml again",
                version.schema_version
            ));
        }
        let summary: Summary = serde_json::from_str(summary).map_err(damaged)?;
        let (times, columns) = read_timeseries(timeseries)
            .map_err(|error| format!("its timeseries.csv is damaged: {error}"))?;
        let latency = read_latency(latency)
            .map_err(|error| format!("its latency.csv is damaged: {error}"))?;
        Ok(Self {
            summary,
            toml: toml.to_owned(),
            times,
            columns,
            latency,
        })
    }

    /// The column of that metric.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// The texts of the files, in the order of [`FILES`].
pub(super) fn texts(outcome: Outcome<'_>) -> [String; FILES.len()] {
    [
        outcome.identity.scenario_toml.clone(),
        series::timeseries(outcome.measurements),
        series::latency(outcome.measurements),
        json::summary(outcome),
    ]
}

fn read_timeseries(text: &str) -> Result<(Vec<f64>, Vec<Column>), String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| error.to_string())?.clone();
    if head.get(0) != Some("start") || head.get(1) != Some("end") {
        return Err("its first columns are not start and end".to_owned());
    }
    let mut columns: Vec<Column> = head
        .iter()
        .skip(2)
        .map(|name| Column {
            name: name.to_owned(),
            values: Vec::new(),
        })
        .collect();
    let mut times = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        times.push(f64::midpoint(number(&row, 0)?, number(&row, 1)?));
        for (place, column) in columns.iter_mut().enumerate() {
            let value = match &row[place + 2] {
                "" => None,
                _ => Some(number(&row, place + 2)?),
            };
            column.values.push(value);
        }
    }
    Ok((times, columns))
}

type Curves = Vec<(String, Vec<(f64, f64)>)>;

fn read_latency(text: &str) -> Result<Curves, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| error.to_string())?;
    if head != ["kind", "quantile", "seconds"].as_slice() {
        return Err("its columns are not kind, quantile and seconds".to_owned());
    }
    let mut curves: Curves = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let point = (number(&row, 1)?, number(&row, 2)?);
        match curves.last_mut() {
            Some((kind, points)) if *kind == row[0] => points.push(point),
            _ => curves.push((row[0].to_owned(), vec![point])),
        }
    }
    Ok(curves)
}

fn number(row: &csv::StringRecord, place: usize) -> Result<f64, String> {
    let text = &row[place];
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| {
        let line = row.position().map_or(0, csv::Position::line);
        let text: String = text.chars().take(40).collect();
        format!("line {line}: `{text}` is no number")
    })
}
