//! What a run leaves for a sweep: the exact value of every metric.
//!
//! A record is kept as one line of JSON and a line with its SHA-256, so that one that was written
//! by half, or damaged, is known and made again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::metrics::catalogue::{Value, catalogue};
use crate::metrics::expect::verdicts;
use crate::metrics::measurements::{Counts, Measurements};
use crate::report::Outcome as Reported;
use crate::report::warnings::warnings;

/// What a run left.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Identity of the result.
    pub id: String,
    /// The metrics in the order of the catalogue.
    pub values: Vec<Option<Value>>,
    /// What the scenario expects something of, in the order of its expectations.
    pub expected: Vec<Option<Value>>,
    /// The share of requests that found their session, in the first and in the second half of the
    /// measured time; `None` if there were no such requests in one of them.
    pub halves: Option<(Value, Value)>,
    /// What a reader should know of the run.
    pub warnings: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// As it should.
    Done(Record),
    /// It did not: why.
    Failed(String),
}

impl Outcome {
    /// The record of a run that ended as it should.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::Done(record) => Some(record),
            Self::Failed(_) => None,
        }
    }
}

impl Record {
    /// What the run of that outcome left.
    pub fn of(outcome: Reported<'_>) -> Self {
        let run = outcome.measurements;
        Self {
            id: outcome.identity.id.clone(),
            values: catalogue().iter().map(|metric| metric.value(run)).collect(),
            expected: verdicts(outcome.scenario, run)
                .iter()
                .map(|verdict| verdict.value)
                .collect(),
            halves: halves(run),
            warnings: warnings(outcome),
        }
    }

    /// As text.
    pub fn to_text(&self) -> String {
        let line = serde_json::to_string(&self.stored()).expect("texts and whole numbers");
        let hash = checksum(&line);
        format!("{line}\n{hash}\n")
    }

    /// From text; `None` if it is not whole, or of a version with other metrics.
    pub fn from_text(text: &str) -> Option<Self> {
        let (line, hash) = text.split_once('\n')?;
        if hash.strip_suffix('\n')? != checksum(line) {
            return None;
        }
        Self::from_stored(serde_json::from_str(line).ok()?)
    }

    /// As it is stored among others.
    pub fn stored(&self) -> Stored {
        let names = catalogue()
            .into_iter()
            .map(|metric| metric.name.into_owned());
        let pairs = names.zip(&self.values);
        Stored {
            id: self.id.clone(),
            metrics: pairs
                .map(|(name, value)| (name, value.map(StoredValue::from)))
                .collect(),
            expected: self
                .expected
                .iter()
                .map(|value| value.map(StoredValue::from))
                .collect(),
            halves: self
                .halves
                .map(|(first, second)| [first.into(), second.into()]),
            warnings: self.warnings.clone(),
        }
    }

    /// The other way round; `None` if it has other metrics than this version.
    pub fn from_stored(mut stored: Stored) -> Option<Self> {
        let names = catalogue().into_iter().map(|metric| metric.name);
        let known = |value: &Option<StoredValue>| match value {
            Some(value) => value.value().map(Some),
            None => Some(None),
        };
        let values: Option<Vec<Option<Value>>> = names
            .map(|name| known(&stored.metrics.remove(&*name)?))
            .collect();
        let expected: Option<Vec<Option<Value>>> = stored.expected.iter().map(known).collect();
        let halves = match &stored.halves {
            Some([first, second]) => Some((first.value()?, second.value()?)),
            None => None,
        };
        let nothing_else = stored.metrics.is_empty();
        nothing_else.then_some(Self {
            id: stored.id,
            values: values?,
            expected: expected?,
            halves,
            warnings: stored.warnings,
        })
    }
}

/// A record as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    id: String,
    metrics: BTreeMap<String, Option<StoredValue>>,
    expected: Vec<Option<StoredValue>>,
    halves: Option<[StoredValue; 2]>,
    warnings: Vec<String>,
}

/// A number as it is stored: exactly, in texts since JSON numbers lose digits in many readers. A
/// whole number is `12`, one in billionths `950000000e-9`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredValue(String);

impl From<Value> for StoredValue {
    fn from(value: Value) -> Self {
        Self(match value {
            Value::Whole(number) => number.to_string(),
            Value::Billionths(number) => format!("{number}e-9"),
        })
    }
}

impl StoredValue {
    fn value(&self) -> Option<Value> {
        match self.0.strip_suffix("e-9") {
            Some(number) => number.parse().ok().map(Value::Billionths),
            None => self.0.parse().ok().map(Value::Whole),
        }
    }
}

/// SHA-256 in hexadecimal digits.
pub fn checksum(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}

fn halves(run: &Measurements) -> Option<(Value, Value)> {
    let metric = catalogue();
    let metric = metric
        .iter()
        .find(|metric| metric.name == "session_hit_rate")?;
    let half = |rows: &[crate::metrics::measurements::Row]| {
        let mut counts = Counts::default();
        for row in rows {
            counts.add(&row.counts);
        }
        let mut row = *rows.first()?;
        row.counts = counts;
        metric.row_value(&row, run.applies)
    };
    let (first, second) = run.rows.split_at(run.rows.len() / 2);
    Some((half(first)?, half(second)?))
}
