//! A comparison as text for a terminal.

use std::fmt::Write as _;

use crate::report::format::plural;

use super::{Comparison, Verdict, words};

/// The comparison as text; metrics that are the same only if `all`.
#[must_use]
pub fn text(comparison: &Comparison, all: bool) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        // Names are the user's own: they shall not steer the terminal.
        text.extend(line.trim_end().chars().filter(|c| !c.is_control()));
        text.push('\n');
    };
    line(&words::sentence(comparison));
    if !comparison.is_nothing() || all {
        line("");
        let table = words::metric_table(comparison, all);
        aligned(
            &table
                .iter()
                .map(<[String; 6]>::as_slice)
                .collect::<Vec<_>>(),
            &mut line,
        );
        let same = comparison.count(Verdict::Same);
        if same > 0 && !all {
            line(&format!(
                "{} the same.",
                plural(same, "metric is", "metrics are")
            ));
        }
    }
    if let (Some(sentence), false) = (words::visits(comparison), comparison.is_nothing()) {
        line("");
        line(&sentence);
        if let Some(table) = words::visit_table(comparison).filter(|table| table.len() > 2) {
            aligned(
                &table.iter().map(Vec::as_slice).collect::<Vec<_>>(),
                &mut line,
            );
        }
    }
    if !comparison.expected.is_empty() {
        line("");
        let head = ["expectation".to_owned()];
        let head = head.into_iter().chain(comparison.names.clone());
        let mut table = vec![head.collect::<Vec<String>>()];
        for expected in &comparison.expected {
            let [first, second] = expected.holds.map(words::holds);
            table.push(vec![
                expected.that.clone(),
                first.to_owned(),
                second.to_owned(),
            ]);
        }
        aligned(
            &table.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            &mut line,
        );
    }
    for reservation in &comparison.reservations {
        line(&format!("warning: {reservation}"));
    }
    line(&format!(
        "Results {} and {}",
        comparison.ids[0], comparison.ids[1]
    ));
    text
}

/// A table with the first column to the left and numbers to the right.
fn aligned(table: &[&[String]], line: &mut dyn FnMut(&str)) {
    let columns = table.iter().map(|row| row.len()).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in table {
        let mut text = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = if column == 0 {
                write!(text, "  {cell:<width$}")
            } else {
                write!(text, "  {cell:>width$}")
            };
        }
        line(&text);
    }
}
