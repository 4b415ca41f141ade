//! The results of a sweep on one screen.

use std::fmt::Write as _;

use crate::metrics::catalogue::{Unit, Value};
use crate::report::format::{NOT_APPLICABLE, plural, value, words};
use crate::scenario::sweep::{Gate, Subject};

use super::analysis::Results;
use super::choice::Best;
use super::interval::Estimate;

/// Most points that are listed.
const LISTED: usize = 40;
/// Most metrics that a table has columns of.
const COLUMNS: usize = 5;
/// What is shown where nothing says what matters.
const USUAL: [&str; 3] = ["hit_rate", "sessions_lost", "latency.p99"];

/// The summary for people.
pub fn summary(results: &Results<'_>) -> String {
    let mut text = head(results);
    text.push_str(&table(results));
    text.push_str(&expectations(results));
    text.push_str(&best(results));
    text.push_str(&effects(results));
    text.push_str(&notes(results));
    text
}

fn head(results: &Results<'_>) -> String {
    let spec = &results.plan.design.spec;
    let runs: usize = results.outcomes.iter().map(Vec::len).sum();
    let warmups = results.plan.expected.iter().map(|point| point.warmup);
    let (least, most) = (warmups.clone().min(), warmups.max());
    let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
    let warmup = if least == most {
        words(most)
    } else {
        format!("{} to {}", words(least), words(most))
    };
    format!(
        "{}: {}, {}; intervals of {}; {warmup} of warm-up left out\n\n",
        results.plan.sweep.name,
        plural(results.points() as u64, "point", "points"),
        plural(runs as u64, "run", "runs"),
        spec.confidence
    )
}

/// The metrics that the sweep is about, or the usual ones.
fn columns(results: &Results<'_>) -> Vec<usize> {
    let spec = &results.plan.design.spec;
    let objectives = spec.best.iter().chain(&spec.pareto);
    let of_objectives = objectives.filter_map(|objective| match &objective.subject {
        Subject::Metric(name) => Some(name.as_str()),
        Subject::Axis(_) => None,
    });
    let expectations = results.plan.expectations.iter();
    let names = expectations
        .filter(|expectation| expectation.class.is_none())
        .map(|expectation| &*expectation.metric)
        .chain(of_objectives)
        .chain(spec.until.iter().map(|precision| &*precision.metric))
        .chain(USUAL);
    let mut columns = Vec::new();
    for name in names {
        let metric = results.metric(name);
        if !columns.contains(&metric) && columns.len() < COLUMNS {
            columns.push(metric);
        }
    }
    columns
}

fn table(results: &Results<'_>) -> String {
    let design = &results.plan.design;
    let columns = columns(results);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut head = vec!["point".to_owned()];
    head.extend(design.spec.axes.iter().map(|axis| axis.name.clone()));
    head.extend(
        columns
            .iter()
            .map(|place| results.catalogue[*place].name.to_string()),
    );
    rows.push(head);
    for point in 0..results.points().min(LISTED) {
        let named = design.name(point).map(|name| format!("{point} {name}"));
        let mut row = vec![named.unwrap_or_else(|| point.to_string())];
        row.extend(
            design
                .values(point)
                .iter()
                .map(|value| value.shown().to_owned()),
        );
        for place in &columns {
            let unit = results.catalogue[*place].unit;
            row.push(shown(results.estimate(point, *place), unit));
        }
        let failed = results.outcomes[point]
            .iter()
            .any(|one| one.record().is_none());
        row.push(if failed {
            "failed".to_owned()
        } else if results.plan.expectations.is_empty() {
            String::new()
        } else if results.meets(point) {
            "meets all".to_owned()
        } else {
            String::new()
        });
        rows.push(row);
    }
    let mut text = aligned(&rows);
    if results.points() > LISTED {
        let _ = writeln!(
            text,
            "... {} more in summary.csv",
            results.points() - LISTED
        );
    }
    text.push('\n');
    text
}

/// Columns with two spaces between them, as wide as they need.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A mean with half the width of its interval, if runs differ at all.
pub fn shown(estimate: Option<Estimate>, unit: Unit) -> String {
    let Some(estimate) = estimate else {
        return NOT_APPLICABLE.to_owned();
    };
    let mean = number(estimate.mean, unit);
    match estimate.half_width {
        None | Some(0.0) => mean,
        Some(half) => format!("{mean} \u{b1} {}", number(half, unit)),
    }
}

/// A mean in the way that suits its unit.
pub fn number(mean: f64, unit: Unit) -> String {
    let whole = mean.fract() == 0.0 && (0.0..9e15).contains(&mean);
    let exact = match unit {
        Unit::Count if whole => Value::Whole(mean as u64),
        Unit::Bytes => Value::Whole(libm::round(mean.abs()) as u64),
        _ => Value::Billionths(libm::round(mean * 1e9) as i64),
    };
    let sign = if mean < 0.0 && matches!(unit, Unit::Bytes | Unit::Seconds) {
        "-"
    } else {
        ""
    };
    format!("{sign}{}", value(Some(exact), unit))
}

fn expectations(results: &Results<'_>) -> String {
    let expectations = &results.plan.expectations;
    if expectations.is_empty() {
        return String::new();
    }
    let meeting = (0..results.points())
        .filter(|point| results.meets(*point))
        .count();
    let mut text = format!(
        "Expectations: {} of {} meet them all\n",
        meeting,
        plural(results.points() as u64, "point", "points")
    );
    let gate = &results.plan.design.spec.gate;
    for gated in results.gated() {
        let expectation = &expectations[gated.expectation];
        let holds = gated.fails_at.is_empty();
        let sign = if holds || *gate == Gate::Some {
            "\u{2713}"
        } else {
            "\u{2717}"
        };
        let where_ = match &gated.fails_at[..] {
            [] => String::new(),
            [point] => format!(
                "  fails at point {point} ({})",
                results.plan.design.describe(*point)
            ),
            [first, ..] => format!(
                "  fails at {} of {}, first point {first} ({})",
                gated.fails_at.len(),
                plural(gated.asked_of as u64, "point", "points"),
                results.plan.design.describe(*first)
            ),
        };
        let sign = if *gate == Gate::Some && !results.is_met() {
            "\u{2717}"
        } else {
            sign
        };
        let _ = writeln!(text, "  {sign} {}{where_}", expectation.in_full());
    }
    text.push('\n');
    text
}

/// Why a point is the best, in a sentence.
pub fn reason(results: &Results<'_>, best: &Best) -> String {
    let spec = &results.plan.design.spec;
    let among = if results.plan.expectations.is_empty() {
        format!("of {}", plural(best.of as u64, "point", "points"))
    } else if best.of == 1 {
        "it alone meets all expectations".to_owned()
    } else {
        format!("of the {} points that meet all expectations", best.of)
    };
    let score = |point: usize, place: usize| {
        let objective = &spec.best[place];
        match &objective.subject {
            Subject::Axis(axis) => results.plan.design.value(point, *axis).shown().to_owned(),
            Subject::Metric(name) => {
                let metric = results.metric(name);
                shown(
                    results.estimate(point, metric),
                    results.catalogue[metric].unit,
                )
            }
        }
    };
    match (best.runner_up, best.decided_by) {
        (Some(other), Some(place)) => {
            let certain = certainty(results, best, other, place);
            format!(
                "{} ({}) {among}; next is point {other} with {}{certain}",
                spec.best[place].text,
                score(best.point, place),
                score(other, place)
            )
        }
        (Some(other), None) => {
            format!(
                "{} {among}; point {other} is as good in all",
                spec.best[0].text
            )
        }
        (None, _) => among,
    }
}

/// What the paired difference says of the distance between the best and the next.
fn certainty(results: &Results<'_>, best: &Best, other: usize, place: usize) -> String {
    let Subject::Metric(name) = &results.plan.design.spec.best[place].subject else {
        return String::new();
    };
    let metric = results.metric(name);
    let unit = results.catalogue[metric].unit;
    let difference = results.difference(best.point, other, metric);
    match difference.and_then(|difference| difference.interval()) {
        None => ", from one run of each".to_owned(),
        Some((low, high)) if low <= 0.0 && high >= 0.0 => {
            ", a difference within what chance makes".to_owned()
        }
        Some((low, high)) => {
            let (least, most) = (low.abs().min(high.abs()), low.abs().max(high.abs()));
            let (least, most) = (number(least, unit), number(most, unit));
            if least == most {
                format!(", worse by {least}")
            } else {
                format!(", worse by {least} to {most}")
            }
        }
    }
}

fn best(results: &Results<'_>) -> String {
    let spec = &results.plan.design.spec;
    let mut text = String::new();
    if !spec.best.is_empty() {
        match results.best() {
            None => text.push_str("Best: no point meets all expectations\n"),
            Some(best) => {
                let _ = writeln!(
                    text,
                    "Best: point {} ({})\n  {}",
                    best.point,
                    results.plan.design.describe(best.point),
                    reason(results, &best)
                );
            }
        }
    }
    if !spec.pareto.is_empty() {
        let texts: Vec<&str> = spec.pareto.iter().map(|one| &*one.text).collect();
        let points: Vec<String> = results.front().iter().map(usize::to_string).collect();
        let _ = writeln!(
            text,
            "Pareto front of {}: points {}",
            texts.join(", "),
            points.join(", ")
        );
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn effects(results: &Results<'_>) -> String {
    let columns = columns(results);
    let mut rows = Vec::new();
    for effect in results.effects() {
        let metric = &results.catalogue[effect.metric];
        let (low, high) = (effect.lowest.0, effect.highest.0);
        let moves = number(low, metric.unit) != number(high, metric.unit);
        if !columns.contains(&effect.metric) || !moves {
            continue;
        }
        rows.push(vec![
            format!("  {}", results.plan.design.spec.axes[effect.axis].name),
            metric.name.to_string(),
            format!("{:.0}%", effect.share * 100.0),
            format!(
                "{} at {} to {} at {}",
                number(low, metric.unit),
                effect.lowest.1,
                number(high, metric.unit),
                effect.highest.1
            ),
        ]);
    }
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "What moves what, as a share of the differences between points\n{}\n",
        aligned(&rows)
    )
}

fn notes(results: &Results<'_>) -> String {
    let mut text = String::new();
    for axis in results.idle_axes() {
        let name = &results.plan.design.spec.axes[axis].name;
        let _ = writeln!(text, "Note: `{name}` changes no metric at any point.");
    }
    let drifting = results.drifting();
    if let Some(drift) = drifting.first() {
        let _ = writeln!(
            text,
            "Note: at {} the hit rate still moves after the warm-up, which was too short or the \
             load changes by itself; at point {} it is {} in the first half and {} in the second.",
            plural(drifting.len() as u64, "point", "points"),
            drift.point,
            number(drift.first, Unit::Ratio),
            number(drift.second, Unit::Ratio)
        );
    }
    let warned = (0..results.points())
        .filter(|point| {
            results
                .records(*point)
                .any(|record| !record.warnings.is_empty())
        })
        .count();
    if warned > 0 {
        let _ = writeln!(
            text,
            "Note: {} with warnings, which sweep.json has in full.",
            plural(warned as u64, "point", "points")
        );
    }
    let failed = results.failed();
    for one in failed.iter().take(5) {
        let _ = writeln!(
            text,
            "Failed: replicate {} of point {} ({}): {}",
            one.replicate,
            one.point,
            results.plan.design.describe(one.point),
            one.why
        );
    }
    if failed.len() > 5 {
        let _ = writeln!(
            text,
            "... and {} more failed, all in sweep.json",
            failed.len() - 5
        );
    }
    text
}
