//! Marks: single values, in a shape for each series, with whiskers that say how sure they are.

use plotters::prelude::*;

use super::draw::{Area, Look, Plot};
use super::theme::Ink;
use super::{Chart, value_text};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Number of its series.
    pub series: usize,
    /// x and y.
    pub at: (f64, f64),
    /// What it is; may be empty.
    pub label: String,
}

/// From where to where a value may lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Whisker {
    /// Number of its series.
    pub series: usize,
    /// x.
    pub at: f64,
    /// The lowest y.
    pub low: f64,
    /// The highest y.
    pub high: f64,
}

/// Corners of the shapes, in tenths of a pixel: no two series have the same one.
const SHAPES: [&[(i32, i32)]; 8] = [
    // A disc, as far as eight corners make one.
    &[
        (-14, -33),
        (14, -33),
        (33, -14),
        (33, 14),
        (14, 33),
        (-14, 33),
        (-33, 14),
        (-33, -14),
    ],
    // A square.
    &[(-32, -32), (32, -32), (32, 32), (-32, 32)],
    // A triangle that stands.
    &[(0, -42), (40, 30), (-40, 30)],
    // A diamond.
    &[(0, -46), (38, 0), (0, 46), (-38, 0)],
    // A triangle that hangs.
    &[(0, 42), (-40, -30), (40, -30)],
    // A plus.
    &[
        (-14, -40),
        (14, -40),
        (14, -14),
        (40, -14),
        (40, 14),
        (14, 14),
        (14, 40),
        (-14, 40),
        (-14, 14),
        (-40, 14),
        (-40, -14),
        (-14, -14),
    ],
    // A bar that lies.
    &[(-44, -18), (44, -18), (44, 18), (-44, 18)],
    // A bar that stands.
    &[(-18, -44), (18, -44), (18, 44), (-18, 44)],
];

type Done<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Draws all marks of a chart and their whiskers.
pub(super) fn draw<B: DrawingBackend>(
    area: &Area<'_, B>,
    chart: &Chart,
    plot: &Plot,
    look: &Look,
) -> Done<B> {
    for whisker in &chart.whiskers {
        let x = plot.x(whisker.at);
        let line = [(x, plot.y(whisker.low)), (x, plot.y(whisker.high))];
        let style = (look.color)(Ink::Whisker(whisker.series));
        area.draw(&PathElement::new(line, style))?;
    }
    // What comes first in a legend lies on top.
    let mut order: Vec<&Mark> = chart.marks.iter().collect();
    order.sort_by_key(|mark| std::cmp::Reverse(mark.series));
    for mark in order {
        let at = (plot.x(mark.at.0), plot.y(mark.at.1));
        sample(area, mark.series, at, look)?;
    }
    Ok(())
}

/// The mark of a series.
pub(super) fn sample<B: DrawingBackend>(
    area: &Area<'_, B>,
    series: usize,
    (x, y): (i32, i32),
    look: &Look,
) -> Done<B> {
    let shape = SHAPES[series % SHAPES.len()].iter();
    let corners =
        shape.map(|(right, down)| (x + right * look.unit / 10, y + down * look.unit / 10));
    let fill = (look.color)(Ink::Mark(series));
    area.draw(&Polygon::new(corners.collect::<Vec<_>>(), fill.filled()))
}

/// The shape of a series as corners for a legend, in tenths of a pixel around a centre.
#[must_use]
pub fn shape(series: usize, centre: (i32, i32)) -> String {
    let corners = SHAPES[series % SHAPES.len()].iter();
    let corners = corners.map(|(x, y)| format!("{},{}", centre.0 + x, centre.1 + y));
    corners.collect::<Vec<String>>().join(" ")
}

impl Chart {
    /// What the marks of a series show, for those who do not see them.
    pub(super) fn marks_in_words(&self, series: usize) -> String {
        let marks = self.marks.iter().filter(|mark| mark.series == series);
        let marks: Vec<f64> = marks.map(|mark| mark.at.1).collect();
        if marks.is_empty() {
            return String::new();
        }
        let low = marks.iter().copied().fold(f64::INFINITY, f64::min);
        let high = marks.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        format!(
            " {}: {} of them, {} to {}.",
            self.series[series].name,
            marks.len(),
            value_text(low, self.unit),
            value_text(high, self.unit)
        )
    }
}
