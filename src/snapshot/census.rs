//! How many IPv4 addresses are listed in each cell of a prefix: what a map shows.
//!
//! Guarantees: counts what look-ups would find, after the rule of match and `never`, from one snapshot; walks each run of
//! the prefix once.
//! Never: says which lists or which single addresses.

use super::{
    Snapshot, chunk,
    v4::{Slash8, Slash16},
};

/// Cells of equal size in a prefix, with what is listed in each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// Listed addresses, cell after cell.
    pub counts: Vec<u32>,
    /// Addresses in a cell, as a power of two.
    pub cell_bits: u8,
}

impl Snapshot {
    /// Counts the addresses in `first/length` that show one of the lists whose bits are set in `wanted`, in cells of the
    /// length `cell`. `length` is 16 at most, `cell` 16 to 28, and there are at most 65,536 cells.
    #[must_use]
    pub fn census_v4(&self, wanted: u64, first: u32, length: u8, cell: u8) -> Census {
        let mut counting = Counting { first, counts: vec![0; 1 << (cell - length)], cell_bits: 32 - cell };
        let last = first | u32::MAX.checked_shr(length.into()).unwrap_or(0);
        let shows = |set| self.sets.mask(set) & wanted != 0;
        let mut runs = Vec::new();
        for page in first >> 24..=last >> 24 {
            if let Slash8::Uniform(set) = self.v4.slash8(page as usize) {
                if shows(*set) {
                    counting.add(first.max(page << 24), last.min(page << 24 | 0xff_ffff));
                }
                continue;
            }
            for high in (first >> 16).max(page << 8)..=(last >> 16).min(page << 8 | 255) {
                match self.v4.slash16(page as usize, (high & 255) as usize) {
                    Slash16::Uniform(set) if shows(set) => counting.add(high << 16, high << 16 | 0xffff),
                    Slash16::Uniform(_) => {}
                    Slash16::Chunk(hosts) => {
                        chunk::decode(&hosts, &mut runs);
                        let ends = runs.iter().skip(1).map(|next| u32::from(next.start) - 1).chain([0xffff]);
                        for (run, end) in runs.iter().zip(ends).filter(|(run, _)| shows(run.set)) {
                            counting.add(high << 16 | u32::from(run.start), high << 16 | end);
                        }
                    }
                }
            }
        }
        Census { counts: counting.counts, cell_bits: counting.cell_bits }
    }
}

struct Counting {
    first: u32,
    counts: Vec<u32>,
    cell_bits: u8,
}

impl Counting {
    /// Adds the addresses `from..=to` to the cells that they lie in.
    fn add(&mut self, from: u32, to: u32) {
        let cell_of = |address: u32| (address - self.first) >> self.cell_bits;
        for cell in cell_of(from)..=cell_of(to) {
            let begins = self.first + (cell << self.cell_bits);
            let ends = begins + ((1 << self.cell_bits) - 1);
            self.counts[cell as usize] += to.min(ends) - from.max(begins) + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        list::{Decision, Key},
        snapshot::{
            ListIndex,
            model::{Model, build, listed, served},
        },
    };

    fn snapshot(rows: &[(&str, &str, bool)]) -> Snapshot {
        let served = served();
        let mut model = Model::default();
        for (list, key, says) in rows {
            let index = if *list == "never" { ListIndex::NEVER } else { served.list(&list.parse().unwrap()).unwrap() };
            let code = served.settings(index).map_or("127.0.0.2".to_owned(), |list| list.code.to_string());
            let decision = if *says { listed(&[&code]) } else { Decision::Excluded };
            model.rows.insert((index, Key::parse_any(key).unwrap()), decision);
        }
        build(&model, &served)
    }

    #[test]
    fn each_cell_counts_what_a_look_up_would_find_in_it() {
        let snapshot = snapshot(&[
            ("alpha", "10.0.0.0/7", true),
            ("alpha", "10.1.2.0/24", false),
            ("never", "11.0.0.0/8", true),
            ("alpha", "192.0.2.1", true),
            ("beta", "192.0.2.2", true),
            ("beta", "192.0.2.1", true),
        ]);
        let served = snapshot.served();
        let bit = |name: &str| served.list(&name.parse().unwrap()).unwrap().bit();
        let all = bit("alpha") | bit("beta");
        let whole = snapshot.census_v4(all, 0, 0, 16);
        assert_eq!(whole.counts.len(), 65_536);
        assert_eq!((whole.counts[10 << 8], whole.counts[10 << 8 | 1], whole.counts[11 << 8]), (65_536, 65_280, 0));
        assert_eq!(whole.counts[192 << 8], 2);
        assert_eq!(whole.counts.iter().sum::<u32>(), (1 << 24) - 256 + 2);
        assert_eq!(snapshot.census_v4(bit("beta"), 0, 0, 16).counts.iter().sum::<u32>(), 2);
        let near = snapshot.census_v4(all, 0xc000_0000, 8, 24);
        assert_eq!((near.counts[2], near.counts.iter().sum::<u32>()), (2, 2));
        let nearest = snapshot.census_v4(all, 0x0a01_0000, 16, 28);
        assert_eq!(
            (nearest.counts.len(), nearest.counts[31], nearest.counts[32], nearest.counts[48]),
            (4_096, 16, 0, 16)
        );
    }

    #[test]
    fn the_cells_add_up_to_what_the_list_covers() {
        let snapshot = snapshot(&[("alpha", "0.0.0.0/0", true), ("alpha", "255.0.0.0/9", false)]);
        let alpha = snapshot.served().list(&"alpha".parse().unwrap()).unwrap();
        let counts = snapshot.census_v4(alpha.bit(), 0, 0, 16).counts;
        assert_eq!(counts.iter().map(|count| u64::from(*count)).sum::<u64>(), snapshot.covered_v4(alpha));
    }
}
