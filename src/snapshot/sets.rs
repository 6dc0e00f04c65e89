//! Sets of tags: what an address, a name or a hash carries, over all lists, interned under small numbers.
//!
//! Guarantees: equal sets have equal numbers; number 0 is the empty set; a set with a tag of `never` shows no list.
//! Never: knows which keys carry a set.

use super::ListIndex;
use crate::list::{Decision, Tag};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::{Arc, Mutex, PoisonError};

/// The number of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SetId(pub u32);

/// One tag of one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SetTag {
    pub list: ListIndex,
    /// How many labels from the right of an asked name are the name that decided; 0 for addresses and hashes.
    pub labels: u8,
    pub tag: Tag,
}

/// What the tags of one list say where they apply. Number 0: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ValueId(u32);

/// All sets of a snapshot, by number.
#[derive(Clone, Debug)]
pub(super) struct Sets {
    tags: Vec<Arc<[SetTag]>>,
    masks: Vec<u64>,
    ids: FxHashMap<Arc<[SetTag]>, SetId>,
    free: Vec<SetId>,
    /// How many sets were in use when last counted.
    counted: usize,
}

/// Sets beyond this number, and twice those in use when last counted, are worth a search for unused ones.
const SPARE_SETS: usize = 4_096;

impl Sets {
    pub fn new() -> Self {
        let empty: Arc<[SetTag]> = Arc::default();
        let ids = FxHashMap::from_iter([(Arc::clone(&empty), SetId(0))]);
        Self { tags: vec![empty], masks: vec![0], ids, free: Vec::new(), counted: 0 }
    }

    pub fn tags(&self, set: SetId) -> &[SetTag] {
        &self.tags[set.0 as usize]
    }

    /// The lists that show, after `never`.
    pub fn mask(&self, set: SetId) -> u64 {
        self.masks[set.0 as usize]
    }

    pub fn intern(&mut self, tags: &[SetTag]) -> SetId {
        if let Some(&id) = self.ids.get(tags) {
            return id;
        }
        let tags: Arc<[SetTag]> = tags.into();
        let hidden = tags.iter().any(|tag| tag.list == ListIndex::NEVER);
        let mask = if hidden { 0 } else { tags.iter().fold(0, |bits, tag| bits | tag.list.bit()) };
        let id = if let Some(id) = self.free.pop() {
            (self.tags[id.0 as usize], self.masks[id.0 as usize]) = (Arc::clone(&tags), mask);
            id
        } else {
            self.tags.push(Arc::clone(&tags));
            self.masks.push(mask);
            SetId(self.tags.len() as u32 - 1)
        };
        self.ids.insert(tags, id);
        id
    }

    /// How many numbers are given out.
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    pub fn wants_sweep(&self) -> bool {
        self.tags.len() - self.free.len() > SPARE_SETS + 2 * self.counted
    }

    /// Frees the numbers of all sets but 0 that are not in `used`.
    pub fn sweep(&mut self, used: &[bool]) {
        self.free.clear();
        for (place, used) in used.iter().enumerate().skip(1) {
            if !used {
                self.ids.remove(&self.tags[place]);
                (self.tags[place], self.masks[place]) = (Arc::default(), 0);
                self.free.push(SetId(place as u32));
            }
        }
        self.counted = self.tags.len() - self.free.len();
    }

    /// Heap octets, roughly.
    pub fn octets(&self) -> usize {
        self.tags.iter().map(|tags| 88 + size_of_val(&**tags)).sum()
    }
}

/// The table of sets while an edit or a build adds to it. Shared by the threads of a build.
#[derive(Debug)]
pub(super) struct Interner(Mutex<Arc<Sets>>);

impl Interner {
    pub fn new(sets: Arc<Sets>) -> Self {
        Self(Mutex::new(sets))
    }

    /// The table as it is now.
    pub fn sets(&self) -> Arc<Sets> {
        self.with(|sets| Arc::clone(sets))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Arc<Sets>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Resolves one list: replaces its tags in sets. Remembers what it has replaced, so that the table is rarely asked.
#[derive(Debug)]
pub(super) struct Resolver {
    interner: Arc<Interner>,
    list: ListIndex,
    values: Vec<SmallVec<[SetTag; 1]>>,
    value_ids: FxHashMap<SmallVec<[SetTag; 1]>, ValueId>,
    last_value: Option<(Decision, u8, ValueId)>,
    replaced: FxHashMap<(SetId, ValueId), SetId>,
    last_replaced: [((SetId, ValueId), SetId); 2],
    known: Vec<Option<Known>>,
    /// The lists whose answers changed somewhere.
    pub changed: u64,
    /// By how many IPv4 addresses the list has grown.
    pub grown: i64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    mask: u64,
    holds: bool,
}

impl Resolver {
    pub fn new(interner: &Arc<Interner>, list: ListIndex) -> Self {
        let nothing = (SetId(0), ValueId(0));
        Self {
            interner: Arc::clone(interner),
            list,
            values: vec![SmallVec::new()],
            value_ids: FxHashMap::default(),
            last_value: None,
            replaced: FxHashMap::default(),
            last_replaced: [(nothing, SetId(0)); 2],
            known: Vec::new(),
            changed: 0,
            grown: 0,
        }
    }

    /// The value of a decision made by a name of `labels` labels (0: by an address or a hash).
    pub fn value(&mut self, decision: &Decision, labels: u8) -> ValueId {
        let Decision::Listed(tags) = decision else { return ValueId(0) };
        if let Some((last, last_labels, id)) = &self.last_value
            && last == decision
            && *last_labels == labels
        {
            return *id;
        }
        let list = self.list;
        let value: SmallVec<[SetTag; 1]> = tags.iter().map(|&tag| SetTag { list, labels, tag }).collect();
        let id = if let Some(&id) = self.value_ids.get(&value) {
            id
        } else {
            let id = ValueId(self.values.len() as u32);
            self.values.push(value.clone());
            self.value_ids.insert(value, id);
            id
        };
        self.last_value = Some((decision.clone(), labels, id));
        id
    }

    /// `old` with the list's tags replaced by `value`.
    pub fn replace(&mut self, old: SetId, value: ValueId) -> SetId {
        let [(first, new), (second, other)] = self.last_replaced;
        if first == (old, value) {
            return new;
        }
        if second == (old, value) {
            self.last_replaced.swap(0, 1);
            return other;
        }
        let new = match self.replaced.get(&(old, value)) {
            Some(&new) => new,
            None => self.replace_anew(old, value),
        };
        self.last_replaced = [((old, value), new), self.last_replaced[0]];
        new
    }

    fn replace_anew(&mut self, old: SetId, value: ValueId) -> SetId {
        let own = &self.values[value.0 as usize];
        let list = self.list;
        let (new, old_mask, new_mask) = self.interner.with(|sets| {
            let before = sets.tags(old);
            let end = before.partition_point(|tag| tag.list < list);
            let resume = before.partition_point(|tag| tag.list <= list);
            let after: SmallVec<[SetTag; 4]> =
                before[..end].iter().chain(own).chain(&before[resume..]).copied().collect();
            let known = sets.ids.get(&*after).copied();
            let new = known.unwrap_or_else(|| Arc::make_mut(sets).intern(&after));
            (new, sets.mask(old), sets.mask(new))
        });
        self.replaced.insert((old, value), new);
        if old != new {
            self.changed |= (old_mask ^ new_mask) | (self.list.bit() & (old_mask | new_mask));
        }
        new
    }

    fn known(&mut self, set: SetId) -> Known {
        let place = set.0 as usize;
        if let Some(Some(known)) = self.known.get(place) {
            return *known;
        }
        let list = self.list;
        let known = self
            .interner
            .with(|sets| Known { mask: sets.mask(set), holds: sets.tags(set).iter().any(|tag| tag.list == list) });
        if self.known.len() <= place {
            self.known.resize(place + 1, None);
        }
        self.known[place] = Some(known);
        known
    }

    /// The list that is resolved.
    pub const fn list(&self) -> ListIndex {
        self.list
    }

    /// The lists that `set` shows.
    pub fn mask(&mut self, set: SetId) -> u64 {
        self.known(set).mask
    }

    /// Whether `set` has a tag of the list, shown or not.
    pub fn holds(&mut self, set: SetId) -> bool {
        self.known(set).holds
    }
}

impl ValueId {
    /// What a list says that has nothing here.
    pub const NOTHING: Self = Self(0);

    pub const fn is_nothing(self) -> bool {
        self.0 == 0
    }
}
