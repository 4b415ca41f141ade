//! A comparison as Markdown for a pull request: a sentence, what differs, and the rest folded.

use std::fmt::Write as _;

use crate::report::markdown::{LIMIT, cell, table};

use super::{Comparison, words};

/// The comparison in less than 60 KiB.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    let [first, second] = &comparison.names;
    let mut text = format!("### {} against {}\n\n", cell(second), cell(first));
    let _ = writeln!(text, "{}\n", cell(&words::sentence(comparison)));
    for reservation in &comparison.reservations {
        let _ = writeln!(text, "> **Note** {}\n", cell(reservation));
    }
    if !comparison.expected.is_empty() {
        let head = vec!["expectation".to_owned(), first.clone(), second.clone()];
        let rows = comparison.expected.iter().map(|expected| {
            let [first, second] = expected.holds.map(words::holds);
            vec![expected.that.clone(), first.to_owned(), second.to_owned()]
        });
        table(&mut text, [head].into_iter().chain(rows));
    }
    if !comparison.is_nothing() {
        let rows = words::metric_table(comparison, false);
        let rows = rows.into_iter().map(Vec::from);
        folded(&mut text, "What differs", rows);
        if let Some(sentence) = words::visits(comparison) {
            let _ = writeln!(text, "{}\n", cell(&sentence));
        }
        if let Some(rows) = words::visit_table(comparison) {
            folded(&mut text, "What happened in the visits", rows);
        }
    }
    let [first, second] = &comparison.ids;
    let _ = writeln!(text, "Results `{first}` and `{second}`.");
    debug_assert!(text.len() < LIMIT);
    text
}

fn folded(text: &mut String, title: &str, rows: impl IntoIterator<Item = Vec<String>>) {
    let _ = writeln!(text, "<details><summary>{title}</summary>\n");
    table(text, rows);
    text.push_str("</details>\n\n");
}
