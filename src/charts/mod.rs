//! Charts as SVG or PNG: lines over time, over shares and over levels, marks with whiskers, stacked
//! areas, and heat maps.
//!
//! A [`Chart`] or a [`Heat`] is data and words; `plotters` draws it. Equal charts give equal bytes of
//! SVG. Colours are classes there, so that a page decides on light and dark; every
//! series also has a dash pattern of its own, and colours differ in lightness, so that none
//! depends on hue. Text is SVG text. No font of the system is needed: PNG uses an embedded one.

use std::fmt::Write as _;

mod draw;
mod heat;
mod marks;
mod raster;
mod scale;
mod theme;
mod vector;

pub use heat::{Cell, Heat};
pub use marks::{Mark, Whisker, shape};
pub use raster::png;
pub use theme::{STANDALONE_STYLE, stylesheet};
pub use vector::{heat_svg, standalone, svg};

/// Most points of a series that are drawn.
pub const MOST_POINTS: usize = 300;
/// Most series that can be told apart.
pub const MOST_SERIES: usize = 8;

/// What values are, which decides how ticks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A share, shown in percent.
    Ratio,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Events a second.
    PerSecond,
    /// US dollars.
    Dollars,
}

/// What runs along the horizontal axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// Simulated time in seconds.
    Time,
    /// Values of that unit.
    Values(Unit),
    /// Shares of all requests, ever closer to one: drawn by the logarithm of what is left.
    Quantiles,
    /// The places of [`Chart::levels`], at equal distances.
    Levels,
}

/// How series are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Lines from point to point.
    Lines,
    /// Areas on top of each other.
    Stacked,
}

/// A named list of points, with rising x.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What the legend calls it.
    pub name: String,
    /// x and y.
    pub points: Vec<(f64, f64)>,
}

/// A horizontal line that values are held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Where it lies.
    pub at: f64,
    /// What it is.
    pub label: String,
}

/// A moment at which something happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// When, in seconds.
    pub at: f64,
    /// What.
    pub label: String,
}

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Unit of the values.
    pub unit: Unit,
    /// What runs along the horizontal axis.
    pub across: Across,
    /// How series are drawn.
    pub style: Style,
    /// Whether the vertical axis is logarithmic.
    pub logarithmic: bool,
    /// At most [`MOST_SERIES`].
    pub series: Vec<Series>,
    /// Limits to hold values against.
    pub limits: Vec<Limit>,
    /// Moments to mark.
    pub markers: Vec<Marker>,
    /// Names of the places along the horizontal axis, if these are levels.
    pub levels: Vec<String>,
    /// What the horizontal axis is, where its ticks do not say it.
    pub axis: String,
    /// Single values.
    pub marks: Vec<Mark>,
    /// How sure some of them are.
    pub whiskers: Vec<Whisker>,
}

/// What a file can show.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// A chart.
    Chart(Chart),
    /// A heat map.
    Heat(Heat),
}

impl Chart {
    /// A chart of lines over time without limits or markers.
    #[must_use]
    pub fn over_time(title: &str, unit: Unit, series: Vec<Series>) -> Self {
        Self {
            title: title.to_owned(),
            unit,
            across: Across::Time,
            style: Style::Lines,
            logarithmic: false,
            series,
            limits: Vec::new(),
            markers: Vec::new(),
            levels: Vec::new(),
            axis: String::new(),
            marks: Vec::new(),
            whiskers: Vec::new(),
        }
    }

    /// Begin and end of the horizontal axis.
    #[must_use]
    pub fn extent(&self) -> (f64, f64) {
        if self.across == Across::Levels {
            return (-0.5, self.levels.len().max(1) as f64 - 0.5);
        }
        let xs = || {
            let lines = self.series.iter().flat_map(|s| &s.points);
            let marks = self.marks.iter().map(|mark| &mark.at);
            lines.chain(marks).map(|point| point.0)
        };
        let low = xs().fold(f64::INFINITY, f64::min);
        let high = xs().fold(f64::NEG_INFINITY, f64::max);
        if low < high {
            // A mark is not cut by the edge.
            let beyond = if self.marks.is_empty() { 0.0 } else { 0.04 };
            let beyond = beyond * (high - low);
            (low - beyond, high + beyond)
        } else if low.is_finite() {
            (low - 0.5, low + 0.5)
        } else {
            (0.0, 1.0)
        }
    }

    /// The chart with its series thinned out to what is drawn.
    #[must_use]
    pub fn thinned(mut self) -> Self {
        let most = match self.style {
            Style::Lines => MOST_POINTS,
            // Areas must keep common places to lie on each other: one point a place.
            Style::Stacked => MOST_POINTS / 2,
        };
        for series in &mut self.series {
            series.points = match self.style {
                Style::Lines => thin(&series.points, most),
                Style::Stacked => averages(&series.points, most),
            };
        }
        self
    }

    /// What the chart shows in a sentence a series, for those who do not see it.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut text = format!("{}.", self.title);
        for (number, series) in self.series.iter().enumerate() {
            let ys = || series.points.iter().map(|point| point.1);
            let Some(last) = series.points.last() else {
                text.push_str(&self.marks_in_words(number));
                continue;
            };
            let low = ys().fold(f64::INFINITY, f64::min);
            let high = ys().fold(f64::NEG_INFINITY, f64::max);
            let shown = |value| value_text(value, self.unit);
            let (low, high, last) = (shown(low), shown(high), shown(last.1));
            let _ = if low == high {
                write!(text, " {}: always {low}.", series.name)
            } else {
                write!(
                    text,
                    " {}: {low} to {high}, at the end {last}.",
                    series.name
                )
            };
        }
        text
    }
}

/// A value with its unit, as people read it.
#[must_use]
pub fn value_text(value: f64, unit: Unit) -> String {
    scale::label(value, unit)
}

/// A simulated time as people read it: `06:30`, `day 3, 06:30`.
#[must_use]
pub fn time_text(seconds: f64) -> String {
    scale::clock(seconds, true)
}

/// At most `most` points that keep every extreme: of each part of equal length the lowest and the
/// highest one, in their order.
#[must_use]
pub fn thin(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most || most < 4 {
        return points.to_vec();
    }
    let parts = (most - 2) / 2;
    let inner = &points[1..points.len() - 1];
    let mut kept = vec![points[0]];
    for part in 0..parts {
        let (from, to) = (inner.len() * part / parts, inner.len() * (part + 1) / parts);
        let part = &inner[from..to];
        let place = |better: fn(f64, f64) -> bool| {
            let mut best = 0;
            for (place, point) in part.iter().enumerate() {
                if better(point.1, part[best].1) {
                    best = place;
                }
            }
            best
        };
        if part.is_empty() {
            continue;
        }
        let (low, high) = (place(|a, b| a < b), place(|a, b| a > b));
        kept.push(part[low.min(high)]);
        if low != high {
            kept.push(part[low.max(high)]);
        }
    }
    kept.extend(points.last());
    kept
}

/// At most `most` points, each the mean of a part of equal length.
fn averages(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most {
        return points.to_vec();
    }
    let mean = |part: usize| {
        let (from, to) = (points.len() * part / most, points.len() * (part + 1) / most);
        let part = &points[from..to];
        let sum = part.iter().map(|point| point.1).sum::<f64>();
        (part[part.len() / 2].0, sum / part.len() as f64)
    };
    (0..most).map(mean).collect()
}

#[cfg(test)]
mod tests;
