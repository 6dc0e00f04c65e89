//! The lists as the door knows them: the configuration joined with their numbers in the store and in the snapshot.
//!
//! Guarantees: a `Registered` never changes; a reload makes the next one.
//! Never: holds entries.

use super::{
    keys,
    request::{Configuration, Refused},
    texts::Texts,
};
use crate::{
    list::{Family, Key, ListName, ListSettings},
    snapshot::{ListIndex, Served},
    store::{Catalog, ListId, ReadError, Store, View},
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// What is configured, and where it stands.
pub(super) struct Registered {
    pub configuration: Configuration,
    pub served: Arc<Served>,
    /// Every configured list, `never` among them.
    lists: HashMap<ListName, Arc<ListState>>,
    /// Lists that hold entries and are not configured.
    pub orphans: Vec<ListName>,
}

/// One list.
pub(super) struct ListState {
    pub id: ListId,
    pub index: ListIndex,
    pub settings: Arc<ListSettings>,
    pub texts: Arc<Texts>,
    pub lengths: Arc<Lengths>,
}

/// Which prefix lengths the keys of a list have, or had: where nothing can be found nobody has to look.
#[derive(Debug, Default)]
pub(super) struct Lengths {
    v4: AtomicU64,
    v6: [AtomicU64; 3],
}

impl Registered {
    /// The same, with the orphans as they are now.
    pub fn with_orphans_of(&self, catalog: &Catalog) -> Self {
        let lists = self.lists.clone();
        let orphans = orphans(catalog, |name| lists.contains_key(name));
        Self { configuration: self.configuration.clone(), served: self.served.clone(), lists, orphans }
    }

    /// Gives every list its numbers. What the former one knew of texts and lengths is kept.
    pub fn new(
        store: &Store,
        configuration: Configuration,
        served: Arc<Served>,
        former: Option<&Self>,
    ) -> Result<Self, Refused> {
        let mut lists = HashMap::new();
        let mut all = configuration.lists.clone();
        all.push(Arc::new(ListSettings::never()));
        for settings in all {
            let name = settings.name.clone();
            let id = store.create_list(&name)?;
            let index = served.list(&name).expect("compiled from the same lists");
            let known = former.and_then(|former| former.lists.get(&name)).filter(|known| known.id == id);
            let (texts, lengths) = match known {
                Some(known) => (known.texts.clone(), known.lengths.clone()),
                None => (Arc::new(Texts::of(store.view().texts(id)?)), Arc::new(Lengths::all())),
            };
            lists.insert(name, Arc::new(ListState { id, index, settings, texts, lengths }));
        }
        let orphans = orphans(&store.catalog(), |name| lists.contains_key(name));
        Ok(Self { configuration, served, lists, orphans })
    }

    /// A configured list.
    pub fn list(&self, name: &ListName) -> Option<&Arc<ListState>> {
        self.lists.get(name)
    }

    /// Every configured list, `never` among them.
    pub fn lists(&self) -> impl Iterator<Item = &Arc<ListState>> {
        self.lists.values()
    }

    /// The list `never`.
    pub fn never(&self) -> &Arc<ListState> {
        self.lists.get(&ListName::never()).expect("always registered")
    }

    /// The list with this bit.
    pub fn at(&self, index: ListIndex) -> Option<&Arc<ListState>> {
        self.lists.values().find(|list| list.index == index)
    }

    /// The list with this number in the store.
    pub fn by_id(&self, id: ListId) -> Option<&Arc<ListState>> {
        self.lists.values().find(|list| list.id == id)
    }
}

impl ListState {
    /// A list that is not configured: served nowhere, but its rows can be read and ended.
    pub fn orphan(view: &View<'_>, id: ListId) -> Result<Self, ReadError> {
        let name = view.catalog().list_name(id).cloned();
        // Without a code of its own in the configuration, none of its entries is answered.
        let settings = ListSettings { name: name.unwrap_or_else(ListName::never), ..ListSettings::never() };
        let texts = Arc::new(Texts::of(view.texts(id)?));
        let lengths = Arc::new(Lengths::all());
        Ok(Self { id, index: ListIndex::NEVER, settings: Arc::new(settings), texts, lengths })
    }
}

/// The lists that hold keys of some source and are not configured.
pub(super) fn orphans(catalog: &Catalog, configured: impl Fn(&ListName) -> bool) -> Vec<ListName> {
    let holds = |id| catalog.sources(id).any(|source| source.row.keys > 0);
    let gone = catalog.lists().filter(|(name, id)| !configured(name) && holds(*id));
    gone.map(|(name, _)| name.clone()).collect()
}

impl Lengths {
    /// Every length: what is said before anybody has looked.
    pub fn all() -> Self {
        let full = || AtomicU64::new(u64::MAX);
        Self { v4: full(), v6: [full(), full(), full()] }
    }

    /// Learns what a whole look at the list has found, in place of all.
    pub fn forget(&self) {
        self.v4.store(0, Relaxed);
        self.v6.iter().for_each(|word| word.store(0, Relaxed));
    }

    /// A key is, or will be, there.
    pub fn note(&self, key: &Key) {
        if let Key::Prefix(prefix) = key {
            self.note_length(key.family(), prefix.length());
        }
    }

    /// A prefix of this length is, or will be, there.
    pub fn note_length(&self, family: Family, length: u8) {
        let (word, bit) = self.word(family, length);
        // Most often it is known; a read is cheaper than a write that other cores have to hear of.
        if word.load(Relaxed) & bit == 0 {
            word.fetch_or(bit, Relaxed);
        }
    }

    fn word(&self, family: Family, length: u8) -> (&AtomicU64, u64) {
        match family {
            Family::V6 => (&self.v6[usize::from(length / 64)], 1 << (length % 64)),
            Family::V4 | Family::Name | Family::Hash => (&self.v4, 1 << length),
        }
    }

    /// The keys that are wider than `key`, cover it and may be there, the narrowest first.
    pub fn wider(&self, key: &Key) -> Vec<Key> {
        let Key::Prefix(prefix) = key else { return keys::wider(key) };
        let family = key.family();
        let may_be = |length: &u8| {
            let (word, bit) = self.word(family, *length);
            word.load(Relaxed) & bit != 0
        };
        (0..prefix.length()).rev().filter(may_be).map(|length| prefix.widened_to(length).into()).collect()
    }
}
