//! Many positions at once, a pixel for each number: 20 of width 512 in tensor2tensor's form, whose halves are sines and
//! cosines, and 10 of width 64 in the paper's, where they alternate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::html;
use tensor::{DType, Tensor};
use transformer::layers::positions::{concatenated, interleaved};

use crate::look::{Figure, Sheet};
use crate::recording::Recording;

/// Where pictures begin: left of it stand the positions.
const LEFT: f64 = 40.0;

/// How wide a picture is.
const WIDTH: f64 = 1024.0;

/// The colours of a number above and below 0; how much of it says the size.
const COLOURS: ([u8; 3], [u8; 3]) = ([216, 64, 42], [34, 119, 204]);

/// Both pictures, one above the other. They are formulas: of the recording nothing is used.
pub fn draw(_: &Recording) -> Option<Figure> {
    let mut sheet = Sheet::new();
    let halves = concatenated(0..20, 512, DType::F32);
    let name =
        ["tensor2tensor, 20 positions of 512 numbers:", "sines in the left half, cosines in the right"];
    let y = picture(&mut sheet, 0.0, name, &halves, 12.0, &[0, 128, 256, 384, 511])?;
    let paired = interleaved(0..10, 64, DType::F32);
    let name = ["the paper, 10 positions of 64 numbers:", "a column of sines, then one of cosines"];
    picture(&mut sheet, y + 22.0, name, &paired, 16.0, &[0, 16, 32, 48, 63])?;
    let caption = "A row is a position, a column a place in the vector; red is above 0, blue below, paper 0. On the left of each picture, or of each half, the numbers change with every position; to the right ever more \
                   slowly, until the sines stay near 0 and the cosines near 1. These are formulas, not numbers of a run.";
    Some(sheet.into_figure(
        "position-pictures",
        "Many positions, a pixel for each number",
        caption,
        Vec::new(),
    ))
}

/// Puts the picture of a table there, with positions beside it and columns below; returns where it ends.
fn picture(
    sheet: &mut Sheet,
    y: f64,
    name: [&str; 2],
    table: &Tensor,
    pitch: f64,
    columns: &[usize],
) -> Option<f64> {
    let (rows, cols) = (table.dim(0), table.dim(1));
    let (top, height) = (y + 42.0, rows as f64 * pitch);
    name.iter().zip([14.0, 32.0]).for_each(|(line, below)| sheet.text("strong", 4.0, y + below, line));
    let address = format!("data:image/png;base64,{}", STANDARD.encode(png(table)?));
    let image = html! {
        image href=(address) x=(LEFT) y=(top) width=(WIDTH) height=(height) preserveAspectRatio="none" role="img" aria-label=(name.join(" ")) {}
        rect class="box" x=(LEFT - 1.0) y=(top - 1.0) width=(WIDTH + 2.0) height=(height + 2.0) {}
    };
    sheet.markup(image, LEFT + WIDTH + 2.0, top + height);
    for row in [0, rows / 2, rows - 1] {
        sheet.text("note end", LEFT - 8.0, top + (row as f64 + 0.5) * pitch + 4.0, &row.to_string());
    }
    let (x, middle) = (10.0, top + height / 2.0);
    let beside = html! {
        text class="note middle turned" x=(x) y=(middle) transform=(format!("rotate(-90 {x} {middle})")) { "position" }
    };
    sheet.markup(beside, LEFT, top + height);
    sheet.text("note middle", LEFT + WIDTH * 0.375, top + height + 16.0, "place in the vector");
    for &col in columns {
        let x = LEFT + (col as f64 + 0.5) * WIDTH / cols as f64;
        sheet.text("note middle", x.min(LEFT + WIDTH - 12.0), top + height + 16.0, &col.to_string());
    }
    Some(top + height + 20.0)
}

/// A PNG of one pixel a number; a number in -1..=1 is colour on nothing, so that any paper shines through.
fn png(table: &Tensor) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, table.dim(1) as u32, table.dim(0) as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels(table)).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

fn pixels(table: &Tensor) -> Vec<u8> {
    let numbers: Vec<f32> = table.to_vec();
    let pixel = |number: f32| {
        let [r, g, b] = if number < 0.0 { COLOURS.1 } else { COLOURS.0 };
        [r, g, b, (number.abs().min(1.0).powf(0.8) * 255.0).round() as u8]
    };
    numbers.into_iter().flat_map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::About;

    #[test]
    fn the_picture_has_a_pixel_for_each_number() {
        let figure = draw(&Recording::new(About::default())).unwrap();
        let drawing = figure.drawing.into_string();
        let pictures: Vec<Vec<u8>> = drawing
            .split("base64,")
            .skip(1)
            .map(|text| STANDARD.decode(text.split_once('"').unwrap().0).unwrap())
            .collect();
        for (bytes, table) in
            pictures.iter().zip([concatenated(0..20, 512, DType::F32), interleaved(0..10, 64, DType::F32)])
        {
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
            let mut found = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut found).unwrap();
            assert_eq!((info.height as usize, info.width as usize), (table.dim(0), table.dim(1)));
            assert_eq!(found, pixels(&table));
        }
        assert_eq!((pictures.len(), figure.width <= 1080.0), (2, true));
        assert!(drawing.len() < 60_000, "{}", drawing.len());
    }

    #[test]
    fn the_sign_is_the_colour_and_the_size_how_much_of_it() {
        let table = Tensor::from_vec(vec![1.0f32, -1.0, 0.0], [1, 3]);
        assert_eq!(pixels(&table), [216, 64, 42, 255, 34, 119, 204, 255, 216, 64, 42, 0]);
    }
}
