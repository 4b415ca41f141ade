//! The page of a comparison.

use askama::Template;

use crate::compare::{Comparison, Verdict, words};

use super::plots::comparison;
use super::saved::Saved;
use super::tables::Table;
use super::{Figure, SCRIPT, style};

#[derive(Template)]
#[template(path = "compared.html")]
struct Compared {
    title: String,
    style: String,
    script: &'static str,
    sentence: String,
    visits: String,
    reservations: Vec<String>,
    deployments: [(String, String); 2],
    expectations: Option<Table>,
    differing: Option<Table>,
    same: Table,
    happened: Option<Table>,
    figures: Vec<Figure>,
    ids: [String; 2],
    tomls: [(String, String); 2],
}

/// The page of a comparison, with both results.
///
/// # Panics
/// Never: text takes every page.
#[must_use]
pub fn compared(found: &Comparison, results: [&Saved; 2]) -> String {
    let [one, other] = results;
    let [first, second] = [&*found.names[0], &*found.names[1]];
    let figures = if found.is_nothing() {
        Vec::new()
    } else {
        comparison(one, other, [first, second])
    };
    let page = Compared {
        title: format!("{second} against {first}"),
        style: style(),
        script: SCRIPT,
        sentence: words::sentence(found),
        visits: words::visits(found).unwrap_or_default(),
        reservations: found.reservations.clone(),
        deployments: [
            (first.to_owned(), one.summary.deployment.clone()),
            (second.to_owned(), other.summary.deployment.clone()),
        ],
        expectations: expectations(found),
        differing: metrics(found, false),
        same: metrics(found, true).unwrap_or_default(),
        happened: words::visit_table(found).map(of_rows),
        figures: figures.into_iter().map(Figure::new).collect(),
        ids: found.ids.clone(),
        tomls: [
            (first.to_owned(), one.toml.clone()),
            (second.to_owned(), other.toml.clone()),
        ],
    };
    page.render().expect("text takes every page")
}

fn of_rows(mut rows: Vec<Vec<String>>) -> Table {
    let head = rows.remove(0);
    Table {
        head,
        rows,
        states: Vec::new(),
    }
}

/// The metrics that differ, or those that are the same.
fn metrics(found: &Comparison, same: bool) -> Option<Table> {
    let rows = words::metric_table(found, true);
    let mut table = of_rows(vec![rows[0].to_vec()]);
    for (row, line) in rows.into_iter().skip(1).zip(&found.lines) {
        if (line.verdict == Verdict::Same) != same {
            continue;
        }
        table.rows.push(row.to_vec());
        table.states.push(match line.verdict {
            Verdict::Better => "good",
            Verdict::Worse => "bad",
            Verdict::Same | Verdict::Different => "",
        });
    }
    (!table.rows.is_empty()).then_some(table)
}

fn expectations(found: &Comparison) -> Option<Table> {
    let mut table = Table::new(["expectation"]);
    table.head.extend(found.names.clone());
    for expected in &found.expected {
        let [first, second] = expected.holds.map(words::holds);
        let that = expected.that.clone();
        table
            .rows
            .push(vec![that, first.to_owned(), second.to_owned()]);
        table.states.push(match expected.holds {
            [Some(true), Some(false)] => "bad",
            [Some(false), Some(true)] => "good",
            _ => "",
        });
    }
    (!table.rows.is_empty()).then_some(table)
}
