//! Heat maps: a value for every pair of levels, darker where it is higher. Every cell says its
//! value in figures too, as far as there is room, so that nothing depends on colour.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::draw::{Area, Look, length, write, write_in};
use super::theme::{HEAT_STEPS, Ink};
use super::{Unit, value_text};

/// A heat map.
#[derive(Clone, Debug, PartialEq)]
pub struct Heat {
    /// What it shows.
    pub title: String,
    /// Unit of the values.
    pub unit: Unit,
    /// What runs from left to right, and its levels.
    pub across: (String, Vec<String>),
    /// What runs from top to bottom, and its levels.
    pub down: (String, Vec<String>),
    /// Values, row by row.
    pub cells: Vec<Cell>,
}

/// A cell of a heat map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Its value, if it has one.
    pub value: Option<f64>,
    /// A word on it; may be empty.
    pub note: String,
}

/// Where the cells lie.
struct Grid {
    left: i32,
    top: i32,
    width: i32,
    height: i32,
}

impl Heat {
    /// Lowest and highest value; the highest is below the lowest if there is none.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        let values = self.cells.iter().filter_map(|cell| cell.value);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    }

    /// How dark a value is.
    fn step(&self, value: f64) -> usize {
        let (low, high) = self.range();
        if high <= low {
            return 0;
        }
        let share = (value - low) / (high - low);
        libm::round(share * (HEAT_STEPS - 1) as f64) as usize
    }

    /// The cell of a row and a column.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> &Cell {
        &self.cells[row * self.across.1.len() + column]
    }

    /// What it shows in two sentences, for those who do not see it.
    #[must_use]
    pub fn in_words(&self) -> String {
        let (low, high) = self.range();
        if low > high {
            return format!("{}: no values.", self.title);
        }
        let at = |wanted: f64| {
            let place = self
                .cells
                .iter()
                .position(|cell| cell.value == Some(wanted));
            let place = place.unwrap_or_default();
            let columns = self.across.1.len().max(1);
            format!(
                "{} at {} {} and {} {}",
                value_text(wanted, self.unit),
                self.across.0,
                self.across.1[place % columns],
                self.down.0,
                self.down.1[place / columns]
            )
        };
        if low >= high {
            return format!("{}. Always {}.", self.title, value_text(low, self.unit));
        }
        format!("{}. Lowest {}; highest {}.", self.title, at(low), at(high))
    }

    /// Height in pixels that a map of that many rows needs.
    #[must_use]
    pub fn height(&self, alone: bool) -> u32 {
        let head = if alone { 34 } else { 8 };
        head + 46 + 38 * self.down.1.len() as u32
    }
}

/// A number of rows or columns, of which there are few.
fn whole(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn grid(heat: &Heat, look: &Look) -> Grid {
    let unit = look.unit;
    let (width, height) = (look.size.0.cast_signed(), look.size.1.cast_signed());
    let longest = |texts: &[String]| texts.iter().map(|text| length(text)).max().unwrap_or(0);
    let words = length(&heat.down.0).max(longest(&heat.down.1));
    // Long names leave room for the cells.
    let left = ((words + 12) * unit).min(width * 2 / 5);
    let top = if look.alone { 34 } else { 8 } * unit;
    let columns = i32::try_from(heat.across.1.len())
        .unwrap_or(i32::MAX)
        .max(1);
    let rows = whole(heat.down.1.len()).max(1);
    Grid {
        left,
        top,
        width: (width - left - 4 * unit) / columns,
        height: (height - top - 46 * unit) / rows,
    }
}

type Done<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Draws a heat map.
///
/// # Errors
/// Those of the backend.
pub(super) fn draw_heat<B: DrawingBackend>(
    area: &Area<'_, B>,
    heat: &Heat,
    look: &Look,
) -> Done<B> {
    let unit = look.unit;
    let place = grid(heat, look);
    if look.alone {
        let pos = Pos::new(HPos::Left, VPos::Top);
        write(area, &heat.title, (10 * unit, 8 * unit), pos, look)?;
    }
    for (row, name) in heat.down.1.iter().enumerate() {
        let y = place.top + place.height * whole(row) + place.height / 2;
        let at = (place.left - 6 * unit, y);
        let name = shortened(name, place.left / unit - 8);
        write(area, &name, at, Pos::new(HPos::Right, VPos::Center), look)?;
        for column in 0..heat.across.1.len() {
            cell(area, heat, (row, column), &place, look)?;
        }
    }
    let foot = place.top + place.height * whole(heat.down.1.len());
    // Where names of columns are too long for them, some are left out.
    let widest = heat.across.1.iter().map(|name| length(name) + 8).max();
    let every = (widest.unwrap_or(1) * unit).div_euclid(place.width.max(1)) + 1;
    for (column, name) in heat.across.1.iter().enumerate() {
        if whole(column) % every != 0 {
            continue;
        }
        let x = place.left + place.width * whole(column) + place.width / 2;
        let pos = Pos::new(HPos::Center, VPos::Top);
        write(area, name, (x, foot + 6 * unit), pos, look)?;
    }
    let at = (place.left, foot + 26 * unit);
    let axes = format!("{} across, {} down", heat.across.0, heat.down.0);
    write(area, &axes, at, Pos::new(HPos::Left, VPos::Top), look)
}

fn cell<B: DrawingBackend>(
    area: &Area<'_, B>,
    heat: &Heat,
    (row, column): (usize, usize),
    place: &Grid,
    look: &Look,
) -> Done<B> {
    let unit = look.unit;
    let cell = heat.cell(row, column);
    let Some(value) = cell.value else {
        return Ok(());
    };
    let (left, top) = (
        place.left + place.width * whole(column),
        place.top + place.height * whole(row),
    );
    let (right, bottom) = (left + place.width - unit, top + place.height - unit);
    let fill = (look.color)(Ink::Heat(heat.step(value)));
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
    area.draw(&Polygon::new(corners, fill.filled()))?;
    let text = value_text(value, heat.unit);
    let fits = |text: &str| length(text) * unit <= place.width - 2 * unit;
    let two = !cell.note.is_empty() && fits(&cell.note) && place.height >= 30 * unit;
    let x = i32::midpoint(left, right);
    let y = i32::midpoint(top, bottom);
    let pos = Pos::new(HPos::Center, VPos::Center);
    if fits(&text) {
        let y = if two { y - 7 * unit } else { y };
        write(area, &text, (x, y), pos, look)?;
    }
    if two {
        write_in(area, &cell.note, (x, y + 8 * unit), pos, look, Ink::Text)?;
    }
    Ok(())
}

/// A name that is no longer than so many pixels.
fn shortened(name: &str, pixels: i32) -> String {
    if length(name) <= pixels {
        return name.to_owned();
    }
    let most = usize::try_from(pixels / 7 - 1).unwrap_or(0);
    let kept: String = name.chars().take(most).collect();
    format!("{kept}\u{2026}")
}
