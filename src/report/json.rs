//! `summary.json`: the result for machines.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::cloudwatch::{self, Origin};
use crate::metrics::catalogue::{Metric, Value, catalogue};
use crate::metrics::expect::verdicts;
use crate::metrics::measurements::Measurements;
use crate::scenario::Scenario;
use crate::units::Time;

use super::Outcome;
use super::deployment::deployment;
use super::identity::RESULTS_VERSION;
use super::incidents;
use super::limits::database_capacity;
use super::parts::{Summed, classes_for_machines, node_name, nodes_for_machines};
use super::warnings::{still_fills, warnings};
use super::workloads::{Workload, for_machines};

/// Raised when a field changes its meaning or goes away; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Summary<'a> {
    schema_version: u32,
    scenario: &'a str,
    description: &'a str,
    deployment: String,
    maxmemory_bytes: Option<u64>,
    id: &'a str,
    complete: bool,
    seed: u64,
    replicate: u64,
    results_version: u32,
    sessionsim_version: &'static str,
    scenario_sha256: &'a str,
    simulated_seconds: f64,
    history_seconds: f64,
    warmup_seconds: f64,
    measured_seconds: f64,
    window_seconds: f64,
    still_fills: bool,
    database_capacity: Option<f64>,
    fingerprint: String,
    warnings: Vec<String>,
    cost: Cost<'a>,
    expectations: Vec<Expected<'a>>,
    first_noticed_seconds: Option<f64>,
    alarms: Vec<Alarm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    incidents: Vec<incidents::Entry>,
    #[serde(skip_serializing_if = "is_zero")]
    incidents_left_out: u64,
    metrics: Metrics<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    workloads: Vec<Workload<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    classes: Vec<Summed>,
    #[serde(skip_serializing_if = "is_zero")]
    classes_left_out: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<Summed>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// An expectation and what became of it.
#[derive(Serialize)]
struct Expected<'a> {
    that: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    why: &'a str,
    metric: &'a str,
    value: Option<Number>,
    holds: bool,
}

/// Of which prices the costs are.
#[derive(Serialize)]
struct Cost<'a> {
    region: &'a str,
    prices: &'a str,
    payment: &'static str,
}

/// An alarm and when it was on.
#[derive(Serialize)]
struct Alarm {
    name: String,
    recommended: bool,
    when: String,
    period_seconds: u64,
    datapoints: u32,
    of: u32,
    has_data: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    fired: Vec<[f64; 2]>,
}

fn alarms(outcome: Outcome<'_>) -> Vec<Alarm> {
    let alarmed = cloudwatch::alarms(outcome.scenario, outcome.measurements);
    let alarms = alarmed.into_iter().map(|alarmed| Alarm {
        recommended: alarmed.origin == Origin::Recommended,
        when: alarmed.alarm.when.to_string(),
        period_seconds: alarmed.alarm.period.0 / 1_000_000_000,
        datapoints: alarmed.alarm.datapoints,
        of: alarmed.alarm.of,
        has_data: alarmed.has_data,
        node: alarmed.node.map(node_name),
        fired: alarmed
            .fired
            .iter()
            .map(|(from, to)| [from.seconds(), to.seconds()])
            .collect(),
        name: alarmed.alarm.name,
    });
    alarms.collect()
}

/// A metric's value.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Number {
    Whole(u64),
    Float(f64),
}

pub(super) fn number(value: Value) -> Number {
    match value {
        Value::Whole(number) => Number::Whole(number),
        Value::Billionths(_) => Number::Float(value.number()),
    }
}

fn expectations<'a>(scenario: &'a Scenario, run: &Measurements) -> Vec<Expected<'a>> {
    let verdicts = verdicts(scenario, run);
    let expected = verdicts.into_iter().map(|verdict| Expected {
        that: verdict.expectation.to_string(),
        class: verdict.expectation.class.as_deref(),
        why: &verdict.expectation.why,
        metric: &verdict.expectation.metric,
        value: verdict.value.map(number),
        holds: verdict.holds,
    });
    expected.collect()
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
            let value = metric.value(self.measurements).map(number);
            map.serialize_entry(&metric.name, &value)?;
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
    let (classes, classes_left_out) = classes_for_machines(outcome);
    let (incidents, incidents_left_out) = incidents::for_machines(outcome);
    let summary = Summary {
        schema_version: SCHEMA_VERSION,
        scenario: &scenario.name,
        description: &scenario.description,
        deployment: deployment(&scenario.store),
        maxmemory_bytes: Some(scenario.store.maxmemory.0).filter(|bytes| *bytes > 0),
        id: &identity.id,
        complete: measurements.complete,
        seed: identity.seed,
        replicate: identity.replicate,
        results_version: RESULTS_VERSION,
        sessionsim_version: env!("CARGO_PKG_VERSION"),
        scenario_sha256: &identity.scenario_hash,
        simulated_seconds: measurements.ended.seconds(),
        history_seconds: scenario.start.history().seconds(),
        warmup_seconds: scenario.warmup.seconds(),
        measured_seconds: measurements.measured().seconds(),
        window_seconds: scenario.window.seconds(),
        still_fills: still_fills(scenario, measurements),
        database_capacity: database_capacity(&scenario.database),
        fingerprint: format!("{:016x}", measurements.fingerprint),
        warnings: warnings(outcome),
        cost: Cost {
            region: &scenario.cost.region,
            prices: &scenario.cost.source,
            payment: scenario.cost.payment.as_str(),
        },
        expectations: expectations(scenario, measurements),
        first_noticed_seconds: cloudwatch::first_noticed(measurements).map(Time::seconds),
        alarms: alarms(outcome),
        incidents,
        incidents_left_out,
        metrics: Metrics {
            catalogue: catalogue(),
            measurements,
        },
        workloads: for_machines(outcome),
        classes,
        classes_left_out,
        nodes: nodes_for_machines(outcome),
    };
    let mut text = serde_json::to_string_pretty(&summary)
        .expect("a summary has text keys and finite numbers only");
    text.push('\n');
    text
}
