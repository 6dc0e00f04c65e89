//! A source as a whole: purge, undo, and lists that nobody configures any more.
//!
//! What is small goes row by row; what is large goes by its generation: another one comes into force, and the old one is
//! cleared away later, with its history. A note says when and why a generation left, until it is cleared.
//!
//! Guarantees: a purge leaves no way back; an undo leaves none either, so a second undo is refused.
//! Never: guards. Purge and undo are acts of will.

use super::{
    draft::{Draft, UndoStep},
    edits::holding_at,
    plan::{Holding, Outcome},
    request::{Change, Committed, Refused},
    rows::StoreRows,
    state::{ListState, Registered},
    sweep::{Left, leave, note_of_list},
    tally::{Leaving, day_at},
    writer::Writer,
};
use crate::{
    limits::{HOUR_SECONDS, UNDO_KEPT_SECONDS, UNDO_PIECE_ROWS},
    list::{Duration, KeyFamily, Time},
    snapshot::{Edit, ListIndex, Rows as _},
    store::{Act, Arrival, Batch, Generation, Owner, ReadError, Source, SourceRow, UndoHead, View, Why},
};
use std::sync::Arc;

/// Resolves a whole list anew.
pub(super) fn resolve_whole(edit: &mut Edit, rows: &StoreRows<'_>, index: ListIndex, family: KeyFamily) {
    if matches!(family, KeyFamily::Addresses | KeyFamily::Any) {
        edit.resolve_v4(index, (0, 0), None, rows.v4(index, 0, u32::MAX));
        edit.resolve_v6(index, (0, 0), None, rows.v6(index));
    }
    if matches!(family, KeyFamily::Names | KeyFamily::Any) {
        edit.resolve_names(index, "", &[], rows.names(index));
    }
    if matches!(family, KeyFamily::Hashes(_) | KeyFamily::Any) {
        edit.resolve_hashes(index, rows.hashes(index));
    }
}

/// What a source's row would be with nothing in it.
fn emptied(row: &SourceRow, generation: Generation) -> SourceRow {
    SourceRow { generation, serial: row.serial, ..SourceRow::default() }
}

impl Writer {
    fn source_of(&self, change: &Change, list: &ListState) -> Result<Arc<Source>, Refused> {
        let catalog = self.shared.store.catalog();
        let source = catalog.source_named(list.id, &change.source).cloned();
        source.ok_or_else(|| Refused::UnknownSource(change.list.clone(), change.source.clone()))
    }

    /// All that the source holds goes.
    pub(super) fn purge_source(&mut self, change: &Change) -> Result<Committed, Refused> {
        let (registered, list) = self.list_of(change)?;
        let source = self.source_of(change, &list)?;
        let now = self.shared.clock.now();
        let mut draft = Draft::new(&change.actor, Act::Purge, &list, now);
        draft.source = Some(change.source.clone());
        let party = draft.party(&source, Leaving::ByWill, Arrival::Posted, UndoStep::Forget);
        if source.row.keys <= self.shared.batch_rows() as u64 {
            let store = self.shared.store.clone();
            let view = store.view();
            for row in view.owned(source.owner()) {
                let (key, entry) = row?;
                let detail = view.detail(source.owner(), &key)?;
                draft.change(party, key, Some(Holding { entry, detail }), None, Why::Purged);
            }
            draft.committed.removed = draft.rows.len() as u64;
            draft.parties[party].settled = Some(emptied(&source.row, source.row.generation));
            return self.commit(draft);
        }
        draft.committed.removed = source.row.keys;
        let generation = self.shared.store.reserve_generation()?;
        let row = emptied(&source.row, generation);
        self.switch_generation(draft, &registered, &list, &source, row, Why::Purged)
    }

    /// Back to what the source held before its last import.
    pub(super) fn undo(&mut self, change: &Change) -> Result<Committed, Refused> {
        let (registered, list) = self.list_of(change)?;
        let source = self.source_of(change, &list)?;
        let now = self.shared.clock.now();
        let store = self.shared.store.clone();
        let view = store.view();
        let head = view
            .undo(list.id, source.id)?
            .filter(|head| now < head.time.plus(Duration::from_seconds(UNDO_KEPT_SECONDS)));
        let head = head.ok_or(Refused::NothingToUndo)?;
        self.expiry.forget_source(list.id, source.id);
        let mut draft = Draft::new(&change.actor, Act::Undo, &list, now);
        draft.source = Some(change.source.clone());
        if head.before.generation == source.row.generation {
            undo_rows(&mut draft, &view, &source, &head)?;
            if let (None, Some(term)) = (head.before.complete_at, list.settings.expires_after) {
                remind(&mut draft, &view, &source, now.minus(term).plus(Duration::from_seconds(HOUR_SECONDS)))?;
            }
            return self.commit(draft);
        }
        draft.party(&source, Leaving::ByWill, Arrival::Posted, UndoStep::Forget);
        let former = Owner { generation: head.before.generation, ..source.owner() };
        self.count_and_remind(&mut draft, &view, &list, &source, former, head.before.complete_at)?;
        let row = SourceRow { day: day_at(&source.row, now), ..head.before };
        self.switch_generation(draft, &registered, &list, &source, row, Why::Undone)
    }

    /// Counts how a former generation differs from the one in force, and gives its entries their hints again: they may have
    /// been used up while it was not in force.
    fn count_and_remind(
        &mut self,
        draft: &mut Draft,
        view: &View<'_>,
        list: &ListState,
        source: &Source,
        former: Owner,
        complete_at: Option<Time>,
    ) -> Result<(), Refused> {
        let (mut old, mut new) = (view.owned(former).peekable(), view.owned(source.owner()).peekable());
        let mut batch = Batch::new();
        let mut reminded = 0;
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(Err(_)), _) | (Some(Ok(_)), None) => std::cmp::Ordering::Less,
                (_, Some(Err(_))) | (None, Some(Ok(_))) => std::cmp::Ordering::Greater,
                (Some(Ok((old, _))), Some(Ok((new, _)))) => old.cmp(new),
            };
            let before = if order.is_ge() { new.next().transpose()? } else { None };
            let after = if order.is_le() { old.next().transpose()? } else { None };
            if let Some((key, entry)) = &after {
                list.lengths.note(key);
                let posted = complete_at.is_none_or(|complete| entry.last_seen > complete);
                if entry.expires.is_some() || posted {
                    let arrival = if posted { Arrival::Posted } else { Arrival::Imported };
                    batch.put_entry(former, key, entry, None, arrival);
                    reminded += 1;
                }
            }
            match (&before, &after) {
                (None, Some(_)) => draft.count(Outcome::Added),
                (Some(_), None) => draft.count(Outcome::Removed),
                (Some((_, before)), Some((_, after))) if before != after => draft.count(Outcome::Renewed),
                _ => draft.count(Outcome::Unchanged),
            }
            if reminded >= UNDO_PIECE_ROWS {
                // Rows of a generation that is not in force: they may stand there before the commit, and without it.
                self.write_aside(std::mem::take(&mut batch))?;
                reminded = 0;
            }
        }
        self.write_aside(batch)
    }

    /// Puts another generation of a source in force and resolves the list by it.
    fn switch_generation(
        &mut self,
        mut draft: Draft,
        registered: &Registered,
        list: &Arc<ListState>,
        source: &Arc<Source>,
        row: SourceRow,
        why: Why,
    ) -> Result<Committed, Refused> {
        let store = self.shared.store.clone();
        let view = store.view().supposing(source, row.clone());
        let rows = StoreRows::new(&view, registered);
        let mut edit = self.base().edit();
        resolve_whole(&mut edit, &rows, list.index, list.settings.family());
        rows.finish()?;
        let left = Left { until: draft.now, serial: self.next_serial(), why, by: row.generation };
        leave(&mut draft.batch, source.owner(), left);
        super::sweep::forget_left(&mut draft.batch, Owner { generation: row.generation, ..source.owner() });
        draft.parties[0].settled = Some(row);
        draft.bulk = true;
        let committed = self.commit_edit(draft, edit)?;
        self.shared.places.lock().touch_everything(committed.serial, None);
        self.sweep.look_soon();
        Ok(committed)
    }

    /// Everything of a list that the configuration no longer names goes.
    pub(super) fn purge_list(&mut self, change: &Change) -> Result<Committed, Refused> {
        let registered = self.shared.registered();
        if registered.list(&change.list).is_some() {
            return Err(Refused::NotOrphan(change.list.clone()));
        }
        let store = self.shared.store.clone();
        let view = store.view();
        let id = view.catalog().list_id(&change.list).ok_or_else(|| Refused::UnknownList(change.list.clone()))?;
        let mut draft = Draft::of_no_list(&change.actor, Act::Purge, self.shared.clock.now());
        draft.list_name = Some(change.list.clone());
        draft.committed.removed = view.catalog().sources(id).map(|source| source.row.keys).sum();
        draft.bulk = true;
        draft.batch.delete_list(&change.list, id);
        note_of_list(&view, &mut draft.batch, id)?;
        let edit = self.base().edit();
        let committed = self.commit_edit(draft, edit)?;
        self.shared.renew_orphans();
        self.sweep.look_soon();
        Ok(committed)
    }
}

/// Gives the entries that a source got by POST, and that were last seen before `over`, their hints again: they may have been
/// used up while the import that is undone counted as their last sight.
fn remind(draft: &mut Draft, view: &View<'_>, source: &Source, over: Time) -> Result<(), ReadError> {
    for row in view.owned(source.owner()) {
        let (key, entry) = row?;
        if entry.last_seen < over {
            draft.batch.put_entry(source.owner(), &key, &entry, Some(&entry), Arrival::Posted);
        }
    }
    Ok(())
}

/// The rows that bring back what a small import changed, and what was changed after it.
fn undo_rows(draft: &mut Draft, view: &View<'_>, source: &Arc<Source>, head: &UndoHead) -> Result<(), ReadError> {
    let party = draft.party(source, Leaving::ByWill, Arrival::Posted, UndoStep::Forget);
    for (key, before) in view.undo_keys(source.list, source.id)? {
        let current = holding_at(view, source.owner(), &key)?;
        let wanted = before.map(|(entry, detail)| Holding { entry, detail });
        if current == wanted {
            continue;
        }
        draft.count(match (&current, &wanted) {
            (None, _) => Outcome::Added,
            (Some(_), None) => Outcome::Removed,
            (Some(_), Some(_)) => Outcome::Renewed,
        });
        draft.change(party, key, current, wanted, Why::Undone);
    }
    let one = &draft.parties[party];
    let settled = one.tally.settle(&source.row, Leaving::ByWill, draft.now);
    let (complete_at, sha256) = (head.before.complete_at, head.before.sha256.clone());
    draft.parties[party].settled = Some(SourceRow { complete_at, sha256, ..settled });
    Ok(())
}
