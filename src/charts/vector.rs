//! SVG: a backend of `plotters` that writes classes instead of colours.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind,
};

use super::draw::{Area, Look, draw, frame};
use super::heat::draw_heat;
use super::theme::{Ink, STANDALONE_STYLE, stylesheet};
use super::{Chart, Heat, Picture};

/// Units of the drawing that a pixel has: coordinates are whole numbers.
const UNIT: i32 = 10;

/// The colour by which the drawing tells this backend what it draws.
fn code(ink: Ink) -> RGBAColor {
    let (kind, number) = match ink {
        Ink::Line(number) => (1, number),
        Ink::Area(number) => (2, number),
        Ink::Text => (3, 0),
        Ink::Grid => (4, 0),
        Ink::Axis => (5, 0),
        Ink::Limit => (6, 0),
        Ink::Marker => (7, 0),
        Ink::Tick => (8, 0),
        Ink::TickText => (9, 0),
        Ink::Mark(number) => (10, number),
        Ink::Whisker(number) => (11, number),
        Ink::Heat(step) => (12, step),
    };
    RGBColor(kind, number as u8, 0).to_rgba()
}

/// The class for that colour.
fn class(color: BackendColor) -> String {
    match color.rgb {
        (1, number, _) => format!("l{number}"),
        (2, number, _) => format!("a{number}"),
        (4, ..) => "g".to_owned(),
        (5, ..) => "x".to_owned(),
        (6, ..) => "m".to_owned(),
        (7, ..) => "k".to_owned(),
        (8, ..) => "x t".to_owned(),
        (10, number, _) => format!("a{number} d"),
        (11, number, _) => format!("l{number} w"),
        (12, step, _) => format!("h h{step}"),
        _ => String::new(),
    }
}

struct Canvas<'a> {
    size: (u32, u32),
    text: &'a mut String,
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

impl Canvas<'_> {
    /// Points as the first one and the steps to the others.
    fn points(&mut self, points: impl IntoIterator<Item = BackendCoord>) {
        let mut last: Option<BackendCoord> = None;
        for (x, y) in points {
            let _ = match last {
                None => write!(self.text, "M{x} {y}l"),
                Some((a, b)) => {
                    let (right, down) = (x - a, y - b);
                    let gap = if self.text.ends_with('l') || right < 0 {
                        ""
                    } else {
                        " "
                    };
                    let between = if down < 0 { "" } else { " " };
                    write!(self.text, "{gap}{right}{between}{down}")
                }
            };
            last = Some((x, y));
        }
    }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        Ok(())
    }

    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Done {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Done {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        let _ = write!(self.text, "<path class=\"{}\" d=\"", class(style.color()));
        self.points(path);
        self.text.push_str("\"/>\n");
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        outline: I,
        style: &S,
    ) -> Done {
        let _ = write!(
            self.text,
            "<polygon class=\"{}\" points=\"",
            class(style.color())
        );
        for (number, (x, y)) in outline.into_iter().enumerate() {
            let gap = if number == 0 { "" } else { " " };
            let _ = write!(self.text, "{gap}{x},{y}");
        }
        self.text.push_str("\"/>\n");
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, at: BackendCoord) -> Done {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Center => " text-anchor=\"middle\"",
            HPos::Right => " text-anchor=\"end\"",
        };
        let size = style.size();
        let down = match style.anchor().v_pos {
            VPos::Top => size * 0.95,
            VPos::Center => size * 0.35,
            VPos::Bottom => 0.0,
        };
        let y = at.1 + libm::round(down) as i32;
        let class = match style.color().rgb {
            (9, ..) => " class=\"t\"",
            _ => "",
        };
        let _ = write!(self.text, "<text{class} x=\"{}\" y=\"{y}\"{anchor}>", at.0);
        escape(text, self.text);
        self.text.push_str("</text>\n");
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        _: &str,
        _: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        // Text is anchored by the viewer, who alone knows its font.
        Ok((0, 0))
    }
}

/// Writes text so that it is text in markup.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
}

fn look(size: (u32, u32), alone: bool) -> Look {
    Look {
        size: (size.0 * UNIT.cast_unsigned(), size.1 * UNIT.cast_unsigned()),
        unit: UNIT,
        color: code,
        alone,
    }
}

fn body(look: &Look, draw: impl FnOnce(&Area<'_, Canvas<'_>>)) -> String {
    let mut text = String::new();
    let canvas = Canvas {
        size: look.size,
        text: &mut text,
    };
    let area = canvas.into_drawing_area();
    draw(&area);
    drop(area);
    text
}

fn chart_body(chart: &Chart, look: &Look) -> String {
    body(look, |area| {
        draw(area, chart, look).expect("text takes every drawing");
    })
}

fn heat_body(heat: &Heat, look: &Look) -> String {
    body(look, |area| {
        draw_heat(area, heat, look).expect("text takes every drawing");
    })
}

/// An element of a page: its class, what else it says of itself, what it shows in words.
fn element(class: &str, more: &str, look: &Look, words: &str, body: &str) -> String {
    let mut label = String::new();
    escape(words, &mut label);
    let (width, height) = look.size;
    format!(
        "<svg class=\"c {class}\"{more} viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{label}\">\n{body}</svg>"
    )
}

/// The chart as an element for a page that has the [`stylesheet`]: `size` in pixels, `class` in
/// addition to its own. Title and legend are the page's.
#[must_use]
pub fn svg(chart: &Chart, size: (u32, u32), class: &str) -> String {
    let look = look(size, false);
    let plot = format!(" data-plot=\"{}\"", frame(chart, &look));
    let body = chart_body(chart, &look);
    element(class, &plot, &look, &chart.in_words(), &body)
}

/// The heat map as an element for a page, as wide as that.
#[must_use]
pub fn heat_svg(heat: &Heat, width: u32, class: &str) -> String {
    let look = look((width, heat.height(false)), false);
    let body = heat_body(heat, &look);
    element(class, "", &look, &heat.in_words(), &body)
}

/// The picture as a file of its own, with title and legend. A heat map is as high as it needs.
#[must_use]
pub fn standalone(picture: &Picture, size: (u32, u32)) -> String {
    let (size, words) = match picture {
        Picture::Chart(chart) => (size, chart.in_words()),
        Picture::Heat(heat) => ((size.0, heat.height(true)), heat.in_words()),
    };
    let look = look(size, true);
    let body = match picture {
        Picture::Chart(chart) => chart_body(chart, &look),
        Picture::Heat(heat) => heat_body(heat, &look),
    };
    let mut label = String::new();
    escape(&words, &mut label);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"c\" width=\"{}\" height=\"{}\" \
         viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{label}\">\n<style>\n{}{}\
         </style>\n{body}</svg>\n",
        size.0,
        size.1,
        look.size.0,
        look.size.1,
        stylesheet(),
        STANDALONE_STYLE,
    )
}
