//! The index of IPv4: a tree of /8s and /16s; a /16 that is not uniform is a [`chunk`](super::chunk).
//!
//! Guarantees: a look-up reads at most two nodes and one chunk. Each node holds, for every slot, the lists that show
//! somewhere in it, exactly: after the rule of match and `never`. Clones share all nodes.
//! Never: allocates when it answers.

use super::{
    chunk,
    sets::{SetId, Sets},
};
use std::sync::Arc;

/// The whole of IPv4.
#[derive(Clone, Debug)]
pub(super) struct V4 {
    below: [u64; 256],
    slots: [Slash8; 256],
}

/// A slot of the tree.
#[derive(Clone, Debug)]
pub(super) enum Slash8 {
    Uniform(SetId),
    Page(Arc<Page>),
}

/// A /8 that is not uniform.
#[derive(Clone, Debug)]
pub(super) struct Page {
    below: [u64; 256],
    slots: [Slash16; 256],
}

/// A slot of a page.
#[derive(Clone, Debug)]
pub(super) enum Slash16 {
    Uniform(SetId),
    Chunk(Arc<[u8]>),
}

impl V4 {
    /// Nothing listed.
    pub fn new() -> Self {
        Self { below: [0; 256], slots: [const { Slash8::Uniform(SetId(0)) }; 256] }
    }

    /// The set that an address carries.
    pub fn get(&self, address: u32) -> SetId {
        match &self.slots[(address >> 24) as usize] {
            Slash8::Uniform(set) => *set,
            Slash8::Page(page) => match &page.slots[(address >> 16) as usize & 255] {
                Slash16::Uniform(set) => *set,
                Slash16::Chunk(chunk) => chunk::get(chunk, address as u16),
            },
        }
    }

    /// Reads what looking up these prefixes (with their lengths in bits) will read, in three rounds: within a round no read
    /// waits for another, so the processor asks memory for many at once. Returns something that depends on all of it.
    pub fn touch(&self, prefixes: &[(u32, u32)]) -> usize {
        let page = |&(prefix, bits): &(u32, u32)| match &self.slots[(prefix >> 24) as usize] {
            Slash8::Page(page) if bits >= 16 => Some((page, (prefix >> 16) as usize & 255, prefix as u16, bits)),
            _ => None,
        };
        let pages = || prefixes.iter().filter_map(page);
        let chunks = || {
            pages().filter_map(|(page, slot, host, bits)| match &page.slots[slot] {
                Slash16::Chunk(chunk) if bits >= 24 => Some((chunk, host)),
                _ => None,
            })
        };
        let below = pages().filter(|(.., bits)| *bits < 32).fold(0, |sum, (page, slot, ..)| sum ^ page.below[slot]);
        let slots = chunks().fold(below as usize, |sum, (chunk, _)| sum ^ chunk.len());
        let headers = chunks().fold(slots, |sum, (chunk, _)| sum ^ usize::from(chunk[0]));
        chunks().fold(headers, |sum, (chunk, host)| sum ^ usize::from(chunk::touch(chunk, host)))
    }

    /// Whether an address in `first..=last` shows one of the `wanted` lists.
    pub fn any(&self, first: u32, last: u32, sets: &Sets, wanted: u64) -> bool {
        slots(first, last, 24).any(|(slot, low, high)| {
            self.below[slot] & wanted != 0
                && match &self.slots[slot] {
                    Slash8::Uniform(_) => true,
                    Slash8::Page(_) if (low, high) == (0, 0xff_ffff) => true,
                    Slash8::Page(page) => page.any(low, high, sets, wanted),
                }
        })
    }

    /// A /8.
    pub fn slash8(&self, slot: usize) -> &Slash8 {
        &self.slots[slot]
    }

    /// A /16. A clone shares its hosts.
    pub fn slash16(&self, page: usize, slot: usize) -> Slash16 {
        match &self.slots[page] {
            Slash8::Uniform(set) => Slash16::Uniform(*set),
            Slash8::Page(page) => page.slots[slot].clone(),
        }
    }

    /// Puts a /8 in its place. `below`: the lists that show in it.
    pub fn set_slash8(&mut self, slot: usize, node: Slash8, below: u64) {
        (self.slots[slot], self.below[slot]) = (node, below);
    }

    /// Puts a /16 in its place. `below`: the lists that show in it.
    pub fn set_slash16(&mut self, page: usize, slot: usize, node: Slash16, below: u64) {
        if let Slash8::Uniform(set) = self.slots[page] {
            self.slots[page] = Slash8::Page(Arc::new(Page::uniform(set, self.below[page])));
        }
        if let Slash8::Page(whole) = &mut self.slots[page] {
            let whole = Arc::make_mut(whole);
            whole.set(slot, node, below);
            self.below[page] = whole.below.iter().fold(0, |bits, below| bits | below);
            if let Some(set) = whole.uniform_set() {
                self.slots[page] = Slash8::Uniform(set);
            }
        }
    }

    /// Heap octets.
    pub fn octets(&self) -> usize {
        let pages = self.slots.iter().filter_map(|slot| if let Slash8::Page(page) = slot { Some(page) } else { None });
        size_of::<Self>() + pages.map(|page| page.octets()).sum::<usize>()
    }

    /// Marks the sets in use.
    pub fn mark(&self, used: &mut [bool]) {
        for slot in &self.slots {
            match slot {
                Slash8::Uniform(set) => used[set.0 as usize] = true,
                Slash8::Page(page) => {
                    for slot in &page.slots {
                        match slot {
                            Slash16::Uniform(set) => used[set.0 as usize] = true,
                            Slash16::Chunk(chunk) => chunk::sets(chunk).for_each(|set| used[set.0 as usize] = true),
                        }
                    }
                }
            }
        }
    }
}

/// The slots of a node whose slots have `bits` bits each that `first..=last` reaches, with the part of each inside.
pub(super) fn slots(first: u32, last: u32, bits: u32) -> impl Iterator<Item = (usize, u32, u32)> {
    let mask = (1 << bits) - 1;
    (first >> bits..=last >> bits).map(move |slot| {
        let low = if slot == first >> bits { first & mask } else { 0 };
        let high = if slot == last >> bits { last & mask } else { mask };
        (slot as usize, low, high)
    })
}

impl Page {
    /// All alike. `below`: the lists that the set shows.
    pub fn uniform(set: SetId, below: u64) -> Self {
        Self { below: [below; 256], slots: std::array::from_fn(|_| Slash16::Uniform(set)) }
    }

    /// Puts a /16 in its place. `below`: the lists that show in it.
    pub fn set(&mut self, slot: usize, node: Slash16, below: u64) {
        (self.slots[slot], self.below[slot]) = (node, below);
    }

    /// The set that all its hosts carry, if they do.
    fn uniform_set(&self) -> Option<SetId> {
        let Slash16::Uniform(set) = self.slots[0] else { return None };
        self.slots.iter().all(|slot| matches!(slot, Slash16::Uniform(other) if *other == set)).then_some(set)
    }

    /// As a slot of the tree, with the lists that show in it.
    pub fn into_slot(self) -> (Slash8, u64) {
        let below = self.below.iter().fold(0, |bits, below| bits | below);
        match self.uniform_set() {
            Some(set) => (Slash8::Uniform(set), below),
            None => (Slash8::Page(Arc::new(self)), below),
        }
    }

    fn any(&self, first: u32, last: u32, sets: &Sets, wanted: u64) -> bool {
        slots(first, last, 16).any(|(slot, low, high)| {
            self.below[slot] & wanted != 0
                && match &self.slots[slot] {
                    Slash16::Uniform(_) => true,
                    Slash16::Chunk(_) if (low, high) == (0, 0xffff) => true,
                    Slash16::Chunk(chunk) => chunk::any(chunk, low as u16, high as u16, sets, wanted),
                }
        })
    }

    fn octets(&self) -> usize {
        // An allocation has two counters and, in common allocators, a head of 8 octets and a grain of 16.
        let chunk =
            |slot: &Slash16| if let Slash16::Chunk(chunk) = slot { (chunk.len() + 16 + 8 + 15) & !15 } else { 0 };
        size_of::<Self>() + 24 + self.slots.iter().map(chunk).sum::<usize>()
    }
}
