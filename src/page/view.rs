//! A chart as the page shows it: drawn for wide and for narrow screens, with legend, table and
//! the data that the script reads.

use std::fmt::Write as _;

use crate::charts::{Across, Chart, MOST_SERIES, svg, thin, time_text, value_text};

use super::plots::Plot;
use super::tables::Table;

/// Sizes in pixels.
const WIDE: (u32, u32) = (620, 250);
const NARROW: (u32, u32) = (340, 230);
/// Points of a series on a narrow screen.
const NARROW_POINTS: usize = 120;
/// Rows of the table below a chart.
const MOST_ROWS: usize = 24;

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
    /// Names of the series.
    pub legend: Vec<String>,
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
            legend: chart
                .series
                .iter()
                .map(|series| series.name.clone())
                .collect(),
            table,
            data: data(&chart),
            title: chart.title,
        }
    }
}

/// How the script and the table write values.
const fn unit_word(chart: &Chart) -> &'static str {
    match chart.unit {
        crate::charts::Unit::Count => "count",
        crate::charts::Unit::Ratio => "ratio",
        crate::charts::Unit::Seconds => "seconds",
        crate::charts::Unit::Bytes => "bytes",
        crate::charts::Unit::PerSecond => "rate",
        crate::charts::Unit::Dollars => "dollars",
    }
}

/// The drawn points as JSON in which nothing ends a script element.
fn data(chart: &Chart) -> String {
    let across = match chart.across {
        Across::Time => "time",
        Across::Values(_) => "values",
        Across::Quantiles => "quantiles",
    };
    let mut text = format!(
        "{{\"u\":\"{}\",\"x\":\"{across}\",\"s\":[",
        unit_word(chart)
    );
    for (number, series) in chart.series.iter().enumerate() {
        let name = serde_json::to_string(&series.name).unwrap_or_default();
        let name = name.replace('<', "\\u003c");
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(text, "{comma}{{\"n\":{name},\"p\":[");
        for (place, (x, y)) in series.points.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let _ = write!(text, "{comma}{},{}", digits(*x, 7), digits(*y, 5));
        }
        text.push_str("]}");
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

/// The chart's numbers: all points, or lowest and highest of parts of equal length.
fn table(chart: &Chart) -> Table {
    let first = match chart.across {
        Across::Time => "time",
        Across::Values(_) => "value",
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
