//! Which expectations hold.

use crate::metrics::catalogue::{Unit, Value};
use crate::metrics::expect::{Verdict, verdicts};

use super::Outcome;
use super::format::value as shown;
use super::page::Page;

/// A line for each expectation: tick or cross, what was expected, what was measured and why it
/// matters; nothing if nothing was expected.
pub(super) fn expectations(page: &mut Page, outcome: Outcome<'_>) {
    let verdicts = verdicts(outcome.scenario, outcome.measurements);
    if verdicts.is_empty() {
        return;
    }
    let held = verdicts.iter().filter(|verdict| verdict.holds).count();
    let of = match (held, verdicts.len()) {
        (held, all) if held == all => "all hold".to_owned(),
        (held, all) => format!("{held} of {all} hold"),
    };
    page.strong(&format!("Expectations: {of}"));
    let texts: Vec<String> = verdicts
        .iter()
        .map(|verdict| verdict.expectation.in_full())
        .collect();
    let width = texts.iter().map(|text| text.chars().count()).max();
    let width = width.unwrap_or_default().min(44);
    for (verdict, text) in verdicts.iter().zip(&texts) {
        let line = format!("{text:<width$}  {:>12}", measured(verdict));
        page.judged(verdict.holds, &line, &verdict.expectation.why);
    }
    page.blank();
}

fn measured(verdict: &Verdict<'_>) -> String {
    match verdict.value {
        None => "not measured".to_owned(),
        Some(value) if verdict.close => exact(value, verdict.unit),
        value => shown(value, verdict.unit),
    }
}

/// All digits of a value that looks like its bound when it is rounded.
fn exact(value: Value, unit: Unit) -> String {
    let number = value.number();
    let digits = |number: f64, most: usize| {
        let text = format!("{number:.most$}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        text.to_owned()
    };
    match unit {
        Unit::Count => shown(Some(value), unit),
        Unit::Bytes => format!("{} bytes", shown(Some(value), Unit::Count)),
        Unit::Ratio => format!("{}%", digits(number * 100.0, 7)),
        Unit::Seconds => format!("{} ms", digits(number * 1e3, 6)),
        Unit::Dollars => format!("${}", digits(number, 9)),
        Unit::PerSecond => format!("{}/s", digits(number, 9)),
    }
}
