//! `summary.json`: the result for machines.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::metrics::catalogue::{Metric, Value, catalogue};
use crate::metrics::measurements::Measurements;

use super::Outcome;
use super::identity::RESULTS_VERSION;
use super::warnings::warnings;

/// Raised when a field changes its meaning or goes away; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Summary<'a> {
    schema_version: u32,
    scenario: &'a str,
    id: &'a str,
    complete: bool,
    seed: u64,
    replicate: u64,
    results_version: u32,
    sessionsim_version: &'static str,
    scenario_sha256: &'a str,
    simulated_seconds: f64,
    warmup_seconds: f64,
    measured_seconds: f64,
    fingerprint: String,
    warnings: Vec<String>,
    metrics: Metrics<'a>,
}

/// All metrics by name, in the order of the catalogue; null where one does not apply.
struct Metrics<'a> {
    catalogue: Vec<Metric>,
    measurements: &'a Measurements,
}

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.catalogue.len()))?;
        for metric in &self.catalogue {
            match metric.value(self.measurements) {
                None => map.serialize_entry(&metric.name, &())?,
                Some(Value::Whole(number)) => map.serialize_entry(&metric.name, &number)?,
                Some(number) => map.serialize_entry(&metric.name, &number.number())?,
            }
        }
        map.end()
    }
}

/// The text of `summary.json`.
#[must_use]
pub fn summary(outcome: Outcome<'_>) -> String {
    let Outcome {
        scenario,
        identity,
        measurements,
    } = outcome;
    let summary = Summary {
        schema_version: SCHEMA_VERSION,
        scenario: &scenario.name,
        id: &identity.id,
        complete: measurements.complete,
        seed: identity.seed,
        replicate: identity.replicate,
        results_version: RESULTS_VERSION,
        sessionsim_version: env!("CARGO_PKG_VERSION"),
        scenario_sha256: &identity.scenario_hash,
        simulated_seconds: measurements.ended.seconds(),
        warmup_seconds: scenario.warmup.seconds(),
        measured_seconds: measurements.measured().seconds(),
        fingerprint: format!("{:016x}", measurements.fingerprint),
        warnings: warnings(outcome),
        metrics: Metrics {
            catalogue: catalogue(),
            measurements,
        },
    };
    let mut text = serde_json::to_string_pretty(&summary)
        .expect("a summary has text keys and finite numbers only");
    text.push('\n');
    text
}
