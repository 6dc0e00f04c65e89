//! How the index of IPv4 is changed: what a list says, as points, is merged into the runs of each /16 that it reaches.
//!
//! Guarantees: only what changes is copied; a /16 that a list neither holds nor gets is not even read; working memory is
//! that of one /16, whatever the size of the change.
//! Never: resolves more than one list at a time (but for the first build, which takes them in turn for each /16).

use super::{
    chunk::{self, Run},
    encode::Encoder,
    sets::{Resolver, SetId, ValueId},
    sweep::{Front, Span},
    v4::{Page, Slash8, Slash16, V4, slots},
};
use std::sync::Arc;

/// Addresses of a /8.
const SLASH8: i64 = 1 << 24;
/// Addresses of a /16.
const SLASH16: i64 = 1 << 16;

/// Whether the front has no point up to `last`.
fn is_uniform<I: Iterator<Item = Span<u64>>>(front: &Front<u64, I>, last: u32) -> bool {
    front.next_key().is_none_or(|&next| next > u64::from(last))
}

/// `set` with the list's tags replaced by `value`, for a range of `addresses` addresses.
fn replace_uniform(set: SetId, value: ValueId, addresses: i64, resolver: &mut Resolver) -> SetId {
    resolver.grown -= if resolver.holds(set) { addresses } else { 0 };
    resolver.grown += if value.is_nothing() { 0 } else { addresses };
    resolver.replace(set, value)
}

/// The runs of one /16 and the buffers to change them.
#[derive(Debug, Default)]
pub(super) struct Workbench {
    runs: Vec<Run>,
    points: Vec<(u16, ValueId)>,
    part: Vec<Run>,
    encoder: Encoder,
}

impl Workbench {
    fn load(&mut self, slot: &Slash16) {
        match slot {
            Slash16::Uniform(set) => {
                self.runs.clear();
                self.runs.push(Run { start: 0, set: *set });
            }
            Slash16::Chunk(chunk) => chunk::decode(chunk, &mut self.runs),
        }
    }

    /// Takes the points of the front in `first..=last`, which lies in one /16.
    fn take_points<I: Iterator<Item = Span<u64>>>(
        &mut self,
        front: &mut Front<u64, I>,
        (first, last): (u32, u32),
        resolver: &mut Resolver,
    ) {
        self.points.clear();
        self.points.push((first as u16, front.now()));
        while !is_uniform(front, last) {
            let Some((key, value)) = front.step(resolver) else { break };
            self.points.push((key as u16, value));
        }
    }

    /// Replaces the list's tags from the first point to `last`. Whether some run is another than before.
    fn merge(&mut self, last: u16, resolver: &mut Resolver) -> bool {
        let Self { runs, points, part, .. } = self;
        let (first, behind) = (points[0].0, u32::from(last) + 1);
        let from = runs.partition_point(|run| run.start <= first) - 1;
        let end = from + runs[from..].partition_point(|run| run.start <= last);
        let (mut at, mut point, mut pos) = (from, 0, u32::from(first));
        let mut changed = false;
        part.clear();
        loop {
            let next_run = if at + 1 < end { u32::from(runs[at + 1].start) } else { behind };
            let next_point = points.get(point + 1).map_or(behind, |(start, _)| u32::from(*start));
            let next = next_run.min(next_point);
            let set = runs[at].set;
            let new = replace_uniform(set, points[point].1, i64::from(next - pos), resolver);
            changed |= new != set;
            chunk::push(part, pos as u16, new);
            if next >= behind {
                break;
            }
            at += usize::from(next == next_run);
            point += usize::from(next == next_point);
            pos = next;
        }
        if changed {
            self.splice(first, last, from, end);
        }
        changed
    }

    /// Puts `part` in the place of the runs `from..end`, as far as they lie in `first..=last`.
    fn splice(&mut self, first: u16, last: u16, from: usize, end: usize) {
        let Self { runs, part, .. } = self;
        let after = runs[end - 1].set;
        let from = if runs[from].start < first { from + 1 } else { from };
        let part_end = part[part.len() - 1].set;
        let mut end = end;
        // What stands before and behind may now carry the same.
        if from > 0 && runs[from - 1].set == part[0].set {
            part.remove(0);
        }
        if last < u16::MAX {
            match runs.get(end) {
                Some(run) if run.start == last + 1 => end += usize::from(run.set == part_end),
                _ if after != part_end => part.push(Run { start: last + 1, set: after }),
                _ => {}
            }
        }
        runs.splice(from..end, part.drain(..));
    }

    /// What the runs are in the tree, with the lists that show in them.
    fn finish(&mut self, resolver: &mut Resolver) -> (Slash16, u64) {
        let below = self.runs.iter().fold(0, |bits, run| bits | resolver.mask(run.set));
        match self.runs[..] {
            [run] => (Slash16::Uniform(run.set), below),
            _ => (Slash16::Chunk(self.encoder.encode(&self.runs)), below),
        }
    }

    /// Builds a /8 from nothing. Each list comes with its own front and resolver, already past what lies before the /8.
    pub fn build<I: Iterator<Item = Span<u64>>>(
        &mut self,
        number: u8,
        lists: &mut [(Front<u64, I>, Resolver)],
    ) -> (Slash8, u64) {
        let base = u32::from(number) << 24;
        for (front, resolver) in &mut *lists {
            front.reach(&u64::from(base), resolver);
        }
        if lists.iter().all(|(front, _)| is_uniform(front, base | 0xff_ffff)) {
            let set = lists
                .iter_mut()
                .fold(SetId(0), |set, (front, resolver)| replace_uniform(set, front.now(), SLASH8, resolver));
            let below = lists.last_mut().map_or(0, |(_, resolver)| resolver.mask(set));
            return (Slash8::Uniform(set), below);
        }
        let mut page = Page::uniform(SetId(0), 0);
        for slot in 0..256 {
            let (first, last) = (base | slot << 16, base | slot << 16 | 0xffff);
            self.load(&Slash16::Uniform(SetId(0)));
            for (front, resolver) in &mut *lists {
                front.reach(&u64::from(first), resolver);
                if is_uniform(front, last) && front.now().is_nothing() {
                    continue;
                }
                self.take_points(front, (first, last), resolver);
                self.merge(u16::MAX, resolver);
            }
            if let (runs, Some((_, resolver))) = (&self.runs, lists.last_mut())
                && *runs != [Run { start: 0, set: SetId(0) }]
            {
                let (node, below) = self.finish(resolver);
                page.set(slot as usize, node, below);
            }
        }
        page.into_slot()
    }
}

/// What becomes of a whole /16 where a list says the same everywhere.
enum Whole {
    Same,
    New(Slash16, u64),
    Merge,
}

fn replace_whole(slot: &Slash16, value: ValueId, resolver: &mut Resolver) -> Whole {
    match slot {
        Slash16::Uniform(set) => {
            let new = replace_uniform(*set, value, SLASH16, resolver);
            if new == *set { Whole::Same } else { Whole::New(Slash16::Uniform(new), resolver.mask(new)) }
        }
        // Hosts that differ in this list may become alike: their runs have to be joined.
        Slash16::Chunk(chunk) if chunk::sets(chunk).any(|set| resolver.holds(set)) => Whole::Merge,
        Slash16::Chunk(_) if value.is_nothing() => Whole::Same,
        Slash16::Chunk(chunk) => {
            let mut below = 0;
            let other = chunk::with_sets(chunk, |set| {
                let new = resolver.replace(set, value);
                below |= resolver.mask(new);
                new
            });
            let Some(other) = other else { return Whole::Merge };
            resolver.grown += SLASH16;
            Whole::New(Slash16::Chunk(other.into()), below)
        }
    }
}

/// Changes a tree. The /16 that was changed last stays open: what is changed together is written together.
#[derive(Debug)]
pub(super) struct V4Editor {
    v4: Arc<V4>,
    bench: Workbench,
    open: Option<(usize, usize)>,
    dirty: bool,
}

impl V4Editor {
    pub fn new(v4: Arc<V4>) -> Self {
        Self { v4, bench: Workbench::default(), open: None, dirty: false }
    }

    /// The tree with all changes.
    pub fn finish(&mut self, resolver: &mut Resolver) -> Arc<V4> {
        self.close(resolver);
        Arc::clone(&self.v4)
    }

    /// Replaces a list's tags in `first..=last` by what the front says.
    pub fn apply<I: Iterator<Item = Span<u64>>>(
        &mut self,
        front: &mut Front<u64, I>,
        (first, last): (u32, u32),
        resolver: &mut Resolver,
    ) {
        for (page, low, high) in slots(first, last, 24) {
            let base = (page as u32) << 24;
            front.reach(&u64::from(base | low), resolver);
            if (low, high) == (0, 0xff_ffff)
                && is_uniform(front, base | high)
                && let Slash8::Uniform(set) = *self.v4.slash8(page)
                && self.open.is_none_or(|(open, _)| open != page)
            {
                let new = replace_uniform(set, front.now(), SLASH8, resolver);
                if new != set {
                    let below = resolver.mask(new);
                    Arc::make_mut(&mut self.v4).set_slash8(page, Slash8::Uniform(new), below);
                }
                continue;
            }
            for (slot, low, high) in slots(low, high, 16) {
                let base = base | (slot as u32) << 16;
                front.reach(&u64::from(base | low), resolver);
                self.apply_slot(front, (page, slot), (base | low, base | high), resolver);
            }
        }
    }

    fn apply_slot<I: Iterator<Item = Span<u64>>>(
        &mut self,
        front: &mut Front<u64, I>,
        (page, slot): (usize, usize),
        (first, last): (u32, u32),
        resolver: &mut Resolver,
    ) {
        let whole = last - first == 0xffff && is_uniform(front, last);
        if whole && self.open != Some((page, slot)) {
            match replace_whole(&self.v4.slash16(page, slot), front.now(), resolver) {
                Whole::Same => return,
                Whole::New(node, below) => {
                    return Arc::make_mut(&mut self.v4).set_slash16(page, slot, node, below);
                }
                Whole::Merge => {}
            }
        }
        if self.open != Some((page, slot)) {
            self.close(resolver);
            self.bench.load(&self.v4.slash16(page, slot));
            self.open = Some((page, slot));
        }
        self.bench.take_points(front, (first, last), resolver);
        self.dirty |= self.bench.merge(last as u16, resolver);
    }

    /// Writes the open /16.
    fn close(&mut self, resolver: &mut Resolver) {
        if let Some((page, slot)) = self.open.take()
            && self.dirty
        {
            let (node, below) = self.bench.finish(resolver);
            Arc::make_mut(&mut self.v4).set_slash16(page, slot, node, below);
        }
        self.dirty = false;
    }
}
