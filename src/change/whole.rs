//! A source as a whole: purge and undo.
//!
//! What is small goes row by row; what is large goes by its generation: another one comes into force, and the old one is
//! cleared away later, with its history. A note says when and why a generation left, until it is cleared or comes back: what of
//! it had ended then is history before it does.
//!
//! Guarantees: a purge leaves no way back; an undo leaves none either, so a second undo is refused. The writer does not wait.
//! Never: guards. Purge and undo are acts of will.

use super::{
    door::{Door, Shared},
    edits::holding_at,
    leaving::{Left, how_left, past_with},
    places::Place,
    plan::{Holding, Outcome},
    prepare::{Coming, Preparation},
    request::{Actor, Committed, Refused, Whole, WholeChange},
    state::ListState,
    switch::{Cause, Plan, Planned},
    tally::day_after_undo,
};
use crate::{
    limits::{HOUR_SECONDS, UNDO_PIECE_ROWS},
    list::{Duration, Entry, Key, ListName, Mark, SourceName, Time},
    store::{Arrival, Batch, Owner, Past, Source, SourceRow, UndoHead, View},
};
use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

/// Does it. Waits: for a thread that may.
pub(super) fn change(door: &Door, shared: &Shared, change: WholeChange) -> Result<Committed, Refused> {
    let WholeChange { actor, list: name, source: source_name, may_exclude, whole } = change;
    let list = shared.registered().list(&name).cloned().ok_or_else(|| Refused::UnknownList(name.clone()))?;
    let source = shared.store.catalog().source_named(list.id, &source_name).cloned();
    let source = source
        .filter(|source| source.is_known())
        .ok_or_else(|| Refused::UnknownSource(name.clone(), source_name.clone()))?;
    let place = shared.places.enter((&name, list.id), &source_name, None)?;
    at_place(door, shared, &place, (list, source), actor, may_exclude, whole)
}

/// Purges a source in each of these lists that knows it. All its places are taken first: where one is another's, in none.
pub(super) fn purge_in(
    door: &Door,
    shared: &Shared,
    lists: &[ListName],
    actor: &Actor,
    source: &SourceName,
) -> Result<(), Refused> {
    let registered = shared.registered();
    let mut taken = Vec::with_capacity(lists.len());
    for name in lists {
        let list = registered.list(name).cloned().ok_or_else(|| Refused::UnknownList(name.clone()))?;
        taken.push((shared.places.enter((name, list.id), source, None)?, list));
    }
    for (place, list) in taken {
        let known = shared.store.catalog().source_named(list.id, source).cloned();
        if let Some(known) = known.filter(|known| known.is_known()) {
            at_place(door, shared, &place, (list, known), actor.clone(), false, Whole::Purge)?;
        }
    }
    Ok(())
}

/// Does it, where nobody else does anything of the kind.
fn at_place(
    door: &Door,
    shared: &Shared,
    place: &Place,
    (list, source): (Arc<ListState>, Arc<Source>),
    actor: Actor,
    may_exclude: bool,
    whole: Whole,
) -> Result<Committed, Refused> {
    let view = place.own(&shared.store, list.id, source.id);
    let seen = view.serial();
    let source = view.catalog().source(list.id, source.id).cloned().unwrap_or(source);
    let now = shared.clock.now();
    let act = Acting { door, shared, view, list: &list, source: &source, may_exclude, now };
    let (cause, plan, committed) = match whole {
        Whole::Purge => act.purge()?,
        Whole::Undo => act.undo()?,
    };
    drop(act);
    let preparation = Preparation { door, shared, place, seen, guarded: false, dry_run: false };
    preparation.bring_into_force(Box::new(Coming {
        actor,
        list,
        source,
        cause,
        plan,
        committed,
        outweighed: Vec::new(),
    }))
}

/// What a source's row would be with nothing in it.
pub(super) fn emptied(row: &SourceRow) -> SourceRow {
    SourceRow { generation: row.generation, serial: row.serial, ..SourceRow::default() }
}

/// One of both acts, at its source.
struct Acting<'a> {
    door: &'a Door,
    shared: &'a Shared,
    view: View<'a>,
    list: &'a ListState,
    source: &'a Arc<Source>,
    may_exclude: bool,
    now: Time,
}

type Planning = (Cause, Plan, Committed);

impl Acting<'_> {
    /// All that the source holds goes.
    fn purge(&self) -> Result<Planning, Refused> {
        let Self { view, source, .. } = self;
        let plan = if source.row.keys <= self.shared.batch_rows() as u64 {
            let mut rows = BTreeMap::new();
            for row in view.owned(source.owner()) {
                let key = row?.0;
                let before = holding_at(view, source.owner(), &key)?;
                rows.insert(key, Planned { before, after: None });
            }
            Plan::Rows(rows)
        } else {
            let generation = self.shared.store.reserve_generation()?;
            Plan::Generation(generation, Box::new(SourceRow { generation, ..emptied(&source.row) }))
        };
        Ok((Cause::Purge, plan, Committed { removed: source.row.keys, ..Committed::default() }))
    }

    /// Back to what the source held before its last import.
    fn undo(&self) -> Result<Planning, Refused> {
        let head = self.view.undo(self.source.list, self.source.id)?;
        let head = head.filter(|head| head.is_open(self.now)).ok_or(Refused::NothingToUndo)?;
        let mut committed = Committed::default();
        let generation = head.before.generation;
        let plan = if generation == self.source.row.generation {
            self.remind_of_posts(&head)?;
            Plan::Rows(self.rows_back(&mut committed)?)
        } else {
            self.count_and_remind(&mut committed, &head)?;
            let day = day_after_undo(&self.source.row, &head, self.now);
            Plan::Generation(generation, Box::new(SourceRow { day, ..head.before.clone() }))
        };
        Ok((Cause::Undo(head), plan, committed))
    }

    /// The rows that bring back what a small import changed, and what was changed after it.
    fn rows_back(&self, committed: &mut Committed) -> Result<BTreeMap<Key, Planned>, Refused> {
        let mut rows = BTreeMap::new();
        for (key, before) in self.view.undo_keys(self.source.list, self.source.id)? {
            let current = holding_at(&self.view, self.source.owner(), &key)?;
            let wanted = before.map(|(entry, detail)| Holding { entry, detail });
            if current == wanted {
                continue;
            }
            if let Some(Holding { entry, .. }) = &wanted {
                self.may_bring(&key, current.as_ref().map(|held| &held.entry), entry)?;
                self.list.lengths.note(&key);
            }
            committed.count(match (&current, &wanted) {
                (None, _) => Outcome::Added,
                (Some(_), None) => Outcome::Removed,
                (Some(_), Some(_)) => Outcome::Renewed,
            });
            rows.insert(key, Planned { before: current, after: wanted });
        }
        Ok(rows)
    }

    /// Gives the entries that the source got by POST and that may end soon their hints again: they may have been used up while
    /// the import that is undone counted as their last sight.
    fn remind_of_posts(&self, head: &UndoHead) -> Result<(), Refused> {
        let (None, Some(term)) = (head.before.complete_at, self.list.settings.expires_after) else { return Ok(()) };
        let over = self.now.minus(term).plus(Duration::from_seconds(HOUR_SECONDS));
        let mut reminder = self.reminder(self.source.owner());
        for row in self.view.owned(self.source.owner()) {
            let (key, entry) = row?;
            if entry.last_seen < over {
                reminder.put(&key, &entry, Arrival::Posted)?;
            }
        }
        reminder.end()
    }

    /// Counts how the former generation differs from the one in force, and gives its entries their hints again: they may have
    /// been used up while it was not in force.
    fn count_and_remind(&self, committed: &mut Committed, head: &UndoHead) -> Result<(), Refused> {
        let former = Owner { generation: head.before.generation, ..self.source.owner() };
        let left = how_left(&self.view, former)?;
        let mut reminder = self.reminder(former);
        let (mut old, mut new) = (self.view.owned(former).peekable(), self.view.owned(self.source.owner()).peekable());
        loop {
            self.shared.go_on()?;
            let order = match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(Err(_)), _) | (Some(Ok(_)), None) => Ordering::Less,
                (_, Some(Err(_))) | (None, Some(Ok(_))) => Ordering::Greater,
                (Some(Ok((old, _))), Some(Ok((new, _)))) => old.cmp(new),
            };
            let before = if order.is_ge() { new.next().transpose()? } else { None };
            let after = if order.is_le() { old.next().transpose()? } else { None };
            if let Some((key, entry)) = &after {
                self.may_bring(key, before.as_ref().map(|(_, entry)| entry), entry)?;
                self.list.lengths.note(key);
                let posted = head.before.complete_at.is_none_or(|complete| entry.last_seen > complete);
                if entry.expires.is_some() || posted {
                    reminder.put(key, entry, if posted { Arrival::Posted } else { Arrival::Imported })?;
                }
                if let Some(left) = &left {
                    self.remember(&mut reminder, left, key, entry)?;
                }
            }
            committed.count(match (&before, &after) {
                (None, Some(_)) => Outcome::Added,
                (Some(_), None) => Outcome::Removed,
                (Some((_, before)), Some((_, after))) if before != after => Outcome::Renewed,
                _ => Outcome::Unchanged,
            });
        }
        reminder.end()
    }

    /// Whether the entry may come back: the list may have become one of other keys while it held none, and who asks may not
    /// be the one who excluded.
    fn may_bring(&self, key: &Key, before: Option<&Entry>, after: &Entry) -> Result<(), Refused> {
        let settings = &self.list.settings;
        if !settings.family().takes(key) {
            return Err(Refused::FamilyChanged(settings.name.clone()));
        }
        let excludes = after.mark == Mark::Excluded && before.is_none_or(|before| before.mark == Mark::Listed);
        if excludes && !self.may_exclude { Err(Refused::MayNotExclude) } else { Ok(()) }
    }

    /// What of the former generation ended when that left has ended, though it comes back: once it is in force, nothing tells.
    fn remember(&self, reminder: &mut Reminder<'_>, left: &Left, key: &Key, entry: &Entry) -> Result<(), Refused> {
        let by = (self.list, &self.source.name);
        let past = past_with(&self.view, by, reminder.owner, left, (key, entry))?;
        past.map_or(Ok(()), |past| reminder.remember(key, &past))
    }

    fn reminder(&self, owner: Owner) -> Reminder<'_> {
        Reminder { door: self.door, owner, batch: Batch::new(), rows: 0 }
    }
}

/// Writes hints for entries that are about to be in force, a piece at a time. Expiry leaves those of a source with a place
/// alone, so they stand there before the commit; without it they are hints of nothing, which expiry takes away. So with their
/// former stays: they have ended, and without the commit the same is written when the generation is cleared away.
struct Reminder<'a> {
    door: &'a Door,
    owner: Owner,
    batch: Batch,
    rows: usize,
}

impl Reminder<'_> {
    fn put(&mut self, key: &Key, entry: &Entry, arrival: Arrival) -> Result<(), Refused> {
        self.batch.remind(self.owner, key, entry, arrival);
        self.row_put()
    }

    fn remember(&mut self, key: &Key, past: &Past) -> Result<(), Refused> {
        self.batch.put_history(self.owner.list, key, self.owner.source, past);
        self.row_put()
    }

    fn row_put(&mut self) -> Result<(), Refused> {
        self.rows += 1;
        if self.rows < UNDO_PIECE_ROWS {
            return Ok(());
        }
        self.rows = 0;
        self.door.write_aside_waiting(std::mem::take(&mut self.batch))
    }

    fn end(self) -> Result<(), Refused> {
        if self.batch.is_empty() { Ok(()) } else { self.door.write_aside_waiting(self.batch) }
    }
}
