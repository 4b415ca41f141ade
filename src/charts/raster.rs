//! PNG, with the embedded font.

use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use super::Picture;
use super::draw::{FONT, Look, draw};
use super::heat::draw_heat;
use super::theme::{Ink, paint, shade};

/// Letters of Latin scripts from DejaVu Sans (see fonts/LICENSE).
static LETTERS: &[u8] = include_bytes!("fonts/DejaVuSans-latin.ttf");
/// Pixels of the picture for one of the chart: sharp on dense screens and in print.
const DENSITY: u32 = 2;

fn color(ink: Ink) -> RGBAColor {
    let (red, green, blue) = paint(ink);
    let share = match ink {
        Ink::Area(_) => 0.32,
        Ink::Heat(step) => shade(step),
        _ => 1.0,
    };
    RGBColor(red, green, blue).mix(share)
}

/// The picture: `size` in pixels of the page; twice as many in the file. A heat map is as high as it
/// needs.
///
/// # Errors
/// What cannot be drawn or encoded, in words.
pub fn png(picture: &Picture, size: (u32, u32)) -> Result<Vec<u8>, String> {
    register_font(FONT, FontStyle::Normal, LETTERS)
        .map_err(|_| "the embedded font is damaged".to_owned())?;
    let height = match picture {
        Picture::Chart(_) => size.1,
        Picture::Heat(heat) => heat.height(true),
    };
    let size = (size.0 * DENSITY, height * DENSITY);
    let mut pixels = vec![255; size.0 as usize * size.1 as usize * 3];
    let look = Look {
        size,
        unit: DENSITY.cast_signed(),
        color,
        alone: true,
    };
    let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
    match picture {
        Picture::Chart(chart) => draw(&area, chart, &look),
        Picture::Heat(heat) => draw_heat(&area, heat, &look),
    }
    .map_err(|error| error.to_string())?;
    area.present().map_err(|error| error.to_string())?;
    drop(area);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
    writer
        .write_image_data(&pixels)
        .map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    Ok(file)
}
