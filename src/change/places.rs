//! For which sources something is prepared, an import, an undo or a purge, and what others changed meanwhile.
//!
//! Guarantees: one at a time a source; at most [`IMPORTS_MAX`] imports in all and [`IMPORTS_PER_TOKEN`] of one token that is
//! not an admin's, for each sorts in memory of its own. Who prepares learns of every change that the snapshot or the rows it
//! looked at may lack, but for those of the configuration, which a snapshot shows itself.
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

/// All that is prepared.
#[derive(Default)]
pub(super) struct Places {
    running: Mutex<Running>,
}

/// What the lock holds. The writer keeps it from the write of a batch until the note of it is taken, so that what an
/// import reads under the lock and what it is told later fit together.
#[derive(Default)]
pub(super) struct Running {
    running: Vec<One>,
    next: u64,
}

struct One {
    number: u64,
    /// Whose body it is, if there is one.
    token: Option<Box<str>>,
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

/// What happened since it was decided what comes, or since who prepares it asked last.
#[derive(Debug, Default)]
pub(super) struct Meanwhile {
    /// Keys of the own source that a POST, a removal or the passing of time touched.
    pub own: BTreeMap<Key, Own>,
    /// Keys that may answer differently since the commit of this serial.
    pub changed: Vec<(Serial, ListId, Key)>,
    /// The last commit that changed more than is told key by key: all is to be looked at anew.
    pub whole: Option<Serial>,
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

/// Who sends a body.
pub(super) struct Sender<'a> {
    pub token: &'a str,
    pub admin: bool,
}

impl Places {
    pub fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().expect("nothing panics while it holds this lock")
    }

    /// Takes a place, or says why there is none. Those who send a body are counted.
    pub fn enter(
        self: &Arc<Self>,
        list: (&ListName, ListId),
        source: &SourceName,
        sender: Option<&Sender<'_>>,
    ) -> Result<Place, Refused> {
        let mut running = self.lock();
        if running.running.iter().any(|one| one.list == *list.0 && one.source == *source) {
            return Err(Refused::SourceBusy);
        }
        if let Some(sender) = sender {
            let of_token = running.bodies().filter(|token| *token == sender.token).count();
            let most = if sender.admin { IMPORTS_MAX } else { IMPORTS_PER_TOKEN };
            if running.bodies().count() >= IMPORTS_MAX || of_token >= most {
                return Err(Refused::Busy { retry_after: RETRY_AFTER_IMPORT });
            }
        }
        running.next += 1;
        let number = running.next;
        running.running.push(One {
            number,
            token: sender.map(|sender| sender.token.into()),
            list: list.0.clone(),
            list_id: list.1,
            source: source.clone(),
            early: BTreeMap::new(),
            owner: None,
            generation: None,
            meanwhile: Meanwhile::default(),
        });
        Ok(Place { places: self.clone(), number })
    }

    /// How many imports run.
    pub fn imports(&self) -> usize {
        self.lock().bodies().count()
    }
}

impl Running {
    /// The tokens of those who send a body.
    fn bodies(&self) -> impl Iterator<Item = &str> {
        self.running.iter().filter_map(|one| one.token.as_deref())
    }

    /// Whether nobody has to be told anything.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Tells the imports of one changed row.
    pub fn touch(&mut self, serial: Serial, touch: &Touch<'_>) {
        for one in &mut self.running {
            let Some(owner) = one.owner else {
                let own = one.list_id == touch.list && one.source == *touch.source_name;
                if own && one.early.len() < MEANWHILE_KEYS_MAX {
                    one.early.insert(touch.key.clone(), touch.posted);
                }
                continue;
            };
            let meanwhile = &mut one.meanwhile;
            if owner == (touch.list, touch.source) {
                if let Some(own) = meanwhile.own.get_mut(touch.key) {
                    own.posted = touch.posted;
                } else if meanwhile.own.len() < MEANWHILE_KEYS_MAX {
                    let own = Own { posted: touch.posted, before: touch.before.clone() };
                    meanwhile.own.insert(touch.key.clone(), own);
                } else {
                    meanwhile.own_overflown = true;
                }
            }
            if touch.decides {
                if meanwhile.changed.len() >= MEANWHILE_KEYS_MAX {
                    meanwhile.whole = Some(serial);
                } else {
                    meanwhile.changed.push((serial, touch.list, touch.key.clone()));
                }
            }
        }
    }

    /// Tells all but `except` that a whole list changed.
    pub fn touch_whole(&mut self, serial: Serial, except: u64) {
        for one in self.running.iter_mut().filter(|one| one.owner.is_some() && one.number != except) {
            one.meanwhile.whole = Some(serial);
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
        let Some(one) = self.running.iter().find(|one| one.number == number) else { return 0 };
        let own = &one.meanwhile.own;
        let early = one.early.iter().filter(|(key, posted)| **posted && !own.contains_key(*key)).count();
        (early + own.values().filter(|own| own.posted).count()) as u64
    }

    /// Whether an import into this list runs.
    pub fn has_list(&self, list: ListId) -> bool {
        self.running.iter().any(|one| one.list_id == list)
    }

    /// The generations under which imports write.
    pub fn generations(&self) -> Vec<Generation> {
        self.running.iter().filter_map(|one| one.generation).collect()
    }

    /// The sources for which rows may be in the store that come into force later.
    pub fn owners(&self) -> Vec<(ListId, SourceId)> {
        self.running.iter().filter_map(|one| one.owner).collect()
    }

    fn one(&mut self, number: u64) -> &mut One {
        let one = self.running.iter_mut().find(|one| one.number == number);
        one.expect("a place is kept until it is dropped")
    }
}

/// One's place; dropped, it is free.
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
        self.places.lock().running.retain(|one| one.number != self.number);
    }
}
