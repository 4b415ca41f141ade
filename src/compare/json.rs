//! A comparison for machines.

use serde_json::{Value as Json, json};

use crate::metrics::catalogue::Value;

use super::visits::words as met_words;
use super::{Comparison, words};

/// Raised when a field changes its meaning or goes away; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// The comparison as JSON.
///
/// # Panics
/// Never: all keys are texts.
#[must_use]
pub fn json(comparison: &Comparison) -> String {
    let number = |value: Option<Value>| match value {
        None => Json::Null,
        Some(Value::Whole(number)) => json!(number),
        Some(value) => json!(value.number()),
    };
    let metrics = comparison.lines.iter().map(|line| {
        json!({
            "metric": line.metric.name,
            "unit": line.metric.unit.as_str(),
            "better": line.metric.better.as_str(),
            "first": number(line.values[0]),
            "second": number(line.values[1]),
            "difference": line.difference().map(|difference| difference as f64 / 1e9),
            "relative": line.relative(),
            "verdict": line.verdict.as_str(),
        })
    });
    let visits = comparison.visits.as_ref().map(|visits| {
        let pairs = visits.pairs.iter().map(|((first, second), number)| {
            json!({ "first": met_words(*first), "second": met_words(*second), "visits": number })
        });
        let (better, worse) = visits.better_and_worse();
        json!({
            "all": visits.all,
            "better": better,
            "worse": worse,
            "pairs": pairs.collect::<Vec<_>>(),
        })
    });
    let expectations = comparison.expected.iter().map(|expected| {
        let [first, second] = expected.holds;
        json!({ "that": expected.that, "first": first, "second": second })
    });
    let all = json!({
        "schema_version": SCHEMA_VERSION,
        "first": { "name": comparison.names[0], "id": comparison.ids[0] },
        "second": { "name": comparison.names[1], "id": comparison.ids[1] },
        "equal": comparison.is_nothing(),
        "sentence": words::sentence(comparison),
        "warnings": comparison.reservations,
        "expectations": expectations.collect::<Vec<_>>(),
        "visits": visits,
        "metrics": metrics.collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&all).expect("all keys are texts");
    text.push('\n');
    text
}
