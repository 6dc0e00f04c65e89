//! The Hilbert curve: addresses that are near each other stand near each other on the map, and every prefix is a square or
//! two of them side by side.
//!
//! Guarantees: each number has its place and each place its number; a step in keeps the orientation of the whole.
//! Never: knows what is listed.

use super::Part;

/// A place on a map: columns from the left, rows from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub x: u32,
    pub y: u32,
}

/// Where number `distance` stands on a curve that fills a square of 2^`order`.
pub(super) fn place(order: u8, distance: u32) -> Place {
    let (mut x, mut y, mut rest) = (0, 0, distance);
    for level in 0..order {
        let side = 1u32 << level;
        let (right, down) = (rest >> 1 & 1, (rest ^ rest >> 1) & 1);
        if down == 0 {
            if right == 1 {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            (x, y) = (y, x);
        }
        (x, y) = (x + side * right, y + side * down);
        rest >>= 2;
    }
    Place { x, y }
}

/// Where the cell `number` of `part`, of the length `cell`, stands in the square of `part`, as it lies in the whole.
pub(super) fn within(part: Part, cell: u8, number: u32) -> Place {
    let shift = 32 - u32::from(cell);
    let Place { x, y } = place(cell / 2, (part.first >> shift) + number);
    let side = 1u32 << ((cell - part.length) / 2);
    Place { x: x & (side - 1), y: y & (side - 1) }
}

impl Place {
    /// Where one of the 256 parts of the next step in stands in `outer`, in a square of 16.
    pub fn of(outer: Part, inner: Part) -> Self {
        let number = (inner.first - outer.first) >> (32 - u32::from(inner.length));
        within(outer, inner.length, number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_curve_visits_every_place_once_a_step_at_a_time() {
        for order in 1..=6 {
            let places: Vec<_> = (0..1u32 << (2 * order)).map(|number| place(order, number)).collect();
            let distinct: HashSet<_> = places.iter().map(|place| (place.x, place.y)).collect();
            assert_eq!(distinct.len(), places.len());
            assert!(places.iter().all(|place| place.x < 1 << order && place.y < 1 << order));
            for pair in places.windows(2) {
                assert_eq!(pair[0].x.abs_diff(pair[1].x) + pair[0].y.abs_diff(pair[1].y), 1, "{pair:?}");
            }
        }
    }

    #[test]
    fn a_step_in_keeps_the_orientation_of_the_whole() {
        let whole = Part { first: 0, length: 0 };
        for net in [0u32, 10, 127, 192, 255] {
            let part = Part { first: net << 24, length: 8 };
            let square = Place::of(whole, part);
            for second in [0u32, 1, 100, 255] {
                let near = within(part, 16, second);
                let far = within(whole, 16, net << 8 | second);
                assert_eq!((square.x * 16 + near.x, square.y * 16 + near.y), (far.x, far.y));
            }
        }
    }
}
