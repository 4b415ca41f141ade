//! The page of a sweep: which point is the best and why, whether what was expected holds, what
//! moves what, and charts over the axes.
//!
//! It is made of the sweep's files alone, so that `sweep --report` and `report` write the same
//! bytes, by the rules of all pages: no network, nothing that needs the script, a table for every
//! chart.

mod plots;
mod saved;

use std::fmt::Write as _;

use askama::Template;

use crate::charts::{Picture, Unit, value_text};
use crate::metrics::catalogue as metrics;
use crate::report::format::plural;

use super::figures::shown;
use super::tables::Table;
use super::view::MapFigure;
use super::{Figure, SCRIPT, picture_name, style};

pub use saved::{SWEEP_FILES, SavedSweep};

/// Points that the table has room for.
const MOST_ROWS: usize = 200;
/// Points that are named where a list of them is meant.
const NAMED: usize = 5;

#[derive(Template)]
#[template(path = "sweep.html")]
struct Page {
    title: String,
    style: String,
    script: &'static str,
    lead: String,
    state: &'static str,
    holds: String,
    best: String,
    moves: String,
    warnings: Vec<String>,
    expectations: Option<Table>,
    front: Option<Figure>,
    front_table: Option<Table>,
    maps: Vec<MapFigure>,
    figures: Vec<Figure>,
    effects: Option<Table>,
    points: Table,
    points_note: String,
    axes: Table,
    identity: String,
    toml: String,
}

/// The page of a sweep.
///
/// # Panics
/// Never: text takes every page.
#[must_use]
pub fn sweep(saved: &SavedSweep) -> String {
    let document = &saved.document;
    let metrics = plots::metrics(saved);
    let maps = plots::maps(saved, &metrics).into_iter();
    let along = plots::along(saved, &metrics).into_iter();
    let points = document.points.len();
    let page = Page {
        title: document.scenario.clone(),
        style: style(),
        script: SCRIPT,
        lead: lead(saved),
        state: if document.expectations.is_empty() {
            ""
        } else if document.met {
            "good"
        } else {
            "bad"
        },
        holds: holds(saved),
        best: best(saved),
        moves: moves(saved, &metrics),
        warnings: warnings(saved),
        expectations: expectations(saved),
        front: plots::front(saved).map(Figure::new),
        front_table: front_table(saved, &metrics),
        maps: maps
            .map(|(heat, note)| MapFigure::new(&heat, note))
            .collect(),
        figures: along.map(Figure::new).collect(),
        effects: effects(saved, &metrics),
        points: points_table(saved, &metrics, 0..points.min(MOST_ROWS)),
        points_note: if points > MOST_ROWS {
            format!("The first {MOST_ROWS} of {points}; summary.csv has them all.")
        } else {
            "summary.csv has every metric of every point.".to_owned()
        },
        axes: axes(saved),
        identity: format!(
            "Sweep {}, results version {}, sessionsim {}.",
            document
                .sweep_sha256
                .get(..16)
                .unwrap_or(&document.sweep_sha256),
            document.results_version,
            document.sessionsim_version
        ),
        toml: saved.toml.clone(),
    };
    page.render().expect("text takes every page")
}

/// The charts of a sweep with file names.
#[must_use]
pub fn sweep_pictures(saved: &SavedSweep) -> Vec<(String, Picture)> {
    let metrics = plots::metrics(saved);
    let front = plots::front(saved).into_iter();
    let charts = front
        .chain(plots::along(saved, &metrics))
        .map(|plot| (picture_name(&plot.chart.title), Picture::Chart(plot.chart)));
    let maps = plots::maps(saved, &metrics).into_iter().map(|(heat, _)| {
        let name = format!("map-{}", picture_name(&heat.title));
        (name, Picture::Heat(heat))
    });
    charts.chain(maps).collect()
}

/// A share with no more digits than people need.
fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A mean: counts need their fractions where they are small.
fn mean_text(mean: f64, unit: metrics::Unit) -> String {
    if unit == metrics::Unit::Count && mean < 10.0 {
        value_text(mean, Unit::Count)
    } else {
        shown(Some(mean), unit)
    }
}

fn lead(saved: &SavedSweep) -> String {
    let document = &saved.document;
    let names: Vec<&str> = document.axes.iter().map(|axis| &*axis.name).collect();
    let runs = document.points.iter().map(|point| {
        let of_metrics = (0..saved.catalogue.len()).filter_map(|place| point.metrics.of(place));
        of_metrics.map(|mean| mean.runs).max().unwrap_or(0)
    });
    format!(
        "{} over {}, {}; intervals of {}.",
        plural(document.points.len() as u64, "point", "points"),
        names.join(", "),
        plural(runs.sum::<u64>(), "run", "runs"),
        percent(document.confidence)
    )
}

fn holds(saved: &SavedSweep) -> String {
    let document = &saved.document;
    if document.expectations.is_empty() {
        return "The scenario expects nothing.".to_owned();
    }
    let meet = document.points.iter().filter(|point| point.meets).count();
    let all = document.points.len();
    let verdict = if document.met { "Yes" } else { "No" };
    match meet {
        0 => format!("{verdict}: no point meets all expectations."),
        meet if meet == all => format!("{verdict}: every point meets all expectations."),
        meet => format!("{verdict}: {meet} of {all} points meet all expectations."),
    }
}

fn best(saved: &SavedSweep) -> String {
    let document = &saved.document;
    let Some(best) = &document.best else {
        return if document.objectives.best.is_empty() {
            "The sweep does not say what is good (`best`).".to_owned()
        } else {
            "None: no point meets all expectations.".to_owned()
        };
    };
    let mut text = format!("{}: {}.", saved.describe(best.point), best.reason);
    if let Some(next) = best.runner_up {
        let _ = write!(text, " Point {next} is {}.", saved.describe(next));
    }
    text
}

/// The strongest effect on each of the first metrics.
fn moves(saved: &SavedSweep, metrics: &[usize]) -> String {
    let strongest = metrics.iter().take(3).filter_map(|metric| {
        let name = &saved.catalogue[*metric].name;
        let effects = saved.effects.iter().filter(|effect| effect.metric == *name);
        let effect = effects.max_by(|one, other| one.share.total_cmp(&other.share))?;
        Some(format!(
            "{} explains {} of the differences in {name}.",
            effect.axis,
            percent(effect.share)
        ))
    });
    let words: Vec<String> = strongest.collect();
    if words.is_empty() {
        "No axis changes a figure that the sweep is about.".to_owned()
    } else {
        words.join(" ")
    }
}

/// Names points, the first few of them.
fn named(saved: &SavedSweep, points: &[usize]) -> String {
    let shown = points
        .iter()
        .take(NAMED)
        .map(|point| saved.describe(*point));
    let mut text = shown.collect::<Vec<String>>().join("; ");
    if points.len() > NAMED {
        let _ = write!(text, "; and {} more", points.len() - NAMED);
    }
    text
}

fn warnings(saved: &SavedSweep) -> Vec<String> {
    let document = &saved.document;
    let mut warnings = Vec::new();
    for failed in document.failed.iter().take(NAMED) {
        warnings.push(format!(
            "Replicate {} of {} failed: {}",
            failed.replicate,
            saved.describe(failed.point),
            failed.why
        ));
    }
    if document.failed.len() > NAMED {
        let more = document.failed.len() - NAMED;
        warnings.push(format!(
            "{} failed too.",
            plural(more as u64, "other run", "other runs")
        ));
    }
    if !document.drifting.is_empty() {
        let points: Vec<usize> = document.drifting.iter().map(|one| one.point).collect();
        let first = &document.drifting[0];
        warnings.push(format!(
            "The hit rate still moves after the warm-up at {} (first: from {} in the first half to \
             {} in the second): the warm-up is too short, or the load changes by itself.",
            named(saved, &points),
            value_text(first.first_half, Unit::Ratio),
            value_text(first.second_half, Unit::Ratio)
        ));
    }
    for axis in &document.axes_without_effect {
        warnings.push(format!("{axis} changes no metric at any point."));
    }
    // What runs say of themselves, once each.
    let mut said: Vec<(&str, Vec<usize>)> = Vec::new();
    for (number, point) in document.points.iter().enumerate() {
        for warning in &point.warnings {
            match said.iter_mut().find(|(known, _)| known == warning) {
                Some((_, points)) => points.push(number),
                None => said.push((warning, vec![number])),
            }
        }
    }
    for (warning, points) in said.into_iter().take(NAMED) {
        let at = if points.len() == document.points.len() {
            "every point".to_owned()
        } else {
            named(saved, &points)
        };
        warnings.push(format!("{warning} (at {at})"));
    }
    warnings
}

fn expectations(saved: &SavedSweep) -> Option<Table> {
    let document = &saved.document;
    let all = document.points.len();
    let mut table = Table::new(["", "expected", "holds at", "why"]);
    for (number, expected) in document.expectations.iter().enumerate() {
        let holding = document.points.iter();
        let holding = holding
            .filter(|point| point.expectations[number].holds)
            .count();
        let (sign, state) = if expected.fails_at.is_empty() {
            ("\u{2713} holds", "good")
        } else {
            ("\u{2717} fails", "bad")
        };
        let asked = match expected.asked_of {
            0 => "; nobody asks for it".to_owned(),
            asked if asked == all => String::new(),
            asked => format!("; asked of {asked}"),
        };
        table.rows.push(vec![
            sign.to_owned(),
            expected.that.clone(),
            format!("{holding} of {all} points{asked}"),
            expected.why.clone(),
        ]);
        table.states.push(state);
    }
    (!table.rows.is_empty()).then_some(table)
}

fn front_table(saved: &SavedSweep, metrics: &[usize]) -> Option<Table> {
    let front = &saved.document.pareto;
    let few = front.iter().copied().take(MOST_ROWS);
    (!front.is_empty()).then(|| points_table(saved, metrics, few))
}

/// A row for each point: its values, what it is, and the metrics with their intervals.
fn points_table(
    saved: &SavedSweep,
    metrics: &[usize],
    points: impl IntoIterator<Item = usize>,
) -> Table {
    let document = &saved.document;
    let mut table = Table::new(["point"]);
    table
        .head
        .extend(document.axes.iter().map(|axis| axis.name.clone()));
    table.head.push("expectations".to_owned());
    let names = metrics
        .iter()
        .map(|place| saved.catalogue[*place].name.to_string());
    table.head.extend(names);
    for number in points {
        let point = &document.points[number];
        let mut row = vec![match &point.name {
            Some(name) => format!("{number} {name}"),
            None => number.to_string(),
        }];
        let values = document
            .axes
            .iter()
            .map(|axis| point.values.get(&axis.name));
        row.extend(values.map(|value| value.cloned().unwrap_or_default()));
        row.push(match (document.expectations.is_empty(), point.meets) {
            (true, _) => "\u{2013}".to_owned(),
            (false, true) => "\u{2713} meets all".to_owned(),
            (false, false) => "\u{2717} fails".to_owned(),
        });
        for place in metrics {
            let unit = saved.catalogue[*place].unit;
            let mean = point.metrics.of(*place);
            let text = mean.map(|mean| mean_text(mean.value, unit));
            let text = text.unwrap_or_else(|| "\u{2013}".to_owned());
            let interval = mean.and_then(|mean| Some((mean.low?, mean.high?)));
            row.push(match interval {
                Some((low, high)) if low < high => {
                    let reach = mean_text((high - low) / 2.0, unit);
                    format!("{text} \u{b1} {reach}")
                }
                _ => text,
            });
        }
        table.rows.push(row);
    }
    table
}

fn effects(saved: &SavedSweep, metrics: &[usize]) -> Option<Table> {
    let axes = &saved.document.axes;
    let mut table = Table::new(["metric"]);
    table.head.extend(axes.iter().map(|axis| axis.name.clone()));
    for place in metrics {
        let metric = &saved.catalogue[*place];
        let mut row = vec![metric.name.to_string()];
        for axis in axes {
            let mut effects = saved.effects.iter();
            let found = effects.find(|one| one.metric == metric.name && one.axis == axis.name);
            row.push(found.map_or_else(
                || "\u{2013}".to_owned(),
                |effect| {
                    format!(
                        "{}: {} at {}, {} at {}",
                        percent(effect.share),
                        mean_text(effect.lowest, metric.unit),
                        effect.lowest_at,
                        mean_text(effect.highest, metric.unit),
                        effect.highest_at
                    )
                },
            ));
        }
        table.rows.push(row);
    }
    (!table.rows.is_empty()).then_some(table)
}

fn axes(saved: &SavedSweep) -> Table {
    let mut table = Table::new(["axis", "key", "values"]);
    for axis in &saved.document.axes {
        let values = if axis.values.len() > 24 {
            let (first, last) = (axis.values.first(), axis.values.last());
            let ends = [first, last].map(|end| end.map_or("", |end| end));
            format!(
                "{} values from {} to {}",
                axis.values.len(),
                ends[0],
                ends[1]
            )
        } else {
            axis.values.join(", ")
        };
        table
            .rows
            .push(vec![axis.name.clone(), axis.key.clone(), values]);
    }
    table
}
