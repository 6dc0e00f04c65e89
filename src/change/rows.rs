//! The rows of the store as the snapshot takes them: decided, ordered, and with what a change is about to do laid over.
//!
//! Guarantees: one decision a key, over all sources; a failing read ends the walk and is kept, so that nobody takes half a
//! list for the whole.
//! Never: writes.

use super::{
    keys,
    state::{ListState, Registered},
};
use crate::{
    list::{Decision, Entry, Family, Key, ListedName, MailHash, Mark, TextId, decide},
    snapshot::{Edit, HashRow, ListIndex, NameRow, Rows, V4Row, V6Row},
    store::{Catalog, Held, ListId, ReadError, Scan, Scanned, Source, View},
};
use smallvec::{SmallVec, smallvec};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    iter::Peekable,
    net::IpAddr,
    sync::{Arc, Mutex},
};

/// What some sources will hold at one key.
type Laid = SmallVec<[(Arc<Source>, Option<Entry>); 1]>;

/// What a change is about to do to the rows of one list.
#[derive(Default)]
pub(super) struct Overlay {
    rows: BTreeMap<Key, Laid>,
}

impl Overlay {
    /// The source holds, or holds no more, this key.
    pub fn put(&mut self, key: Key, source: Arc<Source>, entry: Option<Entry>) {
        self.rows.entry(key).or_default().push((source, entry));
    }

    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.rows.keys()
    }
}

/// One list, as it is or as it will be.
pub(super) struct Looking<'a> {
    pub view: &'a View<'a>,
    pub list: &'a ListState,
    pub overlay: &'a Overlay,
}

type Said = SmallVec<[(Arc<Source>, Entry); 2]>;

impl Looking<'_> {
    /// What all sources say at exactly this key.
    pub fn at(&self, key: &Key) -> Result<Said, ReadError> {
        let held = self.view.at(self.list.id, key)?;
        let mut said = held.into_iter().map(|held| (held.source, held.entry)).collect();
        self.lay_over(key, &mut said);
        Ok(said)
    }

    fn lay_over(&self, key: &Key, said: &mut Said) {
        for (source, entry) in self.overlay.rows.get(key).into_iter().flatten() {
            said.retain(|(known, _)| known.id != source.id);
            said.extend(entry.map(|entry| (source.clone(), entry)));
        }
    }

    fn decided(&self, said: &Said) -> Option<Decision> {
        decide(&self.list.settings, said.iter().map(|(source, entry)| (source.name.as_str(), entry)))
    }

    /// What the key itself says.
    pub fn decision_at(&self, key: &Key) -> Result<Option<Decision>, ReadError> {
        Ok(self.decided(&self.at(key)?))
    }

    /// What the most specific wider prefix says.
    pub fn inherited(&self, key: &Key) -> Result<Option<Decision>, ReadError> {
        for wider in self.list.lengths.wider(key) {
            if let Some(decision) = self.decision_at(&wider)? {
                return Ok(Some(decision));
            }
        }
        Ok(None)
    }

    /// What is said at the names that `name` lies below.
    fn above(&self, name: &ListedName) -> Result<Vec<NameRow>, ReadError> {
        let mut found = Vec::new();
        for key in keys::wider(&keys::all_of(name.name())) {
            let Key::Name(above) = &key else { continue };
            found.extend(self.decision_at(&key)?.map(|decision| (above.clone(), decision)));
        }
        Ok(found)
    }

    /// The decisions at `key` and at all keys inside it, in their order.
    fn inside(&self, key: &Key) -> Inside<'_> {
        let laid = self.overlay.rows.range(key.clone()..);
        let laid = laid.map(|(key, _)| key).take_while({
            let key = key.clone();
            move |inside| lies_under(&key, inside)
        });
        let held: Box<dyn Iterator<Item = Result<Held, ReadError>>> = match key {
            // What lies inside a host is the host: one short look in place of a walk with its read-ahead.
            Key::Prefix(prefix) if prefix.is_host() => match self.view.at(self.list.id, key) {
                Ok(held) => Box::new(held.into_iter().map(Ok)),
                Err(error) => Box::new(std::iter::once(Err(error))),
            },
            _ => Box::new(self.view.inside(self.list.id, key)),
        };
        let laid: Box<dyn Iterator<Item = &Key>> = Box::new(laid);
        Inside { looking: self, held: held.peekable(), laid: laid.peekable() }
    }

    /// Resolves the list anew under `key`.
    pub fn resolve(&self, edit: &mut Edit, key: &Key) -> Result<(), ReadError> {
        self.resolve_until(edit, key, &|| false)
    }

    /// The same; where it `stops` on the way, the edit is good for nothing any more.
    pub fn resolve_until(&self, edit: &mut Edit, key: &Key, stops: &dyn Fn() -> bool) -> Result<(), ReadError> {
        let index = self.list.index;
        let key = keys::scope_of_change(key);
        if let Key::Hash(hash) = &key {
            edit.resolve_hash(index, hash, self.decision_at(&key)?.as_ref());
            return Ok(());
        }
        let failed = RefCell::new(None);
        let rows = self.inside(&key).take_while(|_| !stops());
        let rows = rows.map_while(|row| row.map_err(|error| failed.replace(Some(error))).ok());
        match &key {
            Key::Name(name) => {
                let rows = rows.filter_map(|(key, decision)| match key {
                    Key::Name(name) => Some((name, decision)),
                    Key::Prefix(_) | Key::Hash(_) => None,
                });
                edit.resolve_names(index, name.name(), &self.above(name)?, rows);
            }
            Key::Prefix(prefix) => match (prefix.first(), self.inherited(&key)?) {
                (IpAddr::V4(first), inherited) => {
                    let rows = rows.filter_map(|(key, decision)| v4_of(&key).map(|(a, l)| (a, l, decision)));
                    edit.resolve_v4(index, (first.into(), prefix.length()), inherited.as_ref(), rows);
                }
                (IpAddr::V6(first), inherited) => {
                    let rows = rows.filter_map(|(key, decision)| v6_of(&key).map(|(a, l)| (a, l, decision)));
                    edit.resolve_v6(index, (first.into(), prefix.length()), inherited.as_ref(), rows);
                }
            },
            Key::Hash(_) => {}
        }
        failed.into_inner().map_or(Ok(()), Err)
    }
}

/// Whether `inside` belongs to the range of rows that begins with `key`. Beside what the key covers, a range of names
/// holds the other scopes of the same name, which [`keys::scope_of_change`] covers.
fn lies_under(key: &Key, inside: &Key) -> bool {
    key.covers(inside)
}

fn v4_of(key: &Key) -> Option<(u32, u8)> {
    match key {
        Key::Prefix(prefix) => match prefix.first() {
            IpAddr::V4(first) => Some((first.into(), prefix.length())),
            IpAddr::V6(_) => None,
        },
        Key::Name(_) | Key::Hash(_) => None,
    }
}

fn v6_of(key: &Key) -> Option<(u128, u8)> {
    match key {
        Key::Prefix(prefix) => match prefix.first() {
            IpAddr::V6(first) => Some((first.into(), prefix.length())),
            IpAddr::V4(_) => None,
        },
        Key::Name(_) | Key::Hash(_) => None,
    }
}

/// Decisions in key order: the rows of the store merged with those laid over.
struct Inside<'a> {
    looking: &'a Looking<'a>,
    held: Peekable<Box<dyn Iterator<Item = Result<Held, ReadError>> + 'a>>,
    laid: Peekable<Box<dyn Iterator<Item = &'a Key> + 'a>>,
}

impl Iterator for Inside<'_> {
    type Item = Result<(Key, Decision), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let key = match (self.held.peek(), self.laid.peek()) {
                (None, None) => return None,
                (Some(Err(_)), _) => return self.held.next().and_then(Result::err).map(Err),
                (Some(Ok(held)), Some(laid)) => held.key.clone().min((*laid).clone()),
                (Some(Ok(held)), None) => held.key.clone(),
                (None, Some(laid)) => (*laid).clone(),
            };
            let mut said = Said::new();
            while let Some(Ok(held)) = self.held.next_if(|held| held.as_ref().is_ok_and(|held| held.key == key)) {
                said.push((held.source, held.entry));
            }
            if self.laid.next_if(|laid| **laid == key).is_some() {
                self.looking.lay_over(&key, &mut said);
            }
            if let Some(decision) = self.looking.decided(&said) {
                return Some(Ok((key, decision)));
            }
        }
    }
}

/// All lists of the store, for the first snapshot and for lists that are resolved whole.
pub(super) struct StoreRows<'a> {
    view: &'a View<'a>,
    registered: &'a Registered,
    stops: Stops<'a>,
    failed: Mutex<Option<ReadError>>,
}

/// Whether nobody wants the rows any more.
pub(super) type Stops<'a> = &'a (dyn Fn() -> bool + Sync);

impl<'a> StoreRows<'a> {
    pub fn new(view: &'a View<'a>, registered: &'a Registered) -> Self {
        Self { view, registered, stops: &|| false, failed: Mutex::new(None) }
    }

    /// The same; where it `stops` on the way, the walks end, and what was made of them is good for nothing.
    pub fn until(self, stops: Stops<'a>) -> Self {
        Self { stops, ..self }
    }

    /// Whether all walks came to their end.
    pub fn finish(self) -> Result<(), ReadError> {
        self.failed.into_inner().expect("no holder of this lock panics").map_or(Ok(()), Err)
    }

    fn list(&self, index: ListIndex) -> Option<&'a ListState> {
        self.registered.at(index).map(|list| &**list)
    }

    fn walk<K: Ord + Send + 'a>(
        &'a self,
        index: ListIndex,
        scan: impl FnOnce(ListId) -> Scan<'a, K>,
        learn: impl Fn(&ListState, &K) + Send + 'a,
    ) -> Box<dyn Iterator<Item = (K, Decision)> + Send + 'a> {
        let Some(list) = self.list(index) else { return Box::new(std::iter::empty()) };
        let (scan, catalog) = (scan(list.id), self.view.catalog());
        let walk = Walk { scan, next: None, list, catalog, stops: self.stops, failed: &self.failed };
        Box::new(walk.inspect(move |(key, _)| learn(list, key)))
    }
}

impl Rows for StoreRows<'_> {
    fn v4(&self, index: ListIndex, first: u32, last: u32) -> Box<dyn Iterator<Item = V4Row> + Send + '_> {
        let scan = |id| self.view.scan_v4(id, first, last);
        let learn = |list: &ListState, key: &(u32, u8)| list.lengths.note_length(Family::V4, key.1);
        Box::new(self.walk(index, scan, learn).map(|((address, length), decision)| (address, length, decision)))
    }

    fn v6(&self, list: ListIndex) -> Box<dyn Iterator<Item = V6Row> + Send + '_> {
        let scan = |id| self.view.scan_v6(id, 0, u128::MAX);
        let learn = |list: &ListState, key: &(u128, u8)| list.lengths.note_length(Family::V6, key.1);
        Box::new(self.walk(list, scan, learn).map(|((address, length), decision)| (address, length, decision)))
    }

    fn names(&self, list: ListIndex) -> Box<dyn Iterator<Item = NameRow> + Send + '_> {
        self.walk(list, |id| self.view.scan_names(id, ""), |_, _| {})
    }

    fn hashes(&self, list: ListIndex) -> Box<dyn Iterator<Item = HashRow> + Send + '_> {
        self.walk(list, |id| self.view.scan_hashes(id), |_, _: &MailHash| {})
    }

    fn texts(&self, list: ListIndex) -> Vec<(TextId, Arc<str>)> {
        let Some(list) = self.list(list) else { return Vec::new() };
        self.view.texts(list.id).unwrap_or_else(|error| {
            *self.failed.lock().expect("no holder of this lock panics") = Some(error);
            Vec::new()
        })
    }
}

/// The rows of one family, decided key by key.
struct Walk<'a, K> {
    scan: Scan<'a, K>,
    next: Option<Scanned<K>>,
    list: &'a ListState,
    catalog: &'a Catalog,
    stops: Stops<'a>,
    failed: &'a Mutex<Option<ReadError>>,
}

impl<K: Ord> Walk<'_, K> {
    fn read(&mut self) -> Option<Scanned<K>> {
        if (self.stops)() {
            return None;
        }
        match self.scan.next()? {
            Ok(scanned) => Some(scanned),
            Err(error) => {
                *self.failed.lock().expect("no holder of this lock panics") = Some(error);
                None
            }
        }
    }

    fn decision(&self, said: &[Scanned<K>]) -> Option<Decision> {
        let name = |scanned: &Scanned<K>| {
            let source = self.catalog.source(self.list.id, scanned.source);
            source.map_or("", |source| source.name.as_str())
        };
        decide(&self.list.settings, said.iter().map(|scanned| (name(scanned), &scanned.entry)))
    }
}

impl<K: Ord> Iterator for Walk<'_, K> {
    type Item = (K, Decision);

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.next.take().or_else(|| self.read())?;
        self.next = self.read();
        if self.next.as_ref().is_none_or(|next| next.key != first.key) {
            // By far the most frequent case, and 20 million of them at a start.
            let decision = match first.entry.mark {
                Mark::Excluded => Decision::Excluded,
                Mark::Listed => Decision::Listed(smallvec![self.list.settings.tag(&first.entry)]),
            };
            return Some((first.key, decision));
        }
        // Several sources often hold the same keys; what they say fits here without being allocated for each.
        let mut said: SmallVec<[_; 4]> = smallvec![first];
        while let Some(next) = self.next.take() {
            if next.key != said[0].key {
                self.next = Some(next);
                break;
            }
            said.push(next);
            self.next = self.read();
        }
        let decision = self.decision(&said).expect("decided over at least one entry");
        let key = said.swap_remove(0).key;
        Some((key, decision))
    }
}
