//! What a reader should know before trusting a result.

use crate::metrics::measurements::Measurements;
use crate::scenario::Scenario;
use crate::scenario::users::{TtlKind, UserClass};
use crate::units::Span;

use super::Outcome;
use super::format::{plural, thousands, words};

/// Sentences, the most important first. Empty for a run without reservations.
#[must_use]
pub fn warnings(outcome: Outcome<'_>) -> Vec<String> {
    let Outcome {
        scenario,
        measurements,
        ..
    } = outcome;
    let mut list = Vec::new();
    if measurements.began.is_none() {
        list.push("The run was interrupted during its warm-up: nothing was measured.".to_owned());
        return list;
    }
    if !measurements.complete {
        list.push(format!(
            "The run was interrupted after {} of {}: the figures cover that part only.",
            words(Span(measurements.ended.0)),
            words(scenario.duration),
        ));
    }
    if let Some(class) = longest_ttl(scenario) {
        let ttl = class.session.ttl;
        if scenario.warmup < ttl {
            list.push(format!(
                "The store starts empty and the warm-up ({}) is shorter than the TTL of \"{}\" \
                 ({}): memory, evictions and hit rate are those of a store that fills up.",
                words(scenario.warmup),
                class.name,
                words(ttl),
            ));
        } else if still_fills(scenario, measurements) {
            list.push(format!(
                "The number of sessions still grows, from {} to {}: the warm-up ({}) was too \
                 short for users who come back, or the load rises by itself.",
                thousands(measurements.alive_at_start()),
                thousands(measurements.counts.alive),
                words(scenario.warmup),
            ));
        }
        if measurements.measured() < ttl {
            list.push(format!(
                "The measured part ({}) is shorter than the TTL of \"{}\" ({}): no session is \
                 seen from its creation to its own end.",
                words(measurements.measured()),
                class.name,
                words(ttl),
            ));
        }
    }
    for class in &scenario.users {
        if class.session.ttl_kind == TtlKind::None {
            list.push(format!(
                "Sessions of \"{}\" have no TTL: the store grows for as long as the run lasts.",
                class.name
            ));
        }
    }
    if measurements.counts.db_refused > 0 {
        list.push(format!(
            "The database refused {}: too many were waiting.",
            plural(measurements.counts.db_refused, "query", "queries"),
        ));
    }
    list
}

/// The class whose sessions live longest by themselves, among those with a TTL.
fn longest_ttl(scenario: &Scenario) -> Option<&UserClass> {
    scenario
        .users
        .iter()
        .filter(|class| class.session.ttl_kind != TtlKind::None)
        .max_by_key(|class| class.session.ttl)
}

/// Whether the store had not reached its level when the measurement began: the warm-up was
/// shorter than a TTL, or there were a tenth more sessions at the end than at the beginning.
#[must_use]
pub fn still_fills(scenario: &Scenario, measurements: &Measurements) -> bool {
    let before = measurements.alive_at_start();
    let after = measurements.counts.alive;
    longest_ttl(scenario).is_none_or(|class| scenario.warmup < class.session.ttl)
        || after > before + before / 10 + FEW
}

/// So many sessions more or less say nothing: their number fluctuates.
const FEW: u64 = 100;
