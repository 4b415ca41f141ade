//! A chart as the page shows it: drawn for wide and for narrow screens, with legend, table and
//! the data that the script reads.

use std::fmt::Write as _;

use crate::charts::{
    Across, Chart, Heat, MOST_SERIES, Mark, heat_svg, shape, svg, thin, time_text, value_text,
};

use super::plots::Plot;
use super::tables::Table;

/// Sizes in pixels.
const WIDE: (u32, u32) = (620, 250);
const NARROW: (u32, u32) = (340, 230);
/// Points of a series on a narrow screen.
const NARROW_POINTS: usize = 120;
/// Rows of the table below a chart.
const MOST_ROWS: usize = 24;
/// The same where each row is a value of its own.
const MOST_MARKS: usize = 200;

/// A series in the legend.
pub struct Key {
    /// Its name.
    pub name: String,
    /// Whether it has a line.
    pub line: bool,
    /// Corners of its mark; empty without one.
    pub mark: String,
}

/// A chart of the page.
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// A sentence; may be empty.
    pub note: String,
    /// The drawings, as markup.
    pub wide: String,
    /// For narrow screens.
    pub narrow: String,
    /// The series.
    pub legend: Vec<Key>,
    /// For those who do not see it.
    pub table: Table,
    /// For the script.
    pub data: String,
}

impl Figure {
    /// The figure of a plot.
    #[must_use]
    pub fn new(plot: Plot) -> Self {
        let mut chart = plot.chart;
        let table = table(&chart);
        chart = chart.thinned();
        for (number, marker) in chart.markers.iter_mut().enumerate() {
            // What it is stands once for all charts.
            marker.label = (number + 1).to_string();
        }
        let mut small = chart.clone();
        for series in &mut small.series {
            if chart.style == crate::charts::Style::Lines {
                series.points = thin(&series.points, NARROW_POINTS);
            }
        }
        Self {
            note: plot.note,
            wide: svg(&chart, WIDE, "wide"),
            narrow: svg(&small, NARROW, "narrow"),
            legend: legend(&chart),
            table,
            data: data(&chart),
            title: chart.title,
        }
    }
}

/// A heat map of the page.
pub(super) struct MapFigure {
    /// What it shows.
    pub title: String,
    /// A sentence.
    pub note: String,
    /// The drawing, as markup.
    pub wide: String,
    /// For narrow screens.
    pub narrow: String,
    /// For those who do not see it.
    pub table: Table,
}

impl MapFigure {
    /// The figure of a heat map.
    pub(super) fn new(heat: &Heat, note: String) -> Self {
        let (down, rows) = &heat.down;
        let (across, columns) = &heat.across;
        let mut table = Table::new([&*format!("{down}, by {across}")]);
        table.head.extend(columns.iter().cloned());
        for (row, name) in rows.iter().enumerate() {
            let cells = (0..columns.len()).map(|column| {
                let cell = heat.cell(row, column);
                let value = cell.value.map(|value| value_text(value, heat.unit));
                let text = value.unwrap_or_else(|| "\u{2013}".to_owned());
                if cell.note.is_empty() {
                    text
                } else {
                    format!("{text} ({})", cell.note)
                }
            });
            table
                .rows
                .push([name.clone()].into_iter().chain(cells).collect());
        }
        Self {
            title: heat.title.clone(),
            note,
            wide: heat_svg(heat, WIDE.0, "wide"),
            narrow: heat_svg(heat, NARROW.0, "narrow"),
            table,
        }
    }
}

fn legend(chart: &Chart) -> Vec<Key> {
    let series = chart.series.iter().enumerate();
    let keys = series.map(|(number, series)| Key {
        name: series.name.clone(),
        line: series.points.len() > 1,
        mark: if chart.marks.iter().any(|mark| mark.series == number) {
            // In the middle of the legend's drawing.
            shape(number, (150, 50))
        } else {
            String::new()
        },
    });
    keys.collect()
}

/// How the script and the table write values.
const fn unit_word(unit: crate::charts::Unit) -> &'static str {
    match unit {
        crate::charts::Unit::Count => "count",
        crate::charts::Unit::Ratio => "ratio",
        crate::charts::Unit::Seconds => "seconds",
        crate::charts::Unit::Bytes => "bytes",
        crate::charts::Unit::PerSecond => "rate",
        crate::charts::Unit::Dollars => "dollars",
    }
}

/// A text as JSON in which nothing ends a script element.
fn quoted(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap_or_default();
    text.replace('<', "\\u003c")
}

fn list(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<String>>().join(",")
}

/// The drawn points as JSON in which nothing ends a script element.
fn data(chart: &Chart) -> String {
    let across = match chart.across {
        Across::Time => "time",
        Across::Values(_) => "values",
        Across::Quantiles => "quantiles",
        Across::Levels => "levels",
    };
    let mut text = format!("{{\"u\":\"{}\",\"x\":\"{across}\",", unit_word(chart.unit));
    if let Across::Values(unit) = chart.across {
        let _ = write!(text, "\"xu\":\"{}\",", unit_word(unit));
    }
    if chart.across == Across::Levels {
        let levels = list(chart.levels.iter().map(|level| quoted(level)));
        let _ = write!(text, "\"l\":[{levels}],");
    }
    text.push_str("\"s\":[");
    for (number, series) in chart.series.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(text, "{comma}{{\"n\":{},", quoted(&series.name));
        let marks = || chart.marks.iter().filter(|mark| mark.series == number);
        let at = |(x, y): (f64, f64)| format!("{},{}", digits(x, 7), digits(y, 5));
        let points = if marks().next().is_some() {
            list(marks().map(|mark| at(mark.at)))
        } else {
            list(series.points.iter().map(|point| at(*point)))
        };
        if marks().any(|mark| !mark.label.is_empty()) {
            let labels = list(marks().map(|mark| quoted(&mark.label)));
            let _ = write!(text, "\"t\":[{labels}],");
        }
        let _ = write!(text, "\"p\":[{points}]}}");
    }
    text.push_str("]}");
    text
}

/// A number with so many significant digits, as short as it can be.
fn digits(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let rounded: f64 = format!("{value:.*e}", digits - 1).parse().unwrap_or(value);
    rounded.to_string()
}

/// The chart's numbers: all values, or lowest and highest of parts of equal length.
fn table(chart: &Chart) -> Table {
    let has_lines = chart.series.iter().any(|series| !series.points.is_empty());
    if chart.across == Across::Levels && has_lines {
        return by_level(chart);
    }
    if !chart.marks.is_empty() {
        return by_mark(chart);
    }
    by_part(chart)
}

/// A row for each level, with intervals where there are any.
fn by_level(chart: &Chart) -> Table {
    let mut table = Table::new([&*chart.axis]);
    let names = chart.series.iter().map(|series| series.name.clone());
    table.head.extend(names);
    for (level, name) in chart.levels.iter().enumerate() {
        let at = level as f64;
        let is_here = |x: f64| libm::fabs(x - at) < 0.25;
        let cells = chart.series.iter().enumerate().map(|(number, series)| {
            let Some((_, y)) = series.points.iter().find(|(x, _)| is_here(*x)) else {
                return "\u{2013}".to_owned();
            };
            let mut whiskers = chart.whiskers.iter();
            let whisker = whiskers.find(|one| one.series == number && is_here(one.at));
            let shown = |value| value_text(value, chart.unit);
            match whisker {
                Some(one) => format!("{} ({} to {})", shown(*y), shown(one.low), shown(one.high)),
                None => shown(*y),
            }
        });
        table
            .rows
            .push([name.clone()].into_iter().chain(cells).collect());
    }
    table
}

/// A row for each mark.
fn by_mark(chart: &Chart) -> Table {
    let mut table = Table::new(["point", &*chart.axis, "value"]);
    let several = chart.series.len() > 1;
    if several {
        table.head.push(String::new());
    }
    let across = |mark: &Mark| {
        if let Across::Values(unit) = chart.across {
            return value_text(mark.at.0, unit);
        }
        let level = libm::round(mark.at.0) as usize;
        chart.levels.get(level).cloned().unwrap_or_default()
    };
    for mark in chart.marks.iter().take(MOST_MARKS) {
        let value = value_text(mark.at.1, chart.unit);
        let mut row = vec![mark.label.clone(), across(mark), value];
        if several {
            row.push(chart.series[mark.series].name.clone());
        }
        table.rows.push(row);
    }
    table
}

/// A row for each part of the horizontal axis.
fn by_part(chart: &Chart) -> Table {
    let first = match chart.across {
        Across::Time => "time",
        Across::Values(_) | Across::Levels => "value",
        Across::Quantiles => "faster than this",
    };
    let names = chart.series.iter().map(|series| series.name.clone());
    let mut table = Table {
        head: [first.to_owned()].into_iter().chain(names).collect(),
        ..Table::default()
    };
    let (low, high) = chart.extent();
    let places = chart
        .series
        .iter()
        .map(|series| series.points.len())
        .max()
        .unwrap_or(0);
    let parts = places.clamp(1, MOST_ROWS);
    for part in 0..parts {
        let bound = |part: usize| low + (high - low) * part as f64 / parts as f64;
        let (from, to) = (bound(part), bound(part + 1));
        let label = match chart.across {
            Across::Time => format!("{} to {}", time_text(from), time_text(to)),
            Across::Values(unit) => {
                format!("{} to {}", value_text(from, unit), value_text(to, unit))
            }
            Across::Quantiles => quantile(from, to),
            Across::Levels => String::new(),
        };
        let cells = chart.series.iter().take(MOST_SERIES).map(|series| {
            let last = part + 1 == parts;
            let inside = series
                .points
                .iter()
                .filter(|(x, _)| *x >= from && (*x < to || last))
                .map(|point| point.1);
            let (low, high) = inside.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| {
                (low.min(y), high.max(y))
            });
            if low > high {
                return "\u{2013}".to_owned();
            }
            let (low, high) = (value_text(low, chart.unit), value_text(high, chart.unit));
            if low == high {
                low
            } else {
                format!("{low} to {high}")
            }
        });
        table.rows.push([label].into_iter().chain(cells).collect());
    }
    table
}

fn quantile(from: f64, to: f64) -> String {
    let share = |x: f64| {
        let text = format!("{:.3}", (1.0 - libm::pow(10.0, -x)) * 100.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        format!("{text}%")
    };
    format!("{} to {}", share(from), share(to))
}
