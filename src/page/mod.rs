//! One self-contained page over one or several results: the answer first, then what it rests on.
//!
//! A page is made of the texts of a result's files alone, so that `run --report` and `report` write
//! the same bytes. It needs no network and no script; a little script lets readers hover, hide a
//! series and zoom. All text of a scenario is escaped by the template engine or by the charts.

mod answer;
mod assumed;
mod compared;
pub mod figures;
mod parts;
mod plots;
mod saved;
mod sweep;
mod tables;
mod view;

use askama::Template;

use crate::charts::{self, Picture};
use crate::report::Outcome;

pub use compared::compared;
pub use plots::{comparison, plots};
pub use saved::{FILES, PART_FILES, Saved};
pub use sweep::{SWEEP_FILES, SavedSweep, sweep, sweep_pictures};
pub use view::Figure;

use answer::Answer;
use tables::Table;

/// Script of the page.
const SCRIPT: &str = include_str!("templates/page.js");
/// Style of the page, beside that of the charts.
const STYLE: &str = include_str!("templates/page.css");

/// A result as the page shows it.
struct Part {
    title: String,
    description: String,
    deployment: String,
    lines: Vec<String>,
    answer: Answer,
    warnings: Vec<String>,
    tiles: Vec<figures::Tile>,
    expectations: Option<Table>,
    incidents: Option<Table>,
    incidents_note: String,
    figures: Vec<Figure>,
    marked: Vec<String>,
    quiet: String,
    fates: Table,
    workloads: Option<Table>,
    classes: Option<Table>,
    classes_note: String,
    nodes: Option<Table>,
    alarms: Option<Table>,
    noticed: String,
    cost: Option<Table>,
    cost_note: String,
    metrics: Table,
    assumed: Option<Table>,
    toml: String,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Report {
    title: String,
    style: String,
    script: &'static str,
    runs: Option<Table>,
    parts: Vec<Part>,
}

/// The page over results.
///
/// # Panics
/// Never: text takes every page.
#[must_use]
pub fn render(results: &[Saved]) -> String {
    let names: Vec<&str> = results
        .iter()
        .map(|saved| saved.summary.scenario.as_str())
        .collect();
    let page = Report {
        title: names.join(", "),
        style: style(),
        script: SCRIPT,
        runs: (results.len() > 1).then(|| tables::side_by_side(results)),
        parts: results.iter().map(part).collect(),
    };
    page.render().expect("text takes every page")
}

/// The rules of a page: its own and those of its charts.
#[must_use]
pub fn style() -> String {
    format!("{}{STYLE}", charts::stylesheet())
}

/// The script of a page.
#[must_use]
pub const fn script() -> &'static str {
    SCRIPT
}

/// What the texts of a result's files are for the page, in the order of [`FILES`].
///
/// # Panics
/// If the texts are not those that a run writes, which is a bug.
#[must_use]
pub fn of_outcome(outcome: Outcome<'_>) -> Saved {
    let texts = saved::texts(outcome);
    Saved::read(&texts.each_ref().map(String::as_str))
        .and_then(|saved| saved.with_parts(&saved::part_texts(outcome)))
        .expect("a result's own files can be read")
}

/// Charts of a result with file names, for pictures.
#[must_use]
pub fn pictures(saved: &Saved) -> Vec<(String, Picture)> {
    let (plots, _) = plots(saved);
    let named = plots.into_iter().map(|plot| {
        let name = picture_name(&plot.chart.title);
        (name, Picture::Chart(plot.chart.thinned()))
    });
    named.collect()
}

/// The name of a file for a picture of that title.
fn picture_name(title: &str) -> String {
    let name: String = title
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

fn part(saved: &Saved) -> Part {
    let summary = &saved.summary;
    let (plots, quiet) = plots(saved);
    let marked = plots::markers(saved).into_iter();
    let marked = marked.map(|marker| format!("{}: {}", charts::time_text(marker.at), marker.label));
    Part {
        title: summary.scenario.clone(),
        description: summary.description.clone(),
        deployment: summary.deployment.clone(),
        lines: figures::identity(summary),
        answer: Answer::new(saved),
        warnings: summary.warnings.clone(),
        tiles: figures::tiles(summary),
        expectations: tables::expectations(summary),
        incidents: tables::incidents(summary),
        incidents_note: tables::incidents_note(summary),
        figures: plots.into_iter().map(Figure::new).collect(),
        quiet,
        marked: marked.collect(),
        fates: tables::fates(summary),
        workloads: tables::workloads(summary),
        classes: parts::classes(summary),
        classes_note: parts::left_out(summary),
        nodes: parts::nodes(summary),
        alarms: tables::alarms(summary),
        noticed: answer::noticed(summary),
        cost: tables::cost(summary),
        cost_note: figures::cost_note(summary),
        metrics: tables::metrics(summary),
        assumed: assumed::assumed(&saved.toml),
        toml: saved.toml.clone(),
    }
}

#[cfg(test)]
mod tests;
