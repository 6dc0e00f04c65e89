//! The hosts of one /16 that is not uniform, as one string of octets.
//!
//! ```text
//! form  classes-1  runs:2  loose:2  leaves:2       header, little-endian
//! classes   a set number of 2 octets each: the sets in use here; below, a set is its place among them, one octet
//! numbers   of the /24s that have a leaf (32 and more: a bitmap), then where each leaf begins, in pairs of octets
//! runs      /24s from which on a class holds, and the classes: the ground, for /24s without a leaf
//! loose     single hosts of /24s with few of them: 2 octets each, then their classes (one, if all have the same)
//! leaves
//! ```
//! What a look-up reads first stands together, in the first cache line. A leaf is the shortest of: hosts of one class, hosts with classes, a bitmap, runs, a class for every octet. A /16
//! with more than 256 sets, or numbers beyond 2 octets, is *wide*: runs with their set numbers.
//!
//! Guarantees: reads what [`super::encode`] writes, without allocating; a class in the table has a host.
//! Never: changes.

use super::sets::{SetId, Sets};

/// Host `start` (the low 16 bits) and those after it carry `set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub start: u16,
    pub set: SetId,
}

/// Form: classes for every loose host.
pub(super) const LOOSE_MIXED: u8 = 0;
/// Form: one class for all loose hosts.
pub(super) const LOOSE_ALIKE: u8 = 1;
/// Form: runs with set numbers.
pub(super) const WIDE: u8 = 2;
/// Octets of the header.
pub(super) const HEADER: usize = 8;
/// From so many leaves on, a bitmap says which they are.
pub(super) const BITMAP_FROM: usize = 32;

/// So many loose hosts stand in two cache lines or three.
const HALVED_AT_MOST: usize = 64;

/// Leaf: class of the rest, class, number, hosts.
pub(super) const HOSTS: u8 = 0;
/// Leaf: class of the rest, number, hosts, a class each.
pub(super) const HOSTS_MIXED: u8 = 1;
/// Leaf: class of the rest, class, 32 octets.
pub(super) const BITS: u8 = 2;
/// Leaf: number - 1, beginnings, a class each.
pub(super) const RUNS: u8 = 3;
/// Leaf: 256 classes.
pub(super) const FULL: u8 = 4;

/// The parts of a chunk that is not wide.
struct Layout<'a> {
    classes: &'a [[u8; 2]],
    run_starts: &'a [u8],
    run_classes: &'a [u8],
    loose: &'a [[u8; 2]],
    loose_classes: &'a [u8],
    leaf_numbers: &'a [u8],
    leaf_offsets: &'a [[u8; 2]],
    leaves: &'a [u8],
}

fn pairs(octets: &[u8]) -> &[[u8; 2]] {
    octets.as_chunks().0
}

const fn number(pair: [u8; 2]) -> u16 {
    u16::from_le_bytes(pair)
}

impl<'a> Layout<'a> {
    fn of(chunk: &'a [u8]) -> Self {
        let (header, rest) = chunk.split_at(HEADER);
        let count = |at: usize| usize::from(number([header[at], header[at + 1]]));
        let (runs, loose, leaves) = (count(2), count(4), count(6));
        let (classes, rest) = rest.split_at(2 * (usize::from(header[1]) + 1));
        let (leaf_numbers, rest) = rest.split_at(if leaves < BITMAP_FROM { leaves } else { 32 });
        let (leaf_offsets, rest) = rest.split_at(2 * leaves);
        let (run_starts, rest) = rest.split_at(runs);
        let (run_classes, rest) = rest.split_at(runs);
        let (loose_hosts, rest) = rest.split_at(2 * loose);
        let (loose_classes, leaves) = rest.split_at(if header[0] == LOOSE_ALIKE { loose.min(1) } else { loose });
        let (classes, loose, leaf_offsets) = (pairs(classes), pairs(loose_hosts), pairs(leaf_offsets));
        Self { classes, run_starts, run_classes, loose, loose_classes, leaf_numbers, leaf_offsets, leaves }
    }

    fn set(&self, class: u8) -> SetId {
        SetId(u32::from(number(self.classes[usize::from(class)])))
    }

    fn leaf(&self, block: u8) -> Option<&'a [u8]> {
        let place = if self.leaf_offsets.len() < BITMAP_FROM {
            self.leaf_numbers.binary_search(&block).ok()?
        } else {
            let word = |at: usize| {
                let octets = self.leaf_numbers[8 * at..].first_chunk().expect("a bitmap has 32 octets");
                u64::from_le_bytes(*octets)
            };
            let (at, bit) = (usize::from(block / 64), block % 64);
            if word(at) >> bit & 1 == 0 {
                return None;
            }
            let before = (0..at).map(|at| word(at).count_ones()).sum::<u32>();
            (before + (word(at) & ((1 << bit) - 1)).count_ones()) as usize
        };
        Some(self.leaf_at(place))
    }

    fn leaf_at(&self, place: usize) -> &'a [u8] {
        &self.leaves[2 * usize::from(number(self.leaf_offsets[place]))..]
    }

    /// The /24s that have a leaf, ascending.
    fn leaf_blocks(&self) -> impl Iterator<Item = u8> {
        let numbers = self.leaf_numbers;
        let (listed, mapped) =
            if self.leaf_offsets.len() < BITMAP_FROM { (numbers, &[][..]) } else { (&[][..], numbers) };
        let set =
            move |block: &u8| mapped.get(usize::from(block / 8)).is_some_and(|octet| octet >> (block % 8) & 1 != 0);
        listed.iter().copied().chain((0..=255).filter(set))
    }

    /// The class of the hosts of a /24 without a leaf that are not loose.
    fn ground(&self, block: u8) -> u8 {
        if let [class] = self.run_classes {
            return *class;
        }
        self.run_classes[self.run_starts.partition_point(|&start| start <= block) - 1]
    }

    fn loose_class(&self, place: usize) -> u8 {
        self.loose_classes[if self.loose_classes.len() == 1 { 0 } else { place }]
    }

    /// The place of the first loose host not below `host`. Few are halved, which takes no branch. Many are spread about
    /// evenly, so the search begins where `host` would then stand and widens its steps: one or two cache lines instead of
    /// one for each halving.
    fn loose_from(&self, host: u16) -> usize {
        let hosts = self.loose;
        if hosts.len() <= HALVED_AT_MOST {
            return hosts.partition_point(|&at| number(at) < host);
        }
        let guess = self.guess(host);
        let mut step = 4;
        let (mut low, mut high) = (0, hosts.len());
        if hosts.get(guess).is_some_and(|&at| number(at) < host) {
            low = guess + 1;
            while low + step < high {
                if number(hosts[low + step]) >= host {
                    high = low + step;
                    break;
                }
                low += step + 1;
                step *= 2;
            }
        } else {
            high = guess.min(high);
            while low + step < high {
                if number(hosts[high - step]) < host {
                    low = high - step + 1;
                    break;
                }
                high -= step;
                step *= 2;
            }
        }
        low + hosts[low..high].partition_point(|&at| number(at) < host)
    }

    /// Where `host` would stand among loose hosts that are spread evenly.
    fn guess(&self, host: u16) -> usize {
        (self.loose.len() * usize::from(host)) >> 16
    }

    fn loose_at(&self, host: u16) -> Option<usize> {
        let place = self.loose_from(host);
        self.loose.get(place).is_some_and(|&at| number(at) == host).then_some(place)
    }

    /// The places of the loose hosts in `first..=last`.
    fn loose_in(&self, first: u16, last: u16) -> std::ops::Range<usize> {
        let from = self.loose_from(first);
        from..from + self.loose[from..].iter().take_while(|&&host| number(host) <= last).count()
    }
}

/// The set that a host carries.
pub(super) fn get(chunk: &[u8], host: u16) -> SetId {
    if chunk[0] == WIDE {
        let (starts, sets) = wide(chunk);
        return set_at(sets, starts.partition_point(|&start| number(start) <= host) - 1);
    }
    let layout = Layout::of(chunk);
    let [block, octet] = host.to_be_bytes();
    let class = if let Some(leaf) = layout.leaf(block) {
        leaf_class(leaf, octet)
    } else if let Some(place) = layout.loose_at(host) {
        layout.loose_class(place)
    } else {
        layout.ground(block)
    };
    layout.set(class)
}

/// Reads the place behind the header where [`get`] will look first; what it returns means nothing.
pub(super) fn touch(chunk: &[u8], host: u16) -> u8 {
    if chunk[0] == WIDE {
        return 0;
    }
    let layout = Layout::of(chunk);
    match layout.leaf(host.to_be_bytes()[0]) {
        Some(leaf) => leaf[0],
        None => layout.loose.get(layout.guess(host)).map_or(0, |host| host[0]),
    }
}

fn wide(chunk: &[u8]) -> (&[[u8; 2]], &[[u8; 4]]) {
    let (header, rest) = chunk.split_at(HEADER);
    let runs = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
    let (starts, sets) = rest.split_at(2 * runs);
    (pairs(starts), sets.as_chunks().0)
}

fn set_at(sets: &[[u8; 4]], place: usize) -> SetId {
    SetId(u32::from_le_bytes(sets[place]))
}

fn leaf_class(leaf: &[u8], octet: u8) -> u8 {
    match leaf[0] {
        HOSTS => {
            let hosts = &leaf[4..4 + usize::from(leaf[3])];
            leaf[1 + usize::from(hosts.binary_search(&octet).is_ok())]
        }
        HOSTS_MIXED => {
            let (hosts, classes) = leaf[3..].split_at(usize::from(leaf[2]));
            hosts.binary_search(&octet).map_or(leaf[1], |place| classes[place])
        }
        BITS => leaf[1 + usize::from(leaf[3 + usize::from(octet / 8)] >> (octet % 8) & 1)],
        RUNS => {
            let (starts, classes) = leaf[2..].split_at(usize::from(leaf[1]) + 1);
            classes[starts.partition_point(|&start| start <= octet) - 1]
        }
        _ => leaf[1 + usize::from(octet)],
    }
}

/// Calls `each` with first octet, last octet and class of the runs of a leaf, ascending, until it says `true`. Runs that
/// follow each other may be of the same class.
fn leaf_runs(leaf: &[u8], mut each: impl FnMut(u8, u8, u8) -> bool) -> bool {
    let mut scattered = |ground: u8, hosts: &mut dyn Iterator<Item = (u8, u8)>| {
        let mut from = 0u16;
        for (host, class) in hosts {
            let at = u16::from(host);
            if (from < at && each(from as u8, host - 1, ground)) || each(host, host, class) {
                return true;
            }
            from = at + 1;
        }
        from < 256 && each(from as u8, 255, ground)
    };
    match leaf[0] {
        HOSTS => scattered(leaf[1], &mut leaf[4..4 + usize::from(leaf[3])].iter().map(|&host| (host, leaf[2]))),
        HOSTS_MIXED => {
            let (hosts, classes) = leaf[3..].split_at(usize::from(leaf[2]));
            scattered(leaf[1], &mut hosts.iter().copied().zip(classes.iter().copied()))
        }
        BITS => {
            let set = (0..=255u8).filter(|&octet| leaf[3 + usize::from(octet / 8)] >> (octet % 8) & 1 != 0);
            scattered(leaf[1], &mut set.map(|host| (host, leaf[2])))
        }
        RUNS => {
            let (starts, classes) = leaf[2..].split_at(usize::from(leaf[1]) + 1);
            let lasts = starts[1..].iter().map(|next| next - 1).chain([255]);
            starts.iter().zip(lasts).zip(classes).any(|((&first, last), &class)| each(first, last, class))
        }
        _ => (0..=255u8).any(|octet| each(octet, octet, leaf[1 + usize::from(octet)])),
    }
}

/// Whether a host in `first..=last` shows one of the `wanted` lists.
pub(super) fn any(chunk: &[u8], first: u16, last: u16, sets: &Sets, wanted: u64) -> bool {
    let shows = |set| sets.mask(set) & wanted != 0;
    if chunk[0] == WIDE {
        let (starts, numbers) = wide(chunk);
        let from = starts.partition_point(|&start| number(start) <= first) - 1;
        return (from..starts.len())
            .take_while(|&place| place == from || number(starts[place]) <= last)
            .any(|place| shows(set_at(numbers, place)));
    }
    let layout = Layout::of(chunk);
    (first >> 8..=last >> 8).any(|block| {
        let (low, high) = (first.max(block << 8), last.min(block << 8 | 255));
        if let Some(leaf) = layout.leaf(block as u8) {
            let (low, high) = (low as u8, high as u8);
            return leaf_runs(leaf, |from, to, class| from <= high && to >= low && shows(layout.set(class)));
        }
        let loose = layout.loose_in(low, high);
        (loose.len() <= usize::from(high - low) && shows(layout.set(layout.ground(block as u8))))
            || loose.into_iter().any(|place| shows(layout.set(layout.loose_class(place))))
    })
}

/// Appends a run, joined to the one before where they carry the same; a second run at the same start replaces the first.
pub(super) fn push(runs: &mut Vec<Run>, start: u16, set: SetId) {
    if let Some(last) = runs.last_mut()
        && last.start == start
    {
        last.set = set;
        if let [.., before, last] = runs[..]
            && before.set == last.set
        {
            runs.pop();
        }
    } else if runs.last().is_none_or(|last| last.set != set) {
        runs.push(Run { start, set });
    }
}

/// Writes all runs to `runs`, which is emptied first.
pub(super) fn decode(chunk: &[u8], runs: &mut Vec<Run>) {
    runs.clear();
    if chunk[0] == WIDE {
        let (starts, sets) = wide(chunk);
        runs.extend((0..starts.len()).map(|at| Run { start: number(starts[at]), set: set_at(sets, at) }));
        return;
    }
    let layout = Layout::of(chunk);
    let mut leaves = layout.leaf_blocks().zip(0..).peekable();
    let (mut ground, mut loose) = (0, 0);
    let mut block = 0;
    while block < 256 {
        let base = block << 8;
        if let Some((_, place)) = leaves.next_if(|(leaf, _)| u16::from(*leaf) == block) {
            leaf_runs(layout.leaf_at(place), |first, _, class| {
                push(runs, base | u16::from(first), layout.set(class));
                false
            });
            block += 1;
            continue;
        }
        while layout.run_starts.get(ground + 1).is_some_and(|start| u16::from(*start) <= block) {
            ground += 1;
        }
        let set = layout.set(layout.run_classes[ground]);
        push(runs, base, set);
        while let Some(&host) = layout.loose.get(loose)
            && number(host) >> 8 == block
        {
            push(runs, number(host), layout.set(layout.loose_class(loose)));
            // Behind it the ground goes on, in the next /24 too, which nothing else may begin.
            if number(host) < u16::MAX {
                push(runs, number(host) + 1, set);
            }
            loose += 1;
        }
        // The /24s up to the next that holds something of its own are all ground.
        let next_leaf = leaves.peek().map_or(256, |(leaf, _)| u16::from(*leaf));
        let next_loose = layout.loose.get(loose).map_or(256, |host| number(*host) >> 8);
        let next_run = layout.run_starts.get(ground + 1).map_or(256, |start| u16::from(*start));
        block = next_leaf.min(next_loose).min(next_run).max(block + 1);
    }
}

/// The sets of a chunk, each at least once.
pub(super) fn sets(chunk: &[u8]) -> impl Iterator<Item = SetId> {
    let (narrow, numbers) = if chunk[0] == WIDE {
        (&[][..], wide(chunk).1)
    } else {
        (&chunk[HEADER..HEADER + 2 * (usize::from(chunk[1]) + 1)], &[][..])
    };
    pairs(narrow)
        .iter()
        .map(|&pair| SetId(u32::from(number(pair))))
        .chain(numbers.iter().map(|&octets| SetId(u32::from_le_bytes(octets))))
}

/// The same hosts with other sets, which stay as different as they were; `None` where that needs another form.
pub(super) fn with_sets(chunk: &[u8], mut other: impl FnMut(SetId) -> SetId) -> Option<Vec<u8>> {
    if chunk[0] == WIDE {
        return None;
    }
    let mut copy = chunk.to_vec();
    for (place, set) in sets(chunk).enumerate() {
        let octets = u16::try_from(other(set).0).ok()?.to_le_bytes();
        copy[HEADER + 2 * place..][..2].copy_from_slice(&octets);
    }
    Some(copy)
}
