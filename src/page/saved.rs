//! A result as its files have it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::metrics::{nodes, owners};
use crate::report::json::{self, SCHEMA_VERSION};
use crate::report::{Outcome, series};

/// The files that a page is made of.
pub const FILES: [&str; 4] = [
    "scenario.toml",
    "timeseries.csv",
    "latency.csv",
    "summary.json",
];

/// Files that a page shows where they are there: of several classes of users, of several nodes.
pub const PART_FILES: [&str; 2] = ["timeseries-classes.csv", "timeseries-nodes.csv"];

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
    #[serde(default)]
    pub database_capacity: Option<f64>,
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
    /// Left out where nothing failed.
    #[serde(default)]
    pub incidents: Vec<Incident>,
    #[serde(default)]
    pub incidents_left_out: u64,
    /// Left out where there are none.
    #[serde(default)]
    pub workloads: Vec<Workload>,
    pub metrics: BTreeMap<String, Option<f64>>,
    #[serde(default)]
    pub classes: Vec<Part>,
    #[serde(default)]
    pub classes_left_out: u64,
    #[serde(default)]
    pub nodes: Vec<Part>,
}

/// A class of users, or a node.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Part {
    pub name: String,
    pub metrics: BTreeMap<String, Option<f64>>,
}

impl Expected {
    /// With the class that it is about.
    pub(super) fn in_full(&self) -> String {
        match &self.class {
            Some(class) => format!("{class}: {}", self.that),
            None => self.that.clone(),
        }
    }
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
    #[serde(default)]
    pub class: Option<String>,
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
    #[serde(default)]
    pub node: Option<String>,
    pub fired: Vec<[f64; 2]>,
}

/// Something that failed, or was done about that.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Incident {
    pub at_seconds: f64,
    pub what: String,
    pub text: String,
}

/// What else used the nodes.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Workload {
    pub name: String,
    pub requests: u64,
    pub hit_rate: Option<f64>,
    #[serde(rename = "latency.p99")]
    pub latency_p99: Option<f64>,
    pub evicted_keys: u64,
    pub keys: u64,
    pub memory_bytes: u64,
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
    /// The time series of each of several classes of users, and of each of several nodes.
    pub classes: Vec<PartSeries>,
    /// Likewise.
    pub nodes: Vec<PartSeries>,
    /// Quantiles and seconds of each kind of latency.
    pub latency: Vec<(String, Vec<(f64, f64)>)>,
}

/// The time series of a class of users, or of a node.
#[derive(Clone, Debug)]
pub struct PartSeries {
    /// Its name.
    pub name: String,
    /// The middle of each of its rows, in seconds.
    pub times: Vec<f64>,
    /// Its columns.
    pub columns: Vec<Column>,
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
            .and_then(|(times, end, columns)| {
                // Times are written to the nanosecond.
                let lacks =
                    summary.measured_seconds > 0.0 && end + 1e-6 < summary.simulated_seconds;
                if lacks {
                    let whole = summary.simulated_seconds;
                    return Err(format!("it ends at {end} s, and the run at {whole} s"));
                }
                Ok((times, columns))
            })
            .map_err(|error| format!("its timeseries.csv is damaged: {error}"))?;
        let latency = read_latency(latency)
            .map_err(|error| format!("its latency.csv is damaged: {error}"))?;
        Ok(Self {
            summary,
            toml: toml.to_owned(),
            times,
            columns,
            classes: Vec::new(),
            nodes: Vec::new(),
            latency,
        })
    }

    /// Adds the texts of [`PART_FILES`], as far as there are such files.
    ///
    /// # Errors
    /// Which file is wrong, and how.
    pub fn with_parts(
        mut self,
        texts: &[Option<String>; PART_FILES.len()],
    ) -> Result<Self, String> {
        let (classes, nodes) = (self.summary.classes.len(), self.summary.nodes.len());
        let has_rows = !self.times.is_empty();
        let with_rows = [
            has_rows && (1..=owners::MOST_WITH_ROWS).contains(&classes),
            has_rows && (1..=nodes::MOST_WITH_ROWS).contains(&nodes),
        ];
        let lists = [&mut self.classes, &mut self.nodes];
        let files = PART_FILES.iter().zip(texts).zip(with_rows);
        for (((name, text), is_expected), list) in files.zip(lists) {
            match text {
                Some(text) => {
                    *list = read_parts(text)
                        .map_err(|error| format!("its {name} is damaged: {error}"))?;
                }
                None if is_expected => return Err(format!("it has no {name}")),
                None => {}
            }
        }
        Ok(self)
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

/// The texts of [`PART_FILES`].
pub(super) fn part_texts(outcome: Outcome<'_>) -> [Option<String>; PART_FILES.len()] {
    let mut files = series::of_parts(outcome);
    PART_FILES.map(|name| {
        let place = files.iter().position(|(file, _)| *file == name)?;
        Some(files.swap_remove(place).1)
    })
}

/// The middle of each row, the end of the last, and the columns.
type Rows = (Vec<f64>, f64, Vec<Column>);

fn read_timeseries(text: &str) -> Result<Rows, String> {
    let mut table = SeriesTable::read(text, 2)?;
    let (times, columns) = table.parts.pop().map_or_else(
        || (Vec::new(), named(&table.head)),
        |part| (part.times, part.columns),
    );
    Ok((times, table.last, columns))
}

fn read_parts(text: &str) -> Result<Vec<PartSeries>, String> {
    Ok(SeriesTable::read(text, 3)?.parts)
}

fn named(names: &[String]) -> Vec<Column> {
    let columns = names.iter().map(|name| Column {
        name: name.clone(),
        values: Vec::new(),
    });
    columns.collect()
}

/// A time series as a file has it, of one part or of several.
struct SeriesTable {
    /// Names of its columns of values.
    head: Vec<String>,
    parts: Vec<PartSeries>,
    /// The end of the last row.
    last: f64,
}

impl SeriesTable {
    /// Reads it; so many columns come before the values: start, end and, if there are three, the
    /// name of the part.
    fn read(text: &str, before: usize) -> Result<Self, String> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().map_err(|error| error.to_string())?.clone();
        if head.get(0) != Some("start") || head.get(1) != Some("end") || head.len() < before {
            return Err("its first columns are not start and end".to_owned());
        }
        let head: Vec<String> = head.iter().skip(before).map(str::to_owned).collect();
        let mut parts: Vec<PartSeries> = Vec::new();
        let (mut next, mut last) = (0, 0.0);
        for row in reader.records() {
            let row = row.map_err(|error| error.to_string())?;
            let name = if before > 2 { &row[2] } else { "" };
            // Parts come in the same order in each row.
            if parts.get(next).is_none_or(|part| part.name != name) {
                next = parts
                    .iter()
                    .position(|part| part.name == name)
                    .unwrap_or(parts.len());
            }
            if next == parts.len() {
                parts.push(PartSeries {
                    name: name.to_owned(),
                    times: Vec::new(),
                    columns: named(&head),
                });
            }
            let part = &mut parts[next];
            last = number(&row, 1)?;
            part.times.push(f64::midpoint(number(&row, 0)?, last));
            for (place, column) in part.columns.iter_mut().enumerate() {
                let value = match &row[place + before] {
                    "" => None,
                    _ => Some(number(&row, place + before)?),
                };
                column.values.push(value);
            }
            next = (next + 1) % parts.len();
        }
        Ok(Self { head, parts, last })
    }
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
