//! What was prepared beside the writer comes into force.
//!
//! Guarantees: one commit; what others changed while it was prepared is resolved again before; what the same source got by
//! POST meanwhile gives way and is counted. Where too much changed, it goes back and is prepared again, so that the writer
//! is never kept for long.
//! Never: reads what comes as a whole.

use super::{
    draft::{Draft, UndoStep},
    edits::holding_at,
    keys,
    leaving::{Left, forget_left, leave},
    places::Own,
    plan::Holding,
    prepare::Coming,
    request::{Committed, Refused},
    rows::{Looking, Overlay},
    state::{ListState, Registered},
    tally::{Leaving, day_at},
    whole::emptied,
    writer::Writer,
};
use crate::{
    limits::{RETRY_AFTER_IMPORT, SWITCH_KEYS_MAX},
    list::{Key, Serial, SourceName, Time},
    snapshot::{Edit, Snapshot},
    store::{Act, Arrival, Generation, ListId, Owner, ReadError, Source, SourceRow, UndoHead, View, Why},
};
use std::{collections::BTreeMap, sync::Arc};

/// What is handed to the writer.
pub(super) struct Switch {
    pub place: u64,
    pub coming: Box<Coming>,
    pub registered: Arc<Registered>,
    /// The snapshot on which `edit` builds.
    pub base: Arc<Snapshot>,
    pub edit: Edit,
}

/// Why something comes in place of what the source holds.
pub(super) enum Cause {
    /// A body with this hash, which began to come then.
    Import { sha256: Box<str>, begun: Time },
    /// The way back of an import.
    Undo(UndoHead),
    /// All of it goes.
    Purge,
}

impl Cause {
    const fn act(&self) -> Act {
        match self {
            Self::Import { .. } => Act::Replace,
            Self::Undo(_) => Act::Undo,
            Self::Purge => Act::Purge,
        }
    }

    const fn why(&self) -> Why {
        match self {
            Self::Import { .. } => Why::Replaced,
            Self::Undo(_) => Why::Undone,
            Self::Purge => Why::Purged,
        }
    }

    const fn begun(&self) -> Option<Time> {
        match self {
            Self::Import { begun, .. } => Some(*begun),
            Self::Undo(_) | Self::Purge => None,
        }
    }

    const fn way_back(&self) -> UndoStep {
        match self {
            Self::Import { .. } => UndoStep::Begin,
            Self::Undo(_) | Self::Purge => UndoStep::Forget,
        }
    }

    /// Whether what comes may have come by POST once, and ends as such.
    const fn arrival(&self) -> Arrival {
        match self {
            Self::Import { .. } | Self::Purge => Arrival::Imported,
            Self::Undo(_) => Arrival::Posted,
        }
    }

    /// The source's row, of which `row` has the numbers.
    fn settled(&self, row: &SourceRow, source: &Source, now: Time) -> SourceRow {
        match self {
            Self::Import { sha256, .. } => {
                let day = row.day.or_else(|| day_at(&source.row, now));
                SourceRow { day, complete_at: Some(now), sha256: Some(sha256.clone()), ..*row }
            }
            Self::Undo(UndoHead { before, .. }) => {
                SourceRow { complete_at: before.complete_at, sha256: before.sha256.clone(), ..*row }
            }
            Self::Purge => emptied(row),
        }
    }
}

/// How it comes into force.
pub(super) enum Plan {
    /// Few rows change: in the generation in force.
    Rows(BTreeMap<Key, Planned>),
    /// A generation of its own is on disk, or empty; the source's row for it.
    Generation(Generation, Box<SourceRow>),
}

/// One row that the body changes.
#[derive(Clone)]
pub(super) struct Planned {
    pub before: Option<Holding>,
    pub after: Option<Holding>,
}

/// What became of a switch.
pub(super) enum Switched {
    Done(Committed),
    /// Too much has changed since it was prepared.
    Again(Box<Coming>),
}

/// Resolves again what others changed.
pub(super) fn catch_up(
    edit: &mut Edit,
    registered: &Registered,
    view: &View<'_>,
    own: (ListId, &Overlay),
    changed: &[(Serial, ListId, Key)],
) -> Result<(), ReadError> {
    let nothing = Overlay::default();
    let mut by_list = BTreeMap::<ListId, Vec<Key>>::new();
    for (_, list, key) in changed {
        by_list.entry(*list).or_default().push(keys::scope_of_change(key));
    }
    for (id, changed) in by_list {
        let Some(list) = registered.by_id(id) else { continue };
        let overlay = if id == own.0 { own.1 } else { &nothing };
        let looking = Looking { view, list, overlay };
        for key in keys::outermost(changed) {
            looking.resolve(edit, &key)?;
        }
    }
    Ok(())
}

/// Adds the own texts that entries of the list may carry: those of the body, and those that came since the edit began.
fn add_texts(edit: &mut Edit, list: &ListState) {
    if list.settings.entry_texts {
        for (id, text) in list.texts.all() {
            edit.add_text(list.index, id, &text);
        }
    }
}

impl Writer {
    /// Brings into force what was prepared.
    pub(super) fn switch(&mut self, switch: Switch) -> Result<Switched, Refused> {
        let Switch { place, coming, registered, base, mut edit } = switch;
        let shared = self.shared.clone();
        let (own, changed, replaced_posts) = {
            let mut running = shared.places.lock();
            let replaced_posts = running.posts_giving_way(place);
            let meanwhile = running.meanwhile(place);
            if meanwhile.own_overflown {
                return Err(Refused::Busy { retry_after: RETRY_AFTER_IMPORT });
            }
            let reloaded = !self.base().serves(&registered.served);
            if reloaded || meanwhile.whole.is_some() || meanwhile.changed.len() > SWITCH_KEYS_MAX {
                return Ok(Switched::Again(coming));
            }
            // Copies: should it go back, it is told the same once more.
            (meanwhile.own.clone(), meanwhile.changed.clone(), replaced_posts)
        };
        let plain = shared.store.view();
        let list = &*coming.list;
        let source = plain.catalog().source(list.id, coming.source.id).cloned();
        let source = source.ok_or_else(|| unknown(list, &coming.source.name))?;
        if let Cause::Undo(head) = &coming.cause {
            // Its day may have ended while it was prepared, and its rows may be cleared away since.
            let stands = plain.undo(list.id, source.id)?.is_some_and(|now| now.serial == head.serial);
            stands.then_some(()).ok_or(Refused::NothingToUndo)?;
        }
        let (mut draft, kept) = self.draft_of(&coming, &plain, &source, &own)?;
        draft.committed.replaced_posts = replaced_posts;
        if matches!(coming.cause, Cause::Purge) {
            // What came meanwhile goes with the rest.
            (draft.committed.removed, draft.committed.replaced_posts) = (source.row.keys, 0);
        }
        let view = match &coming.plan {
            Plan::Rows(_) => plain,
            Plan::Generation(_, row) => plain.supposing(&source, (**row).clone()),
        };
        let overlay = draft.overlay();
        catch_up(&mut edit, &registered, &view, (list.id, &overlay), &changed)?;
        // Of all lists: a commit beside this one may have brought a text although it changed nothing that is resolved.
        registered.lists().for_each(|list| add_texts(&mut edit, list));
        let looking = Looking { view: &view, list, overlay: &overlay };
        let own = own.keys().filter(|_| matches!(coming.plan, Plan::Rows(_)));
        for key in own.chain(&kept) {
            looking.resolve(&mut edit, key)?;
        }
        drop(view);
        if self.would_turn_back(&base, &edit) {
            return Ok(Switched::Again(coming));
        }
        let committed = self.commit_edit(draft, edit)?;
        if matches!(coming.cause, Cause::Undo(_)) {
            self.expiry.forget_source(list.id, source.id);
        }
        if matches!(coming.plan, Plan::Generation(..)) {
            shared.places.lock().touch_whole(committed.serial, place);
            self.sweep.look_soon();
        }
        Ok(Switched::Done(committed))
    }

    /// Whether some zone's serial would go back: it changed since, and back again, so that this edit does not see it.
    fn would_turn_back(&self, base: &Snapshot, edit: &Edit) -> bool {
        let current = self.base();
        let moved = current.served().zones().iter().filter(|zone| {
            let before = base.served().zones().iter().find(|old| old.origin() == zone.origin());
            before.is_none_or(|old| base.zone_serial(old) < current.zone_serial(zone))
        });
        let changed: Vec<_> = edit.changed_zones().collect();
        moved.into_iter().any(|zone| !changed.contains(&&zone.settings().origin))
    }

    /// The draft, and the keys of exclusions that were to end and do not.
    fn draft_of(
        &self,
        coming: &Coming,
        view: &View<'_>,
        source: &Arc<Source>,
        own: &BTreeMap<Key, Own>,
    ) -> Result<(Draft, Vec<Key>), Refused> {
        let now = self.shared.clock.now();
        let cause = &coming.cause;
        let mut draft = Draft::new(&coming.actor, cause.act(), &coming.list, now);
        (draft.source, draft.begun) = (Some(source.name.clone()), cause.begun());
        draft.committed = coming.committed.clone();
        let party = draft.party(source, Leaving::ByWill, cause.arrival(), cause.way_back());
        let row = match &coming.plan {
            Plan::Rows(planned) => {
                // What the source got meanwhile gives way to what comes: a change that was planned, or else what the
                // source held when that was decided.
                for (key, own) in own {
                    let wanted = planned.get(key).map_or_else(|| own.before.clone(), |planned| planned.after.clone());
                    let held = held_now(view, source, key)?;
                    if held != wanted {
                        draft.change(party, key.clone(), held, wanted, cause.why());
                    }
                }
                for (key, Planned { before, after }) in planned {
                    if !own.contains_key(key) {
                        draft.change(party, key.clone(), before.clone(), after.clone(), cause.why());
                    }
                }
                draft.parties[party].tally.settle(&source.row, Leaving::ByWill, now)
            }
            Plan::Generation(generation, row) => {
                draft.bulk = true;
                // What others did with a key of the source may have taken the hints away that the coming entry shares.
                let coming = Owner { generation: *generation, ..source.owner() };
                for key in own.keys() {
                    if let Some(entry) = view.entry(coming, key)? {
                        draft.batch.remind(coming, key, &entry, cause.arrival());
                    }
                }
                let left = Left { until: now, serial: self.next_serial(), why: cause.why(), by: *generation };
                if source.row.keys > 0 {
                    leave(&mut draft.batch, source.owner(), left);
                }
                forget_left(&mut draft.batch, coming);
                (**row).clone()
            }
        };
        draft.parties[party].settled = Some(cause.settled(&row, source, now));
        let mut kept = Vec::new();
        for (source, key, before) in coming.outweighed.clone() {
            // Renewed or taken back meanwhile: then it is another exclusion.
            if held_now(view, &source, &key)?.as_ref() == Some(&before) {
                let current = view.catalog().source(source.list, source.id).cloned().unwrap_or(source);
                let party = draft.party(&current, Leaving::ByItself, Arrival::Posted, UndoStep::Extend);
                draft.change(party, key, Some(before), None, Why::Outweighed);
            } else {
                kept.push(key);
            }
        }
        Ok((draft, kept))
    }
}

fn unknown(list: &ListState, source: &SourceName) -> Refused {
    Refused::UnknownSource(list.settings.name.clone(), source.clone())
}

fn held_now(view: &View<'_>, source: &Source, key: &Key) -> Result<Option<Holding>, ReadError> {
    let Some(current) = view.catalog().source(source.list, source.id) else { return Ok(None) };
    holding_at(view, current.owner(), key)
}
