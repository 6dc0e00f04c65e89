//! Writes the octets that [`super::chunk`] reads: the hosts of one /16 in their shortest form.
//!
//! Guarantees: what is written decodes to the same runs; equal runs give equal octets.
//! Never: keeps anything from one chunk to the next but its buffers.

use super::{
    chunk::{BITMAP_FROM, BITS, FULL, HOSTS, HOSTS_MIXED, LOOSE_ALIKE, LOOSE_MIXED, RUNS, Run, WIDE},
    sets::SetId,
};
use std::sync::Arc;

/// A /24 with so many hosts that differ from the rest has no leaf: a loose host takes 3 octets, a leaf 6 and its hosts.
const LOOSE_MAX: usize = 4;

/// The buffers of an encoder.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    classes: Vec<SetId>,
    ground: Vec<(u8, u8)>,
    loose: Vec<(u16, u8)>,
    blocks: Vec<u8>,
    offsets: Vec<u16>,
    leaves: Vec<u8>,
    local: Vec<(u8, u8)>,
    counts: Vec<(u8, u16)>,
    out: Vec<u8>,
}

impl Encoder {
    /// The chunk with these runs: the first starts at 0, each carries another set than the one before, at least two.
    pub fn encode(&mut self, runs: &[Run]) -> Arc<[u8]> {
        for buffer in [&mut self.blocks, &mut self.leaves, &mut self.out] {
            buffer.clear();
        }
        self.classes.clear();
        self.ground.clear();
        self.loose.clear();
        self.offsets.clear();
        if self.gather(runs).is_none() {
            self.write_wide(runs);
        } else {
            self.write();
        }
        self.out[..].into()
    }

    /// `None`: too many classes, or too large numbers of sets.
    fn class(&mut self, set: SetId) -> Option<u8> {
        let place = self.classes.iter().position(|class| *class == set);
        let place = place.unwrap_or_else(|| {
            self.classes.push(set);
            self.classes.len() - 1
        });
        u16::try_from(set.0).ok().and(u8::try_from(place).ok())
    }

    fn gather(&mut self, runs: &[Run]) -> Option<()> {
        let block_of = |run: &Run| usize::from(run.start >> 8);
        let (mut block, mut at) = (0, 0);
        while block < 256 {
            // `at`: the run in force where the block begins.
            let first = block << 8;
            while runs.get(at + 1).is_some_and(|run| usize::from(run.start) <= first) {
                at += 1;
            }
            let class = self.class(runs[at].set)?;
            let inside = runs[at + 1..].iter().take_while(|run| block_of(run) == block).count();
            if inside == 0 {
                self.push_ground(block as u8, class);
                block = runs.get(at + 1).map_or(256, block_of);
                continue;
            }
            self.local.clear();
            self.local.push((0, class));
            for run in &runs[at + 1..=at + inside] {
                let class = self.class(run.set)?;
                self.local.push((run.start as u8, class));
            }
            self.gather_block(block as u8);
            at += inside;
            block += 1;
        }
        Some(())
    }

    fn push_ground(&mut self, block: u8, class: u8) {
        if self.ground.last().is_none_or(|&(_, last)| last != class) {
            self.ground.push((block, class));
        }
    }

    /// First octet, number of octets and class of the local runs.
    fn local_runs(local: &[(u8, u8)]) -> impl Iterator<Item = (u8, u16, u8)> {
        let ends = local[1..].iter().map(|&(start, _)| u16::from(start)).chain([256]);
        local.iter().zip(ends).map(|(&(start, class), end)| (start, end - u16::from(start), class))
    }

    fn gather_block(&mut self, block: u8) {
        self.counts.clear();
        for (_, length, class) in Self::local_runs(&self.local) {
            match self.counts.iter_mut().find(|(known, _)| *known == class) {
                Some((_, count)) => *count += length,
                None => self.counts.push((class, length)),
            }
        }
        let &(ground, count) = self.counts.iter().max_by_key(|(_, count)| *count).expect("a block has hosts");
        let hosts = 256 - usize::from(count);
        if hosts <= LOOSE_MAX {
            self.push_ground(block, ground);
            for (start, length, class) in Self::local_runs(&self.local).filter(|&(_, _, class)| class != ground) {
                for octet in u16::from(start)..u16::from(start) + length {
                    self.loose.push((u16::from(block) << 8 | octet, class));
                }
            }
            return;
        }
        self.blocks.push(block);
        self.offsets.push((self.leaves.len() / 2) as u16);
        self.write_leaf(ground, hosts);
        if !self.leaves.len().is_multiple_of(2) {
            self.leaves.push(0);
        }
    }

    fn write_leaf(&mut self, ground: u8, hosts: usize) {
        let Self { leaves, local, counts, .. } = self;
        let alike = counts.len() == 2;
        let other = counts.iter().map(|&(class, _)| class).find(|&class| class != ground).unwrap_or(ground);
        let scattered = || {
            Self::local_runs(local)
                .filter(|&(_, _, class)| class != ground)
                .flat_map(|(start, length, class)| (0..length).map(move |step| (start + step as u8, class)))
        };
        let if_alike = |octets: usize| if alike { octets } else { usize::MAX };
        let (_, form) = [
            (if_alike(4 + hosts), HOSTS),
            (3 + 2 * hosts, HOSTS_MIXED),
            (if_alike(35), BITS),
            (2 + 2 * local.len(), RUNS),
            (257, FULL),
        ]
        .into_iter()
        .min()
        .expect("there are forms");
        leaves.push(form);
        match form {
            HOSTS => {
                leaves.extend([ground, other, hosts as u8]);
                leaves.extend(scattered().map(|(host, _)| host));
            }
            HOSTS_MIXED => {
                leaves.extend([ground, hosts as u8]);
                leaves.extend(scattered().map(|(host, _)| host));
                leaves.extend(scattered().map(|(_, class)| class));
            }
            BITS => {
                leaves.extend([ground, other]);
                let mut bits = [0u8; 32];
                scattered().for_each(|(host, _)| bits[usize::from(host / 8)] |= 1 << (host % 8));
                leaves.extend(bits);
            }
            RUNS => {
                leaves.push((local.len() - 1) as u8);
                leaves.extend(local.iter().map(|&(start, _)| start));
                leaves.extend(local.iter().map(|&(_, class)| class));
            }
            _ => {
                for (_, length, class) in Self::local_runs(local) {
                    leaves.extend(std::iter::repeat_n(class, usize::from(length)));
                }
            }
        }
    }

    fn write(&mut self) {
        let alike = self.loose.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let out = &mut self.out;
        out.extend([if alike { LOOSE_ALIKE } else { LOOSE_MIXED }, (self.classes.len() - 1) as u8]);
        for count in [self.ground.len(), self.loose.len(), self.blocks.len()] {
            out.extend((count as u16).to_le_bytes());
        }
        out.extend(self.classes.iter().flat_map(|class| (class.0 as u16).to_le_bytes()));
        if self.blocks.len() < BITMAP_FROM {
            out.extend(&self.blocks);
        } else {
            let mut bits = [0u8; 32];
            self.blocks.iter().for_each(|block| bits[usize::from(block / 8)] |= 1 << (block % 8));
            out.extend(bits);
        }
        out.extend(self.offsets.iter().flat_map(|offset| offset.to_le_bytes()));
        out.extend(self.ground.iter().map(|&(block, _)| block));
        out.extend(self.ground.iter().map(|&(_, class)| class));
        out.extend(self.loose.iter().flat_map(|(host, _)| host.to_le_bytes()));
        let classes = if alike { self.loose.len().min(1) } else { self.loose.len() };
        out.extend(self.loose[..classes].iter().map(|&(_, class)| class));
        out.extend(&self.leaves);
    }

    fn write_wide(&mut self, runs: &[Run]) {
        let out = &mut self.out;
        out.extend([WIDE, 0, 0, 0]);
        out.extend((runs.len() as u32).to_le_bytes());
        out.extend(runs.iter().flat_map(|run| run.start.to_le_bytes()));
        out.extend(runs.iter().flat_map(|run| run.set.0.to_le_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::chunk::{self, decode, get};
    use proptest::prelude::*;

    fn runs_of(points: &[(u16, u32)]) -> Vec<Run> {
        let mut points = points.to_vec();
        points.sort_by_key(|&(start, _)| start);
        points.dedup_by_key(|(start, _)| *start);
        let mut runs = vec![Run { start: 0, set: SetId(0) }];
        for (start, set) in points {
            chunk::push(&mut runs, start, SetId(set));
        }
        runs
    }

    fn point() -> impl Strategy<Value = (u16, u32)> {
        // Close together in some /24s, so that every form of a leaf comes about.
        let start = prop_oneof![
            any::<u16>(),
            (0u16..3, 0u16..=255).prop_map(|(block, octet)| ((block * 5) << 8) | octet),
            any::<u8>().prop_map(|block| (u16::from(block) << 8) | 255),
            any::<u8>().prop_map(|block| u16::from(block) << 8),
        ];
        (start, prop_oneof![0u32..3, 0u32..40, Just(70_000)])
    }

    #[test]
    fn a_wide_chunk_is_read_back() {
        let runs = runs_of(&(0..=u16::MAX).map(|host| (host, u32::from(host) + 1)).collect::<Vec<_>>());
        let octets = Encoder::default().encode(&runs);
        let mut back = Vec::new();
        decode(&octets, &mut back);
        assert_eq!(back, runs);
        assert_eq!((get(&octets, 0), get(&octets, u16::MAX)), (SetId(1), SetId(65_536)));
    }

    #[test]
    fn a_loose_host_at_the_end_of_its_slash_24_ends_there() {
        for last in [0x00ff, 0x7fff, 0xffff_u16] {
            // Behind the last host of the /16 nothing follows: of two points at one place the first holds.
            let runs = runs_of(&[(last - 1, 7), (last, 8), (last.saturating_add(1), 0)]);
            let mut back = Vec::new();
            decode(&Encoder::default().encode(&runs), &mut back);
            assert_eq!(back, runs);
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(
            points in prop_oneof![proptest::collection::vec(point(), 1..40), proptest::collection::vec(point(), 1..1500)], small in any::<bool>(), probes in proptest::collection::vec(any::<u16>(), 50)
        ) {
            let points: Vec<_> = points.into_iter().map(|(start, set)| (start, if small { set % 3 } else { set })).collect();
            let runs = runs_of(&points);
            prop_assume!(runs.len() > 1);
            let octets = Encoder::default().encode(&runs);
            let mut back = Vec::new();
            decode(&octets, &mut back);
            prop_assert_eq!(&back, &runs);
            for host in probes.into_iter().chain(runs.iter().flat_map(|run| [run.start, run.start.wrapping_sub(1)])) {
                let at = runs.partition_point(|run| run.start <= host) - 1;
                prop_assert_eq!(get(&octets, host), runs[at].set);
            }
            let mut known: Vec<_> = chunk::sets(&octets).collect();
            let mut sets: Vec<_> = runs.iter().map(|run| run.set).collect();
            known.sort(); known.dedup(); sets.sort(); sets.dedup();
            prop_assert_eq!(known, sets);
        }
    }
}
