//! A run as Markdown for a pull request or a ticket: one sentence, what was expected, the figures
//! that matter, and the rest folded.

use std::fmt::Write as _;

use crate::metrics::catalogue::{Metric, catalogue};
use crate::metrics::expect::verdicts;
use crate::units::Span;

use super::Outcome;
use super::deployment::deployment;
use super::format::{plural, value as shown, words};
use super::warnings::warnings;

/// A comment on a pull request may have 64 KiB at GitHub; this leaves room for others' text.
pub const LIMIT: usize = 60 << 10;

/// A text in a cell or a paragraph: nothing in it is markup.
#[must_use]
pub fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '!' | '@' => {
                safe.push('\\');
                safe.push(c);
            }
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// Most bytes of a table.
const TABLE_LIMIT: usize = LIMIT / 4;

/// Adds a table: the first of the rows is its head, the first column is left, others right. What
/// is more than a quarter of [`LIMIT`] is left out, and how many rows that is stands below.
pub fn table(text: &mut String, rows: impl IntoIterator<Item = Vec<String>>) {
    let begin = text.len();
    let mut left_out = 0;
    for (number, row) in rows.into_iter().enumerate() {
        if text.len() - begin > TABLE_LIMIT {
            left_out += 1;
            continue;
        }
        let cells: Vec<String> = row.iter().map(|one| cell(one)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if number == 0 {
            let rules: Vec<&str> = (0..row.len())
                .map(|column| if column == 0 { ":--" } else { "--:" })
                .collect();
            let _ = writeln!(text, "| {} |", rules.join(" | "));
        }
    }
    text.push('\n');
    if left_out > 0 {
        let _ = writeln!(
            text,
            "{} left out.\n",
            plural(left_out, "row is", "rows are")
        );
    }
}

/// The run in one sentence for a person in a hurry.
#[must_use]
pub fn sentence(outcome: Outcome<'_>) -> String {
    let catalogue = catalogue();
    let run = outcome.measurements;
    let text = |name: &str| {
        let metric = catalogue.iter().find(|metric| metric.name == name)?;
        Some(shown(Some(metric.value(run)?), metric.unit))
    };
    let mut parts = Vec::new();
    if let Some(share) = text("session_hit_rate") {
        parts.push(format!("{share} of requests found their session"));
    }
    let counts = &run.counts;
    let lost = counts.lost_in_all();
    parts.push(match lost {
        0 => "no session was lost".to_owned(),
        lost => format!("{} lost", plural(lost, "session was", "sessions were")),
    });
    if counts.write_outage > 0 {
        let span = words(Span(counts.write_outage));
        parts.push(format!("some shard took no writes for {span}"));
    }
    if let Some(latency) = text("latency.p99") {
        parts.push(format!("p99 {latency}"));
    }
    if let Some(cost) = text("cost_per_month") {
        parts.push(format!("{cost} a month"));
    }
    let verdicts = verdicts(outcome.scenario, run);
    let failed = verdicts.iter().find(|verdict| !verdict.holds);
    let lead = match failed {
        _ if run.began.is_none() => return "Interrupted before anything was measured.".to_owned(),
        _ if !run.complete => "Interrupted".to_owned(),
        None if verdicts.is_empty() => "Nothing was expected".to_owned(),
        None => "The plan holds".to_owned(),
        Some(verdict) => format!("The plan does not hold ({})", verdict.expectation.in_full()),
    };
    format!("{lead}: {}.", parts.join(", "))
}

/// The run in less than [`LIMIT`] bytes.
#[must_use]
pub fn markdown(outcome: Outcome<'_>) -> String {
    let Outcome {
        scenario,
        identity,
        measurements,
    } = outcome;
    let mut text = format!("### {}\n\n", cell(&scenario.name));
    let _ = writeln!(text, "{}\n", cell(&sentence(outcome)));
    let _ = writeln!(text, "{}\n", cell(&deployment(&scenario.store)));
    for warning in warnings(outcome) {
        let _ = writeln!(text, "> **Note** {}\n", cell(&warning));
    }
    let verdicts = verdicts(scenario, measurements);
    if !verdicts.is_empty() {
        let head = ["", "expected", "measured", "why"].map(str::to_owned);
        let rows = verdicts.iter().map(|verdict| {
            let sign = if verdict.holds {
                "\u{2713}"
            } else {
                "\u{2717}"
            };
            vec![
                sign.to_owned(),
                verdict.expectation.in_full(),
                shown(verdict.value, verdict.unit),
                verdict.expectation.why.clone(),
            ]
        });
        table(&mut text, [head.to_vec()].into_iter().chain(rows));
    }
    text.push_str("<details><summary>All metrics</summary>\n\n");
    let head = ["metric", "value"].map(str::to_owned).to_vec();
    let row = |metric: Metric| {
        let value = metric.value(measurements)?;
        Some(vec![
            metric.name.to_string(),
            shown(Some(value), metric.unit),
        ])
    };
    let rows = catalogue().into_iter().filter_map(row);
    table(&mut text, [head].into_iter().chain(rows));
    text.push_str("</details>\n\n");
    let _ = writeln!(
        text,
        "Measured {}, seed {}, replicate {}, result `{}`, sessionsim {}.",
        words(measurements.measured()),
        identity.seed,
        identity.replicate,
        identity.id,
        env!("CARGO_PKG_VERSION"),
    );
    text
}
