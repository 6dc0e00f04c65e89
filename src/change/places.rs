//! Which imports run, and what others changed meanwhile.
//!
//! Guarantees: one import a source, at most [`IMPORTS_MAX`] in all and [`IMPORTS_PER_TOKEN`] of one token that is not an
//! admin's. An import learns of every change that the snapshot or the rows it looked at may lack.
//! Never: waits. Who finds no place is told to come again.

use super::{plan::Holding, request::Refused};
use crate::{
    limits::{IMPORTS_MAX, IMPORTS_PER_TOKEN, MEANWHILE_KEYS_MAX, RETRY_AFTER_IMPORT},
    list::{Key, ListName, Serial, SourceName},
    store::{Generation, ListId, SourceId, Store, View},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

/// The imports that run.
#[derive(Default)]
pub(super) struct Places {
    running: Mutex<Running>,
}

/// What the lock holds. The writer keeps it from the write of a batch until the note of it is taken, so that what an
/// import reads under the lock and what it is told later fit together.
#[derive(Default)]
pub(super) struct Running {
    imports: Vec<One>,
    next: u64,
}

struct One {
    number: u64,
    token: Box<str>,
    list: ListName,
    list_id: ListId,
    source: SourceName,
    /// Keys that a POST of the same source touched while the body came in, and whether the source held them after it. The
    /// comparison sees them; they are kept for the count of POSTs that give way.
    early: BTreeMap<Key, bool>,
    /// Its numbers in the store, as soon as its body is whole: from then on it is told what happens.
    owner: Option<(ListId, SourceId)>,
    /// Under which it writes its files.
    generation: Option<Generation>,
    meanwhile: Meanwhile,
}

/// What happened since the body was compared with what is held, or since the import asked last.
#[derive(Debug, Default)]
pub(super) struct Meanwhile {
    /// Keys of the import's own source that a POST, a removal or the passing of time touched.
    pub own: BTreeMap<Key, Own>,
    /// What else may answer differently.
    pub changed: Vec<(Serial, Changed)>,
    /// More of that than is kept: look at everything anew.
    pub overflown: bool,
    /// More keys of its own than are kept: it cannot come to its end.
    pub own_overflown: bool,
}

/// What happened to a key of the import's own source.
#[derive(Clone, Debug)]
pub(super) struct Own {
    /// Whether the source holds it by a POST now.
    pub posted: bool,
    /// What it held before the first of these changes.
    pub before: Option<Holding>,
}

/// A part of the answers.
#[derive(Clone, Debug)]
pub(super) enum Changed {
    /// This key of the list.
    Key(ListId, Key),
    /// The whole list, or what lists there are.
    Everything,
}

/// What the writer tells of one row.
pub(super) struct Touch<'a> {
    pub list: ListId,
    pub source: SourceId,
    pub source_name: &'a SourceName,
    pub key: &'a Key,
    /// What the source held there.
    pub before: &'a Option<Holding>,
    /// Whether the source holds the key by a POST now.
    pub posted: bool,
    /// Whether answers may differ.
    pub decides: bool,
}

/// Who asks for a place, and for which source.
pub(super) struct Asks<'a> {
    pub token: &'a str,
    pub admin: bool,
    pub list: &'a ListName,
    pub source: &'a SourceName,
}

impl Places {
    pub fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().expect("nothing panics while it holds this lock")
    }

    /// Takes a place, or says why there is none.
    pub fn enter(self: &Arc<Self>, asks: &Asks<'_>, list_id: ListId) -> Result<Place, Refused> {
        let mut running = self.lock();
        if running.imports.iter().any(|one| one.list == *asks.list && one.source == *asks.source) {
            return Err(Refused::SourceBusy);
        }
        let of_token = running.imports.iter().filter(|one| *one.token == *asks.token).count();
        let most = if asks.admin { IMPORTS_MAX } else { IMPORTS_PER_TOKEN };
        if running.imports.len() >= IMPORTS_MAX || of_token >= most {
            return Err(Refused::Busy { retry_after: RETRY_AFTER_IMPORT });
        }
        running.next += 1;
        let number = running.next;
        running.imports.push(One {
            number,
            token: asks.token.into(),
            list: asks.list.clone(),
            list_id,
            source: asks.source.clone(),
            early: BTreeMap::new(),
            owner: None,
            generation: None,
            meanwhile: Meanwhile::default(),
        });
        Ok(Place { places: self.clone(), number })
    }

    /// How many run.
    pub fn count(&self) -> usize {
        self.lock().imports.len()
    }
}

impl Running {
    /// Whether nobody has to be told anything.
    pub fn is_empty(&self) -> bool {
        self.imports.is_empty()
    }

    /// Tells the imports of one changed row.
    pub fn touch(&mut self, serial: Serial, touch: &Touch<'_>) {
        for one in &mut self.imports {
            let Some(owner) = one.owner else {
                let own = one.list_id == touch.list && one.source == *touch.source_name;
                if own && one.early.len() < MEANWHILE_KEYS_MAX {
                    one.early.insert(touch.key.clone(), touch.posted);
                }
                continue;
            };
            let meanwhile = &mut one.meanwhile;
            if owner == (touch.list, touch.source) {
                if meanwhile.own.len() >= MEANWHILE_KEYS_MAX {
                    meanwhile.own_overflown = true;
                }
                let own = || Own { posted: touch.posted, before: touch.before.clone() };
                let known = meanwhile.own.entry(touch.key.clone());
                known.and_modify(|own| own.posted = touch.posted).or_insert_with(own);
            }
            if touch.decides {
                if meanwhile.changed.len() >= MEANWHILE_KEYS_MAX {
                    meanwhile.overflown = true;
                } else {
                    meanwhile.changed.push((serial, Changed::Key(touch.list, touch.key.clone())));
                }
            }
        }
    }

    /// Tells all imports but `except` that a whole list, or what lists there are, changed.
    pub fn touch_everything(&mut self, serial: Serial, except: Option<u64>) {
        let told = |one: &&mut One| one.owner.is_some() && Some(one.number) != except;
        for one in self.imports.iter_mut().filter(told) {
            one.meanwhile.changed.push((serial, Changed::Everything));
        }
    }

    /// What the import is told, to read and to take from.
    pub fn meanwhile(&mut self, number: u64) -> &mut Meanwhile {
        &mut self.one(number).meanwhile
    }

    /// The generation under which the import writes: nobody clears it away meanwhile.
    pub fn write_under(&mut self, number: u64, generation: Generation) {
        self.one(number).generation = Some(generation);
    }

    /// How many keys the source holds by POSTs that came after the import began: they give way to it.
    pub fn posts_giving_way(&self, number: u64) -> u64 {
        let Some(one) = self.imports.iter().find(|one| one.number == number) else { return 0 };
        let own = &one.meanwhile.own;
        let early = one.early.iter().filter(|(key, posted)| **posted && !own.contains_key(*key)).count();
        (early + own.values().filter(|own| own.posted).count()) as u64
    }

    /// Whether an import into this list runs.
    pub fn has_list(&self, list: ListId) -> bool {
        self.imports.iter().any(|one| one.list_id == list)
    }

    /// The generations under which imports write.
    pub fn generations(&self) -> Vec<Generation> {
        self.imports.iter().filter_map(|one| one.generation).collect()
    }

    /// The sources for which rows may be in the store that come into force later.
    pub fn owners(&self) -> Vec<(ListId, SourceId)> {
        self.imports.iter().filter_map(|one| one.owner).collect()
    }

    fn one(&mut self, number: u64) -> &mut One {
        let one = self.imports.iter_mut().find(|one| one.number == number);
        one.expect("a place is kept until it is dropped")
    }
}

/// One import's place; dropped, it is free.
pub(super) struct Place {
    places: Arc<Places>,
    pub number: u64,
}

impl Place {
    /// The store as it is now; what this view does not show of the source's keys, and of all others, is told from here on.
    pub fn own<'a>(&self, store: &'a Store, list: ListId, source: SourceId) -> View<'a> {
        let mut running = self.places.lock();
        let one = running.one(self.number);
        one.owner = Some((list, source));
        one.meanwhile = Meanwhile::default();
        store.view()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().imports.retain(|one| one.number != self.number);
    }
}
