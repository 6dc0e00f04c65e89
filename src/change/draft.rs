//! One commit in the making: which rows change, whose, and what is to be remembered of it.
//!
//! Guarantees: rows, hints, history, undo, journal and the numbers of each source follow from the same list of changed
//! rows, so they cannot differ.
//! Never: writes, decides what changes, resolves answers.

use super::{
    places::Touch,
    plan::{Holding, Outcome, decides_differently},
    request::{Actor, Committed, Refused},
    rows::Overlay,
    state::ListState,
    tally::{Leaving, Tally},
};
use crate::{
    limits::{JOURNAL_CHANGES_MAX, SOURCES_PER_LIST_MAX, UNDO_ROWS_MAX},
    list::{Detail, Entry, Key, ListName, Serial, SourceName, TextId, Time},
    store::{
        Act, Arrival, Batch, Catalog, Changes, CommitRow, Counts, KeyChange, ListId, Past, ReadError, Said, Source,
        SourceId, SourceRow, Store, UndoHead, View, Why,
    },
};
use std::sync::Arc;

/// One row that changes.
pub(super) struct RowChange {
    /// Place of the source among the draft's parties.
    pub party: usize,
    pub key: Key,
    pub before: Option<Holding>,
    pub after: Option<Holding>,
    pub why: Why,
}

/// What becomes of the way back of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UndoStep {
    /// Where there is one, key by key, it learns what else changed.
    Extend,
    /// This commit is the one that can be undone.
    Begin,
    /// There is none from here on.
    Forget,
}

/// A source that takes part in a commit.
pub(super) struct Party {
    pub source: Arc<Source>,
    pub tally: Tally,
    pub leaving: Leaving,
    pub arrival: Arrival,
    pub undo: UndoStep,
    /// In place of what the tally says: the whole row, where it does not follow from changed rows.
    pub settled: Option<SourceRow>,
}

/// One commit in the making.
pub(super) struct Draft {
    pub actor: Actor,
    pub act: Act,
    pub now: Time,
    /// Of an import: when it began.
    pub begun: Option<Time>,
    pub list: Option<Arc<ListState>>,
    pub list_name: Option<ListName>,
    pub source: Option<SourceName>,
    pub parties: Vec<Party>,
    pub rows: Vec<RowChange>,
    pub committed: Committed,
    /// More changes than the rows show: the journal says `bulk`.
    pub bulk: bool,
    /// Whether `covers_at_most` is looked at.
    pub guarded: bool,
    /// What else is written with it.
    pub batch: Batch,
}

/// A source that does not exist yet, as the draft needs it: it is made when the draft is written.
pub(super) fn source_to_be(list: ListId, name: &SourceName) -> Arc<Source> {
    Arc::new(Source { list, id: SourceId(u16::MAX), name: name.clone(), row: SourceRow::default() })
}

/// The source of that name, or one that is to be made. Sources are never deleted: who made up a name for each day would fill
/// the list of them.
pub(super) fn source_named(catalog: &Catalog, list: ListId, name: &SourceName) -> Result<Arc<Source>, Refused> {
    if let Some(source) = catalog.source_named(list, name) {
        return Ok(source.clone());
    }
    if catalog.next_source(list).is_some_and(|next| next >= SOURCES_PER_LIST_MAX) {
        return Err(Refused::TooManySources);
    }
    Ok(source_to_be(list, name))
}

impl Draft {
    pub fn new(actor: &Actor, act: Act, list: &Arc<ListState>, now: Time) -> Self {
        Self {
            list: Some(list.clone()),
            list_name: Some(list.settings.name.clone()),
            ..Self::of_no_list(actor, act, now)
        }
    }

    pub fn of_no_list(actor: &Actor, act: Act, now: Time) -> Self {
        Self {
            actor: actor.clone(),
            act,
            now,
            begun: None,
            list: None,
            list_name: None,
            source: None,
            parties: Vec::new(),
            rows: Vec::new(),
            committed: Committed::default(),
            bulk: false,
            guarded: false,
            batch: Batch::new(),
        }
    }

    /// What changes is how lists are answered, not (only) what one holds: followers export again.
    pub fn of_all_lists(&mut self) {
        (self.list_name, self.source, self.bulk) = (None, None, true);
    }

    /// The place of a source; the first time it takes part, with how it does.
    pub fn party(&mut self, source: &Arc<Source>, leaving: Leaving, arrival: Arrival, undo: UndoStep) -> usize {
        if let Some(place) = self.parties.iter().position(|party| party.source.name == source.name) {
            return place;
        }
        let (source, tally) = (source.clone(), Tally::default());
        self.parties.push(Party { source, tally, leaving, arrival, undo, settled: None });
        self.parties.len() - 1
    }

    /// A row changes.
    pub fn change(&mut self, party: usize, key: Key, before: Option<Holding>, after: Option<Holding>, why: Why) {
        let one = &mut self.parties[party];
        let day = super::tally::day_at(&one.source.row, self.now);
        let entry = |holding: &Option<Holding>| holding.as_ref().map(|holding| holding.entry);
        one.tally.count(&key, entry(&before).as_ref(), entry(&after).as_ref(), day.as_ref());
        if let (Why::Undone, None, Some(after)) = (why, &before, &after) {
            one.tally.comes_back(&after.entry, day.as_ref());
        }
        self.rows.push(RowChange { party, key, before, after, why });
    }

    /// Counts what an operator is told.
    pub fn count(&mut self, outcome: Outcome) {
        self.committed.count(outcome);
    }

    /// What the rows of the list will be.
    pub fn overlay(&self) -> Overlay {
        let mut overlay = Overlay::default();
        for row in &self.rows {
            let entry = row.after.as_ref().map(|holding| holding.entry);
            overlay.put(row.key.clone(), self.parties[row.party].source.clone(), entry);
        }
        overlay
    }

    /// The keys at which the answers may change.
    pub fn deciding_keys(&self) -> Vec<Key> {
        self.rows.iter().filter(|row| row.decides()).map(|row| row.key.clone()).collect()
    }

    /// What imports that run have to hear of one row.
    pub fn touch<'a>(&'a self, row: &'a RowChange) -> Touch<'a> {
        let party = &self.parties[row.party];
        Touch {
            list: party.source.list,
            source: party.source.id,
            source_name: &party.source.name,
            key: &row.key,
            before: &row.before,
            posted: row.after.is_some() && party.arrival == Arrival::Posted,
            decides: row.decides(),
        }
    }

    /// Makes the sources that do not exist yet.
    pub fn make_sources(&mut self, store: &Store) -> Result<(), Refused> {
        for party in &mut self.parties {
            if party.source.id == SourceId(u16::MAX) {
                let made = store.create_source(party.source.list, &party.source.name)?;
                party.source = made;
            }
        }
        Ok(())
    }

    /// The row of a party's source after this commit.
    fn settled(&self, party: &Party, serial: Serial) -> SourceRow {
        let row = party.settled.clone();
        let row = row.unwrap_or_else(|| party.tally.settle(&party.source.row, party.leaving, self.now));
        SourceRow { serial, ..row }
    }

    /// Everything that this commit writes.
    pub fn batch(&mut self, view: &View<'_>, serial: Serial) -> Result<Batch, ReadError> {
        let mut batch = std::mem::take(&mut self.batch);
        let mut changed: Vec<Vec<&RowChange>> = self.parties.iter().map(|_| Vec::new()).collect();
        for row in &self.rows {
            changed[row.party].push(row);
        }
        for (party, rows) in self.parties.iter().zip(changed) {
            self.put_undo(&mut batch, view, party, rows, serial)?;
        }
        if let Some(list) = &self.list {
            self.put_rows(&mut batch, list, serial);
        }
        for party in &self.parties {
            batch.put_source(&party.source, self.settled(party, serial));
        }
        batch.put_commit(&self.commit_row(serial));
        self.committed.serial = serial;
        Ok(batch)
    }

    /// What the way back of a source becomes, of which these rows change.
    fn put_undo(
        &self,
        batch: &mut Batch,
        view: &View<'_>,
        party: &Party,
        rows: Vec<&RowChange>,
        serial: Serial,
    ) -> Result<(), ReadError> {
        let source = &party.source;
        let learned = match party.undo {
            UndoStep::Forget => {
                batch.delete_undo(source.list, source.id);
                return Ok(());
            }
            UndoStep::Begin => {
                let head = UndoHead { time: self.now, serial, rows: rows.len() as u64, before: source.row.clone() };
                batch.put_undo(source, &head);
                rows
            }
            UndoStep::Extend => {
                let Some(head) = view.undo(source.list, source.id)?.filter(|head| self.extends(head, source)) else {
                    return Ok(());
                };
                let mut news = Vec::new();
                for row in rows {
                    if !view.has_undo_key(source.list, source.id, &row.key)? {
                        news.push(row);
                    }
                }
                let head = UndoHead { rows: head.rows + news.len() as u64, ..head };
                if head.rows > UNDO_ROWS_MAX {
                    batch.delete_undo(source.list, source.id);
                    return Ok(());
                }
                if !news.is_empty() {
                    batch.extend_undo(source, &head);
                }
                news
            }
        };
        for row in learned {
            let before = row.before.as_ref().map(|holding| (&holding.entry, &holding.detail));
            batch.put_undo_key(source.list, source.id, &row.key, before);
        }
        Ok(())
    }

    /// Whether a way back goes key by key, and so has to learn what else changes.
    fn extends(&self, head: &UndoHead, source: &Source) -> bool {
        head.before.generation == source.row.generation && head.is_open(self.now)
    }

    fn put_rows(&self, batch: &mut Batch, list: &ListState, serial: Serial) {
        for row in &self.rows {
            let party = &self.parties[row.party];
            let (source, owner) = (&party.source, party.source.owner());
            let before = row.before.as_ref().map(|holding| &holding.entry);
            match (&row.after, before) {
                (Some(after), before) => {
                    batch.put_entry(owner, &row.key, &after.entry, before, party.arrival);
                    let known = row.before.as_ref().map_or_else(Detail::default, |before| before.detail.clone());
                    if known != after.detail {
                        batch.put_detail(owner, &row.key, &after.detail);
                    }
                }
                (None, Some(before)) => batch.delete_entry(owner, &row.key, before),
                (None, None) => {}
            }
            if let Some(before) = &row.before
                && row.decides()
            {
                let why = if row.after.is_some() && row.why != Why::Undone { Why::Changed } else { row.why };
                let past = past(list, &source.name, before, self.now, why, serial);
                batch.put_history(list.id, &row.key, source.id, &past);
            }
        }
    }

    fn commit_row(&self, serial: Serial) -> CommitRow {
        let Committed { added, removed, renewed, unchanged, .. } = self.committed;
        let changes = if self.bulk || self.rows.len() > JOURNAL_CHANGES_MAX {
            Changes::Bulk
        } else {
            Changes::Keys(self.rows.iter().filter_map(|row| self.key_change(row)).collect())
        };
        CommitRow {
            serial,
            time: self.now,
            begun: self.begun,
            actor: self.actor.as_str().into(),
            act: self.act,
            list: self.list_name.clone(),
            source: self.source.clone(),
            counts: Counts { added, removed, renewed, unchanged },
            changes,
        }
    }

    fn key_change(&self, row: &RowChange) -> Option<KeyChange> {
        let list = self.list.as_ref()?;
        let said = row.after.as_ref().map(|holding| {
            let Entry { mark, code, first_seen, last_seen, expires, .. } = holding.entry;
            let (text, reason) = (text_of(list, holding.entry.text), holding.detail.reason.clone());
            Said { mark, code, text, reason, first_seen, last_seen, expires }
        });
        let source = self.parties[row.party].source.name.clone();
        Some(KeyChange { list: list.settings.name.clone(), source, key: row.key.clone(), now: said })
    }
}

impl RowChange {
    /// Whether answers, and so the history, may change.
    pub fn decides(&self) -> bool {
        let entry = |holding: &Option<Holding>| holding.as_ref().map(|holding| holding.entry);
        decides_differently(entry(&self.before).as_ref(), entry(&self.after).as_ref())
    }
}

fn text_of(list: &ListState, text: Option<TextId>) -> Option<Box<str>> {
    text.and_then(|id| list.texts.text(id)).map(|text| (&*text).into())
}

/// The history of an entry that leaves or changes.
pub(super) fn past(
    list: &ListState,
    source: &SourceName,
    before: &Holding,
    until: Time,
    why: Why,
    serial: Serial,
) -> Past {
    let Entry { mark, code, text, first_seen, .. } = before.entry;
    let (text, reason) = (text_of(list, text), before.detail.reason.clone());
    Past { source: source.clone(), mark, code, text, reason, from: first_seen, until, why, serial }
}
