//! Lists and sources, as they are held in memory: which generation of each source is in force.
//!
//! Guarantees: a [`Catalog`] is as the rows of `meta` and `source` were at one moment, and never changes; readers keep the
//! one they began with.
//! Never: holds entries.

use super::schema::{Generation, ListId, Owner, SourceId};
use crate::list::{ListName, Serial, SourceName, Time};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// What is known of a source as a whole. Kept as JSON, so that a later version may add to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceRow {
    /// The generation in force.
    pub generation: Generation,
    /// When its last body was found whole: what it holds was seen then.
    pub complete_at: Option<Time>,
    /// The commit that last changed or confirmed it.
    pub serial: Serial,
    /// Keys that it holds.
    pub keys: u64,
    /// Addresses that its keys cover one by one: `Prefix::size` added up.
    pub covered: u64,
    /// What it held when its day began: the measure of the guards.
    pub day: Option<Day>,
    /// SHA-256 of its last body, in hex.
    pub sha256: Option<Box<str>>,
}

/// What a source held when its day began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Day {
    /// When it began.
    pub began: Time,
    /// Keys held then.
    pub keys: u64,
    /// How many of them are still held.
    pub kept: u64,
    /// What they covered.
    pub covered: u64,
}

/// One source of one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its list.
    pub list: ListId,
    /// Its number.
    pub id: SourceId,
    /// Its name.
    pub name: SourceName,
    /// What is known of it.
    pub row: SourceRow,
}

impl Source {
    /// Whether a commit has named it. An import that broke off leaves a source that nothing was ever said of.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.row.serial > Serial(0)
    }

    /// Whose rows are in force.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner { list: self.list, source: self.id, generation: self.row.generation }
    }
}

/// The value of a row of `source`: its name and what is known.
#[derive(Serialize, Deserialize)]
pub(super) struct NamedRow {
    pub name: SourceName,
    #[serde(flatten)]
    pub row: SourceRow,
}

#[derive(Clone, Debug)]
struct Listed {
    name: ListName,
    next_source: u16,
    /// By their number.
    sources: Vec<Option<Arc<Source>>>,
}

/// All lists and sources.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    lists: BTreeMap<ListId, Arc<Listed>>,
    names: BTreeMap<ListName, ListId>,
}

impl Catalog {
    /// The number of a list.
    #[must_use]
    pub fn list_id(&self, name: &ListName) -> Option<ListId> {
        self.names.get(name).copied()
    }

    /// All lists, those that no configuration names any more among them.
    pub fn lists(&self) -> impl Iterator<Item = (&ListName, ListId)> {
        self.names.iter().map(|(name, id)| (name, *id))
    }

    /// The name of a list.
    #[must_use]
    pub fn list_name(&self, list: ListId) -> Option<&ListName> {
        self.lists.get(&list).map(|listed| &listed.name)
    }

    /// The sources of a list, by their number.
    pub fn sources(&self, list: ListId) -> impl Iterator<Item = &Arc<Source>> {
        self.by_number(list).iter().flatten()
    }

    /// A source by its number.
    #[must_use]
    pub fn source(&self, list: ListId, source: SourceId) -> Option<&Arc<Source>> {
        self.by_number(list).get(usize::from(source.0))?.as_ref()
    }

    /// A source by its name.
    #[must_use]
    pub fn source_named(&self, list: ListId, name: &SourceName) -> Option<&Arc<Source>> {
        self.sources(list).find(|source| source.name == *name)
    }

    /// The sources of a list, each at the place that its number says.
    pub(super) fn by_number(&self, list: ListId) -> &[Option<Arc<Source>>] {
        self.lists.get(&list).map_or(&[], |listed| &listed.sources)
    }

    /// The number that the list's next new source gets; none of an unknown list.
    #[must_use]
    pub fn next_source(&self, list: ListId) -> Option<u16> {
        self.lists.get(&list).map(|listed| listed.next_source)
    }

    pub(super) fn put_list(&mut self, name: &ListName, id: ListId, next_source: u16) {
        self.names.insert(name.clone(), id);
        let listed = self
            .lists
            .entry(id)
            .or_insert_with(|| Arc::new(Listed { name: name.clone(), next_source, sources: Vec::new() }));
        Arc::make_mut(listed).next_source = next_source;
    }

    pub(super) fn remove_list(&mut self, id: ListId) {
        if let Some(listed) = self.lists.remove(&id) {
            self.names.remove(&listed.name);
        }
    }

    pub(super) fn put_source(&mut self, source: Source) {
        let Some(listed) = self.lists.get_mut(&source.list) else { return };
        let listed = Arc::make_mut(listed);
        let at = usize::from(source.id.0);
        if listed.sources.len() <= at {
            listed.sources.resize(at + 1, None);
        }
        listed.sources[at] = Some(Arc::new(source));
    }

    pub(super) fn remove_source(&mut self, list: ListId, source: SourceId) {
        if let Some(listed) = self.lists.get_mut(&list)
            && let Some(place) = Arc::make_mut(listed).sources.get_mut(usize::from(source.0))
        {
            *place = None;
        }
    }
}
