//! What a reader should know before trusting a result.

use crate::scenario::users::TtlKind;
use crate::units::Span;

use super::Outcome;
use super::format::{plural, words};

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
    let lasting =
        |class: &&crate::scenario::users::UserClass| class.session.ttl_kind != TtlKind::None;
    let longest = scenario
        .users
        .iter()
        .filter(lasting)
        .max_by_key(|class| class.session.ttl);
    if let Some(class) = longest {
        let ttl = class.session.ttl;
        if scenario.warmup < ttl {
            list.push(format!(
                "The store starts empty and the warm-up ({}) is shorter than the TTL of \"{}\" \
                 ({}): memory, evictions and hit rate are still those of a store that fills up.",
                words(scenario.warmup),
                class.name,
                words(ttl),
            ));
        }
        if measurements.measured() < ttl {
            list.push(format!(
                "The measured part ({}) is shorter than the TTL of \"{}\" ({}): it does not \
                 show a session's whole life.",
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
