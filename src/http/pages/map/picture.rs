//! A census as a picture: one point a cell, its colour by how full it is.
//!
//! Guarantees: a cell with anything listed differs from an empty one; the colours rise in brightness, so that they are told
//! apart without seeing hues, and stand on their own dark ground in both themes.
//! Never: more points than cells.

use super::{Part, curve};
use crate::{http::pages::messages::Messages, snapshot::Census};

/// The ground, then from little to full: each brighter than the one before.
const COLOURS: [[u8; 3]; 9] = [
    [16, 24, 32],
    [59, 31, 94],
    [95, 36, 110],
    [139, 41, 107],
    [186, 54, 85],
    [220, 80, 57],
    [243, 120, 25],
    [252, 176, 35],
    [250, 240, 140],
];

/// What one colour means.
pub(super) struct Shade {
    /// As SVG writes it.
    pub colour: String,
    /// From how many addresses on.
    pub meaning: String,
}

/// Points on a side.
pub(super) fn side(census: &Census) -> u32 {
    1 << (census.counts.len().ilog2() / 2)
}

/// The colour of a cell of 2^`bits` addresses with `count` listed: by the logarithm, as lists are sparse.
fn shade(count: u32, bits: u8) -> u8 {
    let steps = COLOURS.len() as u32 - 2;
    if count == 0 { 0 } else { (1 + count.ilog2() * steps / u32::from(bits)) as u8 }
}

/// The least count of each colour.
pub(super) fn shades(cell: u8, words: Messages) -> Vec<Shade> {
    let bits = 32 - cell;
    let least =
        |colour: usize| (0..=bits).map(|power| 1u32 << power).find(|count| usize::from(shade(*count, bits)) == colour);
    let meaning = |colour: usize| {
        let count = if colour == 0 { 0 } else { least(colour)? };
        Some(if count == 1 << bits { words.say("map-full") } else { words.count("map-from", u64::from(count)) })
    };
    let shades = COLOURS.iter().enumerate().filter_map(|(colour, [red, green, blue])| {
        Some(Shade { colour: format!("#{red:02x}{green:02x}{blue:02x}"), meaning: meaning(colour)? })
    });
    shades.collect()
}

/// The picture.
///
/// # Errors
/// Those of the encoder.
pub(super) fn png(census: &Census, part: Part) -> Result<Vec<u8>, png::EncodingError> {
    let side = side(census);
    let mut points = vec![0u8; census.counts.len()];
    for (number, count) in census.counts.iter().enumerate() {
        let place = curve::within(part, part.cell(), number as u32);
        points[(place.y * side + place.x) as usize] = shade(*count, census.cell_bits);
    }
    let mut octets = Vec::new();
    let mut encoder = png::Encoder::new(&mut octets, side, side);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(COLOURS.as_flattened());
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&points)?;
    writer.finish()?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cell_is_ground_and_a_full_one_is_brightest() {
        for bits in [4, 8, 16] {
            assert_eq!((shade(0, bits), shade(1, bits), shade(1 << bits, bits)), (0, 1, 8));
            assert!((1..=1u32 << bits).map(|count| shade(count, bits)).is_sorted());
        }
    }

    #[test]
    fn the_picture_has_a_point_for_each_cell_where_the_curve_puts_it() {
        let part = Part { first: 0x0a01_0000, length: 16 };
        let mut counts = vec![0; 4_096];
        counts[77] = 16;
        let octets = png(&Census { counts, cell_bits: 4 }, part).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(octets)).read_info().unwrap();
        let mut points = vec![0; reader.output_buffer_size().unwrap()];
        let shape = reader.next_frame(&mut points).unwrap();
        assert_eq!((shape.width, shape.height), (64, 64));
        let place = curve::within(part, 28, 77);
        let lit: Vec<_> = points.iter().enumerate().filter(|(_, point)| **point != 0).collect();
        assert_eq!(lit, [((place.y * 64 + place.x) as usize, &8)]);
    }
}
