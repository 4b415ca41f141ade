//! What a sweep will run, without running it.

use std::fmt::Write as _;

use crate::cli::explain::figures::{BASE_MEMORY, EVENTS_PER_SECOND, MEMORY_PER_SESSION};
use crate::report::format::{bytes, plural, significant, thousands, words};
use crate::scenario::estimates::in_words;
use crate::scenario::sweep::AxisValue;
use crate::sweep::plan::Plan;
use crate::units::Span;

/// Most points that are listed one by one at either end.
const LISTED: usize = 200;

/// Axes, points and cost.
pub(super) fn text(plan: &Plan<'_>) -> String {
    let design = &plan.design;
    let spec = &design.spec;
    let mut text = format!(
        "{}: {} with {}, {}\n\n",
        plan.sweep.name,
        plural(design.points() as u64, "point", "points"),
        plural(spec.replicates, "replicate each", "replicates each"),
        if spec.until.is_empty() {
            plural(plan.runs(), "run", "runs")
        } else {
            format!(
                "{} to {}",
                plan.runs(),
                plural(design.points() as u64 * spec.max_replicates, "run", "runs")
            )
        }
    );
    for axis in &spec.axes {
        let shown: Vec<&str> = axis.values.iter().map(AxisValue::shown).collect();
        let list = if shown.len() > 12 {
            let last = shown[shown.len() - 1];
            format!(
                "{}, ... {last} ({} values)",
                shown[..3].join(", "),
                shown.len()
            )
        } else {
            shown.join(", ")
        };
        let named = if axis.name == axis.key {
            axis.key.clone()
        } else {
            format!("{} ({})", axis.name, axis.key)
        };
        let _ = writeln!(text, "  {named}: {list}");
    }
    text.push('\n');
    for point in 0..design.points() {
        if design.points() > 2 * LISTED && point == LISTED {
            let _ = writeln!(text, "  ... {} more ...", design.points() - 2 * LISTED);
        }
        if design.points() > 2 * LISTED && (LISTED..design.points() - LISTED).contains(&point) {
            continue;
        }
        let name = design
            .name(point)
            .map_or_else(String::new, |name| format!(" \"{name}\""));
        let _ = writeln!(
            text,
            "  {point:>5}{name}  {}  about {} requests a run",
            design.describe(point),
            number(plan.expected[point].requests)
        );
    }
    text.push('\n');
    text.push_str(&cost(plan));
    text
}

/// A number with its thousands set apart, or in words if it is large.
fn number(number: f64) -> String {
    if number < 1e6 {
        thousands(number as u64)
    } else {
        in_words(number)
    }
}

/// What all of it will cost, in the least number of runs.
fn cost(plan: &Plan<'_>) -> String {
    let replicates = plan.design.spec.replicates as f64;
    let requests: f64 = plan.expected.iter().map(|point| point.requests).sum();
    let events: f64 = plan.expected.iter().map(|point| point.events).sum();
    let sessions = plan
        .expected
        .iter()
        .map(|point| point.sessions)
        .fold(0.0, f64::max);
    let seconds = events * replicates / EVENTS_PER_SECOND;
    let time = if seconds < 100.0 {
        format!("{} s", significant(seconds.max(0.01)))
    } else {
        words(Span::from_secs(seconds as u64))
    };
    format!(
        "In all about {} requests: about {time} of processor time, shared by all cores.\nThe \
         largest point takes about {} of memory; each core runs one at a time.\n",
        number(requests * replicates),
        bytes((BASE_MEMORY + MEMORY_PER_SESSION * sessions) as u64)
    )
}
