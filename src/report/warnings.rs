//! What a reader should know before trusting a result.

use std::fmt::Write as _;

use crate::metrics::measurements::Measurements;
use crate::scenario::Scenario;
use crate::scenario::users::TtlKind;
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
    if let Some((name, ttl)) = longest_ttl(scenario) {
        if begins_empty(scenario) && scenario.warmup < ttl {
            list.push(format!(
                "The store starts empty and the warm-up ({}) is shorter than the TTL of {name} \
                 ({}): memory, evictions and hit rate are those of a store that fills up.",
                words(scenario.warmup),
                words(ttl),
            ));
        } else if let Some((before, after)) = growth(measurements) {
            list.push(format!(
                "The number of sessions still grows, from {} to {}: the {} ({}) was too \
                 short for users who come back, or the load rises by itself.",
                thousands(before),
                thousands(after),
                if begins_empty(scenario) {
                    "warm-up"
                } else {
                    "history"
                },
                words(scenario.warmup.max(scenario.start.history())),
            ));
        }
        if measurements.measured() < ttl {
            list.push(format!(
                "The measured part ({}) is shorter than the TTL of {name} ({}): no session is \
                 seen from its creation to its own end.",
                words(measurements.measured()),
                words(ttl),
            ));
        }
    }
    list.extend(of_trace(scenario));
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

/// How the run began.
pub(super) fn beginning(scenario: &Scenario) -> String {
    let warmup = words(scenario.warmup);
    let history = scenario.start.history();
    if history == Span::ZERO {
        return format!("Left out: a warm-up of {warmup}, which began with an empty store.");
    }
    let mut text = format!(
        "It began as if the system had been running for {}.",
        words(history)
    );
    if scenario.warmup > Span::ZERO {
        let _ = write!(text, " Left out: its first {warmup}.");
    }
    text
}

/// Whose sessions live longest by themselves, among those with a TTL, and how long.
fn longest_ttl(scenario: &Scenario) -> Option<(String, Span)> {
    let classes = scenario
        .users
        .iter()
        .filter(|class| class.session.ttl_kind != TtlKind::None)
        .map(|class| (format!("\"{}\"", class.name), class.session.ttl));
    let recorded = scenario
        .trace
        .iter()
        .map(|trace| &trace.content.longest_ttl);
    let recorded = recorded.filter(|ttl| **ttl > Span::ZERO);
    classes
        .chain(recorded.map(|ttl| ("the trace".to_owned(), *ttl)))
        .max_by_key(|(_, ttl)| *ttl)
}

/// What a trace leaves of the run, or the run of the trace.
fn of_trace(scenario: &Scenario) -> Option<String> {
    let trace = scenario.trace.as_ref()?;
    let (length, duration) = (trace.content.length, scenario.duration);
    if length >= duration {
        return Some(format!(
            "The trace goes on after the end of the run: it has {}, the run {}.",
            words(length),
            words(duration)
        ));
    }
    // A tenth of the run without traffic is more than a trace's last pause.
    (length.0 < duration.0 / 10 * 9).then(|| {
        format!(
            "The trace is over after {} of {}: no recorded request comes later.",
            words(length),
            words(duration)
        )
    })
}

/// Whether the store had not reached its level when the measurement began: the warm-up was
/// shorter than a TTL, or sessions still grew in number.
#[must_use]
pub fn still_fills(scenario: &Scenario, measurements: &Measurements) -> bool {
    let too_short = longest_ttl(scenario).is_none_or(|(_, ttl)| scenario.warmup < ttl);
    begins_empty(scenario) && too_short || growth(measurements).is_some()
}

fn begins_empty(scenario: &Scenario) -> bool {
    scenario.start.history() == Span::ZERO
}

/// Live sessions at the end of the first and of the last row, if they grew by more than a tenth.
fn growth(measurements: &Measurements) -> Option<(u64, u64)> {
    /// So many sessions more or less say nothing: their number fluctuates.
    const FEW: u64 = 100;
    let (before, after) = measurements.live_sessions()?;
    (after > before + before / 10 + FEW).then_some((before, after))
}
