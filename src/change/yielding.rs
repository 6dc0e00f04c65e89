//! The exclusions that newer evidence ends, held against the lines of an import.
//!
//! Guarantees: the same rule as for a POST, without a look into the store for each line.
//! Never: holds other exclusions than those of `removal` and `retest`.

use super::{
    plan::{Evidence, Holding, Way},
    state::{Lengths, ListState},
};
use crate::{
    list::{Entry, Key, Mark},
    store::{ReadError, Side, Source, SourceId, Step, View},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// The exclusions of `removal` and `retest` in memory: millions of lines are held against them.
pub(super) struct Yielding {
    exclusions: HashMap<Key, Vec<(Arc<Source>, Entry)>>,
    lengths: Lengths,
    ended: HashSet<(Key, SourceId)>,
}

impl Yielding {
    pub fn load(view: &View<'_>, list: &ListState, by: &Source) -> Result<Self, ReadError> {
        let lengths = Lengths::all();
        lengths.forget();
        let mut exclusions = HashMap::<Key, Vec<_>>::new();
        let sources = view.catalog().sources(list.id);
        for source in sources.filter(|source| list.settings.yields_to_evidence(&source.name) && source.name != by.name)
        {
            for row in view.owned(source.owner()) {
                let (key, entry) = row?;
                if entry.mark == Mark::Excluded {
                    lengths.note(&key);
                    exclusions.entry(key).or_default().push((source.clone(), entry));
                }
            }
        }
        Ok(Self { exclusions, lengths, ended: HashSet::new() })
    }

    pub fn is_empty(&self) -> bool {
        self.exclusions.is_empty()
    }

    pub fn weigh(&mut self, key: &Key, after: &Side<'_>, step: &Step<'_>) {
        if self.exclusions.is_empty() || after.entry.mark != Mark::Listed {
            return;
        }
        let evidence = Evidence::of(step.seen, step.before.map(|before| before.entry), Way::Import);
        for at in std::iter::once(key.clone()).chain(self.lengths.wider(key)) {
            for (source, exclusion) in self.exclusions.get(&at).into_iter().flatten() {
                if evidence.ends(exclusion.last_seen) {
                    self.ended.insert((at.clone(), source.id));
                }
            }
        }
    }

    pub fn into_found(self, view: &View<'_>) -> Result<Vec<(Arc<Source>, Key, Holding)>, ReadError> {
        let mut found = Vec::new();
        for (key, id) in self.ended {
            let (source, entry) = self.exclusions[&key]
                .iter()
                .find(|(source, _)| source.id == id)
                .cloned()
                .expect("only exclusions that were loaded end");
            let detail = view.detail(source.owner(), &key)?;
            found.push((source, key, Holding { entry, detail }));
        }
        Ok(found)
    }
}
