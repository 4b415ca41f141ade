//! Draws a chart on any backend of `plotters`.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::marks;
use super::scale::{self, Axis};
use super::theme::Ink;
use super::{Across, Chart, Style, Unit};

/// How a picture is made.
pub(super) struct Look {
    /// Width and height in the backend's units.
    pub(super) size: (u32, u32),
    /// Units that a pixel has.
    pub(super) unit: i32,
    /// The colour that stands for a part.
    pub(super) color: fn(Ink) -> RGBAColor,
    /// Whether title and legend belong to the picture.
    pub(super) alone: bool,
}

/// The name of the embedded font, which only pictures use.
pub(super) const FONT: &str = "chart";
/// Height of letters in pixels.
const LETTERS: i32 = 12;

pub(super) type Area<'a, B> = DrawingArea<B, Shift>;

/// The plot within the picture.
pub(super) struct Plot {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
    across: Axis,
    up: Axis,
    logarithmic: bool,
}

impl Plot {
    pub(super) fn x(&self, value: f64) -> i32 {
        let share = (value - self.across.low) / (self.across.high - self.across.low);
        self.left + libm::round(share * f64::from(self.right - self.left)) as i32
    }

    pub(super) fn y(&self, value: f64) -> i32 {
        let value = if self.logarithmic {
            libm::log10(value.max(1e-12))
        } else {
            value
        };
        self.height(value)
    }

    /// Where a tick lies.
    fn height(&self, value: f64) -> i32 {
        let share = (value - self.up.low) / (self.up.high - self.up.low);
        let share = share.clamp(0.0, 1.0);
        self.bottom - libm::round(share * f64::from(self.bottom - self.top)) as i32
    }
}

/// Draws `chart`.
///
/// # Errors
/// Those of the backend.
pub(super) fn draw<B: DrawingBackend>(
    area: &Area<'_, B>,
    chart: &Chart,
    look: &Look,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let plot = plot(chart, look);
    grid(area, chart, &plot, look)?;
    match chart.style {
        Style::Lines => lines(area, chart, &plot, look)?,
        Style::Stacked => stacked(area, chart, &plot, look)?,
    }
    marks::draw(area, chart, &plot, look)?;
    over(area, chart, &plot, look)?;
    if look.alone {
        heading(area, chart, look)?;
    }
    Ok(())
}

/// Where the plot begins and ends, and which values lie there: from left to right, then from the
/// bottom to the top.
pub(super) fn frame(chart: &Chart, look: &Look) -> String {
    let plot = plot(chart, look);
    format!(
        "{} {} {} {} {} {} {} {}",
        plot.left,
        plot.right,
        plot.across.low,
        plot.across.high,
        plot.bottom,
        plot.top,
        plot.up.low,
        plot.up.high
    )
}

/// Lowest and highest value that must be seen.
fn range(chart: &Chart) -> (f64, f64) {
    let mut values: Vec<f64> = if chart.style == Style::Stacked {
        let tops = tops(chart).into_iter().flatten().map(|(_, top)| top);
        tops.chain([0.0]).collect()
    } else {
        let points = chart.series.iter().flat_map(|series| &series.points);
        let whiskers = chart.whiskers.iter().flat_map(|one| [one.low, one.high]);
        let marks = chart.marks.iter().map(|mark| mark.at.1);
        let lines = points.map(|point| point.1);
        lines.chain(marks).chain(whiskers).collect()
    };
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // A limit far above all values would press them to the ground.
    let limits = chart.limits.iter().map(|limit| limit.at);
    values.extend(limits.filter(|at| *at <= most * 3.0));
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low.is_finite() {
        (low, high)
    } else {
        (0.0, 1.0)
    }
}

fn plot(chart: &Chart, look: &Look) -> Plot {
    let unit = look.unit;
    let (width, height) = (look.size.0.cast_signed(), look.size.1.cast_signed());
    let narrow = width / unit < 500;
    let (low, high) = range(chart);
    let logarithmic = chart.logarithmic && low > 0.0;
    let up = if logarithmic {
        scale::logarithmic(low, high, chart.unit)
    } else {
        scale::vertical(low, high, chart.unit, 4)
    };
    let wanted = if narrow { 4 } else { 7 };
    let (from, to) = chart.extent();
    let across = match chart.across {
        Across::Time => scale::time(from, to, wanted),
        Across::Values(unit) => scale::values(from, to, unit, wanted),
        Across::Quantiles => scale::quantiles(to),
        Across::Levels => {
            let names = chart.levels.iter().map(|name| length(name) + 12);
            let room = width / unit - 90;
            scale::levels(&chart.levels, (room / names.max().unwrap_or(12)) as usize)
        }
    };
    let labels = up.ticks.iter().map(|(_, text)| length(text));
    let labels = labels.max().unwrap_or(7);
    let head = if look.alone { 54 } else { 22 };
    Plot {
        left: (labels + 10) * unit,
        right: width - 16 * unit,
        top: head * unit,
        bottom: height - if chart.axis.is_empty() { 24 } else { 42 } * unit,
        across,
        up,
        logarithmic,
    }
}

/// About how many pixels a text is long.
pub(super) fn length(text: &str) -> i32 {
    i32::try_from(text.chars().count()).map_or(i32::MAX / 64, |letters| letters.min(1000) * 7)
}

pub(super) fn write<B: DrawingBackend>(
    area: &Area<'_, B>,
    text: &str,
    at: (i32, i32),
    pos: Pos,
    look: &Look,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    write_in(area, text, at, pos, look, Ink::Text)
}

pub(super) fn write_in<B: DrawingBackend>(
    area: &Area<'_, B>,
    text: &str,
    at: (i32, i32),
    pos: Pos,
    look: &Look,
    ink: Ink,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let font = (FONT, f64::from(LETTERS * look.unit)).into_font();
    let color = (look.color)(ink);
    let style = TextStyle::from(font).color(&color).pos(pos);
    area.draw(&Text::new(text.to_owned(), at, style))
}

fn grid<B: DrawingBackend>(
    area: &Area<'_, B>,
    chart: &Chart,
    plot: &Plot,
    look: &Look,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let unit = look.unit;
    let color = look.color;
    for (place, (at, text)) in plot.up.ticks.iter().enumerate() {
        let y = plot.height(*at);
        let ink = if place == 0 { Ink::Axis } else { Ink::Grid };
        area.draw(&PathElement::new(
            [(plot.left, y), (plot.right, y)],
            color(ink),
        ))?;
        let pos = Pos::new(HPos::Right, VPos::Center);
        write(area, text, (plot.left - 6 * unit, y), pos, look)?;
    }
    for (at, text) in &plot.across.ticks {
        let x = plot.x(*at);
        let foot = [(x, plot.bottom), (x, plot.bottom + 4 * unit)];
        area.draw(&PathElement::new(foot, color(Ink::Tick)))?;
        // What would run out of the picture is moved in.
        let half = length(text) * unit / 2;
        let (x, h) = if x + half > look.size.0.cast_signed() {
            (look.size.0.cast_signed() - 2 * unit, HPos::Right)
        } else {
            (x, HPos::Center)
        };
        let at = (x, plot.bottom + 7 * unit);
        write_in(area, text, at, Pos::new(h, VPos::Top), look, Ink::TickText)?;
    }
    if !chart.axis.is_empty() {
        let at = (plot.right, plot.bottom + 24 * unit);
        write(
            area,
            &chart.axis,
            at,
            Pos::new(HPos::Right, VPos::Top),
            look,
        )?;
    }
    let zoomed = plot.up.low > 0.0 && !plot.logarithmic && chart.unit == Unit::Ratio;
    let note = if plot.logarithmic {
        "logarithmic scale"
    } else if zoomed {
        "axis does not begin at 0"
    } else {
        ""
    };
    if !note.is_empty() && chart.markers.is_empty() {
        let at = (plot.left, plot.top - 9 * unit);
        write(area, note, at, Pos::new(HPos::Left, VPos::Bottom), look)?;
    }
    Ok(())
}

fn lines<B: DrawingBackend>(
    area: &Area<'_, B>,
    chart: &Chart,
    plot: &Plot,
    look: &Look,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    for (number, series) in chart.series.iter().enumerate() {
        let points = series.points.iter();
        let path: Vec<(i32, i32)> = points.map(|(x, y)| (plot.x(*x), plot.y(*y))).collect();
        // A point is no line.
        if path.len() < 2 {
            continue;
        }
        let style = (look.color)(Ink::Line(number)).stroke_width(2);
        area.draw(&PathElement::new(path, style))?;
    }
    Ok(())
}

/// For each series the tops of its area: the sums of all up to it.
fn tops(chart: &Chart) -> Vec<Vec<(f64, f64)>> {
    let mut sums: Vec<(f64, f64)> = Vec::new();
    let mut all = Vec::with_capacity(chart.series.len());
    for series in &chart.series {
        if sums.is_empty() {
            sums.clone_from(&series.points);
        } else {
            for (sum, point) in sums.iter_mut().zip(&series.points) {
                sum.1 += point.1;
            }
        }
        all.push(sums.clone());
    }
    all
}

fn stacked<B: DrawingBackend>(
    area: &Area<'_, B>,
    chart: &Chart,
    plot: &Plot,
    look: &Look,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let mut below: Option<Vec<(i32, i32)>> = None;
    for (number, tops) in tops(chart).into_iter().enumerate() {
        let line = tops.iter().map(|(x, y)| (plot.x(*x), plot.y(*y)));
        let line: Vec<(i32, i32)> = line.collect();
        let ground = below.take().unwrap_or_else(|| {
            let ends = [line.first(), line.last()].into_iter().flatten();
            ends.map(|(x, _)| (*x, plot.bottom)).collect()
        });
        let outline = line.iter().copied().chain(ground.into_iter().rev());
        let fill = (look.color)(Ink::Area(number));
        area.draw(&Polygon::new(outline.collect::<Vec<_>>(), fill.filled()))?;
        let style = (look.color)(Ink::Line(number)).stroke_width(2);
        area.draw(&PathElement::new(line.clone(), style))?;
        below = Some(line);
    }
    Ok(())
}

/// Limits and markers, which lie over all else.
fn over<B: DrawingBackend>(
    area: &Area<'_, B>,
    chart: &Chart,
    plot: &Plot,
    look: &Look,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let unit = look.unit;
    for limit in &chart.limits {
        let at = if plot.logarithmic {
            libm::log10(limit.at.max(1e-12))
        } else {
            limit.at
        };
        if !(plot.up.low..=plot.up.high).contains(&at) {
            continue;
        }
        let y = plot.y(limit.at);
        let style = (look.color)(Ink::Limit);
        area.draw(&PathElement::new([(plot.left, y), (plot.right, y)], style))?;
        let (y, v) = if y - plot.top < 16 * unit {
            (y + 4 * unit, VPos::Top)
        } else {
            (y - 3 * unit, VPos::Bottom)
        };
        let at = (plot.right, y);
        write(area, &limit.label, at, Pos::new(HPos::Right, v), look)?;
    }
    let mut free = i32::MIN;
    for marker in &chart.markers {
        if !(plot.across.low..=plot.across.high).contains(&marker.at) {
            continue;
        }
        let x = plot.x(marker.at);
        let style = (look.color)(Ink::Marker);
        area.draw(&PathElement::new(
            [(x, plot.top - 4 * unit), (x, plot.bottom)],
            style,
        ))?;
        // Labels that would lie on the one before are left to the list below the chart.
        let width = length(&marker.label) * unit;
        let right = look.size.0.cast_signed();
        let left = x.min(right - width - 2 * unit);
        if left > free {
            let at = (left, plot.top - 6 * unit);
            write(
                area,
                &marker.label,
                at,
                Pos::new(HPos::Left, VPos::Bottom),
                look,
            )?;
            free = left + width + 8 * unit;
        }
    }
    Ok(())
}

/// Title and legend of a picture that stands alone.
fn heading<B: DrawingBackend>(
    area: &Area<'_, B>,
    chart: &Chart,
    look: &Look,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let unit = look.unit;
    let pos = Pos::new(HPos::Left, VPos::Top);
    write(area, &chart.title, (10 * unit, 6 * unit), pos, look)?;
    let mut x = 10 * unit;
    let y = 28 * unit;
    for (number, series) in chart.series.iter().enumerate() {
        let style = (look.color)(Ink::Line(number)).stroke_width(2);
        let sample = [(x, y), (x + 22 * unit, y)];
        if series.points.len() > 1 {
            area.draw(&PathElement::new(sample, style))?;
        }
        if chart.marks.iter().any(|mark| mark.series == number) {
            marks::sample(area, number, (x + 11 * unit, y), look)?;
        }
        let pos = Pos::new(HPos::Left, VPos::Center);
        write(area, &series.name, (x + 27 * unit, y), pos, look)?;
        x += (40 + length(&series.name)) * unit;
    }
    Ok(())
}
