//! POST and DELETE: some keys of one source.
//!
//! Guarantees: by the rules of `plan`; the guards measure before anything is written.
//! Never: writes. The writer commits the drafts.

use super::{
    draft::{Draft, UndoStep, source_named},
    guards::{EntryGuard, measure},
    plan::{Evidence, Holding, Line, Outcome, Way},
    request::{Change, Committed, Refused, StillListed},
    rows::{Looking, Overlay},
    state::{ListState, Registered},
    tally::Leaving,
    texts::Full,
    writer::Writer,
};
use crate::{
    limits::{REJECTED_SHOWN_MAX, TEXTS_PER_LIST_MAX},
    list::{
        Decision, Key, Mark, NewEntry, SourceName, Time,
        format::LineError,
        policy::{accept, widened},
    },
    store::{Act, Arrival, Held, Owner, ReadError, Source, View, Why},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

impl Writer {
    pub(super) fn list_of(&self, change: &Change) -> Result<(Arc<Registered>, Arc<ListState>), Refused> {
        let registered = self.shared.registered();
        let list = registered.list(&change.list).cloned();
        list.map(|list| (registered, list)).ok_or_else(|| Refused::UnknownList(change.list.clone()))
    }

    /// Adds or renews entries.
    pub(super) fn add(&mut self, change: &Change, lines: &[(u64, NewEntry)]) -> Result<Committed, Refused> {
        let (registered, list) = self.list_of(change)?;
        let now = self.shared.clock.now();
        let shared = self.shared.clone();
        let view = shared.store.view();
        let mut draft = Draft::new(&change.actor, Act::Add, &list, now);
        draft.source = Some(change.source.clone());
        draft.guarded = !change.force;
        let lines = self.lines(&list, lines, now, &mut draft.committed)?;
        if lines.is_empty() {
            return Ok(Committed { serial: shared.store.serial(), ..Committed::default() });
        }
        if !change.force {
            let mut guard = EntryGuard::new(&registered);
            for (key, line) in &lines {
                if let Some(guard) = guard.check(&shared.store, &list, key, line.mark)? {
                    return Err(Refused::Guard(guard));
                }
            }
        }
        let source = source_named(view.catalog(), list.id, &change.source)?;
        let party = draft.party(&source, Leaving::ByWill, Arrival::Posted, UndoStep::Extend);
        let mut outweighed = Outweighed::new(&view, &list, &source);
        for (key, line) in lines {
            let at = view.at(list.id, &key)?;
            let before = holding_of(&view, &at, &source)?;
            if let Some(evidence) = line.evidence(before.as_ref(), Way::Post) {
                outweighed.weigh(&key, evidence)?;
            }
            let (after, outcome) = line.onto(before.as_ref(), now);
            draft.count(outcome);
            draft.change(party, key, before, Some(after), Why::Changed);
        }
        outweighed.end(&mut draft);
        if !change.force {
            measure(&list, &source, &draft.parties[party].tally, now)?;
        }
        self.commit(draft)
    }

    /// The lines that the list takes. Where there is no room for their texts by what is known, the writer looks: the list may
    /// carry fewer by now.
    fn lines(
        &mut self,
        list: &ListState,
        new: &[(u64, NewEntry)],
        now: Time,
        committed: &mut Committed,
    ) -> Result<BTreeMap<Key, Line>, Refused> {
        match accepted(list, new, now, committed) {
            Err(Refused::TooManyTexts | Refused::NoRoomForTexts { .. }) => {}
            other => return other,
        }
        let sources = self.shared.store.view().catalog().sources(list.id).map(|source| source.row.serial).max();
        let changed = sources.unwrap_or_default();
        if !self.look_at_texts(list)? {
            if list.texts.is_still_full(changed) {
                return Err(Refused::TooManyTexts);
            }
            // Nobody knows what the list carries, but a body that has too many by itself never fits.
            let texts: HashSet<&str> = new.iter().filter_map(|(_, new)| new.text.as_deref()).collect();
            return Err(if texts.len() > TEXTS_PER_LIST_MAX { Full::Body } else { Full::Numbers }.into());
        }
        *committed = Committed::default();
        let lines = accepted(list, new, now, committed);
        if lines == Err(Refused::TooManyTexts) {
            list.texts.found_full(changed);
        }
        lines
    }

    /// Removes what the source holds at the keys.
    pub(super) fn remove(&mut self, change: &Change, keys: &[Key]) -> Result<Committed, Refused> {
        let (_, list) = self.list_of(change)?;
        let now = self.shared.clock.now();
        let shared = self.shared.clone();
        let view = shared.store.view();
        let mut draft = Draft::new(&change.actor, Act::Remove, &list, now);
        draft.source = Some(change.source.clone());
        let mut gone = BTreeSet::new();
        for key in keys {
            let Some((held_key, source, before)) = held_by(&view, &list, &change.source, key)? else { continue };
            if gone.insert(held_key.clone()) {
                let party = draft.party(&source, Leaving::ByWill, Arrival::Posted, UndoStep::Extend);
                draft.count(Outcome::Removed);
                draft.change(party, held_key, before, None, Why::Removed);
            }
        }
        if let [key] = keys {
            let looked_at = gone.first().cloned().unwrap_or_else(|| widened(&list.settings, key.clone()));
            draft.committed.still_listed_by = still_listed(&view, &list, &draft.overlay(), &looked_at)?;
        }
        let [party] = &*draft.parties else {
            return Ok(Committed { serial: shared.store.serial(), ..draft.committed });
        };
        draft.guarded = !change.force;
        if !change.force {
            measure(&list, &party.source, &party.tally, now)?;
        }
        self.commit(draft)
    }
}

/// What a source holds at a key, or at what the list makes of it.
#[expect(clippy::type_complexity, reason = "the parts of one row")]
fn held_by(
    view: &View<'_>,
    list: &ListState,
    source: &SourceName,
    key: &Key,
) -> Result<Option<(Key, Arc<Source>, Option<Holding>)>, Refused> {
    // What stands there exactly comes first: an exclusion, or a listing from before `v6_hosts_as` was set.
    for key in [key, &widened(&list.settings, key.clone())] {
        let at = view.at(list.id, key)?;
        if let Some(mine) = at.iter().find(|held| held.source.name == *source) {
            return Ok(Some((key.clone(), mine.source.clone(), holding_of(view, &at, &mine.source)?)));
        }
    }
    Ok(None)
}

/// The lines that the list takes, one a key; all are refused if it does not take one.
fn accepted(
    list: &ListState,
    lines: &[(u64, NewEntry)],
    now: Time,
    committed: &mut Committed,
) -> Result<BTreeMap<Key, Line>, Refused> {
    let mut accepted = BTreeMap::<Key, Line>::new();
    let (mut rejected, mut count) = (Vec::new(), 0);
    for (number, new) in lines {
        match accept(&list.settings, new.clone(), now) {
            Ok(new) => {
                let text = match &new.text {
                    None => None,
                    Some(text) => Some(list.texts.intern(text)?),
                };
                let (key, mut line) = Line::new(new, text);
                if let Some(earlier) = accepted.remove(&key) {
                    committed.duplicates += 1;
                    line = earlier.merged_with(line);
                }
                accepted.insert(key, line);
            }
            Err(rejection) => {
                count += 1;
                if rejected.len() < REJECTED_SHOWN_MAX {
                    rejected.push(rejected_line(*number, &new.key, &rejection));
                }
            }
        }
    }
    if count > 0 { Err(Refused::Rejected { lines: rejected, count }) } else { Ok(accepted) }
}

/// A line that the list does not take.
pub(super) fn rejected_line(line: u64, key: &Key, error: &dyn std::fmt::Display) -> LineError {
    LineError { line, column: 1, text: key.to_string(), error: error.to_string() }
}

/// What a source holds, with its detail.
pub(super) fn holding_of(view: &View<'_>, at: &[Held], source: &Source) -> Result<Option<Holding>, ReadError> {
    let Some(held) = at.iter().find(|held| held.source.id == source.id) else { return Ok(None) };
    let detail = view.detail(held.source.owner(), &held.key)?;
    Ok(Some(Holding { entry: held.entry, detail }))
}

/// What an owner holds at a key, with its detail.
pub(super) fn holding_at(view: &View<'_>, owner: Owner, key: &Key) -> Result<Option<Holding>, ReadError> {
    let Some(entry) = view.entry(owner, key)? else { return Ok(None) };
    Ok(Some(Holding { entry, detail: view.detail(owner, key)? }))
}

/// Who lists the key, and by which entry: the most specific one that covers it.
fn still_listed(
    view: &View<'_>,
    list: &ListState,
    overlay: &Overlay,
    key: &Key,
) -> Result<Vec<StillListed>, ReadError> {
    let looking = Looking { view, list, overlay };
    for at in std::iter::once(key.clone()).chain(list.lengths.wider(key)) {
        match looking.decision_at(&at)? {
            None => {}
            Some(Decision::Excluded) => return Ok(Vec::new()),
            Some(Decision::Listed(_)) => {
                let said = looking.at(&at)?.into_iter();
                let names = said.map(|(source, _)| StillListed { source: source.name.clone(), entry: at.clone() });
                return Ok(names.collect());
            }
        }
    }
    Ok(Vec::new())
}

/// The exclusions of `removal` and `retest` that newer evidence ends.
pub(super) struct Outweighed<'a> {
    view: &'a View<'a>,
    list: &'a ListState,
    /// The sources whose exclusions yield, but for the one that brings the evidence.
    yielding: Vec<Arc<Source>>,
    ended: HashSet<(Key, crate::store::SourceId)>,
    found: Vec<(Arc<Source>, Key, Holding)>,
}

impl<'a> Outweighed<'a> {
    pub fn new(view: &'a View<'a>, list: &'a ListState, by: &Source) -> Self {
        let sources = view.catalog().sources(list.id);
        let yields = |source: &&Arc<Source>| {
            list.settings.yields_to_evidence(&source.name) && source.name != by.name && source.row.keys > 0
        };
        let yielding = sources.filter(yields).cloned().collect();
        Self { view, list, yielding, ended: HashSet::new(), found: Vec::new() }
    }

    /// A listing of `key`: it ends the exclusions at the key and at those that cover it, if it is newer.
    pub fn weigh(&mut self, key: &Key, evidence: Evidence) -> Result<(), ReadError> {
        if self.yielding.is_empty() {
            return Ok(());
        }
        for at in std::iter::once(key.clone()).chain(self.list.lengths.wider(key)) {
            for held in self.view.at(self.list.id, &at)? {
                let yields = self.yielding.iter().any(|source| source.id == held.source.id);
                let ends = yields && held.entry.mark == Mark::Excluded && evidence.ends(held.entry.last_seen);
                if ends && self.ended.insert((at.clone(), held.source.id)) {
                    let detail = self.view.detail(held.source.owner(), &at)?;
                    self.found.push((held.source, at.clone(), Holding { entry: held.entry, detail }));
                }
            }
        }
        Ok(())
    }

    /// The draft ends them.
    pub fn end(self, draft: &mut Draft) {
        for (source, key, before) in self.found {
            let party = draft.party(&source, Leaving::ByItself, Arrival::Posted, UndoStep::Extend);
            draft.change(party, key, Some(before), None, Why::Outweighed);
        }
    }
}
