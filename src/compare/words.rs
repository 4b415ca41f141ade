//! Differences as people read them.

use crate::metrics::catalogue::{Unit, Value};
use crate::report::format::{self, plural, thousands};

use super::visits::words as met_words;
use super::{Comparison, Line, Verdict};

/// A value.
#[must_use]
pub fn value(value: Option<Value>, unit: Unit) -> String {
    format::value(value, unit)
}

/// The difference with its sign: in percentage points for shares.
#[must_use]
pub fn difference(line: &Line) -> String {
    let Some(difference) = line.difference() else {
        return String::new();
    };
    let sign = match difference.signum() {
        0 => return "0".to_owned(),
        1 => "+",
        _ => "\u{2212}",
    };
    let size = difference.unsigned_abs();
    let size = match line.metric.unit {
        Unit::Count | Unit::Bytes => Value::Whole((size / 1_000_000_000) as u64),
        _ => Value::Billionths(i64::try_from(size).unwrap_or(i64::MAX)),
    };
    let text = format::value(Some(size), line.metric.unit);
    match line.metric.unit {
        Unit::Ratio => format!("{sign}{} points", text.trim_end_matches('%')),
        _ => format!("{sign}{text}"),
    }
}

/// The difference in percent of the first.
#[must_use]
pub fn relative(line: &Line) -> String {
    match line.relative() {
        None => String::new(),
        Some(share) => {
            let sign = if share < 0.0 { "\u{2212}" } else { "+" };
            let percent = share.abs() * 100.0;
            if percent == 0.0 {
                "0%".to_owned()
            } else if percent >= 99.5 {
                format!("{sign}{}%", thousands(libm::round(percent) as u64))
            } else if percent >= 0.095 {
                format!("{sign}{percent:.1}%")
            } else {
                format!("{sign}{percent:.4}%")
            }
        }
    }
}

/// Metrics that a hurried reader asks for, and how to speak of them.
const FIRST: [(&str, &str); 7] = [
    ("forced_logins", "forced logins"),
    ("guest_resets", "guest resets"),
    ("sessions_lost", "lost sessions"),
    ("failed_requests", "failed requests"),
    ("cost_per_month", "cost a month"),
    ("latency.p99", "latency of requests (p99)"),
    ("db_queries", "database queries"),
];

/// The whole comparison in a sentence or two.
#[must_use]
pub fn sentence(comparison: &Comparison) -> String {
    let [first, second] = &comparison.names;
    if comparison.is_nothing() {
        let metrics = comparison.lines.len() as u64;
        let visits = match &comparison.visits {
            Some(visits) => format!(
                ", and {} fared alike",
                plural(visits.all, "visit", "visits")
            ),
            None => String::new(),
        };
        return format!(
            "No difference: all {metrics} metrics are equal to the last digit{visits}."
        );
    }
    let told = FIRST.iter().filter_map(|(name, words)| {
        let line = comparison.line(name)?;
        // A hurried reader need not hear of less than a percent.
        let slight = line.relative().is_some_and(|share| share.abs() < 0.01);
        let difference = difference(line);
        // Without one, only one of the two has that metric at all.
        if line.verdict == Verdict::Same || slight || difference.is_empty() {
            return None;
        }
        let relative = relative(line);
        let relative = if relative.is_empty() {
            String::new()
        } else {
            format!(" ({relative})")
        };
        Some(format!("{words} {difference}{relative}"))
    });
    let told: Vec<String> = told.take(4).collect();
    let (better, worse) = (
        comparison.count(Verdict::Better),
        comparison.count(Verdict::Worse),
    );
    let visits = match comparison
        .visits
        .as_ref()
        .map(super::WhatHappened::better_and_worse)
    {
        Some((better, worse)) if better + worse > 0 => format!(
            "{} better and {} worse, ",
            plural(better, "visit fares", "visits fare"),
            thousands(worse)
        ),
        _ => String::new(),
    };
    let lead = format!(
        "{second} against {first}: {visits}better in {}, worse in {}",
        plural(better, "metric", "metrics"),
        thousands(worse)
    );
    if told.is_empty() {
        format!("{lead}.")
    } else {
        format!("{lead}; {}.", told.join(", "))
    }
}

/// What became of the visits in a sentence.
#[must_use]
pub fn visits(comparison: &Comparison) -> Option<String> {
    let visits = comparison.visits.as_ref()?;
    let (better, worse) = visits.better_and_worse();
    Some(if visits.differing() == 0 {
        format!("{} fared alike.", plural(visits.all, "visit", "visits"))
    } else {
        format!(
            "Of {}, {} fared better in {}, and {} worse.",
            plural(visits.all, "visit", "visits"),
            thousands(better),
            comparison.names[1],
            thousands(worse)
        )
    })
}

/// What happened in the first (rows) by what happened in the second (columns).
#[must_use]
pub fn visit_table(comparison: &Comparison) -> Option<Vec<Vec<String>>> {
    let visits = comparison.visits.as_ref()?;
    let [rows, columns] = visits.heads();
    let [first, second] = &comparison.names;
    let corner = format!("{first} \u{2193}, {second} \u{2192}");
    let head = [corner]
        .into_iter()
        .chain(columns.iter().map(|met| met_words(*met)));
    let mut table: Vec<Vec<String>> = vec![head.collect()];
    for row in rows {
        let cells = columns
            .iter()
            .map(|column| thousands(visits.number(row, *column)));
        table.push([met_words(row)].into_iter().chain(cells).collect());
    }
    Some(table)
}

/// Whether an expectation holds, in a word.
#[must_use]
pub const fn holds(holds: Option<bool>) -> &'static str {
    match holds {
        None => "not expected",
        Some(true) => "\u{2713} holds",
        Some(false) => "\u{2717} fails",
    }
}

/// The head and the rows of a table of metrics; those that are the same only if `all`.
#[must_use]
pub fn metric_table(comparison: &Comparison, all: bool) -> Vec<[String; 6]> {
    let [first, second] = &comparison.names;
    let head = ["metric", first, second, "difference", "of it", "verdict"];
    let mut table = vec![head.map(str::to_owned)];
    for line in &comparison.lines {
        if line.verdict == Verdict::Same && !all {
            continue;
        }
        table.push([
            line.metric.name.to_string(),
            value(line.values[0], line.metric.unit),
            value(line.values[1], line.metric.unit),
            difference(line),
            relative(line),
            line.verdict.as_str().to_owned(),
        ]);
    }
    table
}
