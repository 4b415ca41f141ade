//! What else used the nodes: as a table of the summary, and for machines.

use std::fmt::Write as _;

use serde::Serialize;

use crate::metrics::histogram::Quantile;
use crate::metrics::workloads::WorkloadMeasurements;
use crate::scenario::workloads::WorkloadSpec;

use super::Outcome;
use super::format::{NOT_APPLICABLE, bytes, duration, percent, thousands};
use super::page::Page;

/// A workload in `summary.json`.
#[derive(Serialize)]
pub(super) struct Workload<'a> {
    name: &'a str,
    kind: &'static str,
    requests: u64,
    failed_requests: u64,
    hit_rate: Option<f64>,
    evicted_keys: u64,
    expired_keys: u64,
    db_queries: u64,
    keys: u64,
    memory_bytes: u64,
    memory_share: f64,
    #[serde(rename = "latency.mean")]
    latency_mean: Option<f64>,
    #[serde(rename = "latency.p99")]
    latency_p99: Option<f64>,
}

/// All workloads, with what is known of them.
fn measured(outcome: Outcome<'_>) -> impl Iterator<Item = (&WorkloadSpec, &WorkloadMeasurements)> {
    let specs = outcome.scenario.workloads.iter();
    specs.zip(&outcome.measurements.workloads)
}

/// All workloads for `summary.json`.
pub(super) fn for_machines(outcome: Outcome<'_>) -> Vec<Workload<'_>> {
    let seconds = |run: &WorkloadMeasurements, quantile| {
        let nanos = run.latency.figure(quantile)?;
        Some(nanos as f64 / 1e9)
    };
    measured(outcome)
        .map(|(spec, run)| Workload {
            name: &spec.name,
            kind: spec.kind_word(),
            requests: run.requests,
            failed_requests: run.failed,
            hit_rate: run.hit_rate(),
            evicted_keys: run.evicted_keys,
            expired_keys: run.expired_keys,
            db_queries: run.db_queries,
            keys: run.kept.keys,
            memory_bytes: run.kept.bytes,
            memory_share: run.memory_share as f64 / 1e9,
            latency_mean: seconds(run, Quantile::Mean),
            latency_p99: seconds(run, Quantile::P99),
        })
        .collect()
}

/// Room for a name in the table.
const NAME: usize = 22;

/// The table, if there is any workload.
pub(super) fn table(page: &mut Page, outcome: Outcome<'_>) {
    if outcome.scenario.workloads.is_empty() {
        return;
    }
    page.strong(&format!(
        "{:<24}{:>14}{:>10}{:>10}{:>14}{:>12}{:>12}",
        "Beside the sessions", "requests", "hits", "p99", "evicted", "keys", "memory"
    ));
    for (spec, run) in measured(outcome) {
        let hits = run.hit_rate().map_or(NOT_APPLICABLE.to_owned(), |rate| {
            percent((rate * 1e9).round() as i64)
        });
        let p99 = run.latency.figure(Quantile::P99);
        let p99 = p99.map_or(NOT_APPLICABLE.to_owned(), duration);
        let mut name = spec.name.as_str();
        if name.len() > NAME {
            // A long one stands above its figures.
            page.line(&format!("  {name}"));
            name = "";
        }
        let mut line = format!("  {name:<NAME$}{:>14}", thousands(run.requests));
        let _ = write!(
            line,
            "{hits:>10}{p99:>10}{:>14}",
            thousands(run.evicted_keys)
        );
        let _ = write!(
            line,
            "{:>12}{:>12}",
            thousands(run.kept.keys),
            bytes(run.kept.bytes)
        );
        page.line(&line);
    }
    page.blank();
}
