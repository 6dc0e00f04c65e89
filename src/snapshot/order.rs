//! An ordered index: octet strings in their order, cut into ranges; each range carries a set. v6, names and hashes.
//!
//! ```text
//! Ordered ── branches (up to 256 leaves each) ── leaves (up to 64 points each)
//! point: octets shared with the key before, number of others, those, the set as a varint; it holds until the next point
//! ```
//! Branches and leaves know their first key and the lists that show in them, so both questions are a descent: the set
//! at a key, and whether a list shows anywhere in a range of keys.
//!
//! Guarantees: the first point is the empty key. What nodes know of the lists that show in them is exact. Clones share all nodes; a change copies the leaves it touches, their
//! branches and the list of branches.
//! Never: allocates when it answers.

use super::{
    key::KeyBuf,
    sets::{Resolver, SetId, Sets},
    sweep::{Front, Octets, Span},
};
use std::sync::Arc;

/// Octets of a stored key, which are counted in one octet: a listed name and what closes its labels.
const _: () = assert!(crate::limits::NAME_OCTETS_MAX + 3 <= 255);

/// Points of a leaf: a look-up reads half of them.
const LEAF_POINTS_MAX: usize = 64;
/// A leaf of fewer points is joined with its neighbour when it is written.
const LEAF_POINTS_MIN: usize = 16;
/// Leaves of a branch: a change copies their pointers.
const BRANCH_LEAVES_MAX: usize = 256;

/// The whole index.
#[derive(Clone, Debug)]
pub(super) struct Ordered {
    branches: Vec<Branch>,
}

#[derive(Clone, Debug)]
struct Branch {
    first: Octets,
    below: u64,
    leaves: Arc<Vec<Leaf>>,
}

#[derive(Clone, Debug)]
struct Leaf {
    first: Octets,
    below: u64,
    points: Arc<[u8]>,
}

/// Reads points one after the other.
struct Points<'a> {
    rest: &'a [u8],
}

struct Point<'a> {
    shared: usize,
    others: &'a [u8],
    set: SetId,
}

impl<'a> Iterator for Points<'a> {
    type Item = Point<'a>;

    fn next(&mut self) -> Option<Point<'a>> {
        let [shared, others, rest @ ..] = self.rest else { return None };
        let (others, mut rest) = rest.split_at(usize::from(*others));
        let (mut set, mut shift) = (0, 0);
        while let [octet, after @ ..] = rest {
            set |= u32::from(octet & 0x7f) << shift;
            shift += 7;
            rest = after;
            if octet & 0x80 == 0 {
                break;
            }
        }
        self.rest = rest;
        Some(Point { shared: usize::from(*shared), others, set: SetId(set) })
    }
}

impl Leaf {
    /// The set at `key`, which is not before the first point.
    fn get(&self, key: &[u8]) -> SetId {
        let mut found = SetId(0);
        // How many octets of `key` the point before shares.
        let mut matched = 0;
        for point in (Points { rest: &self.points }) {
            if point.shared < matched {
                break;
            }
            if point.shared == matched {
                let wanted = &key[matched..];
                let common = point.others.iter().zip(wanted).take_while(|(a, b)| a == b).count();
                if common < point.others.len() && wanted.get(common).is_none_or(|octet| point.others[common] > *octet) {
                    break;
                }
                matched += common;
            }
            found = point.set;
        }
        found
    }

    /// Whether a wanted list shows at `from` (`None`: from the first point on) or behind it, before `end`.
    fn any(&self, from: Option<&[u8]>, end: Option<&[u8]>, sets: &Sets, wanted: u64) -> bool {
        let shows = |set| sets.mask(set) & wanted != 0;
        let mut key = KeyBuf::new();
        let mut at_from = None;
        for point in (Points { rest: &self.points }) {
            key.truncate(point.shared);
            key.extend(point.others.iter().copied());
            if from.is_some_and(|from| key[..] <= *from) {
                at_from = Some(point.set);
            } else if end.is_some_and(|end| key[..] >= *end) {
                break;
            } else if shows(point.set) {
                return true;
            }
        }
        at_from.is_some_and(shows)
    }

    fn each(&self, mut each: impl FnMut(&[u8], SetId)) {
        let mut key = KeyBuf::new();
        for point in (Points { rest: &self.points }) {
            key.truncate(point.shared);
            key.extend(point.others.iter().copied());
            each(&key, point.set);
        }
    }

    fn last_set(&self) -> Option<SetId> {
        Points { rest: &self.points }.last().map(|point| point.set)
    }
}

impl Branch {
    fn new(leaves: Vec<Leaf>) -> Self {
        let below = leaves.iter().fold(0, |bits, leaf| bits | leaf.below);
        Self { first: leaves[0].first.clone(), below, leaves: Arc::new(leaves) }
    }

    fn place(&self, key: &[u8]) -> usize {
        self.leaves.partition_point(|leaf| leaf.first[..] <= *key) - 1
    }
}

impl Ordered {
    /// Nothing listed.
    pub fn new() -> Self {
        let mut writer = LeafWriter::default();
        writer.push(&[], SetId(0), 0);
        Self { branches: vec![Branch::new(writer.finish(|_| 0))] }
    }

    fn place(&self, key: &[u8]) -> (usize, usize) {
        // The first key of all is empty, so there is a branch, and in it a leaf.
        let branch = self.branches.partition_point(|branch| branch.first[..] <= *key) - 1;
        (branch, self.branches[branch].place(key))
    }

    /// The set at a key.
    pub fn get(&self, key: &[u8]) -> SetId {
        let (branch, leaf) = self.place(key);
        self.branches[branch].leaves[leaf].get(key)
    }

    /// Whether one of the `wanted` lists shows from `from` to before `end` (`None`: to the end of all).
    pub fn any(&self, from: &[u8], end: Option<&[u8]>, sets: &Sets, wanted: u64) -> bool {
        let first = self.place(from);
        let last = end.map_or_else(|| self.last_place(), |end| self.place(end));
        let leaf = |(branch, leaf): (usize, usize)| &self.branches[branch].leaves[leaf];
        if first == last {
            return leaf(first).below & wanted != 0 && leaf(first).any(Some(from), end, sets, wanted);
        }
        let between = |branch: usize, from: usize, end: usize| {
            self.branches[branch].leaves[from..end].iter().any(|leaf| leaf.below & wanted != 0)
        };
        let inner = if first.0 == last.0 {
            between(first.0, first.1 + 1, last.1)
        } else {
            self.branches[first.0 + 1..last.0].iter().any(|branch| branch.below & wanted != 0)
                || between(first.0, first.1 + 1, self.branches[first.0].leaves.len())
                || between(last.0, 0, last.1)
        };
        inner || leaf(first).any(Some(from), None, sets, wanted) || leaf(last).any(None, end, sets, wanted)
    }

    fn last_place(&self) -> (usize, usize) {
        let branch = self.branches.len() - 1;
        (branch, self.branches[branch].leaves.len() - 1)
    }

    /// Heap octets.
    pub fn octets(&self) -> usize {
        let long = |key: &Octets| if key.spilled() { key.len() + 16 } else { 0 };
        let leaf = |leaf: &Leaf| ((leaf.points.len() + 39) & !15) + long(&leaf.first);
        let branch = |branch: &Branch| {
            size_of::<Branch>()
                + branch.leaves.capacity() * size_of::<Leaf>()
                + branch.leaves.iter().map(leaf).sum::<usize>()
        };
        self.branches.iter().map(branch).sum()
    }

    /// Marks the sets in use.
    pub fn mark(&self, used: &mut [bool]) {
        let leaves = self.branches.iter().flat_map(|branch| branch.leaves.iter());
        leaves.flat_map(|leaf| Points { rest: &leaf.points }).for_each(|point| used[point.set.0 as usize] = true);
    }

    /// Replaces a list's tags from `from` to before `end` by what the front says.
    pub fn apply<I: Iterator<Item = Span<Octets>>>(
        &mut self,
        front: &mut Front<Octets, I>,
        (from, end): (&Octets, Option<&Octets>),
        resolver: &mut Resolver,
    ) {
        let first = self.place(from);
        let mut last = end.map_or_else(|| self.last_place(), |end| self.place(end));
        // A small leaf takes its neighbour along, so that leaves do not get ever smaller.
        let small = |leaf: &Leaf| Points { rest: &leaf.points }.take(LEAF_POINTS_MIN).count() < LEAF_POINTS_MIN;
        let leaves = &self.branches[last.0].leaves;
        if first == last && last.1 + 1 < leaves.len() && small(&leaves[last.1]) {
            last.1 += 1;
        }
        let before = self.leaf_before(first).and_then(Leaf::last_set);
        let mut writer = LeafWriter { last_set: before, ..LeafWriter::default() };
        let old = self
            .leaves(first, last)
            .flat_map(|leaf| OldPoints { points: Points { rest: &leaf.points }, key: KeyBuf::new() });
        merge(old, front, (from, end), resolver, &mut writer);
        let new = writer.finish(|set| resolver.mask(set));
        self.put(first, last, new);
    }

    fn leaf_before(&self, (branch, leaf): (usize, usize)) -> Option<&Leaf> {
        match leaf.checked_sub(1) {
            Some(leaf) => Some(&self.branches[branch].leaves[leaf]),
            None => self.branches[branch.checked_sub(1)?].leaves.last(),
        }
    }

    fn leaves(&self, first: (usize, usize), last: (usize, usize)) -> impl Iterator<Item = &Leaf> {
        (first.0..=last.0).flat_map(move |branch| {
            let leaves = &self.branches[branch].leaves;
            let from = if branch == first.0 { first.1 } else { 0 };
            let to = if branch == last.0 { last.1 } else { leaves.len() - 1 };
            leaves[from..=to].iter()
        })
    }

    /// Puts `new` in the place of the leaves from `first` to `last`.
    fn put(&mut self, first: (usize, usize), last: (usize, usize), new: Vec<Leaf>) {
        if first.0 == last.0 {
            let branch = &mut self.branches[first.0];
            let leaves = Arc::make_mut(&mut branch.leaves);
            leaves.splice(first.1..=last.1, new);
            if (1..=BRANCH_LEAVES_MAX).contains(&leaves.len()) {
                branch.below = leaves.iter().fold(0, |bits, leaf| bits | leaf.below);
                branch.first = leaves[0].first.clone();
                return;
            }
            let leaves = std::mem::take(leaves);
            self.branches.splice(first.0..=last.0, branches_of(leaves));
            return;
        }
        let mut leaves = self.branches[first.0].leaves[..first.1].to_vec();
        leaves.extend(new);
        leaves.extend_from_slice(&self.branches[last.0].leaves[last.1 + 1..]);
        self.branches.splice(first.0..=last.0, branches_of(leaves));
    }
}

/// Cuts leaves into branches of about equal size.
fn branches_of(leaves: Vec<Leaf>) -> Vec<Branch> {
    let number = leaves.len().div_ceil(BRANCH_LEAVES_MAX);
    let size = leaves.len().div_ceil(number.max(1)).max(1);
    let mut branches = Vec::with_capacity(number);
    let mut leaves = leaves.into_iter();
    while leaves.len() > 0 {
        branches.push(Branch::new(leaves.by_ref().take(size).collect()));
    }
    branches
}

/// Points with their whole keys.
struct OldPoints<'a> {
    points: Points<'a>,
    key: KeyBuf,
}

impl Iterator for OldPoints<'_> {
    type Item = (Octets, SetId);

    fn next(&mut self) -> Option<(Octets, SetId)> {
        let point = self.points.next()?;
        self.key.truncate(point.shared);
        self.key.extend(point.others.iter().copied());
        Some((Octets::from_slice(&self.key), point.set))
    }
}

/// Writes the old points, with the list's tags replaced from `from` to before `end`.
fn merge<I: Iterator<Item = Span<Octets>>>(
    old: impl Iterator<Item = (Octets, SetId)>,
    front: &mut Front<Octets, I>,
    (from, end): (&Octets, Option<&Octets>),
    resolver: &mut Resolver,
    writer: &mut LeafWriter,
) {
    let mut old = old.peekable();
    let mut set = SetId(0);
    while let Some((key, before)) = old.next_if(|(key, _)| key < from) {
        writer.push(&key, before, resolver.mask(before));
        set = before;
    }
    let inside = |key: &Octets| end.is_none_or(|end| key < end);
    front.reach(from, resolver);
    let mut at = from.clone();
    loop {
        if let Some((_, next)) = old.next_if(|(key, _)| *key == at) {
            set = next;
        }
        front.reach(&at, resolver);
        let new = resolver.replace(set, front.now());
        writer.push(&at, new, resolver.mask(new));
        let next_old = old.peek().map(|(key, _)| key).filter(|key| inside(key));
        let next_new = front.next_key().filter(|key| inside(key));
        let next = match (next_old, next_new) {
            (Some(a), Some(b)) => a.min(b),
            (one, other) => match one.or(other) {
                Some(key) => key,
                None => break,
            },
        };
        at = next.clone();
    }
    if let Some(end) = end
        && old.peek().is_none_or(|(key, _)| key != end)
    {
        writer.push(end, set, resolver.mask(set));
    }
    for (key, set) in old {
        writer.push(&key, set, resolver.mask(set));
    }
}

/// Writes points into leaves.
#[derive(Default)]
struct LeafWriter {
    leaves: Vec<Leaf>,
    points: Vec<u8>,
    number: usize,
    first: Octets,
    below: u64,
    last_key: Octets,
    last_set: Option<SetId>,
}

impl LeafWriter {
    /// `below`: the lists that `set` shows.
    fn push(&mut self, key: &[u8], set: SetId, below: u64) {
        if self.last_set == Some(set) {
            return;
        }
        if self.number == LEAF_POINTS_MAX {
            self.close();
        }
        self.append(key, set, below);
    }

    fn append(&mut self, key: &[u8], set: SetId, below: u64) {
        if self.number == 0 {
            self.first = Octets::from_slice(key);
            self.last_key.clear();
        }
        let shared = key.iter().zip(&self.last_key).take(255).take_while(|(a, b)| a == b).count();
        let others = &key[shared..];
        self.points.extend([shared as u8, others.len() as u8]);
        self.points.extend_from_slice(others);
        let mut rest = set.0;
        while rest >= 0x80 {
            self.points.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.points.push(rest as u8);
        self.last_key = Octets::from_slice(key);
        self.last_set = Some(set);
        self.below |= below;
        self.number += 1;
    }

    fn close(&mut self) {
        if self.number > 0 {
            let (first, points) = (std::mem::take(&mut self.first), self.points[..].into());
            self.leaves.push(Leaf { first, below: self.below, points });
        }
        self.points.clear();
        (self.number, self.below) = (0, 0);
    }

    /// The leaves; where the last is small, it and the one before become of equal size. `mask`: the lists a set shows.
    fn finish(mut self, mut mask: impl FnMut(SetId) -> u64) -> Vec<Leaf> {
        let number = self.number;
        self.close();
        if (1..LEAF_POINTS_MIN).contains(&number) && self.leaves.len() > 1 {
            let tail = self.leaves.split_off(self.leaves.len() - 2);
            let mut place = 0;
            for leaf in tail {
                leaf.each(|key, set| {
                    if place == LEAF_POINTS_MAX.midpoint(number) {
                        self.close();
                    }
                    self.append(key, set, mask(set));
                    place += 1;
                });
            }
            self.close();
        }
        self.leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        list::Decision,
        snapshot::{
            ListIndex,
            model::listed,
            sets::{Interner, ValueId},
        },
    };
    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

    const CODES: [&str; 3] = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];

    fn key(at: usize) -> Octets {
        // Keys of different lengths that share their beginnings.
        Octets::from_slice(format!("{:04x}", at / 16).as_bytes())
            .into_iter()
            .chain([b'a'; 16].into_iter().take(at % 16))
            .collect()
    }

    /// Many leaves and branches, grown and shrunk by wide and narrow changes, against an array.
    #[test]
    fn an_index_of_many_pages_is_an_array() {
        const KEYS: usize = 1 << 17;
        let mut random = StdRng::seed_from_u64(1);
        let interner = Arc::new(Interner::new(Arc::new(Sets::new())));
        let mut resolvers = [0, 1].map(|list| Resolver::new(&interner, ListIndex::at(list)));
        let mut index = Ordered::new();
        // By list, 0 for nothing, else a code.
        let mut plain = [vec![0usize; KEYS], vec![0usize; KEYS]];
        let mut most = 0;
        for round in 0..300 {
            let list = round % 2;
            let resolver = &mut resolvers[list];
            let bulk = round % 20 < 2;
            let width = if bulk { KEYS } else { [1, 3, 40, 3_000][random.random_range(0..4)] };
            let first = random.random_range(0..=KEYS - width);
            let end = first + width;
            // A third of the bulk changes empties nearly all.
            let widest = if round % 60 < 2 { KEYS / 3 } else { 2 };
            let mut spans = Vec::new();
            plain[list][first..end].fill(0);
            let mut at = first;
            while at < end {
                let (stop, code) = ((at + random.random_range(1..=widest)).min(end), random.random_range(0..4));
                if code > 0 {
                    plain[list][at..stop].fill(code);
                    let decision = listed(&[CODES[code - 1]]);
                    spans.push(Span { first: key(at), end: Some(key(stop)), decision, labels: 0 });
                }
                at = stop;
            }
            let mut front = Front::new(spans.into_iter(), ValueId::NOTHING, resolver);
            let to = (end < KEYS).then(|| key(end));
            let from = if first == 0 { Octets::new() } else { key(first) };
            index.apply(&mut front, (&from, to.as_ref()), resolver);
            most = most.max(index.branches.len());
            if round % 25 == 0 || round > 290 {
                check(&index, &interner.sets(), &plain, &mut random);
            }
        }
        assert!(most > 3, "{most}");
        let leaves: usize = index.branches.iter().map(|branch| branch.leaves.len()).sum();
        assert!(index.branches.iter().all(|branch| branch.leaves.len() <= BRANCH_LEAVES_MAX) && leaves > 0);
    }

    fn check(index: &Ordered, sets: &Sets, plain: &[Vec<usize>; 2], random: &mut StdRng) {
        let keys = plain[0].len();
        let shown = |at: usize| (plain[0][at].min(1) | plain[1][at].min(1) << 1) as u64;
        for at in (0..keys).step_by(11) {
            let tags = sets.tags(index.get(&key(at)));
            let codes = |list| {
                let tag = tags.iter().find(|tag| tag.list == ListIndex::at(list));
                tag.map_or(0, |tag| CODES.iter().position(|code| tag.tag.code.to_string() == *code).unwrap() + 1)
            };
            assert_eq!([codes(0), codes(1)], [plain[0][at], plain[1][at]], "{at}");
        }
        for _ in 0..300 {
            let first = random.random_range(0..keys);
            let end = (first + [1, 2, 30, 5_000, keys][random.random_range(0..5)]).min(keys);
            for wanted in 1..4 {
                let expected = (first..end).any(|at| shown(at) & wanted != 0);
                let to = (end < keys).then(|| key(end));
                assert_eq!(index.any(&key(first), to.as_deref(), sets, wanted), expected, "{first} {end} {wanted}");
            }
        }
    }

    #[test]
    fn a_leaf_knows_exactly_what_shows_in_it() {
        let interner = Arc::new(Interner::new(Arc::new(Sets::new())));
        let mut resolver = Resolver::new(&interner, ListIndex::at(0));
        let mut index = Ordered::new();
        let spans = (0..64usize).map(|at| {
            let decision = if at == 3 { listed(&[CODES[0]]) } else { Decision::Excluded };
            Span { first: key(16 * at), end: Some(key(16 * at + 8)), decision, labels: 0 }
        });
        let mut front = Front::new(spans, ValueId::NOTHING, &mut resolver);
        index.apply(&mut front, (&Octets::new(), None), &mut resolver);
        assert_eq!(index.branches[0].below, 1);
        let mut front = Front::new(std::iter::empty(), ValueId::NOTHING, &mut resolver);
        index.apply(&mut front, (&key(0), Some(&key(64 * 16))), &mut resolver);
        assert_eq!((index.branches.len(), index.branches[0].below), (1, 0));
    }
}
