//! Colours and dashes, for light and dark.
//!
//! Every colour has a contrast of at least 4.5 against its background (a test computes it).
//! Neighbours among series differ in lightness and in dashes.

use std::fmt::Write as _;

use super::MOST_SERIES;

/// A part of a chart, as the drawing names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// The line of a series.
    Line(usize),
    /// The area below it.
    Area(usize),
    /// Text.
    Text,
    /// Lines of the grid.
    Grid,
    /// The horizontal axis.
    Axis,
    /// A tick of the horizontal axis.
    Tick,
    /// What stands at it.
    TickText,
    /// A limit.
    Limit,
    /// A marker.
    Marker,
    /// A mark of a series.
    Mark(usize),
    /// A whisker of a series.
    Whisker(usize),
    /// A cell of a heat map, from the lightest to the darkest.
    Heat(usize),
}

/// Shades of a heat map.
pub(super) const HEAT_STEPS: usize = 9;

/// How much of the first series' colour a shade has: never so much that text on it is hard to read.
pub(super) fn shade(step: usize) -> f64 {
    0.05 + 0.4 * step.min(HEAT_STEPS - 1) as f64 / (HEAT_STEPS - 1) as f64
}

pub(super) const LIGHT: [&str; MOST_SERIES] = [
    "#0b5cad", "#b04a00", "#0a6e4e", "#7d2d86", "#6a5600", "#b0173c", "#00646f", "#4a4a4a",
];
const DARK: [&str; MOST_SERIES] = [
    "#6fb4ff", "#ffa066", "#56d3a4", "#e19be6", "#dcc850", "#ff8ea3", "#62d4e0", "#c4c4c4",
];
/// Lengths of dashes and gaps in the drawing's own units, of which ten are a pixel.
pub(super) const DASHES: [&str; MOST_SERIES] = [
    "none",
    "70 35",
    "20 28",
    "90 30 20 30",
    "140 40",
    "45 25",
    "60 25 20 25 20 25",
    "20 55",
];
pub(super) const TEXT: [&str; 2] = ["#3d444d", "#c9d1d9"];
const GRID: [&str; 2] = ["#dfe3e8", "#30363d"];
const AXIS: [&str; 2] = ["#6e7781", "#8b949e"];
const LIMIT: [&str; 2] = ["#b0173c", "#ff8ea3"];

/// The rules that charts need, for a page that sets `--ink-*` by theme itself.
#[must_use]
pub fn stylesheet() -> String {
    let mut css = String::from(":root{");
    variables(&mut css, 0);
    css.push_str("}\n@media (prefers-color-scheme:dark){:root{");
    variables(&mut css, 1);
    css.push_str("}}\n");
    css.push_str(RULES);
    for (number, dashes) in DASHES.iter().enumerate() {
        let _ = writeln!(
            css,
            ".l{number}{{stroke:var(--s{number});stroke-dasharray:{dashes}}}.a{number}{{fill:var(--s{number})}}"
        );
    }
    for step in 0..HEAT_STEPS {
        let _ = write!(css, ".c .h{step}{{fill-opacity:{:.2}}}", shade(step));
    }
    css.push('\n');
    css
}

fn variables(css: &mut String, theme: usize) {
    let colors = if theme == 0 { LIGHT } else { DARK };
    for (number, color) in colors.iter().enumerate() {
        let _ = write!(css, "--s{number}:{color};");
    }
    let _ = write!(
        css,
        "--ct:{};--cg:{};--ca:{};--cl:{};",
        TEXT[theme], GRID[theme], AXIS[theme], LIMIT[theme]
    );
}

const RULES: &str = "\
svg.c{display:block;width:100%;height:auto}\
.c path,.c line,.c polyline{fill:none;stroke-width:15;stroke-linejoin:round}\
.c .g{stroke:var(--cg);stroke-width:10}.c .x{stroke:var(--ca);stroke-width:10}\
.c .m{stroke:var(--cl);stroke-width:14;stroke-dasharray:80 40}\
.c .k{stroke:var(--ca);stroke-width:12;stroke-dasharray:20 30}\
.c polygon{stroke:none;fill-opacity:.32}.c polygon.d{fill-opacity:1}.c polygon.h{fill:var(--s0)}\
.c path.w{stroke-dasharray:none;stroke-width:10}\
.c text{fill:var(--ct);font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;\
font-size:120px;font-variant-numeric:tabular-nums}\n";

/// What an SVG file of its own begins with: rules for the background.
pub const STANDALONE_STYLE: &str = "svg.c{background:#fff}\
@media (prefers-color-scheme:dark){svg.c{background:#0d1117}}\n";

/// A colour of `#rrggbb`.
pub(super) fn rgb(color: &str) -> (u8, u8, u8) {
    let part = |at: usize| u8::from_str_radix(&color[at..at + 2], 16).unwrap_or(0);
    (part(1), part(3), part(5))
}

/// The colour of a part in a picture, which is light.
pub(super) fn paint(ink: Ink) -> (u8, u8, u8) {
    rgb(match ink {
        Ink::Line(number) | Ink::Area(number) | Ink::Mark(number) | Ink::Whisker(number) => {
            LIGHT[number % MOST_SERIES]
        }
        Ink::Heat(_) => LIGHT[0],
        Ink::Text | Ink::TickText => TEXT[0],
        Ink::Grid => GRID[0],
        Ink::Axis | Ink::Tick | Ink::Marker => AXIS[0],
        Ink::Limit => LIMIT[0],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as WCAG 2.2 defines them.
    fn luminance(color: &str) -> f64 {
        let (r, g, b) = rgb(color);
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                libm::pow((part + 0.055) / 1.055, 2.4)
            }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn every_colour_stands_out_from_its_background() {
        for (theme, background) in ["#ffffff", "#0d1117"].into_iter().enumerate() {
            let series = if theme == 0 { LIGHT } else { DARK };
            for color in series.into_iter().chain([TEXT[theme], LIMIT[theme]]) {
                assert!(
                    contrast(color, background) >= 4.5,
                    "{color} on {background}"
                );
            }
            // Graphical objects need 3.
            assert!(contrast(AXIS[theme], background) >= 3.0);
        }
    }

    #[test]
    fn text_stands_out_from_every_shade_of_a_heat_map() {
        for (theme, background) in ["#ffffff", "#0d1117"].into_iter().enumerate() {
            let first = if theme == 0 { LIGHT[0] } else { DARK[0] };
            for step in 0..HEAT_STEPS {
                let mix = |of: fn((u8, u8, u8)) -> u8| {
                    let (top, ground) = (of(rgb(first)), of(rgb(background)));
                    let share = shade(step);
                    (f64::from(top) * share + f64::from(ground) * (1.0 - share)) as u8
                };
                let mixed = format!(
                    "#{:02x}{:02x}{:02x}",
                    mix(|c| c.0),
                    mix(|c| c.1),
                    mix(|c| c.2)
                );
                let found = contrast(TEXT[theme], &mixed);
                assert!(found >= 4.5, "{} on {mixed}: {found}", TEXT[theme]);
            }
        }
    }

    #[test]
    fn no_two_series_have_equal_dashes() {
        let mut dashes = DASHES;
        dashes.sort_unstable();
        assert!(dashes.windows(2).all(|two| two[0] != two[1]));
    }
}
