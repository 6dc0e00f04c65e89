//! The next snapshot in the making.
//!
//! ```text
//! snapshot.edit() ──> resolve_v4 | resolve_v6 | resolve_names | resolve_hash(es)  (any number) ──> finish(serial)
//! ```
//! Each call resolves one list anew in one part of the key space, from the list's rows there.
//!
//! Guarantees: the snapshot it began with stays as it is; what is not touched is shared with it; memory beyond the new
//! nodes is bounded whatever the size of the change. A zone's serial is the edit's if one of its answers changed.
//! Never: publishes.

use super::{
    HashRow, ListIndex, NameRow, Served, Snapshot, Texts, V4Row, V6Row, Zone, key,
    key::NameKey,
    order::Ordered,
    served::LIST_PLACES,
    sets::{Interner, Resolver},
    sweep::{Front, NameSpans, Octets, Span, below_all, v4_spans, v6_range, v6_spans},
    text::Template,
    v4edit::V4Editor,
};
use crate::list::{Decision, ListedName, MailHash, Serial, TextId};
use std::sync::Arc;

/// The next snapshot in the making. Dropped unfinished, it leaves no trace.
#[derive(Debug)]
pub struct Edit {
    next: Snapshot,
    v4: V4Editor,
    interner: Arc<Interner>,
    /// The resolver of the last call: changes of one list often come in a row.
    resolver: Resolver,
    /// By zone; `None`: it gets the serial of the edit.
    zone_serials: Vec<Option<Serial>>,
    changed: u64,
}

impl Edit {
    pub(super) fn new(next: Snapshot) -> Self {
        let interner = Arc::new(Interner::new(Arc::clone(&next.sets)));
        let resolver = Resolver::new(&interner, ListIndex::NEVER);
        let zone_serials = next.zone_serials.iter().copied().map(Some).collect();
        Self { v4: V4Editor::new(Arc::clone(&next.v4)), next, interner, resolver, zone_serials, changed: 0 }
    }

    fn begin(&mut self, list: ListIndex) {
        if self.resolver.list() != list {
            self.resolver = Resolver::new(&self.interner, list);
        }
    }

    /// Takes over what the resolver has counted.
    fn settle(&mut self) {
        self.changed |= std::mem::take(&mut self.resolver.changed);
        let grown = std::mem::take(&mut self.resolver.grown);
        if grown != 0 {
            let covered = &mut Arc::make_mut(&mut self.next.covered)[self.resolver.list().place()];
            *covered = covered.saturating_add_signed(grown);
        }
    }

    /// Resolves `list` alone inside an IPv4 prefix (lowest address, length); length 0: the whole list. `inherited`: what
    /// the most specific wider key of the list says; `None`: there is none. `rows`: all its keys at or inside the
    /// prefix, by address, wider before narrower.
    pub fn resolve_v4(
        &mut self,
        list: ListIndex,
        (address, length): (u32, u8),
        inherited: Option<&Decision>,
        rows: impl Iterator<Item = V4Row>,
    ) {
        self.begin(list);
        let end = address | u32::MAX.checked_shr(length.into()).unwrap_or(0);
        let base = inherited.map(|decision| self.resolver.value(decision, 0)).unwrap_or_default();
        let mut front = Front::new(v4_spans(rows), base, &mut self.resolver);
        self.v4.apply(&mut front, (address, end), &mut self.resolver);
        self.settle();
    }

    /// Resolves `list` alone inside an IPv6 prefix, as [`Edit::resolve_v4`].
    pub fn resolve_v6(
        &mut self,
        list: ListIndex,
        under: (u128, u8),
        inherited: Option<&Decision>,
        rows: impl Iterator<Item = V6Row>,
    ) {
        self.begin(list);
        let base = inherited.map(|decision| self.resolver.value(decision, 0)).unwrap_or_default();
        let (from, end) = v6_range(under.0, under.1);
        let mut front = Front::new(v6_spans(under, rows), base, &mut self.resolver);
        Arc::make_mut(&mut self.next.v6).apply(&mut front, (&from, end.as_ref()), &mut self.resolver);
        self.settle();
    }

    /// Resolves `list` alone at the bare name `under` and all below it; "": the whole list. `above`: the list's rows at
    /// names that `under` lies below, in any order. `rows`: all its rows at `under` (every scope) and below, in their order.
    pub fn resolve_names(
        &mut self,
        list: ListIndex,
        under: &str,
        above: &[NameRow],
        rows: impl Iterator<Item = NameRow>,
    ) {
        self.begin(list);
        let inherited = below_all(above);
        let base = inherited.map(|(decision, labels)| self.resolver.value(&decision, labels)).unwrap_or_default();
        let key = NameKey::of_listed(under);
        let end = (!under.is_empty()).then(|| Octets::from_slice(&key.end()));
        let from = Octets::from_slice(key.itself());
        let mut front = Front::new(NameSpans::new(rows), base, &mut self.resolver);
        Arc::make_mut(&mut self.next.names).apply(&mut front, (&from, end.as_ref()), &mut self.resolver);
        self.settle();
    }

    /// Sets what `list` says about one hash.
    pub fn resolve_hash(&mut self, list: ListIndex, hash: &MailHash, decision: Option<&Decision>) {
        self.begin(list);
        let (from, end) = hash_range(hash);
        let base = decision.map(|decision| self.resolver.value(decision, 0)).unwrap_or_default();
        let mut front = Front::new(std::iter::empty(), base, &mut self.resolver);
        Arc::make_mut(&mut self.next.hashes).apply(&mut front, (&from, Some(&end)), &mut self.resolver);
        self.settle();
    }

    /// Replaces all hashes of `list`. `rows` in any order.
    pub fn resolve_hashes(&mut self, list: ListIndex, rows: impl Iterator<Item = HashRow>) {
        self.begin(list);
        apply_hashes(Arc::make_mut(&mut self.next.hashes), rows, &mut self.resolver);
        self.settle();
    }

    /// Adds or replaces an own text that entries of `list` carry.
    pub fn add_text(&mut self, list: ListIndex, id: TextId, text: &str) {
        add_text(&mut Arc::make_mut(&mut self.next.texts)[list.place()], id, text);
    }

    /// Forgets the own texts of `list`: before another list takes its place.
    pub fn clear_texts(&mut self, list: ListIndex) {
        Arc::make_mut(&mut self.next.texts)[list.place()] = Texts::default();
    }

    /// Serves another configuration, made by [`Served::succeed`]. The lists that it has [`Served::replaced`] are to be
    /// resolved in the same edit.
    pub fn serve(&mut self, served: Arc<Served>) {
        let before = std::mem::replace(&mut self.next.served, served);
        self.changed |= self.next.served.reworded(&before);
        let serials = &self.zone_serials;
        let kept = |zone: &Zone| {
            let old = before.zones().iter().find(|old| old.origin() == zone.origin())?;
            let same = old.settings() == zone.settings() && old.closed() == zone.closed();
            serials[old.place()].filter(|_| same)
        };
        self.zone_serials = self.next.served.zones().iter().map(kept).collect();
    }

    /// The lists whose answers have changed so far, one bit each.
    #[must_use]
    pub const fn changed(&self) -> u64 {
        self.changed
    }

    fn is_changed(&self, zone: &Zone) -> bool {
        self.zone_serials[zone.place()].is_none() || zone.all_lists() & self.changed != 0
    }

    /// The zones whose answers have changed so far: `finish` gives them its serial.
    pub fn changed_zones(&self) -> impl Iterator<Item = &ListedName> {
        let zones = self.next.served.zones().iter();
        zones.filter(|zone| self.is_changed(zone)).map(|zone| &zone.settings().origin)
    }

    /// As [`Snapshot::covered_v4`] will say.
    #[must_use]
    pub fn covered_v4(&self, list: ListIndex) -> u64 {
        self.next.covered_v4(list)
    }

    /// The snapshot of `serial`.
    #[must_use]
    pub fn finish(mut self, serial: Serial) -> Snapshot {
        let zones = self.next.served.zones().iter();
        let serials =
            zones.map(|zone| self.zone_serials[zone.place()].filter(|_| !self.is_changed(zone)).unwrap_or(serial));
        self.next.zone_serials = serials.collect();
        self.next.v4 = self.v4.finish(&mut self.resolver);
        self.next.sets = self.interner.sets();
        self.next.serial = serial;
        self.next.sweep_sets();
        self.next
    }
}

impl Snapshot {
    /// Frees the numbers of sets that nothing carries, when there may be many.
    fn sweep_sets(&mut self) {
        if !self.sets.wants_sweep() {
            return;
        }
        let mut used = vec![false; self.sets.len()];
        self.v4.mark(&mut used);
        for index in [&self.v6, &self.names, &self.hashes] {
            index.mark(&mut used);
        }
        Arc::make_mut(&mut self.sets).sweep(&used);
    }

    /// No entry, no text.
    pub(super) fn empty(served: Arc<Served>, serial: Serial) -> Self {
        let zone_serials = served.zones().iter().map(|_| serial).collect();
        Self {
            served,
            serial,
            zone_serials,
            sets: Arc::new(super::sets::Sets::new()),
            v4: Arc::new(super::v4::V4::new()),
            v6: Arc::new(Ordered::new()),
            names: Arc::new(Ordered::new()),
            hashes: Arc::new(Ordered::new()),
            texts: vec![Texts::default(); LIST_PLACES].into(),
            covered: vec![0; LIST_PLACES].into(),
        }
    }
}

fn hash_range(hash: &MailHash) -> (Octets, Octets) {
    let from = Octets::from_slice(&key::hash(hash.kind(), hash.octets()));
    (from, Octets::from_slice(&key::hash_end(hash)))
}

/// Replaces a list's hashes.
pub(super) fn apply_hashes(hashes: &mut Ordered, rows: impl Iterator<Item = HashRow>, resolver: &mut Resolver) {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(hash, _)| *hash);
    let spans = rows.into_iter().map(|(hash, decision)| {
        let (first, end) = hash_range(&hash);
        Span { first, end: Some(end), decision, labels: 0 }
    });
    let mut front = Front::new(spans, super::sets::ValueId::NOTHING, resolver);
    hashes.apply(&mut front, (&Octets::new(), None), resolver);
}

/// Puts a text in its place.
pub(super) fn add_text(texts: &mut Texts, id: TextId, text: &str) {
    let texts = Arc::make_mut(texts);
    let place = usize::from(id.0);
    if texts.len() <= place {
        texts.resize(place + 1, None);
    }
    texts[place] = Some(Arc::new(Template::parse(text)));
}
