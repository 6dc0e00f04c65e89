//! A census as a picture: one point a cell, its colour by how full it is.
//!
//! Guarantees: a cell with anything listed differs from an empty one, at a contrast of 2:1 and more; the colours rise in
//! brightness, so that they are told apart without seeing hues, and stand on their own dark ground in both themes; the legend
//! names all counts that a colour stands for.
//! Never: more points than cells.

use super::{Part, curve};
use crate::{http::pages::messages::Messages, snapshot::Census};

/// The ground, then from little to full: each brighter than the one before.
const COLOURS: [[u8; 3]; 9] = [
    [16, 24, 32],
    [103, 53, 157],
    [147, 59, 166],
    [194, 64, 153],
    [236, 78, 119],
    [255, 115, 82],
    [255, 160, 47],
    [255, 200, 55],
    [250, 240, 140],
];

/// What one colour means.
pub(super) struct Shade {
    /// As SVG writes it.
    pub colour: String,
    /// From how many addresses to how many.
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

/// The colours that cells of this length have, with the counts that each stands for.
pub(super) fn shades(cell: u8, words: Messages) -> Vec<Shade> {
    let bits = 32 - cell;
    // From one power of two to the next all counts have one colour.
    let powers = |colour: usize| (0..=bits).filter(move |power| usize::from(shade(1u32 << power, bits)) == colour);
    let meaning = |colour: usize| {
        if colour == 0 {
            return Some(words.say("map-none"));
        }
        let (first, last) = (powers(colour).next()?, powers(colour).next_back()?);
        let number = |count: u64| words.number(count);
        Some(match (1u64 << first, (2u64 << last) - 1) {
            _ if first == bits => words.say("map-full"),
            (least, most) if least == most => number(least),
            (least, most) => words.get("map-between", &[("from", number(least).into()), ("to", number(most).into())]),
        })
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
    use super::{super::super::messages::Language, *};

    #[test]
    fn an_empty_cell_is_ground_and_a_full_one_is_brightest() {
        for bits in [4, 8, 16] {
            assert_eq!((shade(0, bits), shade(1, bits), shade(1 << bits, bits)), (0, 1, 8));
            assert!((1..=1u32 << bits).map(|count| shade(count, bits)).is_sorted());
        }
    }

    /// "One" stood beside the colour of one to seven, which was hardly to be told from none.
    #[test]
    fn the_legend_names_the_counts_of_each_colour() {
        let said = |cell| shades(cell, Messages::default()).into_iter().map(|shade| shade.meaning).collect::<Vec<_>>();
        assert_eq!(said(28), ["none", "1", "2 to 3", "4 to 7", "8 to 15", "all"]);
        assert_eq!(said(16)[..4], ["none", "1 to 7", "8 to 31", "32 to 127"]);
        for cell in [16, 24, 28] {
            let bits = 32 - cell;
            for words in Language::ALL.map(Messages::of) {
                let legend = shades(cell, words);
                assert!(legend.iter().all(|shade| !shade.meaning.contains("map-")));
                for power in 0..bits {
                    for count in [1u32 << power, (2 << power) - 1] {
                        let [red, green, blue] = COLOURS[usize::from(shade(count, bits))];
                        let colour = format!("#{red:02x}{green:02x}{blue:02x}");
                        let meaning = &legend.iter().find(|shade| shade.colour == colour).unwrap().meaning;
                        let digits = |text: &str| text.replace([',', '.', '\u{202f}'], "");
                        let bounds: Vec<u32> =
                            digits(meaning).split(' ').filter_map(|word| word.parse().ok()).collect();
                        let within = bounds[0] <= count && count <= bounds[bounds.len() - 1];
                        assert!(within, "{count} of {bits} bits: {meaning}");
                    }
                }
            }
        }
    }

    /// As WCAG measures it.
    #[test]
    fn the_colours_rise_and_the_least_stands_out_from_the_ground() {
        let light = |[red, green, blue]: [u8; 3]| {
            let linear = |part: u8| {
                let part = f64::from(part) / 255.0;
                if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            0.05 + 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
        };
        let lights = COLOURS.map(light);
        assert!(lights[1] / lights[0] >= 2.0, "{lights:?}");
        assert!(lights.windows(2).all(|pair| pair[1] / pair[0] > 1.25), "{lights:?}");
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
