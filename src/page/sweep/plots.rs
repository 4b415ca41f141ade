//! Which charts a sweep has: the metrics that it is about, along its axes, and what cannot be had
//! better in everything at once.

use crate::charts::{
    Across, Cell, Chart, Heat, MOST_SERIES, Mark, Series, Style, Unit, Whisker, value_text,
};

use super::saved::{Axis, Objective, SavedSweep};
use crate::page::plots::{Plot, unit};

/// Most metrics that are drawn.
const MOST_METRICS: usize = 12;
/// Most of them as heat maps too.
const MOST_MAPS: usize = 4;
/// Levels of an axis that a heat map has room for.
const MOST_LEVELS: usize = 24;
/// Most points of a chart that has a mark for each.
const MOST_MARKS: usize = 1500;
/// Metrics that are drawn where the sweep does not ask for others, if they change.
const USUAL: [&str; 9] = [
    "session_hit_rate",
    "sessions_lost",
    "forced_logins",
    "guest_resets",
    "failed_requests",
    "latency.p99",
    "memory_usage_max",
    "cost_per_month",
    "db_queries",
];

/// Axes that move together count as one.
struct Layout {
    /// From left to right.
    across: usize,
    /// A line for each value of it.
    lines: Option<usize>,
    /// All others stay as the reference point has them.
    others: Vec<usize>,
}

/// The metrics that a sweep is about and that differ between its points, by their places.
pub(super) fn metrics(saved: &SavedSweep) -> Vec<usize> {
    let document = &saved.document;
    let objectives = &document.objectives;
    let objectives = objectives.pareto.iter().chain(&objectives.best);
    let of_objectives = objectives.filter_map(|objective| objective.metric.as_deref());
    let expected = document.expectations.iter();
    let expected = expected.filter(|expected| expected.class.is_none());
    let names = of_objectives
        .chain(expected.map(|expected| &*expected.metric))
        .chain(USUAL);
    let mut found = Vec::new();
    for place in names.filter_map(|name| saved.place(name)) {
        if !found.contains(&place) && differs(saved, place) && found.len() < MOST_METRICS {
            found.push(place);
        }
    }
    found
}

fn differs(saved: &SavedSweep, metric: usize) -> bool {
    let points = saved.document.points.iter();
    let mut means = points.filter_map(|point| Some(point.metrics.of(metric)?.value));
    let first = means.next();
    first.is_some_and(|first| means.any(|mean| mean.to_bits() != first.to_bits()))
}

fn unit_of(saved: &SavedSweep, metric: usize) -> Unit {
    unit(&saved.catalogue[metric].name)
}

/// What charts call a metric.
fn title(saved: &SavedSweep, metric: usize) -> String {
    saved.catalogue[metric].name.to_string()
}

/// Whether two axes always move together.
fn tied(saved: &SavedSweep, one: usize, other: usize) -> bool {
    let pairs: Vec<(usize, usize)> = (0..saved.document.points.len())
        .map(|point| (saved.level(point, one), saved.level(point, other)))
        .collect();
    let agree = |a: &(usize, usize), b: &(usize, usize)| (a.0 == b.0) == (a.1 == b.1);
    let mut sorted = pairs;
    sorted.sort_unstable();
    sorted.dedup();
    let mut by_other = sorted.clone();
    by_other.sort_unstable_by_key(|pair| pair.1);
    let neighbours = |list: &[(usize, usize)]| list.windows(2).all(|two| agree(&two[0], &two[1]));
    neighbours(&sorted) && neighbours(&by_other)
}

/// Levels of an axis that points have.
fn levels(saved: &SavedSweep, axis: usize) -> usize {
    let mut seen: Vec<usize> = (0..saved.document.points.len())
        .map(|point| saved.level(point, axis))
        .collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

fn layout(saved: &SavedSweep) -> Layout {
    let axes = saved.document.axes.len();
    let mut free: Vec<usize> = Vec::new();
    for axis in 0..axes {
        if levels(saved, axis) > 1 && !free.iter().any(|known| tied(saved, *known, axis)) {
            free.push(axis);
        }
    }
    // The longest axis of numbers runs along the chart, so that lines mean something.
    let is_number = |axis: usize| {
        let numbers = &saved.document.axes[axis].numbers;
        numbers.iter().all(Option::is_some)
    };
    let mut order = free.clone();
    order.sort_by_key(|axis| (!is_number(*axis), std::cmp::Reverse(levels(saved, *axis))));
    let across = order.first().copied().unwrap_or_default();
    let lines = order.get(1).copied();
    Layout {
        across,
        lines,
        others: free
            .into_iter()
            .filter(|axis| *axis != across && Some(*axis) != lines)
            .collect(),
    }
}

/// The points that agree with the reference point in all other axes.
fn slice<'a>(saved: &'a SavedSweep, layout: &'a Layout) -> impl Iterator<Item = usize> + 'a {
    let reference = saved.document.reference;
    (0..saved.document.points.len()).filter(move |point| {
        let mut others = layout.others.iter();
        others.all(|axis| saved.level(*point, *axis) == saved.level(reference, *axis))
    })
}

/// What a chart leaves out.
fn note(saved: &SavedSweep, layout: &Layout) -> String {
    let reference = saved.document.reference;
    let fixed = layout.others.iter().map(|axis| {
        let axis = &saved.document.axes[*axis];
        let value = saved.document.points[reference].values.get(&axis.name);
        format!("{} = {}", axis.name, value.map_or("", |value| value))
    });
    let fixed: Vec<String> = fixed.collect();
    if fixed.is_empty() {
        String::new()
    } else {
        format!("At {}.", fixed.join(", "))
    }
}

/// A chart for each metric: lines in a grid, marks in a Latin hypercube.
pub(super) fn along(saved: &SavedSweep, metrics: &[usize]) -> Vec<Plot> {
    let layout = layout(saved);
    let plots = metrics.iter().map(|metric| {
        if saved.document.layout == "grid" {
            lines(saved, *metric, &layout)
        } else {
            scattered(saved, *metric)
        }
    });
    plots.collect()
}

fn lines(saved: &SavedSweep, metric: usize, layout: &Layout) -> Plot {
    let axis = &saved.document.axes[layout.across];
    let mut chart = Chart {
        across: Across::Levels,
        levels: axis.values.clone(),
        axis: axis.name.clone(),
        ..Chart::over_time(&title(saved, metric), unit_of(saved, metric), Vec::new())
    };
    let of_lines: Vec<Option<usize>> = match layout.lines {
        None => vec![None],
        Some(lines) => evenly(saved.document.axes[lines].values.len(), MOST_SERIES)
            .into_iter()
            .map(Some)
            .collect(),
    };
    for level in of_lines {
        let number = chart.series.len();
        let mut series = Series {
            name: match (level, layout.lines) {
                (Some(level), Some(lines)) => {
                    let axis = &saved.document.axes[lines];
                    format!("{} = {}", axis.name, axis.values[level])
                }
                _ => title(saved, metric),
            },
            points: Vec::new(),
        };
        for point in slice(saved, layout) {
            if level.is_some_and(|level| Some(level) != layout.lines.map(|a| saved.level(point, a)))
            {
                continue;
            }
            let Some(mean) = saved.document.points[point].metrics.of(metric) else {
                continue;
            };
            let at = saved.level(point, layout.across) as f64;
            series.points.push((at, mean.value));
            if let (Some(low), Some(high)) = (mean.low, mean.high) {
                chart.whiskers.push(Whisker {
                    series: number,
                    at,
                    low,
                    high,
                });
            }
        }
        series
            .points
            .sort_by(|one, other| one.0.total_cmp(&other.0));
        chart.marks.extend(series.points.iter().map(|at| Mark {
            series: number,
            at: *at,
            label: String::new(),
        }));
        if !series.points.is_empty() {
            chart.series.push(series);
        }
    }
    let mut notes = vec![saved.catalogue[metric].help.to_string()];
    notes.push(note(saved, layout));
    if let Some(lines) = layout.lines {
        let values = saved.document.axes[lines].values.len();
        if values > MOST_SERIES {
            notes.push(format!("{MOST_SERIES} of {values} values are drawn."));
        }
    }
    notes.retain(|note| !note.is_empty());
    Plot {
        chart,
        note: notes.join(" "),
    }
}

/// At most `most` of so many places, the first and the last among them.
fn evenly(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    (0..most)
        .map(|place| place * (count - 1) / (most - 1))
        .collect()
}

/// A mark for each point, along the axis that explains most of a metric.
fn scattered(saved: &SavedSweep, metric: usize) -> Plot {
    let name = title(saved, metric);
    let effects = saved.effects.iter().filter(|effect| effect.metric == name);
    let strongest = effects.max_by(|one, other| one.share.total_cmp(&other.share));
    let axes = &saved.document.axes;
    let place = strongest.and_then(|effect| axes.iter().position(|axis| axis.name == effect.axis));
    let place = place.unwrap_or_default();
    let points = evenly(saved.document.points.len(), MOST_MARKS).into_iter();
    let marks = points.filter_map(|point| {
        let mean = saved.document.points[point].metrics.of(metric)?;
        Some(Mark {
            series: 0,
            at: (saved.level(point, place) as f64, mean.value),
            label: saved.describe(point),
        })
    });
    let chart = Chart {
        across: Across::Levels,
        levels: axes[place].values.clone(),
        axis: axes[place].name.clone(),
        marks: marks.collect(),
        ..Chart::over_time(
            &name,
            unit_of(saved, metric),
            vec![Series {
                name: "a point of the sweep".to_owned(),
                points: Vec::new(),
            }],
        )
    };
    let of_all = strongest.map_or_else(String::new, |effect| {
        let share = value_text(effect.share, Unit::Ratio);
        format!(" {} explains {share} of the differences.", axes[place].name)
    });
    Plot {
        chart,
        note: format!("{}{of_all}", saved.catalogue[metric].help),
    }
}

/// Heat maps over the two axes of the lines.
pub(super) fn maps(saved: &SavedSweep, metrics: &[usize]) -> Vec<(Heat, String)> {
    let layout = layout(saved);
    let Some(down) = layout.lines else {
        return Vec::new();
    };
    let axes = &saved.document.axes;
    let fits = |axis: usize| axes[axis].values.len() <= MOST_LEVELS;
    if saved.document.layout != "grid" || !fits(layout.across) || !fits(down) {
        return Vec::new();
    }
    let named = |axis: &Axis| (axis.name.clone(), axis.values.clone());
    let columns = axes[layout.across].values.len();
    let judged = !saved.document.expectations.is_empty();
    // What a single axis decides is seen in the lines.
    let takes_both = |metric: &&usize| {
        let name = &saved.catalogue[**metric].name;
        let mut effects = saved.effects.iter();
        !effects.any(|effect| effect.metric == *name && effect.share > 0.999)
    };
    let maps = metrics.iter().filter(takes_both).take(MOST_MAPS);
    let maps = maps.map(|metric| {
        let mut cells = vec![Cell::default(); columns * axes[down].values.len()];
        for point in slice(saved, &layout) {
            let cell =
                &mut cells[saved.level(point, down) * columns + saved.level(point, layout.across)];
            let of_point = &saved.document.points[point];
            cell.value = of_point.metrics.of(*metric).map(|mean| mean.value);
            let is_best = saved
                .document
                .best
                .as_ref()
                .is_some_and(|best| best.point == point);
            cell.note = match (is_best, judged, of_point.meets) {
                (true, ..) => "best".to_owned(),
                (false, true, false) => "fails".to_owned(),
                _ => String::new(),
            };
        }
        let heat = Heat {
            title: title(saved, *metric),
            unit: unit_of(saved, *metric),
            across: named(&axes[layout.across]),
            down: named(&axes[down]),
            cells,
        };
        let (low, high) = heat.range();
        let shown = |value| value_text(value, heat.unit);
        let mut text = format!(
            "The darker the more, from {} to {}",
            shown(low),
            shown(high)
        );
        if judged {
            text.push_str("; \"fails\" stands where an expectation does not hold");
        }
        let note = format!("{text}. {}", note(saved, &layout));
        (heat, note.trim_end().to_owned())
    });
    maps.collect()
}

/// What an objective is at a point.
fn value_of(saved: &SavedSweep, point: usize, objective: &Objective) -> Option<f64> {
    match (&objective.metric, &objective.axis) {
        (Some(metric), _) => {
            let mean = saved.document.points[point]
                .metrics
                .of(saved.place(metric)?)?;
            Some(mean.value)
        }
        (None, Some(name)) => {
            let mut axes = saved.document.axes.iter();
            let axis = axes.position(|axis| axis.name == *name)?;
            saved.document.axes[axis].numbers[saved.level(point, axis)]
        }
        (None, None) => None,
    }
}

fn unit_of_objective(saved: &SavedSweep, objective: &Objective) -> Unit {
    if let Some(metric) = &objective.metric {
        return unit(metric);
    }
    let mut axes = saved.document.axes.iter();
    let axis = axes.find(|axis| Some(&axis.name) == objective.axis.as_ref());
    match axis.and_then(|axis| axis.unit.as_deref()) {
        Some("seconds") => Unit::Seconds,
        Some("bytes") => Unit::Bytes,
        Some("per-second") => Unit::PerSecond,
        _ => Unit::Count,
    }
}

/// What stands for an objective in words.
fn subject(objective: &Objective) -> &str {
    let subject = objective.metric.as_ref().or(objective.axis.as_ref());
    subject.map_or("", |name| name)
}

/// The points by the first two objectives of the Pareto front.
pub(super) fn front(saved: &SavedSweep) -> Option<Plot> {
    let objectives = &saved.document.objectives.pareto;
    let [across, up, ..] = &objectives[..] else {
        return None;
    };
    let at = |point: usize| Some((value_of(saved, point, across)?, value_of(saved, point, up)?));
    let mut front: Vec<(f64, f64)> = Vec::new();
    let mut marks = Vec::new();
    for point in evenly(saved.document.points.len(), MOST_MARKS) {
        let on_it = saved.document.pareto.contains(&point);
        if let (Some(at), false) = (at(point), on_it) {
            marks.push(Mark {
                series: 1,
                at,
                label: saved.describe(point),
            });
        }
    }
    for point in &saved.document.pareto {
        if let Some(at) = at(*point) {
            front.push(at);
            marks.push(Mark {
                series: 0,
                at,
                label: saved.describe(*point),
            });
        }
    }
    front.sort_by(|one, other| one.0.total_cmp(&other.0));
    let level_first = across.that.starts_with("lowest");
    let mut points: Vec<(f64, f64)> = Vec::new();
    for at in &front {
        if let Some(last) = points.last().copied() {
            points.push(if level_first {
                (at.0, last.1)
            } else {
                (last.0, at.1)
            });
        }
        points.push(*at);
    }
    // With a third objective the front is no line in two of them.
    if objectives.len() > 2 {
        points.clear();
    }
    let series = |name: &str, points| Series {
        name: name.to_owned(),
        points,
    };
    let chart = Chart {
        across: Across::Values(unit_of_objective(saved, across)),
        axis: subject(across).to_owned(),
        marks,
        style: Style::Lines,
        ..Chart::over_time(
            &format!("{} against {}", subject(up), subject(across)),
            unit_of_objective(saved, up),
            vec![
                series("on the Pareto front", points),
                series("can be had better", Vec::new()),
            ],
        )
    };
    let wanted: Vec<&str> = objectives.iter().map(|one| &*one.that).collect();
    let note = format!(
        "Wanted: {}. No other point is better than one on the front in one of them and at least as \
         good in all.",
        wanted.join(", ")
    );
    Some(Plot { chart, note })
}
